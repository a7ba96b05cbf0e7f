"""Publishing by one rename: what readers see, what a kill leaves, who must wait."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from claims_edit.errors import ClaimsEditError, ResultsError, UsageError
from claims_edit.report.registry import RUN_REPORTS
from claims_edit.store import ResultsFolder, generation, record, write_manifest
from tests.lib.examples import first
from tests.lib.runs import REFUSED, REVIEWED, line, manifest_of, publish, stage

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
RUN_1, RUN_2, RUN_3 = "20260301T010000Z-aaaa", "20260302T010000Z-bbbb", "20260303T010000Z-cccc"
RUN_4 = "20260304T010000Z-dddd"


def shown(out: Path) -> list[str]:
    """What a reader sees, files by name."""
    return sorted(
        str(path.relative_to(out))
        for name in generation.SHOWN
        for path in ([out / name] if (out / name).is_file() else (out / name).glob("**/*"))
        if path.is_file()
    )


def test_a_published_run_is_there_for_every_kind_of_reader(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line(), line(source_row=3, claim_line_number=2)], [REFUSED])
    publish(tmp_path, RUN_2, [line(claim_id="C2")], reports=RUN_REPORTS)

    assert pl.read_parquet(tmp_path / "decisions/**/*.parquet").height == 3
    glob = f"{tmp_path}/decisions/**/*.parquet"
    assert duckdb.execute("SELECT count(*) FROM read_parquet($g)", {"g": glob}).fetchall() == [(3,)]
    assert {path.split("/")[-1] for path in shown(tmp_path) if path.startswith(f"runs/{RUN_2}")} == {
        "manifest.json", "denials.csv", "returns.csv", "reviews.csv", "referrals.csv", "denial_reasons.csv",
        "withdrawals.csv", "data_quality.csv", "remittance.csv", "remittance.parquet", "summary.json",
        "candidates-00000.parquet", "revisions.parquet", "contracts.parquet", "rules.zip", "report.html", "report.xlsx",
        "warnings.parquet",
    }  # fmt: skip
    with duckdb.connect(tmp_path / "claims_edit.duckdb", read_only=True) as connection:
        assert connection.sql("SELECT run_id, decisions, rows_quarantined FROM runs").fetchall() == [
            (RUN_1, 2, 1),
            (RUN_2, 1, 0),
        ]


@pytest.mark.long
def test_every_name_that_is_shown_leads_through_the_one_link(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line()])
    for name in generation.SHOWN:
        assert (tmp_path / name).readlink() == Path(".current", name)
    assert not (tmp_path / ".current").readlink().is_absolute()
    moved = tmp_path.parent / "moved"
    shutil.copytree(tmp_path, moved, symlinks=True)
    assert len(ResultsFolder(moved).runs()) == 1
    assert publish(moved, RUN_2, [line()]).manifest()["run_id"] == RUN_2


def test_publishing_leaves_the_generation_before_and_no_staging(tmp_path: Path) -> None:
    for run_id in (RUN_1, RUN_2, RUN_3):
        publish(tmp_path, run_id, [line()])
    assert sorted(path.name for path in (tmp_path / ".generations").iterdir()) == ["2", "3"]
    assert not (tmp_path / ".staging").exists()
    assert not list(tmp_path.glob("**/scratch"))


@pytest.mark.long
def test_where_files_cannot_be_linked_they_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    publish(tmp_path, RUN_1, [line()])
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    publish(tmp_path, RUN_2, [line()])
    assert pl.read_parquet(tmp_path / "decisions/**/*.parquet").height == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.lib.runs import line, stage
from claims_edit.store import ResultsFolder, folder

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

where, out = sys.argv[1], ResultsFolder(Path(sys.argv[2]))
if where == "database":
    folder.build_database = die
elif where == "rename":
    Path.replace = die
with out.lock():
    staged = stage(out, "20260309T010000Z-dead", [line(claim_id="dead")])
    if where == "staged":
        die()
    if where == "after":
        Path.touch = die
    out.publish(staged)
"""


def killed(out: Path, where: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, where, str(out)], cwd=ROOT, check=False, env={**os.environ})
    assert done.returncode == -signal.SIGKILL


