"""Checks of the rules against the texts of the documents that they cite, where these are available."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from claims_edit.errors import UsageError
from claims_edit.governance.rule_locations import versions
from claims_edit.policy.check import parts_of
from claims_edit.policy.pack import Document
from claims_edit.rule_files.values import Citation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from claims_edit.policy.pack import Policy, RulePack

_CODE = r"[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}"  # CPT of any category, and HCPCS level II
_ENTRY = re.compile(rf"^\W*(?:(?:CPT|HCPCS)\b\W*)?({_CODE})\b(.*)$")
_CODING = re.compile(
    r"^\W*(?:billing\W*|procedure\W*|cpt\W*|hcpcs\W*)*cod(?:es|ing)(?: information)?\W*$", re.IGNORECASE
)
_HEADING = re.compile(r"^(?:#{1,6} .*|[A-Z][A-Z /&,-]{5,}:)$")
_TITLE = re.compile(r"^[A-Z][A-Za-z]+(?: [A-Za-z]+){0,4}$")  # a heading if it is between blank lines
_ENTRY_LINES = 6  # the most lines of one entry


@dataclass(frozen=True)
class Checked:
    """What was compared with how many texts, the documents that name no text, and the faults, sorted."""

    texts: int
    citations: int
    codes: int
    without_text: tuple[str, ...]
    faults: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "texts": self.texts,
            "citations": self.citations,
            "codes": self.codes,
            "without_text": list(self.without_text),
        }


@dataclass
class _Texts:
    """The texts by document id, one line each in `lines`, one string in `whole`; what is missing as faults."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    whole: dict[str, str] = field(default_factory=dict)
    without: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def check_documents(pack: RulePack, folder: Path, shipped: Collection[str] = ()) -> Checked:
    """Compare every cited date and code with the text of its document, and the documents' codes with the rules.

    The text of a document is `<source>.txt` in the folder. Those of files that are `shipped` (paths in the pack) may be
    absent: they were compared before the rules were published.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"--documents {folder}: no such folder. Name the folder with the documents' texts.")
    texts = _texts(pack, folder, {f"rules/{path}" for path in shipped})
    cited = [(place, value) for place, value in _values(pack) if isinstance(value, Citation)]
    held = [(place, cite) for place, cite in cited if cite.document in texts.whole]
    listed = list(_listed(pack))
    faults = [
        *texts.faults,
        *(fault for place, cite in held for fault in _citation_faults(place, cite, texts.whole[cite.document])),
        *_missing_codes(listed, texts),
        *_unlisted_codes(pack, texts),
    ]
    codes = sum(document in texts.whole for _, _, document in listed)
    return Checked(len(texts.whole), len(held), codes, tuple(sorted(texts.without)), tuple(sorted(set(faults))))


def _files(pack: RulePack) -> Iterator[tuple[str, BaseModel]]:
    for files in (pack.codes, pack.policies, pack.guidance, pack.evidence):
        yield from files.items()


def _values(pack: RulePack) -> Iterator[tuple[str, BaseModel]]:
    """Every model under the files that cite, with its place."""

    def walk(value: object, place: str) -> Iterator[tuple[str, BaseModel]]:
        if isinstance(value, BaseModel):
            yield place, value
        for step, item in parts_of(value):
            yield from walk(item, place + (step if not place.endswith(": ") else step.lstrip(".")))

    for path, model in _files(pack):
        yield from walk(model, f"rules/{path}: ")


def _texts(pack: RulePack, folder: Path, shipped: Collection[str]) -> _Texts:
    found = _Texts()
    for place, value in _values(pack):
        if not isinstance(value, Document):
            continue
        if value.source is None:
            found.without.append(value.id)
            continue
        path = folder / f"{value.source}.txt"
        is_there = Path(value.source).name == value.source and path.is_file()
        if not is_there and place.partition(":")[0] in shipped:
            found.without.append(value.id)
            continue
        if not is_there:
            found.faults.append(
                f"{place}.source: no `{value.source}.txt` in {folder}. "
                "Put the document's text there, or correct the name."
            )
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found.lines[value.id] = text.splitlines()
        found.whole[value.id] = " ".join(text.split())
    return found


def _says(text: str, words: str) -> bool:
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(words)}(?![0-9A-Za-z])", text) is not None


def _citation_faults(place: str, cite: Citation, text: str) -> Iterator[str]:
    if not _says(text, cite.date):
        yield (
            f"{place}.date: `{cite.date}` is not in the text of {cite.document}. "
            "Write the date as the document gives it."
        )


def _listed(pack: RulePack) -> Iterator[tuple[str, str, str]]:
    """Every code that a rule takes from a document: location, code, document."""
    for place, _, version in versions(pack, pack):
        for index, code in enumerate(version.codes.listed if version.codes.of_class is None else ()):
            yield f"{place}.codes.listed[{index}]", code, version.codes.cite.document
    for path, file in pack.codes.items():
        for index, entry in enumerate(file.codes):
            yield f"rules/{path}: codes[{index}].code", entry.code, entry.cite.document


def _missing_codes(listed: list[tuple[str, str, str]], texts: _Texts) -> Iterator[str]:
    for place, code, document in listed:
        if document in texts.whole and not _says(texts.whole[document], code):
            yield f"{place}: `{code}` is not in the text of {document}. Remove it, or cite the document that has it."


def _unlisted_codes(pack: RulePack, texts: _Texts) -> Iterator[str]:
    """Codes of the service that a policy's documents name and no version lists; for the last version, the reverse."""
    for path, policy in pack.policies.items():
        own = [document.id for document in policy.documents if document.id in texts.whole]
        listed = {code for version in policy.versions for code in version.codes.listed}
        place = f"rules/{path}: versions[{len(policy.versions) - 1}]"
        for document in own:
            named = _named(pack, policy, texts, document)
            for code in sorted(named - listed):
                yield f"{place}.codes.listed: {document} has `{code}`, and no version lists it. Add it."
            yield from _current_faults(place, policy, document, _coding(pack, policy, texts.lines[document]))


