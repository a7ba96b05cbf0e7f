"""The facts of a candidate line that decide it, in a comparable form, and their digest."""

from __future__ import annotations

import polars as pl

from claims_edit.core.candidate_codes import CODE_COLUMN
from claims_edit.doubts import doubt_names
from claims_edit.duck import shared
from claims_edit.model import DIAGNOSIS_COLUMNS, LINE_CODE, MODIFIER_COLUMNS
from claims_edit.names import name_key

SETS = {"modifiers": MODIFIER_COLUMNS, "diagnosis_codes": DIAGNOSIS_COLUMNS}
NAMES = ("line_of_business", "plan")
VALUES = (
    "service_start_date", "service_end_date", "hcpcs_code", "diagnosis_code_type", "claim_filing_indicator_code",
    "group_id", "charge_amount", "clinical_trial_number", "condition_codes", "value_codes",
    "investigational_device_exemption_number", "prior_authorization_number",
)  # fmt: skip
TOKENS = ("doubts", "posting_holds")
_OUTCOME = ("disposition", "reason_code", "group_code", "carc", "doubts")
_OF_CLAIM = "of the claim: "
_BETWEEN = "\x1f"  # not in a value: control characters are removed from codes and names


def deciding_facts(lines: pl.DataFrame) -> pl.DataFrame:
    """The deciding facts of candidate lines, in order: sets sorted, names as keys, doubts by name."""
    sets = [_set_text(lines, columns).alias(name) for name, columns in SETS.items()]
    names = [name_key(pl.col(name)).alias(name) for name in NAMES]
    of_claim = pl.when(pl.col(CODE_COLUMN) != LINE_CODE).then(pl.lit(_OF_CLAIM) + pl.col(LINE_CODE))
    values = [pl.coalesce(of_claim, LINE_CODE).alias(name) if name == LINE_CODE else pl.col(name) for name in VALUES]
    doubts = [doubt_names(pl.col(name)).alias(name) for name in TOKENS]
    return lines.select(*values, *sets, *names, *doubts)


def _set_text(lines: pl.DataFrame, columns: tuple[str, ...]) -> pl.Series:
    """The distinct values of some columns of each line as one text, sorted; null if there are none.

    They are sorted as rows of their own: sorting a list of text in each line costs ten times as much.
    """
    present = [name for name in columns if lines[name].null_count() < lines.height]
    row = pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")
    schema = {"row": pl.UInt32, "value": pl.String}
    values = [lines.select(row, value=name).drop_nulls() for name in present]
    given = pl.concat([pl.DataFrame(schema=schema), *values]).unique().sort("row", "value")
    texts = given.group_by("row", maintain_order=True).agg(pl.col("value").str.join(" "))
    found = lines.select(row).join(texts, on="row", how="left", maintain_order="left")
    return found["value"].replace("", None)


def digests(lines: pl.DataFrame, decided: pl.DataFrame) -> pl.Series:
    """What must be the same for a line that comes again to be unchanged: 64 bits of MD5 (UInt64), in order.

    MD5 is the same in each release and on each machine, and the digests are compared across nights.

    Args:
        lines: candidate lines (CANDIDATE_SCHEMA).
        decided: their decisions, in the same order.
    """
    outcome = decided.select(*_OUTCOME, pl.col("rarcs").list.sort().list.join(" "))
    facts = deciding_facts(lines).drop("doubts").hstack(outcome.select(pl.all().name.prefix("decided_")))
    texts = facts.select(
        facts=pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in facts.columns], separator=_BETWEEN)
    ).to_arrow()
    with shared() as connection:
        connection.register("texts", texts)
        found = connection.sql("SELECT md5_number_lower(facts) AS facts FROM texts").to_arrow_table()
    digest = pl.from_arrow(found)
    assert isinstance(digest, pl.DataFrame)  # noqa: S101 -- a table, never a series
    return digest["facts"]
