"""837 and FHIR end to end: what is decided, what is refused, and that the way in changes nothing."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.functional.program import (
    AS_OF,
    UNREPORTED,
    Done,
    counts,
    csv_text,
    line,
    lines,
    manifest,
    quarantine,
    record,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., Done]

ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260301*0200*^*00501*{control:09}*0*P*:"


def claim(  # noqa: PLR0913 -- one argument a fact
    claim_id: str,
    code: str = "0600T",
    *,
    payer: str = "FLORIDA BLUE",
    sbr09: str = "MC",
    member: str = "M1",
    group: str = "G1",
    frequency: str = "1",
    day: str = "20260301",
    diagnoses: str = "ABK:C250",
    pointer: str = "1",
    more: tuple[str, ...] = (),
    others: tuple[str, ...] = (),
    line_more: tuple[str, ...] = (),
) -> list[str]:
    """The segments of one subscriber's professional claim with one line."""
    return [
        "HL*{hl}*1*22*0", f"SBR*P*18*{group}******{sbr09}", f"NM1*IL*1*DOE*PAT****MI*{member}",
        f"NM1*PR*2*{payer}*****PI*00001", f"CLM*{claim_id}*100.00***11:B:{frequency}*Y*A*Y*Y", *more,
        "HI*" + "*".join(diagnoses.split()), *others, "LX*1",
        f"SV1*HC:{code}*100.00*UN*1***{pointer}", f"DTP*472*D8*{day}",
        *line_more,
    ]  # fmt: skip


def interchange(*claims: list[str], control: int = 1) -> str:
    """One ISA, GS and ST around the claims."""
    head = [
        "ST*837*0001*005010X222A1",
        "BHT*0019*00*1*20260301*0200*CH",
        "HL*1**20*1",
        "NM1*85*2*CLINIC*****XX*1902000227",
    ]
    body = [segment.format(hl=2 + place) for place, segments in enumerate(claims) for segment in segments]
    transaction = [*head, *body]
    transaction.append(f"SE*{len(transaction) + 1}*0001")
    return "~\n".join(
        [
            ISA.format(control=control),
            "GS*HC*A*B*20260301*0200*1*X*005010X222A1",
            *transaction,
            "GE*1*1",
            f"IEA*1*{control:09}",
            "",
        ]
    )


def decided(
    command: Command, folder: Path, *extracts: Path, options: tuple[str, ...] = ()
) -> dict[tuple[str, str], str]:
    """Claim id and source → disposition and reason, after a run over the extracts."""
    done = command("run", *extracts, "--out", folder, *UNREPORTED, "--quiet", *options)
    assert done.code == 0, done.err
    found = record(folder, "decisions").select("claim_id", "data_source", "disposition", "reason_code")
    return {(row[0], row[1]): f"{row[2]} {row[3]}" for row in found.iter_rows()}


# claim · what is special · what becomes of its line
CLAIMS: tuple[tuple[list[str], str], ...] = (
    (claim("FEP-BY-SBR09", sbr09="FI"), "refer program-exception-refer"),
    (claim("FEP-BY-MEMBER", member="R12345678", sbr09="BL"), "refer program-exception-refer"),
    (claim("MA-BY-SBR09", sbr09="16"), "review program-exception-review"),
    (claim("MEDICAID"), "deny investigational"),
    (claim("NO-PROGRAM", sbr09="CI"), "review program-unknown"),
    (claim("TRIAL", more=("REF*P4*NCT01234567",)), "review trial-context"),
    (claim("TRIAL-CONDITION", more=("HI*BG:30",)), "review trial-context"),
    (claim("TRIAL-MODIFIER", "0600T:Q1"), "review trial-context"),
    (claim("UNLISTED-OUT-OF-SCOPE", "47399"), "pass unlisted-code-out-of-scope"),
    (claim("TOO-EARLY", day="20200630"), "return code-not-valid-on-dos"),
    (claim("OTHER-PAYER", payer="KEY INSURANCE COMPANY"), "review payer-not-on-file"),
    (
        claim(  # a secondary payer's loop: neither its payer nor its SBR09 is the claim's
            "COB",
            others=("SBR*S*01*G2******FI", "NM1*IL*1*DOE*SAM****MI*R87654321", "NM1*PR*2*PREMERA BLUE CROSS*****PI*9"),
        ),
        "deny investigational",
    ),
    (claim("OWN-DIAGNOSIS", diagnoses="ABK:C250 ABF:Z006", pointer="1"), "review facts-in-doubt"),
    (claim("POINTED-TRIAL", diagnoses="ABK:C250 ABF:Z006", pointer="2:1"), "review trial-context"),
    (claim("REPLACED"), "pass line-superseded"),
    (claim("BY-THIS", frequency="7", more=("REF*F8*REPLACED",)), "deny investigational"),
)  # fmt: skip


