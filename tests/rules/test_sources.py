"""Every code and every cited date is in the cited document; no sentence of a document is in the rules."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from claims_edit.policy import default_rules_dir, load_catalog
from claims_edit.rule_files.values import Citation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from claims_edit.rule_files.cited import Document

PACK = load_catalog().pack
HOMES = [*PACK.policies.values(), *PACK.guidance.values(), *PACK.evidence.values()]
# Documents without a text are not in the folder: those of rules/remittance, which are cited by their addresses.
DOCUMENTS = {document.id: document for home in HOMES for document in home.documents if document.source is not None}
FOLDER = Path(default_rules_dir()).parent.parent / "shared" / "seeds"
WITH_DOCUMENTS = pytest.mark.skipif(not FOLDER.is_dir(), reason="the policy documents are not at hand")
SHINGLE = 6
PROSE = {"says", "change", "note", "label", "message", "design", "follow_up", "figures", "conclusion"}


def at_hand(cases: Iterable[Any]) -> list[Any]:
    """The cases of a test that reads the documents; without these it is skipped as a whole, not case by case."""
    return list(cases) if FOLDER.is_dir() else []


def text_of(document: Document) -> str:
    return " ".join((FOLDER / f"{document.source}.txt").read_text(encoding="utf-8").split())


def walk(value: object, place: str) -> Iterator[tuple[str, Any]]:
    yield place, value
    if isinstance(value, BaseModel):
        for name, item in value:
            yield from walk(item, f"{place}.{name}")
    elif isinstance(value, tuple | dict):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from walk(item, f"{place}.{key}")


VALUES = list(walk(PACK, "pack"))
CITATIONS = {
    (place, value.document, value.date)
    for place, value in VALUES
    if isinstance(value, Citation) and value.document in DOCUMENTS
}


@pytest.mark.parametrize("document", at_hand(DOCUMENTS.values()), ids=lambda document: document.id)
def test_every_document_has_its_text(document: Document) -> None:
    assert (FOLDER / f"{document.source}.txt").is_file()


@pytest.mark.parametrize(("place", "document", "as_given"), at_hand(sorted(CITATIONS)), ids=lambda value: value[-40:])
def test_cited_date_is_in_the_document(place: str, document: str, as_given: str) -> None:
    assert re.search(rf"(?<!\d){re.escape(as_given)}(?!\d)", text_of(DOCUMENTS[document])), place


@pytest.mark.parametrize(
    "code", at_hand(chain(*(file.codes for file in PACK.codes.values()))), ids=lambda code: code.code
)
def test_code_is_in_the_document_that_it_cites(code: Any) -> None:
    assert re.search(rf"\b{code.code}\b", text_of(DOCUMENTS[code.cite.document]))


@pytest.mark.parametrize("policy", at_hand(PACK.policies.values()), ids=lambda policy: policy.id)
def test_listed_codes_are_in_the_policy(policy: Any) -> None:
    for version in policy.versions:
        text = text_of(DOCUMENTS[version.codes.cite.document])
        assert all(re.search(rf"\b{code}\b", text) for code in version.codes.listed)


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z]+", text.lower())  # figures are facts: they may stand in the same order
    return {tuple(words[start : start + SHINGLE]) for start in range(len(words) - SHINGLE + 1)}


@WITH_DOCUMENTS
def test_no_sentence_is_copied() -> None:
    theirs = set().union(*(shingles(text_of(document)) for document in DOCUMENTS.values()))
    ours = [(place, value) for place, value in VALUES if isinstance(value, str) and PROSE & set(place.split("."))]
    assert shingles("is considered investigational for all indications, including") & theirs
    assert ours
    assert [place for place, value in ours if shingles(value) & theirs] == []
