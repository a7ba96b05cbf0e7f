"""docs/adding-a-payer.md, followed from top to bottom by someone who types what it says."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from claims_edit.policy import default_rules_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.functional.program import Done

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "adding-a-payer.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EDIT = re.compile(r'^# (\S+?)(?:, (at the end|above the first|in place of)(?: "(.*)")?)?$')


class Step(NamedTuple):
    """A file to write or change, or a command with the output that is shown."""

    kind: str
    text: str


def steps() -> Iterator[Step]:
    for language, text in BLOCK.findall(DOCUMENT.read_text(encoding="utf-8")):
        if language == "yaml":
            yield Step("yaml", text)
        elif text.startswith("$ "):
            yield from (Step("command", part) for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:])


def apply(text: str, folder: Path) -> None:
    """Do to a file what the first line of its block says."""
    head, _, body = text.partition("\n")
    found = EDIT.match(head)
    assert found, head
    path, how, line = folder / found[1], found[2], f"{found[3]}\n"
    if how is None:
        path.write_text(body, encoding="utf-8")
        return
    old = path.read_text(encoding="utf-8")
    assert how == "at the end" or line in old, head
    new = {"at the end": old + body, "above the first": old.replace(line, body + line, 1),
           "in place of": old.replace(line, body, 1)}[how]  # fmt: skip
    path.write_text(new, encoding="utf-8")


def shown(printed: str) -> re.Pattern[str]:
    """What is printed, with `…` for any part of a line, and alone on a line for any lines."""
    lines = [
        r"(?:[^\n]*\n)*?" if line == "…" else re.escape(line).replace("…", r"[^\n]*") + r"\n"
        for line in printed.rstrip("\n").split("\n")
    ]
    return re.compile("".join(lines))


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(default_rules_dir(), tmp_path / "rules")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.long
def test_the_document_can_be_followed(workplace: Path, command: Callable[..., Done]) -> None:
    followed = list(steps())
    assert sum(step.kind == "command" for step in followed) >= 10
    for step in followed:
        if step.kind == "yaml":
            apply(step.text, workplace)
            continue
        typed, _, printed = step.text.partition("\n")
        program, *arguments = shlex.split(typed)
        if program == "cp":
            shutil.copytree(workplace / arguments[1], workplace / arguments[2])
            continue
        assert program == "claims-edit"
        done = command(*arguments)
        assert shown(printed).fullmatch(done.out + done.err), f"{typed}\n{done.out}{done.err}"
        assert done.code == (10 if "claims-edit: " in printed else 0), typed
