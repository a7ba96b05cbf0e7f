"""Results in an object store, tried on a local server of S3 (moto): the same results, one publication at a time."""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from claims_edit.store.object_results import ObjectResults
from tests.functional.program import UNREPORTED, Done, called, csv_text, decisions, lines, write
from tests.lib.object_store import SECRET, Bucket

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.long]
pytest.importorskip("obstore", reason="the extra store is not installed: pip install '.[store]'")
OUT = "s3://claims/claims-edit/results"
COUNT = "SELECT count(*) AS lines FROM current_decisions"


def run(extract: Path, out: object = OUT, *more: object) -> Done:
    done = called("run", extract, "--out", out, *UNREPORTED, *more)
    assert SECRET not in done.out + done.err
    return done


def keys(bucket: Bucket) -> list[str]:
    found = bucket.client.list_objects_v2(Bucket="claims").get("Contents", ())
    return sorted(each["Key"].removeprefix("claims-edit/results/") for each in found)


def listed(bucket: Bucket, number: int) -> dict[str, Any]:
    key = f"claims-edit/results/published/{number:08}.json"
    found: dict[str, Any] = json.loads(bucket.client.get_object(Bucket="claims", Key=key)["Body"].read())
    return found


def asked(out: object, sql: str = COUNT) -> Any:
    answer = Path("answer.json")
    answer.unlink(missing_ok=True)
    done = called("sql", sql, "--out", out, "--format", "json", "--to", answer)
    assert done.code == 0, done.err
    return json.loads(answer.read_text(encoding="utf-8"))


def night(folder: Path, number: int, count: int) -> Path:
    return write(folder / f"night-{number}.csv", csv_text(lines(count)))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files: empty again after every command."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


def test_nights_in_a_store_are_those_in_a_folder(bucket: Bucket, tmp_path: Path, temporary: Path) -> None:
    first, second = night(tmp_path, 1, 9), night(tmp_path, 2, 12)
    for extract in (first, second):
        done, local = run(extract), run(extract, tmp_path / "local")
        assert (done.code, local.code) == (0, 0), done.err
        assert f"--out {OUT}" in done.out
        assert str(temporary) not in done.out
        assert list(temporary.iterdir()) == []
    everything = "SELECT * EXCLUDE (run_id, decided_run_id) FROM history ORDER BY ALL"
    for sql in (COUNT, everything, "SELECT count(*) AS runs FROM runs"):
        assert asked(OUT, sql) == asked(tmp_path / "local", sql)
    assert called("explain", "CL0000003", "--out", OUT).code == 0
    assert called("report", "--format", "json", "--out", OUT).code == 0
    assert [len(json.loads(called("runs", "--out", out, "--json").out)) for out in (OUT, tmp_path / "local")] == [2, 2]
    assert run(second).out.startswith("Skipped")
    assert [name for name in keys(bucket) if name.startswith("published/")] == [
        f"published/0000000{n}.json" for n in (1, 2)
    ]
    part = next(name for name in keys(bucket) if name.startswith("decisions/"))
    stored = bucket.client.get_object(Bucket="claims", Key=f"claims-edit/results/{part}")["Body"].read()
    assert pl.read_parquet(stored)["claim_id"].to_list() == decisions(tmp_path / "local")["claim_id"].to_list()[:3]
    assert list(temporary.iterdir()) == []


