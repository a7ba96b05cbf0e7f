"""The options of a run, and the fingerprint that identifies a repeated run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from claims_edit import __version__
from claims_edit.errors import InputError, UsageError
from claims_edit.intake import FORMAT_OPTIONS, mapping_record
from claims_edit.model import Mode, StalePolicy
from claims_edit.report.registry import RUN_REPORTS
from claims_edit.runner.option_values import (
    AnyPath,
    by,
    day,
    flag,
    keep_checked,
    local,
    member_of,
    one_of,
    optional,
    path,
    paths,
    share,
    some_of,
    text,
)

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path
    from types import TracebackType

Progress = Callable[[str, int], None]  # takes the stage, and the rows read since the last call


@dataclass(frozen=True, init=False)
class RunOptions:
    """The arguments of `claims-edit run`, converted and checked: paths may be text, and `extracts` a single one.

    Those after `as_of` are given by name.

    Attributes:
        extracts: files, folders or globs of claims, and URLs of objects (`s3://…`).
        out: the results folder.
        as_of: the day of the run, with later service dates refused; of a datetime its date, of text an ISO date.
        rules: a rules folder; None for the shipped rules.
        contracts: benefit terms of groups, a CSV or Parquet file.
        mapping: of the columns, a YAML file or the name of a preset.
        format: of the extracts: auto, table, x12 or fhir.
        mode: whether the decisions count; a Mode, or its text.
        stale_policy: what to do with a denial under a policy past its review; a StalePolicy, or its text.
        max_quarantine_rate: the share of refused rows, from 0 to 1, above which the outcome is `over_threshold`.
        keep_going: whether to publish the readable extracts even if one cannot be read.
        accept_test_data: whether to decide claims marked as test data, too.
        force: whether to run again even if an earlier run already processed the same files.
        group: a system group that may also read the results.
        reports: the reports to write (of RUN_REPORTS), or a single one.
        drafts_as_if_in_force: whether a shadow run takes a draft that begins after `as_of` to be in force already.
    """

    extracts: tuple[str, ...] = field(metadata=by(paths))
    out: Path = field(metadata=by(path))
    as_of: date = field(metadata=by(day))
    rules: Path | None = field(metadata=by(optional(local)))
    contracts: Path | None = field(metadata=by(optional(local)))
    mapping: Path | None = field(metadata=by(optional(local)))
    format: str = field(metadata=by(one_of(FORMAT_OPTIONS)))
    mode: Mode = field(metadata=by(member_of(Mode)))
    stale_policy: StalePolicy = field(metadata=by(member_of(StalePolicy)))
    max_quarantine_rate: float | None = field(metadata=by(optional(share)))
    keep_going: bool = field(metadata=by(flag))
    accept_test_data: bool = field(metadata=by(flag))
    force: bool = field(metadata=by(flag))
    group: str | None = field(metadata=by(optional(text)))
    reports: tuple[str, ...] = field(metadata=by(some_of(RUN_REPORTS)))
    drafts_as_if_in_force: bool = field(metadata=by(flag))

    def __init__(  # noqa: PLR0913 -- the options of the command
        self,
        extracts: AnyPath | Iterable[AnyPath],
        out: AnyPath,
        as_of: date | str,
        *,
        rules: AnyPath | None = None,
        contracts: AnyPath | None = None,
        mapping: AnyPath | None = None,
        format: str = "auto",  # noqa: A002 -- as the option
        mode: Mode | str = Mode.ENFORCE,
        stale_policy: StalePolicy | str = StalePolicy.WARN,
        max_quarantine_rate: float | None = None,
        keep_going: bool = False,
        accept_test_data: bool = False,
        force: bool = False,
        group: str | None = None,
        reports: str | Iterable[str] = RUN_REPORTS,
        drafts_as_if_in_force: bool = False,
    ) -> None:
        """Check every value, and convert it to the type of its field.

        Raises:
            UsageError: values that are of no use (all of them, a line each), or a draft would be enforced.
        """
        keep_checked(self, locals())
        if self.drafts_as_if_in_force and self.mode is not Mode.SHADOW:
            raise UsageError(
                "--drafts-as-if-in-force: needs --mode shadow, as a draft is never enforced. Add it, or remove the"
                " option."
            )

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
