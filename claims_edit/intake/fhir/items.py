"""The facts of an item: one claim line."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

import msgspec

from claims_edit.doubts import SEPARATOR, doubt_token
from claims_edit.intake.fhir.concepts import (
    CHARGE,
    CODE_MISSING,
    NOT_EVALUABLE,
    OTHER_PAYER,
    RANKS,
    Concepts,
    amount_kind,
    exemption_of,
    modifiers,
    place_of_service,
    procedure,
    revenue_center,
)
from claims_edit.intake.fhir.elements import ABSENT, Concept, Extension, Service
from claims_edit.intake.fhir.pointers import DANGLING
from claims_edit.intake.fhir.unbilled import DETAILS
from claims_edit.model import MODIFIER_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msgspec import Raw

    from claims_edit.intake.fhir.pointers import CareTeam, Diagnoses
    from claims_edit.intake.fhir.rare import Rare
    from claims_edit.intake.fhir.resources import Adjudication, Item
    from claims_edit.intake.fhir.unbilled import Unbilled

CHARGE_CONFLICT = "charge_amount-conflict"
EMPTY_MODIFIER = "hcpcs_modifier-empty"
OTHER_PAYER_FIRST = "other-payer-first"
MANY_MODIFIERS = "hcpcs_modifier-too-many"
NO_START = "claim_line_start_date-missing"
PRECISION = 60  # digits: a price, a quantity and a factor of twenty each are multiplied exactly

NOTHING = frozenset({b"", b"null"})
ZERO = "-0. "
PLAIN = re.compile(r"-?[0-9.]+")
EXPONENT = re.compile(r"[eE]([+-]?[0-9]{1,2})$")
LINE_COLUMNS = {
    "claim_line_start_date": "item.servicedPeriod.start",
    "claim_line_end_date": "item.servicedPeriod.end",
    "place_of_service_code": "item.locationCodeableConcept",
    "revenue_center_code": "item.revenue",
    "hcpcs_code": "item.productOrService",
    "service_unit_quantity": "item.quantity",
    "charge_amount": "item.adjudication:submitted",
    "paid_amount": "item.adjudication:benefit",
    "allowed_amount": "item.adjudication:eligible",
    "rendering_npi": "careTeam.provider",
    "diagnosis_code_type": "diagnosis.diagnosisCodeableConcept.system",
}

# A line: ORDINAL, the claim's place, number, where modifiers and diagnoses begin and how many, LINE_COLUMNS.
Line = tuple[Any, ...]
CODE = 11  # where a line has its procedure code
LINE_WIDTH = 7 + len(LINE_COLUMNS)


def is_old(item: Item) -> bool:
    """Whether an item is STU3's, which may have no service."""
    links = (item.diagnosis_link_id, item.care_team_link_id, item.information_link_id, item.procedure_link_id)
    return any(link is not ABSENT for link in links)


def written(raw: Raw, path: str) -> str | None:
    """A number as it is written, without an exponent; null if absent.

    Raises:
        msgspec.ValidationError: it is not a number.
    """
    text = str(raw, "utf-8")
    if "-" <= text < ":":
        return _without_exponent(text) if "e" in text or "E" in text else text
    if text in {"", "null"}:
        return None
    raise msgspec.ValidationError(f"Expected `number` - at `{path}`")


def _without_exponent(text: str) -> str:
    """A number with its exponent written out; an absurd one is unchanged, for validation to refuse."""
    exponent = EXPONENT.search(text)
    return f"{Decimal(text):f}" if exponent is not None else text


