"""The options of `--engine spark`, and the message where Spark is not there: no session is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import UsageError
from claims_edit.intake.spool import SpooledPath
from claims_edit.spark import session
from claims_edit.spark.pieces import planned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.functional.program import Done

import pickle
from itertools import pairwise

import polars as pl

from claims_edit.intake import load_mapping
from claims_edit.sample import write_sample
from claims_edit.spark.repeats import explaining_rows, merged, repeats_of


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
