"""The inputs of a run's decisions, stored next to its manifest, so that a line can be explained or decided again.

`runs/<id>/replay/` has the decided candidate lines, the replacements and voids that name their claims,
the contracts, and the rule pack. Neither the extract nor the rules of that day are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.errors import ResultsError
from claims_edit.model import DECISION_LOCATION
from claims_edit.posting_holds import POSTING_FACTS

if TYPE_CHECKING:
    from pathlib import Path

REPLAY = "replay"
CANDIDATES, REVISIONS, CONTRACTS, RULES = "candidates-*.parquet", "revisions.parquet", "contracts.parquet", "rules.zip"


@dataclass(frozen=True)
class Replay:
    """The arguments of `engine.decide` in a run.

    Attributes:
        candidates: accepted candidate lines with every canonical column, `source_file` and `source_row`, in the order
            of the decisions.
        revisions: payer, claim_id, claim_frequency_code, original_claim_id of claims that replace or void one of them.
        contracts: the contracts file as read; empty if there was none.
        rules: the archive of the rule pack, for `load_catalog`.
    """

    candidates: pl.LazyFrame
    revisions: pl.LazyFrame
    contracts: pl.DataFrame
    rules: Path


def candidates_in(folder: Path) -> pl.LazyFrame:
    """The candidate lines in a run's replay folder."""
    return pl.scan_parquet(sorted(folder.glob(CANDIDATES)), glob=False)


def posting_facts(candidates: pl.LazyFrame) -> pl.LazyFrame:
    """The location and the posting facts of candidate lines; those of an earlier release have none: null."""
    there = candidates.collect_schema().names()
    absent = [pl.lit(None, pl.String).alias(name) for name in POSTING_FACTS if name not in there]
    return candidates.with_columns(absent).select(*DECISION_LOCATION, *POSTING_FACTS)


def replay_of(out: Path, run_id: str) -> Replay:
    """The inputs of one published run's decisions.

    Raises:
        ResultsError: it is missing or damaged.
    """
    folder = out / "runs" / run_id / REPLAY
    rules = folder / RULES
    try:
        if not any(folder.glob(CANDIDATES)) or not rules.is_file():
            raise FileNotFoundError
        candidates, revisions = candidates_in(folder), pl.scan_parquet(folder / REVISIONS, glob=False)
        revisions.collect_schema()
        return Replay(candidates, revisions, pl.read_parquet(folder / CONTRACTS, glob=False), rules)
    except (OSError, pl.exceptions.PolarsError):
        raise ResultsError(
            f"{folder}: is missing or damaged, so the run's lines cannot be decided again. Restore it from a backup,"
            " or run the extracts again with --force."
        ) from None
