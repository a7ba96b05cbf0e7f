"""Further facts of a claim: type of bill, frequency, condition and value codes, trial and device exemption."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from claims_edit.doubts import doubt_token
from claims_edit.intake.fhir import systems
from claims_edit.intake.fhir.concepts import MOST_KNOWN, Concepts, codings, first_code, located
from claims_edit.intake.fhir.elements import ABSENT, Coding, Concept, Identifier, NamedConcept, Reference
from claims_edit.intake.fhir.references import last_part
from claims_edit.intake.fhir.systems import name_of, variable_of
from claims_edit.intake.misspelt import is_slip

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from claims_edit.intake.fhir.elements import Extended
    from claims_edit.intake.fhir.resources import Information, Resource

BILL, TRIAL, CONDITION, VALUE, EXEMPTION, CLASS = "bill", "trial", "condition", "value", "exemption", "class"
MISSPELT, BLANK = "misspelt", "blank"
UNREAD = (None, MISSPELT, BLANK)
KINDS = {
    "typeofbill": BILL,
    "clm_freq_cd": BILL,
    "clm_bill_freq_cd": BILL,
    "clm_clncl_tril_num": TRIAL,
    "clm_rlt_cond_cd": CONDITION,
    "clm_val_cd": VALUE,
    "conditioncodes": CONDITION,
    "valuecodes": VALUE,
    "ahanubcconditioncodes": CONDITION,
    "ahanubcvaluecodes": VALUE,
}
WORDS = {
    TRIAL: re.compile(r"tril_num|clinical[ _-]?trial|\btrial\b|research[ _-]?stud|clinical[ _-]?research"),
    EXEMPTION: re.compile(r"investigational[ _-]?device|device[ _-]?exemption|\bide\b"),
    CONDITION: re.compile(r"condition[ _-]?codes?\b"),
    VALUE: re.compile(r"\bvalue[ _-]?codes?\b"),
}
CLASS_VARIABLE = "clm_srvc_clsfctn_type_cd"
TYPE_OF_BILL = re.compile(r"0?[0-9][0-9A-Za-z]([0-9A-Za-z])")
FREQUENCY_CONFLICT = "claim_frequency_code-conflict"
CODED = {CONDITION: "condition_codes-unknown", VALUE: "value_codes-unknown", BILL: "claim_frequency_code-unknown"}
NUBC_CODE = re.compile(r"[0-9A-Za-z]{2}")
CATEGORY_MISSING, CATEGORY_MISSPELT = "information-category-missing", "information-category-misspelt"
TRIAL_IN_TEXT = "clinical_trial_number-in-text"
MISSING = {TRIAL: "clinical_trial_number-missing", EXEMPTION: "investigational_device_exemption_number-missing"}
REGISTERED = re.compile(r"\bNCT[ #-]?[0-9]{8}\b", re.IGNORECASE)

_coding = msgspec.json.Decoder(Coding | None).decode
_identifier = msgspec.json.Decoder(Identifier | None).decode
_reference = msgspec.json.Decoder(Reference | None).decode
_text = msgspec.json.Decoder(str | None).decode


class TypeOfBill(NamedTuple):
    """A type of bill, whole or in parts."""

    whole: str | None
    facility: str | None
    classification: str | None
    frequency: str | None


class Bill(NamedTuple):
    """The type of bill of a claim, and related facts."""

    type_of_bill: str | None = None
    frequency: str | None = None
    trial: str | None = None
    conditions: str | None = None
    values: str | None = None
    exemption: str | None = None
    fault: str | None = None
    doubts: tuple[str, ...] = ()


class Informed(NamedTuple):
    """The facts in a claim's supporting information, and the doubts about it."""

    bill: TypeOfBill
    numbers: dict[str, list[str]]
    doubts: list[str]


NOTHING = TypeOfBill(None, None, None, None)
NO_BILL = Bill()
NOTHING_INFORMED = Informed(NOTHING, {}, [])


def _kind(concept: NamedConcept | None) -> str | None:
    """The meaning of a category, from its codes, else its name; BLANK if it has neither."""
    given = (concept.coding or []) if concept is not None else []
    values = (variable_of(one.code) for one in given if one.code)
    kind = next((KINDS[code] for code in values if code in KINDS), None)
    if kind is not None:
        return kind
    names = [
        concept.text if concept is not None else None,
        *(name for one in given for name in (one.code, one.display)),
    ]
    text = " ".join(name.lower() for name in names if name)
    if not text.strip():
        return BLANK
    kind = next((kind for kind, words in WORDS.items() if words.search(text)), None)
    return kind or _if_misspelt(variable_of(one.code) for one in given if one.code)


def _if_misspelt(names: Iterable[str]) -> str | None:
    """MISSPELT if one of the names differs by one letter from a known one."""
    return next((MISSPELT for name in names if any(is_slip(name, known) for known in KINDS)), None)


