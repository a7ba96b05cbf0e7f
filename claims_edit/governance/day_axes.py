"""The days of service of the decision space: both sides of each day on which a rule begins or has ended."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from claims_edit.governance.decision_axes import Meaning
    from claims_edit.policy import Catalog

DAY = dt.timedelta(days=1)
_A_DAY = dt.date(2000, 1, 1)  # any day is fine where no rule has a date
_LATER = dt.timedelta(days=366)


def boundaries(tables: Sequence[DayTables], keys: Meaning) -> dict[str, list[dt.date]]:
    """For each code, the days on which a rule that decides its lines begins or has ended, for the payer."""
    found: dict[str, set[dt.date]] = {}
    for table, key in zip(tables, keys, strict=True):
        for code, (service, days) in table.of_code.items():
            found.setdefault(code, set()).update(days, table.boundaries.get((key, service), ()))
    return {code: sorted(days) for code, days in sorted(found.items())}


Days = dict[tuple[str | None, str], set[dt.date]]
"""Days by payer and service."""


@dataclass(frozen=True)
class DayTables:
    """The days of one pack's rules.

    Attributes:
        boundaries: of the versions, by payer and service.
        overdue: on which a version's review is overdue, by payer and service.
        of_code: for each code its service, and the first day of its validity and the day after its last.
        published: for each code its service, and the days of its site rules and of its service's guidance.
    """

    boundaries: Days
    overdue: Days
    of_code: dict[str, tuple[str, set[dt.date]]]
    published: dict[str, tuple[str, set[dt.date]]]

    @classmethod
    def of(cls, catalog: Catalog, *, by_site: bool = False) -> DayTables:
        """The days of a pack.

        `by_site` adds the days of guidance on single sites to the boundaries of a payer that follows it in place of a
        document of its own.
        """
        days = _by_service(catalog.boundaries, "boundary")
        for at, followed in _by_service(catalog.site_references, "site_from").items() if by_site else ():
            days.setdefault(at, set()).update(followed)
        overdue = _by_service(catalog.versions, "stale_after")
        guidance: dict[str, set[dt.date]] = {}
        for service, day in catalog.guidance.select("service", "out_from").iter_rows():
            guidance.setdefault(service, set()).add(day)
        rules: dict[str, set[dt.date]] = {}
        for code, day in catalog.code_sites.select("hcpcs_code", "from").iter_rows():
            rules.setdefault(code, set()).add(day)
        codes = list(catalog.codes.select("hcpcs_code", "service", "valid_from", "valid_until").iter_rows())
        return cls(
            days,
            {at: {day + DAY for day in found} for at, found in overdue.items()},
            {
                code: (service, {day for day in (first, last and last + DAY) if day})
                for code, service, first, last in codes
            },
            {code: (service, rules.get(code, set()) | guidance.get(service, set())) for code, service, *_ in codes},
        )


def _by_service(table: pl.DataFrame, day: str) -> Days:
    days: Days = {}
    for payer, service, each in table.select("payer", "service", day).drop_nulls(day).iter_rows():
        days.setdefault((payer, service), set()).add(each)
    return days


def informing_days(table: DayTables, key: str | None) -> dict[str, list[dt.date]]:
    """For each code, the days on which something informational begins: a site rule, an overdue review, guidance."""
    return {
        code: sorted(days | table.overdue.get((key, service), set()))
        for code, (service, days) in table.published.items()
    }


DayRow = tuple[dt.date, dt.date]
"""The first and the last service day of a line."""


def day_rows(days: Sequence[dt.date]) -> list[DayRow]:
    """First and last service day of lines on both sides of each boundary, across each, across all, and across none."""
    if not days:
        return [(_A_DAY, _A_DAY), (_A_DAY, _A_DAY + DAY)]
    single = [day for boundary in days for day in (boundary - DAY, boundary)]
    after = days[-1] + _LATER
    crossing = [(boundary - DAY, boundary) for boundary in days]
    return [*((day, day) for day in single), *crossing, (days[0] - DAY, after), (after, after), (after, after + DAY)]


def days_frame(by_code: Mapping[str, Iterable[DayRow]]) -> pl.DataFrame:
    """The service days of each code: hcpcs_code, service_start_date, service_end_date; each once, sorted."""
    rows = [(code, *days) for code, pairs in by_code.items() for days in sorted(set(pairs))]
    schema = {"hcpcs_code": pl.String, "service_start_date": pl.Date, "service_end_date": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")
