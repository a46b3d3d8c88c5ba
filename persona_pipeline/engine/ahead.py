"""Works one item ahead: the next one is made in a thread while the last one is used.

For steps that wait for one another only because they are written in a row: reading and hashing a file beside
the statement over the chunk before, Python's part of a look-up beside the engine's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The items in order; at most one that nobody has asked for yet is kept.

    What making an item raises is raised where it would have been yielded.
    """
    iterator = iter(items)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_next, iterator)
        while found := waiting.result():
            waiting = pool.submit(_next, iterator)
            yield found[0]


def _next(iterator: Iterator[T]) -> tuple[T] | None:
    for item in iterator:
        return (item,)
    return None
