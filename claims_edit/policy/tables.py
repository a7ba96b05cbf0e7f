"""The decision tables common to all policies: names of payers, signals of programs, and sites of diagnoses."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.names import name_key, name_keys
from claims_edit.policy.sites import beside_of, prefixes_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from claims_edit.model import Position
    from claims_edit.policy.catalog import Citations
    from claims_edit.policy.pack import Policy, RulePack, Version

Row = tuple[object, ...]
Schema = dict[str, "pl.DataType | type[pl.DataType]"]
WITHIN_A_WORD = 6  # letters of a plan word that is distinctive enough to match inside a longer one (BlueMedicare)


def table(rows: Iterable[Row], schema: Schema) -> pl.DataFrame:
    """Rows as a frame of the schema."""
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def payer_names(pack: RulePack) -> pl.DataFrame:
    """Each name of a payer: name_key, payer, blue_plan."""
    rows = [
        (name, key, payer.blue_plan)
        for key, payer in pack.payers.payers.items()
        for name in (key, *payer.names, *payer.identifiers)
    ]
    frame = table(rows, {"name": pl.String, "payer": pl.String, "blue_plan": pl.Boolean})
    return frame.select(name_key(pl.col("name")).alias("name_key"), "payer", "blue_plan").unique().sort("name_key")


def program_spellings(pack: RulePack) -> pl.DataFrame:
    """Each spelling of a program: name_key, program."""
    rows = [
        (spelling, key) for key, program in pack.programs.programs.items() for spelling in (key, *program.spellings)
    ]
    frame = table(rows, {"spelling": pl.String, "program": pl.String})
    return frame.select(name_key(pl.col("spelling")).alias("name_key"), "program").unique().sort("name_key")


def program_signals(pack: RulePack, column: str, signals: str) -> pl.DataFrame:
    """Each signal of one kind, with its program."""
    rows = [(signal, key) for key, program in pack.programs.programs.items() for signal in getattr(program, signals)]
    return table(rows, {column: pl.String, "program": pl.String}).unique().sort(column, "program")


def plan_words(pack: RulePack) -> pl.DataFrame:
    """Each plan word as a pattern over the spaced name of a plan (`spaced`), or over its key: pattern, in_key, program.

    A short one matches whole words, a long one anywhere in the name.
    """
    words = [(word, key) for key, program in pack.programs.programs.items() for word in program.plan_words]
    rows = []
    for (word, program), key in zip(words, name_keys(word for word, _ in words), strict=True):
        long = key is not None and len(key) >= WITHIN_A_WORD
        rows.append((key if long else f" {spaced_text(word)} ", long, program))
    return table(rows, {"words": pl.String, "in_key": pl.Boolean, "program": pl.String}).sort("words", "program")


def spaced(text: pl.Expr) -> pl.Expr:
    """A name as lower-case words with one blank between and around them; `BlueMedicare` is two words."""
    parted = text.str.replace_all(r"(\p{Ll})(\p{Lu})", "$1 $2").str.to_lowercase()
    return pl.lit(" ") + parted.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars() + pl.lit(" ")


def spaced_text(text: str) -> str:
    """One name as `spaced` has it, without the blanks around."""
    return str(pl.select(spaced(pl.lit(text))).item()).strip()


def site_prefixes(pack: RulePack) -> pl.DataFrame:
    """Each ICD-10-CM prefix with its site class: prefix, site_class."""
    return table(prefixes_of(pack.tumor_sites), {"prefix": pl.String, "site_class": pl.String})


def site_beside(pack: RulePack) -> pl.DataFrame:
    """Each prefix whose site class depends on another diagnosis of the line: prefix, beside, site_class."""
    return table(beside_of(pack.tumor_sites), {"prefix": pl.String, "beside": pl.String, "site_class": pl.String})


def guidance(pack: RulePack, cited: Citations) -> pl.DataFrame:
    """Each recommendation with its service, site and first day."""
    rows = (
        (entry.service, entry.site_class, entry.id, entry.out_from.date, cited.text(entry.out_from.cite))
        for file in pack.guidance.values()
        for entry in file.guidance
    )
    schema: Schema = {
        "service": pl.String, "site_class": pl.String, "guidance_id": pl.String, "out_from": pl.Date,
        "guidance_citation": pl.String,
    }  # fmt: skip
    return table(rows, schema).sort("service", "site_class", "out_from", "guidance_id")


def site_references(pack: RulePack, cited: Citations) -> pl.DataFrame:
    """Each recommendation used in place of a payer's document on a site; `site_first` is the first of its site."""
    rows = (
        (
            policy.payer,
            policy.service,
            entry.site_class,
            entry.id,
            entry.out_from.date,
            f"{entry.id}: {cited.text(entry.out_from.cite)}",
        )
        for policy in pack.policies.values()
        for file in pack.guidance.values()
        if policy.follows == file.publisher
        for entry in file.guidance
        if entry.service == policy.service
    )
    schema: Schema = {
        "payer": pl.String, "service": pl.String, "site_class": pl.String, "site_reference": pl.String,
        "site_from": pl.Date, "site_citation": pl.String,
    }  # fmt: skip
    place = ("payer", "service", "site_class")
    frame = table(rows, schema).with_columns(site_first=pl.col("site_from").min().over(place))
    return frame.unique().sort(*place, "site_from", "site_reference")


