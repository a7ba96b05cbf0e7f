"""The models of the policies: one payer's policy on one service, and its versions."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from claims_edit.model import IndicationScope, PolicyKind, Position, ProgramRule, VersionStatus
from claims_edit.rule_files.cited import CitedDate, Home
from claims_edit.rule_files.tables import Payer
from claims_edit.rule_files.values import (
    Citation,
    Code,
    Day,
    Each,
    GroupCode,
    Key,
    Modifier,
    PlaceOfService,
    Prefix,
    Reference,
    Slug,
    Strict,
    Text,
)


class Statement(Strict):
    """The policy's position on the service, in our own words; several positions are several grounds of a denial."""

    position: Each[Position]
    scope: IndicationScope
    says: Text
    cite: Citation


CODE_CLASSES = {"category_iii": r"[0-9]{4}T", "category_ii": r"[0-9]{4}F", "level_ii": r"[A-V][0-9]{4}"}
"""Classes of procedure codes by their shape, as CPT and HCPCS define them."""


class ListedCodes(Strict):
    """The codes that the statement is about; the list may be empty.

    With `of_class` they are also the service's specific codes of a class that are valid in the version: a default rule.
    """

    listed: tuple[Code, ...] = ()
    of_class: Literal["category_iii", "category_ii", "level_ii"] | None = None
    cite: Citation
    note: Text | None = None


