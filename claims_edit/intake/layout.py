"""How one extract's columns become the canonical ones: names, constants, and what must be there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from claims_edit.columns import COLUMNS, MADE_BY_READERS, REQUIRED
from claims_edit.errors import InputError
from claims_edit.intake.mapping import LINE, column_key, in_line, is_per_line
from claims_edit.intake.misspelt import doubtful, misspelt

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.intake.mapping import Mapping


NO_VALUE = {"", "__HIVE_DEFAULT_PARTITION__"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_ ./()#-]{0,59}")
MOST_SHOWN = 60
ROW = "__row_"


def partition_of(path: Path) -> dict[str, str | None]:
    """The columns that the folders of a file's path give, in their order; a default partition's is null.

    Raises:
        InputError: two folders give one column different values.
    """
    found: dict[str, str | None] = {}
    keys: dict[str, str] = {}
    for folder in path.absolute().parent.parts:
        name, equals, text = folder.partition("=")
        if not equals or not name:
            continue
        column = unquote(name)
        value = None if text in NO_VALUE else unquote(text)
        first = keys.setdefault(column_key(column), column)
        if found.setdefault(first, value) != value:
            raise InputError(f"{path}: two folders give {column} different values. Rename one of them.")
    return found


@dataclass(frozen=True)
class Layout:
    """Where each canonical column comes from: a column of the extract, or a constant.

    Attributes:
        sources: canonical name → the extract's column. Where rows have several lines, the columns of each line are
            under `of_line(name, line)`.
        constants: canonical name → the value of every row.
        lines: how many claim lines are side by side in a row; 0 if a row is a line.
        per_line: canonical name → the mapping's name for its column a line (with {n}).
        signs: the names of further columns that only show whether a line is used, one per line.
        agreeing: canonical name → the folder's value of a column that is also in the file.
        row_constants: a column that selects claim lines → the folder's value of it.
        ignored: columns of the extract that nothing asks for.
        doubtful: those of them whose names are near that of a canonical column that the extract lacks.
    """

    sources: dict[str, str]
    constants: dict[str, str | None]
    lines: int = 0
    per_line: dict[str, str] = field(default_factory=dict)
    signs: tuple[str, ...] = ()
    agreeing: dict[str, str | None] = field(default_factory=dict)
    row_constants: dict[str, str | None] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The canonical columns that the extract has, in the registry's order."""
        had = {*self.sources, *self.constants, *self.per_line}
        return tuple(name for name in COLUMNS if name in had)

    def of_one_line(self) -> Layout:
        """The same after each line has its own row."""
        sources = self.sources | self.per_line
        own = {name: sources[name] for name in COLUMNS if name in sources}
        return Layout(own, self.constants, ignored=self.ignored)


def of_line(name: str, line: int) -> str:
    """The name of a canonical column in a frame whose rows have several lines."""
    return f"{name}__{line}"


def column_of_line(name: str) -> str:
    """The canonical column that `of_line` named."""
    return name.rpartition("__")[0] or name


def resolve(path: Path, found: list[str], mapping: Mapping, *, sparse: bool = False, partial: bool = False) -> Layout:
    """The layout of an extract whose columns are `found` (names match without regard to case).

    The folders of its path may give columns too (see partition_of), for all rows the same.

    Args:
        path: names the extract in errors.
        found: its columns.
        mapping: what is looked for.
        sparse: whether a column that no row fills is not among `found`, so that a line may lack some.
        partial: whether required columns may be missing.

    Raises:
        InputError: column names repeat, a mapped column is not there, or a required one is missing.
    """
    by_key = _by_key(path, found)
    folders = {column_key(name): value for name, value in partition_of(path).items()}
    given = {*by_key, *folders}
    lines = _lines_in(by_key, mapping)
    layout = Layout({}, dict(mapping.constants), lines, signs=_signs(mapping))
    faults = []
    for name in COLUMNS:
        if name in mapping.constants or name in MADE_BY_READERS:
            continue
        names = mapping.names_of(name)
        plain = next((wanted for wanted in names if column_key(wanted) in given), None)
        numbered = _numbered(names, by_key, lines)
        if plain and numbered:
            faults.append(f"the mapping takes {name} from {plain} or from {numbered}, but the extract has both")
        elif plain:
            _add_plain(layout, name, column_key(plain), by_key, folders)
        elif numbered:
            layout.per_line[name] = numbered
        elif name in mapping.columns and name not in mapping.optional:
            faults.append(f"the mapping takes {name} from {_either(names)}, which is not in the extract")
    faults += _add_lines(layout, by_key, mapping, sparse=sparse)
    faults += _add_row_columns(layout, by_key, folders, mapping, sparse=sparse)
    required = () if partial else REQUIRED
    faults += [f"no column {' or '.join(group)}" for group in required if not set(group) & set(layout.columns)]
    if faults:
        raise InputError(f"{path}: {'; '.join(faults)}. {_found(found)}")
    used = set(layout.sources.values())
    unread = tuple(name for name in found if name not in used and NAME.fullmatch(name.strip()))
    absent = [name for name in COLUMNS if name not in layout.columns and name not in MADE_BY_READERS]
    if slips := misspelt(unread, absent):
        shown = "; ".join(f"column {name.strip()} looks like {meant}" for name, meant in slips.items())
        raise InputError(f"{path}: {shown}. Correct the name, or name the column in a --mapping file.")
    return replace(layout, ignored=unread, doubtful=doubtful(unread, absent))


