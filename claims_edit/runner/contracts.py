"""The optional contracts file: benefit terms of groups on the service (contract language overrides the policy)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.errors import InputError, refuse_no_file
from claims_edit.intake.canonical import trimmed
from claims_edit.intake.dates import iso_date
from claims_edit.intake.misspelt import doubtful, misspelt
from claims_edit.model import Coverage
from claims_edit.policy import name_key

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.policy import Catalog

REQUIRED = ("payer", "group_id", "effective_date", "coverage")
COLUMNS = ("payer", "group_id", "service", "effective_date", "end_date", "coverage", "group_code", "citation")
GROUP_CODES = ("CO", "PR", "OA", "PI")
SCHEMA = {name: pl.Date() if name.endswith("_date") else pl.String() for name in COLUMNS}
SHOWN_ROWS = 5


def no_contracts() -> pl.DataFrame:
    """No benefit terms, for a run without a contracts file."""
    return pl.DataFrame(schema=SCHEMA)


def load_contracts(path: Path, catalog: Catalog) -> pl.DataFrame:
    """The contracts of a CSV or Parquet file, checked, sorted, payers as keys (SCHEMA).

    Raises:
        InputError: the file cannot be read, or has faults: all of them, with row numbers and without values.
    """
    given = _read(path)
    if given.is_empty() and set(REQUIRED) <= set(given.columns):
        raise InputError(f"{path}: has a header and no contracts. Ask for a new file, or remove --contracts.")
    return checked_contracts(given, catalog, str(path), "Correct the file and resend it")


def checked_contracts(given: pl.DataFrame, catalog: Catalog, place: str, remedy: str) -> pl.DataFrame:
    """Contracts with columns of text, checked, sorted, payers as keys (SCHEMA); errors name `place` and `remedy`.

    Raises:
        InputError: they have faults: all of them, with row numbers and without values.
    """
    missing = [name for name in REQUIRED if name not in given.columns]
    if missing:
        raise InputError(f"{place}: no column {', '.join(missing)}. Found: {', '.join(given.columns)}. Add them.")
    others = [name for name in given.columns if name not in COLUMNS]
    absent = [name for name in COLUMNS if name not in given.columns]
    if slips := sorted({*misspelt(others, absent), *doubtful(others, absent)}):
        raise InputError(f"{place}: {', '.join(slips)} looks like one of {', '.join(absent)}. Correct or drop it.")
    payer = name_key(pl.col("payer")).replace_strict(
        catalog.payer_names["name_key"], catalog.payer_names["payer"], default=None, return_dtype=pl.String
    )
    text = given.select(
        (trimmed(pl.col(name)) if name in given.columns else pl.lit(None, pl.String)).alias(name) for name in COLUMNS
    )
    read = text.with_columns(
        payer.alias("payer"),
        *(iso_date(pl.col(name)).str.to_date("%Y-%m-%d", strict=False) for name in ("effective_date", "end_date")),
        pl.col("coverage").str.to_lowercase(),
        pl.col("group_code").str.to_uppercase(),
        _service(catalog),
    )
    faults = _faults(text, read, sorted(catalog.codes["service"].unique()))
    if faults:
        raise InputError(*(f"{place}: {fault}. {remedy}." for fault in faults))
    return read.unique().sort(COLUMNS, nulls_last=True)


def _service(catalog: Catalog) -> pl.Expr:
    """The service of a contract: as given, else the only one of the rules."""
    services = catalog.codes["service"].unique()
    return pl.col("service").fill_null(services[0]) if services.len() == 1 else pl.col("service")


def _read(path: Path) -> pl.DataFrame:
    refuse_no_file(path)
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        if is_parquet:
            return pl.read_parquet(path, glob=False).cast(pl.String)
        return pl.read_csv(path, glob=False, infer_schema=False, encoding="utf8")
    except OSError as error:
        raise InputError(f"{path}: the contracts file cannot be read ({error.strerror}). Check the path.") from None
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: is not a CSV or Parquet file ({type(error).__name__}). Correct or replace it."
        ) from None


def _faults(text: pl.DataFrame, read: pl.DataFrame, services: list[str]) -> list[str]:
    """All faults of the contracts, with their rows."""
    checks = {
        "payer is not recognized": read["payer"].is_null(),
        f"service must be one of {', '.join(services)}": ~read["service"].is_in(services).fill_null(value=False),
        "group_id is empty": text["group_id"].is_null(),
        "effective_date is not a date": read["effective_date"].is_null(),
        "end_date is not a date": text["end_date"].is_not_null() & read["end_date"].is_null(),
        "end_date is before effective_date": (read["end_date"] < read["effective_date"]).fill_null(value=False),
        "coverage must be covered, excluded or review": ~read["coverage"].is_in(list(Coverage)).fill_null(value=False),
        "a value has a line end, as after a broken quote": text.select(
            pl.any_horizontal(pl.all().str.contains("\n", literal=True)).fill_null(value=False)
        ).to_series(),
        "group_code must be CO, PR, OA or PI": ~read["group_code"].is_in(GROUP_CODES).fill_null(value=True),
    }
    faults = []
    for fault, failing in checks.items():
        rows = (failing.arg_true() + 1).to_list()
        if rows:
            more = f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
            shown = ", ".join(str(row) for row in rows[:SHOWN_ROWS])
            faults.append(f"row {shown}{more}: {fault}")
    return faults
