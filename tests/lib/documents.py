"""The texts of the documents that the rules cite, where they are available, and what is kept of them where not.

The texts belong to others and are not in the repository. `tests/rules/documents.json` keeps the facts of each one that
the rules are compared with: its dates, codes and figures, and which studies it names with which figures.
`python -m tests.lib.documents` makes the file from the texts.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claims_edit.policy import default_rules_dir, load_catalog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from claims_edit.policy.pack import Study

PACK = load_catalog().pack
HOMES = [*PACK.policies.values(), *PACK.guidance.values(), *PACK.evidence.values()]
# Documents without a text are not in the folder: those of rules/remittance, which are cited by their addresses.
DOCUMENTS = {document.id: document for home in HOMES for document in home.documents if document.source is not None}
FOLDER = Path(default_rules_dir()).parent.parent / "shared" / "seeds"
KEPT = Path(__file__).parents[1] / "rules" / "documents.json"
FACTS: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {}
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DAY = re.compile(rf"(?<!\d)(?:\d\d/\d\d/\d\d|(?:{MONTHS}) (?:\d{{1,2}}, )?\d{{4}})(?!\d)")
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
CODE = re.compile(r"\b(?:\d{4}[0-9A-Z]|[A-Z]\d{4})\b")
SPELLED = {"Charallambous": "Charalambous", "Raurus": "Ruarus", "One hundred fourteen": "114"}
"""Authors whom a document misspells in its text, as its own references write them; and a number in words."""
WORDS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "thirteen": "13", "nineteen": "19", "thirty": "30",
}  # fmt: skip
APPENDIX_ENTRY = re.compile(r"(?m)^ ?([A-Z][a-z]+(?:-[A-Z][a-z]+)?),? [A-Z]{1,4},? ?[^()]{0,80}\((20\d\d)\)")


def plain_text(document: str) -> str:
    return (FOLDER / f"{DOCUMENTS[document].source}.txt").read_text(encoding="utf-8")


def lines_of(document: str) -> str:
    text = plain_text(document)
    for misspelled, name in SPELLED.items():
        text = text.replace(misspelled, name)
    return text


def in_digits(text: str) -> str:
    plain = re.sub(r"[a-z]+", lambda word: WORDS.get(word[0], word[0]), text.lower())
    return re.sub(r"\.0(?!\d)", "", plain)


def numbers(text: str) -> set[str]:
    """The numbers of a document's text; percentages and fractions as they are written, and by their parts too."""
    return set(re.findall(r"\d+(?:\.\d+)?", in_digits(text))) | figures(text)


def figures(text: str) -> set[str]:
    """The numbers of a text, percentages and fractions as they are written; a `one` in words is seldom a figure."""
    return set(re.findall(r"\d+/\d+|\d+(?:\.\d+)?%?", in_digits(re.sub(r"\b[Oo]ne\b", "", text))))


def named(document: str) -> Counter[str]:
    """The studies that a document names or counts, as `<author>_<year>` or `case_series_<n>`; once but in a table."""
    text = lines_of(document)
    pairs: Iterable[tuple[str, str]]
    match document:
        case "regence_surgery_242":
            body = text[text.index("## EVIDENCE SUMMARY") : text.index("## PRACTICE GUIDELINE SUMMARY")]
            pairs = set(re.findall(r"([A-Z][a-z]+),? \(?(\d{4})\)", body))
        case "florida_blue_02_40000_26":
            pairs = set(re.findall(r"([A-Z][a-z]+) et al \((\d{4})\)", text))
        case "premera_ire":
            body = text[text.index("Summary of Evidence") : text.index("Ongoing and Unpublished")].replace("et al.", "")
            runs = re.findall(r"([A-Z][a-z]+),?\s+[\[(](\d{4}(?:, \d{4})*)", body)
            pairs = {(name, year) for name, years in runs for year in years.split(", ")}
        case "nice_ip1019_2":
            appendix = text[text.index("Direction of conclusions") :]
            pairs = re.findall(r"Study \d ([A-Z][a-z]+) [A-Z]+ \((\d{4})\)", text) + APPENDIX_ENTRY.findall(appendix)
        case _:
            series = set(re.findall(r"case\s+series of (\d+) (patients|procedures)", text))
            return Counter(f"case_series_{n}{'_procedures' * (unit == 'procedures')}" for n, unit in series)
    return Counter(f"{name.lower().replace('-', '_')}_{year}" for name, year in pairs)


