"""The error tree. Every message has location, fault and remedy, and never a cell value of a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

EXIT_DONE = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_RULES = 10
EXIT_INPUT = 11
EXIT_THRESHOLD = 12
EXIT_RESULTS = 13
EXIT_INTERRUPTED = 130
EXIT_ABORTED = 134  # the system's code for a program that a library ended


class ExitCode(NamedTuple):
    """An exit code, what it means, and whether the run is published then."""

    code: int
    meaning: str
    published: str


EXIT_CODES = (
    ExitCode(EXIT_DONE, "done, or skipped; denials are normal output", "yes"),
    ExitCode(EXIT_BUG, "a bug, or sums that do not reconcile", "no"),
    ExitCode(EXIT_USAGE, "the command line is wrong", "no"),
    ExitCode(EXIT_RULES, "the rules have faults", "no"),
    ExitCode(
        EXIT_INPUT,
        "an extract, the mapping or the contracts cannot be read",
        "no, but with `--keep-going` the readable files",
    ),
    ExitCode(EXIT_THRESHOLD, "more rows were refused than `--max-quarantine-rate` allows", "yes"),
    ExitCode(EXIT_THRESHOLD, "of `rules status --fail-on-stale`: a policy is past its review", "no run"),
    ExitCode(
        EXIT_RESULTS,
        "the results folder is busy, damaged or cannot be written, or disk or memory is too small",
        "no",
    ),
    ExitCode(EXIT_INTERRUPTED, "interrupted", "no"),
    ExitCode(EXIT_ABORTED, "a library ended the program, usually because memory ran out; see the line before", "no"),
)
"""The exit codes of the program; docs/operations.md has what to do."""


class ClaimsEditError(Exception):
    """An error that the user can fix; `faults` has one line for each fault, sorted."""

    exit_code = EXIT_BUG

    def __init__(self, *faults: str) -> None:
        """Keep every fault; the text of the error is one fault a line."""
        self.faults = faults
        super().__init__("\n".join(faults))


class UsageError(ClaimsEditError):
    """The command was called with invalid arguments."""

    exit_code = EXIT_USAGE


class RulesError(ClaimsEditError):
    """The rule pack has faults: nothing is decided under it."""

    exit_code = EXIT_RULES


class InputError(ClaimsEditError):
    """A file of the run (extract, mapping, contracts) cannot be read."""

    exit_code = EXIT_INPUT


class ThresholdError(ClaimsEditError):
    """The run is published, and a threshold that the user set was passed."""

    exit_code = EXIT_THRESHOLD


class ResultsError(ClaimsEditError):
    """The results folder is busy, damaged or not writable, or the machine has too little disk or memory."""

    exit_code = EXIT_RESULTS


def refuse_no_file(path: Path) -> None:
    """Check that what is there is a file: a device may have no end, and a pipe can be read only once.

    Raises:
        InputError: it is something else.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"{path}: is a device or a pipe. Give a file.")


def exit_code_for(error: BaseException) -> int:
    """The exit code of the command for an error: its own, or 1 for a bug."""
    return error.exit_code if isinstance(error, ClaimsEditError) else EXIT_BUG
