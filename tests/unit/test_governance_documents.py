"""Rules against the texts of their documents: texts made for the test, and the real ones where they are available."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import RulesError, UsageError
from claims_edit.governance import checking
from claims_edit.governance.checking import check_pack
from claims_edit.governance.dates import date_faults, last_day
from claims_edit.governance.documents import check_documents
from claims_edit.governance.prove import Proof
from claims_edit.policy import load_catalog
from tests.lib.documents import FOLDER, made_texts
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

PREMERA, REGENCE, FLORIDA = "policies/premera.yaml", "policies/regence.yaml", "policies/florida_blue.yaml"
TEXT = """# Policy 242
**Effective:** January 1, 2026 **Next Review:** November 2026 **Last Review:** December 2025
Related: Surgery, Policy No. 47000. Call 98111 or write to 20201.

## CODES

Codes\tNumber\tDescription
CPT\t0600T\tAblation, irreversible electroporation, percutaneous
\t0601T\tAblation, irreversible electroporation, open
\t47384\tAblation, irreversible
electroporation, liver
{more}
\t47382\tAblation of another kind
HCPCS\tNone

## History
99999\tirreversible electroporation of no code
**Date of Origin:** November 2025
"""


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    return RulesFolder(tmp_path)


@pytest.fixture(params=["made", *(["real"] if FOLDER.is_dir() else [])])
def documents(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The texts of all documents: made from what is kept of them, and the real ones where they are available."""
    return FOLDER if request.param == "real" else made_texts(tmp_path_factory.mktemp("documents"))


def faults_of(rules: RulesFolder, folder: Path) -> list[str]:
    """What concerns the policy of Regence, whose document is the only one that has a text here."""
    found = check_documents(load_catalog(rules.root).pack, folder).faults
    return [fault for fault in found if fault.startswith(f"rules/{REGENCE}")]


def folder_with(tmp_path: Path, more: str) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "000_a7e26ff8fff94d54.txt").write_text(TEXT.format(more=more), encoding="utf-8")
    return folder


def test_a_text_that_agrees(rules: RulesFolder, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "\t55877\tAblation, irreversible electroporation, prostate")
    assert faults_of(rules, folder) == []


def test_a_code_that_the_document_lacks(rules: RulesFolder, tmp_path: Path) -> None:
    faults = faults_of(rules, folder_with(tmp_path, ""))
    place = f"rules/{REGENCE}: versions[0].codes.listed[3]: `55877` is not in the"
    assert {fault.partition(" regence_surgery_242")[0] for fault in faults if fault.startswith(place)} == {
        f"{place} text of", f"{place} coding section of",
    }  # fmt: skip


def test_a_code_that_the_rules_lack(rules: RulesFolder, tmp_path: Path) -> None:
    more = "\t55877\tAblation, irreversible electroporation, prostate\n\t0999T\tIrreversible electroporation, kidney"
    faults = faults_of(rules, folder_with(tmp_path, more))
    lacking = f"rules/{REGENCE}: versions[0].codes.listed: regence_surgery_242 has `0999T`, and no version lists it."
    assert any(fault.startswith(lacking) for fault in faults)
    assert all("0999T" in fault for fault in faults), faults


def test_a_missing_text_is_reported(rules: RulesFolder, tmp_path: Path) -> None:
    checked = check_documents(load_catalog(rules.root).pack, folder_with(tmp_path, ""))
    assert [fault for fault in checked.faults if f"rules/{PREMERA}: documents[0].source: no `002_" in fault]
    assert checked.texts == 1


