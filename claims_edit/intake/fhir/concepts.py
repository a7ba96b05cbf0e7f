"""What a concept says to a claim line, each distinct one decoded and judged once.

A file of claims holds few distinct concepts. `Concepts` maps the JSON of one to what it says; the functions below tell
what that is for each element.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from claims_edit.intake.fhir import systems
from claims_edit.intake.fhir.systems import name_of, variable_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from claims_edit.intake.fhir.resources import Coding, Concept

T = TypeVar("T")

MOST_KNOWN = 16_384  # distinct concepts that are kept of an element
LONGEST_KNOWN = 4096  # bytes of one that is kept
NOT_EVALUABLE = "hcpcs_code-not-evaluable"
CODE_CONFLICT = "hcpcs_code-conflict"
CHARGE, PAID, ALLOWED = range(3)
ICD_10, ICD_9 = 1, 2  # bits: a line of both has 3

Procedure = tuple[str | None, str | None, bool]

# Of the entries that tell an amount, the one of the lowest rank counts. CMS's own variables name it exactly; its server
# files several of them under one HL7 category (`rev_cntr_rate_amt` is "submitted", too), so that a category counts less
# where such a variable stands beside it.
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
}
CATEGORIES = {
    "submitted": (CHARGE, 1),
    "benefit": (PAID, 1),
    "paidtoprovider": (PAID, 3),
    "eligible": (ALLOWED, 1),
    "allowed": (ALLOWED, 1),
}
BESIDE_A_VARIABLE = 1  # what a category's rank grows by
RANKS = 5  # more than any rank


class Concepts(dict[bytes, T]):
    """What each distinct JSON of an element says; all are forgotten when there are too many."""

    def __init__(self, shape: Any, read: Callable[[Any], T], path: str) -> None:  # noqa: ANN401 -- a type, or a union
        """`read` judges what was decoded as `shape` (None where nothing stands there); `path` is for errors."""
        super().__init__()
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(shape | None).decode
        self._read = read
        self._path = path

    def __missing__(self, raw: bytes) -> T:
        """Judge JSON that was not seen before.

        Raises:
            msgspec.ValidationError: it has not the shape of the element; the text tells its path in the resource.
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
    """The error of a part of a resource, with the part's own path in front of the one it tells."""
    told = str(error)
    return msgspec.ValidationError(told.replace("`$", f"`{path}") if "`$" in told else f"{told} - at `{path}`")


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


def procedure(concept: Concept | None) -> Procedure:
    """The HCPCS or CPT code, the check that it fails, and whether it is another system's, or a text.

    That a line has no code at all (`not-applicable`: a revenue center's line) is no finding.
    """
    codes = codes_of(concept, systems.PROCEDURES)
    if codes:
        differ = len({code.strip().upper() for code in codes}) > 1
        return codes[0], CODE_CONFLICT if differ else None, False
    others = [one for one in codings(concept) if not (one.code == "not-applicable" and _says_why_none(one))]
    return None, None, bool(others or (concept and concept.text and not codings(concept)))


def _says_why_none(coding: Coding) -> bool:
    return name_of(coding.system) == systems.NO_CODE


def modifiers(concepts: list[Concept | None] | None) -> tuple[str, ...]:
    """The modifiers of a line.

    Whatever their system: a modifier can only keep a line from being denied. CMS writes several as codings of one
    concept.
    """
    found: list[str] = []
    for concept in concepts or []:
        if concept is not None:
            codes = dict.fromkeys(coding.code for coding in codings(concept) if coding.code)
            found += codes or ([concept.text] if concept.text else [])
    return tuple(found)


def place_of_service(concept: Concept | None) -> str | None:
    """The place of service, where the concept is of that code set."""
    return first_code(concept, systems.PLACES_OF_SERVICE)


def revenue_center(concept: Concept | None) -> str | None:
    """The revenue code, else whatever code stands there."""
    other = next((coding.code for coding in codings(concept) if coding.code), None)
    return first_code(concept, systems.REVENUE_CENTERS) or other


def amount_told(category: Concept | None) -> tuple[int, int] | None:
    """Which amount an adjudication tells (CHARGE, PAID or ALLOWED), and its rank among those that tell the same."""
    variables = [one for one in codings(category) if one.code and name_of(one.system).startswith(systems.CMS)]
    exact = [VARIABLES[name] for one in variables if (name := variable_of(one.code or "")) in VARIABLES]
    if exact:
        return exact[0]
    named = [CATEGORIES[one.code] for one in codings(category) if one.code in CATEGORIES]
    if not named:
        return None
    told, rank = named[0]
    return told, rank + BESIDE_A_VARIABLE if variables else rank


def rendering_rank(role: Concept | None) -> int | None:
    """How surely a member of the care team rendered the service (0 is surest); null where it did something else."""
    ranks = {"rendering": 0, "performing": 0, "primary": 1}
    return min((ranks[one.code] for one in codings(role) if one.code in ranks), default=None)


def relationship(concept: Concept | None) -> str | None:
    """What the claim is to a related one, as a claim frequency code: 7 its replacement, 8 replaced by it."""
    told = {"prior": "7", "replaced": "7", "replaces": "7", "replacedby": "8"}
    return next((told[one.code] for one in codings(concept) if one.code in told), None)


def diagnosis(concept: Concept | None) -> tuple[tuple[str, ...], int]:
    """The diagnosis codes, and their type (ICD_10, ICD_9); nothing where no coding is of ICD-10-CM or ICD-9-CM.

    The codings of a concept say the same, so that ICD-9 beside ICD-10 is a translation. CMS's server writes the same
    code under ICD-10-CM and ICD-10; only STU3 senders write ICD-10 alone.
    """
    for named, told in ((systems.ICD_10_CM, ICD_10), (systems.ICD_10, ICD_10), (systems.ICD_9_CM, ICD_9)):
        if codes := codes_of(concept, named):
            return tuple(codes), told
    return (), 0
