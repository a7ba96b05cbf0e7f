"""Small hand-made runs for the tests of the results folder and the reports."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.core.schema import CAME_SCHEMA
from claims_edit.engine import DECISION_SCHEMA
from claims_edit.facts.revision import REVISION_SCHEMA
from claims_edit.model import QUARANTINE_COLUMNS, Disposition, Mode
from claims_edit.policy import archived, load_catalog
from claims_edit.report.run_files import write_reports
from claims_edit.runner.across_nights import AcrossNights
from claims_edit.runner.contracts import no_contracts
from claims_edit.runner.deciding import KEPT_CANDIDATES, update_state
from claims_edit.runner.revisions import PayerIdentities, RunRevisions
from claims_edit.store import WARNED_ROWS, ResultsFolder, StagedRun, write_manifest, write_warned
from claims_edit.store.open_reviews import write_open_reviews
from claims_edit.store.state import keys_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from claims_edit.policy import Catalog

QUARANTINE_TYPES: dict[str, pl.DataType] = {
    "source_row": pl.Int64(),
    "failed_checks": pl.List(pl.String()),
    "candidate_code": pl.Boolean(),
    "first_source_row": pl.Int64(),
    "charge_amount": pl.Decimal(18, 2),
}
QUARANTINE_SCHEMA = {name: QUARANTINE_TYPES.get(name, pl.String()) for name in QUARANTINE_COLUMNS}

DENIED: dict[str, Any] = {
    "mode": "enforce",
    "data_source": "extract",
    "source_file": "extract.csv",
    "source_row": 2,
    "claim_id": "C1",
    "claim_line_number": 1,
    "claim_type": "professional",
    "member_id": "M1",
    "payer_raw": "Regence BlueShield",
    "payer": "regence",
    "program": "commercial",
    "program_basis": "line_of_business",
    "group_id": "G1",
    "service_start_date": dt.date(2026, 2, 3),
    "service_end_date": dt.date(2026, 2, 3),
    "hcpcs_code": "47384",
    "modifiers": ["26", "LT"],
    "diagnosis_codes": ["C220"],
    "site_class": "liver_primary",
    "units": 1.0,
    "charge_amount": Decimal("1000.10"),
    "paid_amount": Decimal("0.00"),
    "billing_npi": "1234567893",
    "disposition": "deny",
    "reason_code": "investigational",
    "reason": "The policy in force calls the service investigational.",
    "edits": ["investigational", "guidance-note"],
    "group_code": "PR",
    "carc": "55",
    "rarcs": [],
    "adjustment_amount": Decimal("1000.10"),
    "policy_id": "242",
    "policy_version": "2026-01-01",
    "policy_reference": "242",
    "citation": "Surgery 242, Policy (January 2026)",
    "liability_basis": "policy",
    "policy_stale": False,
    "rules_hash": "ab" * 32,
}
REVIEWED = {
    "disposition": "review",
    "reason_code": "program-unknown",
    "reason": "No signal gives a program.",
    "edits": ["program-unknown"],
    "program": None,
    "program_basis": None,
    "carc": None,
    "group_code": None,
    "adjustment_amount": None,
    "liability_basis": None,
    "citation": None,
}
REFUSED: dict[str, Any] = {
    "mode": "enforce",
    "data_source": "extract",
    "source_file": "extract.csv",
    "source_row": 9,
    "claim_id": "C9",
    "failed_checks": ["hcpcs_code-shape", "member_id-missing"],
    "candidate_code": False,
    "charge_amount": Decimal("5.00"),
    "raw_values": '{"claim_id": "C9", "claim_line_number": "3"}',
}
WARNED = {"check": "billing_npi-luhn", "source_file": "extract.csv", "source_row": 4, "claim_id": "C3"}


def line(**changes: object) -> dict[str, Any]:
    """One decision row: Regence's denial, but for the changes."""
    return {**DENIED, **changes}


def _money(rows: list[dict[str, Any]]) -> str:
    return f"{sum((row['charge_amount'] for row in rows if row['charge_amount'] is not None), Decimal()):.2f}"


def manifest_of(
    run_id: str, decisions: list[dict[str, Any]], refused: list[dict[str, Any]], mode: str = "enforce"
) -> dict[str, Any]:
    """The manifest of a run that holds exactly these rows."""
    split = {each.value: [row for row in decisions if row["disposition"] == each] for each in Disposition}
    accepted, quarantined = len(decisions), len(refused)
    rows = {"rows_read": accepted + quarantined, "rows_accepted": accepted, "rows_quarantined": quarantined}
    checks = [check for row in refused for check in row["failed_checks"]]
    return {
        "run_id": run_id,
        "mode": mode,
        "started_at": "2026-03-01T02:00:00+01:00",
        "finished_at": "2026-03-01T02:00:09+01:00",
        "as_of": "2026-03-01",
        "versions": {"claims_edit": "0.1.0"},
        "rules_hash": "ab" * 32,
        "rules_version": "1.2.3",
        "options": {"mode": mode},
        "inputs": [
            {
                "path": "extract.csv",
                "bytes": 1,
                "sha256": "00",
                "format": "csv",
                **rows,
                "warnings": 1,
                "warnings_by_check": {"billing_npi-luhn": 1},
            }
        ],
        "fingerprint": f"print-{run_id}",
        "counts": {
            **rows,
            "warnings": 1,
            "candidates": len(decisions),
            "decisions": len(decisions),
            "by_disposition": {name: len(part) for name, part in split.items()},
            "by_effect": {"decided": len(decisions)},
            "withdrawn": 0,
            "withdrawn_because": {},
            "counted_by_disposition": {name: len(part) for name, part in split.items()},
            "history_rows": len(decisions),
            "warnings_by_check": {"billing_npi-luhn": 1},
            "quarantined_by_check": {check: checks.count(check) for check in checks},
        },
        "charges": {
            "read": _money(decisions + refused),
            "accepted": _money(decisions),
            "quarantined": _money(refused),
            "candidates": _money(decisions),
            "by_disposition": {name: _money(part) for name, part in split.items()},
            "by_effect": {"decided": _money(decisions)},
            "counted_by_disposition": {name: _money(part) for name, part in split.items()},
            "unparseable": 0,
        },
        "timings": {"read": 0.1},
        "review_weights": shipped().pack.review_weights,
    }


