"""Every code and every cited date is in the cited document; no sentence of a document is in the rules."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from claims_edit.rule_files.values import Citation
from tests.lib.documents import DOCUMENTS, FACTS, FOLDER, PACK, all_facts, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator

WITH_DOCUMENTS = pytest.mark.skipif(not FOLDER.is_dir(), reason="the policy documents are not there")
SHINGLE = 6
PROSE = {"says", "change", "note", "label", "message", "design", "follow_up", "figures", "conclusion"}


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


@WITH_DOCUMENTS
def test_the_kept_facts_are_those_of_the_documents() -> None:
    assert all_facts() == FACTS


@pytest.mark.parametrize(("place", "document", "as_given"), sorted(CITATIONS), ids=lambda value: value[-40:])
def test_cited_date_is_in_the_document(place: str, document: str, as_given: str) -> None:
    assert as_given in FACTS[document]["dates"], place


@pytest.mark.parametrize("code", [*chain(*(file.codes for file in PACK.codes.values()))], ids=lambda code: code.code)
def test_code_is_in_the_document_that_it_cites(code: Any) -> None:
    assert code.code in FACTS[code.cite.document]["codes"]


@pytest.mark.parametrize("policy", PACK.policies.values(), ids=lambda policy: policy.id)
def test_listed_codes_are_in_the_policy(policy: Any) -> None:
    for version in policy.versions:
        assert set(version.codes.listed) <= set(FACTS[version.codes.cite.document]["codes"])


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z]+", text.lower())  # figures are facts: they may be in the same order
    return {tuple(words[start : start + SHINGLE]) for start in range(len(words) - SHINGLE + 1)}


@WITH_DOCUMENTS
def test_no_sentence_is_copied() -> None:
    theirs = set().union(*(shingles(plain_text(document)) for document in DOCUMENTS))
    ours = [(place, value) for place, value in VALUES if isinstance(value, str) and PROSE & set(place.split("."))]
    assert shingles("is considered investigational for all indications, including") & theirs
    assert ours
    assert [place for place, value in ours if shingles(value) & theirs] == []
