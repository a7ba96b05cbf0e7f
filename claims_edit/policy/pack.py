"""The frozen models of a rule pack: one per kind of file, with the citation inside the value that it supports."""

from typing import Annotated, Literal

from pydantic import Field

from claims_edit.policy.rule_tests import RuleTestsFile
from claims_edit.rule_files.cited import CitedDate, Document, Home
from claims_edit.rule_files.found_drafts import FoundDraft
from claims_edit.rule_files.policies import (
    AppliesTo,
    Approved,
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
from claims_edit.rule_files.values import Carc, Citation, Day, Flag, GroupCode, Key, Rarc, Release, Slug, Strict, Text


class CitedFact(Strict):
    """What a document establishes, in our own words."""

    says: Text
    cite: Citation


class Scenario(Strict):
    """A business situation in which an 835 adjustment is made."""

    id: Key
    number: Annotated[int, Field(ge=1)]
    label: Text
    cite: Citation


class Combination(Strict):
    """The codes approved with one CARC; its RARCs are the approved ones.

    `needs_remark` and `refers_to_policy` are requirements of the CARC's own definition: a remark code, and a reference
    to the healthcare policy (`REF*0K`).
    """

    carc: Carc
    label: Text
    scenario: Key
    dispositions: tuple[Literal["deny", "return"], ...] = Field(min_length=1)
    group_codes: tuple[GroupCode, ...] = Field(min_length=1)
    needs_remark: Flag
    refers_to_policy: Flag
    rarcs: tuple[Rarc, ...] = ()
    cite: Citation


class RemittanceFile(Home):
    """`remittance/*.yaml`: code combinations of 835 adjustments, by scenario; `basis` is the source of the table."""

    title: Text
    basis: tuple[CitedFact, ...] = Field(min_length=1)
    scenarios: tuple[Scenario, ...] = Field(min_length=1)
    combinations: tuple[Combination, ...] = Field(min_length=1)


class SiteGuidance(Strict):
    """A recommendation for one tumor site; informational, never a denial."""

    id: Slug
    service: Key
    site_class: Key
    says: Text
    out_from: CitedDate


class GuidanceFile(Home):
    """`guidance/*.yaml`."""

    publisher: Text
    guidance: tuple[SiteGuidance, ...] = Field(min_length=1)


class Study(Strict):
    """A study that a document summarises, as facts; `n` is omitted where the document gives none."""

    id: Key
    reference: Text
    site_classes: tuple[Key, ...] = Field(min_length=1)
    design: Text
    n: Annotated[int, Field(ge=1)] | None = None
    follow_up: Text
    figures: tuple[Text, ...] = ()
    conclusion: Text
    cite: Citation


class SiteConclusion(Strict):
    """The document's conclusion on these tumor sites, in our own words."""

    site_classes: tuple[Key, ...] = Field(min_length=1)
    conclusion: Text
    cite: Citation


class EvidenceFile(Home):
    """`evidence/*.yaml`: the studies that one document summarizes, and its conclusions, overall and by site."""

    summarises: Key
    service: Key
    conclusion: Text
    cite: Citation
    by_site: tuple[SiteConclusion, ...] = ()
    studies: tuple[Study, ...] = Field(min_length=1)


__all__ = [
    "AppliesTo",
    "Approved",
    "ChangelogEntry",
    "CitedDate",
    "CitedFact",
    "CodesFile",
    "Combination",
    "Document",
    "EvidenceFile",
    "FoundDraft",
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
    "RecordedRelease",
    "ReleasedVersion",
    "ReleasesFile",
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


class ReleasedVersion(Strict):
    """The content of a version as it was released, and its approval if it needed one."""

    content: Text
    approved: Approved | None = None


class RecordedRelease(Strict):
    """The content of a pack as it was released: of each file by path, of each enforced version by policy and id."""

    version: Release
    date: Day
    files: dict[Text, Text]
    policies: dict[Slug, dict[Text, ReleasedVersion]]


class ReleasesFile(Strict):
    """`releases.yaml` (optional): the releases of the pack, newest first. No run reads it."""

    releases: tuple[RecordedRelease, ...] = Field(min_length=1)


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
    def criteria_asks(self) -> dict[str, str]:
        """What to ask about the criteria of each version that has some, by `<policy id> <version id>`."""
        return {
            f"{policy.id} {version.id}": asks
            for policy in self.policies.values()
            for version in policy.versions
            if version.criteria and (asks := " ".join(each.ask for each in version.criteria.all_of if each.ask))
        }

    @property
    def review_weights(self) -> dict[str, int]:
        """The weights of a review's priority, by name; none without `worklist.yaml`: every priority is 0."""
        return self.work_list.weights() if self.work_list else {}
