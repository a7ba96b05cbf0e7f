"""The mapping: how an extract's own columns become the canonical ones. docs/mapping.md says what its keys mean.

```yaml
preset: tuva                         # a mapping that ships, to start from
delimiter: "|"                       # text extracts only; found from the header otherwise
columns: {claim_id: CLM_ID}          # canonical name: the extract's name, or several to be tried
optional: [plan]                     # columns that an extract may lack though they are named above
constants: {payer: Florida Blue}     # a column that the extract does not have
values: {claim_type: {P: professional, I: institutional}}
date_formats: ["%d-%b-%Y"]           # tried in order after ISO and CCYYMMDD
lines: 13                            # claim lines side by side in a row, whose columns are named with {n}
line_signs: ["TAX_NUM_{n}"]          # further columns that only a used line fills
```
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from claims_edit.columns import COLUMNS
from claims_edit.errors import InputError
from claims_edit.intake.dates import format_pattern
from claims_edit.presets import NAMES, known, preset_text

MOST_LINES = 63  # of a row: their numbers fit the low bits of an ordinal
LINE = "{n}"  # a line's number, in a column's name or by itself
PADDED_LINE = "{nn}"  # the same with two digits

_FAULTS = {
    "extra_forbidden": "no such key of a mapping",
    "string_type": "is not a plain text",
    "dict_type": "is not a mapping of names to values",
    "model_type": "is not a mapping of keys to values",
    "tuple_type": "is not a list",
    "string_too_short": "is empty",
    "string_too_long": "is more than one character",
    "int_type": "is not a whole number",
    "int_parsing": "is not a whole number",
    "greater_than_equal": f"is not between 2 and {MOST_LINES}",
    "less_than_equal": f"is not between 2 and {MOST_LINES}",
}


def in_line(name: str, line: int) -> str:
    """The name that a column has for the line of that number."""
    return name.replace(PADDED_LINE, f"{line:02}").replace(LINE, str(line))


def is_per_line(name: str) -> bool:
    """Whether a column's name stands for one column a line."""
    return LINE in name or PADDED_LINE in name


def column_key(name: str) -> str:
    """What two spellings of a column's name have in common."""
    return name.strip().lower()


Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], BeforeValidator(lambda given: [given] if isinstance(given, str) else given)]
Value = Annotated[str | None, BeforeValidator(lambda given: None if given == "" else given)]


class Mapping(BaseModel):
    """A mapping, read strictly: every scalar is text, unknown keys and unknown columns are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str = ""
    lacks: str = ""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    lines: int | None = Field(default=None, ge=2, le=MOST_LINES)
    line_signs: tuple[Name, ...] = ()
    columns: dict[str, Names] = Field(default={}, validate_default=True)
    optional: tuple[str, ...] = ()
    constants: dict[str, str] = {}
    values: dict[str, dict[str, Value]] = {}
    date_formats: tuple[str, ...] = ()

    @field_validator("columns", "optional", "constants", "values")
    @classmethod
    def _known(cls, value: dict[str, object] | tuple[str, ...]) -> dict[str, object] | tuple[str, ...]:
        unknown = sorted(set(value) - set(COLUMNS))
        if unknown:
            raise ValueError(f"no such column of a claim line: {', '.join(unknown)}")
        return value

    @field_validator("columns")
    @classmethod
    def _numbered(cls, value: dict[str, tuple[str, ...]], info: ValidationInfo) -> dict[str, tuple[str, ...]]:
        nameless = sorted(name for name, names in value.items() if not names)
        if nameless:
            raise ValueError(f"no name of the extract's for {', '.join(nameless)}")
        per_line = sorted(name for name, names in value.items() if any(map(is_per_line, names)))
        alone = [name for name in per_line if name != "claim_line_number" and LINE in value[name]]
        if alone:
            raise ValueError(f"only claim_line_number can be {LINE} itself, not {', '.join(alone)}")
        lines = info.data.get("lines", 0)  # 0 where its own fault is told
        if per_line and lines is None:
            raise ValueError(f"{LINE} in a name needs the key `lines`: {', '.join(per_line)}")
        if lines and "claim_line_number" not in per_line:
            raise ValueError(f'with `lines`, claim_line_number is "{LINE}" or a column with {LINE} in its name')
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

    def names_of(self, column: str) -> tuple[str, ...]:
        """The names under which an extract may have a column of a claim line, in the order in which they are tried."""
        return self.columns.get(column, (column,))

    def numbered_names(self) -> tuple[str, ...]:
        """All names that stand for one column a line."""
        named = (name for names in self.columns.values() for name in names)
        return tuple(name for name in (*named, *self.line_signs) if is_per_line(name) and name != LINE)

    def wanted(self) -> set[str]:
        """The keys of all columns that the mapping looks for, those of one line more than it reads included."""
        plain = {name for column in COLUMNS for name in self.names_of(column) if not is_per_line(name)}
        lines = range(1, (self.lines or 0) + 2)
        return {column_key(name) for name in plain} | {
            column_key(in_line(name, line)) for name in self.numbered_names() for line in lines
        }


class _StrictLoader(yaml.SafeLoader):
    """YAML in which every scalar is text and a key may stand once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002 -- PyYAML's signature
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"key {twice[0]} stands twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


