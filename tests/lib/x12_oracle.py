"""A naive reading of X12 837, one claim at a time, that the streaming reader is compared with.

It is written apart from the reader: the whole file is cut into segments, segments into transactions, hierarchical
loops, claims and lines, and each line is then looked at by itself. It is slow and plain on purpose.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.lib.x12_claims import CHARGE, Above, Claim, Loop, adds_up, loops, unserved
from tests.lib.x12_doubts import (
    claimless,
    late,
    of_composites,
    of_filing_indicator,
    of_lines,
    of_pointers,
    of_principal,
    of_procedure,
    of_subscriber,
)
from tests.lib.x12_facts import Around, billing_provider, claim_date, doubts, holds
from tests.lib.x12_facts import those as _those
from tests.lib.x12_placement import DOUBTFUL
from tests.lib.x12_segments import BLANKS, SERVICES, Segment, says, transactions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.lib.x12_segments import Transaction

ICD_10 = {"ABK", "ABF"}
ICD_9 = {"BK", "BF"}
OTHER_SYSTEMS = {"ER", "HP", "IV", "WK", "ZZ"}
PROCEDURE_CODE = "(?i)([0-9]{4}[0-9A-Z]|[A-V][0-9]{4})"
MOST_DIAGNOSES = 25
MOST_PROCEDURES = 25

# Where a service segment has what.
PROCEDURE = {"SV1": 1, "SV2": 2, "SV3": 1}
UNITS = {"SV1": 4, "SV2": 5, "SV3": 6}
PLACE = {"SV1": 5, "SV3": 3}
FORMS = {"D8": "(?P<start>[0-9]{8})", "RD8": "(?P<start>[0-9]{8})-(?P<end>[0-9]{8})"}
POINTERS = {"SV1": 7, "SV3": 11}

MODIFIERS = tuple(f"hcpcs_modifier_{number}" for number in range(1, 5))
OWN = ("claim_type", "charge_amount", "service_unit_quantity", "revenue_center_code", "hcpcs_code", *MODIFIERS)

Values = dict[str, str | None]


@dataclass
class Row:
    """One claim line.

    Attributes:
        source_row: the number of its SV segment.
        claim: the number of its CLM segment.
        st: ST02.
        values: by canonical column, as they are written.
        faults: why the reader itself refuses it.
        unspecified: columns about which the specification says nothing, as the line is refused.
        refused: columns that must have a value which validation refuses, whatever it is.
    """

    source_row: int
    claim: int | None
    st: str
    values: Values
    faults: set[str]
    unspecified: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    is_dangling: bool = False


@dataclass
class Reading:
    """What a file holds; `transactions` counts those that are 837; `is_garbled`: one may be, and does not say so."""

    rows: list[Row] = field(default_factory=list)
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    transactions: int = 0
    is_garbled: bool = False


def read(data: bytes) -> Reading:
    """All rows, rejects and warnings of a file."""
    reading = Reading()
    found, outside = transactions(data, reading.warnings)
    for transaction in found:
        if transaction.st.at(1) != "837":
            reading.warnings["transaction-not-837"] += 1
            of_837 = re.match("00[0-9]{4}X(09[678]|22[234])", transaction.st.at(3))
            reading.is_garbled |= not re.fullmatch("[0-9]{3}", transaction.st.at(1)) or bool(of_837)
            continue
        reading.transactions += 1
        st = transaction.st.at(2)
        reading.warnings["segment-unreadable"] += sum(not part.is_readable for part in transaction.body)
        if transaction.se is None:
            reading.warnings["se-missing"] += 1
        else:
            reading.warnings["se01-segment-count"] += not says(transaction.se.at(1), len(transaction.body) + 2)
            reading.warnings["se02-control-number"] += transaction.se.at(2) != st
        around = Around.of(transaction)
        former = transaction.gs is not None and transaction.gs.at(8).startswith("004010")
        rows = len(reading.rows)
        _read_claims(loops(transaction.body, former=former), st, reading, around, ends=transaction.se is not None)
        for row in reading.rows[rows:]:
            _doubt(row, [token for first, last, token in _late(transaction) if first < row.source_row < last])
    for service in outside:
        row = _row(service, [service], Claim(None), Above(), Around(frozenset()), reading.warnings)
        row.unspecified |= set(row.values) - set(OWN)
        reading.rows.append(row)
    reading.rows.sort(key=lambda row: row.source_row)
    reading.warnings = +reading.warnings
    reading.rejects.sort()
    return reading


def _late(transaction: Transaction) -> list[tuple[int, int, str]]:
    """Ranges that are in doubt, those of one name that overlap as one, by what comes first."""
    body, se = transaction.body, transaction.se
    end = se.number if se else (body[-1].number if body else transaction.st.number) + 1
    is_wrong = se is not None and not says(se.at(1), len(body) + 2)
    levels = [part for part in body if part.id == "HL"]
    found: list[tuple[int, int, str]] = []
    for first, last, token in late(transaction.st.number, end, levels, is_wrong=is_wrong):
        if found and found[-1][2].split("@")[0] == token.split("@")[0] and first < found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]), found[-1][2])
        else:
            found.append((first, last, token))
    return found + claimless(transaction.st.number, end, body)


def _doubt(row: Row, tokens: Iterable[str]) -> None:
    known = (row.values.get("doubts") or "").split()
    row.values["doubts"] = " ".join(sorted({*known, *tokens})) or None


def _read_claims(found: list[Loop], st: str, reading: Reading, around: Around, *, ends: bool) -> None:
    last = [claim for loop in found for claim in loop.claims if claim.clm][-1:]
    above = Above()
    for loop in found:
        above.enter(loop)
        for claim in loop.claims:
            cut_off = not ends and any(claim is other for other in last)
            for service, line in claim.services:
                row = _row(service, line, claim, above, around, reading.warnings)
                row.st = st
                row.faults |= {"row-cut-off"} if cut_off else set()
                reading.rows.append(row)
            reading.rejects += [(part.number, check, f"ST {st}: {part.text}") for part, check in unserved(claim)]
            reading.warnings["clm02-line-charges"] += bool(claim.clm and claim.services) and not adds_up(claim)


# --- one line ---------------------------------------------------------------------------------------------------------


def _row(
    service: Segment, line: list[Segment], claim: Claim, above: Above, around: Around, warnings: Counter[str]
) -> Row:
    row = Row(service.number, claim.clm.number if claim.clm else None, "", {}, set())
    own_number = line[0].id == "LX" and next(part for part in line if part.id in SERVICES) is service
    row.values["claim_line_number"] = line[0].at(1) if own_number else None
    row.values["claim_type"] = SERVICES[service.id]
    _subscriber(row, above)
    _claim(row, claim, service)
    _service(row, service, warnings)
    _dates(row, service, line, claim, around)
    _providers(row, line, claim, above)
    _references(row, line, claim)
    _diagnoses(row, service, claim, warnings)
    row.values["billing_provider_id"] = billing_provider(above)
    row.values["posting_holds"] = " ".join(sorted(holds(line, claim, above, around))) or None
    _doubts(row, service, line, claim)
    sbr = _own_sbr(above)
    _doubt(row, of_filing_indicator(claim, sbr) | of_subscriber(claim, sbr))
    if claim.clm and around.usage not in {"P", "T"}:
        row.faults.add("row-interchange-usage")
    if claim.unreadable or (above.subscriber is not None and above.subscriber.unreadable):
        row.faults.add("row-unreadable-segment")
    if claim.lost_loop or above.hierarchy_broken or above.displaced:
        row.faults.add("row-hierarchy")
    return row


def _doubts(row: Row, service: Segment, line: list[Segment], claim: Claim) -> None:
    codes = [code for number in range(1, MOST_DIAGNOSES + 1) if (code := row.values.get(f"diagnosis_code_{number}"))]
    _doubt(row, doubts(line, claim, codes))
    _doubt(row, of_pointers(service, names_none=row.is_dangling, diagnoses=len(codes)))
    _doubt(row, of_procedure(service, PROCEDURE[service.id]))
    _doubt(
        row, of_composites(claim) | of_principal(claim) | of_lines(claim, adds_up=bool(claim.clm) and adds_up(claim))
    )
    misplaced = [*claim.misplaced, *(part for part in line if claim.places.get(part.number) == DOUBTFUL)]
    _doubt(row, [f"segment-misplaced@segment-{part.number}" for part in misplaced])


def _one(row: Row, found: list[Segment], *columns: str) -> Segment | None:
    """The segment that may appear once; where two differ, the line is refused and its values do not matter.

    A day (D8) does not differ from the period (RD8) of that day.
    """
    if len({re.sub(r"(.)D8\1(\d{8})$", r"\1RD8\1\2-\2", segment.text) for segment in found}) > 1:
        row.faults.add("row-conflicting-segments")
        row.unspecified |= set(columns)
    return found[0] if found else None


def _own_sbr(above: Above) -> Segment | None:
    head = above.subscriber.head if above.subscriber else []
    return next((segment for segment in head if segment.id == "SBR"), None)


def _subscriber(row: Row, above: Above) -> None:
    head = above.subscriber.head if above.subscriber else []
    sbr_columns = {"group_id": 3, "plan": 4, "claim_filing_indicator_code": 9}
    sbr = _one(row, [segment for segment in head if segment.id == "SBR"], *sbr_columns)
    if sbr is None:
        row.faults.add("row-no-subscriber")
    member = _one(row, _those(head, "NM1", "IL"), "member_id")
    payer = _one(row, _those(head, "NM1", "PR"), "payer")
    row.values |= {column: sbr.at(place) if sbr else None for column, place in sbr_columns.items()}
    row.values["member_id"] = member.at(9) if member else None
    if member and member.at(9) and member.at(8) not in {"MI", "II", "ZZ"}:
        row.faults.add("member_id-unqualified")
    row.values["payer"] = (payer.at(3).strip(BLANKS) or payer.at(9)) if payer else None


def _claim(row: Row, claim: Claim, service: Segment) -> None:
    clm = claim.clm
    if clm is None:
        row.faults.add("row-no-claim")
        return
    row.values["claim_id"] = clm.at(1)
    facility, kind, frequency = (clm.part(5, place) for place in (1, 2, 3))
    row.values["claim_frequency_code"] = frequency
    if not frequency.strip(BLANKS):
        row.faults.add("claim_frequency_code-missing")
    own_place = service.at(PLACE[service.id]) if service.id in PLACE else ""
    if own_place.strip(BLANKS):
        row.values["place_of_service_code"] = own_place
    elif kind == "B" or (not kind and service.id != "SV2"):
        row.values["place_of_service_code"] = facility
    if kind == "A" or (not kind and service.id == "SV2"):
        row.values["bill_type_code"] = facility + frequency if facility else None


def _service(row: Row, service: Segment, warnings: Counter[str]) -> None:
    place = PROCEDURE[service.id]
    system, code = service.part(place, 1), service.part(place, 2)
    parts = [part.strip() for part in service.at(place).split(service.component)]
    is_several = any(parts[7:]) and any(re.fullmatch(PROCEDURE_CODE, part) for part in parts[2:])
    is_known = system in {"HC", "AD"}
    if is_several:
        row.faults.add("hcpcs_code-several")
    if is_known and not is_several:
        row.values["hcpcs_code"] = code
        row.values |= {column: service.part(place, part) for part, column in enumerate(MODIFIERS, 3)}
    if not code and (is_known or (service.id != "SV2" and not service.at(place))):
        row.faults.add("hcpcs_code-missing")
    if service.at(place) and not is_known:
        warnings["hcpcs_code-not-evaluable"] += 1
        if system not in OTHER_SYSTEMS:
            row.faults.add("hcpcs_code-unqualified")
        elif re.fullmatch(PROCEDURE_CODE, code):
            row.faults.add("hcpcs_code-other-system")
    if row.faults & {"hcpcs_code-several", "hcpcs_code-unqualified", "hcpcs_code-other-system"}:
        row.values["hcpcs_code"] = service.at(place).replace(service.component, ":")
    row.values["charge_amount"] = service.at(CHARGE[service.id])
    row.values["service_unit_quantity"] = service.at(UNITS[service.id])
    row.values["revenue_center_code"] = service.at(1) if service.id == "SV2" else None


def _dates(row: Row, service: Segment, line: list[Segment], claim: Claim, around: Around) -> None:
    own = _one(row, _those(line, "DTP", "472"), "claim_line_start_date", "claim_line_end_date")
    for kind in ("472", "434"):
        _one(row, _those(claim.head, "DTP", kind), "claim_start_date", "claim_end_date")
    _period(row, "claim_line", own)
    _period(row, "claim", claim_date(service, claim, around))


def _period(row: Row, whose: str, dtp: Segment | None) -> None:
    start, end = f"{whose}_start_date", f"{whose}_end_date"
    if dtp is None:
        row.values |= {start: None, end: None}
    elif found := re.fullmatch(FORMS.get(dtp.at(2), "(?!)"), dtp.at(3)):
        row.values |= {start: found["start"], end: found.groupdict().get("end")}
    else:
        row.refused.add(start)


def _providers(row: Row, line: list[Segment], claim: Claim, above: Above) -> None:
    for column, role in (("rendering_npi", "82"), ("facility_npi", "77")):
        both = [_one(row, _those(inside, "NM1", role), column) for inside in (line, claim.head)]
        given = both[0] or both[1]  # a line's own provider counts even where it has no NPI
        row.values[column] = given.at(9) if given and given.at(8) == "XX" else None
    billing = _those(above.billing.head if above.billing else [], "NM1", "85")
    if claim.clm:
        _one(row, billing, "billing_npi", "billing_provider_id")
        if above.billing and above.subscriber and not billing:
            row.faults.add("row-no-billing-provider")
    row.values["billing_npi"] = next((segment.at(9) for segment in billing if segment.at(8) == "XX"), None)


def _references(row: Row, line: list[Segment], claim: Claim) -> None:
    given = _one(row, _those(claim.head, "REF", "F8"), "original_claim_id")
    row.values["original_claim_id"] = given.at(2) if given else None
    for column, qualifier in (("clinical_trial_number", "P4"), ("investigational_device_exemption_number", "LX")):
        given = next(iter(_those(claim.head, "REF", qualifier)), None)
        numbers = [part.at(2) for part in (*_those(line, "REF", qualifier)[:1], *([given] if given else []))]
        row.values[column] = next(filter(None, numbers), None)
    authorized = [part.at(2) for inside in (line, claim.head) for part in _those(inside, "REF", "G1")[:1]]
    row.values["prior_authorization_number"] = next(filter(None, authorized), None)
    control = _those(line, "REF", "6R")
    row.values["line_item_control_number"] = control[0].at(2) if control else None
    for column, qualifier in (("condition_codes", "BG"), ("value_codes", "BE")):
        codes = [
            segment.part(place, 2)
            for segment in claim.head
            if segment.id == "HI"
            for place in range(1, len(segment.elements))
            if segment.part(place, 1) == qualifier
        ]
        row.values[column] = " ".join(filter(None, codes)) or None
    procedures = [
        segment.part(place, 2)
        for segment in claim.head
        if segment.id == "HI"
        for place in range(1, len(segment.elements))
        if segment.part(place, 1) in {"BBR", "BBQ", "BR", "BQ"} and segment.part(place, 2)
    ]
    if len(procedures) > MOST_PROCEDURES:
        row.faults.add("procedure_code-too-many")
    row.values |= {f"procedure_code_{number}": code for number, code in enumerate(procedures[:MOST_PROCEDURES], 1)}


def _diagnoses(row: Row, service: Segment, claim: Claim, warnings: Counter[str]) -> None:
    places = list(_places(claim))
    pointers = [pointer for pointer in service.at(POINTERS.get(service.id, 99)).split(service.component) if pointer]
    pointed = places
    if pointers:
        pointed = [_pointed(places, pointer) for pointer in pointers]
        row.is_dangling = None in pointed
        warnings["diagnosis_pointer-dangling"] += row.is_dangling
    used = list(dict.fromkeys(place for place in pointed if place))
    codes, kinds = list(dict.fromkeys(code for code, _ in used)), {kind for _, kind in used}
    if len(kinds) > 1:
        row.faults.add("diagnosis_code_type-conflict")
        row.unspecified.add("diagnosis_code_type")
    if len(codes) > MOST_DIAGNOSES:
        row.faults.add("diagnosis_code-too-many")
    row.values["diagnosis_code_type"] = next(iter(kinds), None)
    row.values |= {f"diagnosis_code_{number}": code for number, code in enumerate(codes[:MOST_DIAGNOSES], 1)}


def _places(claim: Claim) -> Iterator[tuple[str, str] | None]:
    """What is at each element of the claim's diagnosis segments: the code and its code set."""
    for segment in claim.head:
        places = range(1, len(segment.elements))
        if segment.id != "HI" or not {segment.part(place, 1) for place in places} & (ICD_10 | ICD_9):
            continue
        filled = [place for place, element in enumerate(segment.elements) if element]
        for place in range(1, filled[-1] + 1):
            qualifier, code = segment.part(place, 1), segment.part(place, 2)
            is_sound = qualifier in ICD_10 | ICD_9 and code
            yield (code, "icd-10-cm" if qualifier in ICD_10 else "icd-9-cm") if is_sound else None


def _pointed(places: list[tuple[str, str] | None], pointer: str) -> tuple[str, str] | None:
    if not re.fullmatch(r"[0-9]{1,9}", pointer) or not 1 <= int(pointer) <= len(places):
        return None
    return places[int(pointer) - 1]
