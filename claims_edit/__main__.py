"""The program: runs a command, and turns every error into one line per fault and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn

import click

from claims_edit import native_stderr
from claims_edit.cli import cli
from claims_edit.errors import EXIT_INTERRUPTED, ClaimsEditError, InputError, exit_code_for
from claims_edit.resources import lack_of, lacking, use_one_arena
from claims_edit.run_log import LOG

TRACEBACK = "CLAIMS_EDIT_TRACEBACK"


def main() -> None:
    """Run the command line; exit codes are those of `errors.EXIT_CODES`."""
    use_one_arena()
    LOG.begin(sys.argv[1:])
    if sys.stderr is sys.__stderr__ and not os.environ.get(TRACEBACK):
        native_stderr.watch(as_json=LOG.as_json)
    try:
        cli.main(prog_name="claims-edit", standalone_mode=False)
        LOG.ended(0)
    except click.exceptions.Exit as stop:
        _exit(stop.exit_code)
    except click.ClickException as error:
        if LOG.as_json:
            LOG.fault(error.format_message(), error.exit_code)
        else:
            error.show()
        _exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        LOG.fault("interrupted; nothing of this run was published.", EXIT_INTERRUPTED, "interrupted")
        _exit(EXIT_INTERRUPTED)
    except ClaimsEditError as error:
        lack = lack_of(error) if isinstance(error, InputError) else None
        _end(error if lack is None else lacking(lack, "disk"))
    except BaseException as error:  # the last resort; it must not print a claim
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # a failure of a Rust library
            raise
        if (lack := lack_of(error)) is not None:
            _end(lacking(lack, "disk"))
        _report_bug(error)
        _exit(exit_code_for(error))


def _end(error: ClaimsEditError) -> NoReturn:
    """Print the faults, one a line, and end with the error's exit code."""
    for fault in error.faults:
        LOG.fault(fault, exit_code_for(error), has_place=True)
    _exit(exit_code_for(error))


def _exit(code: int) -> NoReturn:
    LOG.ended(code)
    sys.exit(code)


def _report_bug(error: BaseException) -> None:
    """The location of a bug, without the error's message: a library's message may quote a cell of a claim."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "claims_edit" in frame.filename]
    place = f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else "unknown place"
    LOG.fault(
        f"a bug: {type(error).__name__} at {place}. Report this line to the maintainers;"
        " `claims-edit runs` shows whether anything was published.",
        exit_code_for(error),
        "bug",
    )
    if os.environ.get(TRACEBACK):
        LOG.traceback("".join(traceback.format_exception(error)))


if __name__ == "__main__":
    main()
