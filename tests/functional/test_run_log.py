"""What a run sends to collectors of logs (`--log-format json`) and lineage servers (`--lineage`)."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.errors import InputError
from tests.functional.program import UNREPORTED, Done, called, csv_text, lines, manifest, write

if TYPE_CHECKING:
    from pathlib import Path

JSON = ("--log-format", "json", *UNREPORTED)
SECRET = "CELL-OF-A-CLAIM"  # noqa: S105 -- a cell


def events(done: Done) -> list[dict[str, Any]]:
    """The objects on standard error: every line is one, with time, level and event."""
    found = [json.loads(line) for line in done.faults]
    assert all(datetime.fromisoformat(each["time"]).tzinfo and each["level"] and each["event"] for each in found)
    assert SECRET not in done.err
    return found


def named(found: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [each for each in found if each["event"] == name]


def test_a_run_is_told_as_objects_from_its_beginning_to_its_exit_code(tmp_path: Path) -> None:
    rows = [*lines(4), {**lines(1)[0], "claim_id": SECRET, "claim_start_date": SECRET}]
    night, out = write(tmp_path / "night.csv", csv_text(rows)), tmp_path / "out"
    done = called("run", night, "--out", out, *JSON)
    found = events(done)
    assert (done.code, found[0]["event"], found[-1]["event"], found[-1]["exit_code"]) == (0, "started", "ended", 0)
    written = manifest(out)
    (file,), (published,) = named(found, "file"), named(found, "published")
    assert (file["file"], file["rows_read"], file["rows_quarantined"]) == (str(night), 5, 1)
    assert {name: published[name] for name in ("rows_read", "by_disposition")} == {
        name: written["counts"][name] for name in ("rows_read", "by_disposition")
    }
    assert [each["stage"] for each in named(found, "stage")][:2] == ["read", "repeated keys"]
    assert {each.get("run_id") for each in found[1:]} == {written["run_id"]}
    assert [each["event"] for each in events(called("run", night, "--out", out, *JSON))][-2:] == ["skipped", "ended"]
    assert events(called("run", night, "--out", out, *JSON, "--quiet")) == []


@pytest.mark.parametrize(
    ("arguments", "code", "place"),
    [
        (("{tmp}/none.csv", "--out", "{tmp}/out"), 11, "{tmp}/none.csv"),
        (("{tmp}/night.csv", "--out", "{tmp}/out", "--max-quarantine-rate", "0.1"), 12, "run "),
        (("{tmp}/night.csv", "--out", "{tmp}/night.csv"), 13, "{tmp}/night.csv"),
        (("{tmp}/night.csv", "--out", "{tmp}/out", "--rules", "{tmp}"), 10, "{tmp}"),
        (("{tmp}/night.csv", "--out", "{tmp}/out", "--unknown"), 2, None),
        (("{tmp}/night.csv", "--out", "{tmp}/out", "--as-of", "today"), 2, None),
    ],
)
def test_each_fault_and_the_exit_code_are_objects(
    tmp_path: Path, arguments: tuple[str, ...], code: int, place: str | None
) -> None:
    write(
        tmp_path / "night.csv", csv_text([*lines(2), {**lines(1)[0], "claim_id": SECRET, "claim_start_date": SECRET}])
    )
    done = called("run", *JSON, *(each.format(tmp=tmp_path) for each in arguments))
    found = events(done)
    assert (done.code, found[-1]["event"], found[-1]["exit_code"]) == (code, "ended", code)
    fault = named(found, "fault")[0]
    assert (fault["exit_code"], fault["level"]) == (code, "error")
    assert place is None or place.format(tmp=tmp_path) in fault["place"]
    assert fault["message"]


def test_a_bug_and_an_interruption_are_objects_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAIMS_EDIT_TRACEBACK", raising=False)
    night = write(tmp_path / "night.csv", csv_text(lines(2)))
    for error, event, code in ((ValueError(SECRET), "bug", 1), (KeyboardInterrupt(), "interrupted", 130)):

        def broken(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr("claims_edit.cli.engine.run_batch", broken)
        done = called("run", night, "--out", tmp_path / "out", *JSON)
        assert [each["event"] for each in events(done)] == ["started", event, "ended"]
        assert (done.code, events(done)[-1]["exit_code"]) == (code, code)


def test_what_libraries_write_is_an_object_without_their_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def noisy(*_: object) -> None:
        logging.getLogger("a.library").warning(SECRET)
        warnings.warn(SECRET, stacklevel=1)
        raise InputError("x: broken.")

    monkeypatch.setattr("claims_edit.cli.engine.run_batch", noisy)
    monkeypatch.setattr(logging.getLogger("a.library"), "propagate", False)  # pytest has a handler of its own
    warnings.simplefilter("always")
    found = named(events(called("run", "x", "--out", tmp_path / "out", *JSON)), "library")
    assert [each.get("logger", each.get("warning")) for each in found] == ["a.library", "UserWarning"]


def test_the_line_of_a_library_that_ends_the_program_is_an_object() -> None:
    code = "import os; from claims_edit import native_stderr; native_stderr.watch(as_json=True)\n"
    code += f"os.write(2, b'{SECRET} memory allocation of 9 bytes failed'); os._exit(134)"
    import subprocess  # noqa: PLC0415 -- one test

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    (found,) = events(Done(done.returncode, done.stdout, done.stderr))
    assert (found["event"], found["exit_code"], found["message"][:6]) == ("bug", 134, "memory")


def test_as_text_a_run_writes_faults_alone(tmp_path: Path) -> None:
    night = write(tmp_path / "night.csv", csv_text(lines(2)))
    assert called("run", night, "--out", tmp_path / "out", *UNREPORTED, "--log-format", "text").err == ""
    assert called("run", tmp_path / "a\nb", "--out", tmp_path / "out", *UNREPORTED).faults == [
        f"claims-edit: {tmp_path}/a\N{REPLACEMENT CHARACTER}b: no such file or folder. Check the path."
    ]


@pytest.fixture
def collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Events go to this file."""
    pytest.importorskip("openlineage.client", reason="the extra lineage is not installed: pip install '.[lineage]'")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(tmp_path / "lineage.ndjson"))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    return tmp_path / "lineage.ndjson"


