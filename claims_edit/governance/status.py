"""Whether the review of each policy is overdue on a day, and the decisions made after it was due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claims_edit.model import CodeKind, PolicyKind
from claims_edit.policy.catalog import codes_of, version_on
from claims_edit.policy.editions import of_each_payer
from claims_edit.policy.lifecycle import drafts, enforced
from claims_edit.rule_files.policies import stale_after
from claims_edit.store import ask, open_readonly

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from claims_edit.policy import Catalog
    from claims_edit.policy.pack import Policy, RulePack, Version

# The current decision of each claim line: a line that a later run decided again is no longer stale.
_DECIDED_PAST_REVIEW = """
SELECT policy_id, policy_version, count(*) AS lines, count(*) FILTER (disposition = 'deny') AS denied_lines,
    CAST(coalesce(sum(charge_amount), 0) AS DECIMAL(38,2)) AS charges,
    CAST(coalesce(sum(charge_amount) FILTER (disposition = 'deny'), 0) AS DECIMAL(38,2)) AS denied_charges,
    min(service_start_date) AS first_service, max(service_start_date) AS last_service
FROM current_decisions WHERE policy_stale
GROUP BY policy_id, policy_version ORDER BY policy_id, policy_version
"""


@dataclass(frozen=True)
class ReviewStatus:
    """One policy on one day; without a version in force, nothing is overdue.

    Attributes:
        policy: the policy's id.
        payer: its key.
        kind: `funding` or `guidance`.
        file: the path of the policy in the rule pack.
        version: the first day of the version in force.
        status: of that version, `final` or `retired`.
        reviewed: its last review.
        next_review: its next review, where the document gives one.
        stale_after: the last day on which its review is not overdue; None where it has no review, as guidance.
        days_left: from the day to `stale_after`: 0 on that day itself, negative past it.
        last_revision: the latest revision of the document on record up to that version.
        newer_codes: specific codes of the service that began after the last review and are not listed in the version.
        proposed: the first days of the drafts.
    """

    policy: str
    payer: str
    kind: PolicyKind
    file: str
    version: dt.date | None
    status: str | None
    reviewed: dt.date | None
    next_review: dt.date | None
    stale_after: dt.date | None
    days_left: int | None
    last_revision: dt.date | None
    newer_codes: tuple[str, ...]
    proposed: tuple[dt.date, ...]

    @property
    def past(self) -> bool:
        """Whether the review is overdue: not on the day of the review, but from the day after."""
        return self.days_left is not None and self.days_left < 0


def review_status(catalog: Catalog, as_of: dt.date) -> list[ReviewStatus]:
    """The status of every policy of the pack on a day, by payer and service; of a policy with editions, of each."""
    policies = sorted(catalog.written.policies.items(), key=lambda item: (item[1].payer, item[1].service))
    return [
        _status(catalog.written, path, policy, as_of, held)
        for path, policy in policies
        for _, held in of_each_payer(path, policy, enforced)
    ]


def _status(pack: RulePack, path: str, written: Policy, as_of: dt.date, policy: Policy) -> ReviewStatus:
    """The status of a policy as it holds for one payer and some programs, with the drafts of the written one."""
    held, version = policy.versions, version_on(policy, as_of)
    until = stale_after(version) if version else None
    revisions = [
        entry.date
        for each in held
        if version is not None and each.from_.date <= version.from_.date
        for entry in each.history
    ]
    return ReviewStatus(
        policy=policy.id,
        payer=policy.payer,
        kind=policy.kind,
        file=path,
        version=version.from_.date if version else None,
        status=version.status.value if version else None,
        reviewed=version.reviewed.date if version and version.reviewed else None,
        next_review=version.next_review.date if version and version.next_review else None,
        stale_after=until,
        days_left=(until - as_of).days if until else None,
        last_revision=max(revisions, default=None),
        newer_codes=_newer_codes(pack, policy, version, as_of) if version else (),
        proposed=tuple(draft.from_.date for draft in drafts(written)),
    )


def _newer_codes(pack: RulePack, policy: Policy, version: Version, as_of: dt.date) -> tuple[str, ...]:
    """Codes that are newer than the policy's last review and not listed in its version.

    A version without a last review counts as reviewed when it began. Guidance lists no procedure codes, so none
    is missing from it. A code that has ended by the day is left out; a future code is included.
    """
    if policy.kind is PolicyKind.GUIDANCE:
        return ()
    looked_at = (version.reviewed or version.from_).date
    return tuple(
        code.code
        for code in codes_of(pack, policy.service)
        if code.kind is CodeKind.SPECIFIC
        and code.code not in version.codes.listed
        and code.valid_from is not None
        and code.valid_from.date > looked_at
        and (code.valid_until is None or code.valid_until.date >= as_of)
    )


def decided_past_review(out: Path) -> list[dict[str, Any]]:
    """The current decisions of a results folder made after a review was due, by policy version.

    Each row has `policy_id, policy_version, lines, denied_lines, charges, denied_charges, first_service, last_service`.

    Raises:
        UsageError: nothing is published there.
        ResultsError: the folder is damaged.
    """
    with open_readonly(out) as connection:
        return [row for batch in ask(connection, _DECIDED_PAST_REVIEW).batches() for row in batch.to_dicts()]
