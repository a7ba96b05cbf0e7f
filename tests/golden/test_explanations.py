"""The words of explanations and rationales, as a reviewer of an appeal reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claims_edit.report.explain import EXPLANATION_FORMATS, Wanted, explain_accepted, find
from claims_edit.report.run_report import report
from claims_edit.runner.lookup import look_up
from claims_edit.store import ResultsFolder
from tests.lib.deck import ROOT, run_deck
from tests.lib.examples import first
from tests.lib.golden import hold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXPLAINED = (
    "EX-21-INVESTIGATIONAL-REGENCE",  # deny, patient responsibility per the policy
    "EX-21-INVESTIGATIONAL-FLORIDA",  # deny, the provider bears it by default
    "EX-15-CONTRACT-EXCLUDES",
    "NOTE-GUIDANCE-NONE-ON-BREAST",
    "EX-21-NO-DIAGNOSIS-NEEDED",
    "EX-04-PAYER-NOT-ON-FILE",
    "EX-05-SPANS-CODE-VALIDITY",
    "EX-08-PROGRAM-CONFLICT",
    "EX-09-PROGRAM-UNKNOWN",
    "CELL-FLORIDA-BLUE-MEDICARE-ADVANTAGE",
    "CELL-REGENCE-MEDICAID",
    "CELL-NHS-ENGLAND-NHS",
    "EX-14-CONTRACT-REVIEW",
    "EX-16-UNLISTED-CODE",
    "DAY-LIVER-CODE-FIRST",
    "EX-18-TRIAL-CONDITION",
    "EX-19-ICD-9-ONLY",
    "EX-20-INDICATION-NOT-SOLID",
    "EX-10-SAO-REFERRED",
    "DAY-LIVER-CODE-BEFORE",
    "EX-01-REPLACED",
    "EX-02-UNLISTED-OUT-OF-SCOPE",
    "EX-13-CONTRACT-COVERS",
    "DAY-REGENCE-BEFORE-2026",
    "BAD-TWO-FAULTS",
    "FORM-OTHER-LINE",
)


@pytest.fixture(scope="module")
def deck(deck_results: Path) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        yield deck_results


@pytest.fixture(scope="module")
def other_formats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        yield run_deck(tmp_path_factory.mktemp("golden") / "out", patch, "claims.837", "claims-fhir.ndjson")


def reported(out: Path, claim_id: str, fmt: str = "md") -> str:
    wanted = Wanted(claim_id)
    found = find(out, wanted, every_edit=True)
    if not found:
        again = look_up(out, wanted, lambda _line: None)
        assert again is not None
        found = explain_accepted(again.lines, again.manifest)
    return EXPLANATION_FORMATS[fmt](found)


def per_run(out: Path) -> dict[str, str]:
    manifest = ResultsFolder(out).manifest()
    return {"run_id": manifest["run_id"], "rules_hash": manifest["rules_hash"]}


@pytest.mark.parametrize("claim_id", first(14, EXPLAINED))
def test_explanation(deck: Path, claim_id: str) -> None:
    hold(f"explain/{claim_id}.md", reported(deck, claim_id), **per_run(deck))


@pytest.mark.parametrize("claim_id", ["X-GROUP-EXCLUDES", "X-SHARED-ID", "E-POINTED-DIAGNOSIS", "X-BAD-TWO-PAYERS"])
def test_explanation_of_837_and_fhir(other_formats: Path, claim_id: str) -> None:
    hold(f"explain/{claim_id}.md", reported(other_formats, claim_id), **per_run(other_formats))


@pytest.mark.parametrize("fmt", ["text", "html"])
def test_other_formats(deck: Path, fmt: str) -> None:
    claim_id = "EX-21-INVESTIGATIONAL-PREMERA"
    hold(f"explain/{claim_id}.{fmt}", reported(deck, claim_id, fmt), **per_run(deck))


def test_rationale(deck: Path, tmp_path: Path) -> None:
    report(deck, None, "rationale", tmp_path / "reported")
    for name in ("index.csv", "index.md", "000006.md", "000047.md", "evidence-pancreas-regence-surgery-242.md"):
        hold(f"rationale/{name}", (tmp_path / "reported" / name).read_text(encoding="utf-8"), **per_run(deck))
