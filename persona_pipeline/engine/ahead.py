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

    What making an item raises is raised where it would have been yielded. Who stops asking does not wait for
    the item that is being made.
    """
    iterator = iter(items)
    pool = ThreadPoolExecutor(1)
    wait = True
    try:
        waiting = pool.submit(_next, iterator)
        while found := waiting.result():
            waiting = pool.submit(_next, iterator)
            yield found[0]
    except GeneratorExit:
        # Nobody asks any more. The garbage collector may say so, in any thread, also in one that is just
        # beginning and holds the lock that joining another takes. So the thread ends by itself.
        wait = False
        raise
    finally:
        pool.shutdown(wait=wait, cancel_futures=True)


def _next(iterator: Iterator[T]) -> tuple[T] | None:
    for item in iterator:
        return (item,)
    return None
