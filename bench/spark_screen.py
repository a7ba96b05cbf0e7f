"""The screen as an expression of Spark against the screen in Polars inside the task, on one Parquet deck (ADR 0018).

A trial: `spark_screen.py EXTRACT [WAY ...]`. The expression is made from the registry of columns and the formats of the
screen (`columns.COLUMNS`, `core.plain_values`), and holds back what it cannot express. With `--compare` the two are
compared row by row: what the expression clears although Polars holds it back must be nothing.

Ways: `polars` screens in the task, as a run does, and hashes the keys; `spark` only screens, in Catalyst, and counts;
`both` screens in Catalyst and gives the key columns to Polars for their hashes, which decide what repeats, on all
nights (`mapInArrow`; needs pandas).
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.columns import COLUMNS, DATE_COLUMNS, MONEY_COLUMNS, NPI_COLUMNS, REQUIRED, ValueKind
from claims_edit.core.plain_values import DIAGNOSIS, IDENTIFIER, NAMES, ScreenRules
from claims_edit.core.process import Processing
from claims_edit.facts.revision import REVISES_NOTHING
from claims_edit.intake import load_mapping, open_extract, sniff
from claims_edit.intake.keys import LINE_KEY, key_hashes
from claims_edit.policy import load_catalog
from claims_edit.runner.revisions import PayerIdentities
from claims_edit.spark.session import session
from claims_edit.value_rules import FIRST_DAY, LAST_DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from pyspark.sql import Column, DataFrame, SparkSession

AS_OF = dt.date(2026, 11, 20)
TICKS = os.sysconf("SC_CLK_TCK")


def plain(frame: DataFrame, rules: ScreenRules, payers: list[str]) -> Column:
    """Whether a row is plain; false where the expression cannot tell."""
    import pyspark.sql.functions as f  # noqa: PLC0415 -- an extra

    given = [name for name in frame.columns if name in COLUMNS]
    tests = [f.coalesce(f.col(name).isNull() | _value(name, rules, payers), f.lit(False)) for name in given]  # noqa: FBT003
    tests += [f.coalesce(*(f.col(name) for name in group if name in given)).isNotNull() for group in REQUIRED]
    start, end = f.col("claim_line_start_date"), f.col("claim_line_end_date")
    tests.append((start <= f.lit(rules.as_of)) & (end >= start) & (end <= f.lit(rules.as_of)))
    whole = tests[0]
    for test in tests[1:]:
        whole &= test
    return f.coalesce(whole, f.lit(False))  # noqa: FBT003 -- a value


def _value(name: str, rules: ScreenRules, payers: list[str]) -> Column:  # noqa: C901, PLR0911 -- one return for each kind
    import pyspark.sql.functions as f  # noqa: PLC0415 -- an extra

    value, column = f.col(name), COLUMNS[name]
    text = value.cast("string")
    if name == "hcpcs_code":
        return text.rlike(column.pattern or "") & ~text.isin(*sorted(rules.codes.of_lines))
    if name == "claim_frequency_code":
        return text.isin(*(code for code in REVISES_NOTHING if code != "0"))
    if name == "line_of_business":
        return f.regexp_replace(f.lower(text), r"[^\p{L}\p{N}]", "").isin(*sorted(rules.known_programs))
    if name in NAMES:
        return text.isin(*payers)
    if name in NPI_COLUMNS:
        nine = [f.substring(text, place + 1, 1).cast("int") for place in range(9)]
        doubled = [digit * 2 - f.when(digit > 4, 9).otherwise(0) for digit in nine[::2]]  # noqa: PLR2004
        total = f.lit(24)
        for digit in (*doubled, *nine[1::2]):
            total += digit
        check = (f.lit(10) - total % 10) % 10 == f.substring(text, 10, 1).cast("int")
        return text.rlike("^[0-9]{10}$") & check
    if name in DATE_COLUMNS:
        return value.between(FIRST_DAY, LAST_DAY)
    if name in MONEY_COLUMNS or column.kind in (ValueKind.NUMBER, ValueKind.INTEGER):
        return value != 0 if column.kind is ValueKind.NUMBER else value.isNotNull()
    if column.kind is ValueKind.DIAGNOSIS:
        return text.rlike(DIAGNOSIS)
    if column.identifier:
        return text.rlike(IDENTIFIER) & (f.octet_length(text) <= (column.length or 0))
    if column.pattern is not None:
        return text.rlike(f"(?i){column.pattern}")
    return (f.octet_length(text) <= (column.length or 1 << 30)) & ~text.contains("\n")


def in_task(spans: Iterable[tuple[int, int]], path: str) -> Iterator[tuple[int, int]]:
    """Plain rows and a sum of keys, by the screen of a run."""
    catalog, mapping = load_catalog(None), load_mapping(None)
    for span in spans:
        extract = open_extract(sniff(Path(path), "auto"), mapping, Path("/nowhere"))
        extract.only = span  # type: ignore[attr-defined]
        rules = ScreenRules.of(catalog, AS_OF)
        processing = Processing(extract.layout, mapping, rules, PayerIdentities(catalog).of)
        for raw in extract.batches(100_000):
            batch = processing.process_batch(raw)
            yield int(batch.plain.sum()), int(batch.keys["low"].null_count())


def hashed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The hashes of the keys, and the charge."""
    payers = PayerIdentities(load_catalog(None))
    for batch in batches:
        rows = pl.DataFrame(pl.from_arrow(batch))
        keys = key_hashes(rows, payers.of(rows["payer"].unique()))
        found = pl.DataFrame({"plain": [int(rows["plain"].sum())], "nulls": [keys["low"].null_count()]})
        yield from found.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()


