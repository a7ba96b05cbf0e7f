"""The frozen models of a rule pack: one per kind of file, with the citation inside the value that it supports."""

from typing import Literal

from pydantic import Field

from claims_edit.model import IndicationScope, PolicyKind, VersionStatus
from claims_edit.policy.pack_cited import CitedDate, Document, Home
from claims_edit.policy.pack_evidence import EvidenceFile, GuidanceFile, SiteConclusion, SiteGuidance, Study
from claims_edit.policy.pack_remittance import CitedFact, Combination, RemittanceFile, Scenario
from claims_edit.policy.pack_tables import (
    CodesFile,
    Payer,
    PayersFile,
    ProcedureCode,
    ProgramsFile,
    ProgramSigns,
    Reason,
    ReasonsFile,
    SiteClass,
    SiteRule,
    TumorSitesFile,
)
from claims_edit.policy.rule_tests import RuleTestsFile
from claims_edit.policy.values import Citation, Code, Day, GroupCode, Key, Reference, Release, Slug, Strict, Text

__all__ = [
    "AppliesTo",
    "ChangelogEntry",
    "CitedDate",
    "CitedFact",
    "CodesFile",
    "Combination",
    "Document",
    "EvidenceFile",
    "GuidanceFile",
    "HistoryEntry",
    "Home",
    "Liability",
    "ListedCodes",
    "PackFile",
    "Payer",
    "PayersFile",
    "Policy",
    "ProcedureCode",
    "ProgramException",
    "ProgramSigns",
    "ProgramsFile",
    "Reason",
    "ReasonsFile",
    "RemittanceFile",
    "RuleChange",
    "RulePack",
    "Scenario",
    "ServiceDates",
    "SiteClass",
    "SiteConclusion",
    "SiteGuidance",
    "SiteRule",
    "Statement",
    "Study",
    "TumorSitesFile",
    "Version",
]


class Statement(Strict):
    """What the policy holds of the service, in our own words."""

    scope: IndicationScope
    says: Text
    cite: Citation


class ListedCodes(Strict):
    """The codes that the version lists as investigational; none is a list too."""

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
    """Who bears the charge of a denied line, where the policy's own words say so."""

    group_code: GroupCode
    says: Text
    cite: Citation


class HistoryEntry(Strict):
    """A revision of the document that changed nothing that decides a line, or the one that began the version."""

    date: Day
    change: Text
    cite: Citation


class Version(Strict):
    """A period in which nothing that decides a line changes; complete in itself. A proposed one decides nothing.

    `gap` says why no version holds between its last day and the first day of the next one.
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


class ServiceDates(Strict):
    """The dates of service that a change of the rules affects; without `until` it is open."""

    from_: Day = Field(alias="from")
    until: Day | None = None


class RuleChange(Strict):
    """A change of the rules; without a payer it affects every payer, without a policy every one of the payer's."""

    payer: Key | None = None
    policy: Slug | None = None
    service_dates: ServiceDates
    what: Text


class ChangelogEntry(Strict):
    """What one version of the pack changed."""

    version: Release
    date: Day
    changes: tuple[RuleChange, ...] = Field(min_length=1)


class PackFile(Strict):
    """`pack.yaml`, which a pack may do without: the pack's own version, and its changelog, newest first."""

    version: Release
    changelog: tuple[ChangelogEntry, ...] = Field(min_length=1)


class RulePack(Strict):
    """A whole rule pack; files of one kind are keyed by their path in the rules folder, in sorted order."""

    codes: dict[str, CodesFile]
    tumor_sites: TumorSitesFile
    payers: PayersFile
    programs: ProgramsFile
    reasons: ReasonsFile
    policies: dict[str, Policy]
    guidance: dict[str, GuidanceFile]
    evidence: dict[str, EvidenceFile]
    remittance: dict[str, RemittanceFile]
    tests: dict[str, RuleTestsFile]
    about: PackFile | None = None
