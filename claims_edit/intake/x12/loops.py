"""Where each segment stands: in which loop of the hierarchy, which claim, which line; and what a chunk leaves open.

Loops, claims and lines are named by the row (`row`, from 1) at which they begin; 0 is none. A segment belongs to what
began last before it, so that all of it is a matter of running maxima.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from claims_edit.intake.x12.layout import TRANSACTION
from claims_edit.intake.x12.segments import Segments
from claims_edit.intake.x12.vocabulary import EARLIER_LOOPS, ENVELOPE, KIND, SERVICES

_KIND = pl.col("kind")
_DOUBTS = ("unreadable", "displaced")


@dataclass(frozen=True)
class Chunk:
    """The segments of one chunk, behind those that were kept for it.

    Attributes:
        segments: their text.
        rows: `row`, `number`, `segment`, `kind`, `unreadable`, `displaced` (it cannot stand where it does), `kept`,
            `loop`, `claim`, `line`, and `owner`: whichever of these three it speaks of (0 in loops 2320 and 2330).
        begins: the rows at which a loop of the hierarchy, an envelope or a claim begins, with `follower` (the kind of
            the next such row), and whether from the beginning of the loop up to there any row is `unreadable_before`
            or `displaced_before`.
        loops: see `_hierarchy`.
        end: the row at which what is unfinished begins.
    """

    segments: Segments
    rows: pl.DataFrame
    begins: pl.DataFrame
    loops: pl.DataFrame
    end: int

    def finished(self, *kinds: str) -> pl.DataFrame:
        """The rows of these kinds that can be told in full, and were not told before."""
        return self.rows.filter(_KIND.is_in(kinds) & ~pl.col("kept") & (pl.col("row") < self.end))


@dataclass(frozen=True)
class Kept:
    """What a chunk leaves to the next: the segments of the loops in force, and whatever is unfinished.

    Attributes:
        rows: the former, one row each.
        text: of both.
        before: how many segments of the file stand before the unfinished ones.
        read: how many segments of the file were read.
    """

    rows: pl.DataFrame
    text: bytes
    before: int
    read: int

    def followed_by(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of a table that begins with what was kept, numbered through the file."""
        number = pl.col("segment") - self.rows.height + self.before + 1
        new = rows.filter(pl.col("segment") >= self.rows.height).with_columns(
            number=number, displaced=pl.lit(value=False), kept=pl.lit(value=False)
        )
        return pl.concat([self.rows.with_columns(segment=pl.int_range(self.rows.height)), new.select(list(_ROWS))])


_ROWS = {
    "segment": pl.Int64, "kind": KIND, "unreadable": pl.Boolean, "number": pl.Int64, "displaced": pl.Boolean,
    "kept": pl.Boolean,
}  # fmt: skip
NOTHING_KEPT = Kept(pl.DataFrame(schema=_ROWS), b"", 0, 0)


def locate(table: pl.DataFrame, segments: Segments, *, last: bool) -> Chunk:
    """Tell where each row of the table stands; `last`: the file ends here."""
    begun = table.lazy().with_columns(row=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32)).with_columns(
        loop=_last(_KIND.is_in(("HL", *ENVELOPE))),
        claim=_last(_KIND == "CLM"),
        lx=_last(_KIND == "LX"),
        sbr=_last(_KIND == "SBR"),
        service=_last(_KIND.is_in(SERVICES)).shift(1, fill_value=0),
    )  # fmt: skip
    above = pl.max_horizontal("loop", "claim")
    without_lx = _KIND.is_in(SERVICES) & (pl.col("lx") <= pl.max_horizontal("loop", "claim", "service"))
    claim, line = pl.col("claim"), pl.col("line")
    rows = (
        begun.with_columns(line=_last((_KIND == "LX") | without_lx))
        .with_columns(line=pl.when(line > above).then(line).otherwise(0))
        .with_columns(claim=pl.when(claim > pl.col("loop")).then(claim).otherwise(0))
        .with_columns(
            owner=pl.when(line > 0).then(line)
            .when(claim == 0).then("loop")
            .when(pl.col("sbr") < claim).then(claim)
            .otherwise(0),
            displaced=pl.col("displaced") | (_KIND.is_in(EARLIER_LOOPS) & (line > 0)).fill_null(value=False),
        )
        .drop("lx", "sbr", "service")
        .collect(engine="in-memory")
    )  # fmt: skip
    begins = _begins(rows)
    return Chunk(segments, rows, begins, _hierarchy(begins, segments), rows.height + 1 if last else _end(rows))


def _last(begins: pl.Expr) -> pl.Expr:
    """The row of the last that begins at or before each row."""
    return pl.when(begins).then("row").otherwise(0).cum_max()


def _end(rows: pl.DataFrame) -> int:
    """The row at which the claim begins that may go on, or the line without claim."""
    if rows.is_empty():
        return 1
    claim, line = rows["claim"][-1], rows["line"][-1]
    return int(claim or line or rows.height + 1)


