"""The summary on the terminal."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.console import Console

from claims_edit.report.terminal import runs_table, terminal_summary
from claims_edit.store import ResultsFolder
from tests.lib.runs import REFUSED, REVIEWED, line, publish

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

RUN = "20260301T010000Z-aaaa"


def shown(part: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def lines_of(out: Path) -> list[str]:
    """The summary of the latest run, without the tables' rules."""
    text = shown(terminal_summary(ResultsFolder(out).manifest(), out / "runs" / RUN))
    return [" ".join(each.replace("│", " ").split()) for each in text.splitlines()]


def test_it_shows_counts_charges_reasons_checks_and_where_to_look(tmp_path: Path) -> None:
    rows = [
        line(),
        line(source_row=3, claim_line_number=2),
        line(claim_id="C2", charge_amount=Decimal("-0.50"), **REVIEWED),
    ]
    publish(tmp_path, RUN, rows, [REFUSED])
    lines = lines_of(tmp_path)
    for expected in (
        "read 4 2,004.70",
        "accepted 3 1,999.70",
        "refused 1 5.00",
        "candidates 3 1,999.70",
        "deny 2 2,000.20",
        "review 1 -0.50",
        "pass 0 0.00",
        "all 3 1,999.70",
        "deny investigational 2 1 2,000.20",
        "hcpcs_code-shape 1",
        "billing_npi-luhn 1",
        f"Reports: {tmp_path}/runs/{RUN}",
        f'SQL: claims-edit sql "FROM denial_reasons" --out {tmp_path}',
    ):
        assert expected in lines, expected


def test_a_run_without_candidates_has_no_reasons(tmp_path: Path) -> None:
    publish(tmp_path, RUN, [])
    lines = lines_of(tmp_path)
    assert "all 0 0.00" in lines
    assert not [each for each in lines if each.startswith("Reasons")]


def test_a_shadow_run_and_a_refused_file_are_named(tmp_path: Path) -> None:
    publish(tmp_path, RUN, [line()], mode="shadow")
    manifest = ResultsFolder(tmp_path).manifest()
    refused = {**manifest["inputs"][0], "path": "torn.csv.gz", "status": "refused", "fault": "\x1b[2J ends too early."}
    text = shown(terminal_summary({**manifest, "inputs": [refused]}, tmp_path / "runs" / RUN))
    assert "shadow: it does not count" in text
    assert "Not read: torn.csv.gz: \ufffd[2J ends too early." in text


def test_what_the_run_withdrew_is_counted_by_cause(tmp_path: Path) -> None:
    publish(tmp_path, "20260228T010000Z-aaaa", [line(), line(source_row=3, claim_id="C2")])
    publish(tmp_path, RUN, [line(charge_amount=Decimal("7.00")), line(source_row=3, claim_id="C2")])
    assert "Came again, changed deny 1 1,000.10" in lines_of(tmp_path)


def test_runs_are_listed_oldest_first(tmp_path: Path) -> None:
    publish(tmp_path, RUN, [line()])
    folder = publish(tmp_path, "20260302T010000Z-bbbb", [line(), line(source_row=3)])
    text = shown(runs_table(folder.runs()))
    assert text.index(RUN) < text.index("20260302T010000Z-bbbb")
