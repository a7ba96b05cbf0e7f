"""What the run is measured against: the same checks as one streaming pass, repeated keys by DuckDB, a bare CSV scan."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from claims_edit.columns import COLUMNS, NPI_COLUMNS
from claims_edit.contract import luhn, value_rule
from claims_edit.intake.keys import KEY_COLUMNS
from claims_edit.policy import load_catalog

AS_OF = date(2026, 11, 20)


def one_pass(path: Path) -> None:
    """F: every check of the contract and the candidate filter in one Polars pass, then DuckDB's repeated keys."""
    scan = pl.scan_parquet(path)
    schema = scan.collect_schema()
    checks = [value_rule(COLUMNS[name])[1](pl.col(name)) for name, dtype in schema.items() if dtype == pl.String]
    checks += [luhn(pl.col(name)) for name in NPI_COLUMNS if name in schema]
    start = pl.coalesce("claim_line_start_date", "claim_start_date")
    end = pl.coalesce("claim_line_end_date", "claim_end_date")
    checks += [start <= AS_OF, start.is_not_null(), end >= start, pl.col("claim_line_number") >= 1]
    checks += [
        pl.col(name).is_not_null() for name in ("claim_id", "claim_line_number", "claim_type", "member_id", "payer")
    ]
    codes = load_catalog().codes["hcpcs_code"].to_list()
    failing = [(~check.fill_null(value=True)).sum().alias(str(n)) for n, check in enumerate(checks)]
    scan.select(*failing, pl.col("hcpcs_code").is_in(codes).sum().alias("candidates")).collect(engine="streaming")
    keys = ", ".join(KEY_COLUMNS)
    duckdb.sql(
        f"SELECT count(*) FROM (SELECT {keys} FROM read_parquet('{path}') GROUP BY ALL HAVING count(*) > 1)"
    ).fetchall()


def bare_scan(path: Path) -> None:
    """DuckDB's strict scan of the CSV, every column split and counted, nothing kept."""
    names = path.open(encoding="utf-8").readline().strip().split(",")
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    counts = ", ".join(f"count({name})" for name in names)
    duckdb.sql(
        f"SELECT count(*), {counts} FROM read_csv('{path}', columns={{{columns}}}, auto_detect=false, header=true, "
        "delim=',', quote='\"', escape='\"', strict_mode=true, store_rejects=true, rejects_limit=0)"
    ).fetchall()


if __name__ == "__main__":
    {"pass": one_pass, "scan": bare_scan}[sys.argv[1]](Path(sys.argv[2]))
