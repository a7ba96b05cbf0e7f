"""In a shadow every day has the draft that addresses it, else the version that is enforced on it: day by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from claims_edit.model import VersionStatus
from claims_edit.policy import load_catalog
from claims_edit.policy.catalog import version_on
from claims_edit.policy.lifecycle import as_if_in_force, shadowed

if TYPE_CHECKING:
    from claims_edit.policy.pack import Policy, Version

ORIGIN = date(2020, 1, 1)
DAYS = 30
Period = tuple[int, int | None]


@st.composite
def disjoint(draw: st.DrawFn) -> list[Period]:
    """Periods in order, by their first and last day; the last one may be open, and gaps may lie between them."""
    days = sorted(draw(st.sets(st.integers(1, DAYS - 1), max_size=8)))
    periods: list[Period] = list(zip(days[::2], days[1::2], strict=False))
    return [*periods, (days[-1], None)] if len(days) % 2 else periods


def policy_of(enforced: list[Period], proposed: list[Period]) -> Policy:
    pattern = next(iter(load_catalog().written.policies.values()))

    def version(period: Period, status: VersionStatus) -> Version:
        first, last = (None if day is None else ORIGIN + timedelta(days=day) for day in period)
        like = pattern.versions[0]
        says = like.statement.model_copy(update={"says": f"{status} {period}"})
        began = like.from_.model_copy(update={"date": first})
        ended = None if last is None else like.from_.model_copy(update={"date": last})
        return like.model_copy(update={"from_": began, "until": ended, "statement": says, "status": status})

    versions = [version(period, VersionStatus.FINAL) for period in enforced]
    versions += [version(period, VersionStatus.PROPOSED) for period in proposed]
    return pattern.model_copy(update={"versions": tuple(versions)})


def covers(period: Period, day: int) -> bool:
    return period[0] <= day and (period[1] is None or day <= period[1])


@given(enforced=disjoint(), proposed=disjoint())
def test_each_day_of_a_shadow(enforced: list[Period], proposed: list[Period]) -> None:
    policy = policy_of(enforced, proposed)
    held = shadowed(policy)
    for day in range(DAYS + 1):
        drafted = [f"proposed {period}" for period in proposed if covers(period, day)]
        final = [f"final {period}" for period in enforced if covers(period, day)]
        on = ORIGIN + timedelta(days=day)
        holding = [each for each in held if version_on(policy.model_copy(update={"versions": (each,)}), on)]
        assert [each.statement.says for each in holding] == (drafted or final)
    firsts = [each.from_.date for each in held]
    assert firsts == sorted(set(firsts))


@given(enforced=disjoint(), proposed=disjoint(), as_of=st.integers(0, DAYS))
def test_each_day_as_if_the_coming_draft_were_in_force(
    enforced: list[Period], proposed: list[Period], as_of: int
) -> None:
    coming = [period for period in proposed if period[0] > as_of]

    def placed(day: int, drafts: list[Period]) -> list[str]:
        drafted = [f"proposed {period}" for period in drafts if covers(period, day)]
        return drafted or [f"final {period}" for period in enforced if covers(period, day)]

    begun = {day: placed(day, [period for period in proposed if period not in coming]) for day in range(as_of + 1)}
    first = as_of + 1  # of the run of days, up to the as-of date, with what is in force on it
    while first > 0 and begun[first - 1] == begun[as_of]:
        first -= 1
    policy = policy_of(enforced, proposed)
    held = as_if_in_force(policy, ORIGIN + timedelta(days=as_of))
    for day in range(DAYS + 1):
        moved = [
            f"proposed {period}" for period in coming[:1] if first <= day and (period[1] is None or day <= period[1])
        ]
        on = ORIGIN + timedelta(days=day)
        holding = [each for each in held if version_on(policy.model_copy(update={"versions": (each,)}), on)]
        assert [each.statement.says for each in holding] == (moved or placed(day, proposed))
    assert [each.id for each in held if each.id != each.from_.date.isoformat()] == [
        (ORIGIN + timedelta(days=period[0])).isoformat() for period in coming[:1]
    ]
