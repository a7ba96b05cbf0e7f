"""The frozen models of a rule pack: one per kind of file, with the citation inside the value that it supports."""

from pydantic import Field

from claims_edit.policy.pack_evidence import EvidenceFile, GuidanceFile, SiteConclusion, SiteGuidance, Study
from claims_edit.policy.pack_remittance import CitedFact, Combination, RemittanceFile, Scenario
from claims_edit.policy.rule_tests import RuleTestsFile
from claims_edit.rule_files.cited import CitedDate, Document, Home
from claims_edit.rule_files.policies import (
    AppliesTo,
    HistoryEntry,
    Liability,
    ListedCodes,
    Policy,
    ProgramException,
    Statement,
    Version,
)
from claims_edit.rule_files.tables import (
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
    WorkListFile,
)
from claims_edit.rule_files.values import Day, Key, Release, Slug, Strict, Text

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
    "WorkListFile",
]


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
    """`pack.yaml` (optional): the pack's own version, and its changelog, newest first."""

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
    work_list: WorkListFile | None = None

    @property
    def review_weights(self) -> dict[str, int]:
        """The weights of a review's priority, by name; none without `worklist.yaml`: every priority is 0."""
        return self.work_list.weights() if self.work_list else {}