@pytest.mark.long
@pytest.mark.parametrize("where", ["staged", "database", "rename"])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_killed_run_leaves_nothing_visible_and_the_next_clears_up(
    tmp_path: Path, where: str, *, earlier: bool
) -> None:
    if earlier:
        publish(tmp_path, RUN_1, [line()])
    before = shown(tmp_path)
    killed(tmp_path, where)

    assert shown(tmp_path) == before
    assert [run["run_id"] for run in ResultsFolder(tmp_path).runs()] == [RUN_1][:earlier]
    publish(tmp_path, RUN_3, [line()])
    assert [run["run_id"] for run in ResultsFolder(tmp_path).runs()] == [*[RUN_1][:earlier], RUN_3]
    assert len(list((tmp_path / ".generations").iterdir())) == 1 + earlier
    assert not list(tmp_path.glob("**/*dead*"))


@pytest.mark.long
def test_a_run_killed_after_the_rename_is_whole(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line()])
    killed(tmp_path, "after")
    assert len(ResultsFolder(tmp_path).runs()) == 2
    folder = publish(tmp_path, "20260310T010000Z-eeee", [line()])
    assert len(folder.runs()) == 3


def test_a_failed_run_takes_its_staging_along(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path)
    staged = None
    with pytest.raises(AttributeError), folder.lock():
        staged = stage(folder, RUN_1, [line()]).no_such_name  # type: ignore[attr-defined]
    assert staged is None
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_the_second_of_two_runs_is_reported_whom_to_wait_for(tmp_path: Path) -> None:
    with (
        ResultsFolder(tmp_path).lock(),
        pytest.raises(ResultsError, match=f"busy: process {os.getpid()} ") as busy,
        ResultsFolder(tmp_path).lock(),
    ):
        pass
    assert busy.value.exit_code == 13
    with ResultsFolder(tmp_path).lock():
        pass  # let go of


@pytest.mark.long
def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    killed(tmp_path, "staged")
    with ResultsFolder(tmp_path).lock():
        pass


@pytest.mark.long
def test_a_reader_who_holds_the_file_open_stops_nobody(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line()])
    reader = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); input();"
        "print(c.execute('SELECT count(*) FROM decisions').fetchone()[0])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", reader, str(tmp_path / "claims_edit.duckdb")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as held:  # fmt: skip
        assert held.stdout is not None
        assert held.stdout.readline() == "open\n"
        publish(tmp_path, RUN_2, [line(claim_id="C2")])
        with duckdb.connect(tmp_path / "claims_edit.duckdb", read_only=True) as connection:
            assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (2,)
        assert held.communicate("\n")[0] == "1\n"


@pytest.mark.parametrize("deeper", ["", "x", "x/y"])
def test_an_out_that_is_a_file_is_no_results_folder(tmp_path: Path, deeper: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ResultsError, match="Name a folder"), ResultsFolder(tmp_path / "file" / deeper).lock():
        pass
    assert (tmp_path / "file").read_text() == "mine"


def test_an_out_that_cannot_be_written_is_no_results_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ResultsError, match="Permission denied"), ResultsFolder(tmp_path / "out").lock():
        pass


def damage_current_away(out: Path) -> None:
    (out / ".current").unlink()


def damage_generation_away(out: Path) -> None:
    shutil.rmtree(out / ".generations")


def damage_current_to_a_folder(out: Path) -> None:
    (out / ".current").unlink()
    (out / ".current").mkdir()


def damage_manifest_away(out: Path) -> None:
    (out / f"runs/{RUN_1}/manifest.json").unlink()


def damage_manifest_text(out: Path) -> None:
    (out / f"runs/{RUN_1}/manifest.json").write_text("{}")


def damage_manifest_counts(out: Path) -> None:
    path = out / f"runs/{RUN_1}/manifest.json"
    path.write_text(path.read_text().replace('"decisions": 2', '"decisions": 3'))


def damage_parquet(out: Path) -> None:
    (out / f"decisions/run_id={RUN_1}/part-00000.parquet").write_bytes(b"PAR1 no")


def damage_parquet_away(out: Path) -> None:
    (out / f"decisions/run_id={RUN_1}/part-00000.parquet").unlink()


def damage_record_away(out: Path) -> None:
    shutil.rmtree(out / ".generations/1/decisions")


def damage_foreign_folder(out: Path) -> None:
    (out / "decisions").unlink()
    (out / "decisions").mkdir()


