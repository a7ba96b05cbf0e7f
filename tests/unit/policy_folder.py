"""A copy of the shipped rules that a test may spoil."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import RulesError
from claims_edit.policy import default_rules_dir, load_catalog

if TYPE_CHECKING:
    from pathlib import Path


class RulesFolder:
    """A rules folder on disk, with the two things that tests do to it."""

    def __init__(self, root: Path) -> None:
        self.root = shutil.copytree(default_rules_dir(), root / "rules")

    def replace(self, file: str, old: str, new: str) -> RulesFolder:
        """Put `new` in place of the first `old`; `old` must be there."""
        text = (self.root / file).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        (self.root / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return self

    def write(self, file: str, text: str) -> RulesFolder:
        """Write a file."""
        (self.root / file).write_text(text, encoding="utf-8")
        return self

    def faults(self) -> tuple[str, ...]:
        """What loading the folder finds."""
        with pytest.raises(RulesError) as caught:
            load_catalog(self.root)
        return caught.value.faults
