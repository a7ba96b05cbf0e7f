"""The options of `--engine spark`, its messages where Spark is not there, and its parts: no session is started."""

from __future__ import annotations

import pickle
from contextlib import nullcontext
from datetime import date
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.errors import UsageError
from claims_edit.intake import Discovered, load_mapping
from claims_edit.intake.spool import SpooledPath
from claims_edit.policy import load_catalog
from claims_edit.runner.kept import FileRead
from claims_edit.sample import write_sample
from claims_edit.spark import first_pass, reading, session
from claims_edit.spark.pieces import planned, release
from claims_edit.spark.repeats import explaining_rows, merged, repeats_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from claims_edit.spark.blocks import Block
    from claims_edit.spark.pieces import Release
    from tests.functional.program import Done


def test_options_of_spark_need_its_engine(command: Callable[..., Done], tmp_path: Path) -> None:
    done = command("run", "sample_claims/claims.csv", "--out", tmp_path, "--master", "local[2]", "--partitions", "3")
    assert done.code == 2
    assert "--master, --partitions: needs --engine spark." in done.err


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"pip install 'claims-edit\[spark\]'"):
        session.session(None)


def test_without_java_the_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(session, "find_spec", lambda _name: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"Java is not installed\. Install Java 17"):
        session.session(None)


def test_a_setting_has_a_key_and_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "require_spark", lambda: None)
    with pytest.raises(UsageError, match=r"--conf spark\.cores: not a setting"):
        session.session(None, ["spark.cores"])


def test_pieces_cover_every_row_once_in_order(tmp_path: Path) -> None:
    sizes = {"a.parquet": 1000, "b.csv": 30, "c.parquet": 70}
    for name, lines in sizes.items():
        write_sample(lines, tmp_path / name, seed=1)
    paths = [tmp_path / name for name in sizes]
    pieces, rows = planned(paths, "auto", load_mapping(None), tmp_path, 7)
    assert [piece.task for piece in pieces] == sorted(piece.task for piece in pieces)
    assert {piece.task for piece in pieces} <= set(range(7))
    assert rows <= 160
    of_first = [piece.rows for piece in pieces if piece.place == 0]
    assert of_first[0] is not None
    assert of_first[-1] is not None
    assert (of_first[0][0], of_first[-1][1]) == (0, 1000)
    assert all(one and two and one[1] == two[0] for one, two in pairwise(of_first))
    assert [piece.rows for piece in pieces if piece.place == 1] == [None]


def test_the_first_of_a_line_is_the_smallest_place_and_an_eob_precedes_its_claim() -> None:
    keys = pl.LazyFrame(
        {"high": [1, 1, 2, 1, None], "low": [5, 5, 5, 5, None], "row": [9, 4, 1, 7, 2]},
        schema={"high": pl.UInt64, "low": pl.UInt64, "row": pl.Int64},
    )
    found = repeats_of(keys)
    assert sorted(found.rows()) == [(7, 4), (9, 4)]
    claim = (1 << 61) + 9
    explained = pl.DataFrame({"high": [8, 8], "low": [8, 8], "row": [claim, 6]}, schema=keys.collect_schema())
    assert explaining_rows(explained).rows() == [(claim, 6)]
    again = pl.DataFrame({"row": [9], "first": [3]})
    assert merged([found, again]).rows() == [(7, 4), (9, 3)]


def test_the_name_of_a_copy_reaches_other_processes() -> None:
    path = SpooledPath("copy")
    path.shown = "table:claims/part-00000"
    assert pickle.loads(pickle.dumps(path)).as_posix() == "table:claims/part-00000"  # noqa: S301 -- made here


class OneProcess:
    """The first pass of a run as Spark does it, in this process."""

    defaultParallelism = 1  # noqa: N815 -- of a SparkContext

    def parallelize(self, tasks: Iterable[int], _count: int) -> OneProcess:
        self.given: Iterable[Any] = tasks
        return self

    def mapPartitions(self, work: Callable[[Iterable[int]], Iterator[Block]]) -> OneProcess:  # noqa: N802 -- of an RDD
        self.given = [(block.bucket, block) for block in work(self.given)]
        return self

    def keyBy(self, _key: object) -> OneProcess:  # noqa: N802 -- of an RDD
        return self

    def partitionBy(self, _count: int, _of: object) -> OneProcess:  # noqa: N802 -- of an RDD
        return self


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (release(), None),
        (
            release()._replace(claims_edit="0", polars="0.1"),
            r"an executor has claims-edit 0 and Polars 0\.1, the driver",
        ),
        (release()._replace(keys=(7,)), r"an executor computes other keys .* Install the same build of Polars on all"),
    ],
    ids=["the same", "another release", "other hashes"],
)
def test_an_executor_whose_keys_may_differ_is_refused(
    other: Release, message: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_pass, "release", lambda: other)
    monkeypatch.setattr(reading, "done", lambda _context, rdd, work, _partitions: list(work(rdd.given)))
    write_sample(30, tmp_path / "a.csv", seed=1)
    files = Discovered([tmp_path / "a.csv"])
    spark = reading.SparkReading(
        load_catalog(), load_mapping(None), as_of=date(2026, 11, 20), scratch=tmp_path, on_rows=lambda _rows: None,
        spark=SimpleNamespace(sparkContext=OneProcess()),
    )  # fmt: skip
    refused = pytest.raises(UsageError, match=message) if message else nullcontext()
    with refused:
        assert [found.waiting for found in spark.read(files, "auto") if isinstance(found, FileRead)] == [30]