def test_old_states_are_removed_and_their_numbers_stay_taken(bucket: Bucket, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        assert run(night(tmp_path, number, 3 * number)).code == 0
    assert (listed(bucket, 1), listed(bucket, 2)["files"] != {}) == ({}, True)
    named = {each["object"] for n in (2, 3) for each in listed(bucket, n)["files"].values()}
    assert {name for name in keys(bucket) if not name.startswith("published/")} == named
    assert called("rebuild", "--out", OUT).code == 0
    assert called("prune", "--keep-days", "0", "--out", OUT).out.endswith(f"of {OUT}\n")
    assert (asked(OUT), len(asked(OUT, "FROM runs"))) == ([{"lines": 3}], 3)


def test_of_two_runs_at_a_time_one_is_refused_and_leaves_nothing(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    assert run(night(tmp_path, 1, 3)).code == 0
    publish = ObjectResults.publish

    def overtaken(results: ObjectResults, folder: Path) -> None:
        monkeypatch.setattr(ObjectResults, "publish", publish)
        assert run(night(tmp_path, 2, 6)).code == 0
        before.extend(keys(bucket))
        publish(results, folder)

    before: list[str] = []
    monkeypatch.setattr(ObjectResults, "publish", overtaken)
    done = run(night(tmp_path, 3, 30))
    assert (done.code, len(done.faults), "Run again" in done.err) == (13, 1, True)
    assert f"claims-edit: {OUT}: busy" in done.err
    assert (keys(bucket), asked(OUT)) == (before, [{"lines": 2}])
    assert run(night(tmp_path, 3, 30)).code == 0
    assert (asked(OUT), list(temporary.iterdir())) == ([{"lines": 10}], [])


def test_a_run_that_fails_or_cannot_upload_publishes_nothing(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    unraised: list[object] = []
    assert run(tmp_path / "none.csv").code == 11
    put = ObjectResults._put

    def cut_off(results: ObjectResults, path: Path, place: str) -> None:
        if place.endswith("manifest.json"):
            raise results._fault(TimeoutError("timed out"), place)
        put(results, path, place)

    monkeypatch.setattr(ObjectResults, "_put", cut_off)
    done = run(night(tmp_path, 1, 3))
    assert (done.code, "the store does not answer" in done.err, keys(bucket)) == (13, True, [])
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)  # of a copy that nothing but the end of the process removes
        monkeypatch.setattr(sys, "unraisablehook", unraised.append)
        done = called("sql", COUNT, "--out", OUT)
        gc.collect()
    assert (done.code, done.err) == (
        2, f"claims-edit: {OUT}: no results are published there. Use the --out of a run.\n"
    )  # fmt: skip
    assert (list(temporary.iterdir()), unraised) == ([], [])


@pytest.mark.parametrize("error", [TimeoutError("timed out"), FileExistsError("AlreadyExists")])
def test_a_publication_whose_answer_is_lost_is_one(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    create = ObjectResults._create

    def answer_lost(results: ObjectResults, name: str, content: bytes) -> None:
        create(results, name, content)
        raise error

    monkeypatch.setattr(ObjectResults, "_create", answer_lost)
    assert run(night(tmp_path, 1, 3)).code == 0
    assert (asked(OUT), listed(bucket, 1)["format"]) == ([{"lines": 1}], 1)


def test_a_publication_that_the_store_does_not_take_is_none(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(ObjectResults, "_create", refused)
    assert run(night(tmp_path, 1, 3)).code == 13
    assert [name for name in keys(bucket) if name.startswith("published/")] == []


def test_what_is_changed_or_gone_in_the_store_is_refused_by_name(bucket: Bucket, tmp_path: Path) -> None:
    assert run(night(tmp_path, 1, 3)).code == 0
    part = next(name for name in keys(bucket) if name.startswith("decisions/"))
    bucket.put(f"claims-edit/results/{part}", b"PAR1")
    done = called("sql", COUNT, "--out", OUT)
    assert (done.code, f"{OUT}/{part}: is not as it was published" in done.err) == (13, True)
    bucket.client.delete_object(Bucket="claims", Key=f"claims-edit/results/{part}")
    done = run(night(tmp_path, 2, 6))
    assert (done.code, f"{OUT}/{part}: is not there" in done.err) == (13, True)


def test_urls_and_options_that_do_not_fit_are_refused(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract = night(tmp_path, 1, 3)
    for out, fault in {
        "s3://claims": "names no place in the bucket",
        "s3://claims/a/../b": "names no place in the bucket",
        f"s3://key:{SECRET}@claims/a": "without a password",
        "https://host/a": "is a URL that is not read or written",
    }.items():
        done = run(extract, out)
        assert (done.code, fault in done.err) == (2, True), done.err
    assert "--group" in run(extract, OUT, "--group", "root").err
    done = run(extract, "s3://none/a")
    assert (done.code, "the bucket does not exist" in done.err) == (13, True), done.err
    assert keys(bucket) == []
    monkeypatch.setitem(__import__("sys").modules, "obstore.store", None)
    assert "pip install 'claims-edit[store]'" in run(extract).err


def test_log_and_lineage_name_the_url(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openlineage.client", reason="the extra lineage is not installed: pip install '.[lineage]'")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(tmp_path / "lineage.ndjson"))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    done = run(night(tmp_path, 1, 3), OUT, "--lineage", "--log-format", "json")
    events = [json.loads(line) for line in done.faults]
    assert [each["stage"] for each in events if each["event"] == "stage"][-1] == "upload"
    assert events[0]["out"] == OUT
    ended = json.loads((tmp_path / "lineage.ndjson").read_text().splitlines()[-1])
    assert ended["eventType"] == "COMPLETE"
    assert {(each["namespace"], each["name"]) for each in ended["outputs"]} >= {
        ("s3://claims", "claims-edit/results/decisions")
    }
    assert keys(bucket) != []
