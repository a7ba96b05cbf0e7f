"""The remittance feed: one row for each denied or returned line of a run, with the segments of 835 loop 2110 as text.

A shadow run decides nothing, so it has no rows. Source of the segments' order and form: ASC X12N 005010X221A1.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq

from claims_edit.errors import UsageError
from claims_edit.policy.combinations import Adjustment, combinations_of, mismatches
from claims_edit.report import queries
from claims_edit.report.csv_format import write_frame
from claims_edit.store import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from claims_edit.policy.pack import Combination
    from claims_edit.report.run_view import RunView

SHADOW = "shadow"
TERMINATOR = "~"
_CODES = ["disposition", "group_code", "carc", "remarks"]
_REMARKS = pl.col("rarcs").list.join("|").alias("remarks")
# What an element may hold, whatever separators an interchange declares: letters, digits, and what a Reference may have.
_GROUP, _CODE, _REFERENCE = r"^[A-Z]{2}$", r"^[A-Z0-9]{1,5}$", r"^[A-Za-z0-9 .,()/-]{0,49}[A-Za-z0-9.,()/-]$"
_MOST = 10**8  # X12N 005010X221A1 holds an amount to ten digits, two of them cents


def write_remittance(view: RunView, *paths: Path) -> None:
    """Write the feed once to each path, as Parquet where the path ends in `.parquet`, else as CSV.

    Columns: those of `queries.REMITTANCE`, then `postable`, `note`, `cas_segment`, `ref_0k_segment`, `lq_segments` (a
    list) and `segments`; in the order of the record. Only the header (or schema) for a shadow run.
    """
    with ExitStack() as stack:
        sinks = [stack.enter_context(_parquet(path) if path.suffix == ".parquet" else _csv(path)) for path in paths]
        for batch in _batches(view):
            for sink in sinks:
                sink(batch)


def remittance_report(view: RunView, path: Path) -> None:
    """The feed of a published run, on request.

    Raises:
        UsageError: it is a shadow run.
    """
    if view.manifest["mode"] == SHADOW:
        raise UsageError(
            f"--format remittance: run {view.run_id} is a shadow run, and what it decided does not count."
            " Name a run of mode enforce; `claims-edit runs` lists them."
        )
    write_remittance(view, path)


def _batches(view: RunView) -> Iterator[pl.DataFrame]:
    """The rows, at least one (perhaps empty) frame."""
    parameters = {"run_id": view.run_id, "counts": view.manifest["mode"] != SHADOW}
    judged = _judged(view, parameters)
    for batch in ask(view.connection, queries.REMITTANCE, parameters).batches():
        keyed = batch.with_columns(_REMARKS).join(judged, on=_CODES, how="left", nulls_equal=True, maintain_order="left")
        yield keyed.pipe(_with_segments).drop("remarks", "refers_to_policy", "unknown")


def _judged(view: RunView, parameters: dict[str, Any]) -> pl.DataFrame:
    """Each set of codes of the run once: whether its CARC asks for the policy, and what keeps it out of the tables."""
    combinations = combinations_of(view.catalog.pack.remittance.values())
    refers = {combination.carc: combination.refers_to_policy for combination in combinations}
    codes = pl.concat(ask(view.connection, queries.REMITTANCE_CODES, parameters).batches())
    unknown = [_unknown(row, combinations) for row in codes.iter_rows(named=True)]
    return codes.select(
        *_CODES[:-1],
        _REMARKS,
        refers_to_policy=pl.col("carc").replace_strict(refers, default=True, return_dtype=pl.Boolean),
        unknown=pl.Series(unknown, dtype=pl.String),
    )


def _unknown(codes: dict[str, Any], combinations: tuple[Combination, ...]) -> str | None:
    """What no table has of these codes; None where there is no table to ask."""
    if not combinations or codes["carc"] is None:
        return None
    found = mismatches(
        Adjustment(codes["disposition"], codes["group_code"], codes["carc"], tuple(codes["rarcs"] or ())), combinations
    )
    return "; ".join(f"{each.field} {each.problem}" for each in found) or None


def _with_segments(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `postable`, `note` and the segments. Null is never a pass: what is missing or odd makes no segment."""
    coded = _shaped("group_code", _GROUP) & _shaped("carc", _CODE)
    amount = pl.col("adjustment_amount")
    fits = (amount != 0) & (amount.abs() < _MOST)
    remarked = pl.col("rarcs").list.eval(pl.element().str.contains(_CODE)).list.all().fill_null(value=True)
    referenced = pl.col("policy_reference").is_null() | _shaped("policy_reference", _REFERENCE)
    wants_policy = pl.col("policy_reference").is_not_null() & pl.col("refers_to_policy")
    faults = {
        "no charge, so no amount to adjust": amount.is_null(),
        "the charge is zero: there is nothing to adjust": amount == 0,
        "the amount has more than ten digits": amount.abs() >= _MOST,
        "a group code or CARC is missing or misshapen": ~coded,
        "a remark code is misshapen": ~remarked,
        "the policy reference is misshapen": ~referenced,
    }
    segments = lines.with_columns(
        postable=(coded & fits & remarked & referenced).fill_null(value=False),
        note=pl.concat_str(
            *(pl.when(fault.fill_null(value=False)).then(pl.lit(text)) for text, fault in faults.items()),
            pl.col("unknown"),
            separator="; ",
            ignore_nulls=True,
        ).replace("", None),
        cas_segment=pl.when(coded & fits).then(pl.format("CAS*{}*{}*{}", "group_code", "carc", _x12_number(amount))),
        ref_0k_segment=pl.when(wants_policy & referenced).then(pl.format("REF*0K*{}", "policy_reference")),
        lq_segments=pl.when(remarked).then(pl.col("rarcs").list.eval(pl.format("LQ*HE*{}", pl.element()))),
    )
    parts = [pl.concat_list("cas_segment"), pl.concat_list("ref_0k_segment"), "lq_segments"]
    block = pl.concat_list(parts).list.drop_nulls().list.eval(pl.element() + TERMINATOR).list.join("")
    return segments.with_columns(segments=pl.when("postable").then(block))


def _shaped(column: str, pattern: str) -> pl.Expr:
    return pl.col(column).str.contains(pattern).fill_null(value=False)


def _x12_number(amount: pl.Expr) -> pl.Expr:
    """X12.6, type R: no zero before the point or after the cents, no point without cents, a minus where negative."""
    plain = amount.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
    return plain.str.replace(r"^(-?)0\.", "${1}.")


@contextmanager
def _csv(path: Path) -> Iterator[Callable[[pl.DataFrame], None]]:
    with path.open("wb") as target:
        yield lambda batch: write_frame(batch, target, header=target.tell() == 0)


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
