"""What one cell becomes: dates, amounts, codes, identifiers, and words that mean nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from claims_edit.core.validate import validate
from claims_edit.intake import Mapping, canonicalize
from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.layout import Layout

AS_OF = date(2026, 11, 20)
LINE: dict[str, Any] = {
    "claim_id": "A1", "claim_line_number": "1", "claim_type": "professional", "member_id": "M1",
    "payer": "Florida Blue", "claim_line_start_date": "2024-03-04",
}  # fmt: skip


def read(column: str, value: Any, mapping: Mapping | None = None) -> tuple[Any, set[str], set[str]]:
    """What a cell becomes, and the checks of its column that it fails and that warn of it."""
    series = value if isinstance(value, pl.Series) else pl.Series([value])
    columns = {**{name: pl.Series([text]) for name, text in LINE.items()}, column: series}
    raw = pl.DataFrame(columns).with_row_index(ORDINAL, 1)
    lines = canonicalize(raw, Layout({name: name for name in columns}, {}), mapping or Mapping())
    result = validate(lines.frame, as_of=AS_OF, known_programs=frozenset({"commercial"}))
    found = lines.frame[column].item() if column in lines.frame.columns else None
    own = [{check for check in checks if check.startswith(column)} for checks in (result.errors, result.warnings)]
    return found, own[0], own[1]


def day_of(value: Any, *formats: str) -> Any:
    """The start date that a cell gives, or the check that it fails."""
    found, errors, _ = read("claim_line_start_date", value, Mapping(date_formats=formats))
    return errors.pop().removeprefix("claim_line_start_date-") if errors else str(found)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-04", "20240304", "2024-03-04T00:00:00", "2024-03-04 00:00:00.000", "2024-03-04T23:59:59Z",
        "2024-03-04T00:30:00+14:00", "2024-03-04T23:30:00-0500", "2024-03-04 23:30:00+00", "2024-03-04 10:15",
        "20240304T101500Z", "20240304 10:15:00", "20240304.0", " 2024-03-04 ",
    ],
)  # fmt: skip
def test_dates_and_timestamps_without_a_format_are_the_day_as_written(text: str) -> None:
    assert day_of(text) == "2024-03-04"


@pytest.mark.parametrize(
    "text",
    [
        "03/04/2024", "2024/03/04", "2024-3-4", "04-MAR-2024", "24-03-04", "240304", "2024-03-04T24:00", "2024-03-04T1",
        "2024-03-04 10:61", "2024-03-04x", "x2024-03-04", "2024-02-30", "20240230", "45355", "1709510400000",
        "00240304", "0000-00-00", "2024-0304", "٢٠٢٤-٠٣-٠٤",
    ],
)  # fmt: skip
def test_what_no_rule_reads_is_refused(text: str) -> None:
    assert day_of(text) == ("out-of-range" if text == "00240304" else "unparseable")


@pytest.mark.parametrize("day", ["0001-01-01", "1753-01-01", "19000101", "1899-12-30", "1970-01-01", "1989-12-31"])
@pytest.mark.parametrize("is_typed", [False, True])
def test_a_day_before_1990_is_a_sentinel(day: str, *, is_typed: bool) -> None:
    assert day_of(date.fromisoformat(day) if is_typed else day) == "out-of-range"


def test_the_first_and_the_last_day_are_within_bounds() -> None:
    assert day_of("1990-01-01") == "1990-01-01"
    assert read("claim_end_date", "2199-12-31")[1] == set()
    assert read("claim_end_date", "2200-01-01")[1] == {"claim_end_date-out-of-range"}
    assert read("claim_end_date", date(9999, 12, 31))[1] == {"claim_end_date-out-of-range"}


def test_an_end_after_the_as_of_date_is_refused() -> None:
    assert read("claim_line_end_date", "2026-11-20")[1] == set()
    assert read("claim_line_end_date", "2026-11-21")[1] == {"claim_line_end_date-after-as-of"}


def test_a_typed_timestamp_is_the_day_in_its_zone() -> None:
    moment = pl.Series([datetime(2024, 3, 5, 2, 0, tzinfo=UTC)], dtype=pl.Datetime("us", "UTC"))
    assert day_of(moment) == "2024-03-05"
    assert day_of(moment.dt.convert_time_zone("America/New_York")) == "2024-03-04"


@pytest.mark.parametrize(
    ("form", "text", "day"),
    [
        ("%d-%b-%Y", "04-MAR-2024", "2024-03-04"),
        ("%d-%b-%Y", "4-mar-2024", "2024-03-04"),
        ("%d-%b-%Y", "04-MAR-24", "unparseable"),
        ("%d-%b-%Y", "04-MAR-20245", "unparseable"),
        ("%d-%b-%Y", "04-MAR-2024 x", "unparseable"),
        ("%d-%b-%Y", "04-MARCH-2024", "unparseable"),
        ("%d-%b-%Y", "30-FEB-2024", "unparseable"),
        ("%d-%b-%Y", "04-MAR-1924", "out-of-range"),
        ("%d %B %Y", "4 March 2024", "2024-03-04"),
        ("%d-%b-%y", "04-MAR-24", "2024-03-04"),
        ("%d-%b-%y", "04-MAR-2024", "unparseable"),
        ("%m/%d/%y", "03/04/90", "1990-03-04"),
        ("%m/%d/%y", "03/04/26", "2026-03-04"),
        ("%m/%d/%y", "03/04/89", "after-as-of"),
        ("%m/%d/%Y", "3/4/2024", "2024-03-04"),
        ("%m/%d/%Y", "03/04/24", "unparseable"),
        ("%m%d%Y", "03042024", "2024-03-04"),
        ("%m%d%Y", "3042024", "unparseable"),
        ("%Y%j", "2024064", "2024-03-04"),
        ("%Y%j", "2023366", "unparseable"),
        ("%b %e %Y %I:%M%p", "Mar  4 2024 12:00AM", "2024-03-04"),
        ("%D", "03/04/24", "2024-03-04"),
        ("%-m/%-d/%Y", "3/4/2024", "2024-03-04"),
        ("%d.%m.%Y", "04.03.2024", "2024-03-04"),
        ("%d.%m.%Y", "04x03x2024", "unparseable"),
    ],
)
def test_a_date_format_is_strict(form: str, text: str, day: str) -> None:
    assert day_of(text, form) == day


def test_formats_are_tried_in_order() -> None:
    formats = ("%d-%b-%Y", "%m/%d/%Y", "%d/%m/%Y")
    assert day_of("03/04/2024", *formats) == "2024-03-04"
    assert day_of("25/03/2024", *formats) == "2024-03-25"
    assert day_of("04-MAR-2024", *formats) == "2024-03-04"
    assert day_of("20240304", *formats) == "2024-03-04"


@pytest.mark.parametrize("form", ["%d-%b", "%Y-%m", "%q-%Y", "%Y-%m-%d-%Y", "MM/DD/YYYY", "%Y-%m-%d %"])
def test_a_format_that_names_no_day_is_refused(form: str) -> None:
    with pytest.raises(ValidationError, match="a date format"):
        Mapping(date_formats=(form,))


NOTHING = (
    "NULL", "null", "N/A", "n/a", "NA", "NONE", "None", "NaN", "nan", r"\N", "~", "UNKNOWN", "Unknown", " unknown ",
    "N / A", "(null)", "<NA>", "#N/A", "-", ".", "?", "0", "000", "0000000000", "0.0",
)  # fmt: skip


def read_all(column: str, values: tuple[str, ...]) -> list[tuple[Any, set[str], set[str]]]:
    """What each of many cells of a column becomes, as `read` says it of one."""
    raw = pl.DataFrame([LINE | {column: value} for value in values]).with_row_index(ORDINAL, 1)
    lines = canonicalize(raw, Layout({name: name for name in raw.columns if name != ORDINAL}, {}), Mapping())
    result = validate(lines.frame, as_of=AS_OF, known_programs=frozenset({"commercial"}))
    found = lines.frame[column] if column in lines.frame.columns else [None] * len(values)
    return [
        (
            found[place],
            *(
                {check for check, rows in checks.items() if check.startswith(column) and rows[place]}
                for checks in (result.errors, result.warnings)
            ),
        )
        for place in range(len(values))
    ]


@pytest.mark.parametrize(
    "column",
    [
        "clinical_trial_number", "prior_authorization_number", "condition_codes", "group_id", "line_of_business",
        "hcpcs_code", "hcpcs_modifier_1", "diagnosis_code_2", "place_of_service_code", "rendering_npi",
        "original_claim_id", "claim_filing_indicator_code", "diagnosis_code_type",
        "investigational_device_exemption_number", "value_codes",
    ],
)  # fmt: skip
def test_a_word_that_means_nothing_is_empty(column: str) -> None:
    assert read_all(column, NOTHING) == [(None, set(), set())] * len(NOTHING)
    assert read_all(column, (*NOTHING, "17"))[-1] != (None, set(), set())
    assert read(column, NOTHING[0]) == (None, set(), set())


@pytest.mark.parametrize("column", ["claim_id", "member_id", "payer", "claim_type", "claim_line_start_date"])
def test_a_word_that_means_nothing_is_missing_where_a_value_is_required(column: str) -> None:
    assert [errors for _, errors, _ in read_all(column, NOTHING)] == [{f"{column}-missing"}] * len(NOTHING)
    assert read(column, NOTHING[0])[1] == {f"{column}-missing"}


def test_zeros_are_amounts_and_units() -> None:
    assert read("charge_amount", "0") == (Decimal(0), set(), set())
    assert read("charge_amount", "null") == (None, set(), set())
    assert read("service_unit_quantity", "0") == ("0", set(), {"service_unit_quantity-zero"})
    assert read("service_unit_quantity", "n/a") == (None, set(), set())
    assert read("claim_line_number", "0")[1] == {"claim_line_number-not-a-line-number"}


def test_what_only_looks_like_a_word_stays() -> None:
    for column, value in (("group_id", "NONE1"), ("member_id", "00000001"), ("payer", "Null Health"), ("plan", "NAB")):
        assert read(column, value) == (value, set(), set())
    assert read("diagnosis_code_1", "??")[1] == {"diagnosis_code_1-shape"}


def test_reader_columns_and_what_goes_back_to_the_sender_stay_as_they_are() -> None:
    assert read("line_item_control_number", "0")[0] == "0"
    assert read("line_item_control_number", "12.0")[0] == "12.0"


def test_a_mapping_that_translates_a_word_wins() -> None:
    values = {
        "diagnosis_code_type": {"0": "icd-10-cm"},
        "hcpcs_modifier_1": {"NA": "NA"},
        "payer": {"unknown": "Regence"},
    }
    mapping = Mapping(values=values)
    assert read("diagnosis_code_type", "0", mapping)[0] == "icd-10-cm"
    assert read("hcpcs_modifier_1", "NA", mapping)[0] == "NA"
    assert read("hcpcs_modifier_1", "null", mapping)[0] is None
    assert read("payer", "unknown", mapping) == ("Regence", set(), set())


@pytest.mark.parametrize("end", ["9999-12-31", date(9999, 12, 31)])
def test_a_mapping_translates_typed_values_too(end: Any) -> None:
    mapping = Mapping(values={"claim_end_date": {"9999-12-31": ""}})
    assert read("claim_end_date", end, mapping) == (None, set(), set())
    assert str(read("claim_end_date", date(2024, 3, 5), mapping)[0]) == "2024-03-05"


@pytest.mark.parametrize("value", ["9400.370000000001", 9400.370000000001, "9400.3699999999", "09400.37", " 9400.37 "])
def test_noise_of_binary_floats_is_rounded_the_same_in_every_form(value: Any) -> None:
    assert read("charge_amount", value) == (Decimal("9400.37"), set(), set())


@pytest.mark.parametrize(
    "value",
    ["208.896", 208.896, Decimal("208.896"), "1.00001", 1.00001, "1e3", "1,250.00", "$5", "(5.00)", "five", 1e16],
)
def test_a_charge_that_cannot_be_read_is_refused(value: Any) -> None:
    assert read("charge_amount", value)[1] == {"charge_amount-unparseable"}


@pytest.mark.parametrize("value", ["1.1368683772161603e-13", 1.1368683772161603e-13, "-0.0000000001"])
def test_noise_around_zero_is_zero(value: Any) -> None:
    assert read("charge_amount", value) == (Decimal(0), set(), set())


@pytest.mark.parametrize("column", ["paid_amount", "allowed_amount"])
def test_a_paid_or_allowed_amount_never_costs_a_line(column: str) -> None:
    assert read(column, "208.89600000000002") == (Decimal("208.90"), set(), set())
    assert read(column, 208.89600000000002) == (Decimal("208.90"), set(), set())
    for value in ("1,250.00", "$5", "ten", "1e3", Decimal(10**20)):
        assert read(column, value)[1:] == (set(), {f"{column}-unparseable"})


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("claim_line_number", "1.0", "1"), ("hcpcs_code", "47384.0", "47384"), ("place_of_service_code", "11.0", "11"),
        ("claim_frequency_code", "7.0", "7"), ("original_claim_id", "20240001.0", "20240001"),
        ("claim_id", "7.00", "7"), ("member_id", "100.0", "100"), ("group_id", "17.0", "17"),
        ("condition_codes", "30.0", "30"), ("rendering_npi", "1902000110.0", "1902000110"),
        ("diagnosis_code_1", "C61.0", "C610"), ("plan", "A.0", "A.0"),
    ],
)  # fmt: skip
def test_a_fraction_of_zeros_is_no_part_of_a_code(column: str, text: str, value: str) -> None:
    assert read(column, text) == (value, set(), set())
    if text.replace(".", "").isdigit():
        found, errors, warnings = read(column, float(text))
        assert (str(found), errors, warnings) == (value, set(), set())


@pytest.mark.parametrize("column", ["claim_id", "member_id", "person_id", "group_id", "original_claim_id"])
def test_an_identifier_in_exponent_form_is_refused_by_name(column: str) -> None:
    for text in ("2.02403E+11", "1E5", "1e+16", "2.02403e11", "2,02403E+11", "12E+10", 2.0**80):
        assert read(column, text)[1] == {f"{column}-exponent"}, text
    for text in ("E11", "12345E6", "A1E5", "2024-03E", "1E5A", "123E4567"):
        assert read(column, text) == (text, set(), set())


@pytest.mark.parametrize("npi", ["190200011", "19020001100", "190200011O", "1.902E+09", "x" * 2000, "a\nb"])
def test_a_malformed_npi_only_warns(npi: str) -> None:
    for column in ("rendering_npi", "billing_npi", "facility_npi"):
        found, errors, warnings = read(column, npi)
        assert (errors, warnings) == (set(), {f"{column}-shape"})
        assert found == npi.upper()


def test_a_wrong_check_digit_of_an_npi_warns() -> None:
    assert read("billing_npi", "1902000110")[2] == set()
    wrong = [f"190200011{digit}" for digit in range(1, 10)]
    assert {frozenset(read("billing_npi", npi)[2]) for npi in wrong} == {frozenset({"billing_npi-luhn"})}


@pytest.mark.parametrize("kind", ["10", "9", "ICD10", "icd-9", "ICD-O", "SNOMED", "A"])
def test_an_unknown_code_type_is_refused_not_taken_for_the_default(kind: str) -> None:
    assert read("diagnosis_code_type", kind)[1] == {"diagnosis_code_type-shape"}


@pytest.mark.parametrize("code", ["01", "11", "#", "void", "-1"])
def test_an_unknown_frequency_is_refused_not_taken_for_the_default(code: str) -> None:
    assert read("claim_frequency_code", code)[1] == {"claim_frequency_code-shape"}


def test_the_distinct_values_of_a_batch_are_all_of_them_but_of_columns_that_do_not_repeat() -> None:
    rows = [
        LINE | {"claim_id": claim, "member_id": member} for claim, member in (("C0", "M1"), ("C1", "M2"), ("C2", "0"))
    ]
    raw = pl.DataFrame(rows).with_row_index(ORDINAL, 1)
    lines = canonicalize(raw, Layout({name: name for name in LINE}, {}), Mapping())
    assert {name: set(series) for name, series in lines.distinct.items()} == {
        name: set(lines.frame[name]) for name in lines.distinct
    }
    assert "claim_id" not in lines.distinct
    assert lines.frame["member_id"].to_list() == ["M1", "M2", None]


@pytest.mark.parametrize("column", ["claim_id", "member_id", "group_id", "original_claim_id"])
@pytest.mark.parametrize("value", ["#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!"])
def test_an_error_value_of_a_spreadsheet_is_no_identifier(column: str, value: str) -> None:
    assert read(column, value)[1] == {f"{column}-spreadsheet-error"}
    assert read("clinical_trial_number", value)[0] == value  # evidence that is not understood stays evidence


@pytest.mark.parametrize(
    ("code", "is_clear"),
    [
        *((code, True) for code in ("CH", "ch", " 16 ", "16.0", "XX", "NULL", None)),
        *((code, False) for code in ("C", "CHX", "-CH", "C H", "'CH'", "?CH", "CH:", '="CH"', "true", '["CH"]', "1")),
    ],
)
def test_a_claim_filing_indicator_that_is_no_code_is_a_doubt(code: str | None, *, is_clear: bool) -> None:
    column = "claim_filing_indicator_code"
    rows = [LINE | {column: code}, LINE | {column: "BL"}]
    raw = pl.DataFrame(rows, schema_overrides={column: pl.String}).with_row_index(ORDINAL, 1)
    lines = canonicalize(raw, Layout({name: name for name in rows[0]}, {}), Mapping())
    found = lines.frame["doubts"].to_list() if "doubts" in lines.frame.columns else [None, None]
    assert found == [None if is_clear else f"{column}-unknown@{column}", None]


@pytest.mark.parametrize("column", ["condition_codes", "value_codes"])
@pytest.mark.parametrize("doubts", [None, "diagnosis-unresolved@diagnosis"])
@pytest.mark.parametrize(
    ("codes", "is_clear"),
    [
        ("30", True), ("30 a6", True), ("30,A6;B7|C8", True), ("30/A6", True), ("30.0", True), (" 30 ", True),
        (None, True), ("30A6", False), ("130", False), ("3", False), ("30 A", False), ("30;A60", False), ("NULL", True),
        ("3 0", False),
    ],
)  # fmt: skip
def test_a_code_that_has_not_two_characters_is_a_doubt(
    column: str, doubts: str | None, codes: str | None, *, is_clear: bool
) -> None:
    rows = [LINE | {column: codes, "doubts": doubts}, LINE | {column: "44", "doubts": None}]
    raw = pl.DataFrame(rows, schema_overrides={column: pl.String, "doubts": pl.String}).with_row_index(ORDINAL, 1)
    lines = canonicalize(raw, Layout({name: name for name in rows[0]}, {}), Mapping())
    expected = " ".join(filter(None, (doubts, None if is_clear else f"{column}-unknown@{column}")))
    found = lines.frame["doubts"].to_list() if "doubts" in lines.frame.columns else [None, None]
    assert found == [expected or None, None]
