"""Two rule packs compared in meaning: the cells of their common decision space whose outcome differs, as ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.engine import evaluate, facts
from claims_edit.facts.diagnosis import NOT_SOLID
from claims_edit.governance import criteria_axes, day_axes, decision_axes, line_axes
from claims_edit.governance.decision_space import Axes, shaped
from claims_edit.governance.notes import PackNotes, alike, equal, notes_on
from claims_edit.governance.outcomes import changed, outcome
from claims_edit.governance.ranges import CELL_COLUMNS, OPEN, RANGE_SCHEMA, SPANS, collapse_ranges

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from claims_edit.governance.day_axes import DayTables
    from claims_edit.governance.decision_axes import Meaning, PayerClass
    from claims_edit.policy import Catalog

Pair = tuple["Catalog", "Catalog"]


@dataclass(frozen=True)
class PackDiff:
    """The differences between two packs.

    Attributes:
        cells: how many were decided under both; none for payers with identical tables.
        ranges: change (`outcome`, `reference`), payer, programs, codes, from, until, where, old, new; sorted.
        notes: other differences, and the files that differ.
    """

    cells: int
    ranges: pl.DataFrame
    notes: PackNotes


def pack_diff(old: Catalog, new: Catalog) -> PackDiff:
    """Decide the space of both packs under each, payer by payer, and collapse the differences into ranges."""
    pair = (old, new)
    ids = decision_axes.shape_ids(pair)
    readable = (shaped(old, ids), shaped(new, ids))
    cells = 0
    ranges = [pl.DataFrame(schema=RANGE_SCHEMA)]
    tables = [day_axes.DayTables.of(catalog, by_site=True) for catalog in pair]
    for payer in decision_axes.payers(pair):
        if alike(pair, payer.keys):
            continue
        space = _space(pair, tables, payer)
        differing = []
        for lines in space.cells(payer):
            cells += lines.height
            differing.append(_differing(lines, readable, payer))
        ranges.append(collapse_ranges(pl.concat(differing), space))
    named = decision_axes.named_with_alike(pair)
    whole = pl.concat(ranges).with_columns(pl.col("codes").str.replace_many(named))
    return PackDiff(cells, whole.sort(whole.columns, nulls_last=False), notes_on(pair))


def _differing(lines: pl.DataFrame, pair: Pair, payer: PayerClass) -> pl.DataFrame:
    """The cells with another outcome under each pack, with both."""
    sides = [
        _outcomes(lines, catalog, payer.name, key).rename({"what": f"{side}_what", "under": f"{side}_under"})
        for side, catalog, key in zip(("old", "new"), pair, payer.keys, strict=True)
    ]
    return changed(pl.concat([lines, *sides], how="horizontal")).select(CELL_COLUMNS)


def _outcomes(lines: pl.DataFrame, catalog: Catalog, name: str, key: str | None) -> pl.DataFrame:
    """The outcome of each cell and its basis; a code that the pack does not have is not a candidate."""
    numbered = lines.with_row_index("cell")
    candidates = numbered.filter(pl.col("hcpcs_code").is_in(catalog.codes["hcpcs_code"].implode()))
    decided = evaluate(
        facts(candidates, catalog, revisions=line_axes.revisions_of(name), contracts=line_axes.contracts_for([key])),
        catalog,
    )
    outcomes = pl.concat([candidates.select("cell"), decided.select(outcome())], how="horizontal")
    return numbered.select("cell").join(outcomes, on="cell", how="left", maintain_order="left").drop("cell")


def _space(pair: Pair, tables: Sequence[DayTables], payer: PayerClass) -> Axes:
    contracts = line_axes.contract_frame().filter(~pl.col("at_contract").str.contains(","))
    others = {code for codes in decision_axes.alike_codes(pair).values() for code in codes[1:]}
    boundaries = day_axes.boundaries(tables, payer.keys)
    return Axes(
        days=_days({code: days for code, days in boundaries.items() if code not in others}),
        programs=_programs(pair, payer),
        sites=_sites(pair, payer),
        trials=line_axes.trial_frame().head(2).with_columns(pl.Series("at_trial", ["none", "evidence"])),
        holds=_holds(pair),
        contracts=contracts,
        claims=line_axes.claim_frame().head(2),
    )


def _holds(pair: Pair) -> pl.DataFrame:
    """The facts that hold a line, where the packs treat them differently; else a held line differs as a plain one."""
    held = pl.col("reason_code").is_in([edit.id for edit in line_axes.HELD_BY])
    old, new = (catalog.reasons.filter(held).drop("reason", "cites") for catalog in pair)
    return line_axes.hold_frame() if not equal(old, new) else line_axes.hold_frame().head(1)


def _days(by_code: dict[str, list[dt.date]]) -> pl.DataFrame:
    """One day of each period without a change, and lines from each period into each later one.

    `place` numbers the single days in order, so that neighbors can be joined; `from` and `until` bound the period.
    """
    rows: list[tuple[object, ...]] = []
    for code, boundaries in by_code.items():
        periods = _periods(boundaries)
        for place, (first, last) in enumerate(periods):
            day = first or last or line_axes.LONG_AGO
            rows.append((code, day, day, place, first, last, OPEN))
        for start, (_, last) in enumerate(periods[:-1]):
            rows += [(code, last, first, -1, last, first, SPANS) for first, _ in periods[start + 1 :]]
    schema = {
        "hcpcs_code": pl.String, "service_start_date": pl.Date, "service_end_date": pl.Date, "place": pl.Int64,
        "from": pl.Date, "until": pl.Date, "at_days": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _periods(boundaries: Sequence[dt.date]) -> list[tuple[dt.date | None, dt.date | None]]:
    starts: list[dt.date | None] = [None, *boundaries]
    ends: list[dt.date | None] = [*(day - day_axes.DAY for day in boundaries), None]
    return list(zip(starts, ends, strict=True))


def _programs(pair: Pair, payer: PayerClass) -> pl.DataFrame:
    """Each program, no signal, a conflict, and each signal that the packs read differently, alone and with another."""
    signals = decision_axes.signals_by_column(pair)
    ids = decision_axes.shape_ids(pair)
    shapes = {
        ids[pattern]: tuple(each if blue else None for each, blue in zip(meaning, payer.blue, strict=True))
        for pattern, meaning in signals.pop("member_id").items()
    }
    by_column: dict[str, dict[str, Meaning]] = {**signals, "member_id": shapes}
    plain = {column: _same_in_both(found, pair) for column, found in by_column.items()}
    spelled = plain["line_of_business"]
    rows = [
        decision_axes.state(),
        *(_labeled(program, line_of_business=signal) for program, signal in spelled.items()),
    ]
    rows += _conflict(spelled, plain["claim_filing_indicator_code"])
    rows += _other_plan_words(pair, spelled)
    for column, found in by_column.items():
        for meaning, same in _grouped(found).items():
            if len(set(meaning)) > 1:
                other = "line_of_business" if column != "line_of_business" else "claim_filing_indicator_code"
                rows += _reread(column, same, other, plain[other])
                rows += _beside_plans(column, same, pair)
    return decision_axes.program_frame(rows)


def _same_in_both(found: dict[str, Meaning], pair: Pair) -> dict[str, str]:
    """For each program, a spelling that names it in both packs: its own key where possible."""
    keys = set(decision_axes.plain_spellings(pair[0])) & set(decision_axes.plain_spellings(pair[1]))
    ordered = sorted(found.items(), key=lambda item: (item[0] not in keys, item[0]))
    same: dict[str, str] = {}
    for signal, meaning in ordered:
        if meaning[0] is not None and len(set(meaning)) == 1:
            same.setdefault(meaning[0], signal)
    return dict(sorted(same.items()))


def _grouped(found: dict[str, Meaning]) -> dict[Meaning, list[str]]:
    groups: dict[Meaning, list[str]] = {}
    for signal, meaning in found.items():
        groups.setdefault(meaning, []).append(signal)
    return groups


def _conflict(spelled: dict[str, str], filed: dict[str, str]) -> list[tuple[str | None, ...]]:
    for program, signal in spelled.items():
        for other, indicator in filed.items():
            if other != program:
                return [_labeled("conflict", line_of_business=signal, claim_filing_indicator_code=indicator)]
    return []


def _labeled(label: str, **signals: str) -> tuple[str | None, ...]:
    return (label, *decision_axes.state(**signals)[1:])


def _other_plan_words(pair: Pair, spelled: dict[str, str]) -> list[tuple[str | None, ...]]:
    """Plan words that only one pack has, or that name different programs, with each program."""
    old, new = (set(catalog.plan_words.rows()) for catalog in pair)
    return [
        _labeled(f"{plan} + {program}", line_of_business=signal, plan=plan)
        for words in sorted({words for words, _, _ in old ^ new})
        for plan in (f"{decision_axes.PLAIN_PLAN} {words.strip()}",)
        for program, signal in spelled.items()
    ]


def _reread(column: str, same: list[str], other: str, plain: dict[str, str]) -> list[tuple[str | None, ...]]:
    """The states of a signal that two packs read differently."""
    label = "member id shape" if column == "member_id" else f"{decision_axes.SIGNAL_WORDS[column]} {' | '.join(same)}"
    paired = [_labeled(f"{label} + {program}", **{column: same[0], other: signal}) for program, signal in plain.items()]
    return [_labeled(label, **{column: same[0]}), *paired]


def _beside_plans(column: str, same: list[str], pair: Pair) -> list[tuple[str | None, ...]]:
    """The states of a signal that two packs read differently, with the plan words of each program."""
    if column == "plan":
        return []
    words = {program: words.strip() for catalog in pair for words, _, program in catalog.plan_words.iter_rows()}
    plans = [f"{decision_axes.PLAIN_PLAN} {word}" for word in sorted(words.values())]
    label = f"{decision_axes.SIGNAL_WORDS[column]} {' | '.join(same)}"
    return [_labeled(f"{label} + {plan}", **{column: same[0], "plan": plan}) for plan in plans]


def _criteria_values(pair: Pair, payer: PayerClass) -> criteria_axes.Values:
    """The values in the payer's criteria, of either pack."""
    values: criteria_axes.Values = {}
    for catalog, key in zip(pair, payer.keys, strict=True):
        for kind, found in criteria_axes.criteria_values(catalog).get(key or "", {}).items():
            values[kind] = values.get(kind, set()) | found
    return values


