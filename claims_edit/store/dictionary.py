"""The data dictionary: what each table, view and column of the DuckDB file means. docs/results.md has the same texts.

A column has the meaning of its name (`COLUMNS`), but where its table has its own (`OWN`). A prefix says which of two
decisions a column is of (`PREFIXES`).
"""

from __future__ import annotations

TABLES = {
    "decisions": "one row for each candidate line of each run, of every mode",
    "quarantine": "one row for each refused row of each run, of every mode",
    "runs": (
        "one row a run: `run_id, mode, started_at, finished_at, as_of, rules_hash, rules_version, rows_read, "
        "rows_accepted, rows_quarantined, warnings, candidates, decisions, deny, return, review, refer, pass, "
        "seen_again, late, withdrawn, charges_read, charges_accepted, charges_quarantined`. `deny` to `pass` count "
        "what the run made current, `seen_again` and `late` its other decisions (of a shadow run: all)"
    ),
    "current_decisions": (
        "what was decided and not withdrawn: at most one decision of each claim line, from whatever run; a line that "
        "is superseded is a pass. Shadow runs do not count (ADR 0017)"
    ),
    "history": (
        "for each run, one row for each known line that it has (`came`) or changes: the line (`payer_raw`, "
        "`data_source`, `member_id`, `billing_provider_id`, `claim_id`, `claim_line_number`, "
        "`claim_frequency_code`), `effect`, `status`, `superseded_by`, `first_seen`, `last_seen`, `times_seen`, the "
        "row that the run decided (`source_file`, `source_row`), and the decision that is current after it "
        "(`decided_…`)"
    ),
    "withdrawals": (
        "the decisions that a run withdrew: `run_id`, `as_of`, `withdrawn_because`, `withdrawn_by` (a claim id), "
        "`decided_run_id`, the columns of the decision, and what the feed needs to reverse it "
        "(`line_item_control_number`, `posting_holds`)"
    ),
    "denials": (
        "the denials among `current_decisions`: claim lines that the payer's policy or contract does not pay (`deny`)"
    ),
    "returns": (
        "the returns among `current_decisions`: claim lines that the provider has to correct and send again (`return`)"
    ),
    "referrals": ("the referrals among `current_decisions`: claim lines that another program's rules decide (`refer`)"),
    "reviews": (
        "the work list: each current review once, with `first_seen`, `last_seen`, `times_seen`, `nights_open`, "
        "`priority` and `ask`"
    ),
    "review_rules": (
        "`name`, `weight`, `ask`: the weights of the latest enforced run's rules, and what to ask, by edit and by doubt"
    ),
    "shadow_decisions": "for each claim line, the decision of its latest shadow run",
    "shadow_vs_enforced": "each line of `shadow_decisions`, with its current decision",
    "denial_reasons": "denials of `current_decisions` by payer, program, reason and month: lines, claims, charges",
    "claims": (
        "one row a claim of `current_decisions`: who and when, `lines` and `charges` (without lines that are "
        "superseded, which `superseded_lines` counts), lines by disposition, `adjustment_amount`, and the claim's "
        "own `disposition` and `reason_code`"
    ),
    "providers": (
        "one row a billing NPI of `current_decisions`: lines, claims, denied claims, lines and charges by "
        "disposition, without superseded lines"
    ),
    "changes_between_runs": (
        "one row for each enforced run and known line whose current decision the run changed: disposition, reason, "
        "group code, CARC, charge, adjustment and policy version of before (`old_…`) and after (`new_…`), with "
        "`effect`, `status` and `superseded_by` as in `history`. Where the run withdrew a decision and made none, "
        "`new_…` is null"
    ),
    "inputs": "each file of each run, as in the manifest: `path, bytes, sha256, format, status, fault` and its rows",
    "input_warnings": "the warnings of each file of each run, by check",
    "data_quality": (
        "errors and warnings of each file of each run by check: rows, and their `share` of the rows read. A row "
        "counts once for each check; some warnings count segments, claims or resources. A pruned run has no errors "
        "there"
    ),
    "quarantine_by_sender": (
        "refused rows of enforced runs by sender (data source, payer, billing NPI) and failed check: rows, candidate "
        "rows, charges, rows without a readable charge, runs. A row counts once for each check, and again in each run "
        "that refuses it"
    ),
}
COLUMNS = {
    "run_id": "the run; ids sort by time (UTC)",
    "mode": "`enforce`, or `shadow`: stored but not counted",
    "data_source": "the feed or sender, from the extract or a mapping; null if neither has one, never the file's name",
    "source_file": "path of the extract as it was given",
    "source_row": (
        "from 1: for a table the data row, without the header and without blank lines; for an 837 the number of the "
        "SV1, SV2 or SV3 segment, where the ISA is 1; for FHIR the line, or the entry of a Bundle or array"
    ),
    "claim_id": "the number of the claim; unique only with payer, data source, member and billing provider",
    "claim_line_number": "the number of the line in its claim",
    "claim_type": "`professional`, `institutional`, `undetermined`",
    "member_id": "`member_id`, else `person_id`",
    "payer_raw": "the payer as given",
    "payer": "payer key; null if the name is not recognized",
    "program": "the line of business; null if unknown, or if signals conflict",
    "program_basis": "the signals that give it: `line_of_business, claim_filing_indicator_code, member_id, plan`",
    "group_id": "as given",
    "service_start_date": "the line's dates, else the claim's",
    "service_end_date": "the line's dates, else the claim's",
    "hcpcs_code": "the candidate code: HCPCS or CPT, or of the claim as a whole ICD-10-PCS or OPCS-4 (J128+Y123)",
    "modifiers": "the non-empty ones, in order; diagnoses without the dot",
    "diagnosis_codes": "the non-empty ones, in order; diagnoses without the dot",
    "site_class": "of the first solid-tumor diagnosis, else `not_solid`, else null (no usable diagnosis)",
    "units": "`service_unit_quantity`",
    "charge_amount": "as given",
    "paid_amount": "as given",
    "billing_npi": "as given",
    "rendering_npi": "as given",
    "disposition": "`deny`, `return`, `review`, `refer`, `pass`",
    "reason_code": (
        "id of the primary edit; never null. With `--stale-policy review`, `policy-stale` where the primary edit "
        "would have denied"
    ),
    "reason": "the message of the primary edit, from `rules/reasons.yaml`",
    "edits": "all edits triggered, in table order, informational ones last",
    "group_code": "CAS group code; on `deny` and `return` only",
    "carc": "claim adjustment reason code; on `deny` and `return` only",
    "rarcs": "remittance advice remark codes; may be empty",
    "adjustment_amount": "the charge on `deny` and `return`, else null",
    "policy_id": "of the version in force on the start date, whatever the disposition",
    "policy_version": (
        "of the version in force on the start date, whatever the disposition; a version's id is its first day, and the "
        "name of its edition (`2024-07-01/medicaid`)"
    ),
    "policy_reference": (
        "the value of 835 `REF*0K`; for guidance by tumor site, that of the line's own site; null where no version "
        "is in force, or no guidance on the site"
    ),
    "citation": "document, section (date) behind the reason; never empty on a denial",
    "liability_basis": "the source of `group_code`: `contract`, `policy`, `default`",
    "policy_stale": "the policy was past its review on the start date",
    "trial_evidence": (
        "evidence of a trial: `modifier Q0`, `modifier Q1`, `diagnosis Z00.6`, `diagnosis V70.7`, `clinical trial "
        "number`, `condition code 30`, `investigational device exemption number`, `value code D4`, joined by `; `"
    ),
    "doubts": (
        "facts in doubt, by name, sorted, joined by `, `: input that could not be interpreted where a fact is "
        "expected; null where none. `explain` gives location and remedy of each"
    ),
    "prior_authorization_number": "the prior authorization number of the line or its claim",
    "superseded_by": "the claim that replaces or voids this one, where `reason_code` is `line-superseded`",
    "rules_hash": "SHA-256 of the rule pack",
    "first_seen": "the first night on which the line came",
    "last_seen": "the last night on which the line came",
    "times_seen": "the number of nights on which the line came",
    "nights_open": (
        "days from `first_seen` to the as-of date of the run (of the view: of the latest enforced run); at least 0"
    ),
    "priority": "the place in the work list: the highest comes first",
    "ask": "what to ask, and whom: of the edit (`reason_code`), then how to resolve each of the line's doubts",
    "as_of": "the night of the run: its as-of date",
    "started_at": "when the run began (UTC)",
    "finished_at": "when the run ended (UTC)",
    "rules_version": "the version of the rule pack",
    "previous_run_id": "the run before it that saw or changed the line",
    "billing_provider_id": "in 837 and FHIR the billing provider, a part of the claim's identity; else null",
    "claim_frequency_code": "1 original, 7 replacement, 8 void",
    "effect": "what the run did to the line",
    "status": "the state of the line after the run",
    "came": "whether the run has the line",
    "decided_run_id": "the run that made the decision",
    "decided_source_file": "`source_file` of the decision",
    "decided_source_row": "`source_row` of the decision",
    "withdrawn_because": "why the decision was withdrawn",
    "withdrawn_by": "the claim that replaces or voids this one; else null",
    "line_item_control_number": "`REF*6R` of the line in the 837",
    "posting_holds": "why the decision may not be posted as it is; else null",
    "changed": "whether disposition, reason or group code differ, or no enforced run has decided the line",
    "edit": "the primary edit",
    "month": "year and month of the start date",
    "lines": "claim lines, without those that are superseded",
    "superseded_lines": "claim lines that another claim replaces or voids",
    "claims": "claims with such lines",
    "denied_claims": "claims with a denied line",
    "charges": "the sum of `charge_amount` of these lines or rows",
    "latest_run_id": "the latest run of these lines or rows",
    "first_run_id": "the first run of these rows",
    "check_name": "the failed check, or the warning",
    "severity": "`error`: the row was refused; `warning`: it was accepted",
    "share": "`rows` as a part of `rows_read`; null if none were read",
    "rows": "rows with this check",
    "candidate_rows": "those with a candidate code",
    "rows_without_charge": "those whose charge is missing or cannot be read",
    "runs": "the number of runs that refused such rows",
    "path": "the file, as it was given",
    "bytes": "the size of the file",
    "sha256": "SHA-256 of the file",
    "format": "the format of the file",
    "fault": "why the file was refused; else null",
    "rows_read": "rows read",
    "rows_accepted": "rows accepted",
    "rows_quarantined": "rows refused",
    "rows_filtered": "rows that the mapping skips",
    "warnings": "the number of warnings",
    "candidates": "accepted rows with a candidate code",
    "decisions": "the number of decisions",
    "deny": "lines denied",
    "return": "lines returned",
    "review": "lines suspended for a person",
    "refer": "lines that other rules decide",
    "pass": "lines that pass",
    "seen_again": "lines that came again, unchanged",
    "late": "lines that came after a later form of their claim",
    "withdrawn": "decisions of earlier runs that the run withdrew",
    "charges_read": "charges of the rows read",
    "charges_accepted": "charges of the rows accepted",
    "charges_quarantined": "charges of the rows refused",
    "charges_deny": "charges of the lines denied",
    "charges_return": "charges of the lines returned",
    "charges_review": "charges of the lines suspended for a person",
    "charges_refer": "charges of the lines that other rules decide",
    "charges_pass": "charges of the lines that pass",
    "name": "a weight of the priority, an edit or a doubt",
    "weight": "what it adds to the priority",
}
OWN = {
    "quarantine": {
        "claim_id": "null if it is missing, or the row could not be split",
        "failed_checks": "every failed check of the row",
        "candidate_code": (
            'whether the row has a candidate code, or its raw code text has one in any form (`="0600T"`, `0600T-59`, '
            "`hc:0600T`): look at these first"
        ),
        "charge_amount": "null if there is none, or it is not a number",
        "raw_values": (
            "the row as read: JSON under the extract's own column names (837: `CLM01`, `SBR09`; FHIR: "
            "`item.productOrService`); the text of the line, segment or resource where it could not be split"
        ),
        "first_source_file": "for a `duplicate-line`, the row of the same line that is kept; else null",
        "first_source_row": "for a `duplicate-line`, the row of the same line that is kept; else null",
        "payer_raw": "as given; null if the row could not be split, and in runs of earlier releases",
        "payer": (
            "the key of `payer_raw`, found as for decisions; null if the name is not recognized, and in runs of "
            "earlier releases"
        ),
        "billing_npi": "as given; null if the row could not be split, and in runs of earlier releases",
    },
    "inputs": {
        "status": "`read`, `refused`, or `context`: FHIR without claims",
    },
    "claims": {
        "program": "the line of business; null if it is unknown, or not that of every line",
        "disposition": "that of the line that needs most attention: review, return, refer, deny, pass",
        "reason_code": "of the first line with that disposition",
        "service_start_date": "the first day of its lines",
        "service_end_date": "the last day of its lines",
        "adjustment_amount": "the sum of its lines",
        "payer_raw": "the payer as given on one of its lines",
    },
    "withdrawals": {
        "run_id": "the run that withdrew the decision",
    },
    "changes_between_runs": {
        "run_id": "the run that changed the current decision",
        "superseded_by": "the claim that replaces or voids this one",
    },
    "history": {
        "source_file": "of the row that the run decided; null if none",
        "source_row": "of the row that the run decided; null if none",
        "superseded_by": "the claim that replaces or voids this one",
    },
}
PREFIXES = {
    "old": "before the run",
    "new": "after the run",
    "enforced": "of the current decision",
    "shadow": "of the shadow decision",
}