def test_a_folder_that_is_not_there(rules: RulesFolder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        check_documents(load_catalog(rules.root).pack, tmp_path / "nowhere")


def test_a_document_without_a_source_is_named(rules: RulesFolder, tmp_path: Path) -> None:
    rules.replace(PREMERA, "    source: 002_26db95642ac77635\n", "")
    checked = check_documents(load_catalog(rules.root).pack, folder_with(tmp_path, ""))
    assert checked.without_text == ("icd_10_pcs_0f5", "nice_ipg572", "nice_ipg768", "nice_opcs_4_liver", "premera_ire")


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (REGENCE, '[0600T, 0601T, "47384", "55877"]', '[0600T, 0601T, "47384"]',
         "versions[0].codes.listed: `55877` is in the coding section of regence_surgery_242. Add it."),
        (REGENCE, '"47384", "55877"', '"47384", "53899"', "versions[0].codes.listed[3]: `53899` is not in the text of"),
        (PREMERA, "listed: [0600T, 0601T]", 'listed: [0600T, 0601T, "32999"]',
         "versions[1].codes.listed[2]: `32999` is not in the coding section of premera_ire."),
        (PREMERA, '"48999", "53899"', '"48999"', "versions[1].codes.listed: premera_ire has `53899`, and no version"),
        (FLORIDA, "date: 02/15/16}\n    until", "date: 02/15/19}\n    until",
         "versions[0].from.cite.date: `02/15/19` is not in the text of florida_blue_02_40000_26."),
    ],
)  # fmt: skip
def test_rules_that_stray_from_the_documents(
    rules: RulesFolder, documents: Path, file: str, old: str, new: str, fault: str
) -> None:
    rules.replace(file, old, new)
    faults = check_documents(load_catalog(rules.root).pack, documents).faults
    assert [each for each in faults if each.startswith(f"rules/{file}: {fault}")], faults


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (PREMERA, "date: 2020-01-03\n", "date: 2020-01-04\n",
         "versions[0].from.date: 2020-01-04 does not match the date of its citation (`January 3, 2020`, so 2020-01-03"),
        (PREMERA, "date: 2020-01-03\n", "date: 2019-01-03\n",
         "versions[0].from.date: 2019-01-03 does not match the date of its citation (`January 3, 2020`, so 2020-01-03"),
        (REGENCE, "date: 2025-11-30\n        change", "date: 2025-11-01\n        change",
         "versions[0].history[0].date: 2025-11-01 does not match the date of its citation (`November 2025`, so 2025-"),
        ("codes/ire.yaml", "valid_from:\n      date: 2020-07-01", "valid_from:\n      date: 2020-01-01",
         "codes[0].valid_from.date: 2020-01-01 does not match the date of its citation ("),
        ("guidance/nice.yaml", "date: 2013-12-31", "date: 2012-12-31",
         "guidance[0].out_from.date: 2012-12-31 does not match the date of its citation (`2013`, so 2013-12-31). Corr"),
    ],
)  # fmt: skip
def test_a_date_is_that_of_its_citation_with_or_without_documents(
    rules: RulesFolder, file: str, old: str, new: str, fault: str
) -> None:
    faults = list(date_faults(load_catalog(rules.replace(file, old, new).root).pack))
    assert [each for each in faults if each.startswith(f"rules/{file}: {fault}")], faults


def test_a_note_says_why_a_date_differs(rules: RulesFolder) -> None:
    rules.replace(REGENCE, "      date: 2026-01-01\n", "      date: 2026-01-02\n      note: As our contract has it.\n")
    assert list(date_faults(load_catalog(rules.root).pack)) == []


def test_the_documents_of_shipped_files_may_be_elsewhere(
    rules: RulesFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payer checks its own policy against its own document, and has none of the others."""
    monkeypatch.setattr(checking, "prove", lambda _catalog: Proof())  # it is about the documents alone
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "acme.txt").write_text("Acme policy. Effective January 1, 2026. Codes: 0600T. Reviewed December 1, 2025.")
    text = (rules.root / REGENCE).read_text(encoding="utf-8")
    rules.replace(REGENCE, "source: 000_a7e26ff8fff94d54", "source: nowhere")
    with pytest.raises(RulesError) as caught:
        check_pack(rules.root, folder)
    assert [fault.partition(" Put ")[0] for fault in caught.value.faults] == [
        f"rules/{REGENCE}: documents[0].source: no `nowhere.txt` in {folder}."
    ]
    rules.write(REGENCE, text)
    rules.replace("worklist.yaml", "each_night_open: 5", "each_night_open: 6")
    found = check_pack(rules.root, folder).documents
    assert found is not None
    assert (found.texts, len(found.without_text)) == (0, 9)


def test_the_shipped_rules_agree_with_the_documents(documents: Path) -> None:
    checked = check_documents(load_catalog().pack, documents)
    assert checked.faults == ()
    assert checked.texts == 5
    assert checked.citations > 100
    assert checked.codes == 20


@pytest.mark.parametrize(
    ("given", "day"),
    [
        ("07/01/20", dt.date(2020, 7, 1)), ("7/1/2020", dt.date(2020, 7, 1)),
        ("January 3, 2020", dt.date(2020, 1, 3)), ("November 2026", dt.date(2026, 11, 30)),
        ("February 2024", dt.date(2024, 2, 29)), ("2013", dt.date(2013, 12, 31)),
        ("13/01/20", None), ("Brumaire 2020", None), ("3, 2020", None), ("undated", None),
    ],
)  # fmt: skip
def test_the_day_that_a_date_names(given: str, day: dt.date | None) -> None:
    assert last_day(given) == day