class Items:
    """The lines of claims, one after another."""

    def __init__(
        self,
        diagnoses: Diagnoses,
        team: CareTeam,
        unbilled: Unbilled,
        rare: Rare,
        modifiers: list[str],
        findings: list[str],
    ) -> None:
        """Rare facts are added to `rare`, the modifiers to `modifiers`, and findings to `findings`."""
        self._unbilled = unbilled
        self._rare = rare
        self._diagnoses = diagnoses
        self._team = team
        self._findings = findings
        self._all_modifiers = modifiers
        self._procedures = Concepts(Service, procedure, "$.item[...].productOrService")
        self._modifiers = Concepts(list[Concept | None], self._modified, "$.item[...].modifier")
        self._places = Concepts(Concept, place_of_service, "$.item[...].locationCodeableConcept")
        self._revenue_centers = Concepts(Concept, revenue_center, "$.item[...].revenue")
        self._amounts = Concepts(Concept, amount_kind, "$.item[...].adjudication[...].category")
        self._exemptions = Concepts(list[Extension], exemption_of, "$.item[...].extension")
        self._expected: list[tuple[Raw, tuple[int, int] | None]] = []

    def forget_modifiers(self) -> None:
        """Begin anew with the list of modifiers."""
        self._modifiers.clear()

    def _modified(self, concepts: list[Concept | None] | None) -> tuple[int, int, str | None, bool]:
        """Where the modifiers of a line begin, how many they are, the check that they fail, and if one is empty."""
        codes, has_empty = modifiers(concepts)
        self._all_modifiers += codes
        many = MANY_MODIFIERS if len(codes) > len(MODIFIER_COLUMNS) else None
        return len(self._all_modifiers) - len(codes), len(codes), many, has_empty

    def read(self, item: Item, place: int, ordinal: int, claim: int) -> Line:
        """A line, for a Table; `place` is the item's in its claim."""
        service = item.product_or_service if item.product_or_service is not ABSENT else item.service
        code, fault, doubt, is_other, exemption = self._procedures[bytes(service)]
        if is_other:
            self._findings.append(NOT_EVALUABLE)
        if code is None and item.revenue is ABSENT and bytes(service) in NOTHING and not is_old(item):
            fault = CODE_MISSING
        first_modifier, modifier_count, many, is_empty = self._modifiers[bytes(item.modifier)]
        to_codes = item.diagnosis_sequence if item.diagnosis_sequence is not ABSENT else item.diagnosis_link_id
        pointers = bytes(to_codes)
        diagnosed = self._diagnoses.of_lines.get(pointers) or self._diagnoses.resolve(pointers, item)
        first_code, code_count, code_type, coded, dangling, diagnosis_doubts = diagnosed
        to_team = item.care_team_sequence if item.care_team_sequence is not ABSENT else item.care_team_link_id
        pointers = bytes(to_team)
        rendering = self._team.of_lines.get(pointers) or self._team.resolve(pointers, item)
        start, end, undated = item.serviced_date, None, None
        if start is None and item.serviced_period is not None:
            start, end = item.serviced_period.start, item.serviced_period.end
            undated = NO_START if start is None and end is not None else None
        location = (
            None if item.location_codeable_concept is ABSENT else self._places[bytes(item.location_codeable_concept)]
        )
        revenue = None if item.revenue is ABSENT else self._revenue_centers[bytes(item.revenue)]
        units = written(item.quantity.value, "$.item[...].quantity.value") if item.quantity is not None else None
        charge, paid, allowed, conflict, hold = self._adjudicated(item.adjudication or ())
        if charge is None:
            charge = _net(item, units)
        details = DETAILS if item.detail is not ABSENT and self._unbilled.has_details(bytes(item.detail)) else None
        if fault or many or coded or undated or conflict or details:
            fault = " ".join(filter(None, (fault, many, coded, undated, conflict, details)))
        if dangling or is_empty or doubt is not None:
            diagnosis_doubts = self._doubted(diagnosis_doubts, place, doubt, dangling=dangling, is_empty=is_empty)
        if revenue is not None and item.extension is not ABSENT and b"ide_" in bytes(item.extension):
            exemption = exemption or self._exemptions[bytes(item.extension)]
        if fault is not None or diagnosis_doubts is not None or hold is not None or exemption is not None:
            self._rare[ordinal] = [fault, diagnosis_doubts, hold, exemption]
        return (
            ordinal, claim, item.sequence, first_modifier, modifier_count, first_code, code_count,
            start, end, location, revenue, code, units, charge, paid, allowed, rendering, code_type,
        )  # fmt: skip

    def _doubted(self, doubts: str | None, place: int, of_code: str | None, *, dangling: bool, is_empty: bool) -> str:
        """The doubts of a line with those about its code, pointers and modifiers."""
        found = [doubt_token(of_code, f"item[{place}].productOrService")] if of_code is not None else []
        found += [doubts] if doubts is not None else []
        if dangling:
            self._findings.append(DANGLING)
            found.append(doubt_token(DANGLING, f"item[{place}].diagnosisSequence"))
        if is_empty:
            found.append(doubt_token(EMPTY_MODIFIER, f"item[{place}].modifier"))
        return SEPARATOR.join(found)

    def _adjudicated(
        self, adjudication: Sequence[Adjudication]
    ) -> tuple[str | None, str | None, str | None, str | None, str | None]:
        """Charge, paid and allowed amount; the check that fails if two charges differ; and the posting hold.

        Lines mostly have the same adjudications in the same order, so that each is first held against the line before.
        """
        ranks = [RANKS, RANKS, RANKS, RANKS]
        amounts: list[str | None] = [None, None, None, None]
        conflict = None
        expected = self._expected
        expected += [(ABSENT, None)] * (len(adjudication) - len(expected))
        for place, one in enumerate(adjudication):
            category, kind = expected[place]
            if one.category != category:
                kind = self._amounts[bytes(one.category)]
                expected[place] = one.category.copy(), kind
            if kind is None or one.amount is None:
                continue
            which, rank = kind
            if rank > ranks[which]:
                continue
            amount = str(one.amount.value, "utf-8")
            if not "-" <= amount < ":" or "e" in amount or "E" in amount:  # mostly it is a plain number
                odd = _odd_amount(which, one.amount.value)
                if odd is None:
                    continue
                amount = odd
            if rank < ranks[which]:
                ranks[which], amounts[which] = rank, amount
                conflict = None if which == CHARGE else conflict
            elif which == CHARGE and float(amount) != float(amounts[CHARGE] or 0):
                conflict = CHARGE_CONFLICT
            elif which == OTHER_PAYER:
                amounts[which] = f"{amounts[which]} {amount}"
        others = amounts[OTHER_PAYER]
        hold = OTHER_PAYER_FIRST if others is not None and others.strip(ZERO) else None
        return amounts[0], amounts[1], amounts[2], conflict, hold


def _odd_amount(which: int, given: Raw) -> str | None:
    """An amount that is not a plain number; validation warns of invalid ones, except for a charge."""
    try:
        return written(given, "$.item[...].adjudication[...].amount.value")
    except msgspec.ValidationError:
        if which == CHARGE:
            raise
        return str(given, "utf-8").strip('"')


def _net(item: Item, units: str | None) -> str | None:
    """The charge of an item without a submitted amount: its net, else price times quantity."""
    if item.net is not None:
        return written(item.net.value, "$.item[...].net.value")
    if item.unit_price is None:
        return None
    price = written(item.unit_price.value, "$.item[...].unitPrice.value")
    quantity = units or "1"
    factor = written(item.factor, "$.item[...].factor") or "1"
    if price is None:
        return None
    odd = next((number for number in (price, quantity, factor) if not PLAIN.fullmatch(number)), None)
    with localcontext(prec=PRECISION):
        return f"{Decimal(price) * Decimal(quantity) * Decimal(factor):f}" if odd is None else odd
