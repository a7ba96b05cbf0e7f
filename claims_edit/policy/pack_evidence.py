"""The models of informational rules, which never deny: guidance by site, and the studies behind a document."""

from typing import Annotated

from pydantic import Field

from claims_edit.rule_files.cited import CitedDate, Home
from claims_edit.rule_files.values import Citation, Key, Slug, Strict, Text


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
