"""Texts and names use the words of a claims operation: a private dialect grew once, and must not grow again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = (
    *("claims_edit", "rules", "docs", "tests", "sample_claims", "bench", "examples", "Makefile", "pyproject.toml"),
    *("mkdocs.yml", "README.md", "GLOSSARY.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "Dockerfile"),
)
SUFFIXES = {".py", ".yaml", ".yml", ".md", ".j2", ".txt", ".toml", ".sql", ".css", ".js"}
UNWANTED = re.compile(
    r"\b((un)?told|(un)?said|spoken?|speak(s|ing)?|stands?(?!-)|stood|standing|mend(s|ed|ing)?|stead|settling"
    r"|settled by the claim|verdicts?|judge[sd]?(?!-)|judging|tall(y|ies|ied)|outlook|straddl(es?|ed|ing)|at hand"
    r"|beforehand|c[ao]mes? out otherwise|take it out|is no key of|declared nowhere|in no scenario|no end given"
    r"|is no ground|was out (on|from)|informs only|on the word of|holds the service to be|payer not on file|too thin"
    r"|members? may be billed|edits? (that )?hits?|control sums|claim-line contract|ask again"
    r"|(held|holds?( \w+)?) to the contract)\b|design(\.md| §)"
)
QUOTED = ("rules/", "tests/golden/expected/")  # these have words of policy documents, and keys of rule files
BRITISH = re.compile(
    r"colour|neighbour|behaviour|favour|labell(ed(?!by)|ing)|catalogue|licence|defence|judgement|artefact"
    r"|(recogn|organ|normal|canonical|summar|parametr|general|optim|minim|maxim|serial|initial|custom|author)is(e|ing)"
    r"|\b((re)?spelt|spoilt|learnt|analyse[sd]?|fulfil|grey|tumours?|centre|programme|towards|whilst)\b"
)
PUBLIC = re.compile(r"\bsummarises\b|Validity and generalisability")  # a key of rules/evidence, the title of a section


def texts() -> dict[str, str]:
    """What is written, by path; this list of words is left out."""
    found = (each for place in PLACES for each in ([ROOT / place, *(ROOT / place).rglob("*")]))
    written = (each for each in found if each.is_file() and (each.suffix in SUFFIXES or each.parent == ROOT))
    return {
        each.relative_to(ROOT).as_posix(): each.read_text(encoding="utf-8")
        for each in sorted(written)
        if each != Path(__file__)
    }


def unwanted(text: str, pattern: re.Pattern[str] = UNWANTED) -> list[str]:
    """Each unwanted word with its line."""
    hits = pattern.finditer(text.lower())
    return [f"line {text.count(chr(10), 0, hit.start()) + 1}: {hit[0]}" for hit in hits]


def british(text: str) -> list[str]:
    return unwanted(PUBLIC.sub("", text), BRITISH)


@pytest.mark.parametrize(
    "text",
    [
        "Mend the file.", "All faults are told at once.", "the key stands twice", "is at hand", "of DESIGN §3",
        "The policy speaks of tumors.", "read in its stead", "held to the contract", "hold EXTRACT to the contract",
        "the edits that hit", "a verdict", "Two days that straddle a change", "in the order of DESIGN.md",
    ],
)  # fmt: skip
def test_the_dialect_is_recognized(text: str) -> None:
    assert unwanted(text)


@pytest.mark.parametrize("text", ["colours", "canonicalise(raw)", "_labelled", "is misspelt or spelt", "recognised"])
def test_british_spelling_is_recognized(text: str) -> None:
    assert british(text)


@pytest.mark.parametrize(
    "text", ["tests/lib/stand_ins", "a stand-in", "aria-labelledby", "the member's contract", "held to the date"]
)
def test_other_words_are_free(text: str) -> None:
    assert not unwanted(text)


def test_everything_written_is_plain() -> None:
    found = {
        name: [*unwanted(text), *([] if name.startswith(QUOTED) else british(text))] for name, text in texts().items()
    }
    assert not {name: words for name, words in found.items() if words}
    assert {name.partition("/")[0] for name in found} == set(PLACES)
    assert len(found) > 700
