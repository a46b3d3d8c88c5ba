"""One item ahead: order, errors, and how far it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from persona_pipeline.engine.ahead import ahead


def test_items_come_in_order_even_empty_ones() -> None:
    assert list(ahead([0, None, "", 3])) == [0, None, "", 3]
    assert list(ahead([])) == []


def test_an_error_stands_where_its_item_would() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    found = []
    with pytest.raises(ValueError, match="broken"):
        for item in ahead(items()):
            found.append(item)  # noqa: PERF402 - what came before the error
    assert found == [1]


def test_one_item_is_made_while_another_is_used_and_no_more() -> None:
    made = [threading.Event() for _ in range(4)]

    def items() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    for number in ahead(items()):
        if number + 1 < len(made):
            assert made[number + 1].wait(10)
        assert not any(event.is_set() for event in made[number + 2 :])


def test_who_stops_asking_does_not_wait_for_the_item_that_is_being_made() -> None:
    """Garbage is collected in any thread: in one that is just beginning, waiting for another never ends."""
    go_on, closed = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        yield 0
        go_on.wait(60)
        yield 1

    def ask_once() -> None:
        items_ahead = ahead(items())
        assert next(iter(items_ahead)) == 0
        del items_ahead
        closed.set()

    asking = threading.Thread(target=ask_once)
    asking.start()
    try:
        assert closed.wait(20)
    finally:
        go_on.set()
        asking.join()