@cache
def shipped() -> Catalog:
    """The shipped rules, loaded once."""
    return load_catalog()


def keep_replay(folder: Path, candidates: pl.DataFrame | None = None) -> None:
    """The shipped rules, and no candidate lines unless some are given: a hand-made run has decisions only."""
    kept = pl.DataFrame(schema=KEPT_CANDIDATES) if candidates is None else candidates
    kept.write_parquet(folder / "candidates-00000.parquet")
    pl.DataFrame(schema=REVISION_SCHEMA).write_parquet(folder / "revisions.parquet")
    no_contracts().write_parquet(folder / "contracts.parquet")
    (folder / "rules.zip").write_bytes(archived(shipped().contents))


def keep_history(
    folder: ResultsFolder, staged: StagedRun, decisions: pl.DataFrame, manifest: dict[str, Any]
) -> dict[str, Any]:
    """What the run does to the lines of earlier ones, as a run of these decisions would; returns counts and charges.

    A second row of one line in a run counts as its replacement.
    """
    payers, scratch = PayerIdentities(shipped()), staged.scratch_dir
    mode, as_of = Mode(manifest["mode"]), dt.date.fromisoformat(manifest["as_of"])
    state = folder.state(payers.of, scratch)
    nights = AcrossNights(state, payers, scratch, as_of, staged.run_id, is_shadow=mode is Mode.SHADOW)
    line = ["payer_raw", "data_source", "member_id", "claim_id", "claim_line_number", "billing_npi"]
    nth = pl.int_range(pl.len()).over(line) + 1
    facts = pl.concat_str(pl.exclude("run_id", "mode", "source_file", "source_row", "rules_hash", "modifiers",
        "diagnosis_codes", "edits", "rarcs").cast(pl.String).fill_null("-"), separator="|").hash()  # fmt: skip
    whole = decisions.with_columns(
        payer_identity=pl.lit(None, pl.String),
        billing_provider_id="billing_npi",
        claim_frequency_code=pl.when(nth == 1).then(pl.lit("1")).otherwise(pl.format("1-{}", nth)),
        is_refused=pl.lit(value=False),
        own_facts=facts,
        own_decided_run_id="run_id",
        own_decided_source_file="source_file",
        own_decided_source_row="source_row",
        own_disposition="disposition",
        own_charge_amount="charge_amount",
    )
    came = whole.hstack(keys_of(whole, payers.of)).select(pl.col(n).cast(t) for n, t in CAME_SCHEMA.items())
    if came.height:
        came.write_parquet(scratch / "came-00000.parquet")
    revisions = RunRevisions(scratch, payers, nights.known_claims)
    return update_state(nights, revisions, staged, mode, as_of, folder.record())


def stage(
    folder: ResultsFolder,
    run_id: str,
    decisions: list[dict[str, Any]],
    refused: list[dict[str, Any]] | None = None,
    *,
    mode: str = "enforce",
    candidates: pl.DataFrame | None = None,
    reports: Sequence[str] = (),
) -> StagedRun:
    """Stage a whole run: two parts of decisions, one of refused rows, the manifest, the summary and these reports."""
    staged = folder.stage(run_id)
    whole = pl.DataFrame([{**row, "run_id": run_id, "mode": mode} for row in decisions], schema=DECISION_SCHEMA)
    whole.head(1).write_parquet(staged.decisions_dir / "part-00000.parquet")
    whole.slice(1).write_parquet(staged.decisions_dir / "part-00001.parquet")
    rows = [{**row, "run_id": run_id, "mode": mode} for row in refused or []]
    pl.DataFrame(rows, schema=QUARANTINE_SCHEMA).write_parquet(staged.quarantine_dir / "part-00000.parquet")
    manifest = manifest_of(run_id, decisions, refused or [], mode)
    for part, totals in keep_history(folder, staged, whole, manifest).items():
        manifest[part] |= totals
    write_manifest(staged.run_dir, manifest)
    write_open_reviews(staged, (*folder.runs(), manifest), folder.record())
    write_warned(staged.run_dir, pl.DataFrame([WARNED], schema=WARNED_ROWS))
    keep_replay(staged.replay_dir, candidates)
    write_reports(
        staged,
        manifest,
        earlier=folder.runs(),
        catalog=shipped(),
        wanted=reports,
        published=folder.database_for(staged) if manifest["mode"] == "shadow" else None,
    )
    return staged


def publish(
    out: Path,
    run_id: str,
    decisions: list[dict[str, Any]],
    refused: list[dict[str, Any]] | None = None,
    *,
    mode: str = "enforce",
    candidates: pl.DataFrame | None = None,
    reports: Sequence[str] = (),
) -> ResultsFolder:
    """Publish a run with these rows, and these of its reports."""
    folder = ResultsFolder(out)
    with folder.lock():
        folder.publish(stage(folder, run_id, decisions, refused, mode=mode, candidates=candidates, reports=reports))
    return folder
