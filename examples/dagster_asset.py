"""A Dagster asset: a night's decisions, with the run's counts as metadata.

`dagster asset materialize -f examples/dagster_asset.py --select claim_decisions` reads its paths from the environment.
"""

import os
from datetime import date
from pathlib import Path

import dagster as dg

import claims_edit


@dg.asset(description="Claim lines decided under the policy in force on their date of service.")
def claim_decisions() -> dg.MaterializeResult:
    """Run one night; a fault of rules or inputs fails the asset with its location and remedy."""
    outcome = claims_edit.run_batch(
        claims_edit.RunOptions(
            extracts=(os.environ["CLAIMS_EXTRACT"],),
            out=Path(os.environ["CLAIMS_RESULTS"]),
            as_of=date.fromisoformat(os.environ["CLAIMS_AS_OF"]),
        )
    )
    counts = outcome.manifest.counts
    return dg.MaterializeResult(
        metadata={
            "run_id": outcome.manifest.run_id,
            "rules_version": outcome.manifest.rules_version,
            "rows_read": counts.rows_read,
            "rows_quarantined": counts.rows_quarantined,
            "decisions": counts.decisions,
            "done_before": outcome.repeated,
        }
    )


definitions = dg.Definitions(assets=[claim_decisions])