@pytest.mark.parametrize(
    ("damage", "reported"),
    first(
        4,
        [
            (damage_current_away, r"\.current: missing, though .* Link it to \.generations/1"),
            (damage_generation_away, r"\.current: points to \.generations/1, which is missing"),
            (damage_current_to_a_folder, r"\.current: not a link"),
            (damage_manifest_away, r"manifest\.json: the manifest cannot be read \(No such file"),
            (damage_manifest_counts, r"run_id=.*: 2 rows, but the manifest has 3"),
            (damage_manifest_text, r"manifest\.json: not a manifest \(as_of, charges, .*\). Restore it"),
            (damage_parquet, r"part-00000\.parquet: cannot be read as Parquet"),
            (damage_parquet_away, r"run_id=.*: 1 rows, but the manifest has 2"),
            (damage_record_away, r"run_id=.*: 0 rows, but the manifest has 2"),
            (damage_foreign_folder, r"decisions: has the name of a result"),
        ],
    ),
)
def test_a_damaged_folder_is_refused_and_left_alone(
    tmp_path: Path, damage: Callable[[Path], None], reported: str
) -> None:
    publish(tmp_path, RUN_1, [line(), line(source_row=3, claim_line_number=2)])
    damage(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ResultsError, match=reported) as fault, ResultsFolder(tmp_path).lock():
        pass
    assert fault.value.exit_code == 13
    assert sorted(tmp_path.rglob("*")) == before


def damage_end(out: Path) -> None:
    path = out / f"history/run_id={RUN_1}/part-00000.parquet"
    path.write_bytes(path.read_bytes()[:-100] + bytes(100))


def no_time_tells(out: Path) -> None:
    """As after a power failure or on a damaged disk: nothing seems to have changed since the last run was published."""
    marker = out / ".current" / generation.PUBLISHED
    later = marker.stat().st_mtime_ns + 3_600_000_000_000
    os.utime(marker, ns=(later, later))


@pytest.mark.long
@pytest.mark.parametrize(
    ("damage", "reported"),
    first(
        1,
        [
            (damage_parquet, r"part-00000\.parquet: cannot be read as Parquet"),
            (damage_end, r"part-00000\.parquet: cannot be read as Parquet"),
            (damage_parquet_away, r"run_id=.*: 1 rows, but the manifest has 2"),
        ],
    ),
)
def test_a_lost_name_or_end_of_a_file_is_found_though_no_time_tells(
    tmp_path: Path, damage: Callable[[Path], None], reported: str
) -> None:
    publish(tmp_path, RUN_1, [line(), line(source_row=3, claim_line_number=2)])
    publish(tmp_path, RUN_2, [line()])
    damage(tmp_path)
    no_time_tells(tmp_path)
    with pytest.raises(ResultsError, match=reported), ResultsFolder(tmp_path).lock():
        pass


def test_what_is_as_it_was_published_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    row_counts = record._row_counts

    def spy(files: list[str]) -> tuple[dict[str, int], list[str]]:
        read.extend(files)
        return row_counts(files)

    for run_id in (RUN_1, RUN_2):
        publish(tmp_path, run_id, [line()])
    monkeypatch.setattr(record, "_row_counts", spy)
    no_time_tells(tmp_path)
    with ResultsFolder(tmp_path).lock():
        assert read == []
    (tmp_path / f".current/decisions/run_id={RUN_1}/part-00001.parquet").write_bytes(b"a copy")
    with pytest.raises(ResultsError, match="cannot be read"), ResultsFolder(tmp_path).lock():
        pass
    assert {Path(path).parts[-3:-1] for path in read} == {("decisions", f"run_id={RUN_1}")}


def synced_before_the_rename(out: Path, monkeypatch: pytest.MonkeyPatch, publish_it: Callable[[], object]) -> set[str]:
    """What was brought to the disk before the link was put in its place, relative to `out`."""
    synced: set[str] = set()
    known: list[set[str]] = []
    fsync, replace = os.fsync, Path.replace

    def noting(handle: int) -> None:
        synced.add(os.path.relpath(Path(f"/proc/self/fd/{handle}").readlink(), out))
        fsync(handle)

    def renaming(source: Path, target: Path) -> Path:
        if target.name == ".current":
            known.append(set(synced))
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", noting)
    monkeypatch.setattr(Path, "replace", renaming)
    publish_it()
    (before,) = known
    return before


