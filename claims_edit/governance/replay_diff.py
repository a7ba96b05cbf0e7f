"""Real lines decided under two rule packs: which change, from what to what, in lines and in money.

Lines come from an extract, read as a run reads it, or from the files of a run. They are streamed; the lines that change
stay on disk until they are written.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.engine import evaluate, facts
from claims_edit.governance.outcomes import changed, outcome
from claims_edit.intake import load_mapping
from claims_edit.report.changes import (
    BY_EDIT,
    BY_PAYER,
    BY_PROVIDER,
    MONEY,
    by_edit,
    by_payer,
    by_provider,
    change_sums,
)
from claims_edit.runner.contracts import load_contracts, no_contracts
from claims_edit.runner.reading_apart import read_apart
from claims_edit.store import ResultsFolder, refuse_pruned, replay_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from claims_edit.policy import Catalog

BATCH_ROWS = 250_000
_LINE = ("source_file", "source_row", "claim_id", "claim_line_number", "hcpcs_code", "service_start_date",
         "service_end_date", "charge_amount", "billing_npi")  # fmt: skip
LINE_SCHEMA: dict[str, pl.DataType] = {
    "payer": pl.String(), "program": pl.String(), "old": pl.String(), "new": pl.String(),
    "source_file": pl.String(), "source_row": pl.Int64(), "claim_id": pl.String(), "claim_line_number": pl.Int64(),
    "hcpcs_code": pl.String(), "service_start_date": pl.Date(), "service_end_date": pl.Date(),
    "charge_amount": pl.Decimal(18, 2),
}  # fmt: skip
_BY = ("change", "payer", "program", "old", "new")
TOTAL_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(_BY, pl.String()), "lines": pl.Int64(), "charges": MONEY,
}  # fmt: skip


@dataclass(frozen=True)
class CandidateLines:
    """Candidate lines in bounded batches, and the inputs of their decisions; contracts with each pack's payer keys."""

    batches: Iterator[pl.DataFrame]
    revisions: pl.LazyFrame
    contracts: tuple[pl.DataFrame, pl.DataFrame]
    source: str


@dataclass
class ReplayDiff:
    """The effect on the lines.

    Attributes:
        source: where they came from: `extract`, or the run's id.
        lines: how many were decided.
        totals: TOTAL_SCHEMA, sorted: lines and charges by change, payer, program, and outcome under each pack.
        by_payer, by_provider, by_edit: the lines whose outcome changes, in money (`report.changes`).
        parts: Parquet files of the lines whose outcome changes (LINE_SCHEMA), in order of file and row.
    """

    source: str
    lines: int = 0
    totals: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TOTAL_SCHEMA))
    by_payer: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BY_PAYER))
    by_provider: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BY_PROVIDER))
    by_edit: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BY_EDIT))
    parts: list[Path] = field(default_factory=list)

    def changed(self) -> Iterator[pl.DataFrame]:
        """The lines whose outcome changes, in bounded batches."""
        yield from (pl.read_parquet(part, glob=False) for part in self.parts)


def replay_diff(lines: CandidateLines, old: Catalog, new: Catalog, scratch: Path) -> ReplayDiff:
    """Decide each line under both packs; the lines that change are written to `scratch`.

    A line whose code is not in one of the packs is `not decided` there.
    """
    found = ReplayDiff(lines.source)
    totals = [found.totals]
    sums = [pl.DataFrame(schema={"payer": pl.String(), "billing_npi": pl.String(), **BY_EDIT})]
    for batch in lines.batches:
        found.lines += batch.height
        outcomes = _outcomes(batch, old, new, lines)
        totals.append(
            outcomes.group_by(_BY).agg(
                pl.len().cast(pl.Int64).alias("lines"),
                pl.col("charge_amount").sum().cast(MONEY).alias("charges"),
            )
        )
        differing = outcomes.filter(pl.col("change") == "outcome")
        sums.append(change_sums(differing, ("old_disposition", "new_disposition"), ("old_edit", "new_edit"), "payer"))
        if differing.height:
            found.parts.append(scratch / f"changed-{len(found.parts):05}.parquet")
            differing.select(*LINE_SCHEMA).write_parquet(found.parts[-1])
    whole = pl.concat(totals).group_by(_BY).agg(pl.col("lines").sum(), pl.col("charges").sum())
    found.totals = whole.sort(_BY, nulls_last=True)
    summed = pl.concat(sums)
    found.by_payer, found.by_provider, found.by_edit = by_payer(summed), by_provider(summed), by_edit(summed)
    return found


