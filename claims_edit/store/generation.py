"""Generations: every published state of a results folder is one folder, and a symlink says which one is shown.

`out/.generations/<n>/` holds all that a reader sees. `out/.current` points at the generation in force; `out/decisions`
and the other names are constant links through it, so that one rename of `.current` shows a whole run or nothing of it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from claims_edit.errors import ResultsError
from claims_edit.store.private import OWN_FILE, OWN_FOLDER, make_folder

CURRENT = ".current"
GENERATIONS = ".generations"
STAGING = ".staging"
DATABASE = "claims_edit.duckdb"
RECORD_FOLDERS = ("decisions", "quarantine", "runs")
SHOWN = (*RECORD_FOLDERS, DATABASE)
RUNS = ".runs"  # of a generation: the runs that it was shown with, one a line
_PUBLISHED = ".published"  # marks a generation that was shown: never removed as the leftover of a killed run


def current_generation(out: Path) -> Path | None:
    """The generation in force; None where nothing was published yet.

    Raises:
        ResultsError: the folder is damaged.
    """
    link = out / CURRENT
    if not os.path.lexists(link):
        if shown := sorted(path.parent for path in (out / GENERATIONS).glob(f"*/{_PUBLISHED}")):
            raise ResultsError(
                f"{link}: missing, though results were published. Make it a symlink to {GENERATIONS}/{shown[-1].name}."
            )
        return None
    if not link.is_symlink() or link.readlink().parent != Path(GENERATIONS):
        raise ResultsError(f"{link}: not a link into {GENERATIONS}. Restore the results folder from a backup.")
    if not link.is_dir():
        raise ResultsError(
            f"{link}: points at {link.readlink()}, which is missing."
            " Restore that folder from a backup, or give a new --out."
        )
    return out / link.readlink()


def check_names(out: Path) -> None:
    """Refuse a folder where something else has the name of a result.

    Raises:
        ResultsError: with one fault for each such name.
    """
    foreign = [out / name for name in SHOWN if os.path.lexists(out / name) and not (out / name).is_symlink()]
    if foreign:
        raise ResultsError(
            *(f"{path}: in the way of the results. Move it away, or give another --out." for path in foreign)
        )


def next_generation(out: Path, current: Path | None) -> Path:
    """An empty folder for the generation after `current`."""
    make_folder(out / GENERATIONS)
    folder = out / GENERATIONS / str(int(current.name) + 1 if current else 1)
    folder.mkdir(OWN_FOLDER)
    return folder


def fill(generation: Path, previous: Path | None, staged_root: Path) -> None:
    """Put the record of the previous generation (hard links) and the staged run into `generation`."""
    for name in RECORD_FOLDERS:
        target = generation / name
        target.mkdir()
        if previous is not None:
            _link_tree(previous / name, target)
        for folder in sorted((staged_root / name).iterdir()):
            shutil.move(folder, target / folder.name)


def _link_tree(source: Path, target: Path) -> None:
    for folder, _, names in os.walk(source):
        here = target / Path(folder).relative_to(source)
        here.mkdir(exist_ok=True)
        for name in names:
            _link(Path(folder, name), here / name)


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # no hard links here, or too many of this file
        shutil.copy2(source, target)
        _sync(target)


def show(out: Path, generation: Path) -> None:
    """Make `generation` the one that readers see: the one rename."""
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
    """Whether nobody wrote into the DuckDB file of `generation` after it was published."""
    marker, database = generation / _PUBLISHED, generation / DATABASE
    if not marker.exists() or not database.exists() or database.with_name(f"{DATABASE}.wal").exists():
        return False
    return database.stat().st_mtime_ns <= marker.stat().st_mtime_ns


def make_durable(folder: Path) -> None:
    """Bring every file below `folder` to the disk, so that a power cut cannot leave a shown run empty."""
    for place, _, names in os.walk(folder):
        for name in names:
            _sync(Path(place, name))
        _sync(Path(place))


def note_runs(generation: Path, runs: list[str]) -> None:
    """Write down the runs that a generation is to be shown with."""
    (generation / RUNS).write_text("".join(f"{run}\n" for run in runs), encoding="utf-8")


def close_generation(generation: Path) -> None:
    """Bring a filled generation to the disk, with every name in it and its own.

    The files of the record are on the disk already; a power cut must not take their names in the new folders.
    """
    _sync(generation / RUNS)
    _sync(generation / DATABASE)
    for place, _, _ in os.walk(generation, topdown=False):
        _sync(Path(place))
    _sync(generation.parent)
    _sync(generation.parents[1])


def noted_runs(generation: Path) -> list[str] | None:
    """The runs that a generation was shown with; None where an earlier release showed it."""
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
    """Remove what no reader sees: the staging of ended runs, and generations other than the one in force."""
    current = current_generation(out)
    if current is not None and not (current / _PUBLISHED).exists():
        (current / _PUBLISHED).touch(OWN_FILE)
    shutil.rmtree(out / STAGING, ignore_errors=True)
    generations = out / GENERATIONS
    for folder in generations.iterdir() if generations.is_dir() else ():
        if folder != current:
            shutil.rmtree(folder, ignore_errors=True)