def test_every_name_of_a_generation_is_on_the_disk_before_it_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, RUN_1, [line()])
    synced = synced_before_the_rename(tmp_path, monkeypatch, lambda: publish(tmp_path, RUN_2, [line()]))
    shown_now = tmp_path / ".generations/2"
    folders = [shown_now, *(path for path in shown_now.rglob("*") if path.is_dir())]
    assert {
        str(path.relative_to(tmp_path)) for path in (*folders, shown_now.parent, shown_now / "claims_edit.duckdb")
    } <= (synced)
    assert any(path.startswith(f".staging/{RUN_2}/decisions/") and path.endswith(".parquet") for path in synced)


@pytest.mark.long
def test_every_name_of_a_generation_that_was_another_is_on_the_disk_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: dict[int, int] = {}
    fsync, replace = os.fsync, Path.replace
    unsynced: list[Path] = []

    def noting(handle: int) -> None:
        state = os.fstat(handle)
        synced[state.st_ino] = state.st_mtime_ns
        fsync(handle)

    def renaming(source: Path, target: Path) -> Path:
        shown_now = tmp_path / source.readlink()
        for path in (shown_now, *shown_now.rglob("*")):
            state = path.stat()
            if synced.get(state.st_ino) != state.st_mtime_ns:
                unsynced.append(path)
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", noting)
    monkeypatch.setattr(Path, "replace", renaming)
    for run_id in (RUN_1, RUN_2, RUN_3, RUN_4):
        publish(tmp_path, run_id, [line(claim_id=run_id)])
    assert unsynced == []
    assert len(shown(tmp_path)) > 4


def different_files(one: Path, other: Path) -> set[str]:
    """The names of the record that do not lead to the same file in two generations."""
    both = [
        {str(path.relative_to(root)): path.stat().st_ino for path in root.glob("*/run_id=*/*")} for root in (one, other)
    ]
    return {name for name, _ in both[0].items() ^ both[1].items()}


def restored(folder: Path) -> None:
    """A file of the first run is put in place from a backup."""
    part = folder / f"decisions/run_id={RUN_1}/part-00000.parquet"
    (folder / "backup").write_bytes(part.read_bytes())
    (folder / "backup").replace(part)


def replaced_by_a_folder(folder: Path) -> None:
    part = folder / f"decisions/run_id={RUN_1}/note"
    part.mkdir()
    (part / "file").touch()


