"""What a payer's policy does with each code in each program, period by period: the decision table as people read it.

It reads the rules for a plain line: one service day, a malignant solid tumor, no contract, no trial evidence, and no
replacement or void. The engine decides lines; this only shows the rules.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims_edit.model import CodeKind, PolicyKind, ProgramRule
from claims_edit.rule_files.policies import program_rules_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from claims_edit.policy.pack import CitedDate, Policy, ProcedureCode, RulePack, Version

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """Days on which nothing changes for a payer and service; `first` or `last` is None where it is open."""

    first: dt.date | None
    last: dt.date | None
    version: Version | None

    @property
    def day(self) -> dt.date:
        """A day of the period."""
        return self.first or self.last or dt.date.min


def policy_for(pack: RulePack, payer: str, service: str) -> Policy | None:
    """The payer's policy on the service."""
    found = (policy for policy in pack.policies.values() if (policy.payer, policy.service) == (payer, service))
    return next(found, None)


def codes_of(pack: RulePack, service: str) -> list[ProcedureCode]:
    """The codes of a service: specific ones first, each kind in order."""
    codes = [code for file in pack.codes.values() if file.service == service for code in file.codes]
    return sorted(codes, key=lambda code: (code.kind is CodeKind.UNLISTED, code.code))


def change_days(pack: RulePack, payer: str, service: str) -> set[dt.date]:
    """The first day of every period but the first: where a version or a code's validity begins, or has ended."""
    policy = policy_for(pack, payer, service)
    versions = policy.versions if policy else ()
    codes = codes_of(pack, service)
    begins = [version.from_ for version in versions] + [code.valid_from for code in codes]
    ends = [version.until for version in versions] + [code.valid_until for code in codes]
    return {*_days(begins)} | {day + _DAY for day in _days(ends)}


def _days(dates: Iterable[CitedDate | None]) -> Iterator[dt.date]:
    return (cited.date for cited in dates if cited is not None)


def periods(policy: Policy | None, changes: Iterable[dt.date]) -> Iterator[Period]:
    """The periods that the change days cut out of time, oldest first."""
    starts = [None, *sorted(changes)]
    for first, following in zip(starts, [*starts[1:], None], strict=True):
        last = following - _DAY if following else None
        yield Period(first, last, version_on(policy, first or last or dt.date.min))


def version_on(policy: Policy | None, day: dt.date) -> Version | None:
    """The version in force on a day; None where there is none."""
    for version in policy.versions if policy else ():
        if version.from_.date <= day and (version.until is None or day <= version.until.date):
            return version
    return None


def edit_for(period: Period, policy: Policy | None, code: ProcedureCode, program: str | None) -> str:
    """The edit that decides a plain line with the code and the program in the period: the first that hits."""
    version = period.version
    unlisted = code.kind is CodeKind.UNLISTED
    listed = version is not None and code.code in version.codes.listed
    rules = program_rules_of(version) if version else {}
    rule, _ = rules.get(program or "", (None, None))
    ordered = (
        (unlisted and not listed, "unlisted-code-out-of-scope"),
        (not _valid(code, period.day), "code-not-valid-on-dos"),
        (version is None, "policy-not-in-force"),
        (policy is not None and policy.kind is PolicyKind.GUIDANCE, "guidance-research-only"),
        (program is None, "program-unknown"),
        (rule is ProgramRule.REFER, "program-exception-refer"),
        (rule is ProgramRule.REVIEW, "program-exception-review"),
        (rule is None, "program-silent"),
        (unlisted, "unlisted-code"),
        (not listed, "code-not-listed"),
    )
    return next((edit for hit, edit in ordered if hit), "investigational")


def _valid(code: ProcedureCode, day: dt.date) -> bool:
    started = code.valid_from is None or code.valid_from.date <= day
    return started and (code.valid_until is None or day <= code.valid_until.date)


def outcome(pack: RulePack, period: Period, edit: str) -> str:
    """An edit as an analyst reads it: `deny: investigational (PR 55)`."""
    reason = next(reason for reason in pack.reasons.reasons if reason.edit == edit)
    text = f"{reason.disposition}: {edit}"
    if reason.carc is None:
        return text
    liability = period.version.liability if period.version and reason.disposition == "deny" else None
    return f"{text} ({liability.group_code if liability else reason.group_code} {reason.carc})"
