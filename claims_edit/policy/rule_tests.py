"""The frozen models of `tests/*.yaml`: given facts → expected edit, as an analyst writes them.

A list under a key of the facts means *each of these*, so that one case can give many lines; `none` is an empty
cell.
"""

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from claims_edit.edits import EDIT_IDS, INFORMATIONAL_EDIT_IDS
from claims_edit.model import Coverage, Disposition
from claims_edit.rule_files.values import (
    Citation,
    ClaimCode,
    Day,
    Each,
    Flag,
    GroupCode,
    Key,
    PlaceOfService,
    Strict,
    Text,
)

NONE = "none"
"""An empty cell, or an expected value that is absent."""
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DIAGNOSIS, _MODIFIER = r"[A-Z0-9.]{3,8}", "[A-Z0-9]{2}"


def _span(value: object) -> object:
    first, _, last = value.partition("..") if isinstance(value, str) else ("", "", "")
    try:
        days = dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)
    except ValueError:
        raise ValueError("must be a date (2026-01-01) or a range of dates (2026-01-01..2026-01-05)") from None
    if days[1] < days[0]:
        raise ValueError("ends before it begins")
    return days


def _edit(value: str) -> str:
    if value not in EDIT_IDS:
        raise ValueError("is not an edit that decides a line")
    return value


def _note(value: str) -> str:
    if value not in INFORMATIONAL_EDIT_IDS:
        raise ValueError(f"must be one of {', '.join(INFORMATIONAL_EDIT_IDS)}")
    return value


def _edit_alone(value: object) -> object:
    return {"edit": value} if isinstance(value, str) else value


Diagnoses = Annotated[str, StringConstraints(pattern=rf"^(none|{_DIAGNOSIS}( {_DIAGNOSIS}){{0,24}})$")]
Modifiers = Annotated[str, StringConstraints(pattern=rf"^(none|{_MODIFIER}( {_MODIFIER}){{0,4}})$")]
Span = Annotated[
    tuple[dt.date, dt.date],
    BeforeValidator(_span, json_schema_input_type=Annotated[str, StringConstraints(pattern=rf"^{_DAY}(\.\.{_DAY})?$")]),
]
EditId = Annotated[str, AfterValidator(_edit), WithJsonSchema({"enum": list(EDIT_IDS)})]
NoteId = Annotated[str, AfterValidator(_note), WithJsonSchema({"enum": list(INFORMATIONAL_EDIT_IDS)})]


class ContractTerms(Strict):
    """A contract of the line's payer and group, in force from its first day (default: always) to its last."""

    coverage: Coverage
    group_code: GroupCode | None = None
    from_: Day | None = Field(default=None, alias="from")
    until: Day | None = None


class Given(Strict):
    """The facts of a claim line; facts that are not given have plain defaults, an empty cell where possible."""

    payer: Each[Text] | None = None
    program: Each[Text] | None = None
    filing_indicator: Each[Text] | None = None
    member_id: Each[Text] | None = None
    plan: Each[Text] | None = None
    code: Each[ClaimCode] | None = None
    service: Each[Span] | None = None
    diagnoses: Each[Diagnoses] | None = None
    diagnosis_type: Literal["icd-10-cm", "icd-9-cm"] | None = None
    modifiers: Each[Modifiers] | None = None
    trial_number: Text | None = None
    condition_codes: Text | None = None
    value_codes: Text | None = None
    device_exemption: Text | None = None
    prior_authorization: Text | None = None
    doubts: Text | None = None
    frequency: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]$")] | None = None
    place_of_service: Each[PlaceOfService | Literal["none"]] | None = None
    units: Each[Annotated[str, StringConstraints(pattern=r"^(none|[0-9]{1,6}(\.[0-9]{1,3})?)$")]] | None = None
    contract: ContractTerms | None = None


class Expected(Strict):
    """The expected result: the deciding edit, and other values that the case checks."""

    edit: EditId
    edits: tuple[EditId, ...] | None = None
    disposition: Disposition | None = None
    group_code: GroupCode | Literal["none"] | None = None
    carc: Text | None = None
    rarcs: tuple[Text, ...] | None = None
    version: Annotated[str, StringConstraints(pattern=rf"^({_DAY}(/[A-Za-z0-9_-]+)?|none)$")] | None = None
    stale: Flag | None = None
    notes: tuple[NoteId, ...] | None = None
    payer: Key | None = None
    program: Key | None = None
    site_class: Key | None = None
    guidance: Text | None = None
    reference: Text | None = None


Expectation = Annotated[Expected, BeforeValidator(_edit_alone, json_schema_input_type=EditId | Expected)]


class RuleCase(Given):
    """One case; its defaults come from its test, and the test's from its file."""

    expect: Expectation | None = None


class RuleTest(Strict):
    """Cases that show one point, with the source of the expected result."""

    name: Text
    cite: Citation | None = None
    given: Given = Given()
    expect: Expectation | None = None
    cases: tuple[RuleCase, ...] = Field(min_length=1)


class RuleTestsFile(Strict):
    """`tests/*.yaml`: claim lines and the edits that the rules must trigger."""

    about: Text
    given: Given = Given()
    tests: tuple[RuleTest, ...] = Field(min_length=1)
