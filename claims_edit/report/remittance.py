"""The remittance feed: what a run posts and what it takes back, with the segments of 835 loop 2110 as text.

One `adjustment` for each denial or return that the run made current, and one `reversal` for each that it withdrew
(ADR 0017). A shadow run has no rows, because it does not count. Source of the segments' order and form: ASC X12N
005010X221A1.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq

from claims_edit.doubts import SEPARATOR
from claims_edit.errors import ResultsError, UsageError
from claims_edit.model import DECISION_LOCATION
from claims_edit.policy.combinations import Adjustment, combinations_of, mismatches
from claims_edit.posting_holds import HOLD_TEXTS, POSTING_FACTS
from claims_edit.report import queries
from claims_edit.report.csv_format import cells_of
from claims_edit.store import ask, posting_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from claims_edit.policy.pack import Combination
    from claims_edit.report.run_view import RunView
TERMINATOR = "~"
SEGMENT_COLUMNS = (
    "postable", "note", "cas_segment", "ref_0k_segment", "lq_segments", "segments", "line_item_control_number",
    "ref_6r_segment",
)  # fmt: skip
_CODES = ["disposition", "group_code", "carc", "rarcs", "policy_reference"]
# The characters of an element, safe under any declared separators: letters, digits, and those of a Reference.
_GROUP, _CODE, _REFERENCE = r"^[A-Z]{2}$", r"^[A-Z0-9]{1,5}$", r"^[A-Za-z0-9 .,()/-]{0,49}[A-Za-z0-9.,()/-]$"
_MOST = 10**8  # X12N 005010X221A1 limits an amount to ten digits, two of them cents


class Postings:
    """The posting facts of a run's lines, looked up batch by batch, in the order of the decisions."""

    def __init__(self, candidates: pl.LazyFrame) -> None:
        """`candidates` are in the order of the decisions; those of an earlier release have none of the facts."""
        kept = posting_facts(candidates)
        has_any = any(kept.select(pl.col(list(POSTING_FACTS)).is_not_null().any()).collect().row(0))
        self._ahead: pl.DataFrame | None = kept.clear().collect() if has_any else None
        self._coming: Iterator[pl.DataFrame] = kept.collect_batches(maintain_order=True) if has_any else iter(())

    def of(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The posting facts of some decided lines, which come after all lines requested before.

        Raises:
            ResultsError: a decided line is missing from the run's folder.
        """
        if self._ahead is None or lines.is_empty():
            return pl.DataFrame(
                dict.fromkeys(POSTING_FACTS, pl.repeat(None, lines.height, dtype=pl.String, eager=True))
            )
        last = lines.select(DECISION_LOCATION).tail(1)
        waiting = [self._ahead]
        while waiting[-1].join(last, on=DECISION_LOCATION, how="semi").is_empty():
            following = next(self._coming, None)
            if following is None:
                raise self._missing()
            waiting.append(following)
        ahead = pl.concat(waiting).with_row_index("__place")
        found = lines.select(DECISION_LOCATION).join(
            ahead, on=DECISION_LOCATION, how="left", validate="m:1", maintain_order="left"
        )
        if found["__place"].null_count():
            raise self._missing()
        self._ahead = ahead.slice(found["__place"][-1] + 1).drop("__place")
        return found.select(POSTING_FACTS)

    @staticmethod
    def _missing() -> ResultsError:
        return ResultsError(
            "remittance: the run's replay lacks lines that the run decided, so their posting holds are unknown."
            " Restore the results folder from a backup, or run the extracts again with --force."
        )


def write_remittance(view: RunView, path: Path) -> None:
    """The feed of a published run, on request.

    Raises:
        UsageError: it is a shadow run.
    """
    if view.is_shadow:
        raise UsageError(
            f"--format remittance: run {view.run_id} is a shadow run, so its decisions do not count."
            " Name a run of mode enforce; `claims-edit runs` lists them."
        )
    _write_feed(view, path)


def write_feed_of_run(view: RunView, folder: Path) -> None:
    """The feed of a run as CSV and as Parquet; of a shadow run, without rows."""
    _write_feed(view, folder / "remittance.csv", folder / "remittance.parquet")


def _write_feed(view: RunView, *paths: Path) -> None:
    """Write the feed to each path, as Parquet where the path ends in `.parquet`, else as CSV: the reversals first.

    Columns: `queries.REMITTANCE_COLUMNS`, `SEGMENT_COLUMNS` (`lq_segments` is a list), `queries.REVERSAL_COLUMNS`. A
    shadow run has only the header (or schema).
    """
    parameters = {"run_id": view.run_id, "counts": not view.is_shadow}

    def asked(query: str) -> Iterator[pl.DataFrame]:
        return ask(view.connection, query, parameters).batches()

    coded = _coded(pl.concat(asked(queries.REMITTANCE_CODES)), combinations_of(view.catalog.pack.remittance.values()))
    with ExitStack() as stack:
        writers = [stack.enter_context(_parquet(path) if path.suffix == ".parquet" else _csv(path)) for path in paths]

        def write(lines: pl.DataFrame) -> None:
            known = lines.join(coded, on=_CODES, how="left", validate="m:1", nulls_equal=True, maintain_order="left")
            rows = _with_segments(known).select(
                *queries.REMITTANCE_COLUMNS, *SEGMENT_COLUMNS, *queries.REVERSAL_COLUMNS
            )
            for writer in writers:
                writer(rows)

        for withdrawn in asked(queries.REVERSALS):
            write(withdrawn)
        postings = Postings(view.candidates)
        for decided in asked(queries.ADJUSTMENTS):
            write(decided.hstack(postings.of(decided)))


def _coded(codes: pl.DataFrame, combinations: tuple[Combination, ...]) -> pl.DataFrame:
    """Each set of codes of the run, once: its segments except the amount, and its faults.

    Null is never a pass: missing or malformed codes give no segment.
    """
    refers = {combination.carc: combination.refers_to_policy for combination in combinations}
    to_policy = pl.col("carc").replace_strict(refers, default=True, return_dtype=pl.Boolean)
    adjusts = _shaped(pl.col("group_code"), _GROUP) & _shaped(pl.col("carc"), _CODE)
    remarked = pl.col("rarcs").list.eval(_shaped(pl.element(), _CODE)).list.all().fill_null(value=False)
    referenced = pl.col("policy_reference").is_null() | _shaped(pl.col("policy_reference"), _REFERENCE)
    remarks = pl.col("rarcs").list.eval(pl.format("LQ*HE*{}", pl.element()))
    found = codes.with_columns(
        _hold_texts({
            "a group code or CARC is missing or malformed": ~adjusts,
            "a remark code is missing or malformed": ~remarked,
            "the policy reference is malformed": ~referenced,
        }).alias("code_fault"),
        unknown=pl.Series([_unknown(row, combinations) for row in codes.iter_rows(named=True)], dtype=pl.String),
        cas_stem=pl.when(adjusts).then(pl.format("CAS*{}*{}*", "group_code", "carc")),
        ref_0k_segment=pl.when(to_policy & referenced).then(pl.format("REF*0K*{}", "policy_reference")),
        lq_segments=pl.when(remarked).then(remarks),
    )  # fmt: skip
    after = pl.concat_list(pl.concat_list("ref_0k_segment"), "lq_segments").list.drop_nulls()
    return found.with_columns(after=after.list.eval(pl.element() + TERMINATOR).list.join(""))


def _unknown(codes: dict[str, Any], combinations: tuple[Combination, ...]) -> str | None:
    """Why these codes are not an approved combination; None without tables."""
    if not combinations or codes["carc"] is None:
        return None
    found = mismatches(
        Adjustment(codes["disposition"], codes["group_code"], codes["carc"], tuple(codes["rarcs"] or ())), combinations
    )
    return "; ".join(f"{each.field} {each.problem}" for each in found) or None


def _with_segments(lines: pl.DataFrame) -> pl.DataFrame:
    """Add the amounts to the segments, and whether they can be posted: a reversal only if what it reverses could be."""
    amount, control = pl.col("adjustment_amount"), pl.col("line_item_control_number")
    is_reversal = pl.col("row_kind") == "reversal"
    posted = pl.when(is_reversal).then(-amount).otherwise(amount)
    fault = _hold_texts({
        "no charge, so no amount to adjust": posted.is_null(),
        "the charge is zero, so there is nothing to adjust": posted == 0,
        "the charge is negative: reverse the earlier posting instead": posted < 0,
        "the amount has more than ten digits": posted >= _MOST,
    })  # fmt: skip
    is_on_hold = pl.col("posting_holds").is_not_null()
    found = lines.with_columns(
        fault.alias("amount_fault"),
        pl.when(~_shaped(control, _REFERENCE) & control.is_not_null())
        .then(pl.lit("the line item control number is malformed"))
        .alias("control_fault"),
        hold=_named(pl.col("posting_holds")),
        ref_6r_segment=pl.when(_shaped(control, _REFERENCE)).then(pl.format("REF*6R*{}", control)),
    )
    can_adjust = ~is_on_hold & pl.col("amount_fault").is_null()
    found = found.with_columns(
        postable=can_adjust & pl.col("code_fault").is_null(),
        cas_segment=pl.when(can_adjust).then(pl.col("cas_stem") + _x12_number(amount)),
    )
    control_segment = (pl.col("ref_6r_segment") + TERMINATOR).fill_null("")
    all_segments = pl.col("cas_segment") + TERMINATOR + control_segment + pl.col("after")
    return found.with_columns(note=_note(is_reversal), segments=pl.when("postable").then(all_segments))


def _note(is_reversal: pl.Expr) -> pl.Expr:
    """What a reversal takes back, then the faults of the row; null if there is neither."""
    reverses = pl.format("reverses an adjustment of run {}: post it only if that one was posted", "decided_run_id")
    parts = (pl.when(is_reversal).then(reverses), "hold", "amount_fault", "code_fault", "control_fault", "unknown")
    note = pl.concat_str(*parts, separator="; ", ignore_nulls=True)
    return pl.when(note != "").then(note)


def _named(holds: pl.Expr) -> pl.Expr:
    """The text of each posting hold, joined; a hold unknown to this release is given by name."""
    return holds.str.split(SEPARATOR).list.eval(pl.element().replace(HOLD_TEXTS)).list.join("; ")


def _hold_texts(faults: dict[str, pl.Expr]) -> pl.Expr:
    """The first fault, if any."""
    return pl.coalesce(*(pl.when(fault.fill_null(value=False)).then(pl.lit(text)) for text, fault in faults.items()))


def _shaped(text: pl.Expr, pattern: str) -> pl.Expr:
    return text.str.contains(pattern).fill_null(value=False)


def _x12_number(amount: pl.Expr) -> pl.Expr:
    """X12.6, type R: no zero before the point or after the cents, no point without cents, a minus where negative."""
    plain = amount.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
    return plain.str.replace(r"^(-?)0\.", "${1}.")


@contextmanager
def _csv(path: Path) -> Iterator[Callable[[pl.DataFrame], None]]:
    with path.open("wb") as file:
        yield lambda rows: cells_of(rows).write_csv(file, include_header=file.tell() == 0)


@contextmanager
def _parquet(path: Path) -> Iterator[Callable[[pl.DataFrame], None]]:
    with ExitStack() as stack:
        file = stack.enter_context(path.open("wb"))
        writer: pq.ParquetWriter | None = None

        def write(batch: pl.DataFrame) -> None:
            nonlocal writer
            rows = batch.to_arrow()
            writer = writer or stack.enter_context(pq.ParquetWriter(file, rows.schema))
            writer.write_table(rows)

        yield write
