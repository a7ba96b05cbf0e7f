"""The screen held to the contract, row by row: a plain row is one that a close look finds nothing in."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.columns import COLUMNS
from claims_edit.core.candidate_codes import CandidateCodes, candidate_code
from claims_edit.core.plain_values import ScreenRules
from claims_edit.core.process import Processing
from claims_edit.core.validate import validate
from claims_edit.facts.revision import REVISES_NOTHING
from claims_edit.intake import Mapping, key_hashes
from claims_edit.intake.extract import FAULT, ORDINAL
from claims_edit.intake.layout import Layout
from claims_edit.intake.placeholders import WORDS
from claims_edit.policy import load_catalog
from claims_edit.runner.revisions import PayerIdentities
from tests.lib.examples import first
from tests.property.test_contract_oracle import AS_OF, ICD_9, KNOWN, POOLS

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 20_000
FEWER = 4_000  # where one column is typed or read in another way, and the others are as in the text
PLAIN: dict[str, tuple[Any, ...]] = {
    "claim_id": ("A1", "123-4", "CLM 0001/7", "1A2", "x" * 80),
    "claim_line_number": ("1", "17"),
    "claim_type": ("professional", "institutional"),
    "member_id": ("M1", "ABC123456789", None),
    "person_id": ("P1",),
    "payer": ("Florida Blue", "Regence BlueShield", "Acme"),
    "line_of_business": ("commercial", None, "Medicare Advantage"),
    "claim_line_start_date": ("2024-03-04", "20240304", None),
    "claim_line_end_date": ("2024-03-05", None),
    "claim_start_date": ("2024-03-01",),
    "claim_end_date": ("2024-03-31", None),
    "hcpcs_code": ("99213", "G0463", None),
    "procedure_code_1": (*["0FT40ZZ", None, "5012"] * 14, "50.12", "J12.8", "j128"),
    "procedure_code_2": (*[None, "02703E6"] * 18, "Y123", "02703e6"),
    "claim_frequency_code": ("1", None, "2"),
    "charge_amount": ("1250.00", "-3.5", "0", None),
    "rendering_npi": ("1902000110", None),
    "group_id": ("G1", None, "17"),
    "diagnosis_code_1": ("C25.1", "c251", None),
}
DATES = [name for name in PLAIN if name.endswith("_date")]
ALPHABET = "01579AENUeklx.-+ /#~?\t\n\u00a0\u00e9\"'()"
OTHERS = ("billing_provider_id", "doubts", "posting_holds", "value_codes", "condition_codes", "plan", "data_source")


def odd_value(random: Random, column: str) -> str | None:
    """A value that may be anything: of the column's pool, a placeholder word, a date, a number, or noise."""
    kind = random.randrange(6)
    if kind == 0 and column in POOLS:
        return random.choice(POOLS[column])
    if kind == 1:
        word = random.choice(sorted(WORDS))
        return random.choice((word, word.lower(), f" {word}", word.title()))
    if kind == 2:
        day = date(1985, 1, 1) + timedelta(days=random.randrange(90_000))
        return day.strftime(random.choice(("%Y-%m-%d", "%Y%m%d", "%d/%m/%Y", "%Y-%m-%d 01:02", "+%Y-%m-%d")))
    if kind == 3:
        return random.choice(("{}", " {}", "{}.0", "{}E5", "0{}", "+{}", "-{}", "{}e-3", "{}.005")).format(
            random.randrange(10 ** random.randrange(1, 21))
        )
    if kind == 4:
        return random.choice(ICD_9)
    return "".join(random.choices(ALPHABET, k=random.randrange(13)))


@cache
def text_rows(seed: int, count: int = ROWS) -> pl.DataFrame:
    """Plain rows in which up to two columns hold an odd value."""
    random = Random(seed)  # noqa: S311 -- claims, no secrets
    columns = (*POOLS, *OTHERS)
    rows = []
    for _ in range(count):
        row = {name: random.choice(PLAIN.get(name, (None,))) for name in columns}
        for _ in range(random.randrange(3)):
            column = random.choice(columns)
            row[column] = odd_value(random, column)
        rows.append(row)
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String)).with_row_index(ORDINAL, 1)


