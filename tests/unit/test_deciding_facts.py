"""The sets of a line as text: distinct values, sorted, as earlier releases wrote them, for digests are compared."""

from __future__ import annotations

import polars as pl

from claims_edit.core.deciding_facts import SETS, deciding_facts
from claims_edit.core.schema import CANDIDATE_SCHEMA

VALUES = [["C61", None, "C220"], ["B20", "C61", "B20"], [None, None, None], ["", None, ""], ["", "A01", None]]


def test_a_set_is_its_distinct_values_in_order() -> None:
    for name, columns in SETS.items():
        lines = pl.DataFrame(
            {column: [row[place] for row in VALUES] for place, column in enumerate(columns[1:4])}
        ).with_columns(pl.lit(None, dtype).alias(n) for n, dtype in CANDIDATE_SCHEMA.items() if n not in columns[1:4])
        expected = [" ".join(sorted({value for value in row if value is not None})) or None for row in VALUES]
        assert deciding_facts(lines)[name].to_list() == expected


def test_no_lines_have_no_sets() -> None:
    assert deciding_facts(pl.DataFrame(schema=CANDIDATE_SCHEMA)).height == 0