_StrictLoader.yaml_implicit_resolvers = {}


def load_mapping(given: Path | None) -> Mapping:
    """The mapping of a file or a preset; without one, the mapping that changes nothing.

    A name without separator and ending is a preset's; anything else is a file's.

    Raises:
        InputError: there is no such file or preset, or the mapping has faults (all of them, a line each).
    """
    if given is None:
        return Mapping()
    place, text = _read(given)
    content = _parsed(place, text)
    faults = []
    if isinstance(content, dict) and "preset" in content:
        base = content.pop("preset")
        if base in NAMES:
            content = _on_top(content, _parsed(f"preset:{base}", preset_text(base)))
        else:
            faults.append(f"{place}: preset: no such preset. {known()}")
    try:
        mapping = Mapping.model_validate(content or {})
    except ValidationError as error:
        faults += _told(place, error)
    if faults:
        raise InputError(*sorted(faults))
    return mapping


def mapping_record(given: Path | None) -> dict[str, str] | None:
    """How a run's manifest names its mapping: `path` (`preset:NAME` for a preset) and `sha256`.

    A file that starts from a preset has `preset` and `preset_sha256` beside them.

    Raises:
        InputError: there is no such file or preset.
    """
    if given is None:
        return None
    place, text = _read(given)
    record = {"path": place, "sha256": _sha256(text)}
    content = _parsed(place, text)
    if isinstance(content, dict) and (base := content.get("preset")) in NAMES:
        record |= {"preset": str(base), "preset_sha256": _sha256(preset_text(str(base)))}
    return record


def recorded_mapping(record: dict[str, str] | None) -> Mapping:
    """The mapping that a run's manifest names, as it was then.

    Raises:
        InputError: it is gone, or no longer what the run used.
    """
    if record is None:
        return Mapping()
    name = record["path"]
    given = Path(name.removeprefix("preset:"))
    if mapping_record(given) != record:
        raise InputError(f"{name}: the mapping is not what the run used (its SHA-256 differs). Restore it.")
    return load_mapping(given)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _read(given: Path) -> tuple[str, str]:
    """How errors and manifests name a mapping, and its text."""
    name = str(given)
    if name == given.stem:
        if name in NAMES:
            if given.is_file():
                raise InputError(f"{name}: is a preset and a file here. Rename the file, say to {name}.yaml.")
            return f"preset:{name}", preset_text(name)
        if not given.exists():
            raise InputError(f"{name}: no such mapping file, and no such preset. {known()}")
    try:
        return given.as_posix(), given.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{given}: the mapping cannot be read ({reason}). Check the path.") from None


def _parsed(place: str, text: str) -> Any:  # noqa: ANN401 -- whatever YAML holds
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 -- a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise InputError(f"{place}:{line} {problem}. Mend the YAML.") from None


def _on_top(own: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """A preset's content with an own mapping's on top: what stands in the own one wins, column by column."""
    merged = base | own
    for key in ("columns", "constants", "values"):
        above, below = own.get(key, {}), base.get(key, {})
        if isinstance(above, dict):
            merged[key] = below | above
    if isinstance(own_columns := own.get("columns", {}), dict) and isinstance(merged["constants"], dict):
        own_constants = own.get("constants", {})
        merged["constants"] = {
            name: text for name, text in merged["constants"].items() if name in own_constants or name not in own_columns
        }
    if isinstance(optional := own.get("optional", []), list):
        merged["optional"] = [*base.get("optional", []), *optional]
    return merged


def _told(place: str, error: ValidationError) -> list[str]:
    """The faults that pydantic found, one line each."""
    return [
        f"{place}: {'.'.join(str(part) for part in fault['loc']) or 'mapping'}: "
        f"{_FAULTS.get(fault['type'], fault['msg'].removeprefix('Value error, '))}. "
        "See `docs/mapping.md` for what a mapping holds."
        for fault in error.errors(include_input=False, include_url=False)
    ]
