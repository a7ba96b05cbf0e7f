"""Plain candidate lines for tests of the rules: all that a case does not name is as unremarkable as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.engine import decide
from tests.lib.candidates import CANDIDATE_SCHEMA, CONTRACT_SCHEMA, REVISION_SCHEMA

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

_PLAIN = {
    "source_file": "extract.csv", "data_source": "extract", "claim_line_number": 1, "claim_type": "professional",
    "member_id": "M1", "line_of_business": "commercial", "diagnosis_code_type": "icd-10-cm",
    "diagnosis_code_1": "C259", "claim_frequency_code": "1",
}  # fmt: skip


def decided(catalog: Catalog, *lines: dict[str, Any]) -> list[dict[str, Any]]:
    """The decisions on lines of one service day each (`on`), in the order given."""
    rows = [
        dict.fromkeys(CANDIDATE_SCHEMA)
        | _PLAIN
        | {"claim_id": f"C{number}", "source_row": number}
        | {"service_start_date": line["on"], "service_end_date": line["on"]}
        | {column: value for column, value in line.items() if column != "on"}
        for number, line in enumerate(lines, start=1)
    ]
    return decide(
        pl.DataFrame(rows, schema=CANDIDATE_SCHEMA),
        catalog,
        revisions=pl.LazyFrame(schema=REVISION_SCHEMA),
        contracts=pl.DataFrame(schema=CONTRACT_SCHEMA),
    ).to_dicts()


def decided_one(catalog: Catalog, **line: Any) -> dict[str, Any]:
    """The decision on one line."""
    return decided(catalog, line)[0]
