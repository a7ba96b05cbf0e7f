"""SQL that selects, in a warehouse, the claim lines that a run needs, so that the others never leave it.

A run over the selected lines decides as a run over all of them. The selection is wider than the rules: a code counts in
any form (as in the quarantine's `candidate_code`), and ids are compared by their letters and digits alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING

from claims_edit.errors import UsageError
from claims_edit.intake.placeholders import WORDS
from claims_edit.model import LINE_CODE, PROCEDURE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from claims_edit.core.candidate_codes import CandidateCodes

OPTIONAL = ("original_claim_id", "charge_amount")
"""Columns that a table may lack: Tuva's has no `original_claim_id`."""
MOST_PROCEDURES = len(PROCEDURE_COLUMNS)
_BETWEEN = "|"
_TABLE = re.compile(r"""[\w.$"`-]+""")


@dataclass(frozen=True)
class Dialect:
    """What the dialects write differently."""

    text: str = "STRING"
    money: str = "DECIMAL(18, 2)"
    try_cast: str = "TRY_CAST"
    but: str = "EXCEPT"  # SELECT * without some columns
    every: str = ""  # the argument of REGEXP_REPLACE that replaces every match, where it is not the default


DIALECTS = {
    "duckdb": Dialect(text="VARCHAR", but="EXCLUDE", every=", 'g'"),
    "snowflake": Dialect(text="VARCHAR", but="EXCLUDE"),
    "bigquery": Dialect(money="NUMERIC", try_cast="SAFE_CAST"),
    "databricks": Dialect(),
}

_LINES = Template("""\
-- The claim lines that a run of claims-edit needs: those whose code text holds a candidate code, and every line of the
-- claims that these belong to or name, or that name them. Rule pack: $rules_hash.
WITH keyed AS (
    SELECT
        *,
        $is_candidate AS edit_candidate,
        $claim AS edit_claim,
        $original AS edit_original
    FROM $table
),
candidate_claims AS (
    SELECT edit_claim AS claim FROM keyed WHERE edit_candidate AND edit_claim IS NOT NULL
    UNION ALL
    SELECT edit_original FROM keyed WHERE edit_candidate AND edit_original IS NOT NULL$known
),
-- What those claims name and what names them; a replacement that names an unknown claim replaces its own number.
linked_claims AS (
    SELECT claim FROM candidate_claims
    UNION ALL
    SELECT edit_claim FROM keyed
    WHERE edit_claim IS NOT NULL AND edit_original IN (SELECT claim FROM candidate_claims)
    UNION ALL
    SELECT edit_original FROM keyed
    WHERE edit_original IS NOT NULL AND edit_claim IN (SELECT claim FROM candidate_claims)
)
SELECT * $but (edit_candidate, edit_claim, edit_original)
FROM keyed
WHERE edit_candidate OR edit_claim IN (SELECT claim FROM linked_claims);
""")
_KNOWN = Template("""
    UNION ALL
    SELECT $claim FROM $known WHERE $claim IS NOT NULL""")
_TOTALS = Template("""\
-- Control totals of all lines of the table: a run over all of them has rows_read = line_count.
SELECT
    COUNT(*) AS line_count,
    SUM(CASE WHEN $is_candidate THEN 1 ELSE 0 END) AS candidate_lines$charges
FROM $table;
""")
_CHARGES = Template(""",
    SUM($charge) AS charges,
    SUM(CASE WHEN charge_amount IS NOT NULL AND $charge IS NULL THEN 1 ELSE 0 END) AS unreadable_charges""")


def warehouse_query(
    codes: CandidateCodes,
    rules_hash: str,
    dialect: str,
    table: str,
    known: str | None,
    without: Collection[str],
    procedures: int = MOST_PROCEDURES,
) -> str:
    """Two statements: the lines that a run needs, and the control totals of all lines.

    Args:
        codes: the candidate codes of the rules.
        rules_hash: the hash of the rule pack, for a comment.
        dialect: one of DIALECTS.
        table: the claim lines, with the canonical columns.
        known: a table whose `claim_id` are the claims decided on earlier nights, whose lines are selected too.
        without: which OPTIONAL columns the table lacks.
        procedures: how many of the columns `procedure_code_1` and on it has.

    Raises:
        UsageError: a table is not a name.
    """
    for name in (table, known):
        if name is not None and not _TABLE.fullmatch(name):
            raise UsageError("--table, --known: not the name of a table. Give one, as in: database.schema.table")
    form = DIALECTS[dialect]
    claim, original = (_claim(column, form) for column in ("claim_id", "original_claim_id"))
    charge = f"ROUND({form.try_cast}(CAST(charge_amount AS {form.text}) AS {form.money}), 2)"
    places = {
        "table": table,
        "but": form.but,
        "rules_hash": rules_hash,
        "claim": claim,
        "original": f"CAST(NULL AS {form.text})" if "original_claim_id" in without else original,
        "is_candidate": _holds_code(codes, form, PROCEDURE_COLUMNS[:procedures]),
        "known": _KNOWN.substitute(claim=claim, known=known) if known is not None else "",
        "charges": "" if "charge_amount" in without else _CHARGES.substitute(charge=charge),
    }
    return _LINES.substitute(places) + "\n" + _TOTALS.substitute(places)


def _alphanumeric(column: str, form: Dialect) -> str:
    return f"REGEXP_REPLACE(UPPER(CAST({column} AS {form.text})), '[^0-9A-Z]', ''{form.every})"


def _holds_code(codes: CandidateCodes, form: Dialect, procedures: Sequence[str]) -> str:
    own = f"COALESCE({_alphanumeric(LINE_CODE, form)}, '')"
    holds = [f"{own} LIKE '%{code}%'" for code in sorted(codes.of_lines)]
    if procedures:
        texts = f" || '{_BETWEEN}' || ".join(f"COALESCE(CAST({name} AS {form.text}), '')" for name in procedures)
        given = f"REGEXP_REPLACE(UPPER({texts}), '[^0-9A-Z{_BETWEEN}]', ''{form.every})"
        groups = [[codes.alone], *([[member] for member in members] for _, members in codes.together)]
        holds += [
            " AND ".join(f"REGEXP_REPLACE({given}, '{'|'.join(each)}', ''{form.every}) <> {given}" for each in group)
            for group in groups
        ]
    return "(" + " OR ".join(holds) + ")"


def _claim(column: str, form: Dialect) -> str:
    """An id as it is compared: its letters and digits, `?` if it has none; null if empty or a word for empty."""
    text = f"UPPER(TRIM(CAST({column} AS {form.text})))"
    words = ", ".join(f"'{word}'" for word in sorted(WORDS) if "\\" not in word)
    is_empty = f"{column} IS NULL OR REPLACE({text}, '0', '') = '' OR {text} IN ({words})"
    return f"CASE WHEN {is_empty} THEN NULL ELSE COALESCE(NULLIF({_alphanumeric(column, form)}, ''), '?') END"