def passage(document: str, study: Study) -> str:
    """What the document says of one study: its slice of a table, its sections, or the paragraphs that name it."""
    text, name = lines_of(document), study.id.split("_")[0].title()
    match document:
        case "regence_surgery_242":
            trial = re.findall(r"\b[A-Z]{5,}\b", study.reference)
            body = text[text.index("## EVIDENCE SUMMARY") : text.index("## REFERENCES")]
            return paragraphs_on((name, "<sup>a</sup>", *trial), body)
        case "florida_blue_02_40000_26":
            reference = text.split(f"\n{study.cite.section.split()[-1]}. ")[1].split("\n")[0]
            start = text.index(f"{name} et al") + len(f"{name} et al (")
            return reference + re.split(r"[A-Z][a-z]+ et al \(|POSITION STATEMENT", text[start:])[0]
        case "premera_ire":
            return paragraphs_on(
                (name,), text[text.index("Summary of Evidence") : text.index("Ongoing and Unpublished")]
            )
        case "nice_ip1019_2" if study.cite.section.startswith("Table 2"):
            number = study.cite.section[-1]
            table = text.split(f"Study {number} {name} ")[1]
            table = re.split(r"\n ?Study \d [A-Z]|Validity and generalisability", table)[0]
            summary = text[text.index("Efficacy summary") : text.index("Anecdotal and theoretical")]
            return table + paragraphs_on((f"{study.n} patients",), summary)
        case "nice_ip1019_2" if study.cite.section == "Appendix":
            appendix = text[text.index("Direction of conclusions") :]
            starts = [*APPENDIX_ENTRY.finditer(appendix), None]
            ends = [entry.start() if entry else len(appendix) for entry in starts[1:]]
            author = study.reference.split()[0]
            return "".join(
                appendix[entry.start() : end]
                for entry, end in zip(starts, ends, strict=False)
                if entry and (entry[1], entry[2]) == (author, study.cite.date)
            )
        case "nice_ip1019_2":
            return text[text.index("Existing assessments") : text.index("Related NICE guidance")]
        case _:
            sections = re.findall(r"\d\.\d\.\d", study.cite.section)
            return "".join(re.split(r"\n\d\.\d(?:\.\d)? |\n3 Further", text.split(f"\n{s} ")[1])[0] for s in sections)


def paragraphs_on(names: tuple[str, ...], text: str) -> str:
    """The paragraphs that hold one of the names, with the next one where a page ended in mid-sentence."""
    found, open_end = [], False
    for paragraph in re.split(r"\n\s*\n", text):
        if open_end or any(name in " ".join(paragraph.split()) for name in names):
            found.append(paragraph)
            open_end = paragraph.rstrip()[-1:].isalpha()
    return "\n".join(found)


def facts_of(document: str) -> dict[str, Any]:
    """What is kept of a document's text."""
    text = " ".join(plain_text(document).split())
    file = next((file for file in PACK.evidence.values() if file.summarises == document), None)
    sections = {entry.cite.section.replace(",", ":") for entry in (file.by_site if file else ())}
    return {
        "dates": sorted({*DAY.findall(text), *YEAR.findall(text)}),
        "codes": sorted(set(CODE.findall(text))),
        "figures": sorted(numbers(lines_of(document))),
        "sections": sorted(section for section in sections if section in lines_of(document)),
        "studies": dict(sorted(named(document).items())) if file else {},
        "of_study": {study.id: sorted(numbers(passage(document, study))) for study in (file.studies if file else ())},
    }


def all_facts() -> dict[str, Any]:
    """The facts of every document, from the texts."""
    return {document: facts_of(document) for document in sorted(DOCUMENTS)}


def made_texts(folder: Path) -> Path:
    """Texts with the facts that are kept of each document; the codes of a policy's last version are a section."""
    latest = [policy.versions[-1].codes for policy in PACK.policies.values()]
    for name, document in DOCUMENTS.items():
        coding = [code for codes in latest if codes.cite.document == name for code in codes.listed]
        lines = [*FACTS[name]["dates"], " ".join(FACTS[name]["codes"]), "", "## CODES", *coding, "", "## History"]
        (folder / f"{document.source}.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


def as_text(facts: dict[str, Any]) -> str:
    """The facts as the file has them: one kind of fact a line."""
    return re.sub(r"\n {6,}|\n {4}(?=[\]}])", " ", json.dumps(facts, indent=2)) + "\n"


if __name__ == "__main__":
    KEPT.write_text(as_text(all_facts()), encoding="utf-8")
