"""Which files a run reads, which ones it uses as context, and which ones it skips by name.

A README, checksums or markers of a job lie beside extracts in a folder and hold no claims.
"""

from __future__ import annotations

import glob
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from claims_edit.errors import InputError
from claims_edit.intake.archives import is_archive
from claims_edit.intake.bystanders import bystander, hidden_above
from claims_edit.intake.claimless import is_claimless
from claims_edit.intake.lake_tables import LakeTable, current_table, kind_of, metadata_file
from claims_edit.intake.managed import ManagedTables
from claims_edit.intake.spool import below, is_member
from claims_edit.local_path import REMEDY, is_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from claims_edit.intake.spool import Spool


GLOB_CHARACTERS = set("*?[")
MOST_SHOWN = 5


@dataclass(frozen=True)
class PassedOver:
    """A file (or a hidden folder) that is not read, and its kind."""

    path: Path
    what: str


@dataclass(frozen=True)
class Discovered:
    """The files that a run's arguments name, each list sorted by path.

    Attributes:
        extracts: the files read as claim lines.
        context: FHIR files without a claim (Patient, Coverage, Condition, …): what claims may refer to.
        passed_over: what folders and globs hold besides, such as a README.
        tables: the tables of a lake whose files are among the extracts.
    """

    extracts: list[Path]
    context: list[Path] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    tables: list[LakeTable] = field(default_factory=list)

    @property
    def inputs(self) -> list[Path]:
        """Every file that the results depend on, sorted by path."""
        return _by_path([*self.extracts, *self.context])


def discover(extracts: tuple[str | Path, ...], fmt: str = "auto", spool: Spool | None = None) -> Discovered:
    """The files that the arguments (files, folders, globs) name, once each.

    Folders are searched to any depth. A file in a folder or glob whose name shows that it has no claims is
    skipped; a file named explicitly never is. FHIR files without a claim are context where any other
    file is an extract.

    Args:
        extracts: what `claims-edit run` was given.
        fmt: the value of `--format`: auto, table, x12 or fhir.
        spool: where the members of zip archives are copied to; without it their reader refuses an archive.

    Raises:
        InputError: an argument names nothing, a folder cannot be searched or holds no extract, or a file belongs to a
            table whose other files determine its valid rows.
    """
    search = _Search(spool)
    for extract in extracts:
        search.add(extract)
    if search.faults:
        raise InputError(*sorted(search.faults))
    context = {path for path in search.files if is_claimless(path, fmt)}
    found = search.files - context
    if not found:  # a file named explicitly is still an extract, and its reader reports the fault
        found = search.named & context
        context -= found
    if not found and not context:
        passed = [each.path for each in search.passed_over.values()]
        given = ", ".join(f"{each}" for each in extracts)
        raise InputError(f"{given}: no extract, only {_names(passed)}. Name the files of the claims.")
    if not found:
        raise InputError(
            f"{', '.join(map(str, extracts))}: FHIR without a claim: only {_names(context)}. "
            "Add the file of the ExplanationOfBenefit or Claim resources."
        )
    passed_over = sorted(search.passed_over.values(), key=lambda passed: passed.path.as_posix())
    tables = sorted(search.tables, key=lambda table: table.path.as_posix())
    return Discovered(_by_path(found), _by_path(context), passed_over, tables)


def _by_path(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: path.as_posix())


def _names(paths: Iterable[Path]) -> str:
    names = sorted({path.name for path in paths})
    return ", ".join(names[:MOST_SHOWN]) + (f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else "")