def _sites(pair: Pair, payer: PayerClass) -> pl.DataFrame:
    """Solid tumors, other diagnoses, none; and the diagnoses that the packs classify differently.

    Each site class by itself for a payer that follows guidance by site, or has a policy on single sites.
    """
    classes = decision_axes.site_classes(pair)
    criteria = criteria_axes.criteria_frame(_criteria_values(pair, payer), classes)
    if criteria is not None:
        return criteria.filter(~pl.col("at_site").str.starts_with("ICD-9 only"))
    followed = any(key in catalog.site_references["payer"] for catalog, key in zip(pair, payer.keys, strict=True))
    scoped = (decision_axes.scoped_by_payer(catalog) for catalog in pair)
    if followed or any(sites.get(key or "") for sites, key in zip(scoped, payer.keys, strict=True)):
        named = {" → ".join(dict.fromkeys(str(each) for each in meaning)): code for meaning, code in classes.items()}
        return decision_axes.site_frame(named).filter(pl.col("at_site") != "ICD-9 only")
    groups: dict[tuple[bool, ...], list[str]] = {}
    for meaning, code in classes.items():
        groups.setdefault(tuple(each != NOT_SOLID for each in meaning), []).append(code)
    words = {True: "solid tumor", False: "no solid tumor"}
    named = {}
    for solid, codes in sorted(groups.items(), reverse=True):
        label = " → ".join(dict.fromkeys(words[each] for each in solid))
        named[label if len(set(solid)) == 1 else f"{label} ({', '.join(sorted(codes))})"] = codes[0]
    return decision_axes.site_frame(named).filter(pl.col("at_site") != "ICD-9 only")
