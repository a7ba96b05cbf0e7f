"""The models of the tables: codes, tumor sites, payers, programs, reasons, and the weights of the work list."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from claims_edit.model import CodeKind, Disposition
from claims_edit.rule_files.cited import CitedDate, Home
from claims_edit.rule_files.claim_codes import TOGETHER, Approach, OpcsCodes, PcsTable
from claims_edit.rule_files.values import (
    Carc,
    Citation,
    Code,
    Flag,
    GroupCode,
    IdPattern,
    Key,
    Prefix,
    PrefixRange,
    Rarc,
    Strict,
    Text,
)


class SiteRule(Strict):
    """From this day, a code is for these site classes only, or for all others."""

    from_: CitedDate = Field(alias="from")
    rule: Literal["only", "other_than"]
    sites: tuple[Key, ...] = Field(min_length=1)


class ProcedureCode(Strict):
    """A procedure code; without `valid_from` it is valid throughout."""

    code: Code
    kind: CodeKind
    label: Text
    approach: Approach
    cite: Citation
    valid_from: CitedDate | None = None
    valid_until: CitedDate | None = None
    sites: tuple[SiteRule, ...] = ()


class CodeOfClaim(ProcedureCode):
    """A procedure code of a claim as a whole; `members` are the codes that it needs together."""

    members: tuple[str, ...]


def _of_claim(members: tuple[str, ...], label: str, approach: Approach, cite: Citation) -> CodeOfClaim:
    return CodeOfClaim.model_construct(
        code=TOGETHER.join(members), kind=CodeKind.SPECIFIC, label=label, approach=approach, cite=cite,
        valid_from=None, valid_until=None, sites=(), members=members,
    )  # fmt: skip


class CodesFile(Home):
    """`codes/*.yaml`: a service and its procedure codes: those of lines, and those of claims as a whole."""

    service: Key
    label: Text
    codes: tuple[ProcedureCode, ...] = Field(min_length=1)
    icd_10_pcs: tuple[PcsTable, ...] = ()
    opcs_4: tuple[OpcsCodes, ...] = ()

    @property
    def of_claims(self) -> tuple[CodeOfClaim, ...]:
        """The codes of claims, in order of the file."""
        found = [
            _of_claim((code,), label, approach, table.cite)
            for table in self.icd_10_pcs
            for code, label, approach in table.codes()
        ]
        return (*found, *(_of_claim(each.all_of, each.label, each.approach, each.cite) for each in self.opcs_4))

    @property
    def every_code(self) -> tuple[ProcedureCode, ...]:
        """All codes: of lines, then of claims."""
        return (*self.codes, *self.of_claims)


class BesideRule(Strict):
    """A prefix that belongs to the class only if the line also has a diagnosis of one of these ranges."""

    prefix: Prefix
    ranges: tuple[PrefixRange, ...] = Field(min_length=1)


class SiteClass(Strict):
    """A tumor site class and its ICD-10-CM prefixes; `not_solid` is the class of all that is not a solid tumor."""

    label: Text
    prefixes: tuple[Prefix, ...] = ()
    ranges: tuple[PrefixRange, ...] = ()
    beside: tuple[BesideRule, ...] = ()


class TumorSitesFile(Strict):
    """`tumor_sites.yaml`."""

    source: Text
    site_classes: dict[Key, SiteClass]


class Payer(Strict):
    """A payer and the names and identifiers that extracts use for it."""

    label: Text
    blue_plan: Flag
    names: tuple[Text, ...] = ()
    identifiers: tuple[Text, ...] = ()


class PayersFile(Strict):
    """`payers.yaml`; `ambiguous` are names that several payers share, and so no payer's."""

    payers: dict[Key, Payer]
    ambiguous: tuple[Text, ...] = ()


class ProgramSigns(Strict):
    """A program and the signals that put a line in it.

    `plan_words` are words in the longer name of a plan: they conflict with another program, but name none themselves.
    """

    label: Text
    spellings: tuple[Text, ...] = ()
    plan_words: tuple[Text, ...] = ()
    filing_indicators: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2}$")], ...] = ()
    member_id_shapes: tuple[IdPattern, ...] = ()


class ProgramsFile(Strict):
    """`programs.yaml`."""

    programs: dict[Key, ProgramSigns]


class Reason(Strict):
    """The result of an edit that is the first triggered; without a disposition the edit is informational."""

    edit: Text
    disposition: Disposition | None = None
    carc: Carc | None = None
    rarcs: tuple[Rarc, ...] = ()
    group_code: GroupCode | None = None
    cites: Literal["statement", "codes", "program", "code", "contract"] | None = None
    message: Text


class ReasonsFile(Strict):
    """`reasons.yaml`."""

    reasons: tuple[Reason, ...]


Weight = Annotated[int, Field(ge=0, le=1_000_000)]
EACH_100_OF_CHARGE, EACH_NIGHT_OPEN = "each-100-of-charge", "each-night-open"


class WorkListFile(Strict):
    """`worklist.yaml` (optional): the weights of the priority of a review; an edit that is not named adds nothing."""

    each_100_of_charge: Weight
    each_night_open: Weight
    reasons: dict[Text, Weight] = Field(default_factory=dict)

    def weights(self) -> dict[str, int]:
        """All weights by name: those of the charge, of the nights, and of each edit."""
        return {
            EACH_100_OF_CHARGE: self.each_100_of_charge, EACH_NIGHT_OPEN: self.each_night_open, **self.reasons,
        }  # fmt: skip