def held(raw: pl.DataFrame, mapping: Mapping | None = None, constants: dict[str, str | None] | None = None) -> float:
    """Hold the screen to a close look at every row; the share of plain rows."""
    mapping = mapping or Mapping()
    raw = raw.with_columns(pl.col(ORDINAL).cast(pl.Int64))
    layout = Layout({name: name for name in raw.columns if name not in {ORDINAL, FAULT}}, constants or {})
    catalog = load_catalog()
    rules = ScreenRules(CandidateCodes.of(catalog), KNOWN, AS_OF)
    processing = Processing(layout, mapping, rules, PayerIdentities(catalog).of)
    screened = processing.screen(raw)
    lines, result = processing.close_look(raw)
    whole = validate(lines.frame, as_of=AS_OF, known_programs=KNOWN)  # every value, also where the screen has no doubt
    for looked_at, all_values in ((result.errors, whole.errors), (result.warnings, whole.warnings)):
        assert all_values.keys() <= looked_at.keys()
        assert all(looked_at[check].equals(failing) for check, failing in all_values.items())
    assert not {
        name.partition("-")[0] for name in {*result.errors, *result.warnings} - {*whole.errors, *whole.warnings}
    } & set(COLUMNS)
    for found in (result.errors, result.warnings):
        for check, failing in found.items():
            assert not (failing & screened.plain).any(), check
    is_candidate = candidate_code(lines.frame, rules.codes)["hcpcs_code"].is_not_null()
    assert not (is_candidate & screened.plain).any()
    revises = ~lines.frame["claim_frequency_code"].is_in(REVISES_NOTHING)
    assert not (revises & screened.plain).any()
    payers = processing.payer_identity(lines.frame["payer"].unique())
    before, after = key_hashes(screened.values, payers), key_hashes(lines.frame, payers)
    assert not (screened.plain & ~screened.keyed).any()
    assert before.filter(screened.keyed).equals(after.filter(screened.keyed))
    if "charge_amount" in lines.frame.columns and screened.plain.any():
        charge = lines.frame["charge_amount"].filter(screened.plain).cast(pl.Decimal(18, 2))
        assert charge.equals(screened.charge.filter(screened.plain), null_equal=True)
    assert screened.charge.filter(~screened.plain).null_count() == (~screened.plain).sum()
    return float(screened.plain.mean() or 0)  # type: ignore[arg-type] -- of a Boolean column


@pytest.mark.parametrize("seed", first(1, range(3)))
def test_no_row_of_text_passes_the_screen_that_a_close_look_holds_back(seed: int) -> None:
    assert 0.3 < held(text_rows(seed)) < 0.7


@pytest.mark.long
def test_a_mapping_s_words_formats_and_constants_are_seen_through() -> None:
    mapping = Mapping(
        values={
            "claim_type": {"P": "professional"},
            "hcpcs_code": {"IRE": "0600T"},
            "claim_frequency_code": {"9": "7"},
        },
        null_values={"*": ["579"], "member_id": ["M1"]},
        date_formats=("%d/%m/%Y",),
    )  # fmt: skip
    raw = text_rows(11).drop("payer", "line_of_business").with_columns(
        pl.col("claim_type").replace("professional", "P"), pl.col("hcpcs_code").replace("99213", "IRE")
    )  # fmt: skip
    assert 0.1 < held(raw, mapping, {"payer": "Acme", "line_of_business": "commercial"}) < 0.7
    assert held(raw, mapping, {"payer": "Acme", "line_of_business": "no such program"}) == 0
    assert held(raw, mapping, {"payer": "unknown"}) == 0


