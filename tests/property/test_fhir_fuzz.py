"""Damaged FHIR files: refused as a whole by name, or every resource is rows, a reject or a counted skip."""

from __future__ import annotations

import copy
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims_edit.errors import InputError
from claims_edit.intake import load_mapping, open_extract, sniff
from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.files import Compression
from claims_edit.intake.readers import FHIR
from tests.lib.corruption import Content, damaged, fuzzed, packed, work_limit
from tests.lib.reader_files import fhir_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 20.0  # a case takes some milliseconds
CLAIMS = {"ExplanationOfBenefit", "Claim"}
MOST_LINES = 6  # of the long NDJSON file
MARKS = b'{}[]":,\n\\ '

pytestmark = pytest.mark.more


def originals() -> list[bytes]:
    """Every file, the shortest first; of a long NDJSON file some lines."""
    found = []
    for name, content in fhir_files().items():
        lines = content.splitlines(keepends=True)
        step = -(-len(lines) // MOST_LINES)
        found.append(b"".join(lines[::step]) if name.endswith(".ndjson") else content)
    return [Content(content) for content in sorted(found, key=len)]


FILES = originals()


def claims() -> list[dict[str, Any]]:
    """Some claims of every file."""
    found = []
    for content in FILES:
        wholes = [json.loads(content)] if content.startswith(b"{\n") else [*map(json.loads, content.splitlines()[:3])]
        for whole in wholes:
            found += [entry["resource"] for entry in whole.get("entry", [])] or [whole]
    return found


RESOURCES = claims()


class Read:
    """What the reader makes of a file."""

    def __init__(self, path: Path) -> None:
        """Read it to its end."""
        file = sniff(path, "fhir")
        assert file.format == FHIR
        with work_limit(SECONDS):
            extract = open_extract(file, load_mapping(None), path.parent)
            self.rows: Counter[int] = Counter()
            for frame in extract.batches(1000):
                assert frame[ORDINAL].is_sorted()
                assert frame[ORDINAL].is_unique().all()
                self.rows.update(ordinal >> extract.LINE_BITS for ordinal in frame[ORDINAL].to_list())
            self.rejects = Counter(extract.rejects()["source_row"])
        self.warnings = +extract.warnings

    @property
    def reported(self) -> set[int]:
        """The numbers of what became rows or rejects."""
        return {*self.rows, *self.rejects}


def read(content: bytes, folder: Path) -> Read | None:
    """What is read of the content, None where it is refused as a whole, in one line without a value of it."""
    path = folder / "extract"
    path.write_bytes(content)
    try:
        return Read(path)
    except InputError as error:
        message = str(error).removeprefix(str(path))
        assert len(message.splitlines()) == 1
        assert not [text for text in _long_texts(content) if text in message]
        return None


def _long_texts(content: bytes) -> Iterator[str]:
    """Values that are too long to be in a message by chance."""
    texts = content.decode(errors="replace").split('"')
    ours = (*CLAIMS, "resourceType")  # words that messages have, of which damage may leave a part
    yield from (text for text in texts if len(text) > 11 and not any(text in word for word in ours))


def items(resource: Any) -> int | None:
    """The number of items of a claim, None for what is none."""
    if not isinstance(resource, dict) or str(resource.get("resourceType")) not in CLAIMS:
        return None
    found = resource.get("item")
    return len(found) if isinstance(found, list) else 0


def parsed(line: bytes) -> Any:
    """The JSON of a line, None where it is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


@given(content=damaged(FILES, MARKS))
@fuzzed(40, more=120)
def test_damaged_files_end_in_order(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    read(content, tmp_path_factory.getbasetemp())


@given(content=damaged([content for content in FILES if content.count(b"\n") < 10], MARKS))
@fuzzed(120)
def test_every_damaged_line_is_reported_of(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """NDJSON: a line that is not blank gives rows, or a reject, or is counted as skipped."""
    found = read(content, tmp_path_factory.getbasetemp())
    if found is None:
        return
    lines = {number: line for number, line in enumerate(content.split(b"\n"), 1) if line.strip()}
    assert found.reported <= set(lines)
    unreported = set(lines) - found.reported
    assert len(unreported) <= found.warnings.total()
    for number in found.rows:
        whole = parsed(lines[number])
        assert whole is None or found.rows[number] + found.rejects[number] >= (items(whole) or 0)


ODD = st.sampled_from(
    [None, True, 0, -1, 1.5, 10**30, "", " ", "x", "\x00", "é", [], {}, [None], [{}], {"x": 1}, [[]], ["x"], "9" * 5000]
)


class Resources(list[Any]):
    """Resources, of which a failing test shows the beginnings."""

    def __repr__(self) -> str:
        """The beginning of each one's JSON, which is enough to find it among the others."""
        return str([json.dumps(each, sort_keys=True)[:1000] for each in self])


@st.composite
def changed(draw: Any) -> Resources:
    """One to three resources, in each of which some values are odd, gone or doubled."""
    found = [copy.deepcopy(draw(st.sampled_from(RESOURCES))) for _ in range(draw(st.integers(1, 3)))]
    for resource in found:
        for _ in range(draw(st.integers(0, 4))):
            _change(draw, resource)
    return Resources(found)


def _change(draw: Any, node: Any) -> None:
    """Walk down from a node and change what is there."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = draw(st.sampled_from(keys))
        if isinstance(node[key], (dict, list)) and draw(st.integers(0, 5)):
            node = node[key]
            continue
        match draw(st.sampled_from(("odd", "gone", "doubled"))):
            case "odd":
                node[key] = copy.deepcopy(draw(ODD))
            case "gone":
                del node[key]
            case "doubled" if isinstance(node, list):
                node.append(copy.deepcopy(node[key]))
            case _:
                node[f"{key}2"] = copy.deepcopy(node[key])
        return


@pytest.mark.long
@given(resources=changed(), shape=st.sampled_from(("ndjson", "array", "bundle")))
@fuzzed(120)
def test_odd_values_are_refused_by_number(
    tmp_path_factory: pytest.TempPathFactory, resources: list[Any], shape: str
) -> None:
    """Whatever is in a resource: its items are as many rows, or it is refused, and the others are read."""
    written = {
        "ndjson": lambda: "\n".join(map(json.dumps, resources)),
        "array": lambda: json.dumps(resources),
        "bundle": lambda: json.dumps({"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]}),
    }[shape]()
    found = read(written.encode(), tmp_path_factory.getbasetemp())
    wanted = {number: items(resource) for number, resource in enumerate(resources, 1)}
    if found is None:
        assert set(wanted.values()) == {None}
        return
    for number in found.rows:
        assert found.rows[number] + found.rejects[number] == wanted[number]
    unreported = set(wanted) - found.reported
    assert {wanted[number] for number in unreported} <= {None}
    assert len(unreported) <= found.warnings.total()


@given(whole=st.sampled_from(FILES[:3]), data=st.data())
@fuzzed(40)
def test_damaged_gzip_is_refused_or_read_whole(
    tmp_path_factory: pytest.TempPathFactory, whole: bytes, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "extract").write_bytes(data.draw(packed(whole)))
    try:
        if sniff(folder / "extract", "fhir").compression is Compression.NONE:
            return  # its first bytes are gone
        found = Read(folder / "extract")
    except InputError:
        return
    expected = read(whole, folder)
    assert expected is not None
    assert (found.rows, found.rejects, found.warnings) == (expected.rows, expected.rejects, expected.warnings)
