"""Every table picture in `cases/` against the shipped rules: one row, one claim line, one expected decision.

A picture has a header that begins with `payer`; `-` is an empty cell; `#` begins a comment; a file is one run. Cells:

    payer program code service   payer and line of business as an extract gives them, HCPCS code, first day
    end                          last day (default: the first)
    diagnosis dxtype modifier    lists with commas (a gap is an empty place); `icd-9-cm` where it is not ICD-10-CM
    member sbr09 plan group      member id, claim filing indicator, name of the plan (`_` is a blank), group
    contract                     coverage[:group code][@first day[..last day]] for payer and group; several with +
    claim frequency original     claim id (default: one of its own), its frequency, the claim it replaces or voids
    trial condition charge       clinical trial number; NUBC condition codes; charge (default 100.00)
    device value                 investigational device exemption number; NUBC value codes
    column                       the column of the code, where it is a procedure of the claim (procedure_code_1)
    place units                  place of service; units of service (default 1; `-` where the column is given: none)
    authorization doubt          prior authorization number; doubts, as readers write them, with +
    expect                       disposition and reason; `- -` for a line that is in the run and is no candidate
    edits basis evidence site    every edit triggered, with commas; program_basis; trial_evidence; site_class
    carc rarcs liability         CARC; RARCs with commas; group code and basis, as PR/policy
    adjustment version           adjustment_amount; policy_version
    reference doubts             policy_reference; doubts with commas
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import pytest

from claims_edit.edits import EDITS, INFORMATIONAL_EDITS, Edit
from claims_edit.engine import decide, facts
from claims_edit.facts.revision import revisions_among
from claims_edit.model import DIAGNOSIS_COLUMNS, MODIFIER_COLUMNS, StalePolicy
from claims_edit.policy import Catalog, catalog_of, load_catalog, name_key
from tests.lib.candidates import CANDIDATE_SCHEMA, CONTRACT_SCHEMA
from tests.lib.stand_ins import contents

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = Path(__file__).parent / "cases"
GRID = "payer-program.txt"
GIVEN = (
    "payer", "program", "code", "service", "end", "diagnosis", "dxtype", "modifier", "member", "sbr09", "group",
    "contract", "claim", "frequency", "original", "trial", "condition", "charge", "plan",
    "device", "value", "authorization", "doubt", "place", "units",
    "column",
)  # fmt: skip
EXPECTED = (
    "disposition", "reason", "edits", "basis", "evidence", "site", "carc", "rarcs", "liability", "adjustment",
    "version", "reference", "doubts",
)  # fmt: skip


class Case(NamedTuple):
    """One row of a picture: where it is, and its cells without the empty ones."""

    file: str
    line: int
    cells: dict[str, str]


def read_cases(path: Path) -> Iterator[Case]:
    """The rows of one file of pictures; a header holds until the next one."""
    header: list[str] = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = text.split("#")[0].split()
        if words[:1] == ["payer"]:
            header = " ".join(words).replace("expect", "disposition reason").split()
            assert set(header) <= {*GIVEN, *EXPECTED}, f"{path.name}:{number}: no such column"
        elif words:
            assert len(words) == len(header), f"{path.name}:{number}: {len(words)} cells under {len(header)} headings"
            cells = {name: "" if word == "-" else word for name, word in zip(header, words, strict=True)}
            yield Case(path.name, number, cells)


def numbered(prefix: tuple[str, ...], cell: str) -> dict[str, str | None]:
    """The values of a list cell in their numbered columns; an empty place stays empty."""
    return dict(zip(prefix, [value or None for value in cell.split(",")], strict=False))


def claim_line(case: Case) -> dict[str, Any]:
    """The canonical claim line of a case, every value as text but for the row number."""
    cell = {name: case.cells.get(name) or None for name in GIVEN}
    group = cell["group"] or (f"GROUP-{case.line}" if cell["contract"] else None)
    return {
        "data_source": "spec",
        "source_file": case.file,
        "source_row": case.line,
        "claim_id": cell["claim"] or f"CLAIM-{case.line}",
        "claim_line_number": 1,
        "claim_type": "professional",
        "member_id": (cell["member"] or "M1234567").replace("_", " "),
        "payer": cell["payer"],
        "group_id": group,
        "line_of_business": cell["program"],
        "claim_filing_indicator_code": cell["sbr09"],
        "service_start_date": cell["service"],
        "service_end_date": cell["end"] or cell["service"],
        "hcpcs_code": cell["code"],
        "code_column": cell["column"],
        "diagnosis_code_type": cell["dxtype"] or "icd-10-cm",
        "service_unit_quantity": cell["units"] if "units" in case.cells else 1,
        "place_of_service_code": cell["place"],
        "charge_amount": cell["charge"] or "100.00",
        "claim_frequency_code": cell["frequency"] or "1",
        "original_claim_id": cell["original"],
        "clinical_trial_number": cell["trial"],
        "condition_codes": cell["condition"],
        "plan": cell["plan"] and cell["plan"].replace("_", " "),
        "investigational_device_exemption_number": cell["device"],
        "value_codes": cell["value"],
        "prior_authorization_number": cell["authorization"],
        "doubts": cell["doubt"] and cell["doubt"].replace("+", " "),
        **numbered(DIAGNOSIS_COLUMNS, cell["diagnosis"] or ""),
        **numbered(MODIFIER_COLUMNS, cell["modifier"] or ""),
    }


def typed(rows: list[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
    """A frame of the schema from text; dates are ISO."""
    text = pl.DataFrame(
        [{name: None if row.get(name) is None else str(row[name]) for name in schema} for row in rows],
        schema=dict.fromkeys(schema, pl.String),
    )
    return text.select(
        pl.col(name).str.to_date("%Y-%m-%d") if dtype == pl.Date else pl.col(name).cast(dtype)
        for name, dtype in schema.items()
    )


def contract_rows(case: Case, line: dict[str, Any], keys: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The contracts that a case's cell describes."""
    for contract in filter(None, case.cells.get("contract", "").split("+")):
        terms, _, days = contract.partition("@")
        coverage, _, group_code = terms.partition(":")
        first, _, last = (days or "2000-01-01").partition("..")
        yield {
            "payer": keys[line["payer"]],
            "group_id": line["group_id"],
            "effective_date": first,
            "end_date": last or None,
            "coverage": coverage,
            "group_code": group_code or None,
            "citation": "Group contract, exclusions",
        }