def sent(collected: Path) -> list[dict[str, Any]]:
    text = collected.read_text(encoding="utf-8")
    collected.unlink()
    assert SECRET not in text
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.long
def test_a_lineage_server_has_start_and_end_with_the_datasets(tmp_path: Path, collected: Path) -> None:
    night, out = write(tmp_path / "night.csv", csv_text(lines(6))), tmp_path / "out"
    run = ("run", night, "--out", out, "--lineage", *UNREPORTED)
    assert called(*run).code == 0
    start, end = sent(collected)
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == end["run"]["runId"]
    assert [(each["namespace"], each["name"]) for each in end["inputs"]] == [("file", str(night))]
    assert end["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"] == 6
    rows = {each["name"]: each["outputFacets"]["outputStatistics"]["rowCount"] for each in end["outputs"]}
    assert rows == {f"{out}/decisions": 2, f"{out}/quarantine": 0, f"{out}/history": 2, f"{out}/withdrawals": 0}
    tags = {each["key"]: each["value"] for each in end["run"]["facets"]["tags"]["tags"]}
    assert tags["run_id"] == manifest(out)["run_id"]
    assert called(*run).code == 0
    assert [(each["eventType"], len(each["outputs"])) for each in sent(collected)] == [("START", 4), ("COMPLETE", 0)]


def test_a_failed_run_is_told_with_its_faults(tmp_path: Path, collected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ("run", tmp_path / "none.csv", "--out", tmp_path / "out", "--lineage", *UNREPORTED)
    assert called(*run).code == 11
    failed = sent(collected)
    assert [each["eventType"] for each in failed] == ["START", "FAIL"]
    assert "no such file" in failed[1]["run"]["facets"]["errorMessage"]["message"]

    def broken(*_: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr("claims_edit.cli.engine.run_batch", broken)
    assert called(*run).code == 1
    assert sent(collected)[1]["run"]["facets"]["errorMessage"]["message"] == "ValueError"


def test_no_run_fails_for_a_lineage_server(tmp_path: Path, collected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = write(tmp_path / "night.csv", csv_text(lines(2)))
    run = ("run", night, "--out", tmp_path / "out", "--lineage", "--quiet", *UNREPORTED)
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(night / "not-a-folder"))
    assert collected.exists() is False
    done = called(*run)
    assert (done.code, len(done.faults), "START was not delivered" in done.err) == (0, 2, True)
    assert {each["level"] for each in events(called(*run, "--log-format", "json"))} == {"warning"}
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", "http://127.0.0.1:1")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__RETRY", '{"total": 0}')
    done = called(*run)
    assert (done.code, len(done.faults), "COMPLETE was not delivered" in done.err) == (0, 2, True)


def test_lineage_that_cannot_be_sent_at_all_is_refused_before_the_run(
    tmp_path: Path, collected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert collected.exists() is False
    run = ("run", write(tmp_path / "night.csv", csv_text(lines(2))), "--out", tmp_path / "out", "--lineage")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "pigeon")
    assert called(*run).code == 2
    for name in ("TYPE", "LOG_FILE_PATH", "APPEND"):
        monkeypatch.delenv(f"OPENLINEAGE__TRANSPORT__{name}")
    monkeypatch.chdir(tmp_path)
    assert "OPENLINEAGE_URL" in called(*run).err
    monkeypatch.setitem(sys.modules, "openlineage.client", None)
    done = called(*run)
    assert (done.code, "pip install 'claims-edit[lineage]'" in done.err) == (2, True)
    assert not (tmp_path / "out").exists()
