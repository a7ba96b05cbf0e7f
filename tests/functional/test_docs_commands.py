"""Every command of the tutorial and of the examiner's page runs, on one results folder; each page is in the site."""

from __future__ import annotations

import re
import shlex
import shutil
from typing import TYPE_CHECKING

import yaml

from tests.functional.program import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.functional.program import Done

PAGES = ("tutorial.md", "examiner.md")  # in this order: the first one makes the results
COMMAND = re.compile(r"^\$ (claims-edit (?:.*\\\n)*.*)$", re.MULTILINE)


def commands(page: str) -> list[str]:
    return COMMAND.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))


def test_every_command_of_the_pages_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Done]
) -> None:
    shutil.copytree(ROOT / "sample_claims", tmp_path / "sample_claims")
    monkeypatch.chdir(tmp_path)
    typed = [(page, each) for page in PAGES for each in commands(page)]
    assert len(typed) >= 10
    for page, each in typed:
        _, *arguments = shlex.split(each.replace("\\\n", " ").partition(" > ")[0])
        done = command(*arguments)
        assert done.code == 0, f"{page}: {each}\n{done.err}"
        assert done.out or "--quiet" in arguments, f"{page}: {each}"


def test_each_page_is_in_the_site() -> None:
    site = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    named = set(re.findall(r"[\w-]+\.md", str(site["nav"])))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert pages <= named
    made = {"index.md", "reference-commands.md", "reference-edits.md", "reference-tables.md", "reference-library.md"}
    assert named - pages == made | {"adr-list.md"}
