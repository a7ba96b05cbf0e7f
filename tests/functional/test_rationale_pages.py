"""The rationale of a denial fits two printed pages, whatever the payer, the site and the claim."""

from __future__ import annotations

import re
import shutil
import subprocess
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from claims_edit.report.run_report import report
from tests.lib.runs import line, publish

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium")
PAGES, PAGE_LINES, PAGE_COLUMNS = 2, 60, 100
RUN = "20260301T010000Z-aaaa"
# As a Markdown viewer prints it: 10 point, tables without borders.
STYLE = """<style>
body, table { font: 10pt/1.35 sans-serif } td, th { padding: 0 .5em 0 0; text-align: left; vertical-align: top }
</style>"""
CROWDED: dict[str, Any] = {
    "claim_id": "C" * 80,
    "modifiers": ["26", "LT", "59", "76", "XS"],
    "diagnosis_codes": ["C220", *(f"C78{number}" for number in range(8)), *(f"Z85{number:02}" for number in range(16))],
    "payer_raw": "Regence BlueCross BlueShield of Oregon, Individual and Family Plans, Bronze Essential 6500",
    "group_id": "G" * 40,
    "policy_id": "regence-surgery-242",
    "edits": ["investigational", "code-site-mismatch", "policy-stale", "guidance-note"],
    "source_file": "/data/claims/" + "/".join(["a-long-folder-of-a-payer"] * 5) + "/night.csv",
}


@pytest.fixture(scope="module")
def rationales(deck_results: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The rationale of every denied claim of the deck, and of a claim with as much on it as one may have."""
    folder = tmp_path_factory.mktemp("rationales")
    publish(folder / "out", RUN, [line(**CROWDED)])
    for out, name in ((deck_results, "deck"), (folder / "out", "crowded")):
        report(out, None, "rationale", folder / name)
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*/0*.md"))]


def printed_lines(text: str) -> int:
    """Lines of the text as it is, wrapped to the width of a page."""
    return sum(max(1, len(textwrap.wrap(each, PAGE_COLUMNS))) for each in text.splitlines())


@pytest.mark.long
def test_every_denial_fits_two_pages_of_text(rationales: list[str]) -> None:
    assert len(rationales) > 40
    for text in rationales:
        denials = len(re.findall(r"^## ", text, re.MULTILINE))
        assert printed_lines(text) <= denials * PAGES * PAGE_LINES, text


@pytest.mark.long
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
def test_the_longest_denials_print_on_two_pages(rationales: list[str], tmp_path: Path) -> None:
    one_line = [text for text in rationales if len(re.findall(r"^## ", text, re.MULTILINE)) == 1]
    for number, text in enumerate(sorted(one_line, key=printed_lines)[-3:]):
        page, pdf = tmp_path / f"{number}.html", tmp_path / f"{number}.pdf"
        body = MarkdownIt("commonmark").enable("table").render(text)
        page.write_text(f"<!doctype html><meta charset=utf-8>{STYLE}{body}", encoding="utf-8")
        options = ("--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer")
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        subprocess.run(
            [str(CHROMIUM), *options, profile, f"--print-to-pdf={pdf}", page.as_uri()], check=True, capture_output=True
        )
        assert len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes())) in range(1, PAGES + 1)
