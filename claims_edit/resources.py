"""Memory and disk: how Polars allocates, and a lack of either, however a library reports it: a fault with a remedy."""

from __future__ import annotations

import errno
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from claims_edit.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DISK_ERRNOS = {errno.ENOSPC, errno.EDQUOT}
# Polars, DuckDB and Arrow put the system's message, or their own, into errors of other kinds.
DISK_WORDS = ("No space left on device", "os error 28", "Disk quota exceeded", "max_temp_directory_size")
MEMORY_WORDS = (
    "Cannot allocate memory",
    "cannot allocate memory",
    "os error 12",
    "Out of Memory Error",
    "can't start new thread",
    "failed to map segment",
)
# Of this length (16 GiB) and more no buffer of a batch is: a damaged file states it.
ARROW_ASKS, NO_BUFFER = re.compile(r"alloc of size (\d+) failed"), 1 << 34
DISK = "the disk is full"
MEMORY = "there is too little memory"
TOO_LITTLE_MEMORY = (
    "too little for this command. Raise its limit (ulimit -v, container) or use a larger machine, then run it again."
)

# Polars' allocator, jemalloc, has several arenas, and returns large buffers to the system at once. A batch is freed by
# another thread than the one that allocated it: with one arena for all, the next batch uses the same memory again.
ALLOCATOR_OPTIONS, ONE_ARENA = "_RJEM_MALLOC_CONF", "narenas:1,oversize_threshold:0"


def use_one_arena() -> None:
    """Have all threads of Polars share freed memory; call this before Polars loads. The user's own options stay."""
    os.environ.setdefault(ALLOCATOR_OPTIONS, ONE_ARENA)


def lack_of(error: BaseException) -> str | None:
    """The resource that the machine lacks (DISK or MEMORY), if that caused an error; None for any other error.

    Errors that a reader raised from the library's error (a file that "cannot be read") count too.
    """
    return next(filter(None, map(_lack_itself, _behind(error))), None)


def _behind(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it was raised for."""
    found: BaseException | None = error
    seen: set[int] = set()
    while found is not None and id(found) not in seen:
        yield found
        seen.add(id(found))
        found = found.__cause__ or found.__context__


def _lack_itself(error: BaseException) -> str | None:
    text, number = str(error), getattr(error, "errno", None)
    if (asked := ARROW_ASKS.search(text)) and int(asked[1]) >= NO_BUFFER:
        return None
    if number in DISK_ERRNOS or any(words in text for words in DISK_WORDS):
        return DISK
    is_memory = isinstance(error, MemoryError) or number == errno.ENOMEM
    return MEMORY if is_memory or any(words in text for words in MEMORY_WORDS) else None


def lacking(lack: str, place: object) -> ResultsError:
    """The fault of a machine that lacks something at `place`."""
    if lack == DISK:
        return ResultsError(f"{place}: {DISK}. Free some space, or use a folder on another disk, then run again.")
    return ResultsError(f"memory: {TOO_LITTLE_MEMORY}")


@contextmanager
def enough_room(place: Path) -> Iterator[None]:
    """Turn errors of a machine that lacks disk or memory into one fault that names `place`.

    Raises:
        ResultsError: it lacks one of them.
    """
    try:
        yield
    except ResultsError:
        raise
    except BaseException as error:
        if (lack := lack_of(error)) is not None:
            raise lacking(lack, place) from error
        raise
