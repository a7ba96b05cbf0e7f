"""What may overturn a denial, and what a reviewer of an appeal should know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.report.explain.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.pack import ProcedureCode
    from claims_edit.report.explain.line import Line


def codes_valid_on(line: Line) -> list[ProcedureCode]:
    """The codes of the line's service that were valid on its first day, in order."""
    service, _ = line.book.codes.get(line.code, ("", None))
    return [
        code
        for _, (of_service, code) in sorted(line.book.codes.items())
        if of_service == service
        and (code.valid_from is None or code.valid_from.date <= line.start)
        and (code.valid_until is None or line.start <= code.valid_until.date)
    ]


def is_listed(line: Line, code: str) -> bool:
    """Whether the version in force lists a code."""
    return line.version is not None and code in line.version.codes.listed


def contract_ground(line: Line) -> Iterator[str]:
    """A contract that covers the service goes before the policy."""
    if not line.had_contracts:
        why = "the run had no contracts file"
    elif line.row["group_id"] is None:
        why = "the line has no group_id, so that no contract could be looked up"
    else:
        why = f"none of the line's group that speaks of it was in force on {line.start}"
    yield f"A contract that covers the service: the line would pass ({why})."


def code_and_date_ground(line: Line) -> Iterator[str]:
    """A code or date of service under which the policy does not speak."""
    if line.in_force is None:
        return
    policy, version = line.in_force
    after = f" or after {version.until.date}" if version.until else ""
    yield (
        f"A corrected code that {policy.id} does not list (it lists {listed(version.codes.listed)}), or a corrected"
        f" date of service before {version.from_.date}{after}."
    )


def other_grounds(line: Line) -> Iterator[str]:
    """What weighs in an appeal: a review that is overdue, a code that does not fit the site, guidance and evidence."""
    policy = line.book.policy(line.row)
    edits = line.row["edits"]
    if "policy-stale" in edits and policy:
        last = f"last reviewed {policy['reviewed']}" if policy["reviewed"] else "without a review on record"
        due = f"{last}, due by {policy['stale_after']}"
        yield f"For the appeal: the policy was past its review on {line.start} ({due})."
    if "code-site-mismatch" in edits:
        yield (
            f"For the appeal: {line.code} is meant for other tumor sites than the diagnoses name; the record may show"
            " another code or site."
        )
    in_force = [each["id"] for each in line.book.guidance(line.row) if each["in_force"]]
    if in_force:
        yield f"For the appeal: {listed(in_force)} was out on {line.start}; it informs, and is no ground to deny."
