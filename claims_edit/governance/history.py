"""A policy's history by date: its versions, what each changed, and the revisions of its document."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from claims_edit.errors import UsageError
from claims_edit.model import VersionStatus
from claims_edit.policy.catalog import Citations
from claims_edit.policy.render import RulesTable
from claims_edit.rule_files.policies import program_rules_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from claims_edit.policy.pack import Policy, RulePack, Version
    from claims_edit.rule_files.values import Citation

_ORDER = ("begins", "revision", "reviewed", "review due", "ends")  # on one day


class _Event(NamedTuple):
    day: dt.date
    event: str
    version: Version
    what: str
    cite: Citation


def policy_history(written: RulePack, policy_id: str) -> list[RulesTable]:
    """The history of one policy, proposed versions included, then the entries of the pack's changelog that name it.

    Rows of the history: `date, event, version, status, what, citation`, events being `begins`, `revision`, `reviewed`,
    `review due` and `ends`; of the changelog: `pack version, date, service dates, what`, oldest first too.

    Raises:
        UsageError: if no policy has the id.
    """
    policy = next((policy for policy in written.policies.values() if policy.id == policy_id), None)
    if policy is None:
        known = ", ".join(sorted(policy.id for policy in written.policies.values()))
        raise UsageError(f"{policy_id}: is not a valid policy id. Use one of {known}.")
    events = sorted(_events(policy), key=lambda event: (event.day, _ORDER.index(event.event), event.version.from_.date))
    text = Citations(written).text
    return [
        RulesTable(f"{policy.title} ({policy.reference})", tuple(_row(event, text) for event in events)),
        RulesTable("Changes of the rule pack", tuple(_changelog(written, policy_id))),
    ]


def _row(event: _Event, text: Callable[[Citation], str]) -> dict[str, str]:
    return {
        "date": event.day.isoformat(),
        "event": event.event,
        "version": event.version.id,
        "status": event.version.status.value,
        "what": event.what,
        "citation": text(event.cite),
    }


def _events(policy: Policy) -> Iterator[_Event]:
    for version in policy.versions:
        yield _Event(version.from_.date, "begins", version, _what_changed(policy, version), version.from_.cite)
        for entry in version.history:
            yield _Event(entry.date, "revision", version, entry.change, entry.cite)
        for event, cited in (
            ("reviewed", version.reviewed),
            ("review due", version.next_review),
            ("ends", version.until),
        ):
            if cited is not None:
                yield _Event(cited.date, event, version, cited.note or "", cited.cite)


def _what_changed(policy: Policy, version: Version) -> str:
    """The changes that affect decisions, against the latest enforced version before this one."""
    earlier = [
        each
        for each in policy.versions
        if each.status is not VersionStatus.PROPOSED
        and each.from_.date < version.from_.date
        and each.edition in (None, version.edition)
    ]
    if not earlier:
        return f"First version: {version.statement.says}"
    before = max(earlier, key=lambda each: (each.edition is not None, each.from_.date))
    return "; ".join(_differences(before, version)) or "No change that affects decisions."


def _differences(before: Version, after: Version) -> Iterator[str]:
    for what, old, new in (("codes added", before, after), ("codes removed", after, before)):
        if codes := [code for code in new.codes.listed if code not in old.codes.listed]:
            yield f"{what}: {', '.join(codes)}"
    if before.statement.scope is not after.statement.scope:
        yield f"scope: {before.statement.scope} to {after.statement.scope}"
    old_rules, new_rules = program_rules_of(before), program_rules_of(after)
    for program in sorted(old_rules.keys() | new_rules.keys()):
        was, now = (rules[program][0].value if program in rules else "silent" for rules in (old_rules, new_rules))
        if was != now:
            yield f"{program}: {was} to {now}"
    bears = [version.liability.group_code if version.liability else "silent" for version in (before, after)]
    if bears[0] != bears[1]:
        yield f"liability: {bears[0]} to {bears[1]}"


def _changelog(written: RulePack, policy_id: str) -> Iterator[dict[str, str]]:
    for entry in reversed(written.about.changelog if written.about else ()):
        for change in entry.changes:
            if change.policy == policy_id:
                dates = change.service_dates
                yield {
                    "pack version": entry.version,
                    "date": entry.date.isoformat(),
                    "service dates": f"{dates.from_} to {dates.until}" if dates.until else f"from {dates.from_}",
                    "what": change.what,
                }
