"""Evidence that a line does not quite carry: references without a number, and the diagnosis of a trial unpointed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.model import TRIAL_DIAGNOSIS

if TYPE_CHECKING:
    from claims_edit.intake.x12.diagnoses import Diagnoses, HealthCodes
    from claims_edit.intake.x12.doubts import Doubts
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.segments import Numbers

# What stands in the place of each fact without its number is neither the fact nor its absence.
REFERENCES = {
    "REF*P4": "clinical_trial_number-missing",
    "REF*LX": "investigational_device_exemption_number-missing",
    "REF*G1": "prior_authorization_number-missing",
}


def doubt_empty_references(doubts: Doubts, facts: Facts, owners: Numbers) -> None:
    """Doubt the references of claims or lines that hold no number."""
    for kind, name in REFERENCES.items():
        is_empty = facts.has(owners, kind) & facts.told(owners, kind, 2).is_null().to_numpy()
        doubts.add(name, owners[is_empty], facts.first(owners, kind)[is_empty])


def doubt_unpointed_trials(
    doubts: Doubts, codes: HealthCodes, claims: Numbers, lines: Numbers, diagnoses: Diagnoses
) -> None:
    """Doubt lines of a claim that has the diagnosis of a trial, where the line itself does not have it.

    `claims` and `lines` are the rows at which the claim and the line of each service begin.
    """
    of_trial = codes.where(_is_trial(codes.code).to_numpy())
    if not of_trial.claim.size:
        return
    has_own = diagnoses.columns.select(pl.any_horizontal(_is_trial(each) for each in diagnoses.columns)).to_series()
    first = np.searchsorted(of_trial.claim, claims)
    known = np.append(of_trial.claim, -1)[first] == claims
    unpointed = np.flatnonzero(known & ~has_own.to_numpy())
    doubts.add("trial-diagnosis-not-pointed", lines[unpointed], of_trial.segment[first[unpointed]])


def _is_trial(code: pl.Series) -> pl.Series:
    return (code.str.to_uppercase().str.replace(".", "", literal=True) == TRIAL_DIAGNOSIS).fill_null(value=False)
