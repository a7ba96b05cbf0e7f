"""CSV for people: lists joined with a pipe, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import polars as pl

from claims_edit.errors import UsageError

if TYPE_CHECKING:
    from claims_edit.store import Answer

LIST_SEPARATOR = "|"
# OWASP, CSV Injection: the first characters of a formula in spreadsheets, full-width ones included.
_FORMULA_START = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"


def write_csv(answer: Answer, target: IO[bytes]) -> None:
    """Write the header and all rows as UTF-8."""
    for number, batch in enumerate(answer.batches()):
        write_frame(batch, target, header=number == 0)


def write_frame(frame: pl.DataFrame, target: IO[bytes], *, header: bool = True) -> None:
    """Write the rows of one frame."""
    try:
        text = cells_of(frame).write_csv(include_header=header)
    except pl.exceptions.ComputeError:
        raise UsageError("sql: a column of the result has no CSV form. Cast it to VARCHAR, or use json.") from None
    # Written here and not by Polars, which raises its own kind of error when the reader has closed the pipe.
    target.write(text.encode())


def cells_of(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows as their cells in CSV, for `write_csv` of Polars: lists are text, and no text is a formula."""
    return frame.select(_cell(name, dtype).alias(name) for name, dtype in frame.schema.items())


def _cell(name: str, dtype: pl.DataType) -> pl.Expr:
    cell = pl.col(name)
    match dtype:
        case pl.String() | pl.Categorical() | pl.Enum():
            return defused(cell.cast(pl.String))
        case pl.List(inner=pl.List() | pl.Struct() | pl.Array()):
            return pl.struct(name).struct.json_encode()
        case pl.List() | pl.Array():
            return defused(cell.cast(pl.List(pl.String)).list.join(LIST_SEPARATOR))
        case pl.Struct():
            return cell.struct.json_encode()
        case pl.Binary():
            return cell.bin.encode("hex")
        case _:
            return cell


def defused(text: pl.Expr) -> pl.Expr:
    """The text, with an apostrophe in front if a spreadsheet would run it."""
    return pl.when(text.str.contains(_FORMULA_START)).then(pl.lit("'") + text).otherwise(text)
