"""What decides the lines of the proof, without names: lines for which it is the same are alike.

Of the rules of a payer and service the engine looks up, in each of its policies, the version in force on the first day
of service, its rule on the code and on the program, and whether a boundary falls within the days of service; of the
code its validity, its listing on the days and its site rules; of the service the guidance on each site. Where these are
the same, and only names differ (of payer, policy, version and code) and texts for people, every line has the outcome of
the same line of the other payer or code. `_LOOKED_UP` are the columns that are read here by what they mean; each other
column of a decision table counts with its value, one that is added later too. The proof does not rely on this alone: it
has a line of each decided by itself, and compares (`prove`).
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from claims_edit.facts.policy import PAYER_SERVICE, POLICY_KEY, VERSION_KEY

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    import polars as pl

    from claims_edit.policy import Catalog

_NAMES = ("policy_id", "policy_version", "policy_reference", "site_reference", "guidance_id", "members")
_TEXTS = "_citation"  # as of the names, only whether there is one counts
_LOOKED_UP = (
    "payer", "service", "timeline", "hcpcs_code", "program", "in_force_from", "in_force_until", "stale_after",
    "first_day", "unknown_before", "scope_codes", "scope_programs", "out_from", "from", "valid_from", "valid_until",
    "site_from", "site_first",
)  # fmt: skip

Row = dict[str, Any]
Days = tuple[dt.date, dt.date]
Version = tuple[str, str] | None
"""The ids of a policy and of its version that is looked up; None where none is in force."""


class State(NamedTuple):
    """A class of program states: those that are the same to the engine, and to the proof.

    Attributes:
        program: what they name; None where they name none, or several.
        facts: what an edit reads of them besides, and whether one of their signals names Medicare Advantage.
        parts: the parts of the space that have such a state.
    """

    program: str | None
    facts: tuple[bool, ...]
    parts: tuple[bool, ...]


@dataclass
class _Version:
    """A version of a timeline: its ids, days, values, listing of each code, and rule on each program."""

    ids: tuple[str, str]
    until: dt.date | None
    stale_after: dt.date | None
    values: Hashable
    listed: dict[str, Hashable] = field(default_factory=dict)
    rules: dict[str, Hashable] = field(default_factory=dict)
    criteria: list[Hashable] = field(default_factory=list)
    of_codes: list[frozenset[str]] = field(default_factory=list)


@dataclass
class _Timeline:
    """The rules of one policy, as they hold for some programs."""

    values: Hashable
    scope_codes: frozenset[str]
    scope_programs: frozenset[str]
    froms: list[dt.date] = field(default_factory=list)
    versions: list[_Version] = field(default_factory=list)
    boundaries: list[dt.date] = field(default_factory=list)
    first_day: dt.date | None = None
    unknown_before: bool = False
    listings: dict[str, list[tuple[dt.date, dt.date | None]]] = field(default_factory=lambda: defaultdict(list))

    def on(self, day: dt.date) -> _Version | None:
        """The version in force on a day."""
        place = bisect_right(self.froms, day)
        version = self.versions[place - 1] if place else None
        return version if version and (version.until is None or version.until >= day) else None

    def of_days(self, first: dt.date, last: dt.date) -> Hashable:
        """What is looked up whatever the code and program."""
        version, passed = self.on(first), bisect_right(self.boundaries, last)
        within = passed > 0 and self.boundaries[passed - 1] > first
        before = self.unknown_before and (self.first_day is None or self.first_day > first)
        if version is None:
            return self.values, within, before
        stale = version.stale_after is not None and version.stale_after < first
        return self.values, within, before, version.values, tuple(version.criteria), stale

    def of_code(self, code: str, first: dt.date, last: dt.date) -> Hashable:
        """What is looked up for a code."""
        version = self.on(first)
        begun = [until for since, until in self.listings.get(code, ()) if since <= last]
        on_a_day = bool(begun) and (begun[-1] is None or begun[-1] >= first)
        listed = (version.listed.get(code), *(code in each for each in version.of_codes)) if version else None
        return not self.scope_codes or code in self.scope_codes, on_a_day, listed


class Signatures:
    """What decides the lines of a payer, without names: equal for lines that are alike."""

    def __init__(self, catalog: Catalog) -> None:
        """Index the decision tables."""
        self._rows = _by(catalog.timelines, PAYER_SERVICE)
        self._timelines = {
            tuple(row[key] for key in POLICY_KEY): _Timeline(
                _values(row), frozenset(row["scope_codes"]), frozenset(row["scope_programs"])
            )
            for row in catalog.timelines.iter_rows(named=True)
        }
        self._fill(catalog)
        self._codes = {row["hcpcs_code"]: (row, _values(row)) for row in catalog.codes.iter_rows(named=True)}
        self._code_sites = _by(catalog.code_sites, ("hcpcs_code",))
        self._guidance = _by_site(catalog.guidance, ("service",), "out_from")
        self._references = _by_site(catalog.site_references, PAYER_SERVICE, "site_from")
        self._published: dict[tuple[str, dt.date], list[Row]] = {}

    def _fill(self, catalog: Catalog) -> None:
        versions: dict[tuple[Any, ...], _Version] = {}
        for at, row in _keyed(catalog.versions.sort("in_force_from"), POLICY_KEY):
            ids = (row["policy_id"], row["policy_version"])
            version = _Version(ids, row["in_force_until"], row["stale_after"], _values(row))
            versions[*at, row["policy_version"]] = version
            self._timelines[at].froms.append(row["in_force_from"])
            self._timelines[at].versions.append(version)
        for at, row in _keyed(catalog.boundaries.sort("boundary"), POLICY_KEY):
            self._timelines[at].boundaries.append(row["boundary"])
        for at, row in _keyed(catalog.histories, POLICY_KEY):
            self._timelines[at].first_day, self._timelines[at].unknown_before = row["first_day"], row["unknown_before"]
        for at, row in _keyed(catalog.listed_codes.sort("in_force_from"), VERSION_KEY):
            versions[at].listed[row["hcpcs_code"]] = _values(row)
            listings = self._timelines[at[:-1]].listings[row["hcpcs_code"]]
            listings.append((row["in_force_from"], row["in_force_until"]))
        for at, row in _keyed(catalog.program_rules, VERSION_KEY):
            versions[at].rules[row["program"]] = _values(row)
        for at, row in _keyed(catalog.criteria, VERSION_KEY):
            if row["checked_by"] == "codes":
                versions[at].of_codes.append(frozenset(row["values"]))
            kept = row | {"values": ()} if row["checked_by"] == "codes" else row
            versions[at].criteria.append(_values(kept))

    def service_of(self, code: str) -> str:
        """The service of a code."""
        return str(self._codes[code][0]["service"])

    def timelines(self, payer: str | None, service: str, program: str | None) -> tuple[str, ...]:
        """The timeline of each policy that holds for a program, in order."""
        rows = self._rows.get((payer, service), [])
        named = {row["policy_id"]: row["timeline"] for row in rows if program is not None and row["program"] == program}
        others = {row["policy_id"]: row["timeline"] for row in rows if row["program"] is None}
        return tuple(sorted((others | named).values()))

    def versions(self, payer: str | None, service: str, timelines: Iterable[str], day: dt.date) -> tuple[Version, ...]:
        """The version of each timeline that is in force on a day."""
        found = (self._timelines[payer, service, each].on(day) for each in timelines)
        return tuple(version.ids if version else None for version in found)

    def guidance(self, service: str, day: dt.date) -> list[str]:
        """The guidance on each site that was published last by a day, in order of the sites."""
        return [row["guidance_id"] for row in self._of_guidance(service, day)]

    def _of_guidance(self, service: str, day: dt.date) -> list[Row]:
        if (service, day) not in self._published:
            self._published[service, day] = _of_sites(self._guidance.get((service,), []), day)
        return self._published[service, day]

    def of_days(self, payer: str | None, service: str, timelines: Sequence[str], days: Days) -> Hashable:
        """What is looked up on the days of service, whatever the code and the program."""
        sites = self._references.get((payer, service), [])
        begun = tuple((rows[0]["site_class"], rows[0]["site_first"] > days[0]) for _, rows in sites)
        return (
            tuple(map(_values, self._of_guidance(service, days[0]))),
            begun,
            tuple(map(_values, _of_sites(sites, days[0]))),
            *(self._timelines[payer, service, each].of_days(*days) for each in timelines),
        )

    def of_code(self, payer: str | None, timelines: Sequence[str], code: str, days: Days) -> Hashable:
        """What is looked up for the code."""
        (own, values), (first, last) = self._codes[code], days
        since, until = own["valid_from"], own["valid_until"]
        valid = [since is None or since <= day for day in days] + [until is None or until >= day for day in days]
        sites = (_values(row) for row in self._code_sites.get((code,), []) if row["from"] <= first)
        of_timelines = (self._timelines[payer, own["service"], each].of_code(code, first, last) for each in timelines)
        return values, tuple(valid), tuple(sites), *of_timelines

    def of_state(
        self, payer: str | None, service: str, timelines: Sequence[str], day: dt.date, state: State
    ) -> Hashable:
        """What is looked up for the program of a class of states, and what is read of them besides."""
        found: list[Hashable] = [state.program is None, state.facts, state.parts]
        for each in timelines:
            timeline = self._timelines[payer, service, each]
            version = timeline.on(day)
            rule = version.rules.get(state.program) if version and state.program else None
            found += [not timeline.scope_programs or state.program in timeline.scope_programs, rule]
        return tuple(found)


Dated = tuple[list[dt.date], list[Row]]


def _keyed(table: pl.DataFrame, keys: Sequence[str]) -> Iterable[tuple[tuple[Any, ...], Row]]:
    """The rows of a table, each with its key."""
    for row in table.iter_rows(named=True):
        yield tuple(row[key] for key in keys), row


def _by(table: pl.DataFrame, keys: Sequence[str]) -> dict[tuple[Any, ...], list[Row]]:
    """The rows of a table by key."""
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for key, row in _keyed(table, keys):
        found[key].append(row)
    return dict(found)


def _by_site(table: pl.DataFrame, keys: Sequence[str], since: str) -> dict[tuple[Any, ...], list[Dated]]:
    """The rows of a table by key and site class, with the day on which each begins, in order."""
    found: dict[tuple[Any, ...], list[Dated]] = defaultdict(list)
    for (*key, _), rows in sorted(_by(table.sort(since), (*keys, "site_class")).items()):
        found[tuple(key)].append(([row[since] for row in rows], rows))
    return dict(found)


def _of_sites(sites: Iterable[Dated], day: dt.date) -> list[Row]:
    """The row of each site that began last by a day, of those that have one."""
    return [rows[place - 1] for days, rows in sites if (place := bisect_right(days, day))]


def _values(row: Row) -> Hashable:
    """The values of a row that count; of names and texts, whether there is one."""
    return tuple(
        value is None if name in _NAMES or name.endswith(_TEXTS) else tuple(value) if isinstance(value, list) else value
        for name, value in row.items()
        if name not in _LOOKED_UP
    )
