"""The posting facts of a run's candidate lines: line item control numbers and posting holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.errors import ResultsError
from claims_edit.model import DECISION_LOCATION
from claims_edit.posting_holds import POSTING_FACTS
from claims_edit.store import posting_facts

if TYPE_CHECKING:
    from collections.abc import Iterator


class Postings:
    """The posting facts of a run's lines, looked up batch by batch, in the order of the decisions."""

    def __init__(self, candidates: pl.LazyFrame) -> None:
        """`candidates` are in the order of the decisions; those of an earlier release have none of the facts."""
        kept = posting_facts(candidates)
        has_any = any(kept.select(pl.col(list(POSTING_FACTS)).is_not_null().any()).collect().row(0))
        self._ahead: pl.DataFrame | None = kept.clear().collect() if has_any else None
        self._coming: Iterator[pl.DataFrame] = kept.collect_batches(maintain_order=True) if has_any else iter(())

    def of(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The posting facts of some decided lines, which come after all lines requested before.

        Raises:
            ResultsError: a decided line is missing from the run's folder.
        """
        if self._ahead is None or lines.is_empty():
            return pl.DataFrame(
                dict.fromkeys(POSTING_FACTS, pl.repeat(None, lines.height, dtype=pl.String, eager=True))
            )
        last = lines.select(DECISION_LOCATION).tail(1)
        waiting = [self._ahead]
        while waiting[-1].join(last, on=DECISION_LOCATION, how="semi").is_empty():
            following = next(self._coming, None)
            if following is None:
                raise self._missing()
            waiting.append(following)
        ahead = pl.concat(waiting).with_row_index("__place")
        found = lines.select(DECISION_LOCATION).join(
            ahead, on=DECISION_LOCATION, how="left", validate="m:1", maintain_order="left"
        )
        if found["__place"].null_count():
            raise self._missing()
        self._ahead = ahead.slice(found["__place"][-1] + 1).drop("__place")
        return found.select(POSTING_FACTS)

    @staticmethod
    def _missing() -> ResultsError:
        return ResultsError(
            "remittance: the run's replay lacks lines that the run decided, so their posting holds are unknown."
            " Restore the results folder from a backup, or run the extracts again with --force."
        )
