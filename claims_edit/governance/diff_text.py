"""The difference between two packs as Markdown, CSV, JSON or a table; the same packs and lines give the same bytes."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import polars as pl
from rich.console import Console

from claims_edit.governance.ranges import RANGE_SCHEMA, at_boundary
from claims_edit.governance.replay_diff import LINE_SCHEMA, TOTAL_SCHEMA
from claims_edit.report.changes import BY_EDIT, BY_PAYER, BY_PROVIDER
from claims_edit.report.csv_format import write_frame
from claims_edit.report.table_format import frame_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.governance.pack_diff import PackDiff
    from claims_edit.governance.replay_diff import ReplayDiff

FORMATS = ("table", "md", "csv", "json")
SHOWN_LINES = 50  # in a table; the other formats give all
SHOWN_PROVIDERS = 50  # in a table and in Markdown
_WIDE = 200
_CSV: dict[str, pl.DataType] = {
    "part": pl.String(), **RANGE_SCHEMA, **TOTAL_SCHEMA, **LINE_SCHEMA, **BY_PROVIDER, **BY_EDIT, **BY_PAYER,
    "boundary": pl.Boolean(),
}  # fmt: skip
_TITLES = {"outcome": "Outcome changes", "reference": "Same outcome, under another policy, version or reference"}


@dataclass(frozen=True)
class Comparison:
    """Two packs by the names that the user gave them, their differences, and the effect on real lines, if any.

    `boundaries`: tables and Markdown also list the ranges that are only about a boundary.
    """

    old: str
    new: str
    hashes: tuple[str, str]
    packs: PackDiff
    replay: ReplayDiff | None = None
    boundaries: bool = False

    @property
    def ranges(self) -> pl.DataFrame:
        """The ranges, each with whether it is only about a boundary."""
        return self.packs.ranges.with_columns(at_boundary())

    def of(self, change: str, *, boundary: bool) -> pl.DataFrame:
        """The ranges of one kind of change, at boundaries or apart from them."""
        return self.ranges.filter(pl.col("change") == change, pl.col("boundary") == boundary)

    def in_short(self) -> pl.DataFrame:
        """The changes of outcome apart from boundaries, by payer and edit: ranges, and the first day (null: open)."""
        first = pl.when(pl.col("from").is_not_null().all()).then(pl.col("from").min()).alias("from")
        sides = (pl.col(side).str.split("; ").list.first() for side in ("old", "new"))
        return (
            self.of("outcome", boundary=False)
            .group_by("payer", *sides)
            .agg(first, ranges=pl.len())
            .sort("payer", "old", "new")
        )


def write_comparison(found: Comparison, fmt: str, target: IO[bytes]) -> None:
    """Write it to an open binary stream. Markdown names no claim; the others list the lines that change."""
    {"table": _table, "md": _markdown, "csv": _csv, "json": _json}[fmt](found, target)


def _sentences(found: Comparison) -> list[str]:
    """The sentences before the first table."""
    notes, ranges = found.packs.notes, found.packs.ranges
    sentences = [f"{found.old} ({found.hashes[0][:12]}) → {found.new} ({found.hashes[1][:12]})"]
    if ranges.is_empty():
        sentences.append("No outcome changes.")
    else:
        counts = [found.of(change, boundary=boundary).height for change in _TITLES for boundary in (False, True)]
        sentences.append(
            f"Ranges with another outcome: {counts[0]}, and {counts[1]} at boundaries; with another reference alone: "
            f"{counts[2]}, and {counts[3]} at boundaries; {found.packs.cells:,} cells compared."
        )
        if any(found.of(change, boundary=True).height and not _lists_boundaries(found, change) for change in _TITLES):
            sentences.append(
                "Not listed: ranges at boundaries (lines that span a change of the rules, and single days). "
                "Add --boundaries."
            )
    sentences += [f"Files: {', '.join(f'{path} {state}' for path, state in notes.files) or 'the same bytes'}."]
    for words, values in (
        ("Also changed", notes.kinds),
        ("Signals read differently", notes.reread),
        ("Codes only in the old pack", notes.only_old),
        ("Codes only in the new pack", notes.only_new),
    ):
        if values:
            sentences.append(f"{words}: {', '.join(values)}.")
    if found.replay is not None:
        sentences += _replay_sentences(found, found.replay)
    return sentences


def _replay_sentences(found: Comparison, replay: ReplayDiff) -> list[str]:
    changed = replay.totals.filter(pl.col("change") == "outcome")
    where = "the extract" if replay.source == "extract" else f"run {replay.source}"
    charges = f"${changed['charges'].sum() or 0:,.2f}"
    lines = f"{replay.lines:,} candidate lines; {changed['lines'].sum():,} change outcome ({charges})"
    sentences = [f"Replay of {where}: {lines}."]
    if replay.source != "extract" and found.packs.notes.only_new:
        sentences.append(
            "A run keeps only lines with the codes of its own rules; lines with other codes are not included."
        )
    return sentences


def _lists_boundaries(found: Comparison, change: str) -> bool:
    """Whether ranges at boundaries are listed: where asked for, or where there are no others."""
    return found.boundaries or found.of(change, boundary=False).is_empty()


def _tables(found: Comparison) -> Iterator[tuple[str, pl.DataFrame]]:
    """The tables that hold no claim, with their titles, changes of outcome first; empty ones are left out."""
    yield "Outcome changes, by payer and edit", found.in_short()
    yield from _of_ranges(found, "outcome")
    if found.replay is not None:
        yield from _of_lines(found.replay)
    yield from _of_ranges(found, "reference")
    if found.replay is not None:
        yield _lines_that(found.replay, "reference")


def _of_ranges(found: Comparison, change: str) -> Iterator[tuple[str, pl.DataFrame]]:
    yield _TITLES[change], found.of(change, boundary=False).drop("change", "boundary")
    if _lists_boundaries(found, change):
        title = f"At boundaries: {_TITLES[change].lower()}"
        yield title, found.of(change, boundary=True).drop("change", "boundary")


def _of_lines(replay: ReplayDiff) -> Iterator[tuple[str, pl.DataFrame]]:
    """The lines whose outcome changes, in money."""
    yield "Lines that change, by payer: charges, and denied charges", replay.by_payer
    yield "Lines that change, by the edit that decides them: charges, and denied charges", replay.by_edit
    providers = replay.by_provider
    more = f", the first {SHOWN_PROVIDERS} of {providers.height:,}" if providers.height > SHOWN_PROVIDERS else ""
    title = f"Lines that change, by billing provider{more}: charges, and denied charges"
    yield title, providers.head(SHOWN_PROVIDERS)
    yield _lines_that(replay, "outcome")


def _lines_that(replay: ReplayDiff, change: str) -> tuple[str, pl.DataFrame]:
    return f"Lines: {_TITLES[change].lower()}", replay.totals.filter(pl.col("change") == change).drop("change")


def _table(found: Comparison, target: IO[bytes]) -> None:
    text = io.StringIO()
    console = Console(file=text, width=_WIDE)
    for sentences in _sentences(found):
        console.print(sentences, highlight=False, markup=False, soft_wrap=True)
    for title, frame in _tables(found):
        if frame.height:
            console.print(frame_table(frame, title))
    if found.replay is not None and found.replay.parts:
        first = next(found.replay.changed())
        total = int(found.replay.totals.filter(pl.col("change") == "outcome")["lines"].sum())
        console.print(frame_table(first.head(SHOWN_LINES), "Lines that change"))
        if total > SHOWN_LINES:
            text.write(f"The first {SHOWN_LINES} of {total:,} lines. --format csv or json gives all.\n")
    target.write(text.getvalue().encode())


def _markdown(found: Comparison, target: IO[bytes]) -> None:
    head, *sentences = _sentences(found)
    lines = [f"# Rules: {_escaped(head)}", "", *(f"- {_escaped(each)}" for each in sentences)]
    for title, frame in _tables(found):
        if frame.height:
            lines += ["", f"## {title}", "", *_rows(frame)]
    target.write(("\n".join(lines) + "\n").encode())


def _rows(frame: pl.DataFrame) -> Iterator[str]:
    yield f"| {' | '.join(frame.columns)} |"
    yield f"|{'|'.join('---:' if dtype.is_numeric() else '---' for dtype in frame.dtypes)}|"
    for row in frame.iter_rows():
        yield f"| {' | '.join('' if cell is None else _escaped(str(cell)) for cell in row)} |"


def _escaped(text: str) -> str:
    for mark in ("\\", "|", "<", "*", "`", "["):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _csv(found: Comparison, target: IO[bytes]) -> None:
    """One table: `part` is a range, a total of lines, by provider, by edit or by payer, or a line that changes."""
    frames: list[tuple[str, pl.DataFrame]] = [("range", found.ranges)]
    if found.replay is not None:
        frames.append(("total", found.replay.totals))
        frames += [("provider", found.replay.by_provider), ("edit", found.replay.by_edit)]
        frames.append(("payer", found.replay.by_payer))
    write_frame(pl.DataFrame(schema=_CSV), target)
    for part, frame in frames:
        write_frame(_widened(part, frame), target, header=False)
    for lines in found.replay.changed() if found.replay else ():
        write_frame(_widened("line", lines.with_columns(change=pl.lit("outcome"))), target, header=False)


def _widened(part: str, frame: pl.DataFrame) -> pl.DataFrame:
    given = frame.with_columns(part=pl.lit(part))
    return given.select(
        (pl.col(name) if name in given.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in _CSV.items()
    )


def _json(found: Comparison, target: IO[bytes]) -> None:
    """One document; the lines that change are written batch by batch."""
    document: dict[str, Any] = {
        "old": {"pack": found.old, "rules_hash": found.hashes[0]},
        "new": {"pack": found.new, "rules_hash": found.hashes[1]},
        "cells": found.packs.cells,
        "ranges": found.ranges.to_dicts(),
        "outcomes_by_payer_and_edit": found.in_short().to_dicts(),
        **found.packs.notes.as_dict(),
    }
    if found.replay is None:
        target.write((_dumped(document) + "\n").encode())
        return
    document["replay"] = {
        "source": found.replay.source,
        "candidate_lines": found.replay.lines,
        "totals": found.replay.totals.to_dicts(),
        "by_payer": found.replay.by_payer.to_dicts(),
        "by_provider": found.replay.by_provider.to_dicts(),
        "by_edit": found.replay.by_edit.to_dicts(),
    }
    target.write((_dumped(document).removesuffix("\n}") + ',\n  "lines": [').encode())
    before = "\n"
    for lines in found.replay.changed():
        for row in lines.iter_rows(named=True):
            target.write(f"{before}    {json.dumps(row, ensure_ascii=False, default=str)}".encode())
            before = ",\n"
    target.write(b"\n  ]\n}\n")


def _dumped(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)
