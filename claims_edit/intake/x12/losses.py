"""Later evidence of lost segments: the number of an HL, a person without a claim, the count at the end.

Each comes after lines that were given already, so the doubt is a range of segments; it is applied when the lines are
read again.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.doubts import doubt_token
from claims_edit.intake.extract import LATE_DOUBTS_SCHEMA
from claims_edit.intake.x12.loops import LEVELS
from claims_edit.intake.x12.vocabulary import ENVELOPE

if TYPE_CHECKING:
    from claims_edit.intake.x12.loops import FileRows
    from claims_edit.intake.x12.segments import Segments

INCOMPLETE, GAP, CLAIMLESS = "transaction-incomplete", "hierarchy-gap", "patient-without-claim"
_OPENED = 0  # the number before the first HL of a transaction, which is 1
_NONE = -1


class _Mark(IntEnum):
    """The role of a segment in the search for claims."""

    OTHER = 0
    TRANSACTION = 1
    ENVELOPE = 2
    CLAIM = 3
    SUBSCRIBER = 4
    PATIENT = 5
    CLAIMLESS = 6  # a subscriber or patient of whom no claim comes


class LateDoubts:
    """Ranges of segments whose lines are in doubt."""

    def __init__(self) -> None:
        """Nothing is in doubt yet."""
        self._found: list[pl.DataFrame] = []
        # The last HL and envelopes: segment, number, whether it is an HL.
        self._begun = np.zeros((3, 0), dtype=np.int64)
        # The last envelope, the first part without a claim after it, and the last part: segment, and its role.
        self._open = np.zeros((2, 0), dtype=np.int64)

    def add(self, name: str, first: pl.Series, last: pl.Series, at: pl.Series) -> None:
        """Doubt the lines from segment `first` to `last`, because of segment `at`; all are segments of the file."""
        if at.len():
            token = doubt_token(name, "segment-") + at.cast(pl.String)
            found = {"first": first, "last": last, "name": pl.repeat(name, at.len(), eager=True), "token": token}
            self._found.append(pl.DataFrame(found, schema=LATE_DOUBTS_SCHEMA))

    def check_hierarchy(self, rows: FileRows, segments: Segments, *, last: bool) -> None:
        """Look among new rows for an HL whose HL01 is not one more than that of the HL before; `last`: the file ends.

        In doubt are the loop before, whose end may be another one's, and the loop itself.
        """
        is_level = rows.are(*LEVELS)
        which = is_level | rows.are(*ENVELOPE)
        own = segments.elements(rows.segment[which], 1).cast(pl.Int64, strict=False).fill_null(_NONE).to_numpy()
        number = np.where(is_level[which], own, _OPENED)
        new = np.stack((rows.number[which], number, is_level[which]))
        place, number, levels = begun = np.concatenate((self._begun, new), axis=1)
        wrong = np.flatnonzero((levels[1:] != 0) & (number[1:] != number[:-1] + 1)) + 1
        ends = np.append(place[1:], np.iinfo(np.int64).max)
        wrong = wrong[last | (wrong < place.size - 1)]  # where the last one ends is yet to be read
        self.add(GAP, *map(pl.Series, (place[wrong - 1], ends[wrong], place[wrong])))
        self._begun = begun[:, -2:]

    def check_claims(self, rows: FileRows, *, last: bool) -> None:
        """Look among new rows for subscribers and patients without a claim; `last`: the file ends here.

        Its claim may be among those of another one, anywhere in the transaction: all of it is in doubt.
        """
        flags = [rows.are("ST*837"), rows.are(*ENVELOPE), rows.are("CLM"), rows.are("HL*22"), rows.are("HL*23")]
        marks = [_Mark.TRANSACTION, _Mark.ENVELOPE, _Mark.CLAIM, _Mark.SUBSCRIBER, _Mark.PATIENT]
        which = np.logical_or.reduce(flags) | rows.are(*LEVELS)
        new = np.stack((rows.number, np.select(flags, marks, _Mark.OTHER)))[:, which]
        place, mark = found = np.concatenate((self._open, new), axis=1)
        follower = np.append(mark[1:], _Mark.ENVELOPE if last else _Mark.CLAIM)
        is_person = np.isin(mark, (_Mark.SUBSCRIBER, _Mark.PATIENT))
        has_patient = (mark == _Mark.SUBSCRIBER) & (follower == _Mark.PATIENT)
        mark[is_person & (follower != _Mark.CLAIM) & ~has_patient] = _Mark.CLAIMLESS
        envelopes = np.flatnonzero(np.isin(mark, (_Mark.TRANSACTION, _Mark.ENVELOPE)))
        lonely = np.flatnonzero(mark == _Mark.CLAIMLESS)
        after, first = np.unique(np.searchsorted(envelopes, lonely), return_index=True)
        is_closed = (after > 0) & (last | (after < envelopes.size))
        ends = np.append(place[envelopes], np.iinfo(np.int64).max)
        opens = np.append(mark[envelopes], _Mark.ENVELOPE) == _Mark.TRANSACTION
        is_closed &= opens[after - 1]
        doubtful = after[is_closed]
        self.add(CLAIMLESS, *map(pl.Series, (ends[doubtful - 1], ends[doubtful], place[lonely[first[is_closed]]])))
        behind = lonely[lonely >= (envelopes[-1] if envelopes.size else 0)][:1]
        self._open = found[:, np.unique(np.concatenate((envelopes[-1:], behind, np.arange(place.size)[-1:])))]

    def ranges(self) -> pl.DataFrame:
        """All of them (LATE_DOUBTS_SCHEMA): of one name none overlaps another, and they are in order."""
        found = pl.concat([pl.DataFrame(schema=LATE_DOUBTS_SCHEMA), *self._found]).sort("name", "first", "last")
        begins = pl.col("first") >= pl.col("last").shift(1).cum_max().over("name").fill_null(_NONE)
        group = begins.cum_sum().over("name")
        return (
            found.with_columns(group=group)
            .group_by("name", "group", maintain_order=True)
            .agg(pl.col("first").min(), pl.col("last").max(), pl.col("token").first())
            .select(LATE_DOUBTS_SCHEMA.keys())
        )
