"""A reader that takes a few lines and goes away (`| head`) is no fault: exit 0, and nothing on standard error."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.functional.program import command_line, environment
from tests.lib.examples import first
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return RulesFolder(tmp_path_factory.mktemp("changed")).replace("policies/premera.yaml", "01-03", "01-05").root


def unread(*arguments: object) -> tuple[int, str]:
    """Exit code and errors of the program where nobody reads what it prints."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command_line(*arguments), stdout=writing, stderr=subprocess.PIPE, env=environment(), text=True, check=False
    )
    os.close(writing)
    return done.returncode, done.stderr


@pytest.mark.long
@pytest.mark.parametrize("fmt", first(1, ["table", "csv", "json", "parquet"]))
def test_sql(deck_results: Path, fmt: str) -> None:
    assert unread("sql", "FROM decisions", "--out", deck_results, "--format", fmt) == (0, "")


@pytest.mark.long
@pytest.mark.parametrize("fmt", ["md", "csv"])
def test_rules_diff(changed: Path, fmt: str) -> None:
    assert unread("rules", "diff", "rules", changed, "--format", fmt) == (0, "")


@pytest.mark.long
def test_rules_status() -> None:
    assert unread("rules", "status") == (0, "")
