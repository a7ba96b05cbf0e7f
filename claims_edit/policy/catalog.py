"""A checked rule pack as decision tables, for joins with claim lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.model import CRITERIA_COLUMNS, CodeKind
from claims_edit.policy import tables
from claims_edit.policy.editions import in_view
from claims_edit.policy.tables import table
from claims_edit.rule_files.policies import program_rules_of, stale_after
from claims_edit.rule_files.tables import CodeOfClaim

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from claims_edit.policy.pack import CitedDate, Home, Policy, ProcedureCode, RulePack, Version
    from claims_edit.policy.tables import Schema
    from claims_edit.rule_files.values import Citation

UNVERSIONED = "unversioned"


@dataclass(frozen=True)
class Catalog:
    """The decision tables of a rule pack, each sorted, so that results never depend on file or key order.

    Attributes:
        pack: The rule pack with the versions that decide lines (`policy.lifecycle`).
        written: The rule pack as it is written, proposed versions included.
        contents: The files of the pack, by path.
        rules_hash: SHA-256 (hex) over the paths and bytes of all rules files.
        rules_version: The pack's own version; `unversioned` where it has none.
        payer_names: name_key (unique), payer, blue_plan.
        program_spellings: name_key (unique), program.
        filing_indicators: claim_filing_indicator_code (unique), program.
        member_id_shapes: pattern (anchored, over the trimmed upper-cased id), program.
        plan_words: words (of a longer name of a plan), in_key (whether anywhere in its key), program.
        codes: hcpcs_code (unique), service, kind, valid_from (null: throughout), valid_until (null: open),
            code_citation, of_claims (whether it is a code of a claim as a whole), members (of these, a list: the codes
            that it needs together).
        code_sites: hcpcs_code, from, rule (`only` | `other_than`), sites.
        timelines: payer, service, program (null: every one that no row names), policy_id, timeline (the name of the
            versions that hold for a line of the program; unique for payer and service), rank (`Policy.rank`),
            scope_sites, scope_codes, scope_programs (lists; empty: all).
        versions: payer, service, timeline, in_force_from, in_force_until (null: open), policy_id, policy_version
            (`Version.id`), policy_kind, by_site (its reference is that of `site_references`), indication_scope,
            position (a list: the statement's), otherwise (a list: the position where its criteria are not met),
            policy_reference (835 REF*0K), liability_group_code (null unless the policy states it), stale_after (null:
            not given), and the citations of each.
        histories: payer, service, timeline, first_day (of the first version; null: none), unknown_before (whether it is
            not known what was before it).
        criteria: payer, service, timeline, policy_version, criterion (its number from 0), checked_by (the kind of
            value; null: only the record), values (a list), at_most.
        listed_codes: payer, service, timeline, policy_version, hcpcs_code, in_force_from, in_force_until,
            listed_citation.
        program_rules: payer, service, timeline, policy_version, program, rule (`applies` | `refer` | `review`),
            program_citation.
        boundaries: payer, service, timeline, boundary: the first day of a version, or the day after its last; those of
            the payer's other policies on the service are boundaries of each.
        site_prefixes: prefix (unique; the longest wins), site_class.
        site_beside: prefix, beside (the prefix of another diagnosis of the line), site_class.
        guidance: service, site_class, guidance_id, out_from, guidance_citation.
        site_references: payer, service, site_class, site_reference, site_from, site_first, site_citation: the guidance
            used in place of the document of a payer that follows guidance by site, and the site's first day.
        reasons: reason_code (unique, in table order), disposition (null: informational), carc, rarcs, group_code,
            cites, reason.
    """

    pack: RulePack
    written: RulePack
    contents: dict[str, bytes]
    rules_hash: str
    rules_version: str
    payer_names: pl.DataFrame
    program_spellings: pl.DataFrame
    filing_indicators: pl.DataFrame
    member_id_shapes: pl.DataFrame
    plan_words: pl.DataFrame
    codes: pl.DataFrame
    code_sites: pl.DataFrame
    timelines: pl.DataFrame
    versions: pl.DataFrame
    histories: pl.DataFrame
    criteria: pl.DataFrame
    listed_codes: pl.DataFrame
    program_rules: pl.DataFrame
    boundaries: pl.DataFrame
    site_prefixes: pl.DataFrame
    site_beside: pl.DataFrame
    guidance: pl.DataFrame
    site_references: pl.DataFrame
    reasons: pl.DataFrame

    @property
    def contested(self) -> pl.DataFrame:
        """Each payer and service with several policies, or with one that is about some lines alone: payer, service."""
        scopes = ("scope_sites", "scope_codes", "scope_programs")
        held = self.timelines.group_by("payer", "service").agg(
            pl.col("policy_id").n_unique(), scoped=pl.any_horizontal(pl.col(scopes).list.len() > 0).any()
        )
        several = held.filter((pl.col("policy_id") > 1) | pl.col("scoped"))
        return several.select("payer", "service").sort("payer", "service")

    @property
    def criteria_columns(self) -> tuple[str, ...]:
        """The columns of a line that decide it only where the pack has criteria on them."""
        kinds = set(self.criteria["checked_by"])
        return tuple(column for kind, column in CRITERIA_COLUMNS.items() if kind in kinds)


def compile_catalog(
    written: RulePack,
    contents: dict[str, bytes],
    rules_hash: str,
    *,
    proposed: bool = False,
    ahead_of: dt.date | None = None,
) -> Catalog:
    """The decision tables of a pack that has passed its checks, without or with its proposed versions."""
    pack = in_view(written, proposed=proposed, ahead_of=ahead_of)
    cited = Citations(pack)
    return Catalog(
        pack=pack,
        written=written,
        contents=contents,
        rules_hash=rules_hash,
        rules_version=written.about.version if written.about else UNVERSIONED,
        payer_names=tables.payer_names(pack),
        program_spellings=tables.program_spellings(pack),
        filing_indicators=tables.program_signals(pack, "claim_filing_indicator_code", "filing_indicators"),
        member_id_shapes=tables.program_signals(pack, "pattern", "member_id_shapes"),
        plan_words=tables.plan_words(pack),
        codes=_codes(pack, cited),
        code_sites=_code_sites(pack),
        timelines=tables.timelines(pack),
        versions=_versions(pack, cited),
        histories=tables.histories(pack),
        criteria=tables.criteria(versions_of(pack)),
        listed_codes=_listed_codes(pack, cited),
        program_rules=_program_rules(pack, cited),
        boundaries=tables.boundaries(pack, versions_of(pack)),
        site_prefixes=tables.site_prefixes(pack),
        site_beside=tables.site_beside(pack),
        guidance=tables.guidance(pack, cited),
        site_references=tables.site_references(pack, cited),
        reasons=_reasons(pack),
    )


class Citations:
    """Renders a citation as `<document title>, <section> (<date as the document gives it>)`."""

    def __init__(self, pack: RulePack) -> None:
        homes: list[Home] = [
            *pack.policies.values(), *pack.guidance.values(), *pack.evidence.values(), *pack.remittance.values(),
            *pack.codes.values(),
        ]  # fmt: skip
        self._titles = {document.id: document.title for home in homes for document in home.documents}

    def text(self, cite: Citation) -> str:
        return f"{self._titles[cite.document]}, {cite.section} ({cite.date})"

    def code_text(self, code: ProcedureCode) -> str:
        """The citation of the code's validity; of the code itself, if it is valid throughout."""
        days = [day for day in (code.valid_from, code.valid_until) if day is not None]
        texts = [self.text(day.cite) for day in days] or [self.text(code.cite)]
        return "; ".join(dict.fromkeys(texts))

    def text_or_none(self, cite: Citation | None) -> str | None:
        return None if cite is None else self.text(cite)


def versions_of(pack: RulePack) -> Iterator[tuple[Policy, Version]]:
    """Each version with its policy, in order of payer, service, timeline and first day."""
    for policy in sorted(pack.policies.values(), key=lambda policy: (policy.payer, policy.service, policy.timeline)):
        for version in policy.versions:
            yield policy, version


def codes_of(pack: RulePack, service: str) -> list[ProcedureCode]:
    """The codes of a service's lines: specific ones first, each kind in order."""
    codes = [code for file in pack.codes.values() if file.service == service for code in file.codes]
    return sorted(codes, key=lambda code: (code.kind is CodeKind.UNLISTED, code.code))


def every_code_of(pack: RulePack, service: str) -> list[ProcedureCode]:
    """The codes of a service, those of claims as a whole last."""
    of_claims = [code for file in pack.codes.values() if file.service == service for code in file.of_claims]
    return [*codes_of(pack, service), *of_claims]


def version_on(policy: Policy | None, day: dt.date) -> Version | None:
    """The version in force on a day; None where there is none."""
    for version in policy.versions if policy else ():
        if version.from_.date <= day and (version.until is None or day <= version.until.date):
            return version
    return None


def _day(cited: CitedDate | None) -> dt.date | None:
    return None if cited is None else cited.date


def _codes(pack: RulePack, cited: Citations) -> pl.DataFrame:
    rows = (
        (
            code.code, file.service, code.kind.value, _day(code.valid_from), _day(code.valid_until),
            cited.code_text(code), isinstance(code, CodeOfClaim), getattr(code, "members", None),
        )
        for file in pack.codes.values()
        for code in file.every_code
    )  # fmt: skip
    schema: Schema = {
        "hcpcs_code": pl.String, "service": pl.String, "kind": pl.String, "valid_from": pl.Date,
        "valid_until": pl.Date, "code_citation": pl.String, "of_claims": pl.Boolean, "members": pl.List(pl.String),
    }  # fmt: skip
    return table(rows, schema).sort("hcpcs_code")


def _code_sites(pack: RulePack) -> pl.DataFrame:
    rows = (
        (code.code, rule.from_.date, rule.rule, list(rule.sites))
        for file in pack.codes.values()
        for code in file.codes
        for rule in code.sites
    )
    schema: Schema = {"hcpcs_code": pl.String, "from": pl.Date, "rule": pl.String, "sites": pl.List(pl.String)}
    return table(rows, schema).sort("hcpcs_code", "from", "rule")


def _versions(pack: RulePack, cited: Citations) -> pl.DataFrame:
    rows = (
        (
            policy.payer, policy.service, policy.timeline, version.from_.date, _day(version.until), policy.id,
            version.id, policy.kind.value, policy.follows is not None,
            version.statement.scope.value, [each.value for each in version.statement.position],
            [each.value for each in tables.otherwise(version)], policy.reference,
            version.liability.group_code if version.liability else None, stale_after(version),
            cited.text(version.statement.cite), cited.text(version.codes.cite),
            cited.text_or_none(version.liability.cite if version.liability else None),
            cited.text_or_none(_review_citation(version)),
        )
        for policy, version in versions_of(pack)
    )  # fmt: skip
    schema: Schema = {
        "payer": pl.String, "service": pl.String, "timeline": pl.String, "in_force_from": pl.Date,
        "in_force_until": pl.Date, "policy_id": pl.String, "policy_version": pl.String,
        "policy_kind": pl.String, "by_site": pl.Boolean,
        "indication_scope": pl.String, "position": pl.List(pl.String), "otherwise": pl.List(pl.String),
        "policy_reference": pl.String, "liability_group_code": pl.String,
        "stale_after": pl.Date, "statement_citation": pl.String, "codes_citation": pl.String,
        "liability_citation": pl.String, "review_citation": pl.String,
    }  # fmt: skip
    return table(rows, schema)


def _review_citation(version: Version) -> Citation | None:
    review = version.next_review or version.reviewed
    return None if review is None else review.cite


def _listed_codes(pack: RulePack, cited: Citations) -> pl.DataFrame:
    rows = (
        (
            policy.payer, policy.service, policy.timeline, version.id, code, version.from_.date,
            _day(version.until), cited.text(version.codes.cite),
        )
        for policy, version in versions_of(pack)
        for code in version.codes.listed
    )  # fmt: skip
    schema: Schema = {
        "payer": pl.String, "service": pl.String, "timeline": pl.String, "policy_version": pl.String,
        "hcpcs_code": pl.String, "in_force_from": pl.Date, "in_force_until": pl.Date, "listed_citation": pl.String,
    }  # fmt: skip
    return table(rows, schema).sort("payer", "service", "timeline", "policy_version", "hcpcs_code")


def _program_rules(pack: RulePack, cited: Citations) -> pl.DataFrame:
    rows = (
        (policy.payer, policy.service, policy.timeline, version.id, program, rule.value, cited.text(cite))
        for policy, version in versions_of(pack)
        for program, (rule, cite) in program_rules_of(version).items()
    )
    schema: Schema = {
        "payer": pl.String, "service": pl.String, "timeline": pl.String, "policy_version": pl.String,
        "program": pl.String, "rule": pl.String, "program_citation": pl.String,
    }  # fmt: skip
    return table(rows, schema).sort("payer", "service", "timeline", "policy_version", "program")


def _reasons(pack: RulePack) -> pl.DataFrame:
    rows = (
        (
            reason.edit, reason.disposition.value if reason.disposition else None, reason.carc, list(reason.rarcs),
            reason.group_code, reason.cites, reason.message,
        )
        for reason in pack.reasons.reasons
    )  # fmt: skip
    schema: Schema = {
        "reason_code": pl.String, "disposition": pl.String, "carc": pl.String, "rarcs": pl.List(pl.String),
        "group_code": pl.String, "cites": pl.String, "reason": pl.String,
    }  # fmt: skip
    return table(rows, schema)
