"""Results hold private data: who may read them, and what may not be written over."""

from __future__ import annotations

import grp
import os
import stat
from typing import TYPE_CHECKING

import pytest

from claims_edit.report.registry import REPORT_FORMATS
from tests.functional.program import AS_OF, Done, called, csv_text, lines, program, write
from tests.lib.examples import first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Command = Callable[..., Done]


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def ran(out: Path, night: int, *more: object) -> Done:
    extract = write(out.parent / f"night{night}.csv", csv_text(lines(6 + night)))
    return called("run", extract, "--out", out, "--quiet", *AS_OF, *more)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one run: to be read only."""
    out = tmp_path_factory.mktemp("published") / "out"
    assert ran(out, 1, "--reports", "none").code == 0
    return out


def modes(root: Path) -> dict[str, set[int]]:
    """The modes of folders and of files, `root` included; links have none that counts."""
    found: dict[str, set[int]] = {"folders": set(), "files": set()}
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            found["folders" if path.is_dir() else "files"].add(stat.S_IMODE(path.stat().st_mode))
    return found


PRIVATE = {"folders": {0o700}, "files": {0o600}}


@pytest.mark.long
@pytest.mark.usefixtures("umask")
def test_only_the_owner_may_read_what_runs_leave(tmp_path: Path) -> None:
    for night, reports in ((1, "all"), (2, "none")):
        assert ran(tmp_path / "out", night, "--reports", reports).code == 0
        assert modes(tmp_path / "out") == PRIVATE


@pytest.mark.usefixtures("umask")
def test_only_the_owner_may_enter_the_staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def look(*_: object, **__: object) -> None:
        seen.extend(stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("out/.staging", "out"))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("claims_edit.runner.run.decide_all", look)
    assert ran(tmp_path / "out", 1).code == 13
    assert seen == [0o700, 0o700]


@pytest.mark.long
def test_results_of_an_earlier_release_are_closed_with_the_next_run(tmp_path: Path) -> None:
    assert ran(tmp_path / "out", 1, "--reports", "none").code == 0
    for path in (tmp_path / "out/.generations").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert ran(tmp_path / "out", 2, "--reports", "none").code == 0
    assert modes(tmp_path / "out/.generations") == PRIVATE


def other_group() -> str:
    """A group that this user may give files to, and that is not its first one."""
    groups = [each.gr_name for each in grp.getgrall()] if os.getuid() == 0 else []
    groups += [grp.getgrgid(each).gr_name for each in os.getgroups()]
    usable = [name for name in groups if grp.getgrnam(name).gr_gid != os.getgid()]
    return usable[0] if usable else pytest.skip("this user has one group")


@pytest.mark.long
@pytest.mark.usefixtures("umask")
def test_a_group_may_read_where_it_is_named(tmp_path: Path) -> None:
    group = other_group()
    out = tmp_path / "out"
    assert ran(out, 1, "--reports", "none").code == 0
    assert ran(out, 2, "--group", group).code == 0
    shown = [path for path in (out / ".current").resolve().rglob("*") if path.name != ".published"]
    for path in (out, out / ".generations", (out / ".current").resolve(), *shown):
        assert path.stat().st_gid == grp.getgrnam(group).gr_gid
        assert stat.S_IMODE(path.stat().st_mode) == (0o750 if path.is_dir() else 0o640)
    assert ran(out, 3, "--reports", "none").code == 0
    assert modes(out / ".generations") == PRIVATE


def test_an_unknown_group_is_named_before_anything_is_read(tmp_path: Path) -> None:
    done = ran(tmp_path / "out", 1, "--group", "no-such-group")
    assert (done.code, len(done.faults)) == (2, 1)
    assert "--group" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("fmt", first(3, REPORT_FORMATS))
def test_only_the_owner_may_read_a_report(published: Path, tmp_path: Path, fmt: str) -> None:
    target = tmp_path / "report"
    assert called("report", "--out", published, "--format", fmt, "--to", target).code == 0
    found = modes(target)
    assert found["files"] == {0o600}
    assert found["folders"] <= {0o700}


@pytest.mark.usefixtures("umask")
def test_only_the_owner_may_read_an_answer_unless_the_file_was_there(published: Path, tmp_path: Path) -> None:
    there = write(tmp_path / "there.csv", "")
    there.chmod(0o640)
    for target, mode in ((tmp_path / "new.csv", 0o600), (there, 0o640)):
        assert called("sql", "FROM decisions", "--out", published, "--format", "csv", "--to", target).code == 0
        assert stat.S_IMODE(target.stat().st_mode) == mode
        assert target.read_text().startswith("run_id,")


def inside(out: Path, beside: Path) -> Iterator[Path]:
    """Names of the results folder and of what is in it, and new names in it; and links to it in another folder."""
    manifest = next(out.glob("runs/*/manifest.json"))
    part = next(out.glob("decisions/*/part-*.parquet"))
    yield from (out, out / "claims_edit.duckdb", manifest, part, out / "new", out / "runs/new", out / ".lock")
    yield out.parent / "night1.csv/../out/new"
    (beside / "link").symlink_to(manifest)
    yield beside / "link"
    (beside / "folder").symlink_to(out / "runs")
    yield beside / "folder/new"
    (beside / "hard").hardlink_to(part)
    yield beside / "hard"


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "fmt"),
    [
        *((("sql", "SELECT 1 AS one"), fmt) for fmt in ("csv", "json", "parquet")),
        *((("report",), fmt) for fmt in ("csv", "json", "html", "xlsx", "remittance", "rationale")),
    ],
)
def test_nothing_but_a_run_writes_into_the_results(
    published: Path, tmp_path: Path, command: tuple[str, ...], fmt: str
) -> None:
    out = published
    targets = list(inside(out, tmp_path))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for target in targets:
        done = called(*command, "--format", fmt, "--out", out, "--to", target)
        assert (done.code, len(done.faults)) == (2, 1), target
        assert "in the results folder" in done.err
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


@pytest.mark.long
def test_a_report_without_a_name_is_not_written_into_the_results_either(published: Path) -> None:
    done = program("report", "--out", ".", "--format", "html", cwd=published)
    assert (done.code, len(done.faults)) == (2, 1)
    assert not (published / "report.html").exists()
