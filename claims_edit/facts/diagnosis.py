"""Facts on the indication: diagnoses, their tumor-site classes, guidance on the site, and trial evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.facts.lookup import by_key, latest_begun
from claims_edit.model import DIAGNOSIS_COLUMNS, MODIFIER_COLUMNS, TRIAL_CONDITION, TRIAL_DIAGNOSIS, TRIAL_VALUE

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

ICD_9 = "icd-9-cm"
NOT_SOLID = "not_solid"
ICD_9_TRIAL_DIAGNOSIS = "V707"


def _given(candidates: pl.DataFrame, columns: tuple[str, ...]) -> pl.Expr:
    """One list of the non-null values, in column order; empty columns cost nothing."""
    filled = [column for column in columns if candidates[column].null_count() < candidates.height]
    if not filled:
        return pl.lit([], dtype=pl.List(pl.String))
    return pl.concat_arr(filled).arr.to_list().list.filter(pl.element().is_not_null())  # drop_nulls: six times slower


def with_code_lists(candidates: pl.DataFrame) -> pl.DataFrame:
    """Add `modifiers` and `diagnosis_codes`: the codes of a line in column order, without gaps; empty if none."""
    return candidates.with_columns(
        modifiers=_given(candidates, MODIFIER_COLUMNS), diagnosis_codes=_given(candidates, DIAGNOSIS_COLUMNS)
    )


def _classes(codes: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """The distinct codes of `diagnosis_codes` with a listed prefix, with the class of the longest one."""
    prefixes = catalog.site_prefixes
    lengths = prefixes["prefix"].str.len_chars().unique().sort(descending=True).to_list()
    classified = codes.select("diagnosis_codes").unique().drop_nulls()
    for length in lengths:
        classified = classified.with_columns(prefix=pl.col("diagnosis_codes").str.slice(0, length)).join(
            prefixes.rename({"site_class": f"class_{length}"}), on="prefix", how="left", validate="m:1"
        )
    longest = pl.coalesce([f"class_{length}" for length in lengths])
    return classified.select("diagnosis_codes", solid_class=longest).drop_nulls("solid_class")


def _beside_others(classified: pl.DataFrame, exploded: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """The classified codes of the lines; where another diagnosis of the line changes a code's class, with that one."""
    for (prefix, site_class), others in catalog.site_beside.group_by("prefix", "site_class", maintain_order=True):
        concerned = pl.col("diagnosis_codes").str.starts_with(str(prefix))
        if not classified.select(concerned.any()).item():
            continue
        beside = exploded.filter(
            pl.any_horizontal(pl.col("diagnosis_codes").str.starts_with(other) for other in others["beside"])
        )
        changed = concerned & pl.col("line").is_in(beside["line"].implode())
        classified = classified.with_columns(
            solid_class=pl.when(changed).then(pl.lit(site_class)).otherwise("solid_class")
        )
    return classified


