"""A run on Spark has the results of a run on one machine, in any number of tasks; one that fails publishes nothing."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.errors import InputError, ResultsError, UsageError
from claims_edit.runner import RunOptions, RunOutcome, parts, run_batch
from claims_edit.runner.deciding import Deciding
from claims_edit.sample import write_sample
from claims_edit.spark import deciding, pieces, reading
from claims_edit.spark import run as run_on_spark
from claims_edit.spark.pieces import Release
from claims_edit.spark.session import session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import SparkSession

pyspark = pytest.importorskip("pyspark", reason="PySpark is not installed: pip install 'claims-edit[spark]'")
if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
    pytest.skip("Java is not installed: apt-get install openjdk-17-jre-headless", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
DECK = ROOT / "sample_claims"
REAL = ROOT.parent / "shared" / "real"
AS_OF = dt.date(2026, 11, 20)
RECORD = ("decisions", "quarantine", "history", "withdrawals")
OWN = ("run_id", "decided_run_id", "started_at", "finished_at", "timings", "versions")


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    settings = {
        "spark.executorEnv.PYTHONPATH": path,
        "spark.driver.memory": "512m",
        "spark.sql.warehouse.dir": tmp_path_factory.mktemp("warehouse").as_posix(),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        made = session("local[2]", [f"{key}={value}" for key, value in settings.items()])
        yield made
        made.stop()


def record_of(out: Path) -> dict[str, pl.DataFrame]:
    """The tables of a record, without the ids of runs."""
    tables = {}
    for name in RECORD:
        paths = sorted(out.glob(f"{name}/run_id=*/part-*.parquet"))
        if paths:
            tables[name] = pl.read_parquet(paths, hive_partitioning=False).drop(OWN, strict=False)
    return tables


def manifest_of(outcome: RunOutcome) -> dict[str, Any]:
    return {name: value for name, value in outcome.manifest.model_dump(mode="json").items() if name not in OWN}


def assert_same(local: RunOutcome, other: RunOutcome) -> None:
    """The same decisions, refused rows, history, counts and charges; in the same order, in the same parts."""
    assert manifest_of(other) == manifest_of(local)
    expected, found = (record_of(outcome.run_dir.parents[1]) for outcome in (local, other))
    assert list(found) == list(expected)
    for name, table in expected.items():
        assert found[name].equals(table), name


def both(spark: SparkSession, tmp_path: Path, *extracts: Path, partitions: int | None, **options: Any) -> RunOutcome:
    """A run on one machine and the same on Spark: they agree."""
    given = options | {"reports": ()}
    paths = tuple(map(str, extracts))
    local = run_batch(RunOptions(paths, tmp_path / "local", AS_OF, **given))
    other = run_on_spark(spark, RunOptions(paths, tmp_path / "spark", AS_OF, **given), partitions=partitions)
    assert_same(local, other)
    return other


def hard_lines(path: Path, lines: int = 3000) -> None:
    """A table with faulty rows, lines that repeat (some differ), replacements and voids, far from what they name."""
    write_sample(lines, path, seed=1)
    at = pl.col("at")
    code = pl.when(at % 4 == 1).then(pl.lit("0600T")).otherwise("hcpcs_code")
    given = pl.read_parquet(path).with_row_index("at").with_columns(hcpcs_code=code)
    ninth = given.filter(at % 9 == 4)
    repeated = ninth.with_columns(charge_amount=pl.col("charge_amount") + (at % 2).cast(pl.Decimal(18, 2)))
    revised = given.filter(at % 13 == 5).with_columns(
        claim_frequency_code=pl.when(at % 2 == 0).then(pl.lit("7")).otherwise(pl.lit("8")),
        original_claim_id=pl.when(at % 3 == 0).then("claim_id"),
    )
    named = revised.filter(at % 3 == 0).with_columns(claim_id="R" + pl.col("claim_id"))
    broken = given.filter(at % 11 == 2).with_columns(
        payer=pl.when(at % 3 > 0).then("payer"),
        diagnosis_code_1=pl.when(at % 3 > 1).then(pl.lit("25.0")).otherwise("diagnosis_code_1"),
        claim_id=pl.when(at % 5 > 0).then("B" + pl.col("claim_id")).otherwise("claim_id"),
    )
    parts = [broken.head(40), given, repeated, revised, named, broken.tail(-40)]
    whole = pl.concat(parts, how="diagonal_relaxed").drop("at")
    whole.write_parquet(path, row_group_size=1000)


@pytest.mark.long
def test_the_results_are_those_of_one_machine(spark: SparkSession, tmp_path: Path) -> None:
    hard_lines(tmp_path / "lines.parquet", 1000)
    outcome = both(spark, tmp_path, tmp_path / "lines.parquet", partitions=3)
    counts = outcome.manifest.counts
    assert counts.quarantined_by_check["duplicate-line"] > 100
    assert min(counts.decisions, counts.rows_quarantined, counts.by_disposition["pass"]) > 0


@pytest.mark.long
@pytest.mark.parametrize("partitions", [1, 9])
def test_any_number_of_tasks_gives_the_same(spark: SparkSession, tmp_path: Path, partitions: int) -> None:
    hard_lines(tmp_path / "a.parquet", 1500)
    hard_lines(tmp_path / "b.parquet", 500)
    both(spark, tmp_path, tmp_path / "a.parquet", tmp_path / "b.parquet", partitions=partitions)


@pytest.mark.long
def test_files_of_every_format_are_read_whole_by_one_task_each(spark: SparkSession, tmp_path: Path) -> None:
    names = ("claims.csv", "damaged.csv", "claims.parquet", "claims.837", "claims-fhir.ndjson")
    both(spark, tmp_path, *(DECK / name for name in names), partitions=3, contracts=DECK / "contracts.csv")


@pytest.mark.long
@pytest.mark.parametrize("kind", ["x12", "fhir", "tables/bfd__rif-synthea_carrier.csv"])
def test_real_files(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    if not (REAL / kind).exists():
        pytest.skip(f"no real files: {kind}")
    mapping = Path("cms-rif-carrier") if kind.endswith(".csv") else None
    both(spark, tmp_path, REAL / kind, partitions=3, keep_going=True, mapping=mapping)


@pytest.mark.long
def test_the_state_of_earlier_nights(spark: SparkSession, tmp_path: Path) -> None:
    hard_lines(tmp_path / "lines.parquet", 1200)
    every = pl.read_parquet(tmp_path / "lines.parquet")
    nights = [every.head(700), every.tail(-300).gather_every(2), every]
    runs: list[Callable[[RunOptions], RunOutcome]] = [
        run_batch,
        lambda options: run_on_spark(spark, options, partitions=2),
    ]
    for place, night in enumerate(nights):
        path = tmp_path / f"night-{place}.parquet"
        night.write_parquet(path, row_group_size=200)
        as_of = AS_OF + dt.timedelta(days=place)
        outs = [tmp_path / "local", tmp_path / "spark"]
        done = [run(RunOptions((str(path),), out, as_of, reports=())) for run, out in zip(runs, outs, strict=True)]
        assert_same(*done)
    assert done[0].manifest.counts.withdrawn


@pytest.mark.long
def test_many_candidates_are_decided_by_tasks(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hard_lines(tmp_path / "lines.parquet", 1000)
    monkeypatch.setattr(parts, "PART_ROWS", 70)
    options = RunOptions((str(tmp_path / "lines.parquet"),), tmp_path / "local", AS_OF, reports=())
    local = run_batch(options)
    assert local.manifest.counts.decisions > 3 * parts.PART_ROWS
    monkeypatch.setattr(deciding, "AT_A_TIME", 20_000)  # several jobs
    monkeypatch.delattr(Deciding, "__call__")  # of this process, the driver's
    assert_same(local, run_on_spark(spark, replace(options, out=tmp_path / "spark"), partitions=3))
    monkeypatch.setattr(deciding, "FEW_PARTS", 1000)
    with pytest.raises(TypeError, match="not callable"):
        run_on_spark(spark, replace(options, out=tmp_path / "driver"), partitions=3)


@pytest.mark.long
def test_a_job_that_fails_publishes_nothing(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_blocks: object) -> Iterator[object]:
        raise ValueError

    monkeypatch.setattr(reading, "repeats", broken)
    options = RunOptions((str(DECK / "claims.parquet"),), tmp_path / "out", AS_OF, reports=())
    with pytest.raises(ResultsError, match="nothing is published"):
        run_on_spark(spark, options)
    monkeypatch.undo()
    monkeypatch.setattr(pieces, "release", lambda: Release("0", "0", ()))
    with pytest.raises(UsageError, match="the driver claims-edit 0 and Polars 0"):
        run_on_spark(spark, options)
    assert not list((tmp_path / "out").glob("decisions/*"))
    monkeypatch.undo()
    monkeypatch.setattr(reading, "AT_A_TIME", 1)  # one task's results at a time
    assert run_on_spark(spark, options, partitions=3).manifest.counts.decisions


@pytest.mark.long
def test_an_unreadable_file_is_named_and_the_others_are_published(spark: SparkSession, tmp_path: Path) -> None:
    whole = (DECK / "claims.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "header.csv").write_text((DECK / "claims.csv").read_text(encoding="utf-8").splitlines()[0] + "\n")
    names = [tmp_path / "cut.parquet", tmp_path / "header.csv", DECK / "claims.csv"]
    outcome = both(spark, tmp_path, *names, partitions=2, keep_going=True)
    assert len(outcome.refused) == 2


DERBY = "org.apache.derby.iapi.jdbc.AutoloadedDriver"  # a database that comes with PySpark


@pytest.mark.long
def test_a_table_of_the_session_is_an_extract(spark: SparkSession, tmp_path: Path) -> None:
    """Here it is a view of a table of a database."""
    java: Any = spark._jvm  # else Derby writes its log to this folder
    java.java.lang.System.setProperty("derby.stream.error.file", str(tmp_path / "derby.log"))
    hard_lines(tmp_path / "lines.parquet", 400)
    whole = pl.read_parquet(tmp_path / "lines.parquet")
    whole.with_columns(pl.col("charge_amount").cast(pl.Decimal(18, 2))).write_parquet(tmp_path / "lines.parquet")
    local = run_batch(RunOptions((str(tmp_path / "lines.parquet"),), tmp_path / "local", AS_OF, reports=()))
    url = f"jdbc:derby:{tmp_path}/claims;create=true"
    stored = spark.read.parquet(str(tmp_path / "lines.parquet")).coalesce(1)
    stored.write.jdbc(url, "claim_lines", properties={"driver": DERBY})
    spark.read.jdbc(url, "claim_lines", properties={"driver": DERBY}).createOrReplaceTempView("claim_lines")
    options = RunOptions(("table:claim_lines",), tmp_path / "spark", AS_OF, reports=())
    other = run_on_spark(spark, options, partitions=3)
    assert [file.path for file in other.manifest.inputs] == ["table:claim_lines/part-00000"]
    assert other.manifest.counts == local.manifest.counts
    assert other.manifest.charges == local.manifest.charges
    expected, found = (record_of(outcome.run_dir.parents[1])["decisions"] for outcome in (local, other))
    assert set(found["source_file"]) == {"table:claim_lines/part-00000"}
    assert found.drop("source_file").equals(expected.drop("source_file"))
    for name, remedy in {
        "nowhere": "Check the name and the catalogs",
        f"delta.`{tmp_path}/lines`": "Check that the session has the jar of Delta Lake",
        f"iceberg.`{tmp_path}/lines`": "Check that the session has the jar of Apache Iceberg",
    }.items():
        with pytest.raises(InputError, match=f"table:{re.escape(name)}: Spark cannot read it .*{remedy}"):
            run_on_spark(spark, RunOptions((f"table:{name}",), tmp_path / "none", AS_OF))


@pytest.mark.long
def test_the_folder_of_a_delta_table_is_an_extract(spark: SparkSession, tmp_path: Path) -> None:
    deltalake = pytest.importorskip("deltalake", reason="deltalake is not installed: pip install 'claims-edit[lake]'")
    hard_lines(tmp_path / "lines.parquet", 400)
    lines = pl.read_parquet(tmp_path / "lines.parquet").with_columns(pl.col("charge_amount").cast(pl.Decimal(18, 2)))
    for part in (lines.head(200), lines.tail(-200)):
        deltalake.write_deltalake(str(tmp_path / "claims"), part, mode="append")
    table = deltalake.DeltaTable(str(tmp_path / "claims"))
    table.delete(f"claim_id = '{lines['claim_id'][3]}'")
    outcome = both(spark, tmp_path, tmp_path / "claims", partitions=3)
    assert [each["version"] for each in manifest_of(outcome)["tables"]] == ["2"]


SUBMIT = ROOT / "claims_edit" / "spark" / "submit.py"


@pytest.mark.long
def test_a_killed_executor_loses_nothing(tmp_path: Path) -> None:
    """An executor of a submitted run is killed at work: Spark starts another, and the results are the same."""
    hard_lines(tmp_path / "lines.parquet", 2000)
    local = run_batch(RunOptions((str(tmp_path / "lines.parquet"),), tmp_path / "local", AS_OF, reports=()))
    home = Path(pyspark.__file__).parent
    settings = (
        "spark.executor.memory=700m", "spark.driver.host=127.0.0.1", "spark.ui.enabled=false",
        "spark.shuffle.io.maxRetries=1", "spark.shuffle.io.retryWait=1s",
    )  # fmt: skip
    submit = [home / "bin" / "spark-submit", "--master", "local-cluster[2,1,700]"]
    given = [SUBMIT, tmp_path / "lines.parquet", "--out", tmp_path / "spark", "--partitions", "6", "--as-of", AS_OF]
    command = [*submit, *(f"--conf={setting}" for setting in settings), *given, "--reports", "none", "--quiet"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable, "SPARK_HOME": str(home)}
    with subprocess.Popen(list(map(str, command)), env=environment, stderr=subprocess.PIPE, text=True) as running:
        os.kill(executor_at_work(running), signal.SIGKILL)
        _, errors = running.communicate()
    assert running.returncode == 0, errors
    expected, found = (record_of(tmp_path / name) for name in ("local", "spark"))
    assert local.manifest.counts.decisions
    assert all(found[name].equals(table) for name, table in expected.items())


def executor_at_work(program: subprocess.Popen[str]) -> int:
    """The process of an executor that has started a Python worker, among the descendants of a program."""
    while program.poll() is None:
        parents, commands = {}, {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                commands[int(process.name)] = (process / "cmdline").read_bytes()
            except OSError:
                continue
        for worker in (each for each, command in commands.items() if b"pyspark.daemon" in command):
            line = [worker]
            while line[-1] in parents:
                line.append(parents[line[-1]])
            executors = [each for each in line if b"CoarseGrainedExecutorBackend" in commands.get(each, b"")]
            if program.pid in line and executors:
                return executors[0]
        time.sleep(0.05)
    raise AssertionError(program.communicate()[1])
