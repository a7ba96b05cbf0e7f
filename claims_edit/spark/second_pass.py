"""Second pass, on executors: the repeats are known, so the rows that were held back are routed, and so are repeats."""

from __future__ import annotations

import pickle
import tempfile
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from claims_edit.core.control_totals import ControlTotals
from claims_edit.core.route import mark_repeats, route
from claims_edit.intake.extract import read_to_end
from claims_edit.intake.gathering import Gathering
from claims_edit.intake.keys import PLACE_BITS, REFUSED_SHIFT, place_in_run
from claims_edit.runner.held_back import KEY_COLUMNS
from claims_edit.runner.kept import LEAST_ROWS
from claims_edit.runner.repeats import facts_of_repeats
from claims_edit.runner.row_locations import places_of
from claims_edit.spark.blocks import HELD, INFO, PART, Block, blocks_of, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from claims_edit.core.process import Processing
    from claims_edit.core.route import RoutedBatch
    from claims_edit.intake import Extract, SourceFile
    from claims_edit.intake.layout import Layout
    from claims_edit.spark.pieces import Job, Piece

DIFFERING = "differing"


@dataclass(frozen=True)
class Located:
    """Of an extract that was read what locates its rows; see `Extract`."""

    file: SourceFile
    layout: Layout
    LINE_BITS: int
    shifts: pl.DataFrame
    doubts: pl.DataFrame
    first_warned: dict[str, list[tuple[int, str | None]]]

    def source_row(self) -> pl.DataFrame:
        """See `Extract`."""
        return self.shifts

    def late_doubts(self) -> pl.DataFrame:
        """See `Extract`."""
        return self.doubts


@dataclass(frozen=True)
class Resolved:
    """What the second pass needs besides the job.

    Attributes:
        job: of the run.
        extracts: by position in the run.
        repeats: `row` and `first` of every repeat, rows rising.
    """

    job: Job
    extracts: Mapping[int, Located]
    repeats: pl.DataFrame

    def of_piece(self, number: int) -> pl.DataFrame:
        """The accepted repeats of a piece: those that were refused anyway are routed as they are."""
        accepted = self.repeats.filter(pl.col("row") < 1 << REFUSED_SHIFT)
        starts = np.array([piece.start() for piece in self.job.pieces], dtype=np.int64)
        of = np.searchsorted(starts, (accepted["row"] & PLACE_BITS).to_numpy(), side="left") - 1
        return accepted.filter(pl.Series(of == number, dtype=pl.Boolean))


def second_pass(shuffled: Iterable[tuple[int, Block]], resolved: Resolved) -> Iterator[Block]:
    """The parts of the pieces of a task whose extracts were read to their end, and their totals."""
    own = (block for block in blocks_of(shuffled, (HELD, PART)) if block.place in resolved.extracts)
    for number, blocks in groupby(sorted(own, key=attrgetter("piece", "order")), key=attrgetter("piece")):
        yield from _PieceRouting(number, resolved).parts(blocks)


class _PieceRouting:
    """Routes the rows of one piece."""

    def __init__(self, number: int, resolved: Resolved) -> None:
        self._number, self._job = number, resolved.job
        self._piece: Piece = resolved.job.pieces[number]
        self._extracts = cast("Mapping[int, Extract]", resolved.extracts)
        self._layout = resolved.extracts[self._piece.place].layout
        self._processing: Processing = resolved.job.processing(self._layout)
        self._codes = resolved.job.rules.codes
        self._repeats = resolved.of_piece(number)
        self._totals = ControlTotals()

    def parts(self, blocks: Iterable[Block]) -> Iterator[Block]:
        held: list[pl.Series] = []
        for block in blocks:
            if block.kind == PART:
                yield block
            elif block.payload:
                rows = unpacked(block.payload)
                held.append(rows["row"])
                yield from self._held(rows)
        plain = self._repeats
        if held:
            plain = plain.join(pl.concat(held).to_frame(), on="row", how="anti", maintain_order="left")
        if plain.height:
            yield from self._plain(plain)
        yield Block(INFO, "", self._piece.place, self._number, 0, 0, pickle.dumps(self._totals))

    def _held(self, rows: pl.DataFrame) -> Iterator[Block]:
        waits = rows["row"].is_in(self._repeats["row"].implode())
        given = rows.filter(~waits)
        if given.height:
            lines, result = self._processing.close_look(given.drop(KEY_COLUMNS))
            routed = route(lines, result, None, self._codes, self._layout, places=given["row"])
            yield from self._routed(routed, "")
        if waits.any():
            repeats = rows.filter(waits)
            yield from self._repeated(repeats.drop(KEY_COLUMNS), repeats["row"], "late-held-")

    def _plain(self, repeats: pl.DataFrame) -> Iterator[Block]:
        """Plain rows that are repeats: they are read again, for only their keys were kept."""
        together = Gathering(LEAST_ROWS)
        with tempfile.TemporaryDirectory(prefix="claims-edit-") as scratch:
            opened = self._job.open(self._piece, Path(scratch))
            _, found = read_to_end(opened, lambda extract: list(self._matching(extract, repeats["row"])))
        for raw in found:
            for some in together.add(raw):
                yield from self._repeated(some, place_in_run(some, self._piece.place), "late-plain-")
        for some in together.rest():
            yield from self._repeated(some, place_in_run(some, self._piece.place), "late-plain-")

    def _matching(self, extract: Extract, rows: pl.Series) -> Iterator[pl.DataFrame]:
        for raw in extract.batches(self._job.rows):
            yield raw.filter(place_in_run(raw, self._piece.place).is_in(rows.implode())).clone()

    def _repeated(self, raw: pl.DataFrame, row: pl.Series, prefix: str) -> Iterator[Block]:
        lines, result = self._processing.close_look(raw)
        rows = row.alias("row").to_frame().join(self._repeats, on="row", how="left", maintain_order="left")
        mark_repeats(result, rows["first"].is_not_null())
        firsts = places_of(rows["first"], self._extracts)
        yield from self._routed(route(lines, result, None, self._codes, self._layout, firsts), prefix)
        yield from self._part(DIFFERING, facts_of_repeats(lines, result, rows, self._codes))

    def _routed(self, routed: RoutedBatch, prefix: str) -> Iterator[Block]:
        self._totals.add(routed.totals)
        for name in ("candidates", "revisions", "quarantine", "warned"):
            yield from self._part(prefix + name, getattr(routed, name))

    def _part(self, name: str, frame: pl.DataFrame) -> Iterator[Block]:
        if frame.height:
            yield Block(PART, name, self._piece.place, self._number, 0, 0, packed(frame))
