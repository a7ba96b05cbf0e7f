"""A Prefect flow: one task a night; a results folder that another run holds is tried again."""

from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, task

import claims_edit


def is_busy(_task: Any, _run: Any, state: Any) -> bool:
    """Another run holds the results folder: wait. Any other fault comes again, and is for a person."""
    try:
        state.result()
    except claims_edit.ResultsError:
        return True
    except Exception:
        return False
    return False


@task(retries=3, retry_delay_seconds=600, retry_condition_fn=is_busy)
def decide_claims(extract: str, out: str, as_of: str) -> dict[str, int]:
    """Decide an extract, and give the counts of the run."""
    options = claims_edit.RunOptions(extracts=(extract,), out=Path(out), as_of=date.fromisoformat(as_of))
    return claims_edit.run_batch(options).manifest.counts.model_dump(include={"rows_read", "decisions"})


@flow
def night(extract: str, out: str, as_of: str) -> dict[str, int]:
    """The nightly flow."""
    return decide_claims(extract, out, as_of)
