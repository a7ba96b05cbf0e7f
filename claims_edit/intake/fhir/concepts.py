"""The meaning of a concept for a claim line; each distinct one is decoded and evaluated once.

A file of claims has few distinct concepts. `Concepts` maps the JSON of one to its meaning; the functions below derive
what that is for each element.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from claims_edit.intake.fhir import systems
from claims_edit.intake.fhir.systems import name_of, variable_of
from claims_edit.model import TRIAL_DIAGNOSIS

if TYPE_CHECKING:
    from collections.abc import Callable

    from claims_edit.intake.fhir.elements import Coding, Concept, Extension, Service

T = TypeVar("T")

MOST_KNOWN = 16_384  # distinct concepts that are kept of an element
LONGEST_KNOWN = 4096  # bytes of one that is kept
NOT_EVALUABLE = "hcpcs_code-not-evaluable"
CODE_MISSING = "hcpcs_code-missing"
CODE_CONFLICT = "hcpcs_code-conflict"
CHARGE, PAID, ALLOWED, OTHER_PAYER = range(4)
ICD_10, ICD_9 = 1, 2  # bits: a line of both has 3

CODE_SYSTEM_UNKNOWN = "hcpcs_code-system-unknown"
NOT_CODED = "diagnosis-not-coded"
UNKNOWN_RELATIONSHIP = "unknown"

# A HCPCS or CPT code, alone or with modifiers behind it, and inside a text; five digits alone are other systems' too.
LIKE_A_CODE = re.compile(r"([0-9]{4}[A-Z]|[A-V][0-9]{4}|[0-9]{5})(?:[-: ,]+[A-Z0-9]{2})*")
IN_A_TEXT = re.compile(r"(?<![A-Z0-9])(?:[0-9]{4}[A-Z]|[A-V][0-9]{4})(?![A-Z0-9])")


class Procedure(NamedTuple):
    """The code of a line.

    Attributes:
        code: of HCPCS or CPT, or one that looks like it.
        fault: the check that it fails.
        doubt: what is not certain of it.
        is_other: whether there is only another system's code, or a text.
        exemption: the number of an investigational device's exemption, where CMS writes it.
    """

    code: str | None = None
    fault: str | None = None
    doubt: str | None = None
    is_other: bool = False
    exemption: str | None = None


class Diagnosis(NamedTuple):
    """The codes of a diagnosis, their type (ICD_10, ICD_9), what is not understood of it, and if it is a trial's."""

    codes: tuple[str, ...] = ()
    types: int = 0
    problem: str | None = None
    is_trial: bool = False
    is_odd: bool = False  # either of these


# Of the entries with an amount, the one with the lowest rank counts. CMS's own variables name it exactly; its server
# files several of them under one HL7 category (`rev_cntr_rate_amt` is "submitted", too), so that a category counts less
# next to such a variable.
VARIABLES = {
    "line_sbmtd_chrg_amt": (CHARGE, 0),
    "rev_cntr_tot_chrg_amt": (CHARGE, 0),
    "clm_line_sbmt_chrg_amt": (CHARGE, 0),
    "line_nch_pmt_amt": (PAID, 0),
    "rev_cntr_pmt_amt_amt": (PAID, 0),
    "clm_line_cvrd_pd_amt": (PAID, 0),
    "line_prvdr_pmt_amt": (PAID, 3),
    "rev_cntr_prvdr_pmt_amt": (PAID, 3),
    "clm_line_prvdr_pmt_amt": (PAID, 3),
    "line_alowd_chrg_amt": (ALLOWED, 0),
    "clm_line_alowd_chrg_amt": (ALLOWED, 0),
    "line_bene_prmry_pyr_pd_amt": (OTHER_PAYER, 0),
    "rev_cntr_1st_msp_pd_amt": (OTHER_PAYER, 0),
    "rev_cntr_2nd_msp_pd_amt": (OTHER_PAYER, 0),
}
CATEGORIES = {
    "submitted": (CHARGE, 1),
    "benefit": (PAID, 1),
    "paidtoprovider": (PAID, 3),
    "eligible": (ALLOWED, 1),
    "allowed": (ALLOWED, 1),
    "priorpayerpaid": (OTHER_PAYER, 1),
}
BESIDE_A_VARIABLE = 1  # what a category's rank grows by
RANKS = 5  # more than any rank
EXEMPTION_VARIABLES = frozenset({"rev_cntr_ide_ndc_upc_num", "clm_line_ide_num"})

