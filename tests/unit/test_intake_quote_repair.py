"""Lines and their ends: what is cut out, what is counted, what is made alike."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import InputError
from claims_edit.intake import quote_repair
from claims_edit.intake.quote_repair import MARK, blank_lines_before, cut_lines, one_line_end

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("seed", range(100))
def test_empty_lines_before_a_place_are_counted_whatever_the_piece(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int
) -> None:
    draw = Random(seed)  # noqa: S311 -- test data
    monkeypatch.setattr(quote_repair, "COPY_BYTES", draw.choice((3, 4, 5, 7, 1000)))
    text = "".join(draw.choice(("a", "a", "\n", "\n", "\r\n")) for _ in range(draw.randint(3, 40))).encode()
    (tmp_path / "text").write_bytes(text)
    starts = [place + 1 for place in range(len(text)) if place == 0 or text[place - 1 : place] == b"\n"]
    positions = sorted(draw.sample(starts, min(3, len(starts))))
    lines_before = [text[: position - 1].split(b"\n")[:-1] for position in positions]
    expected = [sum(line in {b"", b"\r"} for line in lines[1:]) for lines in lines_before]
    assert blank_lines_before(tmp_path / "text", positions) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_every_line_end_becomes_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, size: int) -> None:
    monkeypatch.setattr(quote_repair, "COPY_BYTES", size)
    (tmp_path / "text").write_bytes(b"a\r\nb\rc\n\r\n\r\rd\r")
    assert one_line_end(tmp_path / "text", tmp_path / "copy").read_bytes() == b"a\nb\nc\n\n\n\nd\n"


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_line_is_cut_out_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, size: int) -> None:
    monkeypatch.setattr(quote_repair, "COPY_BYTES", size)
    text = tmp_path / "text"
    text.write_bytes(b"one\ntwo\r\nthree\nlast")
    cut = ["before"]
    cut_lines(text, tmp_path / "copy", [18, 5, 7], cut, text)
    assert cut == ["before", "two", "last"]
    assert (tmp_path / "copy").read_text(encoding="utf-8") == f"one\n{MARK}1{MARK}\nthree\n{MARK}2{MARK}"


def test_a_text_without_line_ends_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(quote_repair, "LONGEST_LINE", 10)
    (tmp_path / "text").write_bytes(b"x" * 11)
    with pytest.raises(InputError, match="a line is longer"):
        cut_lines(tmp_path / "text", tmp_path / "copy", [3], [], tmp_path / "text")
