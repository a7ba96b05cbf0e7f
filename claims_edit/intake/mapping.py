"""The mapping: how an extract's own columns become the canonical ones. docs/mapping.md describes its keys.

```yaml
preset: tuva                         # a mapping that ships, to start from
delimiter: "|"                       # text extracts only; found from the header otherwise
columns: {claim_id: CLM_ID}          # canonical name: the extract's name, or several to be tried
optional: [plan]                     # columns that an extract may lack though they are named above
constants: {payer: Florida Blue}     # a column that the extract does not have
values: {claim_type: {P: professional, I: institutional}}
null_values: [NULL, N/A]             # words that are empty; or by column
date_formats: ["%d-%b-%Y"]           # tried in order after ISO and CCYYMMDD
lines: 13                            # claim lines side by side in a row, whose columns are named with {n}
line_signs: ["TAX_NUM_{n}"]          # further columns that only a used line fills
header: false                        # text without a header line: columns are 1, 2, … or have the `names`
names: [REC, CLM_ID]                 # the columns of such a text, in order
fixed_width: {CLM_ID: 1-13}          # the columns of a text without delimiters, by position
record_length: 388                   # how long each of its lines is, or `varies`
skip_rows: 1                         # lines before the header or the first row
skip_footer: 1                       # lines behind the last row
sheet: Claims                        # the sheet of a workbook; else the only one that has values
rows: {REC: [DTL]}                   # rows that are claim lines; all others are skipped and counted
rows_except: {REC: [HDR, TRL]}       # rows that are none
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from claims_edit.columns import COLUMNS, MADE_BY_READERS, ValueKind
from claims_edit.intake.dates import format_pattern
from claims_edit.intake.mapping_keys import (
    EVERY_COLUMN,
    Count,
    LineCount,
    Name,
    Names,
    Positions,
    RecordLength,
    Value,
    WordsByColumn,
    WordsByName,
    YesNo,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

LINE = "{n}"  # a line's number, in a column's name or by itself
PADDED_LINE = "{nn}"  # the same with two digits


def in_line(name: str, line: int) -> str:
    """The name that a column has for the line of that number."""
    return name.replace(PADDED_LINE, f"{line:02}").replace(LINE, str(line))


def is_per_line(name: str) -> bool:
    """Whether a column's name represents one column per line."""
    return LINE in name or PADDED_LINE in name


def column_key(name: str) -> str:
    """What two spellings of a column's name have in common."""
    return name.strip().lower()


def _fits(column: str, word: str | None) -> bool:
    """Whether a mapping's own word has the shape of a column of a claim line; an empty one has any."""
    shape = COLUMNS[column].pattern
    if not word or shape is None:
        return True
    text = word.strip().lower() if COLUMNS[column].kind is ValueKind.KEYWORD else word.strip().upper()
    return re.search(shape, text) is not None


def _refuse_duplicates(names: Iterable[str]) -> None:
    """Names that differ only in how they are written count as one."""
    given = list(names)
    keys = [column_key(name) for name in given]
    if twice := sorted({name for name in given if keys.count(column_key(name)) > 1}):
        raise ValueError(f"duplicate name: {', '.join(twice)}")