class _Search:
    """The files found so far; each counts once, under the first path that names it."""

    def __init__(self, spool: Spool | None) -> None:
        self.files: set[Path] = set()
        self.named: set[Path] = set()  # given by their own names
        self.passed_over: dict[Path, PassedOver] = {}
        self.tables: list[LakeTable] = []
        self._roots: set[Path] = set()  # of the tables
        self.faults: set[str] = set()
        self._seen: set[Path] = set()
        self._tables = ManagedTables()
        self._spool = spool

    def add(self, argument: str | Path) -> None:
        """Everything that one argument names."""
        path, extract = (argument, str(argument)) if isinstance(argument, Path) else (Path(argument), argument)
        with self._entered(path):
            if (name := below(path)) is not None:
                self._add_copy(path, name)
            else:
                self._add(path, extract)

    @contextmanager
    def _entered(self, path: Path) -> Iterator[None]:
        """Make a fault of what this user may not look at."""
        try:
            yield
        except OSError as error:
            place = error.filename or path
            self.faults.add(f"{place}: cannot be entered ({error.strerror}). Check the permissions of its folders.")

    def _add(self, path: Path, extract: str) -> None:
        if path.is_dir():
            self._add_argument(extract, [path])
        elif metadata_file(path) and self._tables.fault(path) is not None:
            self._add_table(path)
        elif path.exists() or path.is_symlink():
            self._add_file(path)
            self.named.add(path)
            self.passed_over.pop(path.resolve(), None)
        elif is_url(extract):
            self.faults.add(f"{extract} {REMEDY}")
        elif GLOB_CHARACTERS & set(extract):
            self._add_argument(extract, [Path(match) for match in glob.glob(extract, recursive=True)])  # noqa: PTH207 -- a glob may be absolute
        else:
            self.faults.add(f"{extract}: no such file or folder. Check the path.")

    def _add_argument(self, extract: str, found: list[Path]) -> None:
        """A folder, or the matches of a glob; a fault if there is no extract."""
        if found and all(path.resolve() in self._seen for path in found):
            return
        files, faults, passed_over = len(self.files), len(self.faults), len(self.passed_over)
        for path in sorted(found):
            if path == Path(extract):
                self._add_folder(path)
            else:
                self._add_found(path)
        if (files, faults) == (len(self.files), len(self.faults)) and not self._have_files_of(found):
            beside = [passed.path for passed in self.passed_over.values()][passed_over:]
            held = f"no extract, only {_names(beside)}" if beside else "no file"
            self.faults.add(f"{extract}: {held}. Name the files of the claims.")

    def _have_files_of(self, found: list[Path]) -> bool:
        """Whether another argument has given a file of these folders."""
        folders = {path.resolve() for path in found}
        return any(folders & set(file.resolve().parents) for file in self.files)

    def _add_found(self, path: Path) -> None:
        """What a glob or a folder holds."""
        if path.resolve() in self._seen or any(root in path.parents for root in self._roots):
            return
        if (what := bystander(path)) is not None:
            self._check(path)
            self.passed_over.setdefault(path.resolve(), PassedOver(path, what))
        elif path.is_dir():
            self._add_folder(path)
        else:
            self._add_file(path)

    def _add_folder(self, folder: Path) -> None:
        if not self._is_new(folder):
            return
        if self._tables.fault(folder) is not None:
            if kind_of(folder) is not None and self._tables.fault(folder.absolute().parent) is None:
                self._add_table(folder)
            else:
                self._check(folder)
            return
        try:
            inside = sorted(folder.iterdir())
        except OSError as error:
            self.faults.add(f"{folder}: cannot be searched ({error.strerror}). Check its permissions.")
            return
        for path in inside:
            with self._entered(path):
                self._add_found(path)

    def _add_file(self, path: Path) -> None:
        if not self._is_new(path):
            return
        if not path.exists():
            self.faults.add(f"{path}: is a link to a missing file. Correct the link, or remove it.")
        elif not path.is_file():
            what = "a device" if path.is_char_device() or path.is_block_device() else "neither a file nor a folder"
            self.faults.add(f"{path}: is {what}. Give a file.")
        elif self._check(path.parent) and self._check(path.resolve().parent):
            if self._spool is not None and not is_member(path) and is_archive(path):
                self._add_archive(path, self._spool)
            else:
                self.files.add(path)

    def _add_table(self, path: Path) -> None:
        """The files of a table's current state; what else a glob finds in it counts as seen."""
        self._roots.add(path if path.is_dir() else path.parents[1])
        try:
            table = current_table(path)
        except InputError as error:
            self.faults.update(error.faults)
            return
        self.tables.append(table)
        self.files.update(file for file in table.files if self._is_new(file))

    def _add_archive(self, archive: Path, spool: Spool) -> None:
        """The members of an archive; one that cannot be unpacked is an extract, and its reader reports the fault."""
        try:
            members = spool.unpack(archive)
        except InputError:
            self.files.add(archive)
            return
        before = len(self.files)
        for member in members:
            self._add_copy(member, member.as_posix().removeprefix(f"{archive}/"))
        if len(self.files) == before:
            self.faults.add(f"{archive}: no extract, only {_names(members)}. Name the files of the claims.")

    def _add_copy(self, path: Path, name: str) -> None:
        """A copy of a member of an archive, or of an object below a prefix, and its name there."""
        if (what := bystander(path) or hidden_above(name)) is not None:
            self.passed_over.setdefault(path.resolve(), PassedOver(path, what))
        else:
            self._add_file(path)

    def _is_new(self, path: Path) -> bool:
        resolved = path.resolve()
        is_new = resolved not in self._seen
        self._seen.add(resolved)
        return is_new

    def _check(self, folder: Path) -> bool:
        """Whether a folder is not a managed table or inside one; otherwise the fault is stored."""
        fault = self._tables.fault(folder)
        if fault is not None:
            self.faults.add(fault)
        return fault is None
