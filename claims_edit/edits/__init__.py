"""The edits in the contract's order: the first that hits is primary; the informational ones come last."""

from __future__ import annotations

from claims_edit.edits import claim_line, contract_terms, coverage, notes, program
from claims_edit.edits.registry import Edit

TABLE_EDITS: tuple[Edit, ...] = (
    claim_line.line_superseded,
    coverage.unlisted_code_out_of_scope,
    claim_line.code_not_valid_on_dos,
    program.payer_not_on_file,
    claim_line.dos_spans_boundary,
    coverage.policy_not_in_force,
    coverage.guidance_research_only,
    program.program_conflict,
    program.program_unknown,
    program.program_exception_refer,
    program.program_exception_review,
    program.program_silent,
    contract_terms.contract_covers,
    contract_terms.contract_review,
    claim_line.prior_authorization,
    claim_line.facts_in_doubt,
    coverage.unlisted_code,
    claim_line.trial_context,
    contract_terms.contract_excludes,
    coverage.code_not_listed,
    coverage.indication_unknown,
    coverage.indication_not_addressed,
    coverage.investigational,
)
INFORMATIONAL_EDITS: tuple[Edit, ...] = (notes.code_site_mismatch, notes.policy_stale, notes.guidance_note)
EDITS: tuple[Edit, ...] = (*TABLE_EDITS, *INFORMATIONAL_EDITS)
LABELS: dict[str, str] = {edit.id: edit.label for edit in EDITS}

__all__ = ["EDITS", "INFORMATIONAL_EDITS", "LABELS", "TABLE_EDITS", "Edit"]