class Mapping(BaseModel):
    """A mapping, read strictly: every scalar is text, unknown keys and unknown columns are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str = ""
    lacks: str = ""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    lines: LineCount = None
    line_signs: tuple[Name, ...] = ()
    columns: dict[str, Names] = Field(default={}, validate_default=True)
    optional: tuple[str, ...] = ()
    constants: dict[str, str] = {}
    values: dict[str, dict[str, Value]] = {}
    null_values: WordsByColumn = {}
    date_formats: tuple[str, ...] = ()
    header: YesNo = True
    names: tuple[Name, ...] = Field(default=(), validate_default=True)
    fixed_width: Positions = {}
    record_length: RecordLength = None
    skip_rows: Count = 0
    skip_footer: Count = 0
    sheet: Name | None = None
    rows: WordsByName = {}
    rows_except: WordsByName = {}

    @field_validator("columns", "optional", "constants", "values", "null_values")
    @classmethod
    def _known(
        cls, value: dict[str, object] | tuple[str, ...], info: ValidationInfo
    ) -> dict[str, object] | tuple[str, ...]:
        known = set(COLUMNS) - MADE_BY_READERS | ({EVERY_COLUMN} if info.field_name == "null_values" else set())
        unknown = sorted(set(value) - known)
        if unknown:
            raise ValueError(f"no such column of a claim line: {', '.join(unknown)}")
        return value

    @field_validator("columns")
    @classmethod
    def _numbered(cls, value: dict[str, tuple[str, ...]], info: ValidationInfo) -> dict[str, tuple[str, ...]]:
        nameless = sorted(name for name, names in value.items() if not names)
        if nameless:
            raise ValueError(f"no column of the extract for {', '.join(nameless)}")
        per_line = sorted(name for name, names in value.items() if any(map(is_per_line, names)))
        alone = [name for name in per_line if name != "claim_line_number" and LINE in value[name]]
        if alone:
            raise ValueError(f"only claim_line_number can be {LINE} itself, not {', '.join(alone)}")
        lines = info.data.get("lines", 0)  # 0 where its own fault is reported
        if per_line and lines is None:
            raise ValueError(f"{LINE} in a name needs the key `lines`: {', '.join(per_line)}")
        if lines and "claim_line_number" not in per_line:
            raise ValueError(f'with `lines`, claim_line_number is "{LINE}" or a column with {LINE} in its name')
        return value

    @field_validator("constants")
    @classmethod
    def _constants(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if empty := sorted(name for name, text in value.items() if not text.strip()):
            raise ValueError(f"the value of {', '.join(empty)} is empty")
        if both := sorted(set(value) & set(info.data.get("columns", ()))):
            raise ValueError(f"{', '.join(both)} is under columns too: keep the column or the constant")
        return value

    @field_validator("constants", "values")
    @classmethod
    def _shaped(cls, value: dict[str, Any]) -> dict[str, Any]:
        given = {name: words.values() if isinstance(words, dict) else [words] for name, words in value.items()}
        wrong = [f"{name}: {word}" for name, words in given.items() for word in words if not _fits(name, word)]
        if wrong:
            raise ValueError(f"not a valid value of the column: {', '.join(sorted(wrong))}")
        return value

    @field_validator("names")
    @classmethod
    def _names(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and info.data.get("header"):
            raise ValueError("names are for a text without a header line: add the key `header: false`")
        _refuse_duplicates(value)
        return value

    @field_validator("fixed_width")
    @classmethod
    def _fixed(cls, value: Positions, info: ValidationInfo) -> Positions:
        if value and (info.data.get("delimiter") or info.data.get("names")):
            raise ValueError("a text has positions, or a delimiter and names: keep one of them")
        _refuse_duplicates(value)
        return value

    @field_validator("record_length")
    @classmethod
    def _length(cls, value: RecordLength, info: ValidationInfo) -> RecordLength:
        if value and not info.data.get("fixed_width", True):
            raise ValueError("a record length needs the key `fixed_width`")
        return value

    @field_validator("rows", "rows_except")
    @classmethod
    def _rows(cls, value: WordsByName) -> WordsByName:
        if empty := sorted(name for name, words in value.items() if not words):
            raise ValueError(f"no value for {', '.join(empty)}")
        return value

    @field_validator("line_signs")
    @classmethod
    def _signs(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if any(not is_per_line(name) or name == LINE for name in value):
            raise ValueError(f"a line sign is a column's name with {LINE} in it, such as TAX_NUM_{LINE}")
        if value and info.data.get("lines", 0) is None:
            raise ValueError("line signs need the key `lines`")
        return value

    @field_validator("date_formats")
    @classmethod
    def _formats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            format_pattern(text)
        return value

    def row_columns(self) -> tuple[str, ...]:
        """The extract's columns that select claim lines, each once."""
        return tuple(dict.fromkeys((*self.rows, *self.rows_except)))

    def chooses(self, fields: dict[str, str]) -> bool:
        """Whether a row of these fields is a claim line; one that lacks a field has it empty."""
        only = all(fields.get(name, "").strip() in words for name, words in self.rows.items())
        return only and not any(fields.get(name, "").strip() in words for name, words in self.rows_except.items())

    def empty_words(self, column: str) -> tuple[str, ...]:
        """The words that are empty in a column of a claim line."""
        return (*self.null_values.get(EVERY_COLUMN, ()), *self.null_values.get(column, ()))

    def names_of(self, column: str) -> tuple[str, ...]:
        """The names under which an extract may have a column of a claim line, in the order in which they are tried."""
        return self.columns.get(column, (column,))

    def numbered_names(self) -> tuple[str, ...]:
        """All names that represent one column per line."""
        named = (name for names in self.columns.values() for name in names)
        return tuple(name for name in (*named, *self.line_signs) if is_per_line(name) and name != LINE)

    def wanted(self) -> set[str]:
        """The keys of all columns that the mapping looks for, those of one line more than it reads included."""
        plain = {
            name
            for column in COLUMNS
            if column not in MADE_BY_READERS
            for name in self.names_of(column)
            if not is_per_line(name)
        }
        plain.update(self.row_columns())
        lines = range(1, (self.lines or 0) + 2)
        return {column_key(name) for name in plain} | {
            column_key(in_line(name, line)) for name in self.numbered_names() for line in lines
        }
