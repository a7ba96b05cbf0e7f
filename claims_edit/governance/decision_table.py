"""What a payer's policy does with each code in each program, by period: the decision table for people.

The engine decides a plain line for each cell: one service day, a malignant solid tumor, no contract, no trial evidence,
and no replacement or void.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.engine import evaluate, facts
from claims_edit.errors import UsageError
from claims_edit.facts.diagnosis import NOT_SOLID
from claims_edit.governance import day_axes, decision_axes, line_axes
from claims_edit.governance.decision_space import Axes
from claims_edit.names import name_keys
from claims_edit.policy.catalog import codes_of
from claims_edit.policy.render import RulesTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy import Catalog

_UNKNOWN = "(unknown)"
_Cell = tuple[dt.date, str, str]
"""A day, the program, and the code."""


@dataclass(frozen=True)
class Period:
    """Days on which nothing changes for a payer and service; `first` or `last` is None where it is open."""

    first: dt.date | None
    last: dt.date | None

    @property
    def day(self) -> dt.date:
        """A day of the period."""
        return self.first or self.last or dt.date.min


def decision_tables(catalog: Catalog, payer: str) -> list[RulesTable]:
    """What the payer's policies do with each code, by period and program; one table for each service.

    Where a scope of the payer is by tumor site, one for each of these sites, and one for the others.
    Programs and codes with the same outcome in a period share a row.

    Raises:
        UsageError: if payers.yaml does not have the payer.
    """
    payers = catalog.pack.payers.payers
    if payer not in payers:
        raise UsageError(f"{payer}: is not a valid payer key. Use one of {', '.join(sorted(payers))}.")
    return [
        RulesTable(f"{payers[payer].label}: {file.label}{site}", tuple(_rows(catalog, payer, file.service, diagnosis)))
        for file in catalog.pack.codes.values()
        for site, diagnosis in _sites(catalog, payer).items()
    ]


def _rows(catalog: Catalog, payer: str, service: str, diagnosis: str) -> Iterator[dict[str, str]]:
    periods = list(_periods(catalog, payer, service))
    codes = _codes(catalog, service)
    named = decision_axes.named_with_alike((catalog,))
    decided = _decided(catalog, payer, service, [period.day for period in periods], diagnosis)
    for period in periods:
        alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for program in (*sorted(catalog.pack.programs.programs), _UNKNOWN):
            alike.setdefault(tuple(decided[period.day, program, code] for code in codes), []).append(program)
        for cells, programs in alike.items():
            by_outcome: dict[tuple[str, str], list[str]] = {}
            for code, cell in zip(codes, cells, strict=True):
                by_outcome.setdefault(cell, []).append(code)
            for (version, outcome), fared in by_outcome.items():
                yield {
                    "from": _or_open(period.first),
                    "until": _or_open(period.last),
                    "version": version,
                    "programs": ", ".join(programs),
                    "codes": ", ".join(named.get(code, code) for code in fared),
                    "outcome": outcome,
                }


def _codes(catalog: Catalog, service: str) -> list[str]:
    """The codes of a service: those of lines, then of each group of codes of claims that are alike the first."""
    of_claims = catalog.codes.filter("of_claims", service=service)["hcpcs_code"]
    alike = decision_axes.alike_codes((catalog,))
    return [*(code.code for code in codes_of(catalog.pack, service)), *(code for code in of_claims if code in alike)]


def _periods(catalog: Catalog, payer: str, service: str) -> Iterator[Period]:
    """The periods between the boundaries of the payer's versions and of the codes' validity."""
    codes = set(_codes(catalog, service))
    by_code = day_axes.boundaries((day_axes.DayTables.of(catalog),), (payer,))
    starts = [None, *sorted({day for code, days in by_code.items() if code in codes for day in days})]
    for first, following in zip(starts, [*starts[1:], None], strict=True):
        last = following - day_axes.DAY if following else None
        yield Period(first, last)


def _decided(
    catalog: Catalog, payer: str, service: str, days: list[dt.date], diagnosis: str
) -> dict[_Cell, tuple[str, str]]:
    """The version and the outcome of each cell."""
    plain = next(each for each in decision_axes.payers((catalog,)) if each.keys == (payer,))
    programs = sorted(catalog.pack.programs.programs)
    labels = dict(zip(name_keys(programs), programs, strict=True))
    space = Axes(
        days=day_axes.days_frame({code: [(day, day) for day in days] for code in _codes(catalog, service)}),
        programs=decision_axes.program_frame(
            [decision_axes.state(), *(decision_axes.state(line_of_business=key) for key in labels if key)]
        ),
        sites=decision_axes.site_frame({"solid": diagnosis}).head(1),
        trials=line_axes.trial_frame().head(1),
        holds=line_axes.hold_frame().head(1),
        contracts=line_axes.contract_frame().head(1),
        claims=line_axes.claim_frame().head(1),
    )
    revisions, contracts = line_axes.revisions_of(plain.name), line_axes.contracts_for(())
    version = pl.col("policy_version").fill_null("none")
    outcomes = pl.concat([
        evaluate(facts(cells, catalog, revisions=revisions, contracts=contracts), catalog).select(
            "service_start_date", "line_of_business", "hcpcs_code", version, _outcome()
        )
        for cells in space.cells(plain)
    ])  # fmt: skip
    return {(day, labels.get(key, _UNKNOWN), code): (*cell,) for day, key, code, *cell in outcomes.iter_rows()}


def _sites(catalog: Catalog, payer: str) -> dict[str, str]:
    """What to add to a table's title, and a malignant solid tumor: one for each site that a scope names, and another.

    If possible, the other one has no guidance in place of the payer's document.
    """
    scoped = decision_axes.scoped_by_payer(catalog).get(payer, set())
    by_site = {*catalog.site_references.filter(payer=payer)["site_class"], *scoped}
    solid = {str(site): code for (site,), code in decision_axes.site_classes((catalog,)).items() if site != NOT_SOLID}
    other = next((code for site, code in solid.items() if site not in by_site), next(iter(solid.values())))
    own = {f", {site}": solid[site] for site in sorted(scoped) if site in solid}
    return own | {", other sites" if own else "": other}


def _outcome() -> pl.Expr:
    """An outcome as an analyst reads it: `deny: investigational (PR 55)`."""
    adjusted = pl.format("{}: {} ({} {})", "disposition", "reason_code", "group_code", "carc")
    plain = pl.format("{}: {}", "disposition", "reason_code")
    return pl.when(pl.col("carc").is_not_null()).then(adjusted).otherwise(plain).alias("outcome")


def _or_open(day: dt.date | None) -> str:
    return "" if day is None else day.isoformat()
