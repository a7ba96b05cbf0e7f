"""A broken quote costs its own line and never those behind it; what it might have swallowed is looked for."""

from __future__ import annotations

import random
from itertools import product
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.intake import quote_repair
from claims_edit.runner import reading
from tests.functional.program import (
    COLUMNS,
    UNREPORTED,
    Done,
    counts,
    csv_text,
    decisions,
    lines,
    quarantine,
    record,
    write,
)
from tests.lib.examples import first

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., Done]

HUGE = 400_000  # lines, so that several threads of the scan have a part of them
SHARES = [0.00001, 0.25, 0.625, 0.99999]


def opened(text: str) -> str:
    return text.replace("Regence", '"Regence')


@pytest.mark.long
def test_an_unclosed_quote_in_a_small_file(command: Command, tmp_path: Path) -> None:
    """In the first, a middle and the last line, in the first, a middle and the last column, with either end of line."""
    refused, decided = [], []
    for name, (place, end, column) in enumerate(product((1, 10, 20), ("\n", "\r\n"), (0, 4, 9))):
        path = tmp_path / "in" / f"{name:02}.csv"
        source = {"data_source": f"S{name:02}"}
        text = csv_text([row | source for row in lines(20)], ("data_source", *COLUMNS)).splitlines()
        cells = text[place].split(",")
        cells[column + 1] = f'"{cells[column + 1]}'
        text[place] = ",".join(cells)
        write(path, end.join(text))
        refused.append((path.as_posix(), place, ["row-bad-quoting"], text[place]))
        decided += [(path.as_posix(), row) for row in (3, 6, 9, 12, 15, 18) if row != place]
    out = tmp_path / "out"
    assert command("run", tmp_path / "in", "--out", out, "--quiet", *UNREPORTED).code == 0
    assert counts(out) == (20 * len(refused), 19 * len(refused), len(refused))
    kept = quarantine(out).select("source_file", "source_row", "failed_checks", "raw_values")
    assert kept.rows() == refused
    assert record(out, "decisions").select("source_file", "source_row").rows() == decided


@pytest.mark.parametrize(
    ("many", "shares"),
    first(1, [*product([6_000], [[0.0], [0.5], [1.0], SHARES]), (HUGE, SHARES)]),
)
def test_an_unclosed_quote_in_a_large_file(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int, shares: list[float]
) -> None:
    """A small file is repaired and read in pieces as small, so that quotes and pieces meet as in a large one."""
    if many < HUGE:
        monkeypatch.setattr(quote_repair, "COPY_BYTES", 4096)
        monkeypatch.setattr(reading, "BATCH_ROWS", 500)
    places = [1 + int(share * (many - 1)) for share in shares]
    text = csv_text(lines(many)).splitlines()
    for place in places:
        text[place] = opened(text[place])
    out = tmp_path / "out"
    done = command("run", write(tmp_path / "night.csv", "\n".join(text) + "\n"), "--out", out, "--quiet", *UNREPORTED)
    assert (done.code, done.err) == (0, "")
    assert counts(out) == (many, many - len(places), len(places))
    assert quarantine(out)["source_row"].to_list() == places
    assert quarantine(out)["candidate_code"].to_list() == [place % 3 == 0 for place in places]
    decided = record(out, "decisions")
    assert decided["source_row"].to_list() == [row for row in range(3, many + 1, 3) if row not in places]
    assert decided["claim_id"].to_list() == [f"CL{row:07}" for row in decided["source_row"]]


@pytest.mark.long
def test_two_quotes_that_close_each_other_swallow_no_row_unseen(command: Command, tmp_path: Path) -> None:
    """RFC 4180 cannot tell them from a value of several lines: the rows between are kept as raw text, together."""
    text = csv_text(lines(20)).splitlines()
    text[5] = opened(text[5])
    text[9] = text[9].replace("Regence", 'Regence"')
    for end in ("\n", "\r"):
        out = tmp_path / f"out-{ord(end)}"
        assert command("run", write(tmp_path / "night.csv", end.join(text)), "--out", out, *UNREPORTED).code == 0
        assert counts(out) == (16, 15, 1)
        (raw,) = quarantine(out)["raw_values"]
        assert all(f"CL000000{number}" in raw for number in range(5, 9))
        assert decisions(out)["claim_id"].to_list() == ["CL0000003", "CL0000012", "CL0000015", "CL0000018"]


