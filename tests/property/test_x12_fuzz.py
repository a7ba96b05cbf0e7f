"""Damaged 837 files: refused as a whole by name, or every line of them is accepted, quarantined or counted."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims_edit.errors import InputError
from claims_edit.intake import sniff
from claims_edit.intake.readers import X12
from claims_edit.policy import load_catalog
from claims_edit.runner import validation
from tests.lib.corruption import Content, damaged, fuzzed, packed, work_limit
from tests.lib.reader_files import x12_files
from tests.lib.x12_oracle import Reading, read
from tests.lib.x12_reading import as_read, differences
from tests.lib.x12_segments import NoInterchangeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AS_OF = date(2026, 11, 20)
SECONDS = 20.0  # a case takes some milliseconds
MOST_BYTES = 20_000  # of a long file its beginning and its end are damaged
MARKS = b"*:~^_>|\n\r "
FIELDS = re.compile(rb"[A-Z0-9]{6,}")  # what may be a value; names of segments are shorter
INTERCHANGE = re.compile(rb"ISA(?P<mark>[^A-Za-z0-9\s])(?:[^\r\n]*?(?P=mark)){15}(?P<end>..)", re.DOTALL)
SERVICE = rb"(?:^|%(end)s)\s*SV[123]%(mark)s"
ANY_SERVICE = re.compile(rb"SV[123][^A-Za-z0-9\s]")

pytestmark = pytest.mark.more


def originals() -> list[bytes]:
    """Every file, the shortest first; a long one without its middle."""
    contents = list(x12_files().values())
    short = [c if len(c) <= MOST_BYTES else c[: MOST_BYTES // 2] + c[-MOST_BYTES // 2 :] for c in contents]
    return [Content(content) for content in sorted(short, key=len)]


FILES = originals()
DAMAGED = damaged(FILES, MARKS, b"BHT")


@pytest.fixture(scope="module", autouse=True)
def _one_catalog() -> Iterator[None]:
    """The rules are the same in every case: load them once."""
    catalog = cache(load_catalog)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validation, "load_catalog", catalog)
        yield


def validated(content: bytes, folder: Path, fmt: str) -> tuple[dict[str, Any] | None, str]:
    """What `validate` says of the file, or the error by which it is refused."""
    path = folder / "extract"
    path.write_bytes(content)
    try:
        with work_limit(SECONDS):
            found = validation.validate_batch((str(path),), AS_OF, fmt=fmt).as_dict()
    except InputError as error:
        return None, str(error).replace(str(path), "")
    return found["files"][0], ""


def services(content: bytes) -> int:
    """Service segments by a plain search, each interchange by its own delimiters; those that ran together are none."""
    starts = [*INTERCHANGE.finditer(content)]
    ends = [following.start() for following in starts[1:]] + [len(content)]
    return sum(
        len(
            re.findall(
                SERVICE % {b"end": re.escape(head["end"][1:]), b"mark": re.escape(head["mark"])},
                content[head.end() : end],
            )
        )
        for head, end in zip(starts, ends, strict=True)
    )


def naive(content: bytes) -> Reading | None:
    try:
        reading = read(content)
    except NoInterchangeError:
        return None
    holds_claims = reading.transactions and (reading.rows or reading.rejects)
    return reading if holds_claims and not reading.is_garbled else None


@given(content=DAMAGED, fmt=st.sampled_from(("auto", "x12")))
@fuzzed(20, more=150)
def test_damaged_files_lose_nothing(tmp_path_factory: pytest.TempPathFactory, content: bytes, fmt: str) -> None:
    reported, error = validated(content, tmp_path_factory.getbasetemp(), fmt)
    if reported is None:
        assert len(error.splitlines()) == 1
        assert not set(FIELDS.findall(content)) & set(FIELDS.findall(error.encode())), error
        return
    assert reported["rows_read"] == reported["rows_accepted"] + reported["rows_quarantined"]
    if reported["format"] != X12:
        return
    assert reported["rows_read"] >= services(content) or "transaction-not-837" in reported["warnings_by_check"]
    stated = bool(reported["warnings_by_check"]) or bool(reported["rows_quarantined"])
    assert reported["rows_read"] >= len(ANY_SERVICE.findall(content)) or stated


@given(content=DAMAGED)
@fuzzed(40, more=150)
def test_damaged_files_are_read_as_the_naive_reading_does(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "extract"
    path.write_bytes(content)
    wanted = naive(content)
    try:
        with work_limit(SECONDS):
            given = as_read(sniff(path, "x12"), path.parent)
    except InputError:
        assert wanted is None
        return
    assert wanted is not None
    assert differences(given, wanted) == []


@given(whole=st.sampled_from(FILES), data=st.data())
@fuzzed(60)
def test_damaged_gzip_is_refused_or_read_whole(
    tmp_path_factory: pytest.TempPathFactory, whole: bytes, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    reported, error = validated(data.draw(packed(whole)), folder, "auto")
    if reported is None:
        assert len(error.splitlines()) == 1
    else:
        assert reported | {"path": ""} == (validated(whole, folder, "auto")[0] or {}) | {"path": ""}