def timelines(pack: RulePack) -> pl.DataFrame:
    """The versions of each policy by program: a row for each program that has its own, one for all others."""
    rows = (
        (
            policy.payer, policy.service, program, policy.id, policy.timeline, policy.rank,
            *(list(getattr(policy.scope, kind, ())) for kind in ("sites", "codes", "programs")),
        )
        for policy in pack.policies.values()
        for program in policy.timeline_programs or (None,)
    )  # fmt: skip
    key = ("payer", "service", "program", "policy_id", "timeline")
    schema: Schema = {
        **dict.fromkeys(key, pl.String), "rank": pl.Int64, "scope_sites": pl.List(pl.String),
        "scope_codes": pl.List(pl.String), "scope_programs": pl.List(pl.String),
    }  # fmt: skip
    return table(rows, schema).sort(key, nulls_last=False)


def histories(pack: RulePack) -> pl.DataFrame:
    """Each policy with its first day, and whether what was before it is unknown."""
    rows = (
        (
            policy.payer, policy.service, policy.timeline,
            min((version.from_.date for version in policy.versions), default=None),
            policy.before_first_version.was == "unknown",
        )
        for policy in pack.policies.values()
    )  # fmt: skip
    schema: Schema = {
        "payer": pl.String, "service": pl.String, "timeline": pl.String, "first_day": pl.Date,
        "unknown_before": pl.Boolean,
    }  # fmt: skip
    return table(rows, schema).sort("payer", "service", "timeline")


def otherwise(version: Version) -> tuple[Position, ...]:
    """The position on a line that does not meet the version's criteria; empty where a person decides."""
    return (version.criteria.otherwise or ()) if version.criteria else ()


def criteria(versions: Iterable[tuple[Policy, Version]]) -> pl.DataFrame:
    """Each criterion of each version, with the values that meet it."""
    rows = (
        (
            policy.payer, policy.service, policy.timeline, version.id, number, kind,
            [] if kind == "units_at_most" else list(getattr(criterion, kind or "", ())), criterion.units_at_most,
        )
        for policy, version in versions
        if version.criteria
        for number, criterion in enumerate(version.criteria.all_of)
        for kind in criterion.checked_by or (None,)
    )  # fmt: skip
    schema: Schema = {
        "payer": pl.String, "service": pl.String, "timeline": pl.String, "policy_version": pl.String,
        "criterion": pl.Int64, "checked_by": pl.String, "values": pl.List(pl.String), "at_most": pl.Float64,
    }  # fmt: skip
    return table(rows, schema)


def boundaries(pack: RulePack, versions: Iterable[tuple[Policy, Version]]) -> pl.DataFrame:
    """Each day on which a version of a policy, or of another of its payer on the service, begins or has ended."""
    days: dict[tuple[str, str], list[tuple[Policy, dt.date]]] = {}
    for policy, version in versions:
        held = days.setdefault((policy.payer, policy.service), [])
        held.append((policy, version.from_.date))
        if version.until:
            held.append((policy, version.until.date + dt.timedelta(days=1)))
    rows = (
        (policy.payer, policy.service, policy.timeline, boundary)
        for policy in pack.policies.values()
        for other, boundary in days.get((policy.payer, policy.service), ())
        if other.id != policy.id or other.timeline == policy.timeline
    )
    schema: Schema = {"payer": pl.String, "service": pl.String, "timeline": pl.String, "boundary": pl.Date}
    return table(rows, schema).unique().sort(*schema)
