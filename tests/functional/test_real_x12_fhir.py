"""Whole 837 and FHIR files, the project's own and public ones: every claim line is accounted for.

`python -m tests.functional.test_real_x12_fhir` prints what becomes of each file as a Markdown table.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.runner import validate_batch
from tests.functional.program import AS_OF, UNREPORTED, Done, called, csv_text, lines, manifest, record, write
from tests.lib.examples import first
from tests.lib.reader_files import SAMPLE_LINES, fhir_files, own_fhir, own_x12, public, x12_files
from tests.lib.x12_segments import segments
from tests.lib.x12_texts import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


ISA_BYTES = 106  # of an interchange header as the standard has it; all of these files have such ones
SERVICES = {b"SV1", b"SV2", b"SV3"}
CLAIMS = {"ExplanationOfBenefit", "Claim"}
PUBLIC_X12, PUBLIC_FHIR = public("x12"), public("fhir")
X12_FILES, FHIR_FILES = x12_files(), fhir_files()
FILES = X12_FILES | FHIR_FILES

OTHER_SEPARATORS = {
    "other-separators": "professional", "on-one-line": "professional",
    "imsweb__x12_valid_different_separators.txt": "imsweb__x12_valid.txt",
}  # fmt: skip


def x12_segments(content: bytes) -> Iterator[list[bytes]]:
    """Segments by the delimiters at their fixed places in each interchange header; none of the values is an ISA."""
    for interchange in re.split(rb"(?=ISA[*~|])", content)[1:]:
        mark, end = interchange[3:4], interchange[ISA_BYTES - 1 : ISA_BYTES]
        yield from (part.strip().split(mark) for part in interchange.split(end) if part.strip())


def x12_counts(content: bytes) -> tuple[int, int]:
    """Claims and lines; one without lines counts as a line, as it must be refused."""
    names = [segment[0] for segment in x12_segments(content) if segment[0] in {b"CLM", *SERVICES}]
    without = sum(name == following == b"CLM" for name, following in zip(names, [*names[1:], b"CLM"], strict=True))
    return names.count(b"CLM"), len(names) - names.count(b"CLM") + without


def resources(content: bytes) -> list[dict[str, Any]]:
    """The claims and EOBs of a file."""
    text = content.decode()
    try:
        found = [json.loads(text)]
    except json.JSONDecodeError:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    entries = [entry["resource"] for whole in found for entry in whole.get("entry", [])]
    return [each for each in [*found, *entries] if each["resourceType"] in CLAIMS]


def fhir_counts(content: bytes) -> tuple[int, int]:
    """Claims and lines; one without items counts as a line, as it must be refused."""
    found = resources(content)
    return len(found), sum(max(1, len(resource.get("item", []))) for resource in found)


def is_for_pyx12(content: bytes) -> bool:
    """Whether it has neither an empty segment nor a last one without its terminator."""
    end = re.escape(content[ISA_BYTES - 1 : ISA_BYTES])
    return not re.search(end + rb"\s*" + end, content) and bool(re.search(end + rb"\s*\Z", content))


def counted(name: str) -> tuple[int, int]:
    """Claims and lines of a file."""
    return x12_counts(FILES[name]) if name in X12_FILES else fhir_counts(FILES[name])


@pytest.fixture
def path(name: str, tmp_path: Path) -> Path:
    """The file of that name."""
    return write(tmp_path / "in" / name, FILES[name])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The published run over the file of a name, made once: to be read only."""

    @cache
    def of(name: str) -> Path:
        folder = tmp_path_factory.mktemp("results")
        done = called("run", write(folder / "in" / name, FILES[name]), "--out", folder, "--quiet", *UNREPORTED)
        assert done == Done(0, "", "")
        return folder

    return of


def test_the_independent_counts_are_what_the_files_are_known_for() -> None:
    """Counted by hand and by search, so that a fault in the counting shows; the public files where they are."""
    for files, count, known in ((PUBLIC_X12, x12_counts, (846, 861)), (PUBLIC_FHIR, fhir_counts, (211, 223))):
        counts = [count(content) for content in files.values()]
        assert not files or (sum(claims for claims, _ in counts), sum(lines for _, lines in counts)) == known
    assert {name: x12_counts(own_x12()[name]) for name in ("professional", "institutional", "dental")} == {
        "professional": (4, 6), "institutional": (2, 3), "dental": (2, 3),
    }  # fmt: skip
    assert x12_counts(own_x12()["several-interchanges"]) == (8, 12)
    assert x12_counts(own_x12()["sample"])[1] == fhir_counts(own_fhir()["sample.ndjson"])[1] == SAMPLE_LINES


