"""The results folder: the Parquet record, the DuckDB file derived from it, and publishing with one rename."""

from claims_edit.store.folder import ResultsFolder, StagedRun
from claims_edit.store.manifest import (
    Counted,
    Reviews,
    RunManifest,
    counted,
    read_manifest,
    refuse_pruned,
    reviews_after,
    rewrite_manifest,
    write_manifest,
)
from claims_edit.store.private import Readers, private_file, refuse_inside, writing_to
from claims_edit.store.query import Answer, Limits, ask, open_readonly, query
from claims_edit.store.reconcile import reconcile
from claims_edit.store.replay import Replay, candidates_in, posting_facts, replay_of
from claims_edit.store.views import CLAIM, LOCATION, every_decision, shadow_vs_enforced
from claims_edit.store.warned import WARNED_ROWS, read_warned, write_warned

__all__ = [
    "CLAIM",
    "LOCATION",
    "WARNED_ROWS",
    "Answer",
    "Counted",
    "Limits",
    "Readers",
    "Replay",
    "ResultsFolder",
    "Reviews",
    "RunManifest",
    "StagedRun",
    "ask",
    "candidates_in",
    "counted",
    "every_decision",
    "open_readonly",
    "posting_facts",
    "private_file",
    "query",
    "read_manifest",
    "read_warned",
    "reconcile",
    "refuse_inside",
    "refuse_pruned",
    "replay_of",
    "reviews_after",
    "rewrite_manifest",
    "shadow_vs_enforced",
    "write_manifest",
    "write_warned",
    "writing_to",
]
