"""`rules check` and `rules diff` as an analyst runs them."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.edits import EDITS
from claims_edit.engine import decide
from claims_edit.governance import decision_axes, pack_diff
from claims_edit.policy import load_catalog
from claims_edit.store import replay_of
from tests.functional.program import AS_OF, DECK, UNREPORTED
from tests.lib.examples import first
from tests.lib.stand_ins import NOT_SHIPPED
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from claims_edit.policy import Catalog
    from tests.functional.program import Done

    Command = Callable[..., Done]

SHIPPED = str(DECK.parent / "rules")
FLORIDA, REGENCE = "policies/florida_blue.yaml", "policies/regence.yaml"
CLAIMS, CONTRACTS = DECK / "claims.csv", DECK / "contracts.csv"


@pytest.fixture(scope="module", autouse=True)
def compared() -> Iterator[dict[tuple[int, int], tuple[Any, ...]]]:
    """Each pair of packs is compared once for all commands of this module, or anew once a test clears this."""
    done: dict[tuple[int, int], tuple[Any, ...]] = {}
    compare = pack_diff.pack_diff

    def once(old: Catalog, new: Catalog) -> pack_diff.PackDiff:
        if (id(old), id(new)) not in done:
            done[id(old), id(new)] = (compare(old, new), old, new)  # both are kept, so that no other has their ids
        return done[id(old), id(new)][0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pack_diff, "pack_diff", once)
        yield done


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    return RulesFolder(tmp_path)


@pytest.fixture
def changed(rules: RulesFolder) -> RulesFolder:
    """A code dropped, a first day moved, and a name taken off file."""
    rules.replace(FLORIDA, "listed: [0600T, 0601T]", "listed: [0600T]")
    rules.replace(REGENCE, "date: 2026-01-01\n", "date: 2026-03-06\n")
    return rules.replace("payers.yaml", "      - Premera Blue Cross\n", "")


@pytest.mark.long
def test_check_says_what_was_proved(command: Command) -> None:
    done = command("rules", "check")
    assert done.code == 0
    first, *more = done.out.splitlines()
    assert first.startswith("The rules are valid: 4 policies, 6 versions, 74 codes; ")
    assert any("each with exactly one primary edit: deny " in line for line in more)
    assert f"Edits reached: {len(EDITS) - len(NOT_SHIPPED)} of {len(EDITS)}" in done.out
    assert " cells with a signal for it, 0 denied." in done.out
    assert "Prior authorization, doubt or trial evidence: " in done.out
    assert " cells, 0 denied, returned or passed because of it." in done.out


@pytest.mark.long
def test_check_in_json(command: Command) -> None:
    reported = json.loads(command("rules", "check", "--json").out)
    assert reported["sound"] is True
    assert sum(reported["by_disposition"].values()) == reported["cells"]
    assert reported["medicare_advantage"]["denied"] == 0
    assert reported["held"]["cells"] > reported["held"]["denied"] == 0
    unreached = {edit for edit, cells in reported["edits"].items() if not cells}
    assert unreached == NOT_SHIPPED


def test_check_shows_faults_of_every_kind_at_once(command: Command, rules: RulesFolder, tmp_path: Path) -> None:
    rules.replace(FLORIDA, "date: 2020-06-30", "date: 2020-06-15").replace(FLORIDA, "payer: florida", "payer: flordia")
    documents = tmp_path / "documents"
    documents.mkdir()
    done = command("rules", "check", "--rules", rules.root, "--documents", documents, "--json")
    assert done.code == 10
    assert json.loads(done.out)["sound"] is False
    for part in ("leaves a gap", "`flordia_blue` is not in payers.yaml", ".source: no `"):
        assert part in done.err
    assert len(done.faults) == len(json.loads(done.out)["faults"])


def test_a_pack_and_itself(command: Command) -> None:
    done = command("rules", "diff", SHIPPED, SHIPPED)
    assert done.code == 0
    assert done.out.splitlines()[1:] == ["No outcome changes.", "Files: the same bytes."]


def changed_lines(
    lines: pl.DataFrame, rules: Path, revisions: pl.LazyFrame, contracts: pl.DataFrame
) -> list[dict[str, Any]]:
    """Decide twice and join: the independent count."""
    old, new = (
        decide(lines, catalog, revisions=revisions, contracts=contracts)
        for catalog in (load_catalog(), load_catalog(rules))
    )
    key = ["source_file", "source_row", "claim_id", "claim_line_number"]
    reported = ["disposition", "reason_code", "group_code", "carc", "rarcs"]
    shown = [*key, "charge_amount", "billing_npi", "edits", *reported]
    both = old.select(shown).join(new.select(*key, "edits", *reported), on=key, suffix="_new")
    assert both.height == lines.height
    rows = both.sort("source_row").to_dicts()
    return [row for row in rows if any(row[name] != row[f"{name}_new"] for name in reported)]


@pytest.mark.long
@pytest.mark.parametrize("source", first(1, ["extract", "out"]))
def test_replay_changes_what_two_decisions_say(
    command: Command, changed: RulesFolder, tmp_path: Path, source: str
) -> None:
    out = tmp_path / "results"
    assert command("run", CLAIMS, "--contracts", CONTRACTS, *UNREPORTED, "--out", out, "--quiet").code == 0
    run_id = next((out / "runs").iterdir()).name
    kept = replay_of(out, run_id)
    wanted = changed_lines(kept.candidates.collect(), changed.root, kept.revisions, kept.contracts)
    assert wanted
    lines = ["--extract", CLAIMS, "--contracts", CONTRACTS, *AS_OF] if source == "extract" else ["--out", out]
    done = command("rules", "diff", SHIPPED, changed.root, *lines, "--format", "json")
    assert done.code == 0, done.err
    reported = json.loads(done.out)
    assert reported["replay"]["candidate_lines"] == kept.candidates.collect().height
    assert [(line["source_row"], line["claim_id"], line["claim_line_number"]) for line in reported["lines"]] == [
        (row["source_row"], row["claim_id"], row["claim_line_number"]) for row in wanted
    ]
    for line, row in zip(reported["lines"], wanted, strict=True):
        assert line["old"].startswith(f"{row['disposition']}: {row['reason_code']}")
        assert line["new"].startswith(f"{row['disposition_new']}: {row['reason_code_new']}")
    totals = [total for total in reported["replay"]["totals"] if total["change"] == "outcome"]
    assert sum(total["lines"] for total in totals) == len(wanted)
    charges = sum((row["charge_amount"] or Decimal(0) for row in wanted), Decimal(0))
    assert sum(Decimal(total["charges"]) for total in totals) == charges
    for part, keys in (("by_provider", ["billing_npi"]), ("by_edit", ["edit_before", "edit_after"])):
        sums = {tuple(row[key] for key in keys): row for row in reported["replay"][part]}
        assert {key: (row["lines"], row["charges"], row["denied_change"]) for key, row in sums.items()} == {
            key: (len(rows), str(_money(rows)), str(_money(_denied(rows, "_new")) - _money(_denied(rows, ""))))
            for key, rows in _grouped(wanted, part).items()
        }


def _money(rows: list[dict[str, Any]]) -> Decimal:
    return sum((row["charge_amount"] or Decimal(0) for row in rows), Decimal("0.00"))


def _denied(rows: list[dict[str, Any]], side: str) -> list[dict[str, Any]]:
    return [row for row in rows if row[f"disposition{side}"] == "deny"]


def _grouped(rows: list[dict[str, Any]], part: str) -> dict[tuple[str | None, ...], list[dict[str, Any]]]:
    groups: dict[tuple[str | None, ...], list[dict[str, Any]]] = {}
    for row in rows:
        edits = tuple(next(iter(row[f"edits{side}"]), None) for side in ("", "_new"))
        groups.setdefault((row["billing_npi"],) if part == "by_provider" else edits, []).append(row)
    return groups


@pytest.mark.long
def test_drafts_are_compared_only_when_asked_for(command: Command, rules: RulesFolder) -> None:
    text = (rules.root / "policies/regence.yaml").read_text(encoding="utf-8")
    draft = text[text.index("  - status: final") :].replace("status: final", "status: proposed")
    draft = draft.replace("date: 2026-01-01\n", "date: 2027-01-01\n", 1).replace("group_code: PR", "group_code: CO")
    rules.write("policies/regence.yaml", text + draft)
    assert "No outcome changes" in command("rules", "diff", SHIPPED, rules.root).out
    for old in (SHIPPED, rules.root):
        reported = json.loads(command("rules", "diff", old, rules.root, "--proposed", "--format", "json").out)
        ranges = [found for found in reported["ranges"] if found["payer"] == "regence"]
        others = {found["payer"] for found in reported["ranges"]} - {"regence"}
        assert len(others) == 3  # the found drafts
        assert all(payer.startswith("not recognized → ") for payer in others)
        changes = [found for found in ranges if found["change"] == "outcome" and not found["where"]]
        assert reported["new"]["pack"] == f"{rules.root}, proposed versions in force"
        assert {found["from"] for found in ranges} <= {"2027-01-01", "2026-12-31"}
        assert all("PR" in found["old"] and "CO" in found["new"] for found in changes)
        assert any("deny: investigational (CO 55)" in found["new"] for found in ranges)


@pytest.mark.long
def test_the_same_bytes_every_time_and_no_claim_in_markdown(
    command: Command, changed: RulesFolder, compared: dict[tuple[int, int], tuple[Any, ...]]
) -> None:
    ids = set(pl.read_csv(CLAIMS, infer_schema=False)["claim_id"].drop_nulls())
    asked = ("rules", "diff", SHIPPED, changed.root, "--extract", CLAIMS, *AS_OF, "--format")
    found = {fmt: command(*asked, fmt) for fmt in ("md", "csv", "json", "table")}
    assert {(done.code, done.err) for done in found.values()} == {(0, "")}
    compared.clear()
    assert command(*asked, "json").out == found["json"].out  # all that the other formats show
    for fmt, done in found.items():
        named = [claim for claim in ids if claim in done.out]
        assert bool(named) == (fmt in {"csv", "json"}) or fmt == "table"


@pytest.mark.long
def test_csv_is_one_table(command: Command, changed: RulesFolder) -> None:
    done = command("rules", "diff", SHIPPED, changed.root, "--extract", CLAIMS, *AS_OF, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert {row["part"] for row in rows} == {"range", "total", "provider", "edit", "payer", "line"}
    lines = [row for row in rows if row["part"] == "line"]
    totals = [row for row in rows if row["part"] == "total" and row["change"] == "outcome"]
    assert len(lines) == sum(int(row["lines"]) for row in totals)
    assert {row["boundary"] for row in rows if row["part"] == "range"} == {"true", "false"}
    moved = [row for row in rows if row["payer"] == "premera → unknown" and row["part"] != "payer"]
    assert {(row["part"], row["change"], row["lines"]) for row in moved} == {("total", "reference", "1")}


@pytest.mark.long
def test_the_paper_has_outcomes_first_then_money_and_folds_boundaries_away(
    command: Command, changed: RulesFolder
) -> None:
    asked = ("rules", "diff", SHIPPED, changed.root, "--extract", CLAIMS, *AS_OF, "--format")
    folded, whole = (command(*asked, "md", *more).out for more in ((), ("--boundaries",)))
    titles = [line.removeprefix("## ") for line in folded.splitlines() if line.startswith("## ")]
    assert [title.partition(":")[0] for title in titles] == [
        "Outcome changes, by payer and edit",
        "Outcome changes",
        "Lines that change, by payer",
        "Lines that change, by the edit that decides them",
        "Lines that change, by billing provider",
        "Lines",
        "Same outcome, under another policy, version or reference",
        "Lines",
    ]
    assert ("the line spans both days" in folded, "Add --boundaries" in folded) == (False, True)
    assert ("At boundaries: outcome changes" in whole, "Add --boundaries" in whole) == (True, False)
    read = json.loads(command(*asked, "json").out)
    spans = [found for found in read["ranges"] if "the line spans both days" in found["where"]]
    assert spans
    assert all(found["boundary"] for found in spans)
    assert {found["payer"] for found in read["outcomes_by_payer_and_edit"]} >= {"regence", "florida_blue"}
    lines = [line for line in read["lines"] if line["payer"] == "florida_blue"]
    (florida,) = (row for row in read["replay"]["by_payer"] if row["payer"] == "florida_blue")
    charges = sum(Decimal(line["charge_amount"]) for line in lines)
    assert (florida["lines"], Decimal(florida["charges"])) == (len(lines), charges)
    denied = sum(Decimal(line["charge_amount"]) for line in lines if line["old"].startswith("deny"))
    assert Decimal(florida["denied_before"]) == denied > 0


def test_outcomes_that_change_only_at_boundaries_are_listed(command: Command, rules: RulesFolder) -> None:
    rules.replace(REGENCE, "date: 2026-01-01\n", "date: 2026-01-02\n")
    shown = command("rules", "diff", SHIPPED, rules.root, "--format", "md").out
    listed = shown[shown.index("## At boundaries: outcome changes") :]
    assert "| regence | 2026-01-01 | 2026-01-01 |" in listed


@pytest.mark.long
def test_codes_that_a_run_did_not_know(
    command: Command, rules: RulesFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines are the point here, not the ranges of every payer."""
    every = decision_axes.payers
    monkeypatch.setattr(decision_axes, "payers", lambda pair: every(pair)[:1])
    text = (rules.root / "codes/ire.yaml").read_text(encoding="utf-8")
    rules.write("codes/ire.yaml", text + text[text.index('  - code: "53899"') :].replace("53899", "99213"))
    out = tmp_path / "results"
    command("run", CLAIMS, *UNREPORTED, "--out", out, "--quiet")
    kept = command("rules", "diff", SHIPPED, rules.root, "--out", out, "--format", "md").out
    assert "lines with other codes are not included" in kept
    assert " 0 change outcome" in kept
    read = command("rules", "diff", SHIPPED, rules.root, "--extract", CLAIMS, *AS_OF, "--format", "json").out
    assert {line["hcpcs_code"] for line in json.loads(read)["lines"]} == {"99213"}


@pytest.mark.parametrize(
    ("options", "code", "stated"),
    [
        (("--extract", CLAIMS, "--out", "results"), 2, "--extract and --out are two sources of lines"),
        (("--run", "2026"), 2, "--run needs the results folder"),
        (("--contracts", CONTRACTS), 2, "need --extract"),
        (("--out", "nowhere"), 2, "nowhere: no such results folder"),
        (("--extract", "nowhere.csv"), 11, "nowhere.csv"),
    ],
)
def test_options_that_cannot_work(command: Command, options: tuple[object, ...], code: int, stated: str) -> None:
    done = command("rules", "diff", SHIPPED, SHIPPED, *options)
    assert done.code == code
    assert stated in done.err
    assert len(done.faults) == 1
