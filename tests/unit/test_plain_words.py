"""Texts and names use the words of a claims operation: a private dialect grew once, and must not grow again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = ("claims_edit", "rules", "docs", "README.md", "GLOSSARY.md", "CONTRIBUTING.md")
SUFFIXES = {".py", ".yaml", ".md", ".j2"}
UNWANTED = re.compile(
    r"\b(told|mend(s|ed|ing)?|spoke|stands (in|twice|for)|in (its|their|the) stead|comes? out otherwise"
    r"|take it out|is no key of|speaks? of|at hand|beforehand)\b",
    re.IGNORECASE,
)


def files() -> list[Path]:
    found = (
        path for place in PLACES for path in ([ROOT / place] if (ROOT / place).is_file() else (ROOT / place).rglob("*"))
    )
    return sorted(path for path in found if path.suffix in SUFFIXES)


def unwanted(text: str) -> list[str]:
    """Each unwanted word with its line."""
    return [f"line {text.count(chr(10), 0, hit.start()) + 1}: {hit[0]}" for hit in UNWANTED.finditer(text)]


@pytest.mark.parametrize(
    "text", ["Mend the file.", "All faults are told at once.", "the key stands twice", "is at hand"]
)
def test_the_dialect_is_recognized(text: str) -> None:
    assert unwanted(text)


def test_everything_written_is_plain() -> None:
    found = {str(path.relative_to(ROOT)): unwanted(path.read_text(encoding="utf-8")) for path in files()}
    assert not {path: words for path, words in found.items() if words}
    assert len(found) > 300
