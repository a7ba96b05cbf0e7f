"""The record of claims' lives: what each run did to each known line (`history`), and the decisions that it withdrew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.schema import DECIDED, IDENTITY, SEEN
from claims_edit.duck import connect, literal
from claims_edit.engine import DECISION_SCHEMA
from claims_edit.model import DECISION_LOCATION, Mode
from claims_edit.posting_holds import FACTS_MISSING, POSTING_FACTS
from claims_edit.store.replay import REPLAY, candidates_in, posting_facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

HISTORY_SCHEMA: dict[str, pl.DataType] = {
    "run_id": pl.String(), "mode": pl.String(), "as_of": pl.Date(),
    **{name: dtype for name, dtype in IDENTITY.items() if name != "payer_identity"},
    "came": pl.Boolean(), "source_file": pl.String(), "source_row": pl.Int64(),
    "effect": pl.String(), "status": pl.String(), "superseded_by": pl.String(), **SEEN,
    **{name: dtype for name, dtype in DECIDED.items() if name.startswith("decided_")},
}  # fmt: skip
"""One row for each known line that a run has (`came`) or changes; `source_file` and `source_row` are null where it
decides nothing, `decided_…` where no decision is current."""
WITHDRAWAL_SCHEMA: dict[str, pl.DataType] = {
    "run_id": pl.String(), "as_of": pl.Date(), "withdrawn_because": pl.String(), "withdrawn_by": pl.String(),
    "decided_run_id": pl.String(),
    **{name: dtype for name, dtype in DECISION_SCHEMA.items() if name != "run_id"},
    **dict.fromkeys(POSTING_FACTS, pl.String()),
}  # fmt: skip
"""One row for each decision that a run withdrew, with its columns and posting facts; `run_id` is the run that withdrew
it."""
_PLACE = ("decided_run_id", *DECISION_LOCATION)
_MEMORY = "300MB"
_BATCH_ROWS = 50_000


def lines_seen_on(record: Path, as_of: date) -> pl.DataFrame:
    """The lines that enforced runs of one night saw (IDENTITY), from the folder of the published runs."""
    files = sorted((record / "history").glob("run_id=*/*.parquet"))
    if not files:
        return pl.DataFrame(schema=IDENTITY)
    seen = pl.scan_parquet(files, glob=False, hive_partitioning=False).filter(
        "came", pl.col("mode") == Mode.ENFORCE, pl.col("as_of") == as_of
    )
    return seen.select(pl.lit(None, pl.String).alias(n) if n == "payer_identity" else n for n in IDENTITY).collect()


def withdrawn_decisions(wanted: list[Path], record: Path, scratch: Path) -> Iterator[pl.DataFrame]:
    """The decisions of earlier runs that are withdrawn (WITHDRAWAL_SCHEMA but for the run), sorted by location.

    The posting facts go with them, so that a reversal needs nothing of the earlier run. They come from its replay; if
    that is missing or damaged, FACTS_MISSING holds the reversal: an unknown fact is not taken for none.

    Args:
        wanted: Parquet files with `withdrawn_because`, `withdrawn_by`, and the location (_PLACE).
        record: the folder of the published runs.
        scratch: room for temporary files.
    """
    places = pl.scan_parquet(wanted, glob=False).select(_PLACE)
    runs = places.select(pl.col("decided_run_id").unique().sort()).collect().to_series()
    files = [path for run in runs for path in sorted((record / "decisions" / f"run_id={run}").glob("*.parquet"))]
    facts = [_posting_facts(places, run, record, scratch) for run in runs]
    columns = ", ".join(f"d.{name}" for name in DECISION_SCHEMA if name != "run_id")
    same = " AND ".join(f"d.{name.removeprefix('decided_')} = w.{name}" for name in _PLACE)
    query = f"""
        SELECT w.withdrawn_because, w.withdrawn_by, w.decided_run_id, {columns}, f.line_item_control_number,
            CASE WHEN f.decided_run_id IS NULL THEN '{FACTS_MISSING}' ELSE f.posting_holds END AS posting_holds
        FROM read_parquet($wanted) AS w JOIN read_parquet($files, hive_partitioning = false, union_by_name = true) AS d
        ON {same} LEFT JOIN read_parquet($facts) AS f ON {" AND ".join(f"f.{name} = w.{name}" for name in _PLACE)}
        ORDER BY {", ".join(f"w.{name}" for name in _PLACE)}
    """  # noqa: S608 -- names of our own
    with connect(settings={"memory_limit": _MEMORY, "temp_directory": str(scratch), "threads": 2}) as connection:
        given = {name: list(map(literal, paths)) for name, paths in
            {"wanted": wanted, "files": files, "facts": facts}.items()}  # fmt: skip
        for batch in connection.sql(query, params=given).to_arrow_reader(_BATCH_ROWS):
            rows = pl.from_arrow(batch)
            assert isinstance(rows, pl.DataFrame)  # noqa: S101 -- a batch, never a series
            yield rows.select(pl.col(name).cast(WITHDRAWAL_SCHEMA[name]) for name in rows.columns)


def _posting_facts(places: pl.LazyFrame, run_id: str, record: Path, scratch: Path) -> Path:
    """Write the posting facts of one run's withdrawn lines (_PLACE, POSTING_FACTS), without those that it lacks."""
    path = scratch / f"posting-facts-{run_id}.parquet"
    own = places.filter(pl.col("decided_run_id") == run_id)
    try:
        kept = posting_facts(candidates_in(record / "runs" / run_id / REPLAY))
        kept.with_columns(decided_run_id=pl.lit(run_id)).join(own, on=_PLACE, how="semi").sink_parquet(path)
    except (OSError, pl.exceptions.PolarsError):
        schema = {name: dtype for name, dtype in WITHDRAWAL_SCHEMA.items() if name in (*_PLACE, *POSTING_FACTS)}
        pl.DataFrame(schema=schema).write_parquet(path)
    return path
