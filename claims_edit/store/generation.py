"""Generations: every published state of a results folder is one folder, and a symlink selects the current one.

`out/.generations/<n>/` has everything that a reader sees. `out/.current` points to the current one; `out/decisions` and
the other names are constant links through it, so that one rename of `.current` publishes a run completely or not.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from claims_edit import __version__
from claims_edit.errors import ResultsError
from claims_edit.store.private import OWN_FILE, OWN_FOLDER, make_folder

CURRENT = ".current"
GENERATIONS = ".generations"
STAGING = ".staging"
DATABASE = "claims_edit.duckdb"
RECORD_FOLDERS = ("decisions", "quarantine", "history", "withdrawals", "runs")
STATE = "state"  # the state after all runs; replaced by each run that is not a shadow run
SHOWN = (*RECORD_FOLDERS, DATABASE)
RUNS = ".runs"  # of a generation: the runs that it was published with, one per line
FORMAT = ".format"  # of a generation: the version of its layout
FORMAT_VERSION = 2  # 1 is without `history`, `withdrawals` and `state`
_PUBLISHED = ".published"  # marks a published generation: never removed as the leftover of a killed run


def current_generation(out: Path) -> Path | None:
    """The current generation; None if nothing is published yet.

    Raises:
        ResultsError: the folder is damaged.
    """
    link = out / CURRENT
    if not os.path.lexists(link):
        if shown := sorted(path.parent for path in (out / GENERATIONS).glob(f"*/{_PUBLISHED}")):
            raise ResultsError(
                f"{link}: missing, though results were published. Link it to {GENERATIONS}/{shown[-1].name}."
            )
        return None
    if not link.is_symlink() or link.readlink().parent != Path(GENERATIONS):
        raise ResultsError(f"{link}: not a link into {GENERATIONS}. Restore the results folder from a backup.")
    if not link.is_dir():
        raise ResultsError(
            f"{link}: points to {link.readlink()}, which is missing."
            " Restore that folder from a backup, or use a new --out."
        )
    format_version(link)
    return out / link.readlink()


def format_version(generation: Path) -> int:
    """The version of the layout of a generation.

    Raises:
        ResultsError: it is newer than this release, or the file that has it is damaged.
    """
    path = generation / FORMAT
    if not path.exists():
        return FORMAT_VERSION if (generation / STATE).is_dir() else 1
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not text.isdecimal():
        raise ResultsError(f"{path}: not the number of a format. Restore the results folder from a backup.")
    if int(text) > FORMAT_VERSION:
        raise ResultsError(
            f"{path}: the results have format {text}, from a newer release; this one ({__version__}) reads formats up"
            f" to {FORMAT_VERSION}. Use that release, or another --out."
        )
    return int(text)


def check_names(out: Path) -> None:
    """Refuse a folder where another file or folder has the name of a result.

    Raises:
        ResultsError: with one fault for each such name.
    """
    foreign = [out / name for name in SHOWN if os.path.lexists(out / name) and not (out / name).is_symlink()]
    if foreign:
        raise ResultsError(*(f"{path}: has the name of a result. Move it, or use another --out." for path in foreign))


def next_generation(out: Path, current: Path | None) -> Path:
    """An empty folder for the generation after `current`."""
    make_folder(out / GENERATIONS)
    folder = out / GENERATIONS / str(int(current.name) + 1 if current else 1)
    folder.mkdir(OWN_FOLDER)
    return folder


def fill(generation: Path, previous: Path) -> None:
    """Put the record and the state of the previous generation (hard links) into `generation`."""
    for name in (*RECORD_FOLDERS, STATE):
        if (previous / name).is_dir():
            _link_tree(previous / name, generation / name)


def add(generation: Path, staged_root: Path) -> None:
    """Move a staged run, and the state after it if it has one, into `generation`."""
    for name in RECORD_FOLDERS:
        (generation / name).mkdir(exist_ok=True)
        for folder in sorted((staged_root / name).iterdir()):
            shutil.move(folder, generation / name / folder.name)
    if (staged_root / STATE).is_dir():
        shutil.rmtree(generation / STATE, ignore_errors=True)
        shutil.move(staged_root / STATE, generation / STATE)


def _link_tree(source: Path, target: Path) -> None:
    for folder, _, names in os.walk(source):
        here = target / Path(folder).relative_to(source)
        here.mkdir(exist_ok=True)
        for name in names:
            link(Path(folder, name), here / name)


def link(source: Path, target: Path) -> None:
    """Give a file another name: a hard link, or else a copy, on disk when this returns."""
    try:
        target.hardlink_to(source)
    except OSError:  # hard links are not supported, or too many for this file
        shutil.copy2(source, target)
        _sync(target)


def show(out: Path, generation: Path) -> None:
    """Publish `generation` with one rename."""
    for name in SHOWN:
        if not (out / name).is_symlink():
            (out / name).symlink_to(Path(CURRENT, name))
    following = out / f"{CURRENT}.next"
    following.unlink(missing_ok=True)
    following.symlink_to(generation.relative_to(out))
    following.replace(out / CURRENT)
    _sync(out)
    (generation / _PUBLISHED).touch(OWN_FILE)


def unchanged_since_shown(generation: Path) -> bool:
    """Whether the DuckDB file of `generation` is unchanged since it was published."""
    marker, database = generation / _PUBLISHED, generation / DATABASE
    if not marker.exists() or not database.exists() or database.with_name(f"{DATABASE}.wal").exists():
        return False
    return database.stat().st_mtime_ns <= marker.stat().st_mtime_ns


def make_durable(folder: Path) -> None:
    """Sync every file below `folder` to disk, so that a power failure cannot leave a published run empty."""
    for place, _, names in os.walk(folder):
        for name in names:
            _sync(Path(place, name))
        _sync(Path(place))


def note_runs(generation: Path, runs: list[str]) -> None:
    """Write the list of the runs that a generation is published with, and the version of its layout."""
    (generation / FORMAT).write_text(f"{FORMAT_VERSION}\n", encoding="ascii")
    (generation / RUNS).write_text("".join(f"{run}\n" for run in runs), encoding="utf-8")


def close_generation(generation: Path) -> None:
    """Sync a complete generation to disk, with every name in it and its own.

    The files of the record are already on disk; a power failure must not lose their names in the new folders.
    """
    _sync(generation / RUNS)
    _sync(generation / FORMAT)
    _sync(generation / DATABASE)
    for place, _, _ in os.walk(generation, topdown=False):
        _sync(Path(place))
    _sync(generation.parent)
    _sync(generation.parents[1])


def noted_runs(generation: Path) -> list[str] | None:
    """The runs that a generation was published with; None for a generation of an earlier release."""
    try:
        return (generation / RUNS).read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_leftovers(out: Path) -> None:
    """Remove what no reader sees: staging folders of ended runs, and all generations except the current one."""
    current = current_generation(out)
    if current is not None and not (current / _PUBLISHED).exists():
        (current / _PUBLISHED).touch(OWN_FILE)
    shutil.rmtree(out / STAGING, ignore_errors=True)
    generations = out / GENERATIONS
    for folder in generations.iterdir() if generations.is_dir() else ():
        if folder != current:
            shutil.rmtree(folder, ignore_errors=True)