def _kind_by_system(concept: NamedConcept | None) -> str | None:
    """The meaning of a code, from its system; a category may only say that it is information."""
    given = (concept.coding or []) if concept is not None else []
    systems = [name_of(one.system).rsplit("/", 1)[-1].replace("-", "_") for one in given]
    kind = next((KINDS[name] for name in systems if KINDS.get(name, BILL) != BILL), None)
    kind = kind or _kind(concept)
    return kind if kind not in {None, BLANK} else _if_misspelt(name for name in systems if name not in KINDS)


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
        self._urls = Urls()
        self._kinds = Concepts(NamedConcept, _kind, "$.supportingInfo[...].category")
        self._kinds_by_system = Concepts(NamedConcept, _kind_by_system, "$.supportingInfo[...].code")
        self._types = Concepts(Concept, _type_of_bill, "$.supportingInfo[...].code")
        self._codes = Concepts(Concept, _any_code, "$.supportingInfo[...].code")

    def read(self, claim: Resource, facility: str | None, classification: str | None) -> Bill:
        """What a claim says of its bill; `facility` and `classification` are parts of its type from other elements."""
        information = claim.supporting_info or claim.information
        bill, numbers, doubts = self._informed(information) if information else NOTHING_INFORMED
        trial = numbers.get(TRIAL)
        if claim.extension:
            found, extended_class = self._extended(claim.extension)
            trial = trial or found
            if facility is not None and classification is None:
                classification = extended_class
        if bill is NOTHING and facility is None and not trial and not numbers and not doubts:
            return NO_BILL
        whole, frequency, fault = _settled(bill, facility, classification)
        if not trial and not numbers and not doubts:
            return Bill(whole, frequency, None, None, None, None, fault)
        values = next((number for number in trial or () if number.strip("0 ")), None)
        texts = {kind: " ".join(numbers[kind]) or None for kind in numbers}
        rest = texts.get(CONDITION), texts.get(VALUE), texts.get(EXEMPTION)
        return Bill(whole, frequency, values, *rest, fault, tuple(doubts))

    def _extended(self, extensions: list[Extended]) -> tuple[list[str], str | None]:
        """The numbers of trials, and the second digit of the type of bill, among a claim's extensions.

        One that names a trial and no number is a sign all the same.
        """
        trials: list[str] = []
        classification = None
        for one in extensions:
            kind = self._urls[one.url]
            if kind == TRIAL:
                trials.append(_extension_value(one) or TRIAL)
            elif kind == CLASS:
                classification = classification or _extension_value(one)
        return trials, classification

    def _informed(self, information: Sequence[Information]) -> Informed:
        bill = NOTHING
        numbers: dict[str, list[str]] = {}
        doubts: list[str] = []
        for place, one in enumerate(information):
            kind, doubt = self._kind_of(one), None
            if kind == BILL:
                values = self._types[bytes(one.code)]
                bill = TypeOfBill(*(old or new for old, new in zip(bill, values, strict=True)))
                doubt = CODED[BILL] if values == NOTHING or _is_unshaped(values) else None
            elif kind is None or kind in UNREAD:
                doubt = _unread(one, kind)
            else:
                texts = one.value_string, one.value_identifier, one.value_reference
                number = _value(*texts) or self._codes[bytes(one.code)]
                doubt = _of_number(kind, number)
                if number:
                    numbers.setdefault(kind, []).append(number)
            if doubt is not None:
                doubts.append(doubt_token(doubt, f"supportingInfo[{place}]{'.code' if kind in CODED else ''}"))
        return Informed(bill, numbers, doubts)

    def _kind_of(self, one: Information) -> str | None:
        """The meaning of supporting information, from its category, else the system of its code."""
        kind = self._kinds[bytes(one.category)]
        if kind in UNREAD and one.code is not ABSENT:
            return self._kinds_by_system[bytes(one.code)] or kind
        return kind


def _unread(one: Information, kind: str | None) -> str | None:
    """Why information of no kind that is read may be a fact all the same."""
    if kind == MISSPELT:
        return CATEGORY_MISSPELT
    if kind == BLANK:
        return CATEGORY_MISSING
    return TRIAL_IN_TEXT if one.value_string and REGISTERED.search(one.value_string) else None


def _of_number(kind: str, number: str | None) -> str | None:
    """What is not understood of a number, or of a code."""
    if kind in CODED:
        return CODED[kind] if number is None or NUBC_CODE.fullmatch(number.strip()) is None else None
    return MISSING[kind] if not number else None


def _is_unshaped(bill: TypeOfBill) -> bool:
    """Whether a whole type of bill is invalid, so that the frequency is unknown."""
    return bill.whole is not None and TYPE_OF_BILL.fullmatch(bill.whole) is None and bill.frequency is None


def _settled(
    bill: TypeOfBill, facility: str | None, classification: str | None
) -> tuple[str | None, str | None, str | None]:
    """The type of bill, its frequency, and the check that fails if two values differ.

    A whole type of bill ends in the frequency. A separate one that is not a single character is invalid.
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


def _value(text: str | None, identifier: Identifier | None, reference: Reference | None) -> str | None:
    """A number, however it is written."""
    if text or (identifier is not None and identifier.value):
        return text or (identifier.value if identifier is not None else None)
    if reference is None:
        return None
    named = reference.identifier.value if reference.identifier is not None else None
    return named or (last_part(reference.reference) if reference.reference else reference.display)


def _of_url(url: str) -> str | None:
    """The meaning of an extension with this URL."""
    variable = variable_of(url)
    if variable == CLASS_VARIABLE:
        return CLASS
    return TRIAL if WORDS[TRIAL].search(variable) else None


class Urls(dict[str | None, str | None]):
    """A cache of the meaning of extensions by URL, cleared when it is too large."""

    def __missing__(self, url: str | None) -> str | None:
        """Evaluate a new URL."""
        if len(self) >= MOST_KNOWN:
            self.clear()
        found = self[url] = _of_url(url) if url else None
        return found


def _extension_value(extended: Extended) -> str | None:
    """The value of an extension.

    Raises:
        msgspec.ValidationError: it is malformed.
    """
    try:
        coding = _coding(extended.value_coding) if bytes(extended.value_coding) else None
        identifier = _identifier(extended.value_identifier) if bytes(extended.value_identifier) else None
        text = _text(extended.value_string) if bytes(extended.value_string) else None
        reference = _reference(extended.value_reference) if bytes(extended.value_reference) else None
    except msgspec.ValidationError as error:
        raise located(error, "$.extension[...]") from None
    return _value(text, identifier, reference) or (coding.code if coding is not None else None)
