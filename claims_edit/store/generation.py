"""Generations: every published state of a results folder is one folder, and a symlink selects the current one.

`out/.generations/<n>/` has everything that a reader sees. `out/.current` points to the current one; `out/decisions` and
the other names are constant links through it, so that one rename of `.current` publishes a run completely or not.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from claims_edit import __version__
from claims_edit.errors import ResultsError
from claims_edit.store.private import OWN_FILE, OWN_FOLDER, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

CURRENT = ".current"
GENERATIONS = ".generations"
STAGING = ".staging"
DATABASE = "claims_edit.duckdb"
RECORD_FOLDERS = ("decisions", "quarantine", "history", "withdrawals", "runs")
STATE = "state"  # the state after all runs; replaced by each run that is not a shadow run
SHOWN = (*RECORD_FOLDERS, DATABASE)
RUNS = ".runs"  # of a generation: the runs that it was published with, one per line
PARTS_NOTED = ".parts"  # of a generation: the number of Parquet files of each table of each run, one per line
FORMAT = ".format"  # of a generation: the version of its layout
FORMAT_VERSION = 2  # 1 is without `history`, `withdrawals` and `state`
PUBLISHED = ".published"  # marks a published generation: never removed as the leftover of a killed run; its last file


def current_generation(out: Path) -> Path | None:
    """The current generation; None if nothing is published yet.

    Raises:
        ResultsError: the folder is damaged.
    """
    link = out / CURRENT
    if not os.path.lexists(link):
        if shown := _published(out):
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


def _published(out: Path) -> list[Path]:
    """The generations that were published, oldest first."""
    found = (path.parent for path in (out / GENERATIONS).glob(f"*/{PUBLISHED}") if path.parent.name.isdecimal())
    return sorted(found, key=lambda folder: int(folder.name))


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
    """A folder for the generation after `current`: the one before it, if it is still there, else an empty one.

    Only a generation that was published is taken: each of its names is on disk. It is no longer marked as published,
    and its DuckDB file remains if it is as it was published.
    """
    make_folder(out / GENERATIONS)
    folder = out / GENERATIONS / str(int(current.name) + 1 if current else 1)
    before = [published for published in _published(out) if published != current]
    if not before:
        folder.mkdir(OWN_FOLDER)
        return folder
    is_unchanged = unchanged_since_shown(before[-1])
    (before[-1] / PUBLISHED).unlink()
    _sync(before[-1])  # it must not seem to be published after a power failure
    before[-1].rename(folder)
    if not is_unchanged:
        remove_database(folder / DATABASE)
    return folder


def remove_database(path: Path) -> None:
    """Remove a DuckDB file, with the log beside it if there is one; who has it open keeps it."""
    for leftover in path.parent.glob(f"{path.name}*"):
        leftover.unlink()


def fill(generation: Path, previous: Path) -> list[Path]:
    """Make the record and the state in `generation` those of the previous one (hard links).

    What it already has of them remains, so that little is to do where it is an earlier generation itself. Returns the
    folders whose names changed.
    """
    changed: list[Path] = []
    for name in (*RECORD_FOLDERS, STATE):
        if (previous / name).is_dir():
            (generation / name).mkdir(exist_ok=True)
            _mirror(previous / name, generation / name, changed)
        else:
            shutil.rmtree(generation / name, ignore_errors=True)
    return changed


def add(generation: Path, staged_root: Path) -> list[Path]:
    """Move a staged run, and the state after it if it has one, into `generation`; the folders that moved or changed."""
    moved = []
    for name in RECORD_FOLDERS:
        (generation / name).mkdir(exist_ok=True)
        moved += [
            shutil.move(folder, generation / name / folder.name) for folder in sorted((staged_root / name).iterdir())
        ]
    if (staged_root / STATE).is_dir():
        shutil.rmtree(generation / STATE, ignore_errors=True)
        moved.append(shutil.move(staged_root / STATE, generation / STATE))
    parents = [generation / name for name in RECORD_FOLDERS]
    return [*parents, *(Path(place) for folder in moved for place, _, _ in os.walk(folder))]


def _mirror(source: Path, target: Path, changed: list[Path]) -> None:
    """Give every file below `source` the same name below `target`, and remove what else is there.

    A name that already leads to the same file (inode) remains.
    """
    with os.scandir(target) as entries:
        there = {entry.name: entry for entry in entries}
    is_changed = False
    with os.scandir(source) as entries:
        for entry in entries:
            own = there.pop(entry.name, None)
            is_folder = entry.is_dir(follow_symlinks=False)
            is_same = own is not None and (
                own.is_dir(follow_symlinks=False) if is_folder else own.inode() == entry.inode()
            )
            if own is not None and not is_same:
                _remove(own)
            if is_folder and not is_same:
                Path(target, entry.name).mkdir()
            elif not is_same:
                link(Path(entry.path), target / entry.name)
            is_changed = is_changed or not is_same
            if is_folder:
                _mirror(Path(entry.path), target / entry.name, changed)
    for own in there.values():
        _remove(own)
    if is_changed or there:
        changed.append(target)


def _remove(entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path)
    else:
        Path(entry.path).unlink()


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
    (generation / PUBLISHED).touch(OWN_FILE)


def unchanged_since_shown(generation: Path) -> bool:
    """Whether the DuckDB file of `generation` is unchanged since it was published."""
    marker, database = generation / PUBLISHED, generation / DATABASE
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


def close_generation(generation: Path, changed: Iterable[Path]) -> None:
    """Sync a complete generation to disk: its own files, the folders whose names changed, and its own name.

    The files of the record are already on disk; a power failure must not lose their names in the new folders.
    """
    for name in (RUNS, PARTS_NOTED, FORMAT, DATABASE):
        _sync(generation / name)
    for folder in (*changed, generation, generation.parent, generation.parents[1]):
        _sync(folder)


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
    """Remove what no reader sees: staging folders of ended runs, and all generations but the current one and the last.

    The one before the current one becomes the next one, if it was published: it has nearly all of that.
    """
    current = current_generation(out)
    if current is not None and not (current / PUBLISHED).exists():
        (current / PUBLISHED).touch(OWN_FILE)
    shutil.rmtree(out / STAGING, ignore_errors=True)
    generations = out / GENERATIONS
    before = [published for published in _published(out) if published != current]
    kept = [current, *before[-1:]] if current is not None else []
    for folder in generations.iterdir() if generations.is_dir() else ():
        if folder not in kept:
            shutil.rmtree(folder, ignore_errors=True)
