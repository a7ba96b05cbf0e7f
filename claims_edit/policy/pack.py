"""The frozen models of a rule pack: one per kind of file, with the citation inside the value that it supports."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from claims_edit.model import CodeKind, Disposition, IndicationScope, PolicyKind, VersionStatus
from claims_edit.policy.rule_tests import RuleTestsFile
from claims_edit.policy.values import (
    Carc,
    Citation,
    Code,
    Day,
    Flag,
    GroupCode,
    IdPattern,
    Key,
    Prefix,
    PrefixRange,
    Rarc,
    Reference,
    Release,
    Slug,
    Strict,
    Text,
)


class Document(Strict):
    """A document that rules cite; `source` is the stem of its text file where one is kept, `url` where it is public."""

    id: Key
    title: Text
    publisher: Text
    source: Text | None = None
    url: Text | None = None


class CitedDate(Strict):
    """A day with its citation; where a document gives a month or a year, the last day of it."""

    date: Day
    cite: Citation
    note: Text | None = None


class SiteRule(Strict):
    """From a day on, a code is for these site classes only, or for all other ones."""

    from_: CitedDate = Field(alias="from")
    rule: Literal["only", "other_than"]
    sites: tuple[Key, ...] = Field(min_length=1)


class ProcedureCode(Strict):
    """A procedure code; without `valid_from` it is valid throughout."""

    code: Code
    kind: CodeKind
    label: Text
    approach: Literal["percutaneous", "open", "any"]
    cite: Citation
    valid_from: CitedDate | None = None
    valid_until: CitedDate | None = None
    sites: tuple[SiteRule, ...] = ()


class CodesFile(Strict):
    """`codes/*.yaml`: a service and its procedure codes."""

    service: Key
    label: Text
    codes: tuple[ProcedureCode, ...] = Field(min_length=1)


class SiteClass(Strict):
    """A tumor site class and its ICD-10-CM prefixes."""

    label: Text
    prefixes: tuple[Prefix, ...] = ()
    ranges: tuple[PrefixRange, ...] = ()


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
    """`payers.yaml`."""

    payers: dict[Key, Payer]


class ProgramSigns(Strict):
    """A program and the signs by which a line is known to be in it."""

    label: Text
    spellings: tuple[Text, ...] = ()
    filing_indicators: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2}$")], ...] = ()
    member_id_shapes: tuple[IdPattern, ...] = ()


class ProgramsFile(Strict):
    """`programs.yaml`."""

    programs: dict[Key, ProgramSigns]


class Reason(Strict):
    """What an edit leads to when it is the first that hits; without a disposition it only informs."""

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


class Home(Strict):
    """A file that may declare documents: each document is declared once, where it belongs."""

    documents: tuple[Document, ...] = ()


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
    """`policies/*.yaml`: one payer's policy on one service, and the payer's own entry unless `payers.yaml` has it."""

    id: Slug
    title: Text
    payer: Key
    payer_entry: Payer | None = None
    service: Key
    kind: PolicyKind
    reference: Reference
    versions: tuple[Version, ...] = Field(min_length=1)


class SiteGuidance(Strict):
    """A recommendation for one tumor site; it informs and never denies."""

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
    """A study that a document summarises, as facts; `n` is left out where the document gives none."""

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
    """What the document concludes of these tumor sites, in our own words."""

    site_classes: tuple[Key, ...] = Field(min_length=1)
    conclusion: Text
    cite: Citation


class EvidenceFile(Home):
    """`evidence/*.yaml`: the studies that one document summarises, and what it concludes, over all and by site."""

    summarises: Key
    service: Key
    conclusion: Text
    cite: Citation
    by_site: tuple[SiteConclusion, ...] = ()
    studies: tuple[Study, ...] = Field(min_length=1)


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
    """The codes that may stand together with one CARC; of its RARCs, those on record.

    `needs_remark` and `refers_to_policy` are what the CARC's own definition asks for: a remark code, and a look at the
    healthcare policy (`REF*0K`).
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
    """`remittance/*.yaml`: code combinations of 835 adjustments, by scenario; `basis` is where the table is from."""

    title: Text
    basis: tuple[CitedFact, ...] = Field(min_length=1)
    scenarios: tuple[Scenario, ...] = Field(min_length=1)
    combinations: tuple[Combination, ...] = Field(min_length=1)


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
