"""The built-in mappings, each a YAML file next to this module, with its name for `--mapping`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from claims_edit.errors import UsageError

FOLDER = Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@dataclass(frozen=True)
class Preset:
    """A built-in mapping: its name, its purpose, and the facts that its extracts lack; a line each."""

    name: str
    about: str
    lacks: str


def preset_text(name: str) -> str:
    """The YAML of a preset.

    Raises:
        UsageError: the preset does not exist.
    """
    if name not in NAMES:
        raise UsageError(f"mapping {name}: no such preset. {known()}")
    return (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def known() -> str:
    """A sentence that names the presets, for errors."""
    return f"The presets are {', '.join(NAMES)}."


def presets() -> list[Preset]:
    """Every preset, by name."""
    found = {name: yaml.load(preset_text(name), Loader=yaml.BaseLoader) for name in NAMES}  # noqa: S506 -- text only
    return [Preset(name, content["about"], content["lacks"]) for name, content in found.items()]
