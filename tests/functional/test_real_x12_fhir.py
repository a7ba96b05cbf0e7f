"""Public 837 and FHIR files, as they are: every claim line is accounted for.

`python -m tests.functional.test_real_x12_fhir` prints what becomes of each file as a Markdown table.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.runner import validate_batch
from tests.functional.program import AS_OF, ROOT, UNREPORTED, called, csv_text, lines, manifest, record, write
from tests.lib.x12_segments import segments
from tests.lib.x12_texts import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.functional.program import Done

REAL = ROOT.parent / "shared" / "real"
ISA_BYTES = 106  # of an interchange header as the standard has it; all of these files have such ones
CLAIMS = {"ExplanationOfBenefit", "Claim"}

here = pytest.mark.skipif(not REAL.is_dir(), reason="the public files are not at hand")


def real(kind: str) -> list[Path]:
    """The files of a kind."""
    return sorted((REAL / kind).iterdir()) if (REAL / kind).is_dir() else []


X12_FILES, FHIR_FILES = real("x12"), real("fhir")


def x12_segments(content: bytes) -> Iterator[list[bytes]]:
    """Segments by the delimiters at their fixed places in each interchange header; none of the values is an ISA."""
    for interchange in re.split(rb"(?=ISA[*~|])", content)[1:]:
        mark, end = interchange[3:4], interchange[ISA_BYTES - 1 : ISA_BYTES]
        yield from (part.strip().split(mark) for part in interchange.split(end) if part.strip())


def x12_counts(path: Path) -> tuple[int, int]:
    """Claims and lines."""
    names = [segment[0] for segment in x12_segments(path.read_bytes())]
    return names.count(b"CLM"), sum(name in {b"SV1", b"SV2", b"SV3"} for name in names)


def resources(path: Path) -> list[dict[str, Any]]:
    """The claims and EOBs of a file."""
    text = path.read_text(encoding="utf-8")
    try:
        found = [json.loads(text)]
    except json.JSONDecodeError:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    entries = [entry["resource"] for whole in found for entry in whole.get("entry", [])]
    return [each for each in [*found, *entries] if each["resourceType"] in CLAIMS]


def fhir_counts(path: Path) -> tuple[int, int]:
    """Claims and lines; one without items counts as a line, as it must be refused."""
    found = resources(path)
    return len(found), sum(max(1, len(resource.get("item", []))) for resource in found)


COUNTS = {**dict.fromkeys(X12_FILES, x12_counts), **dict.fromkeys(FHIR_FILES, fhir_counts)}


@here
def test_the_independent_counts_are_what_the_files_are_known_for() -> None:
    """Sums that were counted by hand and by search, so that a fault in the counting shows."""
    assert len(X12_FILES) == 16
    assert len(FHIR_FILES) == 5
    counted = [x12_counts(path) for path in X12_FILES]
    assert (sum(claims for claims, _ in counted), sum(lines for _, lines in counted)) == (846, 861)
    counted = [fhir_counts(path) for path in FHIR_FILES]
    assert (sum(claims for claims, _ in counted), sum(lines for _, lines in counted)) == (211, 223)


@pytest.mark.parametrize("path", COUNTS, ids=lambda path: path.name)
def test_every_line_is_accepted_or_quarantined(path: Path, command: Callable[..., Done], tmp_path: Path) -> None:
    _, wanted = COUNTS[path](path)
    done = command("validate", path, "--json", *AS_OF)
    assert done.code == 0, done.err
    told = json.loads(done.out)["files"][0]
    assert told["rows_read"] == wanted
    assert told["rows_accepted"] + told["rows_quarantined"] == wanted
    assert told["format"] == ("x12" if path in X12_FILES else "fhir")
    done = command("run", path, "--out", tmp_path, "--quiet", *UNREPORTED)
    assert done.code == 0, done.err
    counts = manifest(tmp_path)["counts"]
    assert (counts["rows_read"], counts["rows_quarantined"]) == (wanted, told["rows_quarantined"])
    assert counts["rows_accepted"] + counts["rows_quarantined"] == wanted
    assert record(tmp_path, "quarantine").height == told["rows_quarantined"]
    assert counts["quarantined_by_check"] == told["quarantined_by_check"]
    assert counts["warnings_by_check"] == told["warnings_by_check"]


@pytest.mark.parametrize("path", X12_FILES, ids=lambda path: path.name)
def test_quarantined_lines_are_named_by_their_segments(
    path: Path, command: Callable[..., Done], tmp_path: Path
) -> None:
    """`source_row` of a refused line is the number of an SV segment of the file."""
    command("run", path, "--out", tmp_path, "--quiet", *UNREPORTED)
    names = [segment[0] for segment in x12_segments(path.read_bytes())]
    for row in record(tmp_path, "quarantine").iter_rows(named=True):
        assert names[row["source_row"] - 1] in {b"SV1", b"SV2", b"SV3"}
        assert row["failed_checks"]


@pytest.mark.parametrize("path", X12_FILES, ids=lambda path: path.name)
def test_pyx12_counts_the_same(path: Path) -> None:
    """A reader that others wrote; it drops what follows an empty segment, and a last segment without terminator."""
    x12file = pytest.importorskip("pyx12.x12file")
    content = path.read_bytes()
    naive = [segment.id for segment in segments(content)]
    end = re.escape(content[ISA_BYTES - 1 : ISA_BYTES])
    if re.search(end + rb"\s*" + end, content) or not re.search(end + rb"\s*\Z", content):
        pytest.skip("has an empty segment, or a last one without terminator")
    with path.open(encoding="utf-8") as file:
        names = [segment.get_seg_id() for segment in x12file.X12Reader(file)]
    claims, lines_counted = x12_counts(path)
    assert len(names) == len(naive)
    assert names.count("CLM") == claims
    assert sum(name in {"SV1", "SV2", "SV3"} for name in names) == lines_counted


@here
def test_the_same_claims_with_other_separators_are_the_same_rows(command: Callable[..., Done]) -> None:
    usual, other = (REAL / "x12" / f"imsweb__x12_valid{name}.txt" for name in ("", "_different_separators"))
    told = [json.loads(command("validate", path, "--json", *AS_OF).out)["files"][0] for path in (usual, other)]
    assert [file | {"path": ""} for file in told[:1]] == [file | {"path": ""} for file in told[1:]]


SOUND = text_of(b"")  # one claim of one line, on which all is said


def denied_837() -> bytes:
    """A sound claim of a Florida Blue Medicaid member for an IRE of the liver."""
    return SOUND.replace(b"HC:99213", b"HC:0600T").replace(b"******CI~", b"******MC~")


@here
def test_all_formats_run_together_whatever_their_names(tmp_path: Path) -> None:
    x12, fhir = REAL / "x12" / "imsweb__x12_multiple_isa.txt", REAL / "fhir" / FHIR_FILES[-1].name
    night = tmp_path / "night"
    write(night / "a.json", csv_text(lines(6)))
    write(night / "b.csv", x12.read_bytes())
    write(night / "c.837", fhir.read_bytes())
    write(night / "d.txt", gzip.compress(denied_837()))
    write(night / "e.x12", gzip.compress(fhir.read_bytes().splitlines()[0]))
    done = called("run", night, "--out", tmp_path / "out", "--quiet", *UNREPORTED)
    assert (done.code, done.err) == (0, "")
    told = manifest(tmp_path / "out")
    formats = {file["path"].rsplit("/", 1)[1]: (file["format"], file["rows_read"]) for file in told["inputs"]}
    assert formats == {
        "a.json": ("delimited", 6),
        "b.csv": ("x12", x12_counts(x12)[1]),
        "c.837": ("fhir", fhir_counts(fhir)[1]),
        "d.txt": ("x12", 1),
        "e.x12": ("fhir", 1),
    }
    counts = told["counts"]
    assert counts["rows_read"] == counts["rows_accepted"] + counts["rows_quarantined"] == 8 + 4 + 200
    decided = record(tmp_path / "out", "decisions").to_dicts()
    assert [(row["source_file"].rsplit("/", 1)[1], row["source_row"], row["disposition"]) for row in decided] == [
        ("a.json", 3, "deny"), ("a.json", 6, "deny"), ("d.txt", SOUND.count(b"~", 0, SOUND.index(b"SV1")) + 1, "deny"),
    ]  # fmt: skip


def test_a_line_of_an_837_is_decided_with_all_that_its_claim_says(tmp_path: Path) -> None:
    extract = write(tmp_path / "claims.837", denied_837())
    assert called("run", extract, "--out", tmp_path / "out", "--quiet", *UNREPORTED).code == 0
    decided = record(tmp_path / "out", "decisions").row(0, named=True)
    wanted = {
        "claim_id": "A37YH556",
        "claim_line_number": 1,
        "claim_type": "professional",
        "member_id": "M1001",
        "payer_raw": "Florida Blue",
        "payer": "florida_blue",
        "program": "medicaid",
        "program_basis": "claim_filing_indicator_code",
        "service_start_date": date(2024, 3, 5),
        "service_end_date": date(2024, 3, 5),
        "hcpcs_code": "0600T",
        "diagnosis_codes": ["C220"],
        "billing_npi": "1912301953",
        "reason_code": "investigational",
        "disposition": "deny",
    }
    assert {name: decided[name] for name in wanted} == wanted


def table() -> Iterator[str]:
    """What becomes of each file, as the lines of a Markdown table."""
    yield "| file | claims | lines | accepted | quarantined | by check | warnings |"
    yield "|---|---:|---:|---:|---:|---|---|"
    for path, count in COUNTS.items():
        claims, counted = count(path)
        told = validate_batch((str(path),), date.fromisoformat(AS_OF[1])).as_dict()["files"][0]
        by_check, warnings = (
            ", ".join(f"{check} {number}" for check, number in told[name].items()) or "none"
            for name in ("quarantined_by_check", "warnings_by_check")
        )
        accepted, refused = told["rows_accepted"], told["rows_quarantined"]
        yield f"| {path.name} | {claims} | {counted} | {accepted} | {refused} | {by_check} | {warnings} |"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table())
