"""`rules test | new | schema` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from claims_edit.governance.schema import SUFFIX, kinds, schema_text
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functional.program import Done

FILE = "tests/regence.yaml"
HEAD = "about: A\ngiven: {payer: regence, program: commercial, diagnoses: C509}\ntests:\n  - name: One\n    cases:\n"


@pytest.mark.usefixtures("unproved")
def test_the_command_passes_fails_and_shows_of_no_tests(tmp_path: Path, command: Callable[..., Done]) -> None:
    rules = RulesFolder(tmp_path)
    for path in (rules.root / "tests").iterdir():
        path.unlink()
    reported = command("rules", "test", "--rules", rules.root)
    assert (reported.code, reported.out.startswith("The rules have no tests.")) == (0, True)
    good, bad = (
        f"      - {{code: 0601T, service: 2026-01-01, expect: {edit}}}\n"
        for edit in ("investigational", "indication-not-addressed")
    )
    rules.write(FILE, HEAD + good)
    reported = command("rules", "test", "--rules", rules.root)
    assert (reported.code, reported.out) == (0, "1 of 1 lines of 1 files match.\n")
    rules.write(FILE, HEAD + good + bad)
    reported = command("rules", "test", "--rules", rules.root)
    assert reported.code == 10
    assert "expected indication-not-addressed, got investigational" in reported.out
    assert "1 of 2 lines" in reported.out
    assert command("rules", "check", "--rules", rules.root).code == 0
    reported = command("rules", "test", "--rules", rules.root, "--json")
    assert reported.code == 10
    found = json.loads(reported.out)
    assert (found["lines"], found["passed"], len(found["failures"])) == (2, 1, 1)
    assert found["failures"][0]["got"] == {"edit": "investigational"}


def test_the_command_prints_and_writes(tmp_path: Path, command: Callable[..., Done]) -> None:
    one = command("rules", "schema", "--kind", "codes")
    assert one.out == schema_text("codes")
    assert list(yaml.safe_load(command("rules", "schema").out)) == list(kinds())
    written = command("rules", "schema", "--out", tmp_path / "new")
    assert [Path(line).name for line in written.out.splitlines()] == [f"{kind}{SUFFIX}" for kind in kinds()]
    assert (tmp_path / "new" / f"codes{SUFFIX}").read_text(encoding="utf-8") == schema_text("codes")
    (tmp_path / "file").write_text("")
    assert command("rules", "schema", "--out", tmp_path / "file").code == 2


def test_the_command_writes_to_rules_here_and_nowhere_else(
    tmp_path: Path, command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = RulesFolder(tmp_path)
    monkeypatch.chdir(tmp_path)
    reported = command("rules", "new", "acme_health")
    assert (
        reported.code,
        reported.out.startswith("rules/policies/acme_health.yaml: written. Fill in TODO in 20 lines"),
    ) == (
        0,
        True,
    )
    assert command("rules", "new", "acme_health").code == 2
    monkeypatch.chdir(rules.root / "policies")
    reported = command("rules", "new", "zebra")
    assert reported.code == 2
    assert "no rules folder here" in reported.err


@pytest.mark.usefixtures("unproved")
def test_a_release_is_recorded_and_its_pack_is_asked_for_approvals(
    tmp_path: Path, command: Callable[..., Done]
) -> None:
    rules = RulesFolder(tmp_path)
    asked = ("rules", "release", "--rules", rules.root, "--on", "2026-12-01")
    assert "No release of this pack is on record" in command("rules", "check", "--rules", rules.root).out
    done = command(*asked)
    assert (done.code, "release 2.2.0 of 2026-12-01 is recorded, with 17 files" in done.out) == (0, True)
    assert "The content is that of release 2.2.0" in command("rules", "check", "--rules", rules.root).out
    assert command(*asked).code == 2
    rules.replace("policies/premera.yaml", "listed: [0600T, 0601T]", "listed: [0600T]")
    for words in (("check",), ("release",)):
        done = command("rules", *words, "--rules", rules.root)
        assert (done.code, len(done.faults)) == (10, 2)
        assert f"{rules.root}/pack.yaml:6: version: 2.2.0 is released (2026-12-01) with another content" in done.err
        assert "versions[1].approved: is missing, and the version changed since release 2.2.0." in done.err
    assert command("rules", "release", "--rules", tmp_path / "nowhere").code == 2
    (rules.root / "releases.yaml").write_text("releases: []\n", encoding="utf-8")
    done = command("rules", "check", "--rules", rules.root)
    assert (done.code, "releases.yaml:1: releases: must have at least one item" in done.err) == (10, True)
    assert "found draft" not in done.err
