"""The queries behind every report: over one run's rows in the tables of the record.

Except for a shadow run, they leave out decisions that change nothing: lines seen again, and late ones.

They run on the staged Parquet files during a run, and on the DuckDB file afterwards; `$run_id` selects
the run. Each has a fixed order, so that the same run gives the same bytes.
"""

from __future__ import annotations

from claims_edit.model import DECISION_COLUMNS, UNCOUNTED, Disposition, Mode
from claims_edit.posting_holds import POSTING_FACTS
from claims_edit.report.csv_format import LIST_SEPARATOR
from claims_edit.report.effects import WITHDRAWN_LABELS
from claims_edit.store import CLAIM, LOCATION, shadow_vs_enforced

REVIEWS_REPORT = "reviews.csv"
LINE_REPORTS = {
    "denials.csv": Disposition.DENY,
    "returns.csv": Disposition.RETURN,
    REVIEWS_REPORT: Disposition.REVIEW,
    "referrals.csv": Disposition.REFER,
}

SHADOW_REPORT = "shadow_decisions.csv"  # in place of the others: no file of a shadow run looks like work to do

SHADOW_CHANGES_REPORT = "shadow_changes.csv"

WITHDRAWALS_REPORT = "withdrawals.csv"  # not of a shadow run, which withdraws nothing

_UNCOUNTED = f"""(
    SELECT run_id, {LOCATION}, effect FROM history
    WHERE run_id = $run_id AND mode = '{Mode.ENFORCE}' AND effect IN {tuple(map(str, UNCOUNTED))}
        AND source_file IS NOT NULL
) AS uncounted"""  # noqa: S608 -- our own words
COUNTED = f"decisions ANTI JOIN {_UNCOUNTED} USING (run_id, {LOCATION})"
"""The text after FROM for the decisions that count, in no order."""

# One row per decided line that is work for someone (`$all`: every line), in the order of the record. The longer lists
# are texts: joining them in DuckDB is cheaper than returning lists.
TEXTS = {name: f"array_to_string({name}, '{LIST_SEPARATOR}') AS {name}" for name in ("diagnosis_codes", "edits")}
LINES = f"""
SELECT {", ".join(TEXTS.get(name, name) for name in DECISION_COLUMNS)} FROM {COUNTED}
WHERE run_id = $run_id AND ($all OR disposition <> '{Disposition.PASS}')
ORDER BY source_file, source_row, claim_id, claim_line_number
"""  # noqa: S608 -- our own column names

# The decisions with the highest charges; `$rows` is their number.
LARGEST = f"""
SELECT {", ".join(DECISION_COLUMNS)} FROM {COUNTED} WHERE run_id = $run_id
ORDER BY charge_amount DESC NULLS LAST, source_file, source_row, claim_id, claim_line_number LIMIT $rows
"""  # noqa: S608 -- our own column names

# The decisions of earlier runs that the run withdrew, the highest charges first; `why` is the cause in words.
WITHDRAWAL_COLUMNS = (
    "run_id", "as_of", "withdrawn_because", "why", "withdrawn_by", "decided_run_id",
    *(name for name in DECISION_COLUMNS if name != "run_id"),
)  # fmt: skip
_WHYS = " ".join(f"WHEN '{effect}' THEN '{label}'" for effect, label in WITHDRAWN_LABELS.items())
WITHDRAWN = f"""(SELECT *, CASE withdrawn_because {_WHYS} END AS why FROM withdrawals) AS withdrawn
WHERE run_id = $run_id ORDER BY charge_amount DESC NULLS LAST, decided_run_id, {LOCATION}"""  # noqa: S608 -- our own words
"""The text after FROM."""
WITHDRAWALS = f"SELECT {', '.join(WITHDRAWAL_COLUMNS)} FROM {WITHDRAWN}"  # noqa: S608 -- our own column names

# The first of them; `$rows` is their number.
LARGEST_WITHDRAWALS = f"{WITHDRAWALS} LIMIT $rows"

