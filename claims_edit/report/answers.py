"""Query results in the formats for people and programs."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from claims_edit.errors import UsageError
from claims_edit.report.csv_format import write_csv
from claims_edit.report.json_format import write_json
from claims_edit.report.parquet_format import write_parquet
from claims_edit.report.table_format import write_table

if TYPE_CHECKING:
    from claims_edit.store import Answer

ANSWER_FORMATS = {"table": write_table, "csv": write_csv, "json": write_json, "parquet": write_parquet}


def write_answer(answer: Answer, fmt: str, target: IO[bytes]) -> None:
    """Write an answer to an open binary stream (`sys.stdout.buffer`, or a file opened with `wb`).

    Raises:
        UsageError: no such format, or the query fails.
    """
    if fmt not in ANSWER_FORMATS:
        raise UsageError(f"--format {fmt}: not available. Use one of {', '.join(ANSWER_FORMATS)}.")
    ANSWER_FORMATS[fmt](answer, target)
