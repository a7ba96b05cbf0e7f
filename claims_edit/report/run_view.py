"""One run as input of every report, staged or published."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from claims_edit.edits.phrases import listed
from claims_edit.model import Mode
from claims_edit.policy import recorded_catalog
from claims_edit.policy.catalog import versions_of
from claims_edit.report.figures import Figures
from claims_edit.rule_files.policies import VersionAsIfInForce
from claims_edit.store import (
    ResultsFolder,
    counted,
    open_readonly,
    read_warned,
    refuse_pruned,
    replay_of,
    reviews_after,
)
from claims_edit.store.reviews import REVIEW_ORDER, no_reviews_sql, open_reviews_sql, review_rules_sql, reviews_sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb
    import polars as pl

    from claims_edit.policy import Catalog
    from claims_edit.store import Counted, Replay, Reviews


@dataclass(frozen=True)
class RunView:
    """The input of reports.

    Attributes:
        connection: has `decisions` and `quarantine`; always query with `run_id = $run_id`.
        manifest: of the run.
        runs: the manifests of the results folder's runs up to this one, oldest first, this one last.
        catalog: the rules under which the run decided.
        warned: the first rows of each warning (WARNED_ROWS).
        candidates: the decided candidate lines, in the order of the decisions.
        work_list: the reviews that are open after the run, in order of priority (REVIEW_COLUMNS): the text after FROM.
    """

    connection: duckdb.DuckDBPyConnection
    manifest: dict[str, Any]
    runs: tuple[dict[str, Any], ...]
    catalog: Catalog
    warned: pl.DataFrame
    candidates: pl.LazyFrame
    work_list: str

    @property
    def run_id(self) -> str:
        """The run's id."""
        return str(self.manifest["run_id"])

    @property
    def is_shadow(self) -> bool:
        """Whether the run is a shadow run, which does not count."""
        return bool(self.manifest["mode"] == Mode.SHADOW)

    @property
    def drafts_as_if_in_force(self) -> str:
        """The drafts that the run takes to be in force before their first day, as a sentence; empty without any."""
        if not self.manifest.get("options", {}).get("drafts_as_if_in_force"):
            return ""
        drafts = [
            f"version {version.id} of {policy.id} from {version.from_.date}"
            for policy, version in versions_of(self.catalog.pack)
            if isinstance(version, VersionAsIfInForce)
        ]
        return f"Drafts as if in force: {listed(dict.fromkeys(drafts)) or 'none begins after the as-of date'}."

    @cached_property
    def counted(self) -> Counted:
        """The decisions that the reports count, from the manifest."""
        return counted(self.manifest)

    @cached_property
    def reviews(self) -> Reviews:
        """The work list after the run, counted in the manifests."""
        return reviews_after(self.runs)

    @property
    def has_work_list(self) -> bool:
        """Whether the run has a work list: not a shadow run, nor one of a release without a state across nights."""
        return not self.is_shadow and self.manifest["counts"].get("counted_by_disposition") is not None

    @cached_property
    def figures(self) -> Figures:
        """The run's figures, shared with the views that `apart` returns."""
        return Figures(self.connection, self.manifest, self.warned)

    @contextmanager
    def apart(self) -> Iterator[RunView]:
        """The same view, figures included, for another thread: a connection runs one query at a time.

        The figures must have been computed.
        """
        with self.connection.cursor() as connection:
            view = replace(self, connection=connection)
            vars(view)["figures"] = self.figures
            yield view


@contextmanager
def published_run(out: Path, run: str | None) -> Iterator[RunView]:
    """A published run; `run` is a run id or a prefix of one, None the latest.

    Raises:
        UsageError: no such run.
        ResultsError: the folder is damaged, or the run was pruned.
    """
    folder = ResultsFolder(out)
    manifest = folder.manifest(run)
    refuse_pruned(manifest)
    run_id = manifest["run_id"]
    runs = tuple(each for each in folder.runs() if each["run_id"] <= run_id)
    replay = replay_of(out, run_id)
    catalog = rules_of(replay, manifest)
    with open_readonly(out) as connection:
        listed = work_list_sql(runs, f"({open_reviews_sql(repr(run_id))})")
        yield RunView(
            connection, manifest, runs, catalog, read_warned(out / "runs" / run_id), replay.candidates, listed
        )


def work_list_sql(runs: Sequence[dict[str, Any]], opened: str) -> str:
    """The work list after the last of the runs, of its open reviews (a table expression): the text after FROM."""
    run = runs[-1]
    if not reviews_after(runs).open:
        return f"({no_reviews_sql(opened)}) AS work_list"
    listed = reviews_sql(opened, review_rules_sql(run), f"DATE '{run['as_of']}'")
    return f"({listed}) AS work_list ORDER BY {REVIEW_ORDER}"


def rules_of(replay: Replay, manifest: dict[str, Any]) -> Catalog:
    """The rules under which a published run decided; a shadow run had the proposed versions in force."""
    as_if = bool(manifest.get("options", {}).get("drafts_as_if_in_force"))
    ahead_of = date.fromisoformat(manifest["as_of"]) if as_if else None
    return recorded_catalog(replay.rules, proposed=manifest["mode"] == Mode.SHADOW, ahead_of=ahead_of)