def test_each_837_claim_is_decided_by_the_facts_of_its_own_loops(command: Command, tmp_path: Path) -> None:
    extract = write(tmp_path / "night.csv", interchange(*(segments for segments, _ in CLAIMS)))
    found = decided(command, tmp_path / "out", extract)
    assert counts(tmp_path / "out") == (len(CLAIMS), len(CLAIMS), 0)
    reported = {claim_id: outcome for (claim_id, _), outcome in found.items()}
    assert reported == {segments[4].split("*")[1]: outcome for segments, outcome in CLAIMS}


def test_a_claim_that_comes_again_is_decided_once_and_others_that_share_its_id_are_others(
    command: Command, tmp_path: Path
) -> None:
    same, others = claim("SAME"), claim("SAME", member="M9")
    extract = write(tmp_path / "night.837", interchange(same, claim("OTHER"), same, others))
    again = write(tmp_path / "other name.837", interchange(same, others))
    decided(command, tmp_path / "out", extract, again)
    lines = record(tmp_path / "out", "decisions")
    assert lines.select("claim_id", "member_id", "source_row").rows() == [
        ("SAME", "M1", 14), ("OTHER", "M1", 23), ("SAME", "M9", 41),
    ]  # fmt: skip
    assert lines["data_source"].to_list() == [None, None, None]
    assert lines["doubts"].to_list() == [None, None, None]
    refused = quarantine(tmp_path / "out")
    assert refused.select("source_row", "first_source_row").rows() == [(32, 14), (14, 14), (23, 41)]
    assert refused["first_source_file"].to_list() == [extract.as_posix()] * 3
    assert refused["failed_checks"].to_list() == [["duplicate-line"]] * 3
    done = command("explain", "SAME", "--out", tmp_path / "out")
    assert done.code == 0
    assert f"{extract.as_posix()} row 14" in done.out


@pytest.mark.parametrize(("frequency", "outcome"), [("8", "review facts-in-doubt"), ("1", "deny investigational")])
def test_a_void_that_lost_its_lines_leaves_the_claim_in_doubt(
    command: Command, tmp_path: Path, frequency: str, outcome: str
) -> None:
    void = claim("A", frequency=frequency)[:-3]
    extract = write(tmp_path / "night.837", interchange(claim("A"), claim("B"), void))
    found = decided(command, tmp_path / "out", extract)
    assert found == {("A", None): outcome, ("B", None): "deny investigational"}
    assert quarantine(tmp_path / "out")["failed_checks"].to_list() == [["row-claim-without-lines"]]


@pytest.mark.parametrize("named", [("REF*F8*A",), ()])
def test_a_claim_that_lost_its_frequency_leaves_the_one_that_it_may_revise_in_doubt(
    command: Command, tmp_path: Path, named: tuple[str, ...]
) -> None:
    lost = claim("REVISES" if named else "A", frequency="", more=named)
    extract = write(tmp_path / "night.837", interchange(claim("A"), claim("B"), lost))
    found = decided(command, tmp_path / "out", extract)
    assert found == {("A", None): "review facts-in-doubt", ("B", None): "deny investigational"}
    assert "claim_frequency_code-missing" in quarantine(tmp_path / "out")["failed_checks"].item()