# The types of diagnoses of HL7, CARIN and CMS.
UNESTABLISHED_DIAGNOSES = frozenset({
    "admitting", "patientreasonforvisit", "reason-for-visit", "reasonforvisit", "differential",
})  # fmt: skip
KNOWN_DIAGNOSES = UNESTABLISHED_DIAGNOSES | {
    "clinical", "discharge", "laboratory", "nursing", "prenatal", "principal", "radiology", "remote", "retrospective",
    "self", "other", "secondary", "externalcauseofinjury", "external", "external-first", "first-external",
}  # fmt: skip


class Concepts(dict[bytes, T]):
    """A cache of the meaning of each distinct JSON of an element, cleared when it is too large."""

    def __init__(self, shape: Any, read: Callable[[Any], T], path: str) -> None:  # noqa: ANN401 -- a type, or a union
        """`read` evaluates the value decoded as `shape` (None if absent); `path` is for errors."""
        super().__init__()
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(shape | None).decode
        self._read = read
        self._path = path

    def __missing__(self, raw: bytes) -> T:
        """Evaluate new JSON.

        Raises:
            msgspec.ValidationError: it does not have the element's structure; the text has its path in the resource.
        """
        try:
            found = self._read(self._decode(raw) if raw else None)
        except msgspec.ValidationError as error:
            raise located(error, self._path) from None
        if len(self) >= MOST_KNOWN:
            self.clear()
        if len(raw) <= LONGEST_KNOWN:
            self[raw] = found
        return found


def located(error: msgspec.ValidationError, path: str) -> msgspec.ValidationError:
    """The error of a part of a resource, with the part's own path before the one in the error."""
    value = str(error)
    return msgspec.ValidationError(value.replace("`$", f"`{path}") if "`$" in value else f"{value} - at `{path}`")


def codings(concept: Concept | None) -> list[Coding]:
    """The codings of a concept."""
    return (concept.coding or []) if concept is not None else []


def codes_of(concept: Concept | None, named: frozenset[str]) -> list[str]:
    """The distinct codes of a concept in the named code systems."""
    found = (coding.code for coding in codings(concept) if coding.code and name_of(coding.system) in named)
    return list(dict.fromkeys(found))


def first_code(concept: Concept | None, named: frozenset[str]) -> str | None:
    """The first code of a concept in the named code systems."""
    return next(iter(codes_of(concept, named)), None)


def has_code(concept: Concept | None, codes: frozenset[str]) -> bool:
    """Whether a concept has one of some codes, of whatever system."""
    if concept is not None:
        for coding in concept.coding or ():
            if coding.code in codes:
                return True
    return False


def procedure(concept: Service | None) -> Procedure:
    """The HCPCS or CPT code, else one that looks like it under another system, or in a text, which is a doubt.

    That a line has no code at all (`not-applicable`: a revenue center's line) is no finding.
    """
    if concept is None:
        return Procedure()
    exemption = exemption_of(concept.extension)
    codes = codes_of(concept, systems.PROCEDURES)
    doubt = None
    if not codes:
        codes = _like_codes(concept)
        doubt = CODE_SYSTEM_UNKNOWN if codes else None
    if codes:
        differ = len({code.strip().upper() for code in codes}) > 1
        return Procedure(codes[0], CODE_CONFLICT if differ else None, doubt, exemption=exemption)
    is_empty = not codings(concept) and not concept.text
    if is_empty or any(name_of(one.system) in systems.PROCEDURES for one in codings(concept)):
        return Procedure(fault=CODE_MISSING, exemption=exemption)
    others = [one for one in codings(concept) if not (one.code == "not-applicable" and _explains_absence(one))]
    is_other = bool(others or (concept.text and not codings(concept)))
    return Procedure(is_other=is_other, exemption=exemption)


def _like_codes(concept: Service) -> list[str]:
    """What looks like HCPCS or CPT codes under other systems, or in the text."""
    found = []
    for one in codings(concept):
        like = LIKE_A_CODE.fullmatch(one.code.strip().upper()) if one.code else None
        if like is not None and not (like[1].strip("D").isdigit() and name_of(one.system) in systems.OTHER_SERVICES):
            found.append(like[1])
    if not found and concept.text:
        text = concept.text.strip().upper()
        alone = LIKE_A_CODE.fullmatch(text)
        found = [alone[1]] if alone is not None else IN_A_TEXT.findall(text)
    return list(dict.fromkeys(found))