def cpu() -> float:
    """CPU seconds of this process and all that it started, as far as they live."""
    children: dict[int, list[int]] = {}
    spent: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            stat = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        spent[int(process.name)] = sum(map(int, stat[11:15]))
        children.setdefault(int(stat[1]), []).append(int(process.name))
    waiting, total = [os.getpid()], 0
    while waiting:
        one = waiting.pop()
        total += spent.get(one, 0)
        waiting += children.get(one, [])
    return total / TICKS


def measured(spark: SparkSession, way: str, path: str, partitions: int) -> Any:  # noqa: ANN401 -- of the ways
    """What a way finds: the number of plain rows first."""
    import pyspark.sql.functions as f  # noqa: PLC0415 -- an extra

    rows = pl.scan_parquet(path).select(pl.len()).collect().item()
    if way == "polars":
        share = -(-rows // partitions)
        spans = [(first, min(rows, first + share)) for first in range(0, rows, share)]
        found = spark.sparkContext.parallelize(spans, partitions).mapPartitions(partial(in_task, path=path)).collect()
        return tuple(map(sum, zip(*found, strict=True)))
    frame, catalog = spark.read.parquet(path), load_catalog(None)
    payers = pl.scan_parquet(path).select(pl.col("payer").unique()).collect()["payer"].to_list()
    rules = ScreenRules.of(catalog, AS_OF)
    marked = frame.withColumn("plain", plain(frame, rules, payers))
    if way == "spark":
        return marked.agg(f.sum(f.col("plain").cast("int")), f.sum("charge_amount")).first()
    keys = [name for name in (*LINE_KEY, "person_id") if name in frame.columns]
    some = marked.select(*keys, "charge_amount", "plain").mapInArrow(hashed, "plain long, nulls long")
    return some.agg(f.sum("plain"), f.sum("nulls")).first()


def wrongly_cleared(spark: SparkSession, path: str) -> tuple[int, int]:
    """Rows that the expression clears and Polars holds back; and the other way round."""
    frame, catalog, mapping = spark.read.parquet(path), load_catalog(None), load_mapping(None)
    rules = ScreenRules.of(catalog, AS_OF)
    whole = pl.read_parquet(path)
    marked = frame.select(plain(frame, rules, whole["payer"].unique().drop_nulls().to_list()).alias("plain"))
    theirs = pl.Series([row[0] for row in marked.coalesce(1).collect()])
    extract = open_extract(sniff(Path(path), "auto"), mapping, Path("/nowhere"))
    processing = Processing(extract.layout, mapping, rules, PayerIdentities(catalog).of)
    ours = pl.concat([processing.screen(raw).plain for raw in extract.batches(100_000)])
    return int((theirs & ~ours).sum()), int((ours & ~theirs).sum())


def main() -> None:
    """Measure the ways in turn, or compare them row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extract")
    parser.add_argument("ways", nargs="*", default=["polars", "spark", "both"])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--compare", action="store_true", help="row by row, on a small extract of one row group")
    given = parser.parse_args()
    os.environ.setdefault("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    spark = session("local[2]", ["spark.driver.host=127.0.0.1", "spark.driver.bindAddress=127.0.0.1"])
    if given.compare:
        print("cleared wrongly, held back needlessly:", *wrongly_cleared(spark, given.extract))
        return
    for _ in range(given.rounds):
        for way in given.ways:
            before, begun = cpu(), time.perf_counter()
            found = measured(spark, way, given.extract, given.partitions)
            spent, passed = cpu() - before, time.perf_counter() - begun
            print(f"{way:8} CPU {spent:6.1f} s, elapsed {passed:6.1f} s, found {tuple(found)}", flush=True)


if __name__ == "__main__":
    main()
