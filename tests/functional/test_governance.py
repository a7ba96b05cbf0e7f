"""Governance end to end: what is stale, what a draft would change, and that a shadow never counts."""

from __future__ import annotations

import csv
import json
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from claims_edit.model import DECISION_COLUMNS
from claims_edit.report.changes import BY_EDIT, MEASURES
from tests.functional.program import (
    AS_OF,
    UNREPORTED,
    Done,
    csv_text,
    decisions,
    line,
    manifest,
    record,
    write,
)
from tests.unit.policy_folder import RulesFolder
from tests.unit.test_policy_lifecycle import draft, with_drafts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., Done]

CALM = ("--as-of", "2023-09-26")  # Premera's review is due by this day; Florida Blue's later
REAL_FILES = ("denials.csv", "returns.csv", "reviews.csv", "referrals.csv", "withdrawals.csv")


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    """Premera on its last day before the review and the day after, and on two days that a draft may address."""
    days = ("2023-09-26", "2023-09-27", "2026-10-31", "2026-11-01")
    rows = [
        line(number, payer="Premera", claim_start_date=day, hcpcs_code="0600T", diagnosis_code_1="C220")
        for number, day in enumerate(days, start=1)
    ]
    rows.append(line(5, payer="Premera", claim_start_date="2026-11-01", hcpcs_code="47384", diagnosis_code_1="C220"))
    return write(tmp_path / "night.csv", csv_text(rows))


@pytest.fixture
def drafted(tmp_path: Path) -> Path:
    """The shipped rules with a draft of Premera's from 2026-11-01: it lists 47384 too."""
    return with_drafts(RulesFolder(tmp_path / "drafted"), draft("2026-11-01")).root


