"""Facts on who pays: the payer, and the program with the signals that name it."""

from __future__ import annotations

import polars as pl

from claims_edit.facts.lookup import by_key
from claims_edit.policy import Catalog, name_key
from claims_edit.policy.tables import spaced
from claims_edit.rule_files.values import whole_id


def _spelled(lines: pl.DataFrame, column: str, spellings: pl.DataFrame) -> pl.DataFrame:
    """Add the meaning of each spelling in `column`; distinct spellings are normalized, not lines."""
    given = lines.select(column).unique().drop_nulls().with_columns(name_key=name_key(pl.col(column)))
    return by_key(lines, by_key(given, spellings, "name_key").drop("name_key"), column)


def with_payer(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `payer` (its key, or null where the name is not recognized) and `blue_plan`."""
    resolved = _spelled(lines, "payer_raw", catalog.payer_names)
    return resolved.with_columns(pl.col("blue_plan").fill_null(value=False))


def payer_identity(given: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """The distinct values of `payer_raw` with `payer_identity`: the payer's key, else its normalized name."""
    named = given.select("payer_raw").unique().with_columns(name_key=name_key(pl.col("payer_raw")))
    keyed = by_key(named, catalog.payer_names.select("name_key", "payer"), "name_key")
    # A prefix separates keys from names, so that a name cannot be mistaken for a key.
    identity = pl.coalesce(
        pl.lit("key ") + pl.col("payer"), pl.lit("name ") + pl.col("name_key"), pl.lit("text ") + pl.col("payer_raw")
    )
    return keyed.select("payer_raw", payer_identity=identity)


def _member_id_signals(catalog: Catalog) -> list[pl.Expr]:
    """One signal per member-id shape: its program where the trimmed, upper-cased id has that shape on a Blue plan."""
    member_id = pl.col("member_id").str.strip_chars().str.to_uppercase()
    return [
        pl.when(pl.col("blue_plan") & member_id.str.contains(whole_id(pattern))).then(pl.lit(program, pl.String))
        for pattern, program in catalog.member_id_shapes.select("pattern", "program").iter_rows()
    ]


def _plans(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `plan_program` where the plan's name is a spelling; else `plan_first` and `plan_last`, named by its words.

    Words in a longer name (BlueMedicare PPO, TRICARE East) conflict with another program, but establish none.
    """
    given = lines.select("plan").unique().drop_nulls().with_columns(name_key=name_key(pl.col("plan")))
    spelled = by_key(given, catalog.program_spellings.rename({"program": "plan_program"}), "name_key")
    name = spaced(pl.col("plan"))
    found = [
        pl.when((pl.col("name_key") if in_key else name).str.contains(words, literal=True)).then(pl.lit(program))
        for words, in_key, program in catalog.plan_words.iter_rows()
    ]
    unspelled = pl.col("plan_program").is_null()
    none = pl.lit(None, pl.String)
    named = spelled.with_columns(
        plan_first=pl.when(unspelled).then(pl.min_horizontal(none, *found)),
        plan_last=pl.when(unspelled).then(pl.max_horizontal(none, *found)),
    )
    return by_key(lines, named.drop("name_key"), "plan")


def with_program(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `program` (null without a signal and on conflict), `program_basis` and `program_signals_differ`."""
    spelled = _spelled(lines, "line_of_business", catalog.program_spellings.rename({"program": "named_program"}))
    filed = catalog.filing_indicators.rename({"program": "filed_program"})
    shapes = [shape.alias(f"member_program_{n}") for n, shape in enumerate(_member_id_signals(catalog))]
    signals = _plans(by_key(spelled, filed, "claim_filing_indicator_code"), catalog).with_columns(shapes)
    members = [column for column in signals.columns if column.startswith("member_program_")]
    present = ["named_program", "filed_program", *members, "plan_program"]
    # Of several programs the smallest and the largest name differ; of one they are the same.
    first, last = pl.min_horizontal(present), pl.max_horizontal(present)
    other_plan = ((pl.col("plan_first") != first) | (pl.col("plan_last") != last)).fill_null(value=False)
    basis = {
        "line_of_business": pl.col("named_program").is_not_null(),
        "claim_filing_indicator_code": pl.col("filed_program").is_not_null(),
        "member_id": pl.any_horizontal(pl.lit(value=False), *[pl.col(column).is_not_null() for column in members]),
        "plan": pl.col("plan_program").is_not_null() | other_plan,
    }
    sources = pl.concat_str(
        [pl.when(gives).then(pl.lit(name)) for name, gives in basis.items()], separator=", ", ignore_nulls=True
    )
    differ = (first != last).fill_null(value=False) | other_plan
    return signals.with_columns(
        program=pl.when(~differ).then(first),
        program_basis=pl.when(first.is_not_null()).then(sources),
        program_signals_differ=differ,
    ).drop([column for column in signals.columns if column not in lines.columns])
