"""The claims of a chunk: what their own segments say, and the loops of subscriber and billing provider around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.intake.x12.facts import days, npi
from claims_edit.intake.x12.segments import components

if TYPE_CHECKING:
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.loops import Chunk


def claims(chunk: Chunk, facts: Facts) -> pl.DataFrame:
    """One row for each finished CLM: `claim` (its row), `claim_number`, its facts, and grounds for doubt."""
    own = chunk.finished("CLM").lazy().select("claim", "loop", "segment", claim_number="number")
    ends = chunk.begins.lazy().select("claim", "follower", "unreadable_before", "displaced_before")
    own = own.join(ends, on="claim", how="left", maintain_order="left")
    placed = own.join(chunk.loops.lazy(), on="loop", how="left", maintain_order="left").collect(engine="in-memory")
    return placed.hstack(_own_facts(placed["claim"], facts)).hstack(_surroundings(placed, facts))


def _own_facts(claim: pl.Series, facts: Facts) -> pl.DataFrame:
    told = facts.told(
        claim,
        claim_id=("CLM", 1),
        claim_charge=("CLM", 2),
        place=("CLM", 5),
        original_claim_id=("REF*F8", 2),
        clinical_trial_number=("REF*P4", 2),
        claim_authorization=("REF*G1", 2),
    )
    place = components(told["place"], facility_code=1, facility_qualifier=2, claim_frequency_code=3)
    return told.hstack(place).hstack(_days(claim, facts)).with_columns(
        npi(facts, claim, "NM1*82").alias("claim_rendering_npi"),
        npi(facts, claim, "NM1*77").alias("claim_facility_npi"),
        facts.contradicted(claim, "REF*F8", "REF*P4", "DTP*472", "DTP*434", "NM1*82", "NM1*77").alias("claim_contradicted"),
    )


def _days(claim: pl.Series, facts: Facts) -> pl.DataFrame:
    """The days of the claim: of service, else of the statement, else of admission."""
    kinds = ("DTP*472", "DTP*434", "DTP*435")
    frames = [days(facts, claim, kind, moments=True).rename(lambda name, kind=kind: f"{kind} {name}") for kind in kinds]
    end = pl.lit(None, pl.String)
    for kind in reversed(kinds):
        end = pl.when(pl.col(f"{kind} start").is_not_null()).then(f"{kind} end").otherwise(end)
    return pl.concat(frames, how="horizontal").select(
        claim_start_date=pl.coalesce(f"{kind} start" for kind in kinds), claim_end_date=end
    )


def _surroundings(claims: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """What the claims' subscribers and billing providers are; an SBR of a dependent (`has_own_sbr`) is another's."""
    subscriber = claims["subscriber"]
    told = facts.told(
        subscriber,
        plan=("SBR", 4),
        group_id=("SBR", 3),
        claim_filing_indicator_code=("SBR", 9),
        member_id=("NM1*IL", 9),
        payer=("NM1*PR", 3),
        payer_identifier=("NM1*PR", 9),
    )
    return told.with_columns(
        facts.has(subscriber, "SBR").alias("has_subscriber"),
        facts.has(claims["loop"], "SBR").alias("has_own_sbr"),
        facts.contradicted(subscriber, "SBR", "NM1*IL", "NM1*PR").alias("subscriber_contradicted"),
        npi(facts, claims["provider"], "NM1*85").alias("billing_npi"),
        payer=pl.coalesce("payer", "payer_identifier"),
    )
