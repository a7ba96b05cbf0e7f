"""Facts on who pays: the payer, and the program with the signals that name it."""

from __future__ import annotations

import polars as pl

from claims_edit.edits.facts.lookup import by_key
from claims_edit.policy import Catalog, name_key
from claims_edit.policy.values import whole_id


def _spelled(lines: pl.DataFrame, column: str, spellings: pl.DataFrame) -> pl.DataFrame:
    """Add what each spelling in `column` stands for; distinct spellings are normalised, not lines."""
    given = lines.select(column).unique().drop_nulls().with_columns(name_key=name_key(pl.col(column)))
    return by_key(lines, by_key(given, spellings, "name_key").drop("name_key"), column)


def with_payer(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `payer` (its key, or null where the name is not on file) and `blue_plan`."""
    resolved = _spelled(lines, "payer_raw", catalog.payer_names)
    return resolved.with_columns(pl.col("blue_plan").fill_null(value=False))


def payer_identity(given: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """The distinct values of `payer_raw` with `payer_identity`: the payer's key, else its normalised name."""
    named = given.select("payer_raw").unique().with_columns(name_key=name_key(pl.col("payer_raw")))
    keyed = by_key(named, catalog.payer_names.select("name_key", "payer"), "name_key")
    # A name that is no payer's key cannot be mistaken for one: the two are told apart by a prefix.
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


def with_program(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `program` (null on silence and on conflict), `program_basis` and `program_signals_differ`."""
    spelled = _spelled(lines, "line_of_business", catalog.program_spellings.rename({"program": "named_program"}))
    filed = catalog.filing_indicators.rename({"program": "filed_program"})
    signals = by_key(spelled, filed, "claim_filing_indicator_code").with_columns(
        [shape.alias(f"member_program_{n}") for n, shape in enumerate(_member_id_signals(catalog))]
    )
    spoken = [column for column in signals.columns if column not in lines.columns]
    members = [column for column in spoken if column.startswith("member_program_")]
    # Of several programs the smallest and the largest name differ; of one they are the same.
    first, last = pl.min_horizontal(spoken), pl.max_horizontal(spoken)
    basis = {
        "line_of_business": pl.col("named_program").is_not_null(),
        "claim_filing_indicator_code": pl.col("filed_program").is_not_null(),
        "member_id": pl.any_horizontal(pl.lit(value=False), *[pl.col(column).is_not_null() for column in members]),
    }
    said = pl.concat_str(
        [pl.when(spoke).then(pl.lit(name)) for name, spoke in basis.items()], separator=", ", ignore_nulls=True
    )
    return signals.with_columns(
        program=pl.when(first == last).then(first),
        program_basis=pl.when(first.is_not_null()).then(said),
        program_signals_differ=(first != last).fill_null(value=False),
    ).drop(spoken)
