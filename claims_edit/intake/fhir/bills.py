"""What else a claim says of itself: type of bill, frequency, condition codes, and the number of a clinical trial."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from claims_edit.intake.fhir import systems
from claims_edit.intake.fhir.concepts import Concepts, codings, first_code, located
from claims_edit.intake.fhir.resources import ABSENT, Concept, Extension
from claims_edit.intake.fhir.systems import variable_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from claims_edit.intake.fhir.resources import Information, Resource

BILL, TRIAL, CONDITION = "bill", "trial", "condition"
CATEGORIES = {
    "typeofbill": BILL,
    "clm_freq_cd": BILL,
    "clm_bill_freq_cd": BILL,
    "clm_clncl_tril_num": TRIAL,
    "clm_rlt_cond_cd": CONDITION,
}
TRIAL_VARIABLE = "clm_clncl_tril_num"
TRIAL_NAMES = (b"clm_clncl_tril_num", b"CLM-CLNCL-TRIL-NUM")
CLASS_VARIABLE = "clm_srvc_clsfctn_type_cd"
TYPE_OF_BILL = re.compile(r"0?[0-9][0-9A-Za-z]([0-9A-Za-z])")
FREQUENCY_CONFLICT = "claim_frequency_code-conflict"

_extensions = msgspec.json.Decoder(list[Extension] | None).decode


class TypeOfBill(NamedTuple):
    """A type of bill, whole or in parts."""

    whole: str | None
    facility: str | None
    classification: str | None
    frequency: str | None


class Bill(NamedTuple):
    """What a claim says of its bill."""

    type_of_bill: str | None
    frequency: str | None
    trial: str | None
    conditions: str | None
    fault: str | None


NOTHING = TypeOfBill(None, None, None, None)
NO_BILL = Bill(None, None, None, None, None)


def _category(concept: Concept | None) -> str | None:
    told = (variable_of(one.code) for one in codings(concept) if one.code)
    return next((CATEGORIES[code] for code in told if code in CATEGORIES), None)


def _type_of_bill(concept: Concept | None) -> TypeOfBill:
    return TypeOfBill(
        first_code(concept, systems.TYPES_OF_BILL),
        first_code(concept, systems.BILL_FACILITIES),
        first_code(concept, systems.BILL_CLASSES),
        first_code(concept, systems.BILL_FREQUENCIES),
    )


def _any_code(concept: Concept | None) -> str | None:
    return next((coding.code for coding in codings(concept) if coding.code), None)


class Bills:
    """The bills of claims, one after another."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._categories = Concepts(Concept, _category, "$.supportingInfo[...].category")
        self._types = Concepts(Concept, _type_of_bill, "$.supportingInfo[...].code")
        self._codes = Concepts(Concept, _any_code, "$.supportingInfo[...].code")

    def read(self, claim: Resource, facility: str | None, classification: str | None) -> Bill:
        """What a claim says of its bill; `facility` and `classification` are parts of its type said elsewhere."""
        bill, trial, conditions = self._informed(claim.supporting_info or claim.information or ())
        if claim.extension is not ABSENT:
            extension = bytes(claim.extension)
            if any(name in extension for name in TRIAL_NAMES):
                trial = trial or _extended(extension, TRIAL_VARIABLE)
            if facility is not None and classification is None:
                classification = _extended(extension, CLASS_VARIABLE)
        if bill is NOTHING and facility is None and trial is None and conditions is None:
            return NO_BILL
        whole, frequency, fault = _settled(bill, facility, classification)
        return Bill(whole, frequency, trial if trial and trial.strip("0 ") else None, conditions, fault)

    def _informed(self, information: Sequence[Information]) -> tuple[TypeOfBill, str | None, str | None]:
        bill, trial = NOTHING, None
        conditions: list[str | None] = []
        for one in information:
            kind = self._categories[bytes(one.category)]
            if kind is None:
                continue
            if kind == BILL:
                told = self._types[bytes(one.code)]
                bill = TypeOfBill(*(old or new for old, new in zip(bill, told, strict=True)))
            elif kind == TRIAL:
                trial = trial or one.value_string or self._codes[bytes(one.code)]
            else:
                conditions.append(one.value_string or self._codes[bytes(one.code)])
        return bill, trial, " ".join(filter(None, conditions)) or None if conditions else None


def _settled(
    bill: TypeOfBill, facility: str | None, classification: str | None
) -> tuple[str | None, str | None, str | None]:
    """The type of bill, its frequency, and the check that fails where it is told twice, differently.

    A whole type of bill ends in the frequency. One that is told apart and is no single character is not one.
    """
    parts = (bill.facility or facility, bill.classification or classification, bill.frequency)
    shaped = TYPE_OF_BILL.fullmatch(bill.whole) if bill.whole is not None else None
    if shaped is None:
        whole = bill.whole
        if whole is None and all(part is not None and len(part) == 1 for part in parts):
            whole = "".join(part for part in parts if part is not None)
        return whole, bill.frequency, None
    last = shaped[1]
    differs = bill.frequency is not None and len(bill.frequency) == 1 and bill.frequency != last
    return bill.whole, last, FREQUENCY_CONFLICT if differs else None


def _extended(extension: bytes, variable: str) -> str | None:
    """The value of a CMS variable among extensions.

    Raises:
        msgspec.ValidationError: an extension is malformed.
    """
    try:
        extensions = _extensions(extension) or []
    except msgspec.ValidationError as error:
        raise located(error, "$.extension") from None
    for one in extensions:
        if one.url and variable_of(one.url) == variable:
            coded = one.value_coding.code if one.value_coding is not None else None
            identified = one.value_identifier.value if one.value_identifier is not None else None
            return one.value_string or identified or coded
    return None