@pytest.mark.long
def test_a_claim_that_comes_again_otherwise_is_in_doubt(command: Command, tmp_path: Path) -> None:
    changes: dict[str, dict[str, Any]] = {
        "A": {"more": ("HI*BG:30",)}, "B": {"diagnoses": "ABK:C61"}, "C": {"code": "0601T"}, "D": {"day": "20260302"},
        "E": {},
    }  # fmt: skip
    extract = write(tmp_path / "a b.837", interchange(*(claim(name) for name in changes)))
    text = interchange(*(claim(name, **changed) for name, changed in changes.items()))
    again = write(tmp_path / "c d.837", text)
    assert decided(command, tmp_path / "out", extract, again) == {
        (name, None): "review facts-in-doubt" if changed else "deny investigational"
        for name, changed in changes.items()
    }
    kept = pl.read_parquet(tmp_path / "out" / "runs" / "*" / "replay" / "candidates-*.parquet")
    rows = [row for row, segment in enumerate(text.split("~\n"), 1) if segment.startswith("SV1")]
    assert dict(kept.select("claim_id", "doubts").rows()) == {
        name: f"repeated-line-differs@{tmp_path.as_posix()}/c_d.837-row-{row}" if changed else None
        for row, (name, changed) in zip(rows, changes.items(), strict=True)
    }


@pytest.mark.long
def test_a_line_number_that_repeats_within_a_claim_is_a_repeat(command: Command, tmp_path: Path) -> None:
    twice = claim("A", line_more=("LX*1", "SV1*HC:0600T*100.00*UN*1***1", "DTP*472*D8*20260301"))
    extract = write(tmp_path / "night.837", interchange(twice, twice))
    command("run", extract, "--out", tmp_path / "out", *UNREPORTED, "--quiet")
    assert counts(tmp_path / "out") == (4, 1, 3)
    refused = quarantine(tmp_path / "out")
    assert refused["failed_checks"].to_list() == [["duplicate-line"]] * 3
    assert manifest(tmp_path / "out")["counts"]["warnings_by_check"]["clm02-line-charges"] == 2


@pytest.mark.long
def test_constants_of_a_mapping_reach_837_and_fhir_and_its_columns_do_not(command: Command, tmp_path: Path) -> None:
    extract = write(
        tmp_path / "a.837",
        interchange(claim("A", payer="REGENCE", sbr09="BL")),
    )
    eob = write(tmp_path / "b.json", json.dumps(resource("B")))
    mapping = write(
        tmp_path / "m.yaml",
        "columns: {claim_id: CLM_ID}\nconstants: {line_of_business: commercial, data_source: east}\n",
    )
    found = decided(command, tmp_path / "out", extract, eob, options=("--mapping", str(mapping)))
    assert found == {
        ("A", "east"): "deny investigational",
        ("B", "east"): "deny investigational",
    }


def resource(claim_id: str, code: str = "0600T", **changes: Any) -> dict[str, Any]:
    """An ExplanationOfBenefit with one line."""
    item = {
        "sequence": 1,
        "productOrService": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": code}]},
        "diagnosisSequence": [1],
        "servicedDate": "2026-03-01",
        "quantity": {"value": 1},
        "adjudication": [{"category": {"coding": [{"code": "submitted"}]}, "amount": {"value": 100.0}}],
    }
    diagnosis = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "C25.0"}]}
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": claim_id,
        "status": "active",
        "use": "claim",
        "outcome": "complete",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]},
        "patient": {"reference": "Patient/p1"},
        "billablePeriod": {"start": "2026-03-01", "end": "2026-03-01"},
        "insurer": {"display": "Regence BlueShield"},
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": diagnosis}],
        "insurance": [{"focal": True, "coverage": {"display": "Plan"}}],
        "item": [item],
    } | changes


def test_fhir_lines_bundles_and_single_resources_are_decided_alike(command: Command, tmp_path: Path) -> None:
    eobs = [resource(f"C{place}") for place in range(3)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in eobs]}
    ways = {
        "lines": "".join(json.dumps(each) + "\n" for each in eobs),
        "bundle": json.dumps(bundle, indent=1),
        "array": json.dumps(eobs),
    }
    for name, text in ways.items():
        extract = write(tmp_path / f"{name}.txt", text)
        found = decided(command, tmp_path / name, extract)
        assert found == {(f"C{place}", None): "review program-unknown" for place in range(3)}, name
        assert record(tmp_path / name, "decisions")["source_row"].to_list() == [1, 2, 3]


def mixed(folder: Path) -> list[Path]:
    """A night of every format, under names that mislead; every file is small."""
    return [
        write(folder / "a.json", interchange(claim("A1"), claim("A2"))),
        write(folder / "b.csv", gzip.compress(interchange(claim("B1"), claim("B2"), control=2).encode())),
        write(folder / "c.837", "".join(json.dumps(resource(f"C{n}")) + "\n" for n in range(2))),
        write(folder / "d.x12", gzip.compress(json.dumps(resource("D1"), indent=2).encode())),
        write(folder / "e.837", csv_text(lines(9))),
        write(folder / "f.edi", json.dumps(line(3, claim_id="F1")) + "\n"),
    ]


