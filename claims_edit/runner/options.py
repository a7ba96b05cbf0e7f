"""The options of a run, and the fingerprint that identifies a repeated run."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from claims_edit import __version__
from claims_edit.errors import InputError, UsageError
from claims_edit.intake import mapping_record
from claims_edit.model import Mode, StalePolicy
from claims_edit.report.registry import RUN_REPORTS

if TYPE_CHECKING:
    from datetime import date
    from types import TracebackType

Progress = Callable[[str, int], None]  # takes the stage, and the rows read since the last call


@dataclass(frozen=True)
class RunOptions:
    """The arguments of `claims-edit run`; `reports` names the reports to write (of RUN_REPORTS).

    Paths may be text, and `extracts` may be a single one. `group` is a system group that may also read the results.
    With `drafts_as_if_in_force` a shadow run takes a draft that begins after `as_of` to be in force already.
    """

    extracts: tuple[str, ...]
    out: Path
    as_of: date
    rules: Path | None = None
    contracts: Path | None = None
    mapping: Path | None = None
    format: str = "auto"
    mode: Mode = Mode.ENFORCE
    stale_policy: StalePolicy = StalePolicy.WARN
    max_quarantine_rate: float | None = None
    keep_going: bool = False
    accept_test_data: bool = False
    force: bool = False
    group: str | None = None
    reports: tuple[str, ...] = RUN_REPORTS
    drafts_as_if_in_force: bool = False

    def __post_init__(self) -> None:
        """Convert text to paths, and one path to a tuple.

        Raises:
            UsageError: a draft would be enforced.
        """
        if self.drafts_as_if_in_force and self.mode is not Mode.SHADOW:
            raise UsageError(
                "--drafts-as-if-in-force: needs --mode shadow, as a draft is never enforced. Add it, or remove the"
                " option."
            )
        given = [self.extracts] if isinstance(self.extracts, str | os.PathLike) else self.extracts
        object.__setattr__(self, "extracts", tuple(map(os.fspath, given)))
        for name in ("out", "rules", "contracts", "mapping"):
            path = getattr(self, name)
            if path is not None:
                object.__setattr__(self, name, Path(path))

    def drafts_ahead_of(self) -> date | None:
        """The day after which drafts are taken to be in force already; None where they keep their own days."""
        return self.as_of if self.drafts_as_if_in_force else None

    def result_options(self) -> dict[str, Any]:
        """The options that affect the results, as in the manifest."""
        return {
            "format": self.format,
            "mode": self.mode.value,
            "stale_policy": self.stale_policy.value,
            "as_of": self.as_of.isoformat(),
            "max_quarantine_rate": self.max_quarantine_rate,
            "keep_going": self.keep_going,
            "accept_test_data": self.accept_test_data,
            "drafts_as_if_in_force": self.drafts_as_if_in_force,
            "contracts": _name_and_hash(self.contracts),
            "mapping": mapping_record(self.mapping),
        }


def _name_and_hash(path: Path | None) -> dict[str, str] | None:
    return None if path is None else {"path": path.as_posix(), "sha256": sha256(path)}


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). Check the path and its permissions.") from None


def fingerprint(result_options: dict[str, Any], rules_hash: str, inputs: list[tuple[str, str]]) -> str:
    """One hash of everything that the results depend on; `inputs` are path and SHA-256 of each extract."""
    whole = {"version": __version__, "rules": rules_hash, "inputs": sorted(inputs), "options": result_options}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


class Hashing:
    """The extracts' hashes, computed in a separate thread while the extracts are read."""

    def __init__(self, paths: list[Path]) -> None:
        """Start hashing, in order."""
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sha256")
        self._found: dict[Path, Future[str]] = {path: self._pool.submit(sha256, path) for path in paths}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop: remaining extracts are not hashed."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def of(self, path: Path) -> str:
        """The hash of one file; waits for it.

        Raises:
            InputError: it cannot be read.
        """
        return self._found[path].result()
