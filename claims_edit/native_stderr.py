"""Keeps the messages of native libraries off standard error, because they may contain a cell of a claim.

Rust prints a panic with a backtrace, and a failed allocation that aborts the process, past every Python handler.
All of that goes to a small separate process, which prints one line if it ended the program.
"""

from __future__ import annotations

import atexit
import io
import os
import re
import signal
import sys

from claims_edit.errors import EXIT_ABORTED
from claims_edit.resources import TOO_LITTLE_MEMORY
from claims_edit.run_log import ERROR, PREFIX, json_line

STDERR = 2
DONE = b"\x00done"  # written when the program ends by itself
KEPT = 64 * 1024  # bytes of the libraries' last messages
PIECE = 64 * 1024
NO_MEMORY = re.compile(rb"memory allocation of|out of memory|cannot allocate memory|bad_alloc", re.IGNORECASE)
ABORTED = (
    "a bug: a library ended the program. Report this line to the maintainers, with what CLAIMS_EDIT_TRACEBACK=1 shows."
)


def watch(*, as_json: bool = False) -> None:
    """From now on only Python writes to standard error; call this before starting any thread.

    With `as_json` the last line is an object, as in the log.
    """
    shown = os.dup(STDERR)
    read_end, write_end = os.pipe()
    try:
        child = os.fork()
    except OSError:  # no room for another process: standard error is unchanged
        for handle in (shown, read_end, write_end):
            os.close(handle)
        return
    if not child:
        _listen(read_end, shown, as_json=as_json)
    os.close(read_end)
    os.dup2(write_end, STDERR)
    os.close(write_end)
    sys.stderr = io.TextIOWrapper(os.fdopen(shown, "wb", 0), errors="backslashreplace", write_through=True)
    atexit.register(os.write, STDERR, DONE)


def _listen(read_end: int, shown: int, *, as_json: bool) -> None:
    """Read until the program has ended; the last messages of one that did not end by itself become one line."""
    try:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(each, signal.SIG_IGN)
        os.dup2(shown, STDERR)
        for other in set(range(max(read_end, shown) + 2)) - {STDERR, read_end}:
            _close(other)
        words = b""
        while piece := os.read(read_end, PIECE):
            words = (words + piece)[-KEPT:]
        if words and not words.endswith(DONE):
            message = f"memory: {TOO_LITTLE_MEMORY}" if NO_MEMORY.search(words) else ABORTED
            line = json_line("bug", ERROR, message=message, exit_code=EXIT_ABORTED)
            os.write(STDERR, (line if as_json else f"{PREFIX}{message}\n").encode())
    finally:
        os._exit(0)


def _close(handle: int) -> None:
    try:
        os.close(handle)
    except OSError:
        return
