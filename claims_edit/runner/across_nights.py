"""A run and the nights before it: its known lines, what supersedes them, and what it changes (ADR 0017)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.control_totals import NightTotals
from claims_edit.core.line_state import updated
from claims_edit.core.schema import CAME_SCHEMA, IDENTITY, KEY, STATE_SCHEMA, TRACE_SCHEMA
from claims_edit.facts.revision import REVISION_SCHEMA, is_certain
from claims_edit.intake.keys import CLAIM_KEY, REFUSED_SHIFT, claim_hashes
from claims_edit.model import REPLACEMENT
from claims_edit.store.history import HISTORY_SCHEMA, lines_seen_on
from claims_edit.store.segments import key_ranges, rows_in, write_segment
from claims_edit.store.state import State, keyed_traces, keys_of, merged_traces, named_payers, with_payer_identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from claims_edit.core.line_state import Updated
    from claims_edit.intake.keys import BitTable
    from claims_edit.runner.revisions import PayerIdentities, RunRevisions

_CAME = "came-*.parquet"
_MET = "file-*/met-*.parquet"
_KEY = list(KEY)


@dataclass(frozen=True)
class MayKnow:
    """Of lines, by hash, whether an earlier run may have decided them; None if none decided any."""

    table: BitTable | None

    def __call__(self, low: pl.Series) -> pl.Series | None:
        """Of each line (Boolean, never null)."""
        return None if self.table is None else self.table.has(low) & low.is_not_null()


class AcrossNights:
    """One run's view of the state that earlier runs left, and of what it changes there."""

    def __init__(
        self, state: State, payers: PayerIdentities, scratch: Path, as_of: date, run_id: str, *, is_shadow: bool
    ) -> None:
        """`scratch` is the run's; `run_id` is greater than those of earlier runs. A shadow run withdraws nothing."""
        self._is_shadow = is_shadow
        self._state, self._payers, self._scratch = state, payers, scratch
        self._as_of, self._run_id = as_of, run_id
        self.may_know = MayKnow(state.table())
        self._came = 0
        self._payer_names: list[pl.DataFrame] = []
        self._traces = pl.DataFrame(schema=TRACE_SCHEMA)  # of the run itself, found by `changes`
        self.totals = NightTotals()

    def known_claims(self, high: pl.Series) -> pl.Series:
        """Of each claim whether an earlier run decided a line of it."""
        return self._state.known_claims(high)

    def revisions(self) -> pl.LazyFrame:
        """The claims of earlier nights that supersede lines of this run's candidates (REVISION_SCHEMA)."""
        if not self._state.traces.paths:
            return pl.LazyFrame(schema=REVISION_SCHEMA)
        lines = self._candidate_lines()
        high = claim_hashes(lines, self._payers.of(lines["payer"])).alias("high")
        named = self._state.traces.matching(pl.col("is_certain") & pl.col("named_high").is_in(high.unique().implode()))
        whole = named.with_columns(came="first_as_of", revised_line_number=pl.lit(None, pl.Int64))
        dropped = self._dropped(lines.with_columns(high).filter(pl.col("claim_frequency_code") == REPLACEMENT))
        found = pl.concat([whole, dropped], how="diagonal").rename({"payer_raw": "payer"})
        absent = {"original_claim_id": pl.lit(None, pl.String), "refused": pl.lit(value=False)}
        return found.with_columns(**absent).select(*REVISION_SCHEMA).sort(*REVISION_SCHEMA).lazy()

    def _candidate_lines(self) -> pl.DataFrame:
        candidates = sorted(self._scratch.glob("file-*/*candidates-*.parquet"))
        columns = (*CLAIM_KEY, "claim_line_number", "claim_frequency_code")
        if not candidates:
            return pl.DataFrame(schema={**dict.fromkeys(columns, pl.String), "claim_line_number": pl.Int64})
        return pl.scan_parquet(candidates, glob=False).select(columns).unique().collect(engine="streaming")

    def _dropped(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The replacements whose own later form lacks lines that this run has (it is a late one)."""
        own = pl.col("own_high").is_in(lines["high"].unique().implode())
        replacements = self._state.traces.matching(
            own & pl.col("is_certain") & (pl.col("claim_frequency_code") == REPLACEMENT)
        )
        came = replacements.group_by("own_high").agg(pl.col("last_as_of").max())
        later = came.filter(pl.col("last_as_of") > self._as_of)
        if later.is_empty():
            return pl.DataFrame()
        keyed = lines.hstack(keys_of(lines.rename({"payer": "payer_raw"}), self._payers.of).select("low"))
        known = self._state.lines.matching(pl.col("low").is_in(keyed["low"].implode())).select("low", "last_seen")
        late = (
            keyed.join(later, left_on="high", right_on="own_high", how="inner")
            .join(known, on="low", how="left")
            .filter((pl.col("last_seen") < pl.col("last_as_of")).fill_null(value=True))
        )
        return late.select(
            payer_raw="payer",
            data_source="data_source",
            member_id="member_id",
            claim_id="claim_id",
            billing_provider_id="billing_provider_id",
            claim_frequency_code=pl.lit(REPLACEMENT),
            revised_claim_id="claim_id",
            came="last_as_of",
            revised_line_number="claim_line_number",
        )

    def add_decided(self, lines: pl.DataFrame, decided: pl.DataFrame) -> None:
        """Note a part of the run's decisions (see `Deciding`), and their candidate lines, in the same order."""
        self._payer_names.append(named_payers(lines["payer"], self._payers.of))
        text = lines.rename({"payer": "payer_raw"}).with_columns(pl.col("claim_frequency_code").fill_null("1"))
        text = with_payer_identity(text, self._payers.of).select(*IDENTITY)
        own = decided.select(
            decided_run_id=pl.lit(self._run_id),
            decided_source_file="source_file",
            decided_source_row="source_row",
            disposition="disposition",
            charge_amount="charge_amount",
            facts="facts",
        )
        came = pl.concat(
            [keys_of(text, self._payers.of), text, own.select(pl.all().name.prefix("own_"))], how="horizontal"
        ).with_columns(is_refused=pl.lit(value=False))
        came.select(*CAME_SCHEMA).write_parquet(self._scratch / f"came-{self._came:05}.parquet", compression="lz4")
        self._came += 1

    def changes(self, revisions: RunRevisions, earlier_record: Path | None) -> Iterator[Updated]:
        """What the run changes, in bounded parts, in order of the lines' keys.

        `earlier_record` is the folder of the published runs, if there are any.
        """
        traces, replacing = self._own_traces(revisions), self._replacing_lines(revisions)
        self._traces = traces
        revised = pl.concat([traces["named_high"], traces["own_high"]]).unique()
        came, met = self._paths(_CAME), self._paths(_MET)
        for first, last in key_ranges(rows_in([*came, *met])):
            in_range = pl.col("low").is_between(first, last)
            lines = self._lines_that_came(came, met, in_range)
            wanted = pl.col("low").is_in(lines["low"].implode()) | pl.col("high").is_in(revised.implode())
            state = self._state.lines.matching(in_range & wanted)
            known = state.select(*_KEY, is_known=pl.lit(value=True))
            lines = (
                lines.join(known, on=_KEY, how="left", maintain_order="left")
                .filter(pl.col("is_known").fill_null(value=False) | pl.col("own_decided_run_id").is_not_null())
                .select(*CAME_SCHEMA)
            )
            yield self._counted(self._updated(state, lines, traces, replacing, earlier_record))

    def _paths(self, pattern: str) -> list[Path]:
        return sorted(self._scratch.glob(pattern))

    def _updated(
        self,
        state: pl.DataFrame,
        lines: pl.DataFrame,
        traces: pl.DataFrame,
        replacing: pl.DataFrame,
        earlier_record: Path | None,
    ) -> Updated:
        high = pl.concat([state["high"], lines["high"]]).unique().implode()
        earlier = self._state.traces.matching(pl.col("named_high").is_in(high) | pl.col("own_high").is_in(high))
        own = traces.filter(pl.col("named_high").is_in(high) | pl.col("own_high").is_in(high))
        between = state.join(lines.select(_KEY), on=_KEY, how="semi").filter(
            pl.lit(self._as_of).is_between("first_seen", "last_seen", closed="none")
        )
        seen = pl.DataFrame(schema=KEY)
        if between.height and earlier_record is not None:
            seen = keys_of(lines_seen_on(earlier_record, self._as_of), self._payers.of)
        return updated(
            state,
            lines,
            merged_traces(pl.concat([earlier, own])),
            replacing,
            seen,
            as_of=self._as_of,
            run_id=self._run_id,
        )

    def _counted(self, changed: Updated) -> Updated:
        changed = replace(changed, withdrawn=changed.withdrawn.clear()) if self._is_shadow else changed
        self.totals.add(changed.lines)
        return changed

    def _lines_that_came(self, came: list[Path], met: list[Path], in_range: pl.Expr) -> pl.DataFrame:
        """The lines of the run that it decided, and those that may be known (CAME_SCHEMA), each once."""
        schema = pl.DataFrame(schema=CAME_SCHEMA)
        decided = pl.scan_parquet(came, glob=False).filter(in_range).collect() if came else schema
        if not met:
            return decided
        rows = pl.scan_parquet(met, glob=False).filter(in_range).group_by(_KEY).agg(pl.col("row").min()).collect()
        others = rows.join(decided.select(_KEY), on=_KEY, how="anti").select(
            *_KEY, is_refused=pl.col("row") >= 1 << REFUSED_SHIFT
        )
        return pl.concat([decided, others], how="diagonal").select(pl.col(n).cast(t) for n, t in CAME_SCHEMA.items())

    def _own_traces(self, revisions: RunRevisions) -> pl.DataFrame:
        """The run's revisions (TRACE_SCHEMA)."""
        given = revisions.named().collect().rename({"payer": "payer_raw"})
        whole = given.drop_nulls(["payer_raw", "member_id", "claim_id"])
        self._payer_names.append(named_payers(whole["payer_raw"], self._payers.of))
        night = pl.lit(self._as_of, pl.Date)
        keyed = keyed_traces(whole, self._payers.of).with_columns(
            is_certain=is_certain(), first_as_of=night, last_as_of=night, last_run_id=pl.lit(self._run_id)
        )
        return merged_traces(keyed.select(pl.col(name).cast(dtype) for name, dtype in TRACE_SCHEMA.items()))

    def _replacing_lines(self, revisions: RunRevisions) -> pl.DataFrame:
        """The lines of the run's replacements: `own_high`, `claim_line_number`."""
        lines = revisions.replaced_lines()
        own_high = claim_hashes(lines, self._payers.of(lines["payer"])).alias("own_high")
        return lines.select(own_high, "claim_line_number").drop_nulls()

    def write_state(self, folder: Path, lines: list[Path]) -> None:
        """Write the state after the run to `folder`, with its changed lines (sorted files) and its revisions.

        Call it after `changes`. That of a shadow run is the state before it.
        """
        traces = self._traces.clear() if self._is_shadow else self._traces
        changed = revised = None
        if lines:
            changed = self._scratch / "state-lines.parquet"
            write_segment(changed, (pl.read_parquet(path, glob=False) for path in lines), STATE_SCHEMA)
        if traces.height:
            revised = self._scratch / "state-traces.parquet"
            write_segment(revised, [traces.sort("named_high", "own_high")], TRACE_SCHEMA)
        self._state.write(folder, changed, revised, pl.concat([self._state.payers, *self._payer_names]), self._run_id)


def history_rows(changed: Updated, run: dict[str, pl.Expr]) -> pl.DataFrame:
    """The rows of the record for what a run did to lines (HISTORY_SCHEMA)."""
    named = {"source_file": "own_source_file", "source_row": "own_source_row"}
    return changed.lines.with_columns(**run).select(
        pl.col(named.get(name, name)).cast(dtype).alias(name) for name, dtype in HISTORY_SCHEMA.items()
    )