@pytest.mark.parametrize("name", first(2, FILES))
def test_every_line_is_accepted_or_quarantined(
    name: str, path: Path, command: Callable[..., Done], results: Callable[[str], Path]
) -> None:
    _, wanted = counted(name)
    done = command("validate", path, "--json", *AS_OF)
    assert done.code == 0, done.err
    reported = json.loads(done.out)["files"][0]
    assert reported["rows_read"] == wanted
    assert reported["rows_accepted"] + reported["rows_quarantined"] == wanted
    assert reported["format"] == ("x12" if name in X12_FILES else "fhir")
    counts = manifest(results(name))["counts"]
    assert (counts["rows_read"], counts["rows_quarantined"]) == (wanted, reported["rows_quarantined"])
    assert counts["rows_accepted"] + counts["rows_quarantined"] == wanted
    assert record(results(name), "quarantine").height == reported["rows_quarantined"]
    assert counts["quarantined_by_check"] == reported["quarantined_by_check"]
    assert counts["warnings_by_check"] == reported["warnings_by_check"]


@pytest.mark.parametrize("name", first(8, X12_FILES))
def test_quarantined_lines_are_named_by_their_segments(name: str, results: Callable[[str], Path]) -> None:
    """`source_row` of a refused line is the number of an SV segment of the file, or of a claim that has none."""
    names = [segment[0] for segment in x12_segments(X12_FILES[name])]
    for row in record(results(name), "quarantine").iter_rows(named=True):
        assert names[row["source_row"] - 1] in {b"CLM", *SERVICES}
        assert row["failed_checks"]


@pytest.mark.parametrize("name", sorted(name for name, content in X12_FILES.items() if is_for_pyx12(content)))
def test_pyx12_counts_the_same(name: str, path: Path) -> None:
    """A reader that others wrote; it drops what follows an empty segment, and a last segment without terminator."""
    x12file = pytest.importorskip("pyx12.x12file")
    with path.open(encoding="utf-8") as file:
        names = [segment.get_seg_id() for segment in x12file.X12Reader(file)]
    counted = [segment[0].decode() for segment in x12_segments(X12_FILES[name])]
    assert len(names) == len(list(segments(X12_FILES[name])))
    for segment in ("CLM", "SV1", "SV2", "SV3"):
        assert names.count(segment) == counted.count(segment)


@pytest.mark.parametrize("other", sorted(OTHER_SEPARATORS.keys() & X12_FILES))
def test_the_same_claims_with_other_separators_are_the_same_rows(
    command: Callable[..., Done], tmp_path: Path, other: str
) -> None:
    files = [write(tmp_path / name, X12_FILES[name]) for name in (OTHER_SEPARATORS[other], other)]
    reported = [
        json.loads(command("validate", path, "--json", *AS_OF).out)["files"][0] | {"path": ""} for path in files
    ]
    assert reported[0] == reported[1]


SOUND = text_of(b"")  # one claim of one line, on which all is stated


def denied_837() -> bytes:
    """A sound claim of a Florida Blue Medicaid member for an IRE of the liver."""
    return SOUND.replace(b"HC:99213", b"HC:0600T").replace(b"******CI~", b"******MC~")


@pytest.mark.long
def test_all_formats_run_together_whatever_their_names(tmp_path: Path) -> None:
    x12 = re.sub(rb"HC:[0-9]+T?", b"HC:99213", own_x12()["several-interchanges"]).replace(b"AD:0600T", b"AD:D0120")
    fhir = own_fhir()["lines.ndjson"].replace(b"0600T", b"99213")
    night = tmp_path / "night"
    write(night / "a.json", csv_text(lines(6)))
    write(night / "b.csv", x12)
    write(night / "c.837", fhir)
    write(night / "d.txt", gzip.compress(denied_837()))
    write(night / "e.x12", gzip.compress(fhir.splitlines()[0]))
    done = called("run", night, "--out", tmp_path / "out", "--quiet", *UNREPORTED)
    assert (done.code, done.err) == (0, "")
    reported = manifest(tmp_path / "out")
    formats = {file["path"].rsplit("/", 1)[1]: (file["format"], file["rows_read"]) for file in reported["inputs"]}
    assert formats == {
        "a.json": ("delimited", 6),
        "b.csv": ("x12", x12_counts(x12)[1]),
        "c.837": ("fhir", fhir_counts(fhir)[1]),
        "d.txt": ("x12", 1),
        "e.x12": ("fhir", 1),
    }
    counts = reported["counts"]
    assert counts["rows_read"] == counts["rows_accepted"] + counts["rows_quarantined"] == 8 + 12 + 3
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
    for name, content in FILES.items():
        claims, lines_counted = counted(name)
        with TemporaryDirectory() as folder:
            path = write(Path(folder, name), content)
            reported = validate_batch((str(path),), date.fromisoformat(AS_OF[1])).as_dict()["files"][0]
        by_check, warnings = (
            ", ".join(f"{check} {number}" for check, number in reported[name].items()) or "none"
            for name in ("quarantined_by_check", "warnings_by_check")
        )
        accepted, refused = reported["rows_accepted"], reported["rows_quarantined"]
        yield f"| {name} | {claims} | {lines_counted} | {accepted} | {refused} | {by_check} | {warnings} |"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table())
