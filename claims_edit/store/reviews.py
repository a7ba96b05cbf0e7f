"""The work list in SQL: each review that is current once, since when it is open, its priority, and what to ask.

A report of an older run has the list as of that run: what later runs withdrew from it is in `withdrawals`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims_edit.doubts import DOUBTS, OF_CLAIM
from claims_edit.edits import ASKS
from claims_edit.edits.coverage import criteria_review
from claims_edit.model import DECISION_COLUMNS, DECISION_LOCATION, HCPCS_LENGTH, POSTED, Disposition, Mode
from claims_edit.rule_files.tables import EACH_100_OF_CHARGE, EACH_NIGHT_OPEN

if TYPE_CHECKING:
    from collections.abc import Mapping

SEEN_COLUMNS = ("first_seen", "last_seen", "times_seen")
REVIEW_COLUMNS = (*DECISION_COLUMNS, *SEEN_COLUMNS, "nights_open", "priority", "ask")
REVIEW_ORDER = f"priority DESC, first_seen, run_id, {', '.join(DECISION_LOCATION)}"
RULE_COLUMNS = {"name": "VARCHAR", "weight": "BIGINT", "ask": "VARCHAR"}
"""Of `review_rules`: a weight of the priority, or an edit or doubt with its weight and what to ask."""
_CRITERIA_OF = "criteria of "
"""Before `<policy_id> <policy_version>`: the name of what to ask about the version's criteria."""
_LOCATION = ", ".join(DECISION_LOCATION)
_DECISION = ", ".join(DECISION_COLUMNS)
_DECIDED = f"decided_run_id, decided_source_file, decided_source_row, {', '.join(DECISION_LOCATION[2:])}"
_IS_REVIEW = f"disposition = '{Disposition.REVIEW}'"
LATEST_RUN = f"(SELECT max(run_id) FROM runs WHERE mode = '{Mode.ENFORCE}')"  # noqa: S608 -- our own words


def review_rules_sql(run: Mapping[str, Any]) -> str:
    """The rows of `review_rules` for the rules of a run, by its manifest, as a table expression."""
    weights: dict[str, int] = run.get("review_weights", {})
    criteria = {f"{_CRITERIA_OF}{version}": ask for version, ask in run.get("criteria_asks", {}).items()}
    asks = ASKS | {doubt.name: doubt.remedy for doubt in DOUBTS.values()} | criteria
    names = sorted({*weights, *asks})
    rows = (f"({text_sql(name)}, {weights.get(name, 0)}, {text_sql(asks.get(name))})" for name in names)
    return f"(VALUES {', '.join(rows)}) AS review_rules({', '.join(RULE_COLUMNS)})"


def text_sql(value: str | None) -> str:
    """A text as a literal of SQL."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def open_reviews_sql(run: str) -> str:
    """The reviews that were current after a run (a run id, or a subquery) of the DuckDB file, with SEEN_COLUMNS."""
    seen = ", ".join(f"arg_max({name}, run_id) AS {name}" for name in SEEN_COLUMNS)
    return f"""
    WITH made AS (
        SELECT {_DECISION} FROM decisions SEMI JOIN (
            SELECT run_id, {_LOCATION} FROM history
            WHERE mode = '{Mode.ENFORCE}' AND effect IN {tuple(map(str, POSTED))} AND run_id <= {run}
        ) AS made USING (run_id, {_LOCATION})
        ANTI JOIN (SELECT decided_run_id AS run_id, {_LOCATION} FROM withdrawals) AS gone USING (run_id, {_LOCATION})
        WHERE {_IS_REVIEW}
        UNION ALL BY NAME
        SELECT {_DECISION.replace("run_id", "decided_run_id AS run_id", 1)} FROM withdrawals
        WHERE {_IS_REVIEW} AND run_id > {run} AND decided_run_id <= {run}
    ), seen AS (
        SELECT {_DECIDED}, {seen} FROM history SEMI JOIN (
            SELECT run_id AS decided_run_id, source_file AS decided_source_file, source_row AS decided_source_row,
                {", ".join(DECISION_LOCATION[2:])} FROM made
        ) AS listed USING ({_DECIDED})
        WHERE mode = '{Mode.ENFORCE}' AND run_id <= {run} GROUP BY ALL
    )
    SELECT made.*, {", ".join(SEEN_COLUMNS)} FROM made JOIN seen ON made.run_id = seen.decided_run_id
        AND source_file = decided_source_file AND source_row = decided_source_row
        AND {" AND ".join(f"made.{name} = seen.{name}" for name in DECISION_LOCATION[2:])}"""  # noqa: S608 -- our own words


def reviews_sql(opened: str, rules: str, as_of: str) -> str:
    """The work list: REVIEW_COLUMNS, in no order.

    Args:
        opened: the open reviews (a table expression).
        rules: `review_rules` (a table expression).
        as_of: the night until which they are open.
    """
    charge = f"greatest(coalesce(charge_amount, 0), 0) / 100 * {_weight(EACH_100_OF_CHARGE)}"
    nights = f"nights_open * {_weight(EACH_NIGHT_OPEN)}"
    priority = f"CAST(floor({charge} + {nights} + coalesce(rules.weight, 0)) AS BIGINT)"
    return f"""
    WITH rules AS (SELECT * FROM {rules}), opened AS (
        SELECT *, greatest({as_of} - first_seen, 0) AS nights_open FROM {opened}
    ), of_doubts AS (
        SELECT doubts, string_agg(DISTINCT ask, ' ' ORDER BY ask) AS remedies FROM (
            SELECT doubts, unnest(string_split(doubts, ', ')) AS name
            FROM (SELECT DISTINCT doubts FROM opened WHERE doubts IS NOT NULL)
        ) JOIN rules USING (name) GROUP BY doubts
    )
    SELECT opened.*, {_of_its_claim(priority)} AS priority,
        nullif(concat_ws(' ', rules.ask, remedies, criteria.ask), '') AS ask
    FROM opened LEFT JOIN rules ON rules.name = opened.reason_code LEFT JOIN of_doubts USING (doubts)
    LEFT JOIN rules AS criteria ON opened.reason_code = '{criteria_review.id}'
        AND criteria.name = '{_CRITERIA_OF}' || policy_id || ' ' || policy_version"""  # noqa: S608 -- our own words


def _of_its_claim(priority: str) -> str:
    """The priority of a line; of one whose code is a procedure of its claim, the highest of these lines of the claim.

    They are decided together, and so are next to each other in the list.
    """
    of_claim = f"(length(hcpcs_code) <> {HCPCS_LENGTH} OR coalesce(contains(opened.doubts, '{OF_CLAIM}'), false))"
    claim = "run_id, data_source, payer_raw, member_id, billing_npi, claim_id"
    return f"CASE WHEN {of_claim} THEN max({priority}) OVER (PARTITION BY {claim}, {of_claim}) ELSE {priority} END"


def no_reviews_sql(opened: str) -> str:
    """A work list without a row, where it is known that `opened` has none."""
    return f"SELECT *, 0::BIGINT AS nights_open, 0::BIGINT AS priority, ''::VARCHAR AS ask FROM {opened} LIMIT 0"  # noqa: S608 -- our own words


def _weight(name: str) -> str:
    return f"coalesce((SELECT weight FROM rules WHERE name = '{name}'), 0)"  # noqa: S608 -- our own words
