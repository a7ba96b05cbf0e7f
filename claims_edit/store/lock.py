"""One run at a time in a results folder, with a lock that ends with its process."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from claims_edit.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file `path`; the kernel releases it however the process ends.

    Raises:
        ResultsError: another process holds it, or the file system has no locks.
        OSError: the file cannot be opened for writing, or the disk is full.
    """
    with path.open("a+b", buffering=0) as file:  # unbuffered: a failed write on a full disk is not tried again
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().decode(errors="replace").strip() or "another process"
            raise ResultsError(
                f"{path.parent}: busy: {holder} is using this folder. Wait for it to end, or use another --out."
            ) from None
        except OSError as error:
            raise ResultsError(
                f"{path}: cannot be locked ({error.strerror}). Put --out on a file system with locks."
            ) from None
        file.truncate(0)
        holder = f"process {os.getpid()} (since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC)\n"
        os.write(file.fileno(), holder.encode())
        try:
            yield
        finally:
            file.truncate(0)
