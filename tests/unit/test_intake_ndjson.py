"""NDJSON values of other types than text and number: refused by name, as what they say is not understood."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.intake import load_mapping, open_extract, sniff
from claims_edit.intake.extract import FAULT

if TYPE_CHECKING:
    from pathlib import Path

LINE = {
    "claim_id": "C1", "claim_line_number": 1, "claim_type": "professional", "member_id": "M1", "payer": "Premera",
    "claim_start_date": "2024-01-05", "hcpcs_code": "0600T", "group_id": "G1", "condition_codes": None,
    "claim_filing_indicator_code": None, "paid_amount": 1.5,
}  # fmt: skip
TRANSLATED = "values: {claim_type: {'true': professional}}"


def faults(folder: Path, *lines: dict[str, Any], mapping: str = "") -> list[str | None]:
    """What each line is refused for."""
    path, mapped = folder / "lines.ndjson", folder / "mapping.yaml"
    path.write_text("".join(json.dumps(line) + "\n" for line in (LINE, *lines, LINE)))
    mapped.write_text(mapping)
    extract = open_extract(sniff(path, "auto"), load_mapping(mapped if mapping else None), folder)
    sound, *found, last = (fault for batch in extract.batches(100) for fault in batch[FAULT].to_list())
    assert (sound, last) == (None, None)
    return found


@pytest.mark.parametrize("value", [["X"], {"value": "X"}, [], {}, [["X"]], True, False])
@pytest.mark.parametrize("column", ["claim_filing_indicator_code", "group_id", "payer", "claim_line_number"])
def test_a_nested_value_or_a_boolean_refuses_the_row_by_name(tmp_path: Path, column: str, value: Any) -> None:
    assert faults(tmp_path, LINE | {column: value}) == [f"row-bad-field:{column}"]


@pytest.mark.parametrize(
    "more",
    [
        {"group_id": "[X] true: {}"},  # a text that looks like one
        {"condition_codes": ["30", "A6"]},  # several codes
        {"paid_amount": [1]},  # decides nothing
        {"other": {"x": [True]}},  # nothing reads it
        {"group_id": None},
    ],
)
def test_texts_numbers_and_what_decides_nothing_are_read(tmp_path: Path, more: dict[str, Any]) -> None:
    assert faults(tmp_path, LINE | more) == [None]


def test_several_columns_of_a_row_are_named(tmp_path: Path) -> None:
    found = faults(tmp_path, LINE | {"group_id": True, "condition_codes": {"code": "30"}}, LINE | {"payer": {}})
    assert found == ["row-bad-field:group_id row-bad-field:condition_codes", "row-bad-field:payer"]


def test_a_boolean_that_the_mapping_translates_is_read(tmp_path: Path) -> None:
    given = [LINE | {"claim_type": True}, LINE | {"claim_type": [True]}]
    assert faults(tmp_path, *given, mapping=TRANSLATED) == [None, "row-bad-field:claim_type"]