def _current_faults(place: str, policy: Policy, document: str, coding: set[str]) -> Iterator[str]:
    """The coding section of a document is that of its last version."""
    latest = policy.versions[-1]
    if not coding or latest.codes.cite.document != document:
        return
    for index, code in enumerate(latest.codes.listed):
        if code not in coding:
            yield (
                f"{place}.codes.listed[{index}]: `{code}` is not in the coding section of {document}. "
                "Remove it, or give it a version with its own dates."
            )
    for code in sorted(coding - set(latest.codes.listed)):
        yield f"{place}.codes.listed: `{code}` is in the coding section of {document}. Add it."


def _service(pack: RulePack, policy: Policy) -> tuple[set[str], str]:
    """The service's codes and its name in words, without text in brackets."""
    files = [file for file in pack.codes.values() if file.service == policy.service]
    name = re.sub(r"\(.*?\)", "", files[0].label).strip() if files else policy.service.replace("_", " ")
    return {code.code for file in files for code in file.codes}, name.lower()


def _named(pack: RulePack, policy: Policy, texts: _Texts, document: str) -> set[str]:
    """The codes of the service that a document names anywhere, and those that its coding section adds."""
    codes, _ = _service(pack, policy)
    return {code for code in codes if _says(texts.whole[document], code)} | _coding(pack, policy, texts.lines[document])


def _coding(pack: RulePack, policy: Policy, lines: list[str]) -> set[str]:
    """The entries of a document's coding sections that are codes of the service, or name the service."""
    codes, name = _service(pack, policy)
    found: set[str] = set()
    inside = False
    for number, raw in enumerate(lines):
        line = raw.strip()
        if _CODING.match(line):
            inside = True
        elif inside and _heads(lines, number):
            inside = False
        entry = _ENTRY.match(line) if inside else None
        if entry is not None and (entry[1] in codes or name in _entry_text(lines, number).lower()):
            found.add(entry[1])
    return found


def _heads(lines: list[str], number: int) -> bool:
    """Whether a line is a heading by its mark, or a short title on its own."""
    line = lines[number].strip()
    around = "".join(lines[max(0, number - 1) : number] + lines[number + 1 : number + 2]).strip()
    return bool(_HEADING.match(line) or (_TITLE.match(line) and not around))


def _entry_text(lines: list[str], number: int) -> str:
    """An entry with all its lines, up to the next one."""
    text = [lines[number]]
    for following in lines[number + 1 : number + _ENTRY_LINES]:
        if _ENTRY.match(following.strip()):
            break
        text.append(following)
    return " ".join(" ".join(text).split())