def exemption_of(extensions: list[Extension] | None) -> str | None:
    """The number of a device's exemption; CMS has one field for these and for those of drugs, which are digits."""
    for one in extensions or ():
        if one.url and variable_of(one.url) in EXEMPTION_VARIABLES:
            value = one.value_string or (one.value_coding.code if one.value_coding is not None else None)
            if value and not value.strip().replace("-", "").isdigit():
                return value
    return None


def _explains_absence(coding: Coding) -> bool:
    return name_of(coding.system) == systems.NO_CODE


def modifiers(concepts: list[Concept | None] | None) -> tuple[tuple[str, ...], bool]:
    """The modifiers of a line, and whether one of them is empty.

    Whatever their system: a modifier can only keep a line from being denied. CMS writes several as codings of one
    concept.
    """
    found: list[str] = []
    is_empty = False
    for concept in concepts or []:
        codes = list(dict.fromkeys(coding.code for coding in codings(concept) if coding.code))
        if not codes and concept is not None and concept.text:
            codes = [concept.text]
        is_empty = is_empty or not codes
        found += codes
    return tuple(found), is_empty


def place_of_service(concept: Concept | None) -> str | None:
    """The place of service, where the concept is of that code set."""
    return first_code(concept, systems.PLACES_OF_SERVICE)


def revenue_center(concept: Concept | None) -> str | None:
    """The revenue code, else any other code there."""
    other = next((coding.code for coding in codings(concept) if coding.code), None)
    return first_code(concept, systems.REVENUE_CENTERS) or other


def amount_kind(category: Concept | None) -> tuple[int, int] | None:
    """The kind of amount of an adjudication (CHARGE, PAID or ALLOWED), and its rank among the same kind."""
    variables = [one for one in codings(category) if one.code and name_of(one.system).startswith(systems.CMS)]
    exact = [VARIABLES[name] for one in variables if (name := variable_of(one.code or "")) in VARIABLES]
    if exact:
        return exact[0]
    named = [CATEGORIES[one.code] for one in codings(category) if one.code in CATEGORIES]
    if not named:
        return None
    value, rank = named[0]
    return value, rank + BESIDE_A_VARIABLE if variables else rank


def rendering_rank(role: Concept | None) -> int | None:
    """How surely a member of the care team rendered the service (0 is surest); null where it did something else."""
    ranks = {"rendering": 0, "performing": 0, "primary": 1}
    return min((ranks[one.code] for one in codings(role) if one.code in ranks), default=None)


def relationship(concept: Concept | None) -> str | None:
    """What the claim is to a related one: 7 its replacement, 8 replaced by it, null neither, or unknown."""
    value = {"prior": "7", "replacedby": "8", "associated": None}
    return next((value[one.code] for one in codings(concept) if one.code in value), UNKNOWN_RELATIONSHIP)


def diagnosis(concept: Concept | None) -> Diagnosis:
    """The diagnosis codes; a doubt where no coding is of ICD-10-CM or ICD-9-CM.

    The codings of a concept are equivalent, so ICD-9 next to ICD-10 is a translation. CMS's server writes the same
    code under ICD-10-CM and ICD-10; only STU3 senders write ICD-10 alone.
    """
    for named, types in ((systems.ICD_10_CM, ICD_10), (systems.ICD_10, ICD_10), (systems.ICD_9_CM, ICD_9)):
        if codes := codes_of(concept, named):
            is_trial = any(code.strip().upper().replace(".", "") == TRIAL_DIAGNOSIS for code in codes)
            return Diagnosis(tuple(codes), types, None, is_trial, is_trial)
    return Diagnosis(problem=NOT_CODED, is_odd=True)


def supports_denial(types: list[Concept | None] | Concept | None) -> tuple[bool, bool]:
    """Whether a diagnosis of these types may support a denial, and whether one of them is not known.

    What a patient is admitted for, comes for, or might have is not established.
    """
    given = types if isinstance(types, list) else [types]
    codes = {(one.code or "").strip().lower() for concept in given for one in codings(concept)}
    texts = any(concept is not None and concept.text and not codings(concept) for concept in given)
    is_known = codes <= KNOWN_DIAGNOSES and not texts
    return not codes or not codes <= UNESTABLISHED_DIAGNOSES, not is_known
