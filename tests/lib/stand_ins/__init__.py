"""Invented payers, with what the shipped policies do not have: coverage, criteria, other grounds of a denial."""

from __future__ import annotations

from pathlib import Path

from claims_edit.policy import default_rules_dir, read_pack

HERE = Path(__file__).parent
NOT_SHIPPED = frozenset({
    "policy-history-unknown", "policy-unsettled", "covered", "criteria-review", "not-medically-necessary",
    "not-covered",
})  # fmt: skip
"""The edits that no shipped policy can trigger."""


def contents() -> dict[str, bytes]:
    """The files of the shipped rules with the policies of the invented payers."""
    return read_pack(default_rules_dir()) | _policies(HERE)


def several() -> dict[str, bytes]:
    """The files of the shipped rules with invented payers that have editions, or several policies on one service."""
    return read_pack(default_rules_dir()) | _policies(HERE / "several")


def _policies(folder: Path) -> dict[str, bytes]:
    return {f"policies/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.yaml"))}
