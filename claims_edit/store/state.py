"""The state across nights, beside the record: each line ever decided, and each claim that revises another (ADR 0017).

`state/` of a generation has two kinds of sorted segments (`lines-<run>.parquet`, `traces-<run>.parquet`), the payers by
name, and the format. The keys are Polars' hashes, which are the same in each process of one Polars version: with
another version, or where the rules recognize a payer that they did not, all keys are computed again from the text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.schema import STATE_SCHEMA, TRACE_SCHEMA
from claims_edit.errors import ResultsError
from claims_edit.intake.keys import LINE_KEY, BitTable, claim_hashes, hash_probe, key_hashes
from claims_edit.store.generation import STATE, link
from claims_edit.store.segments import Segments, rows_in, write_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    PayerIdentity = Callable[[pl.Series], pl.DataFrame]

FORMAT = 1
LINES, TRACES, PAYERS, ABOUT = "lines", "traces", "payers.parquet", "format.json"
PAYER_SCHEMA: dict[str, pl.DataType] = {"payer_raw": pl.String(), "payer_identity": pl.String()}


def keys_of(lines: pl.DataFrame, identity: PayerIdentity) -> pl.DataFrame:
    """`high`, `low` of lines with the columns of `line_state.IDENTITY`."""
    given = lines.select(pl.col("payer_raw").alias("payer"), *LINE_KEY[1:])
    return key_hashes(given, identity(given["payer"].unique()))


def latest_lines(rows: pl.DataFrame) -> pl.DataFrame:
    """Each line once, in its latest form; later rows are later forms."""
    return rows.unique(["high", "low"], keep="last", maintain_order=True)


def merged_traces(rows: pl.DataFrame) -> pl.DataFrame:
    """Each revision of a claim once, with the first and the last night on which it came."""
    last = ("last_as_of", "last_run_id")
    key = ["named_high", "own_high", "claim_frequency_code", "is_certain"]
    kept = [pl.col(name).last() for name in TRACE_SCHEMA if name not in (*key, "first_as_of", *last)]
    dates = [pl.col("first_as_of").min(), *(pl.col(name).sort_by(*last).last() for name in last)]
    return rows.group_by(key, maintain_order=True).agg(*kept, *dates).select(*TRACE_SCHEMA)


@dataclass(frozen=True)
class State:
    """What earlier runs left. Keys are those of this process."""

    lines: Segments
    traces: Segments
    payers: pl.DataFrame

    @classmethod
    def empty(cls) -> State:
        """The state before the first run."""
        return cls(_lines(()), _traces(()), pl.DataFrame(schema=PAYER_SCHEMA))

    @classmethod
    def read(cls, folder: Path, identity: PayerIdentity, scratch: Path) -> State:
        """The state in a folder of a generation; `scratch` has room for keys that must be computed again.

        Raises:
            ResultsError: it is missing, damaged, or of another format.
        """
        try:
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
            payers = pl.read_parquet(folder / PAYERS, glob=False)
            paths = {kind: [folder / name for name in about[kind]] for kind in (LINES, TRACES)}
            if (found := about["format"]) != FORMAT:
                raise ResultsError(
                    f"{folder}: has format {found}, but this release reads format {FORMAT}."
                    " Use the release that wrote it, or a new --out."
                )
            rows_in([path for kind in paths.values() for path in kind])
        except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
            raise ResultsError(
                f"{folder}: the state of earlier runs is missing or damaged. Restore it from a backup."
            ) from None
        state = cls(_lines(paths[LINES]), _traces(paths[TRACES]), payers)
        named = named_payers(payers["payer_raw"], identity)
        is_same = about["hash"] == hash_probe() and payers.sort(pl.all()).equals(named.sort(pl.all()))
        return state if is_same else state._with_own_keys(identity, named, scratch)

    def write(self, folder: Path, lines: Path | None, traces: Path | None, payers: pl.DataFrame, run_id: str) -> None:
        """Write the state after a run into a new folder: its new segments, and hard links to (or copies of) the others.

        `lines` and `traces` are sorted files; `payers` has all payers by name (PAYER_SCHEMA).
        """
        folder.mkdir(parents=True)
        about: dict[str, object] = {"format": FORMAT, "hash": hash_probe()}
        for kind, segments, newest in ((LINES, self.lines, lines), (TRACES, self.traces, traces)):
            own = folder / f"{kind}-{run_id}.parquet"
            after = segments if newest is None else segments.with_newest(newest, own)
            placed = [
                _placed(path, folder, f"{kind}-{run_id}-{place:03}.parquet") for place, path in enumerate(after.paths)
            ]
            about[kind] = [path.name for path in placed]
        payers.select(*PAYER_SCHEMA).unique().sort(pl.all()).write_parquet(folder / PAYERS)
        (folder / ABOUT).write_text(json.dumps(about, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    def _with_own_keys(self, identity: PayerIdentity, payers: pl.DataFrame, scratch: Path) -> State:
        """The same state with keys of this process and rule pack, written again to `scratch`."""
        lines = _rekeyed(self.lines, lambda rows: _line_keys(rows, identity), scratch / "lines-rekeyed")
        traces = _rekeyed(self.traces, lambda rows: keyed_traces(rows, identity), scratch / "traces-rekeyed")
        return State(lines, traces, payers)

    def table(self) -> BitTable | None:
        """A table of the keys (`low`) of all lines; None if there are none."""
        rows = self.lines.rows
        if not rows:
            return None
        table = BitTable(min(30, max(20, (rows * 32).bit_length())))
        for low in self.lines.column("low"):
            table.add(low)
        return table

    def known_claims(self, high: pl.Series) -> pl.Series:
        """Of each claim (`high`) whether a line of it was ever decided (Boolean)."""
        known = [column.filter(column.is_in(high.implode())).unique() for column in self.lines.column("high")]
        return high.is_in(pl.concat(known).implode()) if known else pl.repeat(False, high.len(), eager=True)  # noqa: FBT003


def _lines(paths: Iterable[Path]) -> Segments:
    return Segments(tuple(paths), STATE_SCHEMA, "low", latest_lines)


def _traces(paths: Iterable[Path]) -> Segments:
    return Segments(tuple(paths), TRACE_SCHEMA, "named_high", merged_traces)


def _placed(path: Path, folder: Path, name: str) -> Path:
    """A segment in the folder: itself, or a link to it; under `name` where it is not of a published state."""
    if path.parent == folder:
        return path
    target = folder / (path.name if path.parent.name == STATE else name)
    link(path, target)
    return target


def named_payers(names: pl.Series, identity: PayerIdentity) -> pl.DataFrame:
    """These payers by name, each once (PAYER_SCHEMA)."""
    return identity(names.unique()).rename({"payer": "payer_raw", "identity": "payer_identity"})


def with_payer_identity(rows: pl.DataFrame, identity: PayerIdentity) -> pl.DataFrame:
    """The rows with the `payer_identity` of their `payer_raw`."""
    payers = named_payers(rows["payer_raw"], identity)
    return rows.drop("payer_identity", strict=False).join(payers, on="payer_raw", how="left", maintain_order="left")


def _line_keys(rows: pl.DataFrame, identity: PayerIdentity) -> pl.DataFrame:
    return with_payer_identity(rows, identity).with_columns(keys_of(rows, identity).get_columns())


def keyed_traces(rows: pl.DataFrame, identity: PayerIdentity) -> pl.DataFrame:
    """Revisions with the text columns of TRACE_SCHEMA, with `payer_identity`, `named_high` and `own_high` of now."""
    payers = identity(rows["payer_raw"].unique())
    own = rows.rename({"payer_raw": "payer"})
    named = own.with_columns(claim_id="revised_claim_id")
    return with_payer_identity(rows, identity).with_columns(
        named_high=claim_hashes(named, payers), own_high=claim_hashes(own, payers)
    )


def _rekeyed(segments: Segments, keyed: Callable[[pl.DataFrame], pl.DataFrame], path: Path) -> Segments:
    """One segment with the rows of all, under their new keys."""
    if not segments.paths:
        return segments
    parts: list[Path] = []
    for place, rows in enumerate(segments.in_ranges()):
        parts.append(path.with_name(f"{path.name}-{place:05}.parquet"))
        keyed(rows).select(*segments.schema).write_parquet(parts[-1], compression="lz4")
    whole = path.with_suffix(".parquet")
    write_segment(whole, replace(segments, paths=tuple(parts)).in_ranges(), segments.schema)
    return replace(segments, paths=(whole,))
