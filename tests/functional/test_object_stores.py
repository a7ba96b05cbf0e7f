"""Extracts in an object store, tried on a local server of S3 (moto)."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.functional.program import COLUMNS, UNREPORTED, Done, called, csv_text, decisions, lines, manifest
from tests.lib.object_store import SECRET, Bucket
from tests.lib.packed import zip_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.long]


def run(out: Path, *extracts: object) -> Done:
    done = called("run", *extracts, "--out", out, *UNREPORTED)
    assert SECRET not in done.out + done.err
    return done


def paths(out: Path) -> list[str]:
    return [file["path"] for file in manifest(out)["inputs"]]


def parquet(rows: list[dict[str, str]]) -> bytes:
    target = io.BytesIO()
    pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String)).write_parquet(target)
    return target.getvalue()


def test_objects_are_decided_like_files(bucket: Bucket, tmp_path: Path) -> None:
    rows = lines(30)
    bucket.put("night/a.csv", csv_text(rows[:10]))
    bucket.put("night/part=1/b.parquet", parquet(rows[10:20]))
    bucket.put("night/c.csv.gz", gzip.compress(csv_text(rows[20:]).encode()))
    bucket.put("night/README.md", "of the sender")
    bucket.put("night/_SUCCESS", "")
    bucket.put("night/_temporary/d.csv", csv_text(lines(60)))
    bucket.put("nightly.csv", csv_text(lines(60)))
    (tmp_path / "whole.csv").write_text(csv_text(rows), encoding="utf-8")
    assert run(tmp_path / "out", "s3://claims/night").code == 0
    assert run(tmp_path / "local", tmp_path / "whole.csv").code == 0
    keys = ("claim_id", "claim_line_number", "disposition", "reason_code")
    assert decisions(tmp_path / "out")[keys].sort(keys).equals(decisions(tmp_path / "local")[keys].sort(keys))
    written = manifest(tmp_path / "out")
    names = ["a.csv", "c.csv.gz", "part=1/b.parquet"]
    assert paths(tmp_path / "out") == [f"s3://claims/night/{name}" for name in names]
    passed = {each["path"].removeprefix("s3://claims/night/"): each["what"] for each in written["passed_over"]}
    assert passed == {"README.md": "documentation", "_SUCCESS": "hidden", "_temporary/d.csv": "hidden"}
    assert "Skipped" in run(tmp_path / "out", "s3://claims/night/").out
    assert SECRET not in str(written)


@pytest.mark.parametrize(
    ("extracts", "found"),
    [
        (["n/*.csv"], ["n/a.csv", "n/b.csv"]),
        (["n/**/*.csv"], ["n/a.csv", "n/b.csv", "n/x/c.csv"]),
        (["n/?.csv", "n/a.csv"], ["n/a.csv", "n/b.csv"]),
        (["n/[!a].csv"], ["n/b.csv"]),
        (["*/x"], ["n/x/c.csv"]),
        (["n/_d.txt"], ["n/_d.txt"]),
    ],
)
def test_globs_and_names(bucket: Bucket, tmp_path: Path, extracts: list[str], found: list[str]) -> None:
    for place, key in enumerate(("n/a.csv", "n/b.csv", "n/x/c.csv", "n/_d.txt")):
        bucket.put(key, csv_text(lines(40)[10 * place : 10 * place + 10]))
    assert run(tmp_path / "out", *(f"s3://claims/{each}" for each in extracts)).code == 0
    assert paths(tmp_path / "out") == [f"s3://claims/{key}" for key in found]


def test_a_line_is_explained_from_its_object(bucket: Bucket, tmp_path: Path) -> None:
    rows = [{**row, "hcpcs_code": "99213"} for row in lines(4)]
    bucket.put("a.csv", csv_text(rows[:2]))
    bucket.put("b.zip", zip_of(tmp_path / "b.zip", {"in.csv": csv_text(rows[2:])}).read_bytes())
    assert run(tmp_path / "out", "s3://claims/a.csv", "s3://claims/b.zip").code == 0
    assert paths(tmp_path / "out") == ["s3://claims/a.csv", "s3://claims/b.zip/in.csv"]
    for row in (rows[0], rows[3]):
        done = called("explain", row["claim_id"], "--out", tmp_path / "out")
        assert (done.code, "99213" in done.out) == (0, True), done.err
    bucket.put("a.csv", csv_text(lines(3)))
    assert "changed since run" in called("explain", rows[0]["claim_id"], "--out", tmp_path / "out").err


def test_faults_name_the_url_and_the_way_out(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("only/README.md", "x")
    bucket.put("lake/t/_delta_log/0.json", "{}")
    bucket.put("lake/t/x=1/part.parquet", parquet(lines(3)))
    bucket.put("ice/t/metadata/v1.metadata.json", "{}")
    bucket.put("ice/t/data/part.parquet", parquet(lines(3)))
    bucket.put("up/../a.csv", "x")
    for url, fault in {
        "s3://none/night": "the bucket does not exist",
        "s3://claims/none.csv": "the object does not exist",
        "s3://claims/*.csv": "the object does not exist",
        "s3://claims/only": "no extract, only README.md",
        "s3://claims/lake": "is a table of a lake",
        "s3://claims/lake/t/x=1/part.parquet": "is a table of a lake",
        "s3://claims/ice/*/data": "is a table of a lake",
        "s3://claims/ice/t/data/part.parquet": "is a table of a lake",
        "s3://claims/up": "key is not the path of a file",
        "s3:///night": "names no bucket",
        f"s3://key:{SECRET}@claims/night": "has credentials in the URL",
        "https://host/night.csv": "is a URL that is not read",
    }.items():
        done = run(tmp_path / "out", url)
        assert (done.code, len(done.faults)) == (11, 1), (url, done.err)
        assert fault in done.err, (url, done.err)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "the store does not answer" in run(tmp_path / "out", "s3://claims/only").err
    assert not list(tmp_path.glob("out/runs/*"))


def test_access_that_is_denied_is_named(bucket: Bucket, tmp_path: Path, endpoint: str) -> None:
    import requests  # noqa: PLC0415 -- comes with moto

    bucket.put("a.csv", csv_text(lines(3)))
    requests.post(f"{endpoint}/moto-api/reset-auth", data="0", timeout=10)
    try:
        done = run(tmp_path / "out", "s3://claims/a.csv")
        assert (done.code, "access is denied" in done.err) == (11, True), done.err
    finally:
        requests.post(f"{endpoint}/moto-api/reset-auth", data="1000000", timeout=10)


def test_an_object_that_changes_while_it_is_read_is_refused(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from claims_edit.intake import object_store  # noqa: PLC0415

    bucket.put("a.csv", csv_text(lines(3)))
    listed = object_store.ObjectStore.objects

    def then_changed(store: Any) -> Any:
        found = listed(store)
        bucket.put("a.csv", csv_text(lines(9)))
        return found

    monkeypatch.setattr(object_store.ObjectStore, "objects", then_changed)
    done = run(tmp_path / "out", "s3://claims/a.csv")
    assert (done.code, "changed while it was read" in done.err) == (11, True)