class Criterion(Strict):
    """A condition of coverage: one that the claim can show (by one kind of value), or one that only the record does.

    Attributes:
        sites: a diagnosis of the line is of one of these site classes.
        diagnoses: a diagnosis of the line begins with one of these ICD-10-CM prefixes.
        codes: the procedure code is one of these.
        modifiers: the line has one of these modifiers.
        place_of_service: the line's place of service is one of these.
        units_at_most: the most units of service of the line.
        ask: what to ask, and whom, where the claim does not show it.
    """

    says: Text
    cite: Citation
    sites: tuple[Key, ...] = ()
    diagnoses: tuple[Prefix, ...] = ()
    codes: tuple[Code, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    place_of_service: tuple[PlaceOfService, ...] = ()
    units_at_most: Annotated[int, Field(ge=1)] | None = None
    ask: Text | None = None

    @property
    def checked_by(self) -> tuple[str, ...]:
        """The kinds of value of the claim that show it: one, or none."""
        return tuple(kind for kind in CHECKED_BY if getattr(self, kind))


CHECKED_BY = ("sites", "diagnoses", "codes", "modifiers", "place_of_service", "units_at_most")


class CoverageCriteria(Strict):
    """The conditions of coverage, all of which must be met; `otherwise` is the position where one is not met.

    Without `otherwise` a person decides on a line that does not meet them.
    """

    all_of: tuple[Criterion, ...] = Field(min_length=1)
    otherwise: Each[Position] | None = None


class AppliesTo(Strict):
    """The programs that the version applies to."""

    programs: tuple[Key, ...]
    says: Text
    cite: Citation


class ProgramException(Strict):
    """A program that the version excepts: other rules decide (`refer`), or a person does (`review`)."""

    rule: Literal["refer", "review"]
    says: Text
    cite: Citation


class Liability(Strict):
    """Who is liable for the charge of a denied line, where the policy states it."""

    group_code: GroupCode
    says: Text
    cite: Citation


class HistoryEntry(Strict):
    """A revision of the document that changed no decision, or the one that began the version."""

    date: Day
    change: Text
    cite: Citation


class Edition(Strict):
    """For whom a version holds in place of the policy's other ones: some of its payers, some programs, or both."""

    name: Slug
    payers: tuple[Key, ...] = ()
    programs: tuple[Key, ...] = ()
    says: Text
    cite: Citation

    def holds_for(self, payer: str, program: str | None = None) -> bool:
        """Whether it holds for a payer, and for a program of it (None: one that no edition names)."""
        return (not self.payers or payer in self.payers) and (not self.programs or program in self.programs)


class Approved(Strict):
    """Who approved the version as it is, on which day, and where that is recorded."""

    by: Text
    on: Day
    minutes: Text


class Version(Strict):
    """A period in which nothing that decides a line changes; complete in itself. A proposed one decides nothing.

    `approved` is needed where it changed since the pack's last release (`governance.release`). `gap` explains why no
    version is in force between its last day and the first day of the next one.
    """

    status: VersionStatus = VersionStatus.FINAL
    edition: Edition | None = None
    approved: Approved | None = None
    from_: CitedDate = Field(alias="from")
    until: CitedDate | None = None
    gap: Text | None = None
    statement: Statement
    codes: ListedCodes
    criteria: CoverageCriteria | None = None
    applies_to: AppliesTo
    exceptions: dict[Key, ProgramException] = Field(default_factory=dict)
    reviewed: CitedDate | None = None
    next_review: CitedDate | None = None
    liability: Liability | None = None
    history: tuple[HistoryEntry, ...] = ()

    @property
    def id(self) -> str:
        """Its first day, as the policy file gives it; of an edition with its name: `2026-01-01/medicaid`."""
        return self._named(self.from_.date)

    def _named(self, day: dt.date) -> str:
        return f"{day}/{self.edition.name}" if self.edition else day.isoformat()


class VersionAsIfInForce(Version):
    """A draft that is taken to be in force from an earlier day (`from_`) than its own first day."""

    first_day: Day

    @property
    def id(self) -> str:
        """Its own first day, and the name of its edition."""
        return self._named(self.first_day)


class BeforeFirstVersion(Strict):
    """What was before the first version on file: no policy, with its citation, or unknown."""

    was: Literal["none_existed", "unknown"]
    cite: Citation | None = None


class Scope(Strict):
    """The lines that a policy is about, beside other policies of its payer on the service: sites, codes, programs."""

    sites: tuple[Key, ...] = ()
    codes: tuple[Code, ...] = ()
    programs: tuple[Key, ...] = ()
    says: Text
    cite: Citation


DEFAULT_RULE = 1_000_000
"""Added to the order of a policy whose codes are a class: it comes after every other policy."""


class Policy(Home):
    """`policies/*.yaml`: a policy on one service, of one payer or several, and their entries unless in `payers.yaml`.

    `payers` are affiliates with one policy; each version holds for all of them unless it is an edition. In a pack that
    decides lines each policy has one payer and its versions (`policy.editions`). `follows` names a publisher of
    `guidance/`: the payer's document on a tumor site is then that publisher's guidance. `order` is among the payer's
    policies on the service: of those that address a line the one with the lowest decides.
    """

    id: Slug
    title: Text
    payer_: Key | None = Field(default=None, alias="payer")
    payers: tuple[Key, ...] = ()
    payer_entry: Payer | None = None
    payer_entries: dict[Key, Payer] = Field(default_factory=dict)
    service: Key
    kind: PolicyKind
    follows: Text | None = None
    reference: Reference
    order: Annotated[int, Field(ge=1, lt=DEFAULT_RULE)] | None = None
    scope: Scope | None = None
    before_first_version: BeforeFirstVersion
    versions: tuple[Version, ...] = Field(min_length=1)

    @property
    def every_payer(self) -> tuple[str, ...]:
        """The payers, in the order of the file."""
        return tuple(dict.fromkeys((*([self.payer_] if self.payer_ else []), *self.payers)))

    @property
    def payer(self) -> str:
        """The payer of a policy that has one; the payers of another, as text."""
        return ", ".join(self.every_payer)

    @property
    def is_default(self) -> bool:
        """Whether it is a default rule: its codes are a class."""
        return any(version.codes.of_class for version in self.versions)

    @property
    def rank(self) -> int:
        """Its place among the payer's policies on the service, the lowest first; the same for those in no order."""
        return (self.order or 0) + (DEFAULT_RULE if self.is_default else 0)

    @property
    def timeline(self) -> str:
        """The name of its versions: unique among a payer's policies."""
        return self.id

    @property
    def timeline_programs(self) -> tuple[str, ...]:
        """The programs of its versions; none: every program that no other timeline of the policy names."""
        return ()


class PolicyOfPrograms(Policy):
    """One payer's policy as it holds for some programs, which have editions of their own."""

    programs: tuple[Key, ...]

    @property
    def timeline(self) -> str:
        """The name of its versions: unique among a payer's policies."""
        return f"{self.id} {' '.join(self.programs)}"

    @property
    def timeline_programs(self) -> tuple[str, ...]:
        """The programs of its versions."""
        return self.programs


def program_rules_of(version: Version) -> dict[str, tuple[ProgramRule, Citation]]:
    """The rule of each program that the version addresses."""
    applies = dict.fromkeys(version.applies_to.programs, (ProgramRule.APPLIES, version.applies_to.cite))
    excepted = {program: (ProgramRule(rule.rule), rule.cite) for program, rule in version.exceptions.items()}
    return applies | excepted


def stale_after(version: Version) -> dt.date | None:
    """The last day on which a version's review is not overdue: its next review, else twelve months past its last."""
    if version.next_review is not None:
        return version.next_review.date
    if version.reviewed is None:
        return None
    return twelve_months_after(version.reviewed.date)


def twelve_months_after(day: dt.date) -> dt.date:
    """The same day of the next year; of 29 February the 28th."""
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + 1, day=28 if leap_day else day.day)