@pytest.mark.long
def test_a_mixed_night_is_read_by_content_in_one_run(command: Command, tmp_path: Path) -> None:
    extracts = mixed(tmp_path / "night")
    decided(command, tmp_path / "out", tmp_path / "night")
    assert counts(tmp_path / "out") == (17, 17, 0)
    reported = {
        file["path"].rsplit("/")[-1]: (file["format"], file["rows_read"])
        for file in manifest(tmp_path / "out")["inputs"]
    }
    assert reported == {
        "a.json": ("x12", 2), "b.csv": ("x12", 2), "c.837": ("fhir", 2), "d.x12": ("fhir", 1),
        "e.837": ("delimited", 9), "f.edi": ("ndjson", 1),
    }  # fmt: skip
    alone = pl.concat(_alone(command, tmp_path, extract) for extract in extracts)
    together = record(tmp_path / "out", "decisions").drop("run_id")
    assert together.equals(alone)


def _alone(command: Command, tmp_path: Path, extract: Path) -> pl.DataFrame:
    out = tmp_path / f"out-{extract.stem}"
    decided(command, out, extract)
    return record(out, "decisions").drop("run_id")


@pytest.mark.parametrize(("fmt", "fault"), [("x12", "ISA"), ("fhir", "JSON"), ("table", "delimiter")])
def test_format_overrides_what_the_content_says(command: Command, tmp_path: Path, fmt: str, fault: str) -> None:
    content = {"x12": csv_text(lines(3)), "fhir": csv_text(lines(3)), "table": "ISA*00\n"}[fmt]
    done = command("validate", write(tmp_path / "f.txt", content), "--format", fmt, *AS_OF)
    assert done.code == 11
    assert len(done.faults) == 1
    assert fault in done.err


def test_a_torn_interchange_fails_nothing_and_reports_it(command: Command, tmp_path: Path) -> None:
    text = interchange(claim("A"), claim("B"))
    extract = write(tmp_path / "torn.837", text[: text.index("SE*")])
    done = command("run", extract, "--out", tmp_path / "out", *UNREPORTED, "--json")
    assert done.code == 0
    assert counts(tmp_path / "out") == (2, 1, 1)
    assert quarantine(tmp_path / "out")["failed_checks"].to_list() == [["row-cut-off"]]
    assert {"se-missing", "ge-missing", "iea-missing"} <= set(manifest(tmp_path / "out")["counts"]["warnings_by_check"])


def test_a_cut_off_gzip_is_refused_and_names_no_value(command: Command, tmp_path: Path) -> None:
    body = gzip.compress(interchange(*(claim(f"CLAIM{n}", member=f"SECRET{n}") for n in range(2000))).encode())
    extract = write(tmp_path / "torn.gz", body[: len(body) // 2])
    done = command("run", extract, "--out", tmp_path / "out", *UNREPORTED)
    assert done.code == 11
    assert "cut off or damaged" in done.err
    assert "SECRET" not in done.err


def test_a_procedure_that_the_isa_does_not_split_is_refused_not_passed_by(command: Command, tmp_path: Path) -> None:
    torn = [segment.replace("HC:0600T", "HC>0600T") for segment in claim("A")]
    bare = [segment.replace("HC:0600T", "0600T") for segment in claim("B")]
    other = claim("C", "0600T")
    other[7] = other[7].replace("HC:", "IV:")
    extract = write(tmp_path / "night.837", interchange(torn, bare, other))
    command("run", extract, "--out", tmp_path / "out", *UNREPORTED, "--quiet")
    assert counts(tmp_path / "out") == (3, 0, 3)
    refused = quarantine(tmp_path / "out")
    assert refused["claim_id"].to_list() == ["A", "B", "C"]
    assert refused["failed_checks"].to_list() == [
        ["hcpcs_code-shape", "hcpcs_code-unqualified"], ["hcpcs_code-unqualified"],
        ["hcpcs_code-other-system", "hcpcs_code-shape"],
    ]  # fmt: skip
    assert refused["raw_values"].str.json_path_match("$.ST02").to_list() == ["0001"] * 3
