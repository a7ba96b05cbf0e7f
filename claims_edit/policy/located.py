"""Faults of a rule pack with the folder that was given and the line of the file: `my-rules/payers.yaml:12: …`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from claims_edit.policy.yaml_text import composed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from yaml.nodes import Node

_FAULT = re.compile(r"rules/([^:]+\.ya?ml): (.*)", re.DOTALL)
_STEP = re.compile(r"\.?([^.\[\]:]+)|\[(\d+)\]")


def located(faults: Iterable[str], folder: Path | None) -> tuple[str, ...]:
    """The faults of the pack in a folder, by file and line; those that name no file of it stay as they are.

    So do all where the pack is in no folder: the shipped one, or an archive.
    """
    if folder is None or not folder.is_dir():
        return tuple(faults)
    roots: dict[str, Node | None] = {}
    return tuple(text for _, _, text in sorted(_located(fault, folder, roots) for fault in faults))


def _located(fault: str, folder: Path, roots: dict[str, Node | None]) -> tuple[str, int, str]:
    """The file, the line and the text of a fault; `roots` are the files that were read."""
    found = _FAULT.fullmatch(fault)
    if found is None:
        return "", 0, fault.replace("rules/", f"{folder}/", 1) if fault.startswith("rules/") else fault
    path, rest = found.groups()
    if path not in roots:
        roots[path] = composed((folder / path).read_bytes()) if (folder / path).is_file() else None
    root, place = roots[path], rest.partition(": ")[0]
    if root is None or place.startswith("line "):
        return path, 0, f"{folder / path}: {rest}"
    line = _line(root, place)
    return path, line, f"{folder / path}:{line}: {rest}"


def _line(root: Node, place: str) -> int:
    """The line of a value; of what holds it where it is missing."""
    node, line = root, root.start_mark.line
    for key, index in _STEP.findall(place):
        if index and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
            node = node.value[int(index)]
            line = node.start_mark.line
        elif key and isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == key), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
        else:
            break
    return line + 1