def _signs(mapping: Mapping) -> tuple[str, ...]:
    return tuple(f"__sign_{place}" for place in range(len(mapping.line_signs)))


def _add_plain(layout: Layout, name: str, key: str, by_key: dict[str, str], folders: dict[str, str | None]) -> None:
    """Add a column that is the same for all lines of a row: the file's, or that of its folder, or both."""
    if key in by_key:
        layout.sources[name] = by_key[key]
        if key in folders:
            layout.agreeing[name] = folders[key]
    else:
        layout.constants[name] = folders[key]


def row_column(mapping: Mapping, name: str) -> str:
    """The name in a frame of a column that selects claim lines."""
    return f"{ROW}{mapping.row_columns().index(name)}"


def is_row_column(name: str) -> bool:
    """Whether a column of a frame only selects claim lines."""
    return name.startswith(ROW)


def _add_row_columns(
    layout: Layout, by_key: dict[str, str], folders: dict[str, str | None], mapping: Mapping, *, sparse: bool
) -> list[str]:
    """Add the columns that select claim lines; returns the faults found."""
    faults = []
    for name in mapping.row_columns():
        key = column_key(name)
        if key in by_key:
            layout.sources[row_column(mapping, name)] = by_key[key]
        elif key in folders:
            layout.row_constants[name] = folders[key]
        elif not sparse:
            faults.append(f"the mapping selects rows by {name}, which is not in the extract")
    return faults


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _lines_in(by_key: dict[str, str], mapping: Mapping) -> int:
    """The highest line of a row that has a column; 0 where a row is a line."""
    if mapping.lines is None:
        return 0
    named = mapping.numbered_names()
    found = (line for line in range(mapping.lines, 0, -1) if any(column_key(in_line(n, line)) in by_key for n in named))
    return next(found, 0)


def _numbered(names: tuple[str, ...], by_key: dict[str, str], lines: int) -> str | None:
    """The first of the names with {n} that the extract has for its first line, else for any line."""
    named = [name for name in names if is_per_line(name)]
    for line in range(1, lines + 1):
        for name in named:
            if name == LINE or column_key(in_line(name, line)) in by_key:
                return name
    return None


def _add_lines(layout: Layout, by_key: dict[str, str], mapping: Mapping, *, sparse: bool) -> list[str]:
    """Add the columns of each line to the layout's sources; the faults found on the way."""
    if not layout.lines:
        return []
    named = {name: wanted for name, wanted in layout.per_line.items() if wanted != LINE}
    named |= dict(zip(layout.signs, mapping.line_signs, strict=True))
    faults = []
    for name, wanted in named.items():
        keys = {line: column_key(in_line(wanted, line)) for line in range(1, layout.lines + 1)}
        layout.sources.update({of_line(name, line): by_key[key] for line, key in keys.items() if key in by_key})
        lacking = [str(line) for line, key in keys.items() if key not in by_key]
        if lacking and not sparse:
            faults.append(f"the mapping takes {wanted} from the extract, but line {', '.join(lacking)} lacks it")
        beyond = column_key(in_line(wanted, (mapping.lines or 0) + 1))
        if beyond in by_key:
            faults.append(f"the mapping reads {mapping.lines} lines per row, but the extract has {by_key[beyond]}")
    return faults


def _by_key(path: Path, found: list[str]) -> dict[str, str]:
    by_key: dict[str, str] = {}
    twice = set()
    for name in found:
        key = column_key(name)
        if key and key in by_key:
            twice.add(name)
        by_key.setdefault(key, name)
    if twice:
        shown = sorted(name for name in twice if NAME.fullmatch(name.strip()))
        which = ", ".join(shown) if shown else "check that the file is a table"
        raise InputError(f"{path}: duplicate column names: {which}. Rename or drop one of each.")
    return by_key


def _found(names: list[str]) -> str:
    """The columns that an extract has, for an error; what does not look like names may be a claim, and is not shown."""
    named = [name.strip() for name in names if NAME.fullmatch(name.strip())]
    if len(named) < 0.9 * len(names):
        return (
            "Its first line holds no names of columns: check that the file is a table, and whole. Of a file without a "
            "header line, give `header: false` and the columns in a --mapping file; of one with a header record, "
            "skip_rows or rows."
        )
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return f"Found: {', '.join(named[:MOST_SHOWN])}{more}. Name the columns in a --mapping file."