@cache
def shipped_rules() -> Catalog:
    return load_catalog()


@cache
def all_rules() -> Catalog:
    """The shipped rules, and the policies of invented payers beside them."""
    return catalog_of(contents())


def payer_keys(catalog: Catalog, lines: pl.DataFrame) -> dict[str, str]:
    """The payer's key for each name in the run that is on file."""
    named = lines.select(pl.col("payer").unique()).with_columns(name_key=name_key(pl.col("payer")))
    keyed = named.rename({"payer": "name"}).join(catalog.payer_names, on="name_key")
    return dict(keyed.select("name", "payer").iter_rows())


@cache
def decided(file: str) -> dict[int, dict[str, Any]]:
    """The decisions of one file, by the line of their case: the file is one run."""
    return decided_as(list(read_cases(CASES / file)), StalePolicy.WARN)


@cache
def known(file: str) -> pl.DataFrame:
    """The facts of the lines of one file."""
    candidates, given = run_of(list(read_cases(CASES / file)))
    return facts(candidates, all_rules(), **given)


def decided_as(cases: list[Case], stale_policy: StalePolicy) -> dict[int, dict[str, Any]]:
    """The decisions of a run of these cases, by the line of the case."""
    candidates, given = run_of(cases)
    decisions = decide(candidates, all_rules(), **given, stale_policy=stale_policy)
    return {row["source_row"]: row for row in decisions.iter_rows(named=True)}


def run_of(cases: list[Case]) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The candidates of a run of these cases, and its revisions and contracts."""
    catalog = all_rules()
    rows = [claim_line(case) for case in cases]
    lines = typed(rows, CANDIDATE_SCHEMA)
    keys = payer_keys(catalog, lines)
    contracts = [terms for case, row in zip(cases, rows, strict=True) for terms in contract_rows(case, row, keys)]
    revisions = revisions_among(lines, catalog)
    candidates = lines.filter(pl.col("hcpcs_code").is_in(catalog.codes["hcpcs_code"].implode()))
    return candidates, {"revisions": revisions, "contracts": typed(contracts, CONTRACT_SCHEMA)}


def shown(decision: dict[str, Any] | None) -> dict[str, str]:
    """A decision as the pictures write it."""
    if decision is None:
        return dict.fromkeys(EXPECTED, "")
    return {
        "disposition": decision["disposition"],
        "reason": decision["reason_code"],
        "edits": ",".join(decision["edits"]),
        "basis": (decision["program_basis"] or "").replace(" ", ""),
        "evidence": (decision["trial_evidence"] or "").replace("; ", ";").replace(" ", "_"),
        "site": decision["site_class"] or "",
        "carc": decision["carc"] or "",
        "rarcs": ",".join(decision["rarcs"]),
        "liability": "/".join(filter(None, (decision["group_code"], decision["liability_basis"]))),
        "adjustment": "" if decision["adjustment_amount"] is None else str(decision["adjustment_amount"]),
        "version": decision["policy_version"] or "",
        "reference": decision["policy_reference"] or "",
        "doubts": (decision["doubts"] or "").replace(" ", ""),
    }


FILES = sorted(path.name for path in CASES.glob("*.txt"))
ALL_CASES = [case for file in FILES for case in read_cases(CASES / file)]


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: f"{case.file}:{case.line}")
def test_decision(case: Case) -> None:
    decision = shown(decided(case.file).get(case.line))
    expected = {name: cell for name, cell in case.cells.items() if name in EXPECTED}
    assert {name: decision[name] for name in expected} == expected


def test_each_edit_has_its_file() -> None:
    assert sorted([GRID, *(f"{edit.id}.txt" for edit in EDITS)]) == FILES


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.id)
def test_each_file_shows_its_edit_hitting_and_not_hitting(edit: Edit) -> None:
    rows = decided(f"{edit.id}.txt").values()
    hits = [edit.id in row["edits"] for row in rows]
    assert any(hits)
    assert not all(hits)
    assert edit in INFORMATIONAL_EDITS or any(row["reason_code"] == edit.id for row in rows)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.id)
def test_an_edit_hits_where_no_condition_is_unmet(edit: Edit) -> None:
    tried = known(f"{edit.id}.txt").select(hit=edit.hit, unmet=edit.first_unmet)
    assert tried["hit"].equals(tried["unmet"].is_null())
    assert len(edit.conditions) - 1 in set(tried["unmet"]), "no case in which only the last condition does not hold"


def test_the_grid_has_every_payer_version_and_program() -> None:
    catalog = shipped_rules()
    programs = catalog.program_spellings["program"].unique().to_list()
    versions = catalog.versions.select("payer", "policy_version").rows()
    grid = decided(GRID).values()
    pictured = {(row["payer"], row["policy_version"], row["program"]) for row in grid}
    assert pictured >= {(payer, version, program) for payer, version in versions for program in programs}