TYPED: dict[str, tuple[pl.DataType, Callable[[Random], Any]]] = {
    "claim_id": (pl.Int64(), lambda random: random.randrange(-2, 10**12)),
    "claim_line_number": (pl.Int32(), lambda random: random.randrange(-1, 30)),
    "member_id": (pl.Float64(), lambda random: random.choice((1.0, 12345.0, 1.5, float("nan"), 1e17, 0.0))),
    "claim_line_start_date": (
        pl.Datetime("us"),
        lambda random: datetime.combine(date(2024, 1, random.randrange(1, 29)), time(13)),
    ),
    "claim_start_date": (pl.Date(), lambda random: date(random.choice((1980, 2024, 2026, 2300)), 3, 4)),
    "place_of_service_code": (pl.Int64(), lambda random: random.choice((11, 22, 221, 0, None))),
    "hcpcs_code": (pl.Int64(), lambda random: random.choice((99213, 47384, 1, None))),
    "service_unit_quantity": (pl.Float64(), lambda random: random.choice((1.0, 0.0, float("inf"), float("nan"), -1.0))),
    "charge_amount": (
        pl.Float64(),
        lambda random: random.choice((1.25, 0.1 + 0.2, 12.345, float("nan"), 1e16, None, 9400.370000000001)),
    ),
    "paid_amount": (pl.Decimal(18, 4), lambda random: random.choice((None, "1.2500", "1.2345"))),
    "allowed_amount": (pl.Float32(), lambda random: random.choice((None, 1.25, 1.2345))),
    "rendering_npi": (pl.Int64(), lambda random: random.choice((1902000110, 1902000111, 19, None))),
    "claim_frequency_code": (pl.Int64(), lambda random: random.choice((1, 7, 0, None))),
}


@pytest.mark.parametrize("name", first(4, [None, *TYPED]))
def test_typed_columns_pass_the_screen_as_their_text_would(name: str | None) -> None:
    random = Random(5)  # noqa: S311 -- claims, no secrets
    raw = text_rows(7, FEWER)
    typed = [
        pl.Series(column, [make(random) for _ in range(FEWER)], dtype=dtype, strict=False)
        for column, (dtype, make) in TYPED.items()
        if name in (column, None)
    ]  # fmt: skip
    assert held(raw.with_columns(typed)) < 0.7


def test_what_a_reader_refused_is_never_plain() -> None:
    raw = text_rows(3, FEWER).with_columns(pl.lit("row-unreadable-segment").alias(FAULT))
    assert held(raw) == 0


@cache
def rows_of_iso_days() -> pl.DataFrame:
    """Rows of twenty days, so that one odd date among them is rare."""
    raw = text_rows(13, FEWER).drop("claim_end_date")
    day = pl.concat_str(pl.lit("2024-03-"), (pl.int_range(pl.len()) % 20 + 10).cast(pl.String))
    return raw.with_columns(day.alias(name) for name in DATES if name in raw.columns)


def test_dates_that_are_all_iso_text_are_compared_as_text() -> None:
    assert held(rows_of_iso_days()) > 0.3


@pytest.mark.parametrize(
    "odd", first(3, [None, "2024-02-30", "1989-12-31", "2026-11-21", "", "2024-3-4", "0000-00-00"])
)
def test_a_date_among_iso_text_that_is_none_or_out_of_bounds_is_seen(odd: str | None) -> None:
    row = pl.int_range(pl.len()) % 5 == 0
    odd_now_and_then = pl.when(row).then(pl.lit(odd, pl.String)).otherwise("claim_line_start_date")
    assert held(rows_of_iso_days().with_columns(odd_now_and_then.alias("claim_line_start_date"))) > 0.3


@pytest.mark.parametrize("typed", [False, True])
def test_an_empty_column_beside_full_ones_holds_no_row_back(*, typed: bool) -> None:
    full = {name: next(value for value in values if value is not None) for name, values in PLAIN.items()}
    full |= dict.fromkeys([name for name in PLAIN if name.endswith("_date")], "2024-03-04")
    optional = [name for name, values in PLAIN.items() if None in values]
    rows = [full, *(full | {name: None} for name in optional)]
    raw = pl.DataFrame(rows, schema=dict.fromkeys(PLAIN, pl.String)).with_row_index(ORDINAL, 1)
    if typed:
        raw = raw.with_columns(pl.col(name).str.to_date() for name in PLAIN if name.endswith("_date"))
    assert held(raw) == 1
