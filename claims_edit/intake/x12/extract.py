"""X12 837 extracts: the claim lines of professional, institutional and dental claims.

A file is read in chunks. Each chunk gives the lines of the claims that it finishes; what it leaves unfinished is read
again at the beginning of the next one, behind the few segments that say which loops are in force. So nothing depends
on where a chunk ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import polars as pl

from claims_edit.errors import InputError
from claims_edit.intake.extract import CLAIM, FAULT, ORDINAL, REJECTS_SCHEMA, Extract
from claims_edit.intake.x12.claims import claims
from claims_edit.intake.x12.diagnoses import claim_diagnoses, condition_codes, health_codes, with_diagnoses
from claims_edit.intake.x12.envelope import ControlCounts
from claims_edit.intake.x12.facts import Facts
from claims_edit.intake.x12.interchange import LONGEST_SEGMENT, texts, too_long
from claims_edit.intake.x12.kinds import tabulate, without_other_transactions
from claims_edit.intake.x12.layout import TRANSACTION, layout_of
from claims_edit.intake.x12.lines import completed, count_uneven, lines
from claims_edit.intake.x12.loops import NOTHING_KEPT, Chunk, keep, locate
from claims_edit.intake.x12.segments import Segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.mapping import Mapping

LONGEST_CLAIM = 64_000_000  # bytes
_BYTES_A_LINE = 64  # of a file; there are rarely fewer


class X12Extract(Extract):
    """An 837 file; ORDINAL is the number of the SV1, SV2 or SV3 segment in the file."""

    CHUNK_BYTES: ClassVar[int] = 4 * 1024 * 1024

    def __init__(self, file: SourceFile, mapping: Mapping) -> None:
        """Nothing is read yet."""
        super().__init__(file, layout_of(mapping))
        self._controls = ControlCounts(self.warnings)
        self._rejected: list[pl.DataFrame] = []
        self._transactions = 0

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract; a batch is cut between claims, and holds what CHUNK_BYTES do, however many rows are wished."""
        for chunk in self._chunks(min(self.CHUNK_BYTES, rows * _BYTES_A_LINE)):
            frame = self._lines(chunk)
            if frame.height:
                yield frame
        if not self._transactions:
            raise InputError(
                f"{self.file.path}: holds no 837 transaction (ST*837). Give the claims themselves, not what answers them."
            )

    def rejects(self) -> pl.DataFrame:
        """See Extract: claims without lines, and lines without a service."""
        return pl.concat([pl.DataFrame(schema=REJECTS_SCHEMA), *self._rejected]).sort("source_row", "check")

    def _chunks(self, size: int) -> Iterator[Chunk]:
        """The file chunk by chunk; the control segments, and what is unreadable, are counted on the way."""
        kept = NOTHING_KEPT
        for text, last in texts(self.file, size):
            segments = Segments(kept.text + text)
            self._check_lengths(segments)
            rows, others = without_other_transactions(kept.followed_by(tabulate(segments)), segments)
            new, others = rows.filter(pl.col("number") > kept.read), others.filter(others > kept.read)
            self._transactions += new.filter(pl.col("kind") == "ST").height - others.len()
            self._warn("transaction-not-837", others.len())
            self._warn("segment-unreadable", new["unreadable"].sum())
            self._controls.check(new, segments, last=last)
            chunk = locate(rows, segments, last=last)
            yield chunk
            kept = keep(chunk, kept)
            if len(kept.text) > LONGEST_CLAIM:
                raise too_long(self.file.path, "a claim", LONGEST_CLAIM)

    def _check_lengths(self, segments: Segments) -> None:
        if len(segments) and (segments.ends - segments.begins).max() > LONGEST_SEGMENT:
            raise too_long(self.file.path, "a segment", LONGEST_SEGMENT)

    def _warn(self, check: str, count: float) -> None:
        if count:
            self.warnings[check] += int(count)

    def _lines(self, chunk: Chunk) -> pl.DataFrame:
        """The finished lines, in the columns of the layout; what else is found in the chunk is counted, or rejected."""
        facts = Facts(chunk)
        codes = health_codes(chunk)
        found, services = claims(chunk, facts), lines(chunk, facts)
        diagnosed, dangling = with_diagnoses(services, claim_diagnoses(codes))
        self._warn("diagnosis_pointer-dangling", dangling)
        self._warn("hcpcs_code-not-evaluable", services["not_evaluable"].sum())
        self._warn("clm02-line-charges", count_uneven(found, services))
        for check, kind, served in (
            ("row-claim-without-lines", "CLM", services["claim"]),
            ("row-line-without-service", "LX", services["line"]),
        ):
            self._reject(check, chunk, chunk.finished(kind).filter(~pl.col("row").is_in(served.implode())))
        of_claims = found.lazy().drop("loop", "segment", TRANSACTION).join(condition_codes(codes), on="claim", how="left")
        joined = diagnosed.join(of_claims, on="claim", how="left", maintain_order="left")
        joined = joined.join(chunk.loops.lazy().select("loop", TRANSACTION), on="loop", how="left", maintain_order="left")
        wanted = completed(joined).select(*self.layout.sources, ORDINAL, FAULT, CLAIM, TRANSACTION)
        return wanted.collect(engine="in-memory")

    def _reject(self, check: str, chunk: Chunk, rows: pl.DataFrame) -> None:
        """Keep rows for `rejects`, with the transaction in which each stands."""
        if rows.is_empty():
            return
        placed = rows.join(chunk.loops, on="loop", how="left", maintain_order="left")
        place = pl.concat_str(pl.lit("ST "), pl.col(TRANSACTION).fill_null("-"), pl.lit(": "), pl.col("text"))
        text = chunk.segments.whole(rows["segment"].to_numpy()).alias("text")
        self._rejected.append(
            placed.with_columns(text).select(source_row="number", check=pl.lit(check), text=place)
        )
