"""What of a claim's or a line's facts is not understood, by name and segment; naive, as the rest of the oracle."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lib.x12_claims import Claim
    from tests.lib.x12_segments import Segment

ICD_10 = r"[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?"
ICD_9 = r"([0-9]{3}|V[0-9]{2}|E[0-9]{3})\.?[0-9]{0,2}"
TWO = "[0-9A-Z]{2}"
DIAGNOSIS = ("diagnosis-code-missing", "diagnosis-code-malformed", "diagnosis-composite-leftover")
# By qualifier: the shape of the code, the parts that may follow it, and the names of what may be wrong.
ELEMENTS = {
    **dict.fromkeys(("ABK", "ABF", "ABJ", "APR", "ABN"), (ICD_10, {9}, DIAGNOSIS)),
    **dict.fromkeys(("BK", "BF", "BJ", "PR", "BN"), (ICD_9, {9}, DIAGNOSIS)),
    "BG": (TWO, set(), ("condition-code-not-understood",) * 3),
    "BE": (TWO, {5}, ("value-code-not-understood",) * 3),
    **dict.fromkeys(
        ("BBR", "BBQ", "BR", "BQ", "CAH", "BP", "BO", "BH", "BI"), (".+", {3, 4}, ("health-code-not-understood",) * 3)
    ),
    **dict.fromkeys(("DR", "TC"), (".+", set(), ("health-code-not-understood",) * 3)),
}
PRESENT = {"", "Y", "N", "U", "W", "1"}
MOST_PARTS = 9
FILING_INDICATORS = {
    "09", "10", "11", "12", "13", "14", "15", "16", "17", "AM", "BL", "CH", "CI", "DS", "FI", "HM", "LI", "LM", "MA",
    "MB", "MC", "MH", "OF", "SA", "TV", "VA", "WC", "ZZ",
}  # fmt: skip
POINTERS = {"SV1": 7, "SV3": 11}


def elements(claim: Claim) -> Iterator[tuple[Segment, int]]:
    """Each element of the claim's HI segments, up to the last one that is filled."""
    for segment in claim.head:
        if segment.id == "HI":
            filled = [place for place, element in enumerate(segment.elements) if element]
            yield from ((segment, place) for place in range(1, filled[-1] + 1))


def of_composites(claim: Claim) -> set[str]:
    """What of the HI elements is not understood."""
    found = set()
    for segment, place in elements(claim):
        parts = [part.strip() for part in segment.at(place).split(segment.component)]
        at = f"@segment-{segment.number}-HI{place:02}"
        if parts[0] not in ELEMENTS:
            found.add(f"diagnosis-qualifier-unknown{at}")
            continue
        shape, more, (missing, malformed, leftover) = ELEMENTS[parts[0]]
        code = parts[1] if len(parts) > 1 else ""
        if not code:
            found.add(f"{missing}{at}")
        elif not re.fullmatch(shape, code, re.IGNORECASE):
            found.add(f"{malformed}{at}")
        others = [number for number, part in enumerate(parts, 1) if number > len(("qualifier", "code")) and part]
        present = parts[MOST_PARTS - 1] if len(parts) >= MOST_PARTS else ""
        if set(others) - more or len(parts) > MOST_PARTS or (MOST_PARTS in more and present not in PRESENT):
            found.add(f"{leftover}{at}")
    return found


def of_subscriber(claim: Claim, sbr: Segment | None) -> set[str]:
    """An SBR of which the order or the relationship is no code, or whose last element is one place too early."""
    if claim.clm is None or sbr is None:
        return set()
    order, relation, status, filing = (sbr.at(place).strip() for place in (1, 2, 8, 9))
    is_sound = order in set("PSTABCDEFGHU") and re.fullmatch("([0-9A-Za-z]{2})?", relation)
    return set() if is_sound and (filing or not status) else {f"subscriber-not-understood@segment-{sbr.number}"}


def of_filing_indicator(claim: Claim, sbr: Segment | None) -> set[str]:
    """SBR09 that has the form of a claim filing indicator and is none."""
    code = sbr.at(9).strip().upper() if sbr else ""
    if claim.clm is None or sbr is None or not re.fullmatch(TWO, code) or code in {"00", *FILING_INDICATORS}:
        return set()
    return {f"claim_filing_indicator_code-unknown@segment-{sbr.number}"}


def of_principal(claim: Claim) -> set[str]:
    """A claim of professional or institutional lines without a principal diagnosis."""
    has_one = any(segment.part(place, 1) in {"ABK", "BK"} for segment, place in elements(claim))
    needs_one = any(service.id in {"SV1", "SV2"} for service, _ in claim.services)
    if claim.clm is None or has_one or not needs_one:
        return set()
    return {f"diagnosis-principal-missing@segment-{claim.clm.number}"}


def of_pointers(service: Segment, *, names_none: bool, diagnoses: int) -> set[str]:
    """Pointers that are not understood, or are not there."""
    at = f"@segment-{service.number}"
    text = service.at(POINTERS.get(service.id, 99)).rstrip(service.component + " ")
    parts = [part.strip() for part in text.split(service.component)] if text else []
    found = set()
    if not service.at(POINTERS.get(service.id, 99)):
        if service.id == "SV1" and diagnoses > 1:
            found.add(f"diagnosis_pointer-missing{at}")
    elif len(parts) > 4 or not all(re.fullmatch("0*([1-9]|1[0-2])", part) and len(part) < 10 for part in parts):
        found.add(f"diagnosis_pointer-not-understood{at}")
    return found | ({f"diagnosis_pointer-dangling{at}"} if names_none else set())


def of_procedure(service: Segment, place: int) -> set[str]:
    """What a procedure holds behind its description."""
    parts = service.at(place).split(service.component)
    return {f"hcpcs_code-leftover@segment-{service.number}"} if any(part.strip() for part in parts[7:]) else set()


def of_lines(claim: Claim, *, adds_up: bool) -> set[str]:
    """A claim that does not charge what its lines do."""
    if adds_up or claim.clm is None or not claim.services:
        return set()
    return {f"claim-charge-mismatch@segment-{claim.clm.number}"}


def late(begin: int, end: int, levels: list[Segment], *, is_wrong: bool) -> list[tuple[int, int, str]]:
    """Ranges of segments in doubt, and the doubt.

    `begin` and `end` are the numbers of the ST and of what ends it, `levels` the HL segments, `is_wrong` its count.
    """
    found = [(begin, end, f"transaction-incomplete@segment-{end}")] if is_wrong else []
    numbers = [0, *(int(hl.at(1)) if re.fullmatch("[0-9]{1,15}", hl.at(1)) else -1 for hl in levels)]
    places = [begin, *(hl.number for hl in levels), end]
    return found + [
        (places[nth - 1], places[nth + 1], f"hierarchy-gap@segment-{places[nth]}")
        for nth in range(1, len(numbers))
        if numbers[nth] != numbers[nth - 1] + 1
    ]


def claimless(begin: int, end: int, body: list[Segment]) -> list[tuple[int, int, str]]:
    """The same for the first subscriber or patient behind whose HL no claim comes before another HL, or the end."""
    marks = [part for part in body if part.id in {"HL", "CLM"}]
    for part, follower in pairwise([*marks, None]):
        of = "" if follower is None else follower.at(3) if follower.id == "HL" else "CLM"
        level = part.at(3) if part is not None and part.id == "HL" else ""
        if level in {"22", "23"} and of != "CLM" and (level, of) != ("22", "23"):
            return [(begin, end, f"patient-without-claim@segment-{part.number}")]
    return []
