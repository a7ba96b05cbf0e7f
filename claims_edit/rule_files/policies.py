"""The models of the policies: one payer's policy on one service, and its versions."""

import datetime as dt
from typing import Literal

from pydantic import Field

from claims_edit.model import IndicationScope, PolicyKind, ProgramRule, VersionStatus
from claims_edit.rule_files.cited import CitedDate, Home
from claims_edit.rule_files.tables import Payer
from claims_edit.rule_files.values import Citation, Code, Day, GroupCode, Key, Reference, Slug, Strict, Text


class Statement(Strict):
    """The policy's position on the service, in our own words."""

    scope: IndicationScope
    says: Text
    cite: Citation


class ListedCodes(Strict):
    """The codes that the version lists as investigational; the list may be empty."""

    listed: tuple[Code, ...]
    cite: Citation
    note: Text | None = None


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


class Version(Strict):
    """A period in which nothing that decides a line changes; complete in itself. A proposed one decides nothing.

    `gap` explains why no version is in force between its last day and the first day of the next one.
    """

    status: VersionStatus = VersionStatus.FINAL
    from_: CitedDate = Field(alias="from")
    until: CitedDate | None = None
    gap: Text | None = None
    statement: Statement
    codes: ListedCodes
    applies_to: AppliesTo
    exceptions: dict[Key, ProgramException] = Field(default_factory=dict)
    reviewed: CitedDate | None = None
    next_review: CitedDate | None = None
    liability: Liability | None = None
    history: tuple[HistoryEntry, ...] = ()

    @property
    def id(self) -> str:
        """Its first day, as the policy file gives it."""
        return self.from_.date.isoformat()


class VersionAsIfInForce(Version):
    """A draft that is taken to be in force from an earlier day (`from_`) than its own first day."""

    first_day: Day

    @property
    def id(self) -> str:
        """Its own first day."""
        return self.first_day.isoformat()


class Policy(Home):
    """`policies/*.yaml`: one payer's policy on one service, and the payer's own entry unless `payers.yaml` has it.

    `follows` names a publisher of `guidance/`: the payer's document on a tumor site is then that publisher's guidance.
    """

    id: Slug
    title: Text
    payer: Key
    payer_entry: Payer | None = None
    service: Key
    kind: PolicyKind
    follows: Text | None = None
    reference: Reference
    versions: tuple[Version, ...] = Field(min_length=1)


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
