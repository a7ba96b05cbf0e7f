"""Files damaged at random, as transfers, editors and concatenations damage them."""

from __future__ import annotations

import gzip
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.lib.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_OPERATIONS = 4
EVERYWHERE = st.integers(0, 2**20 - 1)  # a place in a file, in shares of its length
THOUSANDS = int(os.environ.get("CLAIMS_EDIT_FUZZ", "0"))  # how many new cases are wanted; 0 for the same ones


def fuzzed(few: int, *, more: int | None = None) -> Any:
    """Settings of a test on damaged files: its examples, or as many new ones as CLAIMS_EDIT_FUZZ says."""
    return settings(
        max_examples=THOUSANDS or examples(few, more=more),
        derandomize=not THOUSANDS,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


@contextmanager
def work_limit(seconds: float) -> Iterator[None]:
    """Fail where a case takes more seconds of this process's own work, however busy the machine is.

    Raises:
        TimeoutError: it does.
    """

    def stop(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"not done with {seconds} seconds of work")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _at(content: bytes, share: int) -> int:
    return share * (len(content) + 1) >> 20


def _range(content: bytes, first: int, second: int) -> tuple[int, int]:
    start, end = sorted((_at(content, first), _at(content, second)))
    return start, end


def _near(content: bytes, first: int, second: int) -> tuple[int, int]:
    """A range of some 200 bytes at most."""
    start = _at(content, first)
    return start, min(len(content), start + second % 200)


def _lines(content: bytes, first: int, second: int) -> tuple[int, int]:
    """A range of one to five whole lines."""
    start = content.rfind(b"\n", 0, _at(content, first)) + 1
    end = start
    for _ in range(second % 5 + 1):
        end = content.find(b"\n", end) + 1 or len(content)
    return start, end


RANGES = (_range, _near, _lines, _lines)


class Content(bytes):
    """The bytes of a file, shown in full only where they are few."""

    MOST_SHOWN = 4000

    def __repr__(self) -> str:
        """The bytes, or their beginning and how many they are."""
        shown = bytes(self[: self.MOST_SHOWN])
        return repr(shown) if len(self) == len(shown) else f"{shown!r}… ({len(self)} bytes)"


@st.composite
def damaged(draw: Any, files: Sequence[bytes], marks: bytes, head: bytes = b"") -> Content:
    """One of the files, damaged one to four times.

    Args:
        draw: Hypothesis's.
        files: what is damaged, and what it is spliced with.
        marks: bytes that structure such a file; they come up more often than others.
        head: what is before it the first time is left as it is, mostly: without it the whole file is refused.
    """
    content = draw(st.sampled_from(files))
    kept = content[: content.find(head)] if head and head in content and draw(st.integers(0, 4)) else b""
    content = content[len(kept) :]
    for _ in range(draw(st.integers(1, MOST_OPERATIONS))):
        operation = draw(st.sampled_from((_cut, _splice, _repeat, _drop, _flip, _swap_marks, _insert, _move)))
        content = operation(draw, content, files, marks)
    return Content(kept + content)


def _cut(draw: Any, content: bytes, _files: Sequence[bytes], _marks: bytes) -> bytes:
    return content[: _at(content, draw(EVERYWHERE))]


def _splice(draw: Any, content: bytes, files: Sequence[bytes], _marks: bytes) -> bytes:
    other = draw(st.sampled_from(files))
    return content[: _at(content, draw(EVERYWHERE))] + other[_at(other, draw(EVERYWHERE)) :]


def _repeat(draw: Any, content: bytes, _files: Sequence[bytes], _marks: bytes) -> bytes:
    start, end = draw(st.sampled_from(RANGES))(content, draw(EVERYWHERE), draw(EVERYWHERE))
    return content[:end] + content[start:]


def _drop(draw: Any, content: bytes, _files: Sequence[bytes], _marks: bytes) -> bytes:
    start, end = draw(st.sampled_from(RANGES))(content, draw(EVERYWHERE), draw(EVERYWHERE))
    return content[:start] + content[end:]


def _move(draw: Any, content: bytes, _files: Sequence[bytes], _marks: bytes) -> bytes:
    start, end = draw(st.sampled_from(RANGES))(content, draw(EVERYWHERE), draw(EVERYWHERE))
    moved, rest = content[start:end], content[:start] + content[end:]
    place = _at(rest, draw(EVERYWHERE))
    return rest[:place] + moved + rest[place:]


def _flip(draw: Any, content: bytes, _files: Sequence[bytes], marks: bytes) -> bytes:
    flipped = bytearray(content)
    for place in draw(st.lists(EVERYWHERE, min_size=1, max_size=5)):
        if flipped:
            flipped[_at(content, place) % len(flipped)] = draw(st.sampled_from(marks) | st.integers(0, 255))
    return bytes(flipped)


def _swap_marks(draw: Any, content: bytes, _files: Sequence[bytes], marks: bytes) -> bytes:
    """One mark in place of another, from a place on."""
    place = _at(content, draw(EVERYWHERE))
    old, new = (bytes([draw(st.sampled_from(marks))]) for _ in range(2))
    return content[:place] + content[place:].replace(old, new)


def _insert(draw: Any, content: bytes, _files: Sequence[bytes], marks: bytes) -> bytes:
    place = _at(content, draw(EVERYWHERE))
    return (
        content[:place]
        + draw(st.binary(max_size=20) | st.sampled_from(marks).map(lambda m: bytes([m])))
        + content[place:]
    )


@st.composite
def packed(draw: Any, content: bytes) -> bytes:
    """A file compressed by gzip, and then cut or with one byte changed."""
    whole = gzip.compress(content, 1, mtime=0)
    place = draw(st.integers(0, len(whole) - 1))
    if draw(st.booleans()):
        return whole[:place]
    return whole[:place] + bytes([whole[place] ^ draw(st.integers(1, 255))]) + whole[place + 1 :]
