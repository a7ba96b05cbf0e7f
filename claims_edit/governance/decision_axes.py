"""The axes of the decision space: small frames of candidate columns, one row for each value that a line can have.

Read from one pack, or from two at once: a signal (a payer's name, a spelling, a prefix) then has a meaning in each, and
signals with the same meanings in both are one class.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.facts.diagnosis import ICD_9, NOT_SOLID
from claims_edit.names import name_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from claims_edit.policy import Catalog

Meaning = tuple[str | None, ...]
"""What a signal means in each pack; None where the pack does not have it."""

_PLAIN_CODE_TYPE = "icd-10-cm"
BESIDE = "+"  # between two diagnoses of one line
SHAPE_ID = "SHAPE"  # a member id that represents all ids of one shape

SIGNAL_WORDS = {
    "line_of_business": "line of business",
    "claim_filing_indicator_code": "SBR09",
    "member_id": "member id",
    "plan": "plan",
}
SIGNALS = tuple(SIGNAL_WORDS)
PLAIN_PLAN = "plan of"  # a plan's name around words that name a program; alone it names none
PROGRAM_SCHEMA = {"at_program": pl.String, **dict.fromkeys(SIGNALS, pl.String)}


def meanings(tables: Sequence[Mapping[str, str]]) -> dict[Meaning, list[str]]:
    """The signals of all tables, sorted, grouped by their meaning in each."""
    found: dict[Meaning, list[str]] = {}
    for signal in sorted({signal for table in tables for signal in table}):
        found.setdefault(tuple(table.get(signal) for table in tables), []).append(signal)
    return dict(sorted(found.items(), key=lambda item: tuple(value or "" for value in item[0])))


def table_of(catalogs: Sequence[Catalog], name: str, signal: str, value: str) -> list[dict[str, str]]:
    """One table of each pack as a mapping of a signal to its meaning."""
    return [dict(getattr(catalog, name).select(signal, value).iter_rows()) for catalog in catalogs]


@dataclass(frozen=True)
class PayerClass:
    """A name that extracts may give for a payer; `keys` is the payer in each pack, `also` its other names."""

    name: str
    keys: Meaning
    also: tuple[str, ...]
    blue: tuple[bool, ...]

    @property
    def label(self) -> str:
        """The payer as people name it."""
        known = [key or "not recognized" for key in dict.fromkeys(self.keys)]
        if len(known) == 1:
            return known[0]
        return f"{' → '.join(known)} ({', '.join((self.name, *self.also))})"


def payers(catalogs: Sequence[Catalog]) -> list[PayerClass]:
    """Every payer, and one that no pack recognizes."""
    tables = table_of(catalogs, "payer_names", "name_key", "payer")
    blue = [dict(catalog.payer_names.select("payer", "blue_plan").iter_rows()) for catalog in catalogs]
    classes = [
        PayerClass(
            names[0], keys, tuple(names[1:]),
            tuple(bool(flags.get(key or "")) for key, flags in zip(keys, blue, strict=True)),
        )
        for keys, names in meanings(tables).items()
    ]  # fmt: skip
    unknown = "an unrecognized payer"
    while unknown.replace(" ", "") in {name for table in tables for name in table}:
        unknown += " at all"
    nobody = PayerClass(unknown, (None,) * len(catalogs), (), (False,) * len(catalogs))
    return [*classes, nobody]


def alike_codes(catalogs: Sequence[Catalog]) -> dict[str, list[str]]:
    """The codes of claims that are decided alike, by the first of each group.

    No policy names one and none has days of validity, so they differ only by their service, and by the packs.
    """
    services: dict[str, Meaning] = {}
    for place, catalog in enumerate(catalogs):
        for code, service in catalog.codes.filter("of_claims").select("hcpcs_code", "service").iter_rows():
            known = services.get(code, (None,) * len(catalogs))
            services[code] = (*known[:place], service, *known[place + 1 :])
    groups: dict[Meaning, list[str]] = {}
    for code, meaning in sorted(services.items()):
        groups.setdefault(meaning, []).append(code)
    return {codes[0]: codes for codes in groups.values()}


def named_with_alike(catalogs: Sequence[Catalog]) -> dict[str, str]:
    """The first of codes that are alike, as a table shows it: with how many others there are."""
    groups = alike_codes(catalogs).items()
    return {code: f"{code} and {len(alike) - 1} alike" for code, alike in groups if len(alike) > 1}


def signals_by_column(catalogs: Sequence[Catalog]) -> dict[str, dict[str, Meaning]]:
    """For each signal column, every value that names a program, in a form that a line can have, and its meaning.

    A member-id shape is represented by one id for all ids of that shape (`shaped` adds it to the packs).
    """
    spelled = table_of(catalogs, "program_spellings", "name_key", "program")
    filed = table_of(catalogs, "filing_indicators", "claim_filing_indicator_code", "program")
    shapes = table_of(catalogs, "member_id_shapes", "pattern", "program")
    return {
        column: {signal: tuple(table.get(signal) for table in tables) for signal in sorted(set().union(*tables))}
        for column, tables in zip(SIGNALS, (spelled, filed, shapes, spelled), strict=True)
    }


def shape_ids(catalogs: Sequence[Catalog]) -> dict[str, str]:
    """The member id that represents each shape of any pack."""
    patterns = {pattern for catalog in catalogs for pattern in catalog.member_id_shapes["pattern"]}
    return {pattern: f"{SHAPE_ID}{place}" for place, pattern in enumerate(sorted(patterns))}


def state(**signals: str) -> tuple[str | None, ...]:
    """One row of PROGRAM_SCHEMA: the signals present, by column, and their label."""
    label = ", ".join(f"{SIGNAL_WORDS[column]} {signals[column]}" for column in SIGNALS if column in signals)
    return (label or "no signal", *(signals.get(column) for column in SIGNALS))


def program_frame(rows: Iterable[tuple[str | None, ...]]) -> pl.DataFrame:
    """Program states as a frame (PROGRAM_SCHEMA)."""
    return pl.DataFrame(list(rows), schema=PROGRAM_SCHEMA, orient="row")


def all_states(catalog: Catalog, *, blue: bool, also_filed: tuple[str, ...] = ()) -> pl.DataFrame:
    """No signal, each program by each kind of signal, and every two signals together, agreeing or not.

    Of the SBR09 codes that name one program, only the first is used. `also_filed` are claim filing indicators that
    lines can have whether or not the pack has them.
    """
    signals = signals_by_column((catalog,))
    ids = shape_ids((catalog,))
    first_filed = catalog.filing_indicators.group_by("program").agg(pl.col("claim_filing_indicator_code").first())[
        "claim_filing_indicator_code"
    ]
    values = {
        "line_of_business": plain_spellings(catalog),
        "claim_filing_indicator_code": sorted({*first_filed, *also_filed}),
        "member_id": [ids[pattern] for pattern in signals["member_id"]] if blue else [],
        "plan": plain_spellings(catalog),
    }
    alone = [state(**{column: signal}) for column in SIGNALS for signal in values[column]]
    paired = [
        state(**{one: first, other: second})
        for one, other in combinations(SIGNALS, 2)
        for first, second in product(values[one], values[other])
    ]
    return program_frame([state(), *alone, *paired])


def plain_spellings(catalog: Catalog) -> list[str]:
    """The key of each program as it is compared, sorted: each is a spelling of itself."""
    return sorted(key for key in name_keys(catalog.pack.programs.programs) if key)


def spelling_states(catalog: Catalog) -> pl.DataFrame:
    """Every spelling of every program, and every code of SBR09, alone on its line."""
    signals = signals_by_column((catalog,))
    spelled = [state(line_of_business=signal) for signal in signals["line_of_business"]]
    return program_frame([*spelled, *(state(claim_filing_indicator_code=signal) for signal in signals[SIGNALS[1]])])


def plan_states(catalog: Catalog) -> pl.DataFrame:
    """Every spelling as a plan; every plan word in a longer name, alone and beside each program."""
    plans = [f"{PLAIN_PLAN} {words.strip()}" for words in catalog.plan_words["words"]]
    spelled = signals_by_column((catalog,))["plan"]
    beside = [state(line_of_business=signal, plan=plan) for signal in plain_spellings(catalog) for plan in plans]
    return program_frame([*(state(plan=plan) for plan in (*spelled, *plans)), *beside])


def site_classes(catalogs: Sequence[Catalog]) -> dict[Meaning, str]:
    """Each class of diagnosis in each pack, with one example; two joined with a `+` where it needs another."""
    tables = [dict(catalog.site_prefixes.iter_rows()) for catalog in catalogs]
    prefixes = sorted({prefix for table in tables for prefix in table})
    found: dict[Meaning, str] = {}
    for prefix in prefixes:
        meaning = tuple(_class_of(prefix, table) for table in tables)
        found.setdefault(meaning, prefix)
    for (prefix, other), meant in _beside(catalogs, tables).items():
        found.setdefault(meant, f"{prefix}{BESIDE}{other}")
    plain = next(code for letter in "ZABDEFGHIJKLMNOPQRSTUVWXYC" if (code := f"{letter}000")[:3] not in prefixes)
    found.setdefault((NOT_SOLID,) * len(tables), plain)
    return found


def _beside(catalogs: Sequence[Catalog], tables: Sequence[Mapping[str, str]]) -> dict[tuple[str, str], Meaning]:
    """Two diagnoses of one line, where the second changes the class of the first, and its class in each pack."""
    beside = [
        {(prefix, other): site_class for prefix, other, site_class in catalog.site_beside.iter_rows()}
        for catalog in catalogs
    ]
    pairs = sorted({pair for each in beside for pair in each})
    return {
        pair: tuple(own.get(pair, _class_of(pair[0], table)) for own, table in zip(beside, tables, strict=True))
        for pair in pairs
    }


def _class_of(code: str, table: Mapping[str, str]) -> str:
    lengths = sorted({len(prefix) for prefix in table}, reverse=True)
    return next((table[code[:length]] for length in lengths if code[:length] in table), NOT_SOLID)


def scoped_by_payer(catalog: Catalog) -> dict[str, set[str]]:
    """The site classes that scopes of each payer's policies name."""
    found: dict[str, set[str]] = {}
    for payer, sites in catalog.timelines.select("payer", "scope_sites").iter_rows():
        found.setdefault(payer, set()).update(sites or ())
    return found


def site_frame(classes: Mapping[str, str]) -> pl.DataFrame:
    """Diagnoses by label, no diagnosis, and one of ICD-9: at_site, diagnosis_code_1, _3 and diagnosis_code_type."""
    rows: list[tuple[str | None, ...]] = []
    for label, coded in classes.items():
        code, _, other = coded.partition(BESIDE)
        rows.append((label, code, other or None, _PLAIN_CODE_TYPE))
    rows += [("no diagnosis", None, None, _PLAIN_CODE_TYPE), ("ICD-9 only", "1550", None, ICD_9)]
    schema = dict.fromkeys(("at_site", "diagnosis_code_1", "diagnosis_code_3", "diagnosis_code_type"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")
