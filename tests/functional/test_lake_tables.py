"""Delta Lake and Iceberg tables as extracts: a run decides the rows of their current state, and no others."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.functional.program import COLUMNS, UNREPORTED, Done, called, decisions, lines, manifest

pytestmark = pytest.mark.filterwarnings("ignore")

if TYPE_CHECKING:
    from collections.abc import Callable

deltalake = pytest.importorskip("deltalake", reason="deltalake is not installed: pip install 'claims-edit[lake]'")
pytest.importorskip("pyiceberg", reason="pyiceberg is not installed: pip install 'claims-edit[lake]'")


def frame(first: int = 1, last: int = 9) -> pl.DataFrame:
    return pl.DataFrame(lines(last), schema=dict.fromkeys(COLUMNS, pl.String))[first - 1 :]


def run(extract: Path, *more: object) -> Done:
    return called("run", extract, "--out", extract.parent / "out", *UNREPORTED, *more)


def log_of(folder: Path, version: int) -> Path:
    return folder / "_delta_log" / f"{version:020}.json"


# --- Delta Lake -------------------------------------------------------------------------------------------------------


@pytest.fixture
def delta(tmp_path: Path) -> Path:
    """A table by payer, of whose nine lines the third was deleted: its file is still there."""
    folder = tmp_path / "lake" / "claims"
    folder.parent.mkdir()
    deltalake.write_deltalake(str(folder), frame(1, 5), partition_by=["payer"])
    deltalake.write_deltalake(str(folder), frame(6, 9), mode="append")
    deltalake.DeltaTable(str(folder)).delete(f"claim_id = '{lines(3)[2]['claim_id']}'")
    return folder


@pytest.mark.long
@pytest.mark.parametrize("named", ["table", "around"])
def test_a_delta_table_is_read_at_its_current_version(delta: Path, named: str) -> None:
    extract = delta if named == "table" else delta.parent
    assert run(extract).code == 0
    out = extract.parent / "out"
    written = manifest(out)
    assert written["counts"]["rows_read"] == 8
    assert written["tables"] == [{"path": str(delta), "kind": "delta", "version": "2"}]
    gone = lines(3)[2]["claim_id"]
    assert gone not in decisions(out)["claim_id"].to_list()
    assert "Skipped" in run(extract).out
    deltalake.write_deltalake(str(delta), frame(3, 3), mode="append")
    assert run(extract).code == 0
    assert gone in decisions(out)["claim_id"].to_list()
    assert manifest(out)["tables"][0]["version"] == "3"


def change_log(delta: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the actions of the table's last version."""
    path = log_of(delta, 2)
    actions = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for action in actions:
        change(action)
    path.write_text("\n".join(map(json.dumps, actions)) + "\n", encoding="utf-8")


Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def z85(content: bytes) -> str:
    """Text of bytes, as the log of a Delta table has it: five characters for four bytes."""
    numbers = (int.from_bytes(content[place : place + 4], "big") for place in range(0, len(content), 4))
    return "".join(Z85[number // 85**power % 85] for number in numbers for power in (4, 3, 2, 1, 0))


def vector(action: dict[str, Any]) -> None:
    """Delete the first row of an added file by an inline deletion vector."""
    from pyroaring import BitMap64  # noqa: PLC0415 -- comes with pyiceberg

    if "add" in action:
        content = (1681511377).to_bytes(4, "little") + BitMap64([0]).serialize()
        action["add"]["deletionVector"] = {
            "storageType": "i", "pathOrInlineDv": z85(content + bytes(-len(content) % 4)),
            "sizeInBytes": len(content), "cardinality": 1,
        }  # fmt: skip


def add_protocol(delta: Path, *features: str, **configuration: str) -> None:
    actions: list[dict[str, Any]] = [
        {"protocol": {
            "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": list(features),
            "writerFeatures": list(features),
        }}
    ]  # fmt: skip
    if configuration:
        first = [json.loads(line) for line in log_of(delta, 0).read_text(encoding="utf-8").splitlines()]
        whole = next(action for action in first if "metaData" in action)
        whole["metaData"]["configuration"] = configuration
        actions.append(whole)
    log_of(delta, 3).write_text("\n".join(map(json.dumps, actions)) + "\n", encoding="utf-8")


def test_a_table_with_deletion_vectors_is_refused(delta: Path) -> None:
    add_protocol(delta, "deletionVectors")
    change_log(delta, vector)
    done = run(delta)
    assert done.code == 11
    assert f"{delta}: is a Delta Lake table: " in done.err
    assert "deletion vectors" in done.err
    assert not list(delta.parent.glob("out/runs/*"))


def test_a_table_of_other_features_is_refused_by_name(delta: Path) -> None:
    add_protocol(delta, "columnMapping", **{"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "0"})
    done = run(delta)
    assert (done.code, "is a Delta Lake table" in done.err) == (11, True), done.err


def test_a_damaged_table_and_a_missing_file_are_refused(delta: Path) -> None:
    (path,) = (Path(file) for file in deltalake.DeltaTable(str(delta)).file_uris()[:1])
    content = path.read_bytes()
    path.unlink()
    assert f"its file {path.name} is missing" in run(delta).err
    path.write_bytes(content)
    log_of(delta, 1).write_text("{", encoding="utf-8")
    done = run(delta)
    assert (done.code, "its metadata cannot be read" in done.err) == (11, True)


def test_a_file_of_a_table_is_no_extract(delta: Path) -> None:
    part = next(delta.rglob("*.parquet"))
    for extract in (part, part.parent):
        done = run(extract)
        assert (done.code, "is a Delta Lake table" in done.err, "Name the table itself." in done.err) == (
            11,
            True,
            True,
        )


def test_without_the_libraries_the_extra_is_named(delta: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    assert "is a Delta Lake table, which needs a library. Install it with `pip install 'claims-edit[lake]'`." in (
        run(delta).err
    )


# --- Iceberg ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def iceberg(tmp_path: Path) -> Any:
    """A table of nine lines of which the third was deleted."""
    from pyiceberg.catalog.memory import InMemoryCatalog  # noqa: PLC0415

    catalog = InMemoryCatalog("lake", warehouse=f"file://{tmp_path}/lake")
    catalog.create_namespace("n")
    rows = frame().to_arrow(compat_level=pl.CompatLevel.oldest())
    table = catalog.create_table("n.claims", schema=rows.schema)
    table.append(rows)
    table.delete(f"claim_id == '{lines(3)[2]['claim_id']}'")
    return table


def metadata(table: Any) -> Path:
    return Path(table.metadata_location.removeprefix("file://"))


@pytest.mark.long
def test_an_iceberg_table_is_read_at_its_current_snapshot(iceberg: Any, tmp_path: Path) -> None:
    path = metadata(iceberg)
    assert called("run", path, "--out", tmp_path / "out", *UNREPORTED).code == 0
    written = manifest(tmp_path / "out")
    assert written["counts"]["rows_read"] == 8
    snapshot = str(iceberg.current_snapshot().snapshot_id)
    assert written["tables"] == [{"path": str(path), "kind": "iceberg", "version": snapshot}]
    assert lines(3)[2]["claim_id"] not in decisions(tmp_path / "out")["claim_id"].to_list()


def test_the_folder_of_an_iceberg_table_needs_a_hint(iceberg: Any) -> None:
    path = metadata(iceberg)
    folder = path.parents[1]
    done = run(folder)
    assert (done.code, "only its catalog knows its current state" in done.err) == (11, True)
    path.rename(path.with_name("v7.metadata.json"))
    (path.parent / "version-hint.text").write_text("7", encoding="ascii")
    assert run(folder).code == 0
    assert manifest(folder.parent / "out")["counts"]["rows_read"] == 8


def test_an_iceberg_table_whose_columns_were_renamed_is_refused(iceberg: Any) -> None:
    with iceberg.update_schema() as update:
        update.rename_column("payer", "payor")
    done = run(metadata(iceberg))
    assert (done.code, "column payer of its older files was renamed or dropped" in done.err) == (11, True)


def test_an_iceberg_table_with_delete_files_is_refused(iceberg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyiceberg.table import DataScan  # noqa: PLC0415

    plan = DataScan.plan_files

    def with_deletes(scan: Any) -> Any:
        for task in plan(scan):
            task.delete_files = {task.file}
            yield task

    monkeypatch.setattr(DataScan, "plan_files", with_deletes)
    done = run(metadata(iceberg))
    assert (done.code, "some of its rows are deleted by delete files" in done.err) == (11, True)


def test_an_iceberg_table_elsewhere_is_refused(iceberg: Any) -> None:
    path = metadata(iceberg)
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | {"location": "s3://bucket/claims"}), encoding="utf-8")
    assert "its files are in another place than this machine" in run(path).err


# --- results as a Delta Lake table ------------------------------------------------------------------------------------


@pytest.mark.long
def test_the_decisions_of_runs_are_rows_of_a_delta_table(tmp_path: Path) -> None:
    out, to = tmp_path / "out", tmp_path / "decided"
    ids = []
    for name, start, last in (("a", 1, 9), ("b", 10, 21)):
        frame(start, last).write_parquet(tmp_path / f"{name}.parquet")
        assert called("run", tmp_path / f"{name}.parquet", "--out", out, *UNREPORTED).code == 0
        ids.append(manifest(out)["run_id"])
        done = called("report", "--out", out, "--format", "delta", "--to", to)
        assert done.code == 0, done.err
    table = deltalake.DeltaTable(str(to))
    written = pl.DataFrame(table.to_pyarrow_table())
    assert written["run_id"].unique().sort().to_list() == ids
    recorded = pl.read_parquet(out / "decisions/*/*.parquet", hive_partitioning=False)
    keys = ("run_id", "claim_id", "claim_line_number", "disposition", "reason_code", "charge_amount")
    same = [each.select(keys).with_columns(pl.col(keys).cast(pl.String)).sort(keys) for each in (written, recorded)]
    assert same[0].height > 3
    assert same[0].equals(same[1])
    done = called("report", ids[0], "--out", out, "--format", "delta", "--to", to)  # again: its rows are replaced
    assert done.code == 0, done.err
    again = pl.DataFrame(deltalake.DeltaTable(str(to)).to_pyarrow_table())
    assert again.sort(keys).equals(written.sort(keys))


def test_a_folder_of_something_else_is_no_delta_table(tmp_path: Path) -> None:
    frame().write_parquet(tmp_path / "a.parquet")
    assert called("run", tmp_path / "a.parquet", "--out", tmp_path / "out", *UNREPORTED).code == 0
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "x").write_text("x", encoding="utf-8")
    done = called("report", "--out", tmp_path / "out", "--format", "delta", "--to", tmp_path / "to")
    assert (done.code, "is not a Delta Lake table" in done.err) == (2, True)
    deltalake.write_deltalake(str(tmp_path / "other"), pl.DataFrame({"x": [1]}))
    done = called("report", "--out", tmp_path / "out", "--format", "delta", "--to", tmp_path / "other")
    assert (done.code, "the table was not changed" in done.err) == (2, True), done.err
    assert deltalake.DeltaTable(str(tmp_path / "other")).version() == 0
