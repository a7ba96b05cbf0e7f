"""The error tree. Every message has location, fault and remedy, and never a cell value of a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_RULES = 10
EXIT_INPUT = 11
EXIT_THRESHOLD = 12
EXIT_RESULTS = 13
EXIT_INTERRUPTED = 130
EXIT_ABORTED = 134  # the system's code for a program that a library ended


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
