"""Text that is split line by line gives the rows of the strict reader, its refused lines and their row numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claims_edit.intake import SourceFile, line_split, open_extract
from claims_edit.intake.delimited import DelimitedExtract
from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.mapping import Mapping
from claims_edit.intake.readers import DELIMITED
from tests.lib.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.intake import Extract

COLUMNS = ("claim_id", "claim_line_number", "claim_type", "member_id", "payer", "claim_start_date", "note")
PLAIN = ("A1", "", "", " ", "x y", "é", "0600T", "'", ";", "#", "\\N")
QUOTED = ('"q"', '"a,b"', '""', '"d""d"', '"', 'a"b', '"a" ')
ODD = ("\n", '"\n"', "\r", "\x00", "\x01", "\ufeff", "\x1d", ",,")
ENDS = ("\n", "\r\n")


@st.composite
def lines(draw: st.DrawFn, values: tuple[str, ...]) -> str:
    """A row, in a few cases with other fields than the table has columns."""
    width = draw(st.sampled_from([len(COLUMNS)] * 9 + [len(COLUMNS) - 1, len(COLUMNS) + 1, 1]))
    fields = draw(st.lists(st.sampled_from(values), min_size=width, max_size=width))
    return ",".join(fields)


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """A whole text with its header."""
    values, odd = draw(st.sampled_from([(PLAIN, [""]), (PLAIN + QUOTED[:4], [""]), (PLAIN + QUOTED, ["", *ODD])]))
    rows = draw(st.lists(st.one_of([lines(values)] * 8 + [st.sampled_from(odd)]), max_size=30))
    end = draw(st.sampled_from(ENDS))
    text = "".join(row + end for row in [",".join(COLUMNS), "A1,1,professional,M,P,2026-01-01,x", *rows])
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    found = ("\ufeff" if draw(st.booleans()) else "") + text
    raw = found.encode()
    return raw.replace(b"'", b"\xff", 1) if draw(st.integers(0, 9)) == 0 else raw


def read(extract: Extract) -> tuple[list[dict[str, object]], pl.DataFrame, bool]:
    """The rows with their row numbers, the refused lines, and whether each line was a row by itself."""
    split = True
    while True:
        frames = list(extract.batches(50))
        again = extract.restart()
        if again is None:
            break
        extract, split = again, False
    rows = pl.concat([frame.select(sorted(frame.columns)) for frame in frames]) if frames else pl.DataFrame()
    if frames:
        shifts = extract.source_row()
        rows = rows.sort(ORDINAL).join_asof(
            shifts, left_on=ORDINAL, right_on="after", strategy="backward", allow_exact_matches=False
        )
    return rows.to_dicts(), extract.rejects(), split


@pytest.mark.more
@settings(max_examples=examples(8, more=40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts(), piece=st.sampled_from([30, 200, 8_000_000]))
def test_a_text_has_the_same_rows_however_it_is_split(
    text: bytes, piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_split, "PIECE", piece)
    path = tmp_path / "night.csv"
    path.write_bytes(text)
    file = SourceFile(path, DELIMITED, head=text.decode(errors="replace").removeprefix("\ufeff"))
    strict, lines = (open_extract(file, Mapping(), tmp_path) for _ in range(2))
    assert isinstance(strict, DelimitedExtract)
    strict._is_strict = True
    rows, refused, _ = read(strict)
    found, others, _ = read(lines)
    assert found == rows
    assert others.equals(refused)
