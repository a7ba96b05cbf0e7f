"""Checks of dates: each is the one that its citation gives, or a note says why it differs."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import TYPE_CHECKING

from pydantic import BaseModel

from claims_edit.policy.check import parts_of
from claims_edit.policy.pack import CitedDate, HistoryEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.pack import RulePack
    from claims_edit.rule_files.values import Citation

_MONTHS = {
    name.lower(): number
    for names in (calendar.month_name, calendar.month_abbr, (*calendar.month_abbr[:9], "Sept"))
    for number, name in enumerate(names)
    if name
}


def date_faults(pack: RulePack) -> Iterator[str]:
    """Dates of codes, policies and guidance that are not those of their citations, without a note that says why."""
    for files in (pack.codes, pack.policies, pack.guidance):
        for path, model in files.items():
            for place, value in _dated(model, ""):
                note = None if isinstance(value, HistoryEntry) else value.note
                if note is None:
                    yield from _day_faults(f"rules/{path}: {place}", value.date, value.cite)


def _dated(value: object, place: str) -> Iterator[tuple[str, CitedDate | HistoryEntry]]:
    if isinstance(value, CitedDate | HistoryEntry):
        yield place, value
        return
    for step, item in parts_of(value):
        if isinstance(item, BaseModel | tuple | dict):
            yield from _dated(item, f"{place}{step}".lstrip("."))


def last_day(given: str) -> dt.date | None:
    """The day of a date as documents give it: the last day of a month or a year; None where it is not a date."""
    if found := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})", given):
        month, day, year = (int(part) for part in found.groups())
        return _day_or_none(year + 2000 if year < 100 else year, month, day)  # noqa: PLR2004 -- two digits of a year
    if found := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", given):
        return _day_or_none(*(int(part) for part in found.groups()))
    given = re.sub(r"^(\d{1,2}) ([A-Za-z.]+) (\d{4})$", r"\2 \1, \3", given)
    if found := re.fullmatch(r"(?:([A-Za-z]+)\.? )?(?:(\d{1,2}), )?(\d{4})", given):
        name, day_text, year_text = found.groups()
        month = _MONTHS.get((name or "December").lower(), 0)
        year = int(year_text)
        if not month or (day_text and not name):
            return None
        return _day_or_none(year, month, int(day_text) if day_text else calendar.monthrange(year, month)[1])
    return None


def _day_or_none(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _day_faults(place: str, day: dt.date, cite: Citation) -> Iterator[str]:
    """A day that differs from its citation; a note gives the reason where the difference is intended."""
    named = last_day(cite.date)
    if named is not None and day != named:
        yield (
            f"{place}.date: {day} does not match the date of its citation (`{cite.date}`, so {named}). "
            "Correct it, or give the reason in `note`."
        )
