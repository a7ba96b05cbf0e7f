"""The nightly job as an engineer would write it in an afternoon, in Polars or in DuckDB: the yardstick of speed.

It makes the same checks, looks for repeated keys, decides the candidates by a few rules of thumb, adds up the charges
and writes decisions, refused rows and reasons. It has no mapping, no quarantine of what cannot be split, no citations,
and its payers and codes are in the script: it shows what the checks themselves cost, not how the job should be done.

    by_hand.py polars|duckdb EXTRACT FOLDER
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

AS_OF = date(2026, 11, 20)
CODES = ["0600T", "0601T", "47384", "55877", "32999", "47399", "48999", "53899"]
KEY = ("payer", "data_source", "member_id", "claim_id", "claim_line_number", "claim_frequency_code")
SHAPES = {
    "claim_type": "^(professional|institutional|undetermined)$",
    "hcpcs_code": "^[A-Z0-9]{5}$",
    "place_of_service_code": "^[0-9]{2}$",
}
NPIS = ("rendering_npi", "billing_npi", "facility_npi")
NEEDED = ("claim_id", "claim_line_number", "claim_type", "member_id", "payer")
DAYS = (("claim_line_start_date", "claim_start_date"), ("claim_line_end_date", "claim_end_date"))


def shapes(columns: list[str]) -> dict[str, str]:
    """The pattern of each column that has one."""
    found = {name: pattern for name, pattern in SHAPES.items() if name in columns}
    for name in columns:
        if name.startswith("diagnosis_code_") and name[-1].isdigit():
            found[name] = r"^[A-Z][0-9][0-9A-Z]\.?[0-9A-Z]{0,4}$"
        elif name.startswith("hcpcs_modifier_"):
            found[name] = "^[A-Z0-9]{2}$"
        elif name in NPIS:
            found[name] = "^[0-9]{10}$"
    return found


def luhn(name: str) -> pl.Expr:
    """Whether an NPI has a wrong check digit, digit by digit."""
    total = pl.lit(24, pl.UInt32)
    for place in range(10):
        digit = pl.col(name).str.slice(place, 1).cast(pl.UInt32, strict=False)
        total = total + (digit * 2 // 10 + digit * 2 % 10 if place % 2 == 0 else digit)
    return pl.col(name).str.contains("^[0-9]{10}$") & (total % 10 != 0)


def scanned(extract: Path) -> pl.LazyFrame:
    """The extract with its row numbers; the text of a CSV made dates, numbers and amounts."""
    if extract.suffix != ".csv":
        return pl.scan_parquet(extract, row_index_name="row")
    lines = pl.scan_csv(extract, infer_schema=False, row_index_name="row")
    columns = lines.collect_schema().names()
    return lines.with_columns(
        *(pl.col(name).str.to_date("%Y-%m-%d", strict=False) for name in columns if name.endswith("_date")),
        pl.col("claim_line_number").cast(pl.Int64, strict=False),
        pl.col("charge_amount").cast(pl.Decimal(18, 2), strict=False),
    )


def checks(columns: list[str], start: pl.Expr, end: pl.Expr) -> dict[str, pl.Expr]:
    """What is wrong with a row, by name; null counts as nothing wrong."""
    wrong = {f"{name} missing": pl.col(name).is_null() for name in NEEDED}
    wrong |= {f"{name} shape": ~pl.col(name).str.contains(pattern) for name, pattern in shapes(columns).items()}
    return wrong | {
        "claim_id length": pl.col("claim_id").str.len_chars() > 80,  # noqa: PLR2004
        "line number": pl.col("claim_line_number") < 1,
        "start": start.is_null() | (start > AS_OF),
        "end": end < start,
    }


def reason() -> pl.Expr:
    """Rules of thumb in place of the decision table."""
    code, program = pl.col("hcpcs_code"), pl.col("line_of_business")
    return (
        pl.when(code.is_in(["47384", "55877"]) & (pl.col("start") < date(2026, 1, 1)))
        .then(pl.lit("code-not-valid-on-dos"))
        .when(pl.col("plan_key").is_null())
        .then(pl.lit("payer-not-on-file"))
        .when(program.is_null())
        .then(pl.lit("program-unknown"))
        .when(program.is_in(["fep", "state_account", "medicare_advantage"]))
        .then(pl.lit("program-exception"))
        .otherwise(pl.lit("investigational"))
    )


def payer_key() -> pl.Expr:
    """The payer by the beginning of its name."""
    name = pl.col("payer").str.to_lowercase()
    key = pl.lit(None, pl.String)
    for plan in ("florida", "regence", "premera"):
        key = pl.when(name.str.starts_with(plan)).then(pl.lit(plan)).otherwise(key)
    return key


def in_polars(extract: Path, folder: Path) -> None:
    """One streaming pass for checks, candidates and totals, another for the keys."""
    lines = scanned(extract)
    columns = lines.collect_schema().names()
    start, end = (pl.coalesce([name for name in names if name in columns]) for names in DAYS)
    wrong = {name: check.fill_null(value=False) for name, check in checks(columns, start, end).items()}
    failed = pl.concat_list(pl.when(check).then(pl.lit(name)) for name, check in wrong.items()).list.drop_nulls()
    looked_at = pl.any_horizontal(*wrong.values(), pl.col("hcpcs_code").is_in(CODES))
    npis = [name for name in NPIS if name in columns]
    kept, totals = pl.collect_all(
        [
            lines.filter(looked_at).with_columns(failed=failed, start=start),
            lines.select(pl.len(), pl.col("charge_amount").sum(), *(luhn(name).sum() for name in npis)),
        ],
        engine="streaming",
    )
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in KEY if name in columns]
    keys = lines.select(pl.concat_str(parts, separator="\x1f").hash()).collect(engine="streaming").to_series()
    is_sound = pl.col("failed").list.len() == 0
    decided = kept.filter(is_sound).with_columns(plan_key=payer_key()).with_columns(reason=reason())
    decided.sort("row").write_parquet(folder / "decisions.parquet")
    kept.filter(~is_sound).sort("row").write_parquet(folder / "quarantine.parquet")
    by = ["plan_key", "line_of_business", "reason", pl.col("start").dt.truncate("1mo")]
    sums = decided.group_by(by).agg(pl.len(), pl.col("charge_amount").sum())
    sums.sort("plan_key", "line_of_business", "reason", "start").write_csv(folder / "denial_reasons.csv")
    print(totals.row(0), "repeated keys:", len(keys) - keys.n_unique(), "decisions:", decided.height)


def in_duckdb(extract: Path, folder: Path) -> None:
    """The same as SQL, in bounded memory."""
    connection = duckdb.connect(config={"memory_limit": "3GB", "temp_directory": str(folder / "spill")})
    source = f"read_parquet('{extract}', file_row_number = true)"
    columns = [row[0] for row in connection.sql(f"DESCRIBE FROM {source}").fetchall()]
    start, end = (f"coalesce({', '.join(name for name in names if name in columns)})" for names in DAYS)
    wrong = {f"{name} missing": f"{name} IS NULL" for name in NEEDED}
    wrong |= {f"{name} shape": f"NOT regexp_matches({name}, '{shape}')" for name, shape in shapes(columns).items()}
    wrong |= {
        "claim_id length": "length(claim_id) > 80",
        "line number": "claim_line_number < 1",
        "start": f"{start} IS NULL OR {start} > DATE '{AS_OF}'",
        "end": f"{end} < {start}",
    }
    failed = ", ".join(f"CASE WHEN {check} THEN '{name}' END" for name, check in wrong.items())
    either = " OR ".join(f"coalesce({check}, false)" for check in wrong.values())
    listed = ", ".join(f"'{code}'" for code in CODES)
    connection.sql(
        f"CREATE TEMP TABLE kept AS SELECT *, {start} AS start, "
        f"list_filter([{failed}], lambda fault: fault IS NOT NULL) AS failed "
        f"FROM {source} WHERE {either} OR hcpcs_code IN ({listed})"
    )
    key = ", ".join(name for name in KEY if name in columns)
    repeated = connection.sql(f"SELECT count(*) FROM (SELECT {key} FROM {source} GROUP BY ALL HAVING count(*) > 1)")
    npis = [name for name in NPIS if name in columns]
    sums = ", ".join(f"count(*) FILTER (WHERE {_luhn_sql(name)})" for name in npis)
    totals = connection.sql(f"SELECT count(*), sum(charge_amount), {sums} FROM {source}").fetchall()
    connection.sql("""
        CREATE TEMP TABLE decided AS SELECT *, CASE
            WHEN hcpcs_code IN ('47384', '55877') AND start < DATE '2026-01-01' THEN 'code-not-valid-on-dos'
            WHEN plan_key IS NULL THEN 'payer-not-on-file'
            WHEN line_of_business IS NULL THEN 'program-unknown'
            WHEN line_of_business IN ('fep', 'state_account', 'medicare_advantage') THEN 'program-exception'
            ELSE 'investigational' END AS reason
        FROM (SELECT *, nullif(regexp_extract(lower(payer), '^(florida|regence|premera)'), '') AS plan_key
              FROM kept WHERE len(failed) = 0)""")
    for name, select in {
        "decisions.parquet": "FROM decided ORDER BY file_row_number",
        "quarantine.parquet": "FROM kept WHERE len(failed) > 0 ORDER BY file_row_number",
        "denial_reasons.csv": "SELECT plan_key, line_of_business, reason, date_trunc('month', start) AS month, "
        "count(*), sum(charge_amount) FROM decided GROUP BY ALL ORDER BY ALL",
    }.items():
        connection.sql(f"COPY ({select}) TO '{folder / name}'")
    print(totals, "repeated keys:", repeated.fetchall(), "decisions:", connection.sql("FROM decided").shape[0])


def _luhn_sql(name: str) -> str:
    digits = [f"CAST(substr({name}, {place + 1}, 1) AS INT)" for place in range(10)]
    terms = [f"({digit} * 2 // 10 + {digit} * 2 % 10)" if n % 2 == 0 else digit for n, digit in enumerate(digits)]
    return f"regexp_matches({name}, '^[0-9]{{10}}$') AND (24 + {' + '.join(terms)}) % 10 <> 0"


if __name__ == "__main__":
    engine, source_path, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    target.mkdir(parents=True, exist_ok=True)
    {"polars": in_polars, "duckdb": in_duckdb}[engine](source_path, target)