def _begins(rows: pl.DataFrame) -> pl.DataFrame:
    is_first = (pl.col("row") == pl.col("loop")) | (pl.col("row") == pl.col("claim"))
    ends_with = {doubt: (rows["row"] * rows[doubt]).max() or 0 for doubt in _DOUBTS}
    return (
        rows.lazy()
        .with_columns(_last(pl.col(doubt)).shift(1, fill_value=0).alias(doubt) for doubt in _DOUBTS)
        .filter(is_first)
        .select(
            "row", "kind", "segment", "loop", "claim",
            follower=_KIND.shift(-1),
            **{
                f"{doubt}_before": pl.col(doubt).shift(-1).fill_null(ends_with[doubt]) >= pl.col("loop")
                for doubt in _DOUBTS
            },
        )
        .collect(engine="in-memory")
    )  # fmt: skip


def _hierarchy(begins: pl.DataFrame, segments: Segments) -> pl.DataFrame:
    """The loops of a chunk, one row each.

    `loop`, `level` (HL03), `provider` and `subscriber` (the 2000A and 2000B in force; 0 is none), `transaction` (the
    ST in force), TRANSACTION (ST02), `misplaced` (a dependent whose HL02 is not its subscriber's HL01), and whether
    the subscriber's own segments are `subscriber_unreadable` or `subscriber_displaced`.
    """
    loops = begins.filter(pl.col("row") == pl.col("loop"))
    places = loops["segment"].to_numpy()
    loops = loops.with_columns(
        segments.elements(places, place).alias(name) for place, name in enumerate(("own", "parent", "level"), 1)
    )
    is_hl, is_st, row = _KIND == "HL", _KIND == "ST", pl.col("row")
    level = pl.when(is_hl).then("level").fill_null("")
    is_20, is_22, is_23 = level == "20", level == "22", level == "23"

    def of_subscriber(value: str, none: object) -> pl.Expr:
        return pl.when(is_22).then(value).when(~is_23).then(pl.lit(none)).forward_fill()

    in_force = loops.lazy().select(
        "loop",
        level.alias("level"),
        pl.when(is_st).then("parent").when(~is_hl).then(pl.lit("")).forward_fill().alias(TRANSACTION),
        transaction=pl.when(is_st).then(row).when(~is_hl).then(0).forward_fill(),
        provider=pl.when(is_20).then(row).when(~is_hl).then(0).forward_fill(),
        subscriber=of_subscriber("row", 0),
        subscriber_unreadable=of_subscriber("unreadable_before", none=False),
        subscriber_displaced=of_subscriber("displaced_before", none=False),
        misplaced=is_23 & pl.col("parent").ne_missing(of_subscriber("own", "")),
    )
    return in_force.with_columns(
        pl.when(pl.col(TRANSACTION) != "").then(TRANSACTION),
        pl.col("transaction", "provider", "subscriber").fill_null(0).cast(pl.UInt32),
    ).collect(engine="in-memory")


def keep(chunk: Chunk, kept: Kept) -> Kept:
    """What the next chunk begins with; `kept` is what this one did."""
    read = kept.before + len(chunk.segments) - kept.rows.height
    context = _context(chunk)
    text = chunk.segments.joined(context["segment"].to_numpy())
    unfinished = chunk.rows.slice(chunk.end - 1, 1)
    if unfinished.is_empty():
        return Kept(context.select(list(_ROWS)), text, read, read)
    (place,), (number,) = unfinished["segment"], unfinished["number"]
    return Kept(context.select(list(_ROWS)), text + chunk.segments.since(place), number - 1, read)


def _context(chunk: Chunk) -> pl.DataFrame:
    """The rows that tell which loops are in force, and what of them is in doubt."""
    rows = chunk.rows
    if rows.is_empty():
        return rows
    here = rows["loop"][-1]
    in_force = chunk.loops.filter(pl.col("loop") == here).select("loop", "provider", "subscriber", "transaction")
    wanted = {here}.union(*in_force.iter_rows())
    before = rows.filter((pl.col("row") < chunk.end) & pl.col("loop").is_in(wanted))
    in_doubt = before.filter((pl.col("loop") == here) & (pl.col("claim") > 0))
    last = pl.concat([in_doubt.filter(doubt).tail(1) for doubt in _DOUBTS])
    tells_loop = (pl.col("claim") == 0) & ((pl.col("line") == 0) | pl.any_horizontal(*_DOUBTS))
    tells_doubt = pl.col("row").is_in([*last["row"], *last["claim"]])
    told = pl.when(pl.col("line") == 0).then("kind")  # a line's own segments were told, and are only in doubt
    return before.filter(tells_loop | tells_doubt).with_columns(kind=told, kept=pl.lit(value=True))