_SUMS = f"""count(*) AS lines, count(DISTINCT ({CLAIM})) AS claims,
    CAST(coalesce(sum(charge_amount), 0) AS DECIMAL(38,2)) AS charges"""

# By payer, program, disposition, reason and month of service.
REASONS = f"""
SELECT * REPLACE (strftime(month, '%Y-%m') AS month) FROM (
    SELECT payer, program, disposition, reason_code, date_trunc('month', service_start_date) AS month, {_SUMS}
    FROM {COUNTED} WHERE run_id = $run_id GROUP BY ALL
) ORDER BY payer, program, disposition, reason_code, month
"""  # noqa: S608 -- our own column names

BY_DISPOSITION = f"""
SELECT disposition, {_SUMS} FROM {COUNTED} WHERE run_id = $run_id GROUP BY ALL ORDER BY ALL
"""  # noqa: S608 -- our own column names

# The decisions that change nothing, with their effect.
SEEN = f"""
SELECT effect, {_SUMS} FROM decisions JOIN {_UNCOUNTED} USING (run_id, {LOCATION}) GROUP BY ALL ORDER BY ALL
"""  # noqa: S608 -- our own column names

# The decisions that the run withdrew, by cause and disposition.
WITHDRAWN_BY_CAUSE = f"""
SELECT withdrawn_because, disposition, {_SUMS} FROM withdrawals WHERE run_id = $run_id GROUP BY ALL ORDER BY ALL
"""  # noqa: S608 -- our own column names

BY_PAYER = f"""
SELECT payer, disposition, {_SUMS} FROM {COUNTED} WHERE run_id = $run_id GROUP BY ALL ORDER BY ALL
"""  # noqa: S608 -- our own column names

TOP_REASONS = f"""
SELECT disposition, reason_code, {_SUMS} FROM {COUNTED} WHERE run_id = $run_id
GROUP BY ALL ORDER BY lines DESC, disposition, reason_code
"""  # noqa: S608 -- our own column names

# Decisions past the review of the policy version in force.
STALE_POLICIES = f"""
SELECT policy_id, policy_version, disposition, min(service_start_date) AS first_service,
    max(service_start_date) AS last_service, {_SUMS}
FROM {COUNTED} WHERE run_id = $run_id AND policy_stale
GROUP BY policy_id, policy_version, disposition ORDER BY policy_id, policy_version, disposition
"""  # noqa: S608 -- our own column names

# What a shadow run decides otherwise than the current decisions, by billing provider and by the edits that decide.
_CHARGE = "coalesce(charge_amount, 0)"
SHADOW_CHANGES = f"""
SELECT *, CAST(denied_after - denied_before AS DECIMAL(38,2)) AS denied_change FROM (
    SELECT billing_npi, enforced_edit AS edit_before, shadow_edit AS edit_after, count(*) AS lines,
        CAST(sum({_CHARGE}) AS DECIMAL(38,2)) AS charges,
        CAST(coalesce(sum({_CHARGE}) FILTER (enforced_disposition = '{Disposition.DENY}'), 0) AS DECIMAL(38,2))
            AS denied_before,
        CAST(coalesce(sum({_CHARGE}) FILTER (shadow_disposition = '{Disposition.DENY}'), 0) AS DECIMAL(38,2))
            AS denied_after
    FROM ({shadow_vs_enforced("(SELECT * FROM decisions WHERE run_id = $run_id)")}) WHERE changed GROUP BY ALL
) ORDER BY ALL
"""  # noqa: S608 -- our own column names

# A line counts once for each of its doubts.
DOUBTS = f"""
SELECT doubt, disposition, {_SUMS} FROM (
    SELECT *, unnest(string_split(doubts, ', ')) AS doubt FROM {COUNTED} WHERE run_id = $run_id AND doubts IS NOT NULL
) GROUP BY ALL ORDER BY ALL
"""  # noqa: S608 -- our own column names

