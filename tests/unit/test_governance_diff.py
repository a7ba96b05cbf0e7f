"""Two packs compared in meaning: ranges that are exact, and no more than what differs."""

from __future__ import annotations

import datetime as dt
import subprocess
import zipfile
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.errors import RulesError, UsageError
from claims_edit.governance import decision_axes
from claims_edit.governance.pack_diff import PackDiff, pack_diff
from claims_edit.governance.source import catalog_from, pack_from
from claims_edit.policy import catalog_of, default_rules_dir, load_catalog, read_pack
from tests.rules.lines import decided_one
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from claims_edit.policy import Catalog

PREMERA, REGENCE, FLORIDA = "policies/premera.yaml", "policies/regence.yaml", "policies/florida_blue.yaml"
CODES, PAYERS, PROGRAMS, REASONS = "codes/ire.yaml", "payers.yaml", "programs.yaml", "reasons.yaml"


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    return RulesFolder(tmp_path)


def against_shipped(rules: RulesFolder) -> PackDiff:
    return pack_diff(load_catalog(), load_catalog(rules.root))


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Compare the lines of these payers alone, where a change of the pack concerns all of them alike."""
    every = decision_axes.payers

    def of(*labels: str) -> None:
        monkeypatch.setattr(
            decision_axes, "payers", lambda pair: [payer for payer in every(pair) if payer.label in labels]
        )

    return of


@cache
def a_day_later(folder: Path) -> tuple[PackDiff, Catalog]:
    """What a first day moved by one changes, and the pack that has it."""
    rules = RulesFolder(folder).replace(REGENCE, "date: 2026-01-01\n", "date: 2026-01-02\n")
    new = load_catalog(rules.root)
    return pack_diff(load_catalog(), new), new


def outcomes(found: PackDiff) -> list[dict[str, Any]]:
    """The ranges of lines on one day whose outcome changes."""
    rows: list[dict[str, Any]] = found.ranges.filter(pl.col("change") == "outcome").to_dicts()
    return [row for row in rows if "spans" not in row["where"]]


def test_a_pack_and_itself() -> None:
    found = pack_diff(load_catalog(), load_catalog())
    assert found.ranges.is_empty()
    assert found.notes.files == found.notes.kinds == ()


def test_a_comment_a_message_and_a_citation_change_no_outcome(rules: RulesFolder) -> None:
    rules.replace(REGENCE, "# Regence", "# The policy of Regence")
    rules.replace(REASONS, "message: Nothing on the line gives", "message: No sign on the line gives")
    rules.replace(FLORIDA, "section: Position Statement, date: 06/15/24", "section: Statement, date: 06/15/24")
    found = against_shipped(rules)
    assert found.ranges.is_empty()
    assert found.notes.files == ((FLORIDA, "changed"), (REGENCE, "changed"), (REASONS, "changed"))
    assert found.notes.kinds == ("citations", "messages")


def test_a_first_day_moved_by_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    found, _ = a_day_later(tmp_path_factory.getbasetemp())
    reported = outcomes(found)
    assert {row["payer"] for row in reported} == {"regence"}
    assert {(row["from"], row["until"]) for row in reported} == {(dt.date(2026, 1, 1), dt.date(2026, 1, 1))}
    assert {row["new"].partition(";")[0] for row in reported} == {"pass: policy-not-in-force"}
    denied = [row for row in reported if row["old"].startswith("deny: investigational (PR 55)")]
    assert [(row["programs"], row["codes"], row["where"]) for row in denied] == [
        (
            "commercial, marketplace",
            "0600T, 0601T, 47384, 55877",
            "site: solid tumor; trial: none; contract: none",
        )
    ]
    later = found.ranges.filter(pl.col("change") == "reference", pl.col("from") == dt.date(2026, 1, 2))
    assert later.height
    assert later["until"].null_count() == later.filter(~pl.col("where").str.contains("spans")).height


@pytest.mark.long
def test_what_becomes_of_a_held_line(rules: RulesFolder, only: Callable[..., None]) -> None:
    only("premera", "regence")
    rules.replace(
        REASONS,
        "edit: prior-authorization\n    disposition: review",
        "edit: prior-authorization\n    disposition: refer",
    )
    reported = outcomes(against_shipped(rules))
    assert {(row["old"], row["new"]) for row in reported} == {
        ("review: prior-authorization", "refer: prior-authorization")
    }
    assert all("hold: prior authorization" in row["where"] for row in reported)


def test_a_code_dropped_from_a_list(rules: RulesFolder) -> None:
    rules.replace(FLORIDA, "listed: [0600T, 0601T]", "listed: [0600T]")
    reported = outcomes(against_shipped(rules))
    assert {(row["payer"], row["codes"], row["from"], row["until"], row["programs"]) for row in reported} == {
        ("florida_blue", "0601T", dt.date(2020, 7, 1), None, "commercial, marketplace, medicaid")
    }
    assert {(row["old"], row["new"]) for row in reported} == {
        ("deny: investigational (CO 55)", "review: code-not-listed"),
    }


def test_an_exception_reversed(rules: RulesFolder) -> None:
    text = (rules.root / FLORIDA).read_text(encoding="utf-8")
    rules.write(FLORIDA, text.replace("rule: review", "rule: refer"))
    reported = against_shipped(rules).ranges.to_dicts()
    assert {(row["programs"], row["old"], row["new"]) for row in reported} == {
        ("medicare_advantage", "review: program-exception-review", "refer: program-exception-refer")
    }
    assert {(row["codes"], row["from"]) for row in reported if not row["where"]} == {
        ("0600T, 0601T", dt.date(2020, 7, 1)), ("47384, 55877", dt.date(2026, 1, 1)),
        ("0F500ZF and 65 alike", dt.date(2016, 2, 15)),
    }  # fmt: skip


@pytest.mark.long
def test_a_sign_read_differently_changes_what_it_is_kept_beside(rules: RulesFolder, only: Callable[..., None]) -> None:
    only("florida_blue", "premera")
    rules.replace(PROGRAMS, 'filing_indicators: ["16"]', 'filing_indicators: ["15"]')
    found = against_shipped(rules)
    assert "SBR09 16: medicare_advantage → no program" in found.notes.reread
    denied = [row for row in outcomes(found) if row["new"].startswith("deny: investigational (CO 55)")]
    assert {row["payer"] for row in denied} == {"florida_blue", "premera"}
    assert all("SBR09 16 + commercial" in row["programs"] for row in denied)
    assert {row["old"] for row in denied} == {"review: program-conflict"}


@pytest.mark.long
def test_a_payer_name_taken_off_file(rules: RulesFolder) -> None:
    rules.replace(PAYERS, "      - Florida Blue PPO\n", "")
    reported = against_shipped(rules).ranges
    assert set(reported["payer"]) == {"florida_blue → not recognized (floridablueppo)"}
    assert "review: payer-not-on-file" in " ".join(reported["new"])


def test_a_code_that_one_pack_does_not_have(rules: RulesFolder, only: Callable[..., None]) -> None:
    only("premera", "not recognized")
    text = (rules.root / CODES).read_text(encoding="utf-8")
    entry = text[text.index('  - code: "53899"') :]
    rules.write(CODES, text + entry.replace("53899", "64999"))
    found = against_shipped(rules)
    assert found.notes.only_new == ("64999",)
    assert set(found.ranges["codes"]) == {"64999"}
    assert {row["old"] for row in found.ranges.to_dicts()} == {"not decided: the pack does not have the code"}


@pytest.mark.long
def test_a_carc_changed_is_an_outcome(rules: RulesFolder, only: Callable[..., None]) -> None:
    only("florida_blue", "regence", "not recognized")
    rules.replace(REASONS, 'carc: "55"', 'carc: "45"').replace("remittance/core_360.yaml", 'carc: "55"', 'carc: "45"')
    reported = outcomes(against_shipped(rules))
    assert {(row["old"], row["new"]) for row in reported} == {
        ("deny: investigational (CO 55)", "deny: investigational (CO 45)"),
        ("deny: investigational (PR 55)", "deny: investigational (PR 45)"),
    }


@pytest.mark.parametrize("day", [dt.date(2025, 12, 31), dt.date(2026, 1, 1), dt.date(2026, 1, 2), dt.date(2027, 5, 5)])
@pytest.mark.parametrize("program", ["commercial", "fep", "medicare_advantage", None])
def test_ranges_say_what_the_engine_says(
    tmp_path_factory: pytest.TempPathFactory, day: dt.date, program: str | None
) -> None:
    found, new = a_day_later(tmp_path_factory.getbasetemp())
    old = load_catalog()
    line = {"on": day, "payer": "Regence", "line_of_business": program, "hcpcs_code": "0601T"}
    reasons = [decided_one(catalog, **line)["reason_code"] for catalog in (old, new)]
    covering = [
        row for row in outcomes(found)
        if row["from"] <= day and (row["until"] is None or day <= row["until"]) and "0601T" in row["codes"]
        and (program or "no signal") in row["programs"] and "site: no" not in row["where"]
        and "evidence" not in row["where"] and "void" not in row["where"]
        and ("contract" not in row["where"] or "contract: none" in row["where"])
    ]  # fmt: skip
    assert len(covering) == (reasons[0] != reasons[1])
    for row in covering:
        assert [row[side].split(": ")[1].partition(" ")[0].rstrip(";") for side in ("old", "new")] == reasons


def git(folder: Path, *arguments: str) -> None:
    name = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True)


def test_git_revisions(rules: RulesFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "rules")
    git(tmp_path, "commit", "-qm", "as shipped")
    git(tmp_path, "tag", "v1")
    rules.replace(REGENCE, "date: 2026-01-01\n", "date: 2026-01-02\n")
    git(tmp_path, "commit", "-qam", "a day later")
    monkeypatch.chdir(rules.root)
    shipped, changed = read_pack(default_rules_dir()), read_pack(rules.root)
    assert pack_from("HEAD~1") == pack_from("v1") == pack_from("v1:rules") == shipped
    assert pack_from("HEAD") == changed != shipped
    with pytest.raises(RulesError, match="v1:elsewhere: is a git revision without a rule pack"):
        pack_from("v1:elsewhere")
    for unknown in ("HEAD~9", "--help", "-x"):
        with pytest.raises(UsageError, match=r"is neither a folder, an archive \(.zip, .whl\) nor a git revision"):
            pack_from(unknown)


def test_no_git_to_ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git: is not installed"):
        pack_from("HEAD")


@pytest.mark.parametrize("root", ["", "rules/", "claims_edit/rules/"])
def test_archives(tmp_path: Path, root: str) -> None:
    shipped = read_pack(default_rules_dir())
    with zipfile.ZipFile(tmp_path / "pack.whl", "w") as archive:
        for name, content in shipped.items():
            archive.writestr(root + name, content)
    assert pack_from(str(tmp_path / "pack.whl")) == shipped
    assert catalog_from(str(tmp_path / "pack.whl")).rules_hash == catalog_of(shipped).rules_hash


def test_faults_name_the_pack(rules: RulesFolder) -> None:
    rules.replace(PREMERA, "payer: premera\n", "payer: premiera\n")
    with pytest.raises(RulesError) as caught:
        catalog_from(str(rules.root))
    assert all(fault.startswith(f"{rules.root}: rules/") for fault in caught.value.faults)
    assert any(fault.startswith(f"{rules.root}: rules/{PREMERA}: ") for fault in caught.value.faults)


@pytest.mark.long
def test_periods_that_follow_one_another_are_one_range(rules: RulesFolder, only: Callable[..., None]) -> None:
    only("florida_blue", "premera")
    edit = "edit: unlisted-code-out-of-scope\n    disposition: "
    rules.replace(REASONS, f"{edit}pass", f"{edit}review")
    reported = outcomes(against_shipped(rules))
    spans = sorted(
        (row["payer"], str(row["from"]), str(row["until"]), row["programs"], row["where"]) for row in reported
    )
    assert spans == [
        ("florida_blue", "None", "None", "any", ""),
        ("premera", "2020-07-01", "None", "any", ""),
        ("premera", "None", "2020-01-02", "any", ""),
    ]
    assert {row["codes"] for row in reported} == {"32999, 47399, 48999, 53899"}
