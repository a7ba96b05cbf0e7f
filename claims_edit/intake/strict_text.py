"""Text extracts, split by DuckDB's strict reader: no bad line is dropped, and none is fatal (see ADR 0003)."""

from __future__ import annotations

import os
from copy import copy
from typing import TYPE_CHECKING, Self

import duckdb
import polars as pl

from claims_edit.duck import connect, literal
from claims_edit.errors import InputError
from claims_edit.intake.extract import ORDINAL, REJECTS_SCHEMA, Extract
from claims_edit.intake.files import Compression
from claims_edit.intake.gathering import gathered
from claims_edit.intake.quote_repair import (
    MARK,
    blank_lines_before,
    check_line_lengths,
    cut_lines,
    one_line_end,
    plain_copy,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.body import Body
    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.layout import Layout

MEMORY = 200  # megabytes
THREADS = 4  # more of them read no faster, and each takes its share of the memory
REJECT_CHECKS = {
    "MISSING COLUMNS": "row-missing-columns",
    "TOO MANY COLUMNS": "row-too-many-columns",
    "UNQUOTED VALUE": "row-bad-quoting",
    "INVALID ENCODING": "row-bad-encoding",
    "LINE SIZE OVER MAXIMUM": "row-too-long",
}
TOO_LONG = "row-too-long"
LONGEST_READ = 2_000_000  # bytes of a line that DuckDB reads by default
DOUBLE = '"'
SWALLOWING = ("UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM")
MOST_REPAIRS = 50
TEXT_WIDTH = 2  # text takes about twice the room of typed columns


def quoted(text: str, quote: str = "'") -> str:
    """An SQL literal, or with a double quote an SQL name."""
    return quote + text.replace(quote, quote * 2) + quote


class TextExtract(Extract):
    """What delimited text and NDJSON share: DuckDB's CSV reader and its rejects table."""

    def __init__(self, file: SourceFile, layout: Layout, scratch: Path, body: Body | None = None) -> None:
        """Keep the scratch folder; nothing is read yet. Of a text whose mapping skips lines, `body` is read."""
        super().__init__(file, layout)
        self._scratch = scratch
        self._body = body
        if body is not None:
            self._path = body.path
        else:
            self._path = file.path if file.encoding == "utf-8" else plain_copy(file, scratch)
        self._bad = pl.DataFrame(schema=REJECTS_SCHEMA)
        self._swallowing: list[int] = []
        self._may_mix_line_ends = True
        self._mixes_line_ends = False
        self._cut: list[str] = []
        self._header_lines = 0
        self._repairs = 0
        self._aside: list[pl.DataFrame] = []
        if "\r" in file.head and "\n" not in file.head:
            self._path = one_line_end(self._plain(), scratch / f"{file.path.stat().st_ino}.lines")

    def read_csv(self, columns: list[str], **options: str) -> str:
        """The FROM item that splits the file into `columns`, all text."""
        types = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in columns)
        options_text = ", ".join(f"{name}={value}" for name, value in options.items())
        return (
            f"read_csv({quoted(literal(self._path))}, columns={{{types}}}, auto_detect=false, {options_text}, "
            f"compression={quoted(self.file.compression if self._path == self.file.path else Compression.NONE)}, "
            "strict_mode=true, store_rejects=true, rejects_limit=0, hive_partitioning=false)"
        )

    def room(self) -> tuple[int, int]:
        """The memory in megabytes and the threads that DuckDB gets for reading."""
        return MEMORY, min(THREADS, os.cpu_count() or 1)

    def stream(self, select: str, rows: int) -> Iterator[pl.DataFrame]:
        """The query's rows in file order; after that, the rejects are available."""
        check_line_lengths(self.file, self._path)
        with connect() as connection:
            memory, threads = self.room()
            connection.execute(f"SET memory_limit='{memory}MB'")
            connection.execute(f"SET threads={threads}")
            connection.execute("SET streaming_buffer_size='20MB'")
            connection.execute("SET arrow_output_version='1.5'")
            connection.execute("SET produce_arrow_string_view=true")
            connection.execute(f"SET temp_directory={quoted(str(self._scratch))}")
            try:
                yield from gathered(map(pl.DataFrame, connection.sql(select).to_arrow_reader(rows)), rows // TEXT_WIDTH)
                self._bad = self._read_rejects(connection)
            except (duckdb.Error, OSError) as error:  # of a later batch, DuckDB's error comes as Arrow's
                if not self._may_mix_line_ends or "state machine" not in str(error):
                    raise self._unreadable(error) from None
                self._mixes_line_ends = True

    def _read_rejects(self, connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
        """DuckDB's rejects by row; where it lost the end of a row, only the position is stored, for `restart`."""
        found = pl.DataFrame(
            connection.sql(
                "SELECT line::BIGINT AS line, min(error_type::VARCHAR) AS kind, min(csv_line) AS text, "
                "min(byte_position)::BIGINT AS position, bool_or(error_type::VARCHAR IN $swallowing) AS swallowing "
                "FROM reject_errors GROUP BY line ORDER BY line",
                params={"swallowing": list(SWALLOWING)},
            ).to_arrow_table()
        )
        self._swallowing = found.filter("swallowing")["position"].to_list()
        if found.is_empty() or self._swallowing:
            return self._bad.clear()
        blanks = blank_lines_before(self._plain(), found["position"].to_list())
        text, is_cut = self._uncut(pl.col("text").cast(pl.String).str.strip_chars("\r\n"))
        kind = pl.col("kind").replace_strict(REJECT_CHECKS, default="row-unreadable", return_dtype=pl.String)
        return found.with_columns(pl.Series("blank", blanks, dtype=pl.Int64)).select(
            (pl.col("line") - pl.col("blank") - self._header_lines).alias("source_row"),
            pl.when(is_cut & (text.str.len_bytes() > LONGEST_READ))
            .then(pl.lit(TOO_LONG))
            .when(is_cut)
            .then(pl.lit(REJECT_CHECKS["UNQUOTED VALUE"]))
            .otherwise(kind)
            .alias("check"),
            text.alias("text"),
        )

    def _uncut(self, text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
        """A line's text, also if a mark replaces it; and whether one does."""
        place = text.str.extract(f"^{MARK}([0-9]+){MARK}$").cast(pl.Int64)
        cut = pl.lit(pl.Series(self._cut, dtype=pl.String)).gather(place, null_on_oob=True)
        return pl.coalesce(cut, text), place.is_not_null()

    def _plain(self) -> Path:
        """What is read, as uncompressed UTF-8."""
        return self._path if self._path != self.file.path else plain_copy(self.file, self._scratch)

    def _unreadable(self, error: Exception) -> InputError:
        """DuckDB's message may quote a row, so only its kind is shown."""
        reason = (
            "the compressed stream is cut off or damaged" if "stream" in str(error).lower() else type(error).__name__
        )
        return InputError(f"{self.file.path}: cannot be read to its end ({reason}). Ask the sender to resend it.")

    def set_aside(self, rows: pl.DataFrame, check: str) -> None:
        """Keep rows (ORDINAL, text) that DuckDB split and that are none, for `rejects`."""
        if rows.height:
            self._aside.append(rows.select(ORDINAL, pl.lit(check).alias("check"), "text"))

    def filtered(self) -> int:
        """See Extract: the lines that the mapping skips."""
        return len(self._body.before) + len(self._body.behind) if self._body is not None else 0

    def rejects(self) -> pl.DataFrame:
        """See Extract."""
        skipped = self._bad.with_columns(pl.col("source_row") + self._skipped())
        if not self._aside:
            return skipped
        text, is_cut = self._uncut(pl.col("text"))
        placed = (
            pl.concat(self._aside)
            .sort(ORDINAL)
            .join_asof(self.source_row(), left_on=ORDINAL, right_on="after", allow_exact_matches=False)
            .select(
                (pl.col(ORDINAL) + pl.col("shift")).alias("source_row"),
                pl.when(is_cut).then(pl.lit(TOO_LONG)).otherwise("check").alias("check"),
                text.alias("text"),
            )
        )
        return pl.concat([skipped, placed]).sort("source_row")

    def restart(self) -> Self | None:
        """See Extract."""
        if not self._swallowing and not self._mixes_line_ends:
            return None
        if self._repairs == MOST_REPAIRS:
            raise InputError(
                f"{self.file.path}: quotes are opened but not closed in more than {MOST_REPAIRS} places. "
                "Ask the sender for an extract with every quote in a value doubled."
            )
        again = copy(self)
        again._path = self._scratch / f"{self.file.path.stat().st_ino}-{self._repairs}.repaired"  # noqa: SLF001 -- its own kind
        if self._mixes_line_ends:
            one_line_end(self._plain(), again._path)  # noqa: SLF001
        else:
            cut_lines(self._plain(), again._path, self._swallowing, self._cut, self.file.path)  # noqa: SLF001
        again._forget_faults()  # noqa: SLF001
        if self._repairs:
            self._path.unlink()
        return again

    def _forget_faults(self) -> None:
        self._repairs, self._swallowing, self._aside = self._repairs + 1, [], []
        self._may_mix_line_ends = self._may_mix_line_ends and not self._mixes_line_ends
        self._mixes_line_ends = False

    def source_row(self) -> pl.DataFrame:
        """See Extract: each rejected row moves those behind it down by one, and so do lines that are skipped."""
        shifts = self._bad.select(
            after=pl.col("source_row") - pl.int_range(1, pl.len() + 1), shift=pl.int_range(1, pl.len() + 1)
        )
        moved = pl.concat([super().source_row(), shifts]).group_by("after").agg(pl.col("shift").max()).sort("after")
        return moved.with_columns(pl.col("shift") + self._skipped())

    def _skipped(self) -> int:
        """The number of rows of the lines before the body."""
        return len(self._body.before) if self._body is not None else 0
