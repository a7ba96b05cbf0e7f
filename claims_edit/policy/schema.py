"""The shape of each rules file as JSON Schema, for editors that check YAML as it is typed."""

from __future__ import annotations

from typing import Any

from claims_edit.policy.parse import FILES, FOLDERS


def json_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema by the path (or the pattern of paths) in the rules folder that it describes."""
    shapes = FILES | {f"{folder}/*.yaml": kind for folder, kind in FOLDERS.items()}
    return {path: kind.model_json_schema() for path, kind in sorted(shapes.items())}
