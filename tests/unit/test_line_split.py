"""Which texts are split line by line, and which need the strict reader."""

from __future__ import annotations

from io import BufferedReader, BytesIO
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.intake import Mapping, SeenKeys, SourceFile, line_split, open_extract
from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.line_split import LineSplit, NeedsStrictReaderError
from claims_edit.intake.readers import DELIMITED

if TYPE_CHECKING:
    from pathlib import Path

HEADER = b"a,b,c\n"


def split(text: bytes, *, header: bool = True) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """The rows and the refused lines of a text."""
    pieces = list(LineSplit(",", 3).pieces(BufferedReader(BytesIO(text)), header=header))  # type: ignore[arg-type]
    rows, refused = (pl.concat(frames) for frames in zip(*pieces, strict=True))
    return rows.rows(), refused.rows()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b"1,2,3\n4,5,6\n", [(1, "1", "2", "3"), (2, "4", "5", "6")]),
        (b"1,2,3\r\n4,5,6", [(1, "1", "2", "3"), (2, "4", "5", "6")]),
        (b"1,,3\n,,\n", [(1, "1", None, "3"), (2, None, None, None)]),
        (b'"1,x","",3\n4,"5""y",6\n', [(1, "1,x", None, "3"), (2, "4", '5"y', "6")]),
        (b"\n1,2,3\n\n\n4,5,6\n\n", [(1, "1", "2", "3"), (2, "4", "5", "6")]),
        (b"1,\xc3\xa9, 3 \n", [(1, "1", "é", " 3 ")]),
        (b"1,2,3\n4,5,6\r\n", [(1, "1", "2", "3"), (2, "4", "5", "6")]),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_each_line_is_a_row(
    monkeypatch: pytest.MonkeyPatch, text: bytes, rows: list[tuple[object, ...]], piece: int
) -> None:
    monkeypatch.setattr(line_split, "PIECE", piece)
    assert split(HEADER + text) == (rows, [])
    assert split(text, header=False) == (rows, [])
    assert split(b"\xef\xbb\xbf" + HEADER + text) == (rows, [])


def test_a_line_with_other_fields_is_refused_by_itself_with_its_row_number() -> None:
    text = b'1,2,3\n\n4,5\n6,7,8,9\n4,5,6\n,,,\n  \n7,8,9\n"1,2",3\n1,"2,",3,""\n'
    rows, refused = split(HEADER + text)
    assert rows == [(1, "1", "2", "3"), (2, "4", "5", "6"), (3, "7", "8", "9")]
    assert refused == [
        (2, "row-missing-columns", "4,5"),
        (3, "row-too-many-columns", "6,7,8,9"),
        (5, "row-too-many-columns", ",,,"),
        (6, "row-missing-columns", "  "),
        (8, "row-missing-columns", '"1,2",3'),
        (9, "row-too-many-columns", '1,"2,",3,""'),
    ]


def test_one_field_too_many_does_not_make_up_for_one_too_few() -> None:
    rows, refused = split(HEADER + b"1,2\n1,2,3,4\n")
    assert rows == []
    assert [check for _, check, _ in refused] == ["row-missing-columns", "row-too-many-columns"]


@pytest.mark.parametrize(
    "text",
    [
        b'1,"2\n2",3\n',
        b'1,"2,3\n',
        b'1,2"2,3\n',
        b'1,"2" ,3\n',
        b"1,2\r2,3\n",
        b"1,\xff,3\n",
        b"1,\x00,3\n",
        b"1,\x01,3\n",
        b"1,2,3\n1,2," + b"x" * 2_000_000 + b"\n",
        b"1,2," + b"x" * 3_000_000,
    ],
)
def test_what_a_line_does_not_show_needs_the_strict_reader(text: bytes) -> None:
    with pytest.raises(NeedsStrictReaderError):
        split(HEADER + b"1,2,3\n" + text)


def test_a_header_of_several_lines_needs_the_strict_reader() -> None:
    with pytest.raises(NeedsStrictReaderError):
        split(b'a,"b\nb",c\n1,2,3\n')


def test_mixed_line_ends_lose_no_row_where_the_strict_reader_is_needed(tmp_path: Path) -> None:
    """DuckDB's reader passes over a quoted row that ends otherwise than the first."""
    names = ("claim_id", "claim_line_number", "claim_type", "member_id", "payer", "claim_start_date", "note")
    rows = ["A1,1,professional,M,P,2026-01-01,x\n", 'A1,2,professional,M,P,2026-01-01,"q"\r\n'] * 3
    text = ",".join(names) + "\n" + "".join(rows) + 'A1,9,professional,M,P,2026-01-01,"a\nb"\r\n'
    path = tmp_path / "night.csv"
    path.write_text(text, newline="")
    extract = open_extract(SourceFile(path, DELIMITED, head=text), Mapping(), tmp_path)
    while True:
        frames = list(extract.batches(100))
        again = extract.restart()
        if again is None:
            break
        extract = again
    found = pl.concat(frames)
    assert found["claim_line_number"].to_list() == ["1", "2", "1", "2", "1", "2", "9"]
    assert found[ORDINAL].to_list() == [1, 2, 3, 4, 5, 6, 7]


def test_an_extract_that_is_read_again_is_no_repeat_of_itself(tmp_path: Path) -> None:
    keys = pl.DataFrame({"high": [1, 2], "low": [1 << 60, 2 << 60], "row": [1, 2]}).cast(
        {"high": pl.UInt64, "low": pl.UInt64}
    )
    other = keys.with_columns(pl.col("low") + (1 << 50))
    seen = SeenKeys(tmp_path, 20)
    assert not seen.suspects(other).any()
    other.write_parquet(tmp_path / "keys.parquet")
    assert not seen.suspects(keys).any()
    seen.start_again([tmp_path / "keys.parquet"])
    assert not seen.suspects(keys).any()
    assert seen.suspects(other).all()
