"""What a change of the rules changes: for which payer, code, program and service dates a plain line fares otherwise."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from claims_edit.policy.outlook import change_days, codes_of, edit_for, outcome, periods, policy_for
from claims_edit.policy.render import RulesTable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from claims_edit.policy.pack import RulePack

_ABSENT = "(not in the rules)"


def changes(old: RulePack, new: RulePack) -> RulesTable:
    """A row for each payer, service, code and program, and each run of service days, whose outcome differs.

    Read for a plain line, as the decision table is. Names, spellings, citations and evidence are not compared.
    """
    packs = (old, new)
    pairs = {(payer, file.service) for pack in packs for payer in pack.payers.payers for file in pack.codes.values()}
    rows = [row for payer, service in sorted(pairs) for row in _service_rows(packs, payer, service)]
    return RulesTable("Changed outcomes", tuple(rows))


def _service_rows(packs: tuple[RulePack, RulePack], payer: str, service: str) -> Iterator[dict[str, str]]:
    days = set().union(*(change_days(pack, payer, service) for pack in packs))
    codes = sorted({code.code for pack in packs for code in codes_of(pack, service)})
    programs = sorted({program for pack in packs for program in pack.programs.programs})
    spans = [(period.first, period.last) for period in periods(None, days)]
    for code in codes:
        for program in programs:
            was, becomes = (list(_cells(pack, (payer, service), days, code, program)) for pack in packs)
            row = {"payer": payer, "service": service, "code": code, "program": program}
            yield from (row | change for change in _runs(spans, was, becomes))


def _cells(pack: RulePack, where: tuple[str, str], days: Iterable[dt.date], code: str, program: str) -> Iterator[str]:
    payer, service = where
    policy = policy_for(pack, payer, service) if payer in pack.payers.payers else None
    known = {known.code: known for known in codes_of(pack, service)}
    for period in periods(policy, days):
        if payer not in pack.payers.payers or code not in known or program not in pack.programs.programs:
            yield _ABSENT
        else:
            yield outcome(pack, period, edit_for(period, policy, known[code], program))


def _runs(
    spans: list[tuple[dt.date | None, dt.date | None]], was: list[str], becomes: list[str]
) -> Iterator[dict[str, str]]:
    """Neighbouring periods with the same change as one row; unchanged ones are left out."""
    for (before, after), run in groupby(zip(was, becomes, spans, strict=True), key=lambda cell: cell[:2]):
        days = [span for _, _, span in run]
        first, last = days[0][0], days[-1][1]
        if before != after:
            yield {"from": _text(first), "until": _text(last), "was": before, "becomes": after}


def _text(day: dt.date | None) -> str:
    return "" if day is None else day.isoformat()
