"""The SQL of the views of the DuckDB file: current decisions, shadow runs beside them, the work list."""

from __future__ import annotations

from claims_edit.model import CURRENT, DECISION_COLUMNS, DECISION_LOCATION, Mode
from claims_edit.store.reviews import LATEST_RUN, open_reviews_sql, reviews_sql

CLAIM = "coalesce(payer, payer_raw), data_source, member_id, claim_id, billing_npi"
"""The identity of a claim in SQL: as in a run (ADR 0013), but with the NPI as the only billing provider id."""
_CLAIM_LINE = f"{CLAIM}, claim_line_number"


# The decisions of each claim line's latest shadow run. A payer that a run did not recognize is the one that other runs
# have under that name: after it is added to the rules, its lines must not be there twice.
_SHADOW_DECISIONS = f"""
    WITH known AS (
        SELECT payer_raw, max(payer) AS payer FROM decisions WHERE payer IS NOT NULL GROUP BY payer_raw
    )
    SELECT d.* FROM decisions AS d LEFT JOIN known USING (payer_raw) WHERE d.mode = '{Mode.SHADOW}'
    QUALIFY d.run_id = max(d.run_id) OVER (
        PARTITION BY coalesce(d.payer, known.payer, d.payer_raw), d.data_source, d.member_id, d.claim_id, d.billing_npi,
            d.claim_line_number
    )"""  # noqa: S608 -- our own words


def shadow_vs_enforced(shadow: str) -> str:
    """The SQL of shadow decisions (a table expression), each with the current decision of its line.

    A claim and its replacement share the key of a line: `nth` pairs them in order. A payer that only one of the two
    rule packs recognizes has two keys and one name. If two enforced decisions match, the one with the same key is used,
    then the latest.
    """
    return f"""
    WITH shadow AS (
        SELECT *, row_number() OVER (PARTITION BY {_CLAIM_LINE} ORDER BY source_file, source_row) AS nth
        FROM {shadow}
    ), enforced AS (
        SELECT *, row_number() OVER (PARTITION BY {_CLAIM_LINE} ORDER BY source_file, source_row) AS nth
        FROM current_decisions
    )
    SELECT s.data_source, s.claim_id, s.claim_line_number, s.payer_raw, s.payer, s.program, s.billing_npi, s.hcpcs_code,
        s.service_start_date, s.charge_amount,
        (e.disposition, e.reason_code, e.group_code) IS DISTINCT FROM (s.disposition, s.reason_code, s.group_code)
            AS changed,
        e.disposition AS enforced_disposition, s.disposition AS shadow_disposition,
        e.reason_code AS enforced_reason_code, s.reason_code AS shadow_reason_code,
        e.edits[1] AS enforced_edit, s.edits[1] AS shadow_edit,
        e.group_code AS enforced_group_code, s.group_code AS shadow_group_code,
        e.policy_version AS enforced_policy_version, s.policy_version AS shadow_policy_version,
        e.rules_hash AS enforced_rules_hash, s.rules_hash AS shadow_rules_hash,
        e.run_id AS enforced_run_id, s.run_id AS shadow_run_id
    FROM shadow AS s LEFT JOIN enforced AS e
        ON s.data_source IS NOT DISTINCT FROM e.data_source AND s.member_id IS NOT DISTINCT FROM e.member_id
        AND s.billing_npi IS NOT DISTINCT FROM e.billing_npi
        AND s.claim_id = e.claim_id AND s.claim_line_number = e.claim_line_number AND s.nth = e.nth
        AND (coalesce(s.payer, s.payer_raw) = coalesce(e.payer, e.payer_raw) OR s.payer_raw = e.payer_raw)
    QUALIFY row_number() OVER (
        PARTITION BY coalesce(s.payer, s.payer_raw), s.data_source, s.member_id, s.claim_id, s.billing_npi,
            s.claim_line_number, s.nth
        ORDER BY coalesce(s.payer, s.payer_raw) = coalesce(e.payer, e.payer_raw) DESC NULLS LAST, e.run_id DESC
    ) = 1"""  # noqa: S608 -- our own words


LOCATION = ", ".join(DECISION_LOCATION)
# The decisions that were made current, and those among them that no run withdrew.
MADE = f"""SELECT d.* FROM decisions AS d SEMI JOIN (
    SELECT run_id, {LOCATION} FROM history WHERE mode = '{Mode.ENFORCE}' AND effect IN {tuple(map(str, CURRENT))}
) AS made USING (run_id, {LOCATION})"""  # noqa: S608 -- our own words
NOT_WITHDRAWN = f"""ANTI JOIN (
    SELECT decided_run_id AS run_id, {LOCATION} FROM withdrawals
) AS withdrawn USING (run_id, {LOCATION})"""  # noqa: S608 -- our own words


def every_decision(where: str) -> str:
    """The SQL of all decisions for which a condition on their columns is true (DECISION_COLUMNS).

    One that was withdrawn may have been pruned: `withdrawals` has it.
    """
    return f"""
    SELECT {", ".join(DECISION_COLUMNS)} FROM decisions WHERE {where} UNION ALL
    SELECT {", ".join(f"w.{name}" for name in DECISION_COLUMNS)}
    FROM (SELECT * REPLACE (decided_run_id AS run_id) FROM withdrawals) AS w
    ANTI JOIN decisions USING (run_id, {LOCATION}) WHERE {where}"""  # noqa: S608 -- our own words


_AS_OF = f"(SELECT as_of FROM runs WHERE run_id = {LATEST_RUN})"  # noqa: S608 -- our own words
_REVIEWS = reviews_sql(f"({open_reviews_sql(LATEST_RUN)})", "review_rules", _AS_OF)
VIEWS = f"""
CREATE VIEW current_decisions AS {MADE} {NOT_WITHDRAWN};
CREATE VIEW shadow_decisions AS {_SHADOW_DECISIONS};
CREATE VIEW shadow_vs_enforced AS {shadow_vs_enforced("shadow_decisions")};
CREATE VIEW denials AS SELECT * FROM current_decisions WHERE disposition = 'deny';
CREATE VIEW "returns" AS SELECT * FROM current_decisions WHERE disposition = 'return';
CREATE VIEW reviews AS {_REVIEWS};
CREATE VIEW referrals AS SELECT * FROM current_decisions WHERE disposition = 'refer';
CREATE VIEW denial_reasons AS
    SELECT payer, program, reason_code, strftime(service_start_date, '%Y-%m') AS month, count(*) AS lines,
        count(DISTINCT ({CLAIM})) AS claims,
        CAST(sum(charge_amount) AS DECIMAL(38,2)) AS charges
    FROM current_decisions WHERE disposition = 'deny'
    GROUP BY ALL ORDER BY ALL;
"""  # noqa: S608 -- our own words