def asked(out: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(out / "claims_edit.duckdb", read_only=True) as connection:
        return connection.execute(sql).fetchall()


def outcomes(out: Path) -> list[tuple[str, str]]:
    return decisions(out).sort("source_row").select("disposition", "reason_code").rows()


# --- status and history -----------------------------------------------------------------------------------------------


def test_status_fails_from_the_day_after_the_review(command: Command) -> None:
    assert command("rules", "status", *CALM, "--fail-on-stale").code == 0
    late = command("rules", "status", "--as-of", "2023-09-27", "--fail-on-stale")
    assert late.code == 12
    (fault,) = late.faults
    assert fault.startswith("claims-edit: premera-ire: its review was due by 2023-09-26, 1 day before 2023-09-27. Look")
    assert fault.endswith("then update rules/policies/premera.yaml.")
    assert "1 day past" in late.out
    assert command("rules", "status", "--as-of", "2023-09-27").code == 0


def test_status_shows_each_policy_and_the_results(command: Command, extract: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    assert command("run", extract, "--out", out, "--quiet", *UNREPORTED).code == 0
    done = command("rules", "status", *AS_OF, "--out", out, "--json", "--fail-on-stale")
    assert done.code == 12
    assert len(done.faults) == 2
    reported = json.loads(done.out)
    assert reported["as_of"] == "2026-11-20"
    assert {each["policy"]: (each["days_left"], each["newer_codes"]) for each in reported["policies"]} == {
        "florida-blue-02-40000-26": (-546, ["47384", "55877"]),
        "nice-ire": (None, []),
        "premera-ire": (-1151, ["47384", "55877"]),
        "regence-surgery-242": (10, []),
    }
    assert reported["decided_past_review"] == [
        {
            "policy_id": "premera-ire", "policy_version": "2020-07-01", "lines": 4, "denied_lines": 3,
            "charges": "15.00", "denied_charges": "9.75", "first_service": "2023-09-27", "last_service": "2026-11-01",
        }
    ]  # fmt: skip
    table = command("rules", "status", *AS_OF, "--out", out).out
    assert "Decided past a review" in table
    assert "2026-11-01" in table


def test_status_of_no_results_folder_is_a_usage_error(command: Command, tmp_path: Path) -> None:
    assert command("rules", "status", "--out", tmp_path / "nowhere").code == 2


def test_history_shows_versions_and_the_changelog(command: Command) -> None:
    done = command("rules", "history", "premera-ire", "--json")
    history, changelog = json.loads(done.out)
    assert [row["status"] for row in history["rows"] if row["event"] == "begins"] == ["retired", "final"]
    assert len(changelog["rows"]) == 2
    assert "codes added: 0600T, 0601T" in command("rules", "history", "premera-ire").out
    assert command("rules", "history", "premera").code == 2


# --- stale denials ----------------------------------------------------------------------------------------------------


def test_stale_denials_are_suspended_on_request_only(command: Command, extract: Path, tmp_path: Path) -> None:
    warned, suspended = tmp_path / "warned", tmp_path / "suspended"
    assert command("run", extract, "--out", warned, "--quiet", *UNREPORTED).code == 0
    assert (
        command(
            "run", extract, "--out", suspended, "--quiet", "--stale-policy", "review", *AS_OF, "--reports", "csv"
        ).code
        == 0
    )
    denied, stale = ("deny", "investigational"), ("review", "policy-stale")
    unlisted = ("review", "code-not-listed")
    assert outcomes(warned) == [denied, denied, denied, denied, unlisted]
    assert outcomes(suspended) == [denied, stale, stale, stale, unlisted]
    assert [manifest(out)["options"]["stale_policy"] for out in (warned, suspended)] == ["warn", "review"]
    assert manifest(suspended)["counts"]["by_disposition"]["review"] == 4
    with (next(suspended.glob("runs/*")) / "reviews.csv").open(encoding="utf-8", newline="") as file:
        assert {row["adjustment_amount"] for row in csv.DictReader(file)} == {""}
    reported = command("explain", "CL0000002", "--out", suspended).out
    assert "The policy was past its review date on the service date. (policy-stale)" in reported
    assert next(text for text in reported.splitlines() if "policy-stale  " in text).endswith("<- decided")


@pytest.mark.long
def test_another_treatment_of_stale_denials_is_another_run(command: Command, extract: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    for more in ((), ("--stale-policy", "review"), ("--stale-policy", "warn")):
        assert command("run", extract, "--out", out, "--quiet", *more, *UNREPORTED).code == 0
    assert len(list(out.glob("runs/*"))) == 2
    assert command("run", extract, "--out", out, "--stale-policy", "deny", *UNREPORTED).code == 2


# --- drafts and shadows -----------------------------------------------------------------------------------------------


def test_a_draft_is_never_enforced(command: Command, extract: Path, drafted: Path, tmp_path: Path) -> None:
    shipped, with_draft = tmp_path / "shipped", tmp_path / "with-draft"
    assert command("run", extract, "--out", shipped, "--quiet", *UNREPORTED).code == 0
    assert command("run", extract, "--out", with_draft, "--quiet", "--rules", drafted, *UNREPORTED).code == 0
    assert decisions(with_draft).drop("rules_hash").equals(decisions(shipped).drop("rules_hash"))
    assert manifest(with_draft)["rules_hash"] != manifest(shipped)["rules_hash"]


def test_a_shadow_run_shows_what_a_draft_would_change(
    command: Command, extract: Path, drafted: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    assert command("run", extract, "--out", out, "--quiet", *UNREPORTED).code == 0
    before = asked(out, "SELECT * FROM denials ORDER BY ALL"), asked(out, "SELECT * FROM denial_reasons")
    shadow = command("run", extract, "--out", out, "--mode", "shadow", "--rules", drafted, *UNREPORTED)
    assert shadow.code == 0
    assert "shadow: it does not count" in shadow.out
    assert "shadow_vs_enforced WHERE changed" in shadow.out
    changed = asked(
        out,
        """SELECT claim_id, payer, program, hcpcs_code, service_start_date::VARCHAR, charge_amount::VARCHAR,
        enforced_disposition, enforced_reason_code, shadow_disposition, shadow_reason_code, shadow_policy_version
        FROM shadow_vs_enforced WHERE changed""",
    )
    assert changed == [
        ("CL0000005", "premera", "commercial", "47384", "2026-11-01", "5.25",
         "review", "code-not-listed", "deny", "investigational", "2026-11-01"),
    ]  # fmt: skip
    assert asked(out, "SELECT count(*), count(*) FILTER (changed) FROM shadow_vs_enforced") == [(5, 1)]
    ((enforced_hash, shadow_hash),) = asked(
        out, "SELECT DISTINCT enforced_rules_hash, shadow_rules_hash FROM shadow_vs_enforced"
    )
    assert [enforced_hash, shadow_hash] == [manifest(out, which)["rules_hash"] for which in (0, 1)]
    assert before == (asked(out, "SELECT * FROM denials ORDER BY ALL"), asked(out, "SELECT * FROM denial_reasons"))
    for view in ("denials", "returns", "reviews", "referrals", "current_decisions"):
        assert asked(out, f"""SELECT count(*) FROM "{view}" WHERE mode = 'shadow'""") == [(0,)], view


def test_a_shadow_decision_is_explained_by_the_draft(
    command: Command, extract: Path, drafted: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    run = command("run", extract, "--out", out, "--mode", "shadow", "--rules", drafted, "--quiet", *UNREPORTED)
    assert run.code == 0
    (reported,) = json.loads(command("explain", "CL0000005", "--out", out, "--all", "--json").out)
    assert (reported["mode"], reported["reason_code"], reported["policy"]["version"]) == (
        "shadow",
        "investigational",
        "2026-11-01",
    )
    missed = {each["id"]: each["why"] for each in reported["not_hit"]}
    assert missed["code-not-listed"] == "Version 2026-11-01 of premera-ire lists 47384."
    assert reported["policy"]["codes_listed"] == ["0600T", "0601T", "47384"]


@pytest.fixture
def coming(tmp_path: Path) -> Path:
    """The shipped rules with a draft of Premera's from 2027-01-01: it lists 47384 too, for solid tumors only."""
    return with_drafts(RulesFolder(tmp_path / "coming"), draft("2027-01-01")).root


@pytest.fixture
def providers(tmp_path: Path) -> Path:
    """Premera's lines of two billing providers: each decided otherwise, and not, by the draft that is coming."""
    given = (
        ("0600T", "C220", "1000000020", "10.10"),
        ("47384", "C220", "1000000020", "20.20"),
        ("47384", "C220", "1000000038", "30.30"),
        ("0600T", "I10", "1000000038", "40.40"),
        ("0600T", "I10", "", "50.50"),
    )
    rows = [
        line(
            number, payer="Premera", claim_start_date="2026-10-31", hcpcs_code=code, diagnosis_code_1=diagnosis,
            billing_npi=npi, charge_amount=charge,
        )
        for number, (code, diagnosis, npi, charge) in enumerate(given, start=1)
    ]  # fmt: skip
    return write(tmp_path / "providers.csv", csv_text(rows, tuple(rows[0])))


AS_IF = "--drafts-as-if-in-force"


@pytest.mark.long
def test_a_draft_ahead_is_sized_on_the_lines_of_today(
    command: Command, providers: Path, coming: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    run = ("run", providers, "--out", out, "--rules", coming, *AS_OF)
    assert command(*run, "--quiet", "--reports", "none").code == 0
    shadow = (*run, "--mode", "shadow")
    assert command(*shadow, "--quiet", "--reports", "none").code == 0
    assert asked(out, "SELECT count(*) FROM shadow_vs_enforced WHERE changed") == [(0,)]
    sized = command(*shadow, AS_IF)
    assert "does not count, drafts as if in force" in sized.out
    assert len(list(out.glob("runs/*"))) == 3  # another fingerprint
    assert [manifest(out, number)["options"]["drafts_as_if_in_force"] for number in range(3)] == [False, False, True]
    by_provider = asked(
        out,
        """SELECT billing_npi, enforced_edit, shadow_edit, count(*), sum(charge_amount)::VARCHAR, shadow_policy_version
        FROM shadow_vs_enforced WHERE changed GROUP BY ALL ORDER BY ALL""",
    )
    assert by_provider == [
        ("1000000020", "code-not-listed", "investigational", 1, "20.20", "2027-01-01"),
        ("1000000038", "code-not-listed", "investigational", 1, "30.30", "2027-01-01"),
        ("1000000038", "investigational", "indication-not-addressed", 1, "40.40", "2027-01-01"),
        (None, "investigational", "indication-not-addressed", 1, "50.50", "2027-01-01"),
    ]
    (folder,) = (path.parent for path in out.glob("runs/*/shadow_changes.csv"))
    reported = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["changes_by_edit"]
    assert [tuple(row[name] for name in BY_EDIT) for row in reported] == [
        ("investigational", "indication-not-addressed", 2, "90.90", "90.90", "0.00", "-90.90"),
        ("code-not-listed", "investigational", 2, "50.50", "0.00", "50.50", "50.50"),
    ]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Drafts as if in force: version 2027-01-01 of premera-ire from 2020-07-01." in page
    assert page.index("Changes by single edit") < page.index("Changes by billing provider")
    explained = command("explain", "CL0000002", "--run", manifest(out, 2)["run_id"], "--out", out).out
    assert "2027-01-01: a draft, as if in force from 2020-07-01 (" in explained


@pytest.mark.long
def test_both_comparisons_give_the_same_sums(command: Command, providers: Path, coming: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    run = ("run", providers, "--out", out, "--rules", coming, *AS_OF, "--quiet")
    assert command(*run, "--reports", "none").code == 0
    assert command(*run, "--mode", "shadow", AS_IF, "--reports", "csv").code == 0
    (path,) = out.glob("runs/*/shadow_changes.csv")
    with path.open(encoding="utf-8", newline="") as file:
        shadow = list(csv.DictReader(file))
    diff = ("rules", "diff", coming, coming, AS_IF, "--format", "json")
    for lines in (("--extract", providers, *AS_OF), ("--out", out)):
        replay = json.loads(command(*diff, *lines).out)["replay"]
        for part, keys in (("by_provider", ["billing_npi"]), ("by_edit", ["edit_before", "edit_after"])):
            sums: dict[tuple[str, ...], list[Decimal]] = {}
            for row in shadow:
                figures = [Decimal(row[name]) for name in MEASURES]
                key = tuple(row[name] for name in keys)
                sums[key] = [
                    one + other for one, other in zip(sums.get(key, [Decimal()] * len(figures)), figures, strict=True)
                ]
            found = {
                tuple(row[name] or "" for name in keys): [Decimal(row[name]) for name in MEASURES]
                for row in replay[part]
            }
            assert found == sums


def test_a_draft_is_never_enforced_as_if_in_force(command: Command, providers: Path, tmp_path: Path) -> None:
    done = command("run", providers, "--out", tmp_path / "out", AS_IF, *AS_OF)
    assert (done.code, len(done.faults)) == (2, 1)
    assert "--drafts-as-if-in-force: needs --mode shadow, as a draft is never enforced." in done.faults[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_a_shadow_run_before_any_enforced_one_reports_every_line(
    command: Command, providers: Path, coming: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    shadow = command("run", providers, "--out", out, "--rules", coming, "--mode", "shadow", *AS_OF)
    assert shadow.code == 0
    (path,) = out.glob("runs/*/shadow_changes.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["edit_before"] for row in rows} == {""}
    assert sum(int(row["lines"]) for row in rows) == 5
    assert "not decided" in shadow.out


@pytest.mark.long
def test_a_shadow_run_leaves_no_file_that_looks_real(
    command: Command, extract: Path, drafted: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    for more in (("--rules", drafted), ("--rules", drafted, "--mode", "shadow")):
        assert command("run", extract, "--out", out, "--quiet", *more, *AS_OF).code == 0
    enforced, shadow = sorted(out.glob("runs/*"))
    for name in REAL_FILES:
        assert (enforced / name).is_file()
        assert not (shadow / name).exists()
    assert not (enforced / "shadow_decisions.csv").exists()
    with (shadow / "shadow_decisions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == DECISION_COLUMNS
    assert [row["source_row"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert {row["mode"] for row in rows} == {"shadow"}


@pytest.mark.long
def test_the_version_of_the_pack_is_kept_in_each_run(
    command: Command, extract: Path, drafted: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    (drafted / "pack.yaml").unlink()
    assert command("run", extract, "--out", out, *UNREPORTED).code == 0
    assert command("run", extract, "--out", out, "--quiet", "--rules", drafted, *UNREPORTED).code == 0
    versions = [("2.2.0",), ("unversioned",)]
    assert asked(out, "SELECT rules_version FROM runs ORDER BY run_id") == versions
    assert [(manifest(out, which)["rules_version"],) for which in (0, 1)] == versions
    summaries = [json.loads(path.read_text()) for path in sorted(out.glob("runs/*/summary.json"))]
    assert [(each["rules_version"],) for each in summaries] == versions
    assert "unversioned" in command("runs", "--out", out).out
    assert tuple(record(out, "decisions").columns) == DECISION_COLUMNS


@pytest.mark.long
def test_a_run_from_before_the_pack_had_a_version_can_still_be_read(
    command: Command, extract: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    assert command("run", extract, "--out", out, "--quiet", *UNREPORTED).code == 0
    (path,) = out.glob("runs/*/manifest.json")
    old = json.loads(path.read_text())
    del old["rules_version"], old["options"]["stale_policy"]
    path.write_text(json.dumps(old))
    assert command("run", extract, "--out", out, "--quiet", "--force", *UNREPORTED).code == 0
    assert "unversioned" in command("runs", "--out", out).out


@pytest.mark.long
def test_reports_of_a_shadow_run_know_its_drafts(
    command: Command, extract: Path, drafted: Path, tmp_path: Path
) -> None:
    from claims_edit.report.run_view import published_run  # noqa: PLC0415 -- the rules that a report of the run is made from

    out = tmp_path / "results"
    for mode, versions in (("enforce", 2), ("shadow", 3)):
        assert command("run", extract, "--out", out, "--rules", drafted, "--mode", mode, *UNREPORTED).code == 0
        with published_run(out, None) as view:
            assert view.catalog.versions.filter(payer="premera").height == versions


def test_the_table_of_a_payer_with_its_drafts(command: Command, drafted: Path) -> None:
    found = [
        json.loads(command("rules", "table", "premera", "--rules", drafted, *more, "--json").out)[0]["rows"]
        for more in ((), ("--proposed",))
    ]
    assert [any(row["version"] == "2026-11-01" for row in rows) for rows in found] == [False, True]
    policies, found_drafts = json.loads(command("rules", "list", "--rules", drafted, "--json").out)
    assert [row["payer"] for row in found_drafts["rows"]] == ["aetna", "anthem", "humana"]
    premera = next(row for row in policies["rows"] if row["policy"] == "premera-ire")
    assert "2026-11-01 proposed" in premera["versions"]
    assert "version 2026-11-01, proposed" in command("rules", "show", "premera-ire", "--rules", drafted).out


@pytest.mark.long
def test_a_found_draft_decides_in_a_shadow_run_alone(command: Command, tmp_path: Path) -> None:
    extract, out = tmp_path / "claims.csv", tmp_path / "results"
    extract.write_text(
        "claim_id,claim_line_number,claim_type,member_id,payer,line_of_business,claim_line_start_date,hcpcs_code,"
        "charge_amount\nA1,1,professional,M1,Aetna,commercial,2026-03-01,0600T,100.00\n"
    )
    for mode in ("enforce", "shadow"):
        run = ("run", extract, "--out", out, *AS_OF, "--mode", mode, "--reports", "none", "--quiet")
        assert command(*run).code == 0
    decided = (
        "SELECT enforced_edit, shadow_edit, shadow_rules_hash <> enforced_rules_hash AS other FROM shadow_vs_enforced"
    )
    (row,) = json.loads(command("sql", decided, "--out", out, "--format", "json").out)
    assert row == {"enforced_edit": "payer-not-on-file", "shadow_edit": "program-silent", "other": True}
    archives = [zipfile.ZipFile(path).namelist() for path in sorted(out.glob("runs/*/replay/rules.zip"))]
    assert [any(name.startswith("drafts/") for name in names) for names in archives] == [False, True]
    assert not any("releases.yaml" in names for names in archives)
    shadow = sorted(path.name for path in (out / "runs").iterdir())[1]
    explained = command("explain", "A1", "--out", out, "--run", shadow).out
    assert "a found draft, unverified" in " ".join(explained.split())
