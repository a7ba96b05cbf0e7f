"""The results folder: stage a run, publish it with one rename, read published runs."""

from __future__ import annotations

import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from claims_edit.errors import ClaimsEditError, ResultsError, UsageError
from claims_edit.local_path import is_url
from claims_edit.resources import enough_room
from claims_edit.store import generation, record
from claims_edit.store.as_published import note_parts
from claims_edit.store.database import build_database, copy_of
from claims_edit.store.lock import exclusive
from claims_edit.store.private import OWNER, Readers, has_same_readers, make_folder, make_private
from claims_edit.store.reconcile import reconcile
from claims_edit.store.replay import REPLAY
from claims_edit.store.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.store.state import PayerIdentity


@dataclass(frozen=True)
class StagedRun:
    """A staged run, invisible to readers."""

    run_id: str
    root: Path

    @property
    def decisions_dir(self) -> Path:
        """Where the Parquet files of decisions go (`part-*.parquet`, rows in order of the names)."""
        return self.root / "decisions" / f"run_id={self.run_id}"

    @property
    def quarantine_dir(self) -> Path:
        """Where the Parquet files of refused rows go."""
        return self.root / "quarantine" / f"run_id={self.run_id}"

    @property
    def history_dir(self) -> Path:
        """Where the Parquet files of the lines' history go."""
        return self.root / "history" / f"run_id={self.run_id}"

    @property
    def withdrawals_dir(self) -> Path:
        """Where the Parquet files of withdrawn decisions go."""
        return self.root / "withdrawals" / f"run_id={self.run_id}"

    @property
    def state_dir(self) -> Path:
        """Where the state after the run goes; a shadow run has none."""
        return self.root / generation.STATE

    @property
    def run_dir(self) -> Path:
        """Where the manifest and the reports go."""
        return self.root / "runs" / self.run_id

    @property
    def replay_dir(self) -> Path:
        """Where the inputs of the decisions are stored."""
        return self.run_dir / REPLAY

    @property
    def record_dirs(self) -> dict[str, Path]:
        """The folders of the run's Parquet record, by name of the table."""
        return {
            "decisions": self.decisions_dir,
            "quarantine": self.quarantine_dir,
            "history": self.history_dir,
            "withdrawals": self.withdrawals_dir,
        }

    @property
    def scratch_dir(self) -> Path:
        """Room for temporary files: removed, never published."""
        return self.root / "scratch"


