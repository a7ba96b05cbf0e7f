"""Dispositions, programs, and the columns of claim lines, decisions and quarantine (docs/results.md, GLOSSARY.md)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


class Disposition(StrEnum):
    """What to do with a claim line, after CMS's I/OCE, with `refer` for program exceptions."""

    DENY = "deny"
    RETURN = "return"
    REVIEW = "review"
    REFER = "refer"
    PASS = "pass"  # noqa: S105 -- a disposition, not a password


class Mode(StrEnum):
    """Whether a run's decisions count (`enforce`) or only show what a rule pack would do (`shadow`)."""

    ENFORCE = "enforce"
    SHADOW = "shadow"


class LineStatus(StrEnum):
    """The state of a claim line that was ever decided, after all runs (ADR 0017)."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    NO_CANDIDATE = "no-candidate"
    REFUSED = "refused"
    REVISION_UNCLEAR = "revision-unclear"


class Effect(StrEnum):
    """What a run did to a line: to the decision that it made, or to the one that was current (ADR 0017)."""

    DECIDED = "decided"
    CHANGED = "changed"
    SEEN_AGAIN = "seen-again"
    LATE = "late"
    SUPERSEDED = "superseded"
    VOIDED = "voided"
    REPLACED = "replaced"
    DROPPED = "dropped"
    NO_CANDIDATE = "no-candidate"
    REFUSED = "refused"
    REVISION_UNCLEAR = "revision-unclear"


POSTED = (Effect.DECIDED, Effect.CHANGED)
"""The effects of a decision that became current, and so goes into the remittance feed of its run."""
CURRENT = (*POSTED, Effect.SUPERSEDED)
"""The effects of a decision that became current; one that is superseded is a pass."""
UNCOUNTED = (Effect.SEEN_AGAIN, Effect.LATE)
"""The effects of a decision that changed nothing: no report counts it again."""


class StalePolicy(StrEnum):
    """What a run does with a denial under a policy past its review: flag it, or suspend it for a person."""

    WARN = "warn"
    REVIEW = "review"


class VersionStatus(StrEnum):
    """The stage of a policy version: a draft, in force in its period, or ended."""

    PROPOSED = "proposed"
    FINAL = "final"
    RETIRED = "retired"


class CodeKind(StrEnum):
    """Whether a procedure code names the service itself, or is a catch-all that may have been billed for it."""

    SPECIFIC = "specific"
    UNLISTED = "unlisted"


class PolicyKind(StrEnum):
    """A funding policy decides coverage; guidance only advises, and never denies."""

    FUNDING = "funding"
    GUIDANCE = "guidance"


class IndicationScope(StrEnum):
    """The indications that a policy's statement addresses."""

    ALL_INDICATIONS = "all_indications"
    SOLID_TUMORS = "solid_tumors"


class Position(StrEnum):
    """What a policy version says of the service under its listed codes."""

    INVESTIGATIONAL = "investigational"
    NOT_MEDICALLY_NECESSARY = "not_medically_necessary"
    NOT_COVERED = "not_covered"
    COVERED = "covered"
    COVERED_WITH_CRITERIA = "covered_with_criteria"


DENYING = (Position.NOT_MEDICALLY_NECESSARY, Position.NOT_COVERED, Position.INVESTIGATIONAL)
"""The positions that deny a line, in the order of their edits."""


class Criteria(StrEnum):
    """What a claim shows of the criteria of its policy version; one that it does not show is unknown, never unmet."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


CRITERIA_COLUMNS = {"place_of_service": "place_of_service_code", "units_at_most": "service_unit_quantity"}
"""Kinds of criteria on columns that decide nothing else."""


class ProgramRule(StrEnum):
    """A policy version's rule on a program: it applies, other rules decide, or a person does."""

    APPLIES = "applies"
    REFER = "refer"
    REVIEW = "review"


class Coverage(StrEnum):
    """The coverage of the service under a member's contract."""

    COVERED = "covered"
    EXCLUDED = "excluded"
    REVIEW = "review"


MODIFIER_COLUMNS = tuple(f"hcpcs_modifier_{n}" for n in range(1, 6))
DIAGNOSIS_COLUMNS = tuple(f"diagnosis_code_{n}" for n in range(1, 26))
PROCEDURE_COLUMNS = tuple(f"procedure_code_{n}" for n in range(1, 26))
"""Procedures of the claim as a whole, which do not show which line they are for."""

HCPCS_LENGTH = 5  # a code of a line; those of claims (ICD-10-PCS, OPCS-4) have other lengths
LINE_CODE = "hcpcs_code"
"""The column of the line's own procedure code."""
REPLACEMENT, VOID = "7", "8"  # claim frequency codes, X12 CLM05-3
TRIAL_DIAGNOSIS = "Z006"  # ICD-10-CM: encounter for examination in a clinical research program
TRIAL_CONDITION, TRIAL_VALUE = "30", "D4"  # NUBC condition code and value code of a clinical trial

DECISION_LOCATION = ("source_file", "source_row", "claim_id", "claim_line_number")
"""The columns of a decision that, with its run, no other decision has."""
DECISION_COLUMNS = (
    "run_id", "mode", "data_source", "source_file", "source_row", "claim_id", "claim_line_number", "claim_type",
    "member_id", "payer_raw", "payer", "program", "program_basis", "group_id", "service_start_date",
    "service_end_date", "hcpcs_code", "modifiers", "diagnosis_codes", "site_class", "units", "charge_amount",
    "paid_amount", "billing_npi", "rendering_npi", "disposition", "reason_code", "reason", "edits", "group_code",
    "carc", "rarcs", "adjustment_amount", "policy_id", "policy_version", "policy_reference", "citation",
    "liability_basis", "policy_stale", "trial_evidence", "doubts", "prior_authorization_number", "superseded_by",
    "rules_hash",
)  # fmt: skip
QUARANTINE_COLUMNS = (
    "run_id", "mode", "data_source", "source_file", "source_row", "claim_id", "failed_checks", "candidate_code",
    "charge_amount", "raw_values", "first_source_file", "first_source_row", "payer_raw", "payer",
    "billing_npi",
)  # fmt: skip


def has_code_column(columns: Collection[str]) -> bool:
    """Whether an extract with these columns can have candidate codes."""
    return not {LINE_CODE, *PROCEDURE_COLUMNS}.isdisjoint(columns)
