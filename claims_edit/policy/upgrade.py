"""A rule pack of an earlier release in the present form: what it could not say is written as it was then decided.

Each addition is text put in at its place, so that comments and order stay. Until positions were written, every version
was decided as `investigational`; an edit that the pack has no reason for gets the shipped one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from claims_edit.edits import EDITS
from claims_edit.model import Position
from claims_edit.policy.yaml_text import composed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from yaml.nodes import MappingNode, Node

REASONS, REMITTANCE, POLICIES = "reasons.yaml", "remittance/", "policies/"
_POSITION = f"position: {Position.INVESTIGATIONAL}"


@dataclass(frozen=True)
class Upgraded:
    """A pack's files in the present form, and each addition as `<file>: <place>: what`."""

    contents: dict[str, bytes]
    added: tuple[str, ...]


@dataclass(frozen=True)
class _Addition:
    line: int
    column: int | None  # None: a line of its own, above
    text: str
    what: str


def upgraded(contents: Mapping[str, bytes], shipped: Mapping[str, bytes]) -> Upgraded:
    """The files of a pack with what the present form needs; a file that is not YAML is left as it is.

    Args:
        contents: the files by their path in the pack.
        shipped: those of the shipped rules, for reasons that the pack lacks.
    """
    found = dict(contents)
    added: list[str] = []
    for path, raw in sorted(contents.items()):
        root = composed(raw)
        additions = list(_additions(path, root, shipped)) if isinstance(root, yaml.MappingNode) else []
        if additions:
            found[path] = _inserted(raw.decode("utf-8"), additions).encode("utf-8")
            added += [f"rules/{path}: {each.what}" for each in additions]
    return Upgraded(found, tuple(added))


def _additions(path: str, root: MappingNode, shipped: Mapping[str, bytes]) -> Iterator[_Addition]:
    if path == REASONS:
        yield from _reasons(root, shipped)
    elif path.startswith(REMITTANCE):
        yield from _combinations(path, root, shipped)
    elif path.startswith(POLICIES):
        yield from _before_first(root)
        for index, version in enumerate(_items(root, "versions")):
            statement = _value(version, "statement")
            if isinstance(statement, yaml.MappingNode) and statement.value and _value(statement, "position") is None:
                first = statement.value[0][0].start_mark
                what = f"versions[{index}].statement.{_POSITION}, as it was decided. Compare it with the document."
                inline = _is_inline(statement)
                yield _Addition(
                    first.line, first.column if inline else None,
                    f"{_POSITION}, " if inline else f"{' ' * first.column}{_POSITION}\n", what,
                )  # fmt: skip


def _before_first(root: MappingNode) -> Iterator[_Addition]:
    """That there was no policy before the first version, as cited for its first day."""
    versions = next((key for key, _ in root.value if key.value == "versions"), None)
    cite = next((_value(_value(version, "from"), "cite") for version in _items(root, "versions")), None)
    if versions is None or _value(root, "before_first_version") is not None or not isinstance(cite, yaml.MappingNode):
        return
    cited = ", ".join(f"{name.value}: {json.dumps(value.value, ensure_ascii=False)}" for name, value in cite.value)
    text = f"before_first_version: {{was: none_existed, cite: {{{cited}}}}}\n"
    what = "before_first_version: none_existed, as lines were decided. Compare it with the document's history."
    yield _Addition(versions.start_mark.line, None, text, what)


def _reasons(root: MappingNode, shipped: Mapping[str, bytes]) -> Iterator[_Addition]:
    """The shipped reason of each edit without one, above the next edit of the decision table that has one."""
    items = _items(root, "reasons")
    places = {_text(item, "edit"): item.start_mark.line for item in items if not _is_inline(item)}
    texts = _entries(shipped[REASONS], "reasons", "edit")
    order = [edit.id for edit in EDITS]
    for place, edit in enumerate(order):
        after = next((each for each in order[place:] if each in places), None)
        if edit not in places and after is not None and edit in texts:
            yield _Addition(places[after], None, texts[edit], f"reasons: {edit}, the shipped reason.")


def _combinations(path: str, root: MappingNode, shipped: Mapping[str, bytes]) -> Iterator[_Addition]:
    """The shipped code combinations of a file of the same name, where it lacks a CARC of theirs."""
    items = [item for item in _items(root, "combinations") if not _is_inline(item)]
    texts = _entries(shipped[path], "combinations", "carc") if path in shipped else {}
    known = {_text(item, "carc") for item in items}
    for carc, text in texts.items():
        if items and carc not in known:
            yield _Addition(items[0].start_mark.line, None, text, f"combinations: CARC {carc}, as shipped.")


def _entries(raw: bytes, key: str, name: str) -> dict[str, str]:
    """The text of each item of a list in a file, by the value of one of its keys."""
    lines = raw.decode("utf-8").splitlines(keepends=True)
    items = _items(composed(raw), key)
    starts = [item.start_mark.line for item in items]
    ends = [*starts[1:], len(lines)]
    return {
        _text(item, name): "".join(lines[start:end]).rstrip() + "\n"
        for item, start, end in zip(items, starts, ends, strict=True)
    }


def _inserted(text: str, additions: list[_Addition]) -> str:
    lines = text.splitlines(keepends=True)
    # From the end, so that the lines before stay where they are; two at one line keep their order.
    for _, addition in sorted(enumerate(additions), key=lambda item: (item[1].line, item[0]), reverse=True):
        if addition.column is None:
            lines.insert(addition.line, addition.text)
        else:
            old = lines[addition.line]
            lines[addition.line] = old[: addition.column] + addition.text + old[addition.column :]
    return "".join(lines)


def _value(node: Node | None, key: str) -> Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _items(node: Node | None, key: str) -> list[Node]:
    found = _value(node, key)
    return list(found.value) if isinstance(found, yaml.SequenceNode) else []


def _is_inline(node: Node) -> bool:
    """Whether a mapping is written in braces."""
    return isinstance(node, yaml.MappingNode) and bool(node.flow_style)


def _text(node: Node, key: str) -> str:
    found = _value(node, key)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else ""