class ResultsFolder:
    """One `--out` folder (docs/results.md)."""

    def __init__(self, out: Path, readers: Readers = OWNER) -> None:
        """Set the folder, and who may read published results; nothing is read or created yet."""
        self.out = out
        self.readers = readers
        self._checked: list[dict[str, Any]] | None = None  # manifests of the published runs, while it is locked

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Create the folder if needed, lock it, and remove leftovers of killed runs.

        Raises:
            ResultsError: another run is using it, the folder is damaged or a file, or it cannot be written.
        """
        self._make()
        with exclusive(self.out / ".lock"):
            generation.check_names(self.out)
            if current := generation.current_generation(self.out):
                record.check_known_runs(current)
                self._checked = record.check_record(current)
            generation.remove_leftovers(self.out)
            try:
                yield
            finally:
                self._checked = None
                with suppress(ResultsError):
                    generation.remove_leftovers(self.out)

    def _make(self) -> None:
        if is_url(self.out):
            raise ResultsError(
                f"{self.out}: is a URL. Use a folder of this machine; --out of the command line takes s3://, gs://, az://."
            )
        if "?" in str(self.out.resolve()):  # its log would have a path cut off there
            raise ResultsError(f"{self.out}: DuckDB does not support a path with `?`. Use another --out.")
        with self._writing():
            is_new = not self.out.exists()
            make_folder(self.out)
            make_private(self.out / ".lock")
            (self.out / ".lock").open("a").close()
        if is_new or self.readers.group is not None:  # the user sets the mode of an existing folder
            self.readers.admit(self.out, deep=False)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with enough_room(self.out):
                yield
        except (FileExistsError, NotADirectoryError):
            raise ResultsError(f"{self.out}: is a file, but --out needs a folder. Name a folder.") from None
        except OSError as error:
            raise ResultsError(
                f"{self.out}: cannot be written ({error.strerror}). Use an --out that this user can write."
            ) from None

    def stage(self, run_id: str) -> StagedRun:
        """Empty folders for a new run, in the results folder's own file system.

        Raises:
            ResultsError: they cannot be made.
        """
        staged = StagedRun(run_id, self.out / generation.STAGING / run_id)
        with self._writing():
            make_folder(self.out / generation.STAGING)
            for folder in (*staged.record_dirs.values(), staged.replay_dir, staged.scratch_dir):
                folder.mkdir(parents=True)
        return staged

    def scratch(self, name: str) -> Path:
        """An empty folder for temporary files of a command other than a run; removed when the lock is released.

        Raises:
            ResultsError: it cannot be made.
        """
        folder = self.out / generation.STAGING / name
        with self._writing():
            make_folder(folder)
        return folder

    def publish(self, staged: StagedRun) -> None:
        """Publish the staged run, with every earlier one and a new DuckDB file, with one rename.

        Raises:
            ClaimsEditError: the staged run is not balanced (a bug).
            ResultsError: the folder is damaged, or the disk full; readers still see the earlier runs.
        """
        new = record.check_record(staged.root)
        if [run["run_id"] for run in new] != [staged.run_id]:
            raise ClaimsEditError(f"run {staged.run_id}: staged under another run's name. Report this as a bug.")
        reconcile(new[0])
        with self._publishing():
            self._show(staged, new[0])
        shutil.rmtree(staged.root, ignore_errors=True)

    def _show(self, staged: StagedRun, manifest: dict[str, Any]) -> None:
        previous = generation.current_generation(self.out)
        following = generation.next_generation(self.out, previous)
        generation.make_durable(staged.root)
        changed = generation.fill(following, previous) if previous is not None else []
        changed += generation.add(following, staged.root)
        known = [*(record.run_ids(previous) if previous is not None else ()), staged.run_id]
        manifests = [*(self._manifests(previous) if previous is not None else ()), manifest]
        build_database(following, manifests, previous=previous, scratch=staged.scratch_dir)
        self._replace(following, known, changed)
        if previous is not None and not has_same_readers(previous, following):
            shutil.rmtree(previous, ignore_errors=True)  # others may read it

    def _replace(self, following: Path, known: list[str], changed: list[Path]) -> None:
        """Publish a generation, complete but for the list of its runs, in place of the current one."""
        generation.note_runs(following, known)
        note_parts(following, record.all_parts(following, known))
        self.readers.admit(following)
        self.readers.admit(following.parent, deep=False)
        generation.close_generation(following, changed)
        record.check_known_runs(following)
        self._checked = None
        generation.show(self.out, following)

    def is_of_earlier_format(self) -> bool:
        """Whether the published runs were made by a release that kept no state across nights."""
        current = generation.current_generation(self.out)
        return current is not None and generation.format_version(current) < generation.FORMAT_VERSION

    @contextmanager
    def changing(self, scratch: Path) -> Iterator[Path]:
        """A copy of the current generation (hard links) for the block to change: published when it ends.

        The block must replace files, never write to them, and leave each run. The DuckDB file is made anew.

        Raises:
            ResultsError: it cannot be published; readers still see the earlier results.
        """
        with self._publishing():
            previous = generation.current_generation(self.out)
            assert previous is not None  # noqa: S101 -- only published results are changed
            following = generation.next_generation(self.out, previous)
            generation.fill(following, previous)
            generation.remove_database(following / generation.DATABASE)
            yield following
            build_database(following, record.check_record(following), previous=None, scratch=scratch)
            generation.make_durable(following)
            self._replace(following, record.run_ids(previous), [])
            shutil.rmtree(previous, ignore_errors=True)  # it may have what was removed

    @contextmanager
    def _publishing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, shutil.Error, duckdb.Error) as error:
            fault = error.strerror if isinstance(error, OSError) else type(error).__name__
            raise ResultsError(
                f"{self.out}: the results were not published ({fault}). Check that the disk has space, then run again."
            ) from error

    def database_for(self, staged: StagedRun) -> Path | None:
        """A DuckDB file of the published runs, for reading beside a staged one; None where none is published."""
        current = generation.current_generation(self.out)
        return None if current is None else copy_of(current, self._manifests(current), staged.scratch_dir)

    def runs(self) -> list[dict[str, Any]]:
        """The manifests of the published runs, oldest first.

        Raises:
            UsageError: there is no such folder.
            ResultsError: it is damaged.
        """
        if not self.out.is_dir():
            raise UsageError(f"{self.out}: no such results folder. Use the --out of a run.")
        if generation.current_generation(self.out) is None:
            return []
        return list(self._manifests(self.out / generation.CURRENT))

    def _manifests(self, current: Path) -> list[dict[str, Any]]:
        return self._checked if self._checked is not None else record.manifests(current)

    def manifest(self, run_id: str | None = None) -> dict[str, Any]:
        """The manifest of the run with the id or the id prefix `run_id`; the latest run for None.

        Raises:
            UsageError: no run, or several, match.
        """
        runs = self.runs()
        if not runs:
            raise UsageError(f"{self.out}: no run is published here. Run `claims-edit run EXTRACT --out` first.")
        if run_id is None:
            return runs[-1]
        found = [run for run in runs if run["run_id"].startswith(run_id)]
        if exact := [run for run in found if run["run_id"] == run_id]:
            return exact[0]
        if len(found) != 1:
            what = "several runs have" if found else "no run has"
            raise UsageError(f"{self.out}: {what} an id with that prefix. `claims-edit runs --out` lists them.")
        return found[0]

    def record(self) -> Path | None:
        """The folder of the published runs; None if there is none."""
        return generation.current_generation(self.out)

    def state(self, identity: PayerIdentity, scratch: Path) -> State:
        """The state that the published runs left, with the keys of this process (see `State.read`).

        Raises:
            ResultsError: it is missing, damaged, or of another format.
        """
        current = generation.current_generation(self.out)
        return State.empty() if current is None else State.read(current / generation.STATE, identity, scratch)

    def same_run(self, fingerprint: str) -> str | None:
        """The latest published run over the same bytes, rules, contracts and options, if there is one."""
        found = [str(run["run_id"]) for run in self.runs() if run["fingerprint"] == fingerprint]
        return found[-1] if found else None
