"""Read YAML strictly: every scalar stays the text that was written, and a duplicate key is a fault."""

from __future__ import annotations

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


def read_yaml(raw: bytes) -> tuple[Plain | None, list[str]]:
    """One file as plain values (None if unreadable), and its faults as `line N: fault. Remedy.`."""
    try:
        node = yaml.compose(raw.decode("utf-8"), Loader=_Loader)
    except UnicodeDecodeError as error:
        return None, [f"byte {error.start + 1}: is not UTF-8 text. Save the file as UTF-8."]
    except yaml.YAMLError as error:
        return None, [_syntax_fault(error)]
    if node is None:
        return None, ["line 1: the file is empty. Fill it in, or remove it."]
    reader = _Reader()
    return reader.plain(node), reader.faults


def _syntax_fault(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    line = mark.line + 1 if mark else 1
    return f"line {line}: is not YAML ({problem}). Correct the indentation, quotes or brackets there."


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