def _outcomes(batch: pl.DataFrame, old: Catalog, new: Catalog, lines: CandidateLines) -> pl.DataFrame:
    """The lines of a batch with different outcomes, with both outcomes."""
    sides = [
        _decided(batch, catalog, lines.revisions, contracts).select(pl.all().name.prefix(f"{side}_"))
        for side, catalog, contracts in zip(("old", "new"), (old, new), lines.contracts, strict=True)
    ]
    return changed(pl.concat([batch.select(_LINE), *sides], how="horizontal")).with_columns(
        _both("payer"), _both("program")
    )


def _decided(batch: pl.DataFrame, catalog: Catalog, revisions: pl.LazyFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    numbered = batch.with_row_index("line_of_batch")
    known = numbered.filter(pl.col("hcpcs_code").is_in(catalog.codes["hcpcs_code"].implode()))
    decided = evaluate(facts(known, catalog, revisions=revisions, contracts=contracts), catalog)
    edit = pl.col("edits").list.first().alias("edit")
    outcomes = pl.concat(
        [known.select("line_of_batch"), decided.select("payer", "program", "disposition", edit, *outcome())],
        how="horizontal",
    )
    return (
        numbered.select("line_of_batch")
        .join(outcomes, on="line_of_batch", how="left", maintain_order="left")
        .drop("line_of_batch")
    )


def _both(fact: str) -> pl.Expr:
    """The fact under both packs; both values where they differ. A pack that does not decide the line has none."""
    old, new = pl.col(f"old_{fact}"), pl.col(f"new_{fact}")
    old_read = pl.when(pl.col("old_what").is_null()).then(new).otherwise(old)
    new_read = pl.when(pl.col("new_what").is_null()).then(old).otherwise(new)
    none = pl.lit("unknown")
    two = pl.concat_str(old_read.fill_null(none), pl.lit(" → "), new_read.fill_null(none))
    return pl.when(old_read.eq_missing(new_read)).then(old_read).otherwise(two).alias(fact)


@contextmanager
def extract_lines(
    extracts: tuple[str, ...],
    old: Catalog,
    new: Catalog,
    *,
    as_of: date,
    mapping: Path | None = None,
    contracts: Path | None = None,
) -> Iterator[CandidateLines]:
    """The accepted lines of extracts with a code of either pack.

    Raises:
        InputError: an extract, the mapping or the contracts cannot be read.
    """
    both = _with_codes_of_both(old, new)
    wanted = load_mapping(mapping)
    terms = tuple(
        load_contracts(contracts, _with_names_of_both(catalog, other)) if contracts else no_contracts()
        for catalog, other in ((old, new), (new, old))
    )
    with read_apart(extracts, both, wanted, as_of=as_of) as (reading, found):
        batches = (frame for file in found for frame in reading.candidates(file))
        yield CandidateLines(batches, reading.revisions().of_candidates(), (terms[0], terms[1]), "extract")


def _with_codes_of_both(old: Catalog, new: Catalog) -> Catalog:
    """A pack with the codes and spellings of both, from which intake selects candidate lines."""
    more = old.codes.join(new.codes, on="hcpcs_code", how="anti")
    spelled = old.program_spellings.join(new.program_spellings, on="name_key", how="anti")
    return replace(
        new,
        codes=pl.concat([new.codes, more]),
        program_spellings=pl.concat([new.program_spellings, spelled]),
    )


def _with_names_of_both(catalog: Catalog, other: Catalog) -> Catalog:
    """A pack with the other's payers added, so that a contract with one of them is not a fault."""
    more = other.payer_names.join(catalog.payer_names, on="name_key", how="anti")
    return replace(catalog, payer_names=pl.concat([catalog.payer_names, more]))


def run_lines(out: Path, run: str | None) -> CandidateLines:
    """The candidate lines that a published run decided; `run` is its id or a prefix of it, None the latest.

    Raises:
        UsageError: no such run.
        ResultsError: the folder is damaged, or the run was pruned.
    """
    manifest = ResultsFolder(out).manifest(run)
    refuse_pruned(manifest)
    run_id = str(manifest["run_id"])
    kept = replay_of(out, run_id)
    batches = kept.candidates.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
    return CandidateLines(batches, kept.revisions, (kept.contracts, kept.contracts), run_id)
