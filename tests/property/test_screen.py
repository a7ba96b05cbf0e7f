"""The screen compared with validation, row by row: a plain row is one that a close look finds nothing in."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import pytest

from claims_edit.columns import COLUMNS, REQUIRED, ValueKind
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
from claims_edit.value_rules import value_rules
from tests.lib.examples import first
from tests.lib.line_values import LINE_VALUES, as_long_as_allowed
from tests.property.test_validation_oracle import AS_OF, ICD_9, KNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROWS = 10_000
FEWER = 2_500  # where one column is typed or read in another way, and the others are as in the text
ALPHABET = "01579AENUeklx.-+ /#~?\t\n\u00a0\u00e9\"'()"
DRAWS = 4  # of the numbered columns (diagnoses, procedures, modifiers) each draw has the first two, and every fourth
ALWAYS = 2
DATES = [name for name, column in COLUMNS.items() if column.kind is ValueKind.DATE]


def odd_value(random: Random, column: str) -> str | None:
    """A value that may be anything: of the column's own, a placeholder word, a date, a number, or noise."""
    kind = random.randrange(6)
    if kind == 0:
        return random.choice(LINE_VALUES[column].odd)
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


def plain_columns(random: Random, columns: Iterable[str], count: int) -> dict[str, list[str | None]]:
    """Rows of plain values, by column."""
    return {name: random.choices(LINE_VALUES[name].plain, k=count) for name in columns}


def as_raw(columns: dict[str, list[str | None]]) -> pl.DataFrame:
    """Rows of text as a reader returns them."""
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_row_index(ORDINAL, 1)


def drawn_columns(draw: int) -> list[str]:
    """The columns of one draw: DRAWS of them have every column."""
    numbers = {name: name.rpartition("_")[2] for name in COLUMNS}
    left_out = {
        name
        for name, number in numbers.items()
        if number.isdecimal() and int(number) > ALWAYS and int(number) % DRAWS != draw % DRAWS
    }
    return [name for name in COLUMNS if name not in left_out]


@cache
def text_rows(seed: int, count: int = ROWS) -> pl.DataFrame:
    """Plain rows in which up to two columns hold an odd value."""
    random = Random(seed)  # noqa: S311 -- claims, no secrets
    names = drawn_columns(seed)
    columns = plain_columns(random, names, count)
    for row in range(count):
        for column in random.choices(names, k=random.randrange(3)):
            columns[column][row] = odd_value(random, column)
    return as_raw(columns)


@cache
def each_value() -> pl.DataFrame:
    """A plain row; the same with each value of each column in turn; and without all columns of which one is needed."""
    given = [
        ((name,), value)
        for name, values in LINE_VALUES.items()
        for value in dict.fromkeys((*values.plain, *values.odd, *as_long_as_allowed(name)))
    ]
    given += [(group, None) for group in REQUIRED]
    columns = {name: [values.plain[0]] * (len(given) + 1) for name, values in LINE_VALUES.items()}
    for row, (names, value) in enumerate(given, 1):
        for name in names:
            columns[name][row] = value
    return as_raw(columns)


def processing_of(
    raw: pl.DataFrame, mapping: Mapping | None = None, constants: dict[str, str | None] | None = None
) -> Processing:
    """How rows are processed, under the rules of the project."""
    layout = Layout({name: name for name in raw.columns if name not in {ORDINAL, FAULT}}, constants or {})
    catalog = load_catalog()
    rules = ScreenRules(CandidateCodes.of(catalog), KNOWN, AS_OF)
    return Processing(layout, mapping or Mapping(), rules, PayerIdentities(catalog).of)


class Held(NamedTuple):
    """What `look` found: which rows are plain, and the checks that any row fails, or that warn of any."""

    plain: pl.Series
    checks: set[str]


def held(raw: pl.DataFrame, mapping: Mapping | None = None, constants: dict[str, str | None] | None = None) -> float:
    """Hold the screen to a close look at every row; the share of plain rows."""
    return float(look(raw, mapping, constants).plain.mean() or 0)  # type: ignore[arg-type] -- of a Boolean column


def look(raw: pl.DataFrame, mapping: Mapping | None = None, constants: dict[str, str | None] | None = None) -> Held:
    """Hold the screen to a close look at every row."""
    raw = raw.with_columns(pl.col(ORDINAL).cast(pl.Int64))
    processing = processing_of(raw, mapping, constants)
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
    is_candidate = candidate_code(lines.frame, processing.rules.codes)["hcpcs_code"].is_not_null()
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
    return Held(screened.plain, {*whole.errors, *whole.warnings})


OF_ROWS = {
    *(f"{group[0]}-missing" for group in REQUIRED),
    *(f"{name}-after-as-of" for name in ("claim_line_start_date", "claim_line_end_date")),
    "claim_line_end_date-before-start",
    "line_of_business-unknown",
    "service_unit_quantity-zero",
}


def test_each_value_of_each_column_is_screened_as_a_close_look_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a column without values, or a check that none of them fails, the comparison says nothing."""
    assert LINE_VALUES.keys() == COLUMNS.keys(), "tests/lib/line_values.py has the values of each column"
    assert {name for draw in range(DRAWS) for name in drawn_columns(draw)} == COLUMNS.keys()
    raw = each_value()
    found = look(raw)
    of_values = {f"{name}-{fault}" for name, column in COLUMNS.items() for fault in value_rules(column)}
    assert found.checks == of_values | OF_ROWS
    assert found.plain[0]
    plain = raw.filter(found.plain)
    assert not [name for name in COLUMNS if plain[name].null_count() == plain.height]
    monkeypatch.setattr("claims_edit.core.screen.FEW", raw.height)  # no column counts as one that repeats its values
    assert processing_of(raw).screen(raw).plain.equals(found.plain)


@pytest.mark.parametrize("seed", first(1, range(DRAWS)))
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


@pytest.mark.parametrize(
    ("name", "dtype", "plain", "odd"),
    [
        ("claim_line_number", pl.Int64(), [1, 25, 10**18], [0, -1, 10**18 + 1]),
        ("charge_amount", pl.Float64(), [0.1 + 0.2, 1.25, -9400.370000000001, None], [12.345, 1e16, float("inf")]),
    ],
)
def test_a_typed_number_is_plain_up_to_its_bounds(
    name: str, dtype: pl.DataType, plain: list[float | None], odd: list[float]
) -> None:
    values = [*plain, *odd]
    raw = as_raw({column: [given.plain[0]] * len(values) for column, given in LINE_VALUES.items()})
    found = look(raw.with_columns(pl.Series(name, values, dtype=dtype)))
    assert found.plain.to_list() == [True] * len(plain) + [False] * len(odd)


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
    full = {name: next(value for value in values.plain if value is not None) for name, values in LINE_VALUES.items()}
    full |= dict.fromkeys(DATES, "2024-03-04")
    optional = [name for name, values in LINE_VALUES.items() if None in values.plain]
    rows = [full, *(full | {name: None} for name in optional)]
    raw = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String)).with_row_index(ORDINAL, 1)
    if typed:
        raw = raw.with_columns(pl.col(name).str.to_date() for name in DATES)
    assert held(raw) == 1
