"""The frozen models of a rule pack: one per kind of file, with the citation inside the value that it supports."""

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from claims_edit.model import CodeKind, Disposition, IndicationScope, PolicyKind

_LAST_DAY = "2199-12-31"


def _iso_date(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("is not a date of the form YYYY-MM-DD")
    if value > _LAST_DAY:
        raise ValueError("is out of range; leave an open end out")
    return value


def _true_or_false(value: object) -> object:
    if value not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return value == "true"


def _compiles(value: str) -> str:
    if not (value.startswith("^") and value.endswith("$")):
        raise ValueError("does not span the whole id: begin it with ^ and end it with $")
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError("is not a regular expression") from error
    return value


Text = Annotated[str, StringConstraints(min_length=1)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{5}$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{2,3}$")]
PrefixRange = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2}-[A-Z][0-9]{2}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 .,()/-]{1,50}$")]
GroupCode = Literal["CO", "PR", "OA", "PI"]
Day = Annotated[dt.date, BeforeValidator(_iso_date)]
Flag = Annotated[bool, BeforeValidator(_true_or_false)]
IdPattern = Annotated[str, BeforeValidator(_compiles)]


class Strict(BaseModel):
    """Frozen, and refuses every key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Document(Strict):
    """A document that rules cite; `source` is the stem of its text file where one is kept."""

    id: Key
    title: Text
    publisher: Text
    source: Text | None = None


class Citation(Strict):
    """Where a value stands: the document's id, its section, and the date as the document gives it."""

    document: Key
    section: Text
    date: Text


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
    carc: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,5}$")] | None = None
    rarcs: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}[0-9]{1,4}$")], ...] = ()
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
    """A period in which nothing that decides a line changes; complete in itself.

    `gap` says why no version holds between its last day and the first day of the next one.
    """

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
    """`policies/*.yaml`: one payer's policy on one service."""

    id: Slug
    title: Text
    payer: Key
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


class EvidenceFile(Home):
    """`evidence/*.yaml`: the studies that one document summarises, and what it concludes."""

    summarises: Key
    service: Key
    conclusion: Text
    cite: Citation
    studies: tuple[Study, ...] = Field(min_length=1)


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
