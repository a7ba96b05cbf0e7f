"""Work on one item after another, two at a time: Polars works outside of Python's lock."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

_A = TypeVar("_A")
_B = TypeVar("_B")


def in_two_threads(work: Callable[[_A], _B], items: Iterable[_A]) -> Iterator[_B]:
    """The results in order of the items; three items at a time are in memory."""
    with ThreadPoolExecutor(2) as pool:
        waiting: deque[Future[_B]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2:  # noqa: PLR2004 -- one more than are worked on
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
