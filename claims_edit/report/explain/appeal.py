"""What may overturn a denial, and what a reviewer of an appeal should know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.model import EDIT_IDS
from claims_edit.report.explain.line import STALE
from claims_edit.report.explain.words import listed, period

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


def of_catch_all(line: Line) -> str:
    """What decides the line under a catch-all code that the version lists: what hit before the code is looked at."""
    before = EDIT_IDS[: EDIT_IDS.index("unlisted-code")]
    hit = [edit for edit in line.row["edits"] if edit in before and edit != line.row["reason_code"]]
    return line.outcome((*hit, "unlisted-code")[0])


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
    yield (
        f"A corrected code that no policy of {policy.payer} listed on {line.start} ({policy.id} listed"
        f" {listed(version.codes.listed)}): the line would not be denied as investigational."
    )
    listing = [each for each in policy.versions if line.code in each.codes.listed]
    periods = listed(map(period, listing))
    yield (
        f"A corrected date of service on which {policy.id} does not list {line.code} (it does {periods}): the line"
        " would not be denied as investigational."
    )


def overdue(line: Line) -> str:
    """That the version in force was past its review on the start date."""
    policy = line.book.policy(line.row) or {}
    last = f"last reviewed {policy['reviewed']}" if policy.get("reviewed") else "without a review on record"
    due = f", due by {policy['stale_after']}" if policy.get("stale_after") else ""
    return f"the policy was past its review on {line.start} ({last}{due})."


def other_grounds(line: Line) -> Iterator[str]:
    """What weighs in an appeal: a review that is overdue, a code that does not fit the site, guidance and evidence."""
    edits = line.row["edits"]
    if STALE in edits and line.row["reason_code"] != STALE:
        yield f"For the appeal: {overdue(line)}"
    if "code-site-mismatch" in edits:
        yield (
            f"For the appeal: {line.code} is meant for other tumor sites than the diagnoses name; the record may show"
            " another code or site."
        )
    in_force = [each["id"] for each in line.book.guidance(line.row) if each["in_force"]]
    if in_force:
        yield f"For the appeal: {listed(in_force)} was out on {line.start}; it informs, and is no ground to deny."