@pytest.mark.long
@pytest.mark.parametrize("change", [lambda _: None, restored, replaced_by_a_folder])
def test_a_generation_that_was_another_has_the_files_of_the_last(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """Whatever the operator did to the last one, and whatever the generation had."""
    publish(tmp_path, RUN_1, [line()])
    (tmp_path / f".current/decisions/run_id={RUN_1}/note").touch()
    publish(tmp_path, RUN_2, [line(claim_id="C2")])
    (tmp_path / f".current/decisions/run_id={RUN_1}/note").unlink()
    change(tmp_path / ".current")
    publish(tmp_path, RUN_3, [line(claim_id="C3")])
    others = different_files(tmp_path / ".generations/2", tmp_path / ".generations/3")
    assert others
    assert all(f"run_id={RUN_3}" in name for name in others if not name.endswith("/note"))
    note = Path(f"decisions/run_id={RUN_1}/note")
    assert (tmp_path / ".current" / note).exists() == (tmp_path / ".generations/2" / note).exists()


@pytest.mark.long
def test_a_generation_begun_from_another_and_left_by_a_killed_run_is_not_used(tmp_path: Path) -> None:
    for run_id in (RUN_1, RUN_2):
        publish(tmp_path, run_id, [line()])
    killed(tmp_path, "database")
    assert sorted(path.name for path in (tmp_path / ".generations").iterdir()) == ["2", "3"]
    with ResultsFolder(tmp_path).lock():
        assert [path.name for path in (tmp_path / ".generations").iterdir()] == ["2"]


def test_a_file_that_is_copied_is_on_the_disk_before_it_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    publish(tmp_path, RUN_1, [line()])
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    synced = synced_before_the_rename(tmp_path, monkeypatch, lambda: publish(tmp_path, RUN_2, [line()]))
    assert f".generations/2/decisions/run_id={RUN_1}/part-00000.parquet" in synced


def without_list(out: Path) -> None:
    """As an earlier release leaves a folder: only the DuckDB file knows the runs."""
    (out / ".current" / generation.RUNS).unlink()


@pytest.mark.parametrize("known", first(1, [lambda _out: None, without_list]))
@pytest.mark.parametrize("has_copy", [True, False])
def test_a_run_that_is_gone_from_the_record_keeps_everything_as_it_is(
    tmp_path: Path, known: Callable[[Path], None], *, has_copy: bool
) -> None:
    publish(tmp_path, RUN_1, [line()])
    publish(tmp_path, RUN_2, [line()])
    if not has_copy:
        shutil.rmtree(tmp_path / ".generations/1")
    for name in generation.RECORD_FOLDERS:
        shutil.rmtree(next((tmp_path / name).glob(f"*{RUN_1}")))
    known(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    remedy = r"Copy it from \.generations/1" if has_copy else "Restore it from a backup"
    with pytest.raises(ResultsError, match=f"run {RUN_1} is missing from the record.*{remedy}") as fault:
        publish(tmp_path, RUN_3, [line()])
    assert fault.value.exit_code == 13
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.long
def test_a_run_taken_out_on_purpose_is_forgotten_with_its_line(tmp_path: Path) -> None:
    for run_id in (RUN_1, RUN_2):
        publish(tmp_path, run_id, [line()])
    for name in generation.RECORD_FOLDERS:
        shutil.rmtree(next((tmp_path / name).glob(f"*{RUN_1}")))
    noted = tmp_path / ".current" / generation.RUNS
    noted.write_text(noted.read_text().replace(f"{RUN_1}\n", ""))
    publish(tmp_path, RUN_3, [line()])
    with duckdb.connect(tmp_path / "claims_edit.duckdb", read_only=True) as connection:
        assert connection.sql("SELECT run_id FROM runs ORDER BY 1").fetchall() == [(RUN_2,), (RUN_3,)]


def test_a_run_that_does_not_hold_what_its_manifest_says_is_not_shown(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path)
    with folder.lock():
        staged = stage(folder, RUN_1, [line(), line(source_row=3)])
        (staged.decisions_dir / "part-00001.parquet").unlink()
        with pytest.raises(ResultsError, match="1 rows, but the manifest has 2"):
            folder.publish(staged)
    assert shown(tmp_path) == []


def test_a_run_that_does_not_reconcile_is_not_shown(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path)
    with folder.lock():
        staged = stage(folder, RUN_1, [line()])
        manifest = manifest_of(RUN_1, [line()], [])
        manifest["charges"]["read"] = "1000.11"
        write_manifest(staged.run_dir, manifest)
        reported = r"charges read = accepted \+ quarantined: 1000\.11 is not 1000\.10"
        with pytest.raises(ClaimsEditError, match=reported) as bug:
            folder.publish(staged)
    assert bug.value.exit_code == 1
    assert shown(tmp_path) == []


def test_a_full_disk_shows_what_was_there_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, RUN_1, [line()])

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("claims_edit.store.folder.build_database", full)
    with pytest.raises(ResultsError, match=r"not published \(No space left"):
        publish(tmp_path, RUN_2, [line()])
    assert len(ResultsFolder(tmp_path).runs()) == 1
    assert len(list((tmp_path / ".generations").iterdir())) == 1


def test_a_run_with_no_candidate_and_no_part_file_is_published(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path)
    with folder.lock():
        staged = folder.stage(RUN_1)
        write_manifest(staged.run_dir, manifest_of(RUN_1, [], []))
        folder.publish(staged)
    assert folder.manifest()["counts"]["decisions"] == 0
    with duckdb.connect(tmp_path / "claims_edit.duckdb", read_only=True) as connection:
        assert connection.sql("FROM denials").fetchall() == []


def test_runs_are_found_by_name_beginning_or_fingerprint(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line()])
    folder = publish(tmp_path, RUN_2, [line(**REVIEWED)])
    assert [run["run_id"] for run in folder.runs()] == [RUN_1, RUN_2]
    assert folder.manifest()["run_id"] == RUN_2
    assert folder.manifest("20260301")["run_id"] == RUN_1
    assert folder.same_run(f"print-{RUN_1}") == RUN_1
    assert folder.same_run("print-of-nothing") is None
    with pytest.raises(UsageError, match="several runs have"):
        folder.manifest("2026030")
    with pytest.raises(UsageError, match="no run has"):
        folder.manifest("1999")


def test_a_folder_without_runs_reports_it(tmp_path: Path) -> None:
    assert ResultsFolder(tmp_path).runs() == []
    with pytest.raises(UsageError, match="no run is published"):
        ResultsFolder(tmp_path).manifest()
    with pytest.raises(UsageError, match="no such results folder"):
        ResultsFolder(tmp_path / "none").runs()
