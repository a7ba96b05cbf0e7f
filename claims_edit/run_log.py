"""What a command writes on standard error: lines for people, or one JSON object a line for a collector of logs.

No line has a value of a claim: faults name places, and events have names and counts.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import warnings
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

OPTION = "--log-format"
TEXT, JSON = "text", "json"
INFO, WARNING, ERROR = "info", "warning", "error"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
RUN_ID: ContextVar[str | None] = ContextVar("run_id", default=None)
"""The run that works; None before it has an id."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # a file name may have them; a fault stays one line
_LAST_RESORT, _SHOW_WARNING = logging.lastResort, warnings.showwarning
PREFIX = "claims-edit: "
_PLACE = re.compile(r"(\S.{0,400}?): ")


class RunLog:
    """The log of one command.

    Attributes:
        as_json: whether each line is a JSON object; else there are lines for warnings and errors only.
        quiet: whether only warnings and errors are written.
    """

    def __init__(self) -> None:
        """As text."""
        self.as_json = self.quiet = False

    def begin(self, arguments: Sequence[str]) -> None:
        """Take the format from the arguments of the command line, so that even an error in them has it."""
        given = arguments[:1] == ["run"]
        self.as_json = given and (f"{OPTION}={JSON}" in arguments or (OPTION, JSON) in pairwise(arguments))
        self.quiet = given and "--quiet" in arguments
        RUN_ID.set(None)
        logging.lastResort = _OfLibraries(logging.WARNING) if self.as_json else _LAST_RESORT
        warnings.showwarning = _show_warning if self.as_json else _SHOW_WARNING

    def event(self, name: str, level: str = INFO, **fields: Any) -> None:  # noqa: ANN401 -- any JSON
        """One object with time (UTC), level, event, the run's id if it has one, and `fields`; nothing as text."""
        if self.as_json and not (self.quiet and level == INFO):
            sys.stderr.write(json_line(name, level, **fields))

    def warning(self, name: str, message: str) -> None:
        """What does not end the command."""
        if self.as_json:
            self.event(name, WARNING, message=message)
        else:
            _write(message)

    def fault(self, message: str, exit_code: int, name: str = "fault", *, has_place: bool = False) -> None:
        """One of the faults that end the command; with `has_place` the text before its first colon is the place."""
        if not self.as_json:
            _write(message)
            return
        found = _PLACE.match(message) if has_place else None
        place = {"place": _shown(found[1])} if found else {}
        self.event(name, ERROR, exit_code=exit_code, message=_shown(message), **place)

    def traceback(self, text: str) -> None:
        """That of a bug, where it was asked for: it may quote a claim."""
        if self.as_json:
            self.event("traceback", ERROR, text=text)
        else:
            sys.stderr.write(text)

    def ended(self, exit_code: int) -> None:
        """The last line."""
        self.event("ended", ERROR if exit_code else INFO, exit_code=exit_code)


class _OfLibraries(logging.Handler):
    """What libraries log, without their words: these may quote a claim."""

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        LOG.event("library", WARNING, logger=record.name, library_level=record.levelname.lower())


def _show_warning(
    message: Warning | str,  # noqa: ARG001 -- the library's signature
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 -- likewise
    line: str | None = None,  # noqa: ARG001 -- likewise
) -> None:
    """What libraries warn of, likewise."""
    LOG.event("library", WARNING, warning=category.__name__, place=f"{filename}:{lineno}")


LOG = RunLog()
"""That of this process's command."""


def json_line(name: str, level: str, **fields: Any) -> str:  # noqa: ANN401 -- any JSON
    """See `RunLog.event`."""
    moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    run = {"run_id": RUN_ID.get()} if RUN_ID.get() else {}
    return json.dumps({"time": moment, "level": level, "event": name} | run | fields, default=str) + "\n"


def _shown(message: str) -> str:
    return _CONTROL.sub(REPLACEMENT, message)


def _write(message: str) -> None:
    sys.stderr.write(f"{PREFIX}{_shown(message)}\n")
