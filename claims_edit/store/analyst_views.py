"""The SQL of the views that sum up: by claim, by provider, by sender, by check, and from one run to the next."""

from __future__ import annotations

from claims_edit.core.schema import IDENTITY
from claims_edit.model import DECISION_LOCATION, Disposition, Mode
from claims_edit.store.views import CLAIM, every_decision

ATTENTION = (Disposition.REVIEW, Disposition.RETURN, Disposition.REFER, Disposition.DENY, Disposition.PASS)
"""Dispositions of lines, the one that needs most attention first: it is the disposition of their claim."""
_RANK = f"list_position({list(map(str, ATTENTION))}, disposition)"
_SUPERSEDED = "reason_code = 'line-superseded'"


def _counted(each: Disposition) -> str:
    return f"FILTER (disposition = '{each}' AND NOT {_SUPERSEDED})"


_LINES = ", ".join(f'count(*) {_counted(each)} AS "{each}"' for each in ATTENTION)
_CHARGES = ", ".join(
    f"CAST(coalesce(sum(charge_amount) {_counted(each)}, 0) AS DECIMAL(38,2)) AS charges_{each}" for each in ATTENTION
)
_ALL_LINES = f"""count(*) FILTER (NOT {_SUPERSEDED}) AS lines, count(*) FILTER ({_SUPERSEDED}) AS superseded_lines,
    CAST(sum(charge_amount) FILTER (NOT {_SUPERSEDED}) AS DECIMAL(38,2)) AS charges"""

# One program, or null where lines differ. The reason is that of the first line which has the claim's disposition.
_CLAIMS = f"""
    SELECT max(payer) AS payer, min(payer_raw) AS payer_raw, data_source, member_id, claim_id, billing_npi,
        CASE WHEN count(DISTINCT program) = 1 THEN min(program) END AS program,
        min(service_start_date) AS service_start_date, max(service_end_date) AS service_end_date, {_ALL_LINES},
        arg_min(disposition, {_RANK}) AS disposition,
        arg_min(reason_code, ({_RANK}, claim_line_number, run_id, source_file, source_row)) AS reason_code,
        {_LINES}, CAST(sum(adjustment_amount) AS DECIMAL(38,2)) AS adjustment_amount, max(run_id) AS latest_run_id
    FROM current_decisions GROUP BY {CLAIM}"""  # noqa: S608 -- our own words
_PROVIDERS = f"""
    SELECT billing_npi, {_ALL_LINES}, count(DISTINCT ({CLAIM})) FILTER (NOT {_SUPERSEDED}) AS claims,
        count(DISTINCT ({CLAIM})) FILTER (disposition = '{Disposition.DENY}') AS denied_claims, {_LINES}, {_CHARGES}
    FROM current_decisions GROUP BY billing_npi"""  # noqa: S608 -- our own words

_LINE = tuple(name for name in IDENTITY if name != "payer_identity")
_DECIDED = ("decided_run_id", "decided_source_file", "decided_source_row")
COMPARED = ("disposition", "reason_code", "group_code", "carc", "charge_amount", "adjustment_amount", "policy_version")


def _decision(name: str, decided: str) -> str:
    """A join with the decision that is at a location of `life`."""
    same = " AND ".join(f"{name}.{column.removeprefix('decided_')} = life.{decided}{column}" for column in _DECIDED)
    same += "".join(f" AND {name}.{column} = life.{column}" for column in DECISION_LOCATION[2:])
    return f"LEFT JOIN every_decision AS {name} ON {same}"


# The history of a line has one row for each run that saw or changed it, with the decision that was current afterwards.
_CHANGES = f"""
    WITH life AS (
        SELECT *, lag(run_id) OVER line AS previous_run_id,
            {", ".join(f"lag({name}) OVER line AS was_{name}" for name in _DECIDED)}
        FROM history WHERE mode = '{Mode.ENFORCE}' WINDOW line AS (PARTITION BY {", ".join(_LINE)} ORDER BY run_id)
    ), every_decision AS ({every_decision("true")})
    SELECT life.run_id, life.as_of, life.previous_run_id, {", ".join(f"life.{name}" for name in _LINE)},
        coalesce(new.billing_npi, old.billing_npi) AS billing_npi, life.effect, life.status, life.superseded_by,
        {", ".join(f"old.{name} AS old_{name}, new.{name} AS new_{name}" for name in COMPARED)},
        life.was_decided_run_id AS old_decided_run_id, life.decided_run_id AS new_decided_run_id
    FROM life {_decision("old", "was_")} {_decision("new", "")}
    WHERE life.previous_run_id IS NOT NULL
        AND ({", ".join(f"old.{name}" for name in COMPARED)})
        IS DISTINCT FROM ({", ".join(f"new.{name}" for name in COMPARED)})"""  # noqa: S608 -- our own words

# The payer's key is that of its name in whatever run resolved it. A line that is refused on several nights has a row of
# each.
_QUARANTINE_BY_SENDER = f"""
    WITH known AS (
        SELECT payer_raw, max(payer) AS payer FROM (
            SELECT payer_raw, payer FROM decisions UNION ALL SELECT payer_raw, payer FROM quarantine
        ) WHERE payer IS NOT NULL GROUP BY payer_raw
    )
    SELECT data_source, known.payer, payer_raw, billing_npi, check_name, count(*) AS rows,
        count(*) FILTER (candidate_code) AS candidate_rows,
        CAST(sum(charge_amount) AS DECIMAL(38,2)) AS charges, count(*) - count(charge_amount) AS rows_without_charge,
        count(DISTINCT run_id) AS runs, min(run_id) AS first_run_id, max(run_id) AS latest_run_id
    FROM (SELECT *, unnest(failed_checks) AS check_name FROM quarantine WHERE mode = '{Mode.ENFORCE}')
    LEFT JOIN known USING (payer_raw)
    GROUP BY data_source, known.payer, payer_raw, billing_npi, check_name"""  # noqa: S608 -- our own words
_DATA_QUALITY = """
    WITH found AS (
        SELECT run_id, source_file, 'error' AS severity, check_name, count(*) AS rows
        FROM (SELECT run_id, source_file, unnest(failed_checks) AS check_name FROM quarantine) GROUP BY ALL
        UNION ALL SELECT run_id, path, 'warning', check_name, rows FROM input_warnings
    )
    SELECT run_id, mode, as_of, source_file, severity, check_name, found.rows, inputs.rows_read,
        round(found.rows / nullif(inputs.rows_read, 0), 6) AS share
    FROM found JOIN runs USING (run_id)
    LEFT JOIN inputs ON inputs.run_id = found.run_id AND inputs.path = found.source_file"""

ANALYST_VIEWS = f"""
CREATE VIEW claims AS {_CLAIMS};
CREATE VIEW providers AS {_PROVIDERS};
CREATE VIEW changes_between_runs AS {_CHANGES};
CREATE VIEW quarantine_by_sender AS {_QUARANTINE_BY_SENDER};
CREATE VIEW data_quality AS {_DATA_QUALITY};
"""
