"""Facts on the indication: diagnoses, their tumor-site classes, guidance on the site, and trial evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.edits.facts.lookup import latest_begun
from claims_edit.model import DIAGNOSIS_COLUMNS, MODIFIER_COLUMNS, TRIAL_DIAGNOSIS

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

ICD_9 = "icd-9-cm"
NOT_SOLID = "not_solid"
TRIAL_CONDITION = r"(?:^|[\s,;|])30(?:[\s,;|]|$)"


def _given(candidates: pl.DataFrame, columns: tuple[str, ...]) -> pl.Expr:
    """One list of the values that are there, in column order; columns that nobody fills cost nothing."""
    filled = [column for column in columns if candidates[column].null_count() < candidates.height]
    if not filled:
        return pl.lit([], dtype=pl.List(pl.String))
    return pl.concat_arr(filled).arr.to_list().list.drop_nulls()


def with_code_lists(candidates: pl.DataFrame) -> pl.DataFrame:
    """Add `modifiers` and `diagnosis_codes`: the codes of a line in column order, without gaps; empty if none."""
    return candidates.with_columns(
        modifiers=_given(candidates, MODIFIER_COLUMNS), diagnosis_codes=_given(candidates, DIAGNOSIS_COLUMNS)
    )


def _classes(codes: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """The distinct solid-tumor codes of `diagnosis_codes` with the class of their longest known prefix."""
    prefixes = catalog.site_prefixes
    lengths = prefixes["prefix"].str.len_chars().unique().sort(descending=True).to_list()
    classified = codes.select("diagnosis_codes").unique().drop_nulls()
    for length in lengths:
        classified = classified.with_columns(prefix=pl.col("diagnosis_codes").str.slice(0, length)).join(
            prefixes.rename({"site_class": f"class_{length}"}), on="prefix", how="left", validate="m:1"
        )
    longest = pl.coalesce([f"class_{length}" for length in lengths])
    return classified.select("diagnosis_codes", solid_class=longest).filter(pl.col("solid_class") != NOT_SOLID)


def with_sites(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `site_class` (of the first solid-tumor diagnosis), `solid_tumor` and `solid_sites` (their classes, or null).

    Only ICD-10-CM diagnoses are usable; without one the site class is null.
    """
    usable = pl.col("diagnosis_code_type").ne_missing(pl.lit(ICD_9))
    exploded = lines.filter(usable).select("line", "diagnosis_codes").explode("diagnosis_codes").drop_nulls()
    sites = (
        exploded.join(_classes(exploded, catalog), on="diagnosis_codes", how="inner", maintain_order="left")
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
    """Add the `guidance_id` and `guidance_citation` that last came out on the service and site by the start date."""
    return latest_begun(lines, catalog.guidance, ("service", "site_class"), "service_start_date", "out_from")


def with_trial_evidence(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `trial_evidence`: the kinds of evidence on the line, joined in a fixed order, or null."""
    icd_10 = pl.col("diagnosis_code_type").ne_missing(pl.lit(ICD_9))
    kinds = {
        "modifier Q0": pl.col("modifiers").list.contains("Q0"),
        "modifier Q1": pl.col("modifiers").list.contains("Q1"),
        "diagnosis Z00.6": icd_10 & pl.col("diagnosis_codes").list.contains(TRIAL_DIAGNOSIS),
        "clinical trial number": pl.col("clinical_trial_number").str.strip_chars() != "",
        "condition code 30": pl.col("condition_codes").str.contains(TRIAL_CONDITION),
    }
    found = [pl.when(present).then(pl.lit(kind)) for kind, present in kinds.items()]
    evidence = pl.concat_str(found, separator="; ", ignore_nulls=True)
    return lines.with_columns(trial_evidence=pl.when(evidence != "").then(evidence))
