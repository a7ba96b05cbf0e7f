"""Validation of claim lines and a naive reading of it must agree on every row of text, whatever is in it."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from claims_edit.core.validate import validate
from claims_edit.intake import Mapping, SeenKeys, canonicalize, key_hashes
from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.layout import Layout
from claims_edit.policy import load_catalog
from claims_edit.runner.revisions import PayerIdentities
from tests.lib.examples import examples
from tests.lib.oracle import NPI_COLUMNS, PROGRAM_NAMES, check_line, repeated_keys, squeezed, warnings_of

if TYPE_CHECKING:
    from collections.abc import Mapping as AnyMapping
    from pathlib import Path


Row = dict[str, str | None]

AS_OF = date(2026, 11, 20)
ROWS = 100
KNOWN = frozenset(squeezed(name) for names in PROGRAM_NAMES.values() for name in names)
DATES = (
    "2024-03-04", "2024-03-04", "20240304", None, "2024-03-05", "2026-11-20", "2026-11-21", "2024-02-30", "March",
    "1990-01-01", "1989-12-31", "1900-01-01", "0001-01-01", "9999-12-31", "2199-12-31", "2200-01-01", "24-03-04",
    "2024-03-04T23:59:59Z", "2024-03-04 00:00:00.000", "2024-03-04T01:30:00+09:00", "2024-03-04 24:00", "20240304.0",
    "03/04/2024", "N/A", "0000-00-00", "00000000",
)  # fmt: skip
MONEY = (
    "1250.00", "1250.00", "0", "-9400.5", None, "12.345", "1,250.00", "$5", "1e3", "NULL", "9400.370000000001",
    "208.896", "12.3400009", "12.340002", "-0.0",
)  # fmt: skip
NPIS = (
    "1902000110", "1902000110", None, "1902000227", "1902000111", "190200011", "19020001100", "190200011O",
    "0000000000", "1902000110.0", "1.902E+09", "unknown",
)  # fmt: skip
MODIFIERS = (None, None, "26", "q0", "Q", "Q01", "2-", "NULL", "00", "59.0", "~")
ICD_10 = (
    "C25.1", "C251", "c22.0", "C61", None, "K75.81", "Z00.6", "C50.911", "C4A.9", "157.1", "C2", "??", "C25.11111",
    "none", "0", "000.0", "C61.0",
)  # fmt: skip
ICD_9 = (
    "157.1", "1571", "V70.7", "V707", "E950.1", "E9501", "199", None, "C25.1", "V7", "15712", "157123", "E95",
    "157.0",
)  # fmt: skip
PROCEDURES = (
    None, "0FT40ZZ", "0F503ZF", "0f5g3zf", " J12.8 ", "Y123", "50.12", "5012", "5012.0", "0600T", "47399", "0F503Z",
    "0F503ZFF", "OF503ZF", "0F50.3ZF", "J12", "J12.81", "600T", "123456789012345678901", "0", "NULL", "0600T-59",
    "0F503", "17.1.1", "ABCDE", "99214",
)  # fmt: skip
# column -> values, plain ones first
POOLS: dict[str, tuple[str | None, ...]] = {
    "claim_id": (
        "A1", "A2", " A3 ", "A1", "x" * 80, "x" * 81, None, "  ", "NULL", "0", "12.0", "2.02403E+11", "1e5",
        "E12", "#REF!",
    ),
    "claim_line_number": ("1", "2", "3", "01", " 4", "0", "two", "-1", "1.5", None, "2.0", "0.0", "null"),
    "claim_type": ("professional", "institutional", "undetermined", "Professional", "dental", None, "unknown"),
    "member_id": ("M1", "M2", "M3", None, " ", "N / A", "000000000", "~", "1.00200E+08", "NONE1", "#NAME?", "100.0"),
    "person_id": ("P1", None, None, "nan", "3e7"),
    "payer": ("Florida Blue", "Regence", " Florida Blue", None, "\u00a0", "UNKNOWN", "00"),
    "line_of_business": ("commercial", None, "Medicare-Advantage", "Zebra Gold", "()", "Unknown", "0"),
    "group_id": ("G1", None, "17", "1E+05", "NULL"),
    "claim_line_start_date": DATES,
    "claim_line_end_date": DATES,
    "claim_start_date": DATES,
    "claim_end_date": DATES,
    "place_of_service_code": ("22", None, "2", "221", "2A", " 11 ", "11.0", "0", "None"),
    "hcpcs_code": (
        "0600T", "0601t", "99213", None, "0", "0600", "0600TT", "0600-", " 47384 ", "47384.0", "00000", "NULL",
        "0600T-59", "47384.5",
    ),
    "hcpcs_modifier_1": MODIFIERS,
    "hcpcs_modifier_5": MODIFIERS,
    "diagnosis_code_type": ("icd-10-cm", None, "ICD-10-CM", "icd-9-cm", "icd-9-cm", "icd-o", "0", "UNKNOWN", "10"),
    "diagnosis_code_1": ICD_10,
    "diagnosis_code_25": ICD_10,
    "procedure_code_1": PROCEDURES,
    "procedure_code_2": PROCEDURES,
    "procedure_code_25": PROCEDURES,
    "service_unit_quantity": ("1", "2.5", None, "0", "0.0", "-1", "one", "1,5", "NaN", "inf"),
    "charge_amount": MONEY,
    "paid_amount": MONEY,
    "allowed_amount": MONEY,
    "rendering_npi": NPIS,
    "billing_npi": NPIS,
    "facility_npi": NPIS,
    "data_source": (None, None, "east", "west", "NULL"),
    "claim_frequency_code": ("1", None, "7", "8", "11", "#", "7.0", "0", "N/A"),
    "original_claim_id": (None, None, "A1", "0", "1e+10"),
}  # fmt: skip


def row_of(chunk: bytes) -> Row:
    """One row; of each column the plain values come up more often than the odd ones."""
    odd = set(chunk[:3])  # at most three columns draw from their whole pool, so that rows have few faults
    row: Row = {}
    for place, (column, pool) in enumerate(POOLS.items()):
        values = pool if place in {number % len(POOLS) for number in odd} else pool[:3]
        row[column] = values[chunk[3 + place] % len(values)]
    if (row["diagnosis_code_type"] or "").lower() == "icd-9-cm":
        row["diagnosis_code_1"] = ICD_9[chunk[-1] % len(ICD_9)]
        row["diagnosis_code_25"] = ICD_9[chunk[-2] % len(ICD_9)]
    return row


ROW_BYTES = 3 + len(POOLS)


def results(rows: list[Row]) -> tuple[list[set[str]], list[set[str]]]:
    """Of each row the columns that validation refuses, and those that it warns of."""
    raw = pl.DataFrame(rows, schema=dict.fromkeys(POOLS, pl.String)).with_row_index(ORDINAL, 1)
    lines = canonicalize(raw, Layout({name: name for name in POOLS}, {}), Mapping())
    result = validate(lines.frame, as_of=AS_OF, known_programs=KNOWN)
    return _columns(result.errors, len(rows)), _columns(result.warnings, len(rows))


def _columns(found: AnyMapping[str, pl.Series], height: int) -> list[set[str]]:
    failing = {check: series.to_list() for check, series in found.items()}
    return [{check.partition("-")[0] for check, rows in failing.items() if rows[place]} for place in range(height)]


@pytest.mark.more
@given(blob=st.binary(min_size=ROWS * ROW_BYTES, max_size=ROWS * ROW_BYTES))
@settings(
    max_examples=examples(6, more=30),
    phases=(Phase.explicit, Phase.generate),  # the message names the one row that matters: nothing to shrink
    suppress_health_check=[HealthCheck.large_base_example],  # 100 rows are the point
)
def test_validation_and_naive_reading_agree(blob: bytes) -> None:
    rows = [row_of(blob[place : place + ROW_BYTES]) for place in range(0, len(blob), ROW_BYTES)]
    refused, warned = results(rows)
    for row, columns, warnings in zip(rows, refused, warned, strict=True):
        assert columns == {column for column, _ in check_line(row, AS_OF)}, row
        assert warnings == warnings_of(row), row


def test_drawn_rows_fail_in_every_column() -> None:
    """The comparison says nothing about a column that never fails."""
    draw = Random(1)  # noqa: S311 -- test data
    rows = [row_of(draw.randbytes(ROW_BYTES)) for _ in range(3000)]
    faults = {fault for row in rows for fault in check_line(row, AS_OF)}
    never = {"line_of_business", "data_source", *NPI_COLUMNS, "paid_amount", "allowed_amount"}
    assert {column for column, _ in faults} == set(POOLS) - never
    assert sum(not check_line(row, AS_OF) for row in rows) > 300


@pytest.mark.long
@given(blob=st.binary(min_size=7 * 60, max_size=7 * 60), batch=st.integers(1, 60))
@settings(max_examples=examples(4, more=40))
def test_repeated_keys_are_found_whatever_the_batch(
    tmp_path_factory: pytest.TempPathFactory, blob: bytes, batch: int
) -> None:
    rows = [_key_row(blob[place : place + 7]) for place in range(0, len(blob), 7)]
    scratch = tmp_path_factory.mktemp("keys")
    assert _repeats(rows, batch, scratch) == repeated_keys(rows)


def _key_row(chunk: bytes) -> Row:
    pools = (
        ("payer", ("Florida Blue", "Regence", " Florida Blue", "BCBSFL", "Zebra Health", "zebra-health", None)),
        ("data_source", (None, "deck", "east")),
        ("member_id", ("M1", "M1", "M2", None)),
        ("billing_provider_id", (None, "1902000227", "1902000110")),
        ("claim_id", ("A1", "A2", None)),
        ("claim_line_number", ("1", "2", "01", None)),
        ("claim_frequency_code", (None, "1", "7", "8")),
    )
    return {column: pool[byte % len(pool)] for byte, (column, pool) in zip(chunk, pools, strict=True)}


def _repeats(rows: list[Row], batch: int, scratch: Path) -> dict[int, int]:
    seen, payers = SeenKeys(scratch), PayerIdentities(load_catalog())
    layout = Layout({name: name for name in rows[0]}, {})
    for start in range(0, len(rows), batch):
        raw = pl.DataFrame(rows[start : start + batch], schema=dict.fromkeys(rows[0], pl.String))
        lines = canonicalize(raw.with_row_index(ORDINAL, 1), layout, Mapping())
        hashes = key_hashes(lines.frame, payers.of(lines.distinct["payer"]))
        keys = hashes.with_columns(row=pl.int_range(start, start + raw.height))
        keys.write_parquet(scratch / f"keys-{start}.parquet")
        suspects = seen.suspects(keys)
        keys.filter(suspects).write_parquet(scratch / f"suspects-{start}.parquet")
    found = seen.repeats(str(scratch / "keys-*.parquet"), str(scratch / "suspects-*.parquet"), [])
    return dict(pl.read_parquet(found).iter_rows())
