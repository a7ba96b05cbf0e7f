"""The record is plain Parquet in hive folders: every reader takes all of it as it comes, without options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from claims_edit.engine import DECISION_SCHEMA
from claims_edit.model import DECISION_COLUMNS, QUARANTINE_COLUMNS
from claims_edit.runner.deciding import RECORDED_QUARANTINE
from tests.functional.program import UNREPORTED, called, csv_text, line, lines, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TABLES = {"decisions": DECISION_COLUMNS, "quarantine": QUARANTINE_COLUMNS}


def of_arrow(table: Any) -> tuple[list[str], list[Any]]:
    return table.column_names, table["run_id"].to_pylist()


def of_polars(frame: pl.DataFrame) -> tuple[list[str], list[Any]]:
    assert frame.schema["run_id"] == pl.String
    return frame.columns, frame["run_id"].to_list()


# pandas reads a folder with `pyarrow.parquet.read_table`; without pandas here, that is what can be tried.
READERS: dict[str, Callable[[Path], tuple[list[str], list[Any]]]] = {
    "pyarrow.parquet": lambda folder: of_arrow(pq.read_table(folder)),
    "pyarrow.dataset": lambda folder: of_arrow(ds.dataset(folder).to_table()),
    "Polars, a folder": lambda folder: of_polars(pl.read_parquet(folder)),
    "Polars, a glob": lambda folder: of_polars(pl.read_parquet(folder / "**/*.parquet")),
    "Polars, the hive key": lambda folder: of_polars(pl.read_parquet(folder, hive_partitioning=True)),
    "DuckDB": lambda folder: of_polars(duckdb.sql(f"FROM read_parquet('{folder}/**/*.parquet')").pl()),
    "DuckDB, no hive key": lambda folder: of_polars(
        duckdb.sql(f"FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = false)").pl()
    ),
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs: with decisions and refused rows, and with neither."""
    folder = tmp_path_factory.mktemp("record")
    rows = [*lines(9), line(10, member_id="")]
    plain = [line(number, hcpcs_code="99213") for number in range(20, 23)]
    for name, content in (("full", rows), ("plain", plain)):
        extract = write(folder / f"{name}.csv", csv_text(content))
        assert called("run", extract, "--out", folder / "out", "--quiet", *UNREPORTED).code == 0
    return folder / "out"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("table", "rows"), [("decisions", 3), ("quarantine", 1)])
def test_every_reader_takes_every_table_as_it_comes(out: Path, table: str, rows: int, reader: str) -> None:
    columns, run_ids = READERS[reader](out / table)
    assert tuple(columns) == TABLES[table]
    assert run_ids == [min(path.name for path in (out / "runs").iterdir())] * rows


@pytest.mark.parametrize(("table", "schema"), [("decisions", DECISION_SCHEMA), ("quarantine", RECORDED_QUARANTINE)])
def test_the_parts_keep_their_types_and_every_other_file_of_a_run_can_be_read(
    out: Path, table: str, schema: dict[str, pl.DataType]
) -> None:
    for part in (out / table).glob("*/*.parquet"):
        assert pl.read_parquet_schema(part) == pl.Schema(schema)
    for file in out.glob("runs/**/*.parquet"):
        assert pq.read_table(file).num_columns == len(pl.read_parquet(file).columns)
