"""The mapping file: how an extract's own columns become the canonical ones.

```yaml
delimiter: "|"                       # text extracts only; found from the header otherwise
columns: {claim_id: CLM_ID}          # canonical name: the extract's name
constants: {payer: Florida Blue}     # a column that the extract does not have
values: {claim_type: {P: professional, I: institutional}}
date_formats: ["%d-%b-%Y"]           # tried after ISO and CCYYMMDD
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from claims_edit.columns import COLUMNS
from claims_edit.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


_FAULTS = {
    "extra_forbidden": "no such key of a mapping",
    "string_type": "is not a plain text",
    "dict_type": "is not a mapping of names to values",
    "model_type": "is not a mapping of keys to values",
    "tuple_type": "is not a list",
    "string_too_short": "is empty",
    "string_too_long": "is more than one character",
}


class Mapping(BaseModel):
    """A mapping, read strictly: every scalar is text, unknown keys and unknown columns are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    date_formats: tuple[str, ...] = ()

    @field_validator("columns", "constants", "values")
    @classmethod
    def _known(cls, value: dict[str, object]) -> dict[str, object]:
        unknown = sorted(set(value) - set(COLUMNS))
        if unknown:
            raise ValueError(f"no such column of a claim line: {', '.join(unknown)}")
        return value

    @field_validator("date_formats")
    @classmethod
    def _formats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any("%" not in text for text in value):
            raise ValueError("a date format is written with % directives, such as %d-%b-%Y")
        return value


class _StrictLoader(yaml.SafeLoader):
    """YAML in which every scalar is text and a key may stand once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002 -- PyYAML's signature
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"key {twice[0]} stands twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


_StrictLoader.yaml_implicit_resolvers = {}


def load_mapping(path: Path | None) -> Mapping:
    """The mapping of a file; without one, the mapping that changes nothing.

    Raises:
        InputError: the file cannot be read or has faults (all of them, a line each).
    """
    if path is None:
        return Mapping()
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 -- a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{path}: the mapping cannot be read ({reason}). Check the path.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise InputError(f"{path}:{line} {problem}. Mend the YAML.") from None
    try:
        return Mapping.model_validate(content or {})
    except ValidationError as error:
        faults = (
            f"{path}: {'.'.join(str(part) for part in fault['loc']) or 'mapping'}: "
            f"{_FAULTS.get(fault['type'], fault['msg'].removeprefix('Value error, '))}. "
            "See `docs/mapping.md` for what a mapping holds."
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise InputError(*sorted(faults)) from None
