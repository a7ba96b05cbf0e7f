"""Strict YAML: text stays text, and what is ambiguous is refused with its line."""

from __future__ import annotations

import pytest

from claims_edit.policy.yaml_text import read_yaml


@pytest.mark.parametrize("scalar", ["NO", "02", "0450", "1e3", "true", "null", "~", "2026-01-01", "0600T", "12:30:00"])
def test_every_scalar_stays_text(scalar: str) -> None:
    assert read_yaml(f"code: {scalar}\n".encode()) == ({"code": scalar}, [])


def test_an_empty_scalar_is_empty_text() -> None:
    assert read_yaml(b"code:\n") == ({"code": ""}, [])


def test_aliases_are_followed() -> None:
    assert read_yaml(b"a: &x {date: 02}\nb: *x\n") == ({"a": {"date": "02"}, "b": {"date": "02"}}, [])


def test_merge_keys_are_no_inheritance() -> None:
    plain, faults = read_yaml(b"a: &x {k: v}\nb:\n  <<: *x\n")
    assert plain == {"a": {"k": "v"}, "b": {"<<": {"k": "v"}}}
    assert faults == []


def test_all_duplicate_keys_are_named_with_their_lines() -> None:
    _, faults = read_yaml(b"a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")
    assert faults == [
        "line 4: duplicate key `c`. Keep one.",
        "line 5: duplicate key `a`. Keep one.",
    ]


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", "line 1: the file is empty. Fill it in, or remove it."),
        (b"# only a comment\n", "line 1: the file is empty. Fill it in, or remove it."),
        (b"a: \xff\n", "byte 4: is not UTF-8 text. Save the file as UTF-8."),
        (
            b"a: 1\nb: [1, 2\n",
            "line 2: a list or braces are not closed, or a comma is missing. Close",
        ),
        (b"a:\n\tb: 1\n", "line 2: begins with a tab. Use blanks: a tab has no fixed width."),
        (b"a: b: c\n", "line 1: has a second colon, or is indented deeper than the line above allows. Put quotes"),
        (b'a: "b\n', "line 1: a quotation mark is not closed."),
        (b"a: %b\n", "line 1: begins a text with a character that needs quotes"),
        (
            b"a:\n  b: 1\n c: 2\n",
            "line 3: has an indentation that fits no line above. Align it with",
        ),
        (b"a: {x: 1\nb: 2\n", "line 1: a list or braces are not closed"),
        (b"b: 0\na: 1\x07\n", "line 2: has a character that cannot be read. Remove it, and save the file as UTF-8."),
        (b"a: 1\n---\nb: 2\n", "line 2: a second document begins (---). Keep one document a file; remove the line."),
        (b"a: *nowhere\n", "line 1: begins a text with *, which needs quotes. Put quotes around the text."),
    ],
)
def test_what_cannot_be_read_has_no_content(raw: bytes, fault: str) -> None:
    plain, faults = read_yaml(raw)
    assert plain is None
    assert len(faults) == 1
    assert faults[0].startswith(fault)


def test_an_alias_to_itself_is_refused() -> None:
    _, faults = read_yaml(b"a: &x\n  b: *x\n")
    assert faults == ["line 1: an alias points to a value that contains it. Write the value out."]


def test_a_key_that_is_a_list_is_refused() -> None:
    _, faults = read_yaml(b"? [a, b]\n: c\n")
    assert faults == ["line 1: a key is a list or a mapping. Use a plain text key."]
