"""The remittance feed: one row for each denied or returned line of a run, with the segments of 835 loop 2110 as text.

A shadow run has no rows, because it does not count. Source of the segments' order and form: ASC X12N 005010X221A1.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq

from claims_edit.doubts import SEPARATOR
from claims_edit.errors import UsageError
from claims_edit.policy.combinations import Adjustment, combinations_of, mismatches
from claims_edit.posting_holds import POSTING_HOLDS
from claims_edit.report import queries
from claims_edit.report.csv_format import cells_of
from claims_edit.report.postings import Postings
from claims_edit.store import ask

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


@contextmanager
def remittance_feed(view: RunView, *paths: Path) -> Iterator[Callable[[pl.DataFrame, pl.DataFrame], None]]:
    """Writes the feed to each path, as Parquet where the path ends in `.parquet`, else as CSV.

    It takes, batch by batch (at least one), the denied and returned lines of the run
    (`queries.REMITTANCE_COLUMNS` and others) and the cells of the same lines (`cells_of`). Columns written:
    `queries.REMITTANCE_COLUMNS`, then `SEGMENT_COLUMNS` (`lq_segments` is a list). A shadow run has only the
    header (or schema).
    """
    counts = not view.is_shadow
    parameters = {"run_id": view.run_id, "counts": counts}
    postings = Postings(view.candidates)
    codes = pl.concat(ask(view.connection, queries.REMITTANCE_CODES, parameters).batches())
    coded = _coded(codes, combinations_of(view.catalog.pack.remittance.values()))
    with ExitStack() as stack:
        parquets = [stack.enter_context(_parquet(path)) for path in paths if path.suffix == ".parquet"]
        csvs = [stack.enter_context(path.open("wb")) for path in paths if path.suffix != ".parquet"]

        def write(lines: pl.DataFrame, cells: pl.DataFrame) -> None:
            if not counts:
                lines, cells = lines.clear(), cells.clear()
            known = lines.hstack(postings.of(lines))
            segments = _with_segments(
                known.join(coded, on=_CODES, how="left", validate="m:1", nulls_equal=True, maintain_order="left")
            ).select(SEGMENT_COLUMNS)
            for parquet in parquets:
                parquet(lines.select(queries.REMITTANCE_COLUMNS).hstack(segments))
            shown = cells.select(queries.REMITTANCE_COLUMNS).hstack(cells_of(segments))
            for csv in csvs:
                shown.write_csv(csv, include_header=csv.tell() == 0)

        yield write


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
    parameters = {"run_id": view.run_id, "counts": not view.is_shadow}
    with remittance_feed(view, *paths) as feed:
        for lines in ask(view.connection, queries.REMITTANCE, parameters).batches():
            feed(lines, cells_of(lines))


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
    """Add the amounts to the segments, and whether they can be posted."""
    amount, control = pl.col("adjustment_amount"), pl.col("line_item_control_number")
    fault = _hold_texts({
        "no charge, so no amount to adjust": amount.is_null(),
        "the charge is zero, so there is nothing to adjust": amount == 0,
        "the charge is negative: reverse the earlier posting instead": amount < 0,
        "the amount has more than ten digits": amount >= _MOST,
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
    found = found.with_columns(
        cas_segment=pl.when(~is_on_hold & pl.col("amount_fault").is_null()).then(
            pl.col("cas_stem") + _x12_number(amount)
        )
    )
    faults = pl.concat_str(
        "hold", "amount_fault", "code_fault", "control_fault", "unknown", separator="; ", ignore_nulls=True
    )
    postable = ~is_on_hold & pl.col("amount_fault").is_null() & pl.col("code_fault").is_null()
    control_segment = (pl.col("ref_6r_segment") + TERMINATOR).fill_null("")
    return found.with_columns(
        postable=postable,
        note=pl.when(faults != "").then(faults),
        segments=pl.when(postable).then(pl.col("cas_segment") + TERMINATOR + control_segment + pl.col("after")),
    )


def _named(holds: pl.Expr) -> pl.Expr:
    """The text of each posting hold, joined; a hold unknown to this release is given by name."""
    return holds.str.split(SEPARATOR).list.eval(pl.element().replace(POSTING_HOLDS)).list.join("; ")


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
def _parquet(path: Path) -> Iterator[Callable[[pl.DataFrame], None]]:
    writer: pq.ParquetWriter | None = None

    def write(batch: pl.DataFrame) -> None:
        nonlocal writer
        rows = batch.to_arrow()
        writer = writer or pq.ParquetWriter(path, rows.schema)
        writer.write_table(rows)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()
