"""Read YAML strictly: every scalar stays the text that was written, and a duplicate key is a fault."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

# The C parser where libyaml is installed: about ten times faster, with the same results.
if TYPE_CHECKING or not yaml.__with_libyaml__:
    from yaml import BaseLoader as _Base
else:
    from yaml import CBaseLoader as _Base

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node


class _Loader(_Base):
    """Composes nodes without guessing types: tags are never read here."""

    def resolve(self, *_: object) -> str:
        return ""

    def descend_resolver(self, *_: object) -> None: ...

    def ascend_resolver(self, *_: object) -> None: ...


Plain = str | list["Plain"] | dict[str, "Plain"]
"""The values of a rules file: texts, lists and mappings with text keys."""


def compose(raw: bytes) -> Node | None:
    """The nodes of a file, with their lines; None if it is empty.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
        yaml.YAMLError: it is not YAML.
    """
    node: Node | None = yaml.compose(raw.decode("utf-8"), Loader=_Loader)
    return node


def composed(raw: bytes) -> Node | None:
    """The same; None also where the file cannot be read."""
    try:
        return compose(raw)
    except (UnicodeDecodeError, yaml.YAMLError):
        return None


def read_yaml(raw: bytes) -> tuple[Plain | None, list[str]]:
    """One file as plain values (None if unreadable), and its faults as `line N: fault. Remedy.`."""
    try:
        node = compose(raw)
    except UnicodeDecodeError as error:
        return None, [f"byte {error.start + 1}: is not UTF-8 text. Save the file as UTF-8."]
    except yaml.YAMLError as error:
        return None, [_syntax_fault(error, raw)]
    if node is None:
        return None, ["line 1: the file is empty. Fill it in, or remove it."]
    reader = _Reader()
    return reader.plain(node), reader.faults


def _syntax_fault(error: yaml.YAMLError, raw: bytes) -> str:
    """What is wrong with the text of a file, in words for people who do not program."""
    lines = raw.decode("utf-8").splitlines()
    mark, begun = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    problem = " ".join(str(getattr(error, part, None) or "") for part in ("problem", "context", "reason"))
    words = next((words for part, words in _IN_WORDS.items() if part in problem), _INDENTED)
    place = begun if begun is not None and words in _UNCLOSED else mark or begun
    at = 1 if place is None else place.line + 1
    tabbed = next((number for number, text in enumerate(lines[:at], 1) if "\t" in _indentation(text)), None)
    if tabbed is not None:
        return f"line {tabbed}: begins with a tab. Use blanks: a tab has no fixed width."
    if words is _CONTROL:
        at = next((number for number, text in enumerate(lines, 1) if _UNREADABLE.search(text)), at)
    return f"line {at}: {words[0]}. {words[1]}."


def _indentation(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


_UNREADABLE = re.compile(r"[^\t\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QUOTED = ("a quotation mark is not closed", "Close it at the end of the text")
_LISTED = ("a list or braces are not closed, or a comma is missing", "Close them, or add the comma")
_CONTROL = ("has a character that cannot be read", "Remove it, and save the file as UTF-8")
_INDENTED = (
    "has an indentation that fits no line above",
    "Align it with the other keys, or the other items, of the same entry",
)
_UNCLOSED = (_QUOTED, _LISTED)
_IN_WORDS = {
    "mapping values are not allowed": (
        "has a second colon, or is indented deeper than the line above allows",
        "Put quotes around a text with a colon, or align the line with the ones above",
    ),
    "quoted scalar": _QUOTED,
    "expected ',' or": _LISTED,
    "expected the node content": _LISTED,
    "cannot start any token": (
        "begins a text with a character that needs quotes (such as % @ `)", "Put quotes around the text",
    ),
    "alias": ("begins a text with *, which needs quotes", "Put quotes around the text"),
    "tag": ("begins a text with !, which needs quotes", "Put quotes around the text"),
    "another document": ("a second document begins (---)", "Keep one document a file; remove the line"),
    "control characters": _CONTROL,
}  # fmt: skip
"""A part of the parser's words, and what is wrong in ours, with the remedy."""


class _Reader:
    """Turns a YAML node graph into plain values; collects the faults it finds."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._open: set[int] = set()

    def plain(self, node: Node) -> Plain:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        if id(node) in self._open:
            self._fault(node, "an alias points to a value that contains it", "Write the value out")
            return ""
        self._open.add(id(node))
        value = self._collection(node)
        self._open.discard(id(node))
        return value

    def _collection(self, node: Node) -> Plain:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        return [self.plain(item) for item in node.value]

    def _mapping(self, node: MappingNode) -> dict[str, Plain]:
        found: dict[str, Plain] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fault(key, "a key is a list or a mapping", "Use a plain text key")
            elif key.value in found:
                self._fault(key, f"duplicate key `{key.value}`", "Keep one")
            else:
                found[key.value] = self.plain(value)
        return found

    def _fault(self, node: Node, fault: str, remedy: str) -> None:
        self.faults.append(f"line {node.start_mark.line + 1}: {fault}. {remedy}.")