def with_notes(notes: dict[int, str]) -> list[str]:
    rows = [{**row, "notes": notes.get(place, "ok")} for place, row in enumerate(lines(20), 1)]
    return csv_text(rows, (*COLUMNS[:5], "notes", *COLUMNS[5:])).splitlines()


def test_nor_do_they_in_a_column_that_is_not_read(command: Command, tmp_path: Path) -> None:
    text = with_notes({})
    text[5], text[9] = text[5].replace(",ok,", ',"8 cm,'), text[9].replace(",ok,", ',5",')
    out = tmp_path / "out"
    assert command("run", write(tmp_path / "night.csv", "\n".join(text)), "--out", out, *UNREPORTED).code == 0
    assert counts(out) == (16, 15, 1)
    refused = quarantine(out).row(0, named=True)
    assert (refused["source_row"], refused["failed_checks"]) == (5, ["row-bad-quoting"])
    assert refused["candidate_code"]
    assert all(f"CL000000{number}" in refused["raw_values"] for number in range(5, 10))
    assert decisions(out).select("claim_id", "source_row").rows() == [
        ("CL0000003", 3), ("CL0000012", 8), ("CL0000015", 11), ("CL0000018", 14),
    ]  # fmt: skip


def test_a_note_of_several_lines_is_no_fault(command: Command, tmp_path: Path) -> None:
    text = with_notes({3: "a, b\nand c", 4: 'wrote ""no""\n\nthen left'})
    out = tmp_path / "out"
    assert command("run", write(tmp_path / "night.csv", "\n".join(text)), "--out", out, *UNREPORTED).code == 0
    assert counts(out) == (20, 20, 0)
    assert decisions(out)["source_row"].to_list() == [3, 6, 9, 12, 15, 18]


def test_too_many_open_quotes_are_one_line(command: Command, tmp_path: Path) -> None:
    text = csv_text(lines(600)).splitlines()
    text[2::2] = [row + '"' if place % 2 else row.replace("CL", '"x"CL') for place, row in enumerate(text[2::2])]
    done = command("run", write(tmp_path / "night.csv", "\n".join(text)), "--out", tmp_path / "out", *UNREPORTED)
    if done.code == 0:
        assert counts(tmp_path / "out")[0] == 600
    else:
        assert (done.code, len(done.faults)) == (11, 1)
        assert "quotes are opened but not closed" in done.err


@pytest.mark.parametrize("seed", first(4, range(12)))
def test_stray_quotes_and_cuts_lose_no_line(command: Command, tmp_path: Path, seed: int) -> None:
    """Whatever one to six stray characters do: every line is decided, accepted or in the quarantine's raw text."""
    draw = random.Random(seed)  # noqa: S311 -- test data
    count = draw.choice((5, 30, 200))
    text = csv_text(lines(count)).splitlines()
    touched = {draw.randint(1, count) for _ in range(draw.randint(1, 6))}
    for place in touched:
        cut = draw.randint(0, len(text[place]))
        text[place] = draw.choice((text[place][:cut] + '"' + text[place][cut:], text[place][:cut], text[place] + ',"'))
    out = tmp_path / "out"
    assert command("run", write(tmp_path / "night.csv", "\n".join(text)), "--out", out, *UNREPORTED).code == 0
    raw = " ".join(quarantine(out)["raw_values"])
    decided = record(out, "decisions").filter(~pl.col("source_row").is_in(list(touched)))
    for row in decided.iter_rows(named=True):
        assert row["claim_id"] == f"CL{row['source_row']:07}" or counts(out)[0] < count
    untouched = {f"CL{number:07}" for number in range(3, count + 1, 3)} - {f"CL{number:07}" for number in touched}
    assert {claim for claim in untouched if claim not in raw} <= set(record(out, "decisions")["claim_id"])