# A refused row counts once for each check that it failed.
QUARANTINE_BY_FILE = """
SELECT failed_check AS "check", source_file AS file, count(*) AS rows, min(source_row, 5) AS first_rows,
    arg_min(claim_id, source_row, 5) AS first_claims
FROM (
    SELECT source_file, source_row, claim_id, unnest(list_distinct(failed_checks)) AS failed_check
    FROM quarantine WHERE run_id = $run_id
) GROUP BY ALL ORDER BY ALL
"""

REMITTANCE_COLUMNS = (
    "run_id", "data_source", "source_file", "source_row", "claim_id", "claim_line_number", "claim_type", "payer",
    "member_id", "billing_npi", "hcpcs_code", "modifiers", "service_start_date", "service_end_date", "units",
    "charge_amount", "disposition", "reason_code", "group_code", "carc", "adjustment_amount", "rarcs",
    "policy_reference",
)  # fmt: skip
REVERSAL_COLUMNS = ("row_kind", "withdrawn_because", "withdrawn_by", "decided_run_id")
REMITTED = (Disposition.DENY, Disposition.RETURN)
_REMITTED = f"run_id = $run_id AND $counts AND disposition IN {tuple(map(str, REMITTED))}"

# The denials and returns that the run made current, in the order of the record; none for a shadow run.
ADJUSTMENTS = f"""
SELECT {", ".join(REMITTANCE_COLUMNS)}, 'adjustment' AS row_kind,
    {", ".join(f"CAST(NULL AS VARCHAR) AS {name}" for name in REVERSAL_COLUMNS[1:])}
FROM (SELECT *, row_number() OVER () AS place FROM decisions WHERE {_REMITTED})
ANTI JOIN {_UNCOUNTED} USING (run_id, {LOCATION}) ORDER BY place
"""  # noqa: S608 -- our own words

# Those that the run withdrew, with the posting facts of then and negative amounts; none for a shadow run.
_NEGATIVE = ", ".join(f"CAST(-{name} AS DECIMAL(18,2)) AS {name}" for name in ("charge_amount", "adjustment_amount"))
REVERSALS = f"""
SELECT {", ".join(REMITTANCE_COLUMNS)}, 'reversal' AS row_kind, {", ".join(REVERSAL_COLUMNS[1:])},
    {", ".join(POSTING_FACTS)}
FROM (SELECT * REPLACE ({_NEGATIVE}) FROM withdrawals WHERE {_REMITTED}) ORDER BY decided_run_id, {LOCATION}
"""  # noqa: S608 -- our own words

# The few sets of codes in both.
_CODES = "disposition, group_code, carc, rarcs, policy_reference"
REMITTANCE_CODES = f"""
SELECT {_CODES} FROM decisions WHERE {_REMITTED} UNION SELECT {_CODES} FROM withdrawals WHERE {_REMITTED} ORDER BY ALL
"""  # noqa: S608 -- our own words

# The denied lines of a run by their row in the database: a claim's lines together, claims in order of the record.
DENIED_LINES = f"""
WITH denied AS (
    SELECT rowid AS id, coalesce(payer, payer_raw) AS whose, data_source, member_id, claim_id, billing_npi,
        row_number() OVER (ORDER BY source_file, source_row, claim_line_number, rowid) AS place
    FROM {COUNTED} WHERE run_id = $run_id AND disposition = 'deny'
)
SELECT id, min(place) OVER (PARTITION BY whose, data_source, member_id, claim_id, billing_npi) AS claim
FROM denied ORDER BY claim, place
"""  # noqa: S608 -- our own words

# Lines of the database by their row id.
LINES_BY_ID = f"""
SELECT rowid AS id, {", ".join(DECISION_COLUMNS)} FROM decisions
WHERE rowid BETWEEN $first AND $last AND rowid IN (SELECT unnest($ids))
"""  # noqa: S608 -- our own column names
