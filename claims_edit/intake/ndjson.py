"""Newline-delimited JSON, split into lines by the same strict reader as delimited text (see ADR 0003)."""

from __future__ import annotations

import json
from copy import copy
from typing import TYPE_CHECKING, Self

import polars as pl

from claims_edit.columns import COLUMNS
from claims_edit.intake.canonical import CODE_LISTS
from claims_edit.intake.extract import FAULT, ORDINAL
from claims_edit.intake.layout import column_of_line, resolve
from claims_edit.intake.mapping import column_key
from claims_edit.intake.strict_text import TextExtract, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.mapping import Mapping

BAD_JSON, BAD_FIELD = "row-bad-json", "row-bad-field"
NOT_PLAIN = r":\s*(\{|\[|true|false)"  # in the line of an object with a value that is not text, a number or null
LINE = "__line"
KEY_LINES = 1000  # lines of NDJSON to find an extract's keys
OBJECTS = 2048  # how many objects a thread of DuckDB takes apart at a time
ROOM = 30  # bytes that it needs for a byte of them
MOST_MEMORY = 400  # megabytes for all threads but one


class JsonLinesExtract(TextExtract):
    """Newline-delimited JSON, one object a line; a number is read as its text, and other values are refused."""

    def __init__(self, file: SourceFile, mapping: Mapping, scratch: Path) -> None:
        """The columns are the keys of the first lines; `restart` adds later ones."""
        self._keys, self._mapping = self._first_keys(file), mapping
        super().__init__(file, resolve(file.path, self._keys, mapping, sparse=True), scratch)
        self._key_lists: set[str] = set()

    @staticmethod
    def _first_keys(file: SourceFile) -> list[str]:
        """The keys of the first lines, in the order in which they come."""
        found: dict[str, None] = {}
        for line in file.head.splitlines()[:KEY_LINES]:
            try:
                content = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(content, dict):
                found.update(dict.fromkeys(content))
        return list(found)

    def room(self) -> tuple[int, int]:
        """See TextExtract: as many threads as have room, for lines as long as the longest of the first."""
        memory, threads = super().room()
        longest = max(map(len, self.file.head.splitlines()), default=0)
        needed = 1 + longest * OBJECTS * ROOM // 1_000_000
        threads = max(1, min(threads, MOST_MEMORY // needed))
        return memory + threads * needed, threads

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract; an empty line is not a row."""
        lines = self.read_csv([LINE], delim="chr(1)", quote="''", escape="''", header="false")
        paths = ", ".join(quoted(_pointer(source)) for source in self.layout.sources.values())
        query = (
            f"SELECT {LINE}, CASE WHEN json_valid({LINE}) THEN json_type({LINE}) = 'OBJECT' ELSE false END AS __good, "  # noqa: S608 -- pointers are quoted
            f"CASE WHEN __good THEN json_extract_string({LINE}, [{paths}]) END AS __values, "
            f"CASE WHEN __good AND regexp_matches({LINE}, {quoted(NOT_PLAIN)}) THEN json_type({LINE}, [{paths}]) END "
            f"AS __types, "
            f"CASE WHEN __good THEN to_json(json_keys({LINE}))::VARCHAR END AS __keys FROM {lines}"
        )
        seen = 0
        for frame in self.stream(query, rows):
            numbered = frame.with_columns(pl.int_range(seen + 1, seen + frame.height + 1).alias(ORDINAL))
            seen += frame.height
            self._key_lists.update(frame["__keys"].drop_nulls().unique())
            bad = numbered.filter(~pl.col("__good") & (pl.col(LINE).str.strip_chars() != ""))
            self.set_aside(bad.rename({LINE: "text"}), BAD_JSON)
            values = pl.col("__values").list
            yield numbered.filter("__good").select(
                *(values.get(place).alias(name) for place, name in enumerate(self.layout.sources)),
                ORDINAL,
                self._fault(numbered).alias(FAULT),
            )

    def _fault(self, frame: pl.DataFrame) -> pl.Expr:
        """The columns that hold a list, an object or a boolean in place of a text or number, as failed checks."""
        if frame["__types"].null_count() == frame.height:
            return pl.lit(None, pl.String)
        odd = [
            pl.when(pl.col("__types").list.get(place).is_in(kinds)).then(pl.lit(f"{BAD_FIELD}:{column_of_line(name)}"))
            for place, name in enumerate(self.layout.sources)
            if (kinds := self._refused_types(column_of_line(name)))
        ]
        names = pl.concat_str(*odd, separator=" ", ignore_nulls=True)
        return pl.when(names != "").then(names)

    def _refused_types(self, name: str) -> tuple[str, ...]:
        """The JSON types that a column may not have; a list of codes is text that names them all."""
        column = COLUMNS.get(name)
        if column is None or not column.decides:
            return ()
        boolean = () if name in self._mapping.values else ("BOOLEAN",)
        return ("OBJECT", *boolean) if name in CODE_LISTS else ("OBJECT", "ARRAY", *boolean)

    def restart(self) -> Self | None:
        """See Extract; a claim line of an extract that leaves out empty values may bring a column late."""
        late = self._late_keys()
        again = super().restart() or (copy(self) if late else None)
        if again is not None:
            again._look_for(late)  # noqa: SLF001 -- its own kind
        return again

    def _look_for(self, late: list[str]) -> None:
        """Start over with more keys; nothing is changed in place, for the extract copied from has the same lists."""
        self._keys = self._keys + late
        self.layout = resolve(self.file.path, self._keys, self._mapping, sparse=True)
        self._key_lists, self._aside = set(), []

    def _late_keys(self) -> list[str]:
        """The keys of claim-line columns that the first lines did not have."""
        wanted = self._mapping.wanted()
        found = {key for keys in self._key_lists for key in json.loads(keys)}
        return sorted(key for key in found - set(self._keys) if column_key(key) in wanted)


def _pointer(key: str) -> str:
    """A JSON pointer (RFC 6901) to a key of an object, whatever its characters."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def open_extract(file: SourceFile, mapping: Mapping, scratch: Path) -> JsonLinesExtract:
    """See Reader."""
    return JsonLinesExtract(file, mapping, scratch)