def with_sites(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `site_class` (of the first solid-tumor diagnosis), `solid_tumor` and `solid_sites` (their classes, or null).

    Only ICD-10-CM diagnoses are usable; without one the site class is null.
    """
    usable = pl.col("diagnosis_code_type").ne_missing(pl.lit(ICD_9))
    exploded = lines.filter(usable).select("line", "diagnosis_codes").explode("diagnosis_codes").drop_nulls()
    classified = exploded.join(_classes(exploded, catalog), on="diagnosis_codes", how="inner", maintain_order="left")
    sites = (
        _beside_others(classified, exploded, catalog)
        .filter(pl.col("solid_class") != NOT_SOLID)
        .group_by("line", maintain_order=True)
        .agg(first_site=pl.col("solid_class").first(), solid_sites=pl.col("solid_class").unique(maintain_order=True))
    )
    diagnosed = usable & (pl.col("diagnosis_codes").list.len() > 0)
    return (
        lines.join(sites, on="line", how="left", validate="1:1", maintain_order="left")
        .with_columns(
            solid_tumor=pl.col("first_site").is_not_null(),
            site_class=pl.coalesce("first_site", pl.when(diagnosed).then(pl.lit(NOT_SOLID))),
        )
        .drop("first_site")
    )


def with_site_mismatch(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `site_mismatch`: a site rule of the code, begun by the start date, that no solid tumor satisfies."""
    rules = catalog.code_sites.select("hcpcs_code", "from", "rule", "sites")
    ruled = (
        lines.filter("solid_tumor")
        .select("line", "hcpcs_code", "service_start_date", "solid_sites")
        .join(rules, on="hcpcs_code", how="inner")
        .filter(pl.col("service_start_date") >= pl.col("from"))
    )
    shared = pl.col("solid_sites").list.set_intersection("sites").list.len()
    every_site = pl.col("solid_sites").list.len()
    unfit = pl.when(pl.col("rule") == "only").then(shared == 0).otherwise(shared == every_site)
    mismatched = ruled.filter(unfit)["line"]
    return lines.with_columns(site_mismatch=pl.col("line").is_in(mismatched.unique().implode()))


def with_guidance(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add the `guidance_id` and `guidance_citation` last published on the service and site by the start date."""
    return latest_begun(lines, catalog.guidance, ("service", "site_class"), "service_start_date", "out_from")


def with_site_reference(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Take `policy_reference` and `statement_citation` from the site's guidance, for payers that follow it by site.

    Before the first guidance on a site no document of the payer is in force there; on a site without any, the payer's
    document has no reference. Other payers keep theirs.
    """
    if catalog.site_references.is_empty():
        return lines.drop("by_site")
    place = ("payer", "service", "site_class")
    dated = latest_begun(lines, catalog.site_references.drop("site_first"), place, "service_start_date", "site_from")
    first_days = catalog.site_references.select(*place, "site_first").unique()
    begun = by_key(dated, first_days, *place)
    by_site = pl.col("by_site").fill_null(value=False)
    too_early = by_site & (pl.col("site_first") > pl.col("service_start_date")).fill_null(value=False)
    version = [
        column for column in catalog.versions.columns if column not in {"payer", "service", "timeline", "by_site"}
    ]
    return (
        begun.with_columns(
            policy_reference=pl.when(by_site).then("site_reference").otherwise("policy_reference"),
            statement_citation=pl.when(by_site).then("site_citation").otherwise("statement_citation"),
            in_force=pl.col("in_force") & ~too_early,
        )
        .with_columns(pl.when(~too_early).then(pl.col(version)).name.keep())
        .drop("by_site", "site_reference", "site_from", "site_citation", "site_first")
    )


def _holds_code(column: str, code: str) -> pl.Expr:
    """Whether a text has this code, whatever the separators."""
    return pl.col(column).str.contains(rf"(?:^|[^A-Z0-9]){code}(?:[^A-Z0-9]|$)")


def _filled(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars() != ""


def with_trial_evidence(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `trial_evidence`: the kinds of evidence on the line, joined in a fixed order, or null.

    V70.7 is the ICD-9-CM code for Z00.6 in ICD-10-CM, where V70.7 is not a complete code: it counts whatever the
    line's code type, though no ICD-9 diagnosis names a site here.
    """
    icd_10 = pl.col("diagnosis_code_type").ne_missing(pl.lit(ICD_9))
    kinds = {
        "modifier Q0": pl.col("modifiers").list.contains("Q0"),
        "modifier Q1": pl.col("modifiers").list.contains("Q1"),
        "diagnosis Z00.6": icd_10 & pl.col("diagnosis_codes").list.contains(TRIAL_DIAGNOSIS),
        "diagnosis V70.7": pl.col("diagnosis_codes").list.contains(ICD_9_TRIAL_DIAGNOSIS),
        "clinical trial number": _filled("clinical_trial_number"),
        "condition code 30": _holds_code("condition_codes", TRIAL_CONDITION),
        "investigational device exemption number": _filled("investigational_device_exemption_number"),
        "value code D4": _holds_code("value_codes", TRIAL_VALUE),
    }
    found = [pl.when(present).then(pl.lit(kind)) for kind, present in kinds.items()]
    evidence = pl.concat_str(found, separator="; ", ignore_nulls=True)
    return lines.with_columns(trial_evidence=pl.when(evidence != "").then(evidence))
