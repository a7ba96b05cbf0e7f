"""Mappings as files: read strictly, on top of a preset, and recorded in a run's manifest."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from claims_edit.errors import InputError, refuse_no_file
from claims_edit.intake.mapping import Mapping
from claims_edit.presets import NAMES, known, preset_text

if TYPE_CHECKING:
    import os

_FAULTS = {
    "extra_forbidden": "no such key of a mapping",
    "string_type": "must be a single value, not a list or a mapping",
    "dict_type": "is not a mapping of names to values",
    "model_type": "is not a mapping of keys to values",
    "tuple_type": "is not a list",
    "string_too_short": "is empty",
    "string_too_long": "is more than one character",
    "int_type": "is not a whole number",
    "int_parsing": "is not a whole number",
    "greater_than_equal": "is less than {ge}",
    "less_than_equal": "is more than {le}",
}


class _StrictLoader(yaml.SafeLoader):
    """YAML in which every scalar is text and keys are unique."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002 -- PyYAML's signature
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"duplicate key {twice[0]}", node.start_mark)
        return super().construct_mapping(node, deep=deep)


_StrictLoader.yaml_implicit_resolvers = {}


def load_mapping(given: str | os.PathLike[str] | None) -> Mapping:
    """The mapping of a file or a preset, by its path or text; without one, the mapping that changes nothing.

    A name without separator and ending is a preset's; anything else is a file's.

    Raises:
        InputError: there is no such file or preset, or the mapping has faults (all of them, a line each).
    """
    if given is None:
        return Mapping()
    place, text = _read(Path(given))
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
        faults += _fault_lines(place, error)
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
        InputError: it is missing, or changed since the run.
    """
    if record is None:
        return Mapping()
    name = record["path"]
    given = Path(name.removeprefix("preset:"))
    if mapping_record(given) != record:
        raise InputError(f"{name}: the mapping changed since the run (its SHA-256 differs). Restore it.")
    return load_mapping(given)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _read(given: Path) -> tuple[str, str]:
    """How errors and manifests name a mapping, and its text."""
    name = str(given)
    try:
        if name == given.stem:
            if name in NAMES:
                if given.is_file():
                    raise InputError(f"{name}: is both a preset and a file here. Rename the file, e.g. to {name}.yaml.")
                return f"preset:{name}", preset_text(name)
            if not given.exists():
                raise InputError(f"{name}: no such mapping file, and no such preset. {known()}")
        refuse_no_file(given)
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
        raise InputError(f"{place}:{line} {problem}. Correct the YAML.") from None


def _on_top(own: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """A preset's content extended with a mapping, which has precedence, column by column."""
    merged = base | own
    for key in ("columns", "constants", "values", "fixed_width"):
        above, below = own.get(key, {}), base.get(key, {})
        if isinstance(above, dict):
            merged[key] = below | above
    for key, other in (("constants", "columns"), ("columns", "constants")):
        below, above, elsewhere = merged[key], own.get(key, {}), own.get(other, {})
        if isinstance(below, dict) and isinstance(elsewhere, dict) and isinstance(above, dict):
            merged[key] = {name: text for name, text in below.items() if name in above or name not in elsewhere}
    if isinstance(optional := own.get("optional", []), list):
        merged["optional"] = [*base.get("optional", []), *optional]
    return merged


def _fault_lines(place: str, error: ValidationError) -> list[str]:
    """The faults that pydantic found, one line each."""
    return [
        f"{place}: {'.'.join(str(part) for part in fault['loc']) or 'mapping'}: "
        f"{_fault(fault['type'], fault['msg'], fault.get('ctx', {}))}. "
        "See `docs/mapping.md` for the keys of a mapping."
        for fault in error.errors(include_input=False, include_url=False)
    ]


def _fault(kind: str, message: str, context: dict[str, Any]) -> str:
    return _FAULTS[kind].format(**context) if kind in _FAULTS else message.removeprefix("Value error, ")
