"""Readers during publications, publishers that are killed: the old publication or the new one."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError

from persona_pipeline.warehouse import publications
from persona_pipeline_tests.warehouse.lake import Lake
from persona_pipeline_tests.warehouse.observers import dashboard, publish_until_killed, seen, variant

READERS: dict[str, tuple[str | None, ...]] = {
    "sqlite": (None,),
    "postgresql": ("READ COMMITTED", "REPEATABLE READ"),
}


def read_until(
    stop: threading.Event, url: str, isolation: str | None, found: set[int], problems: list[str]
) -> None:
    """Ask twice in each transaction; but for READ COMMITTED, both answers must be equal."""
    database = dashboard(url, isolation)
    try:
        with database.connect() as connection:
            while not stop.is_set():
                with connection.begin():
                    if url.startswith("sqlite"):
                        connection.exec_driver_sql("BEGIN")
                    first = seen(connection)
                    time.sleep(0.01)
                    second = seen(connection)
                found.update((first[0], second[0]))
                if isolation != "READ COMMITTED" and first != second:
                    problems.append(f"one transaction saw {first} and {second}")
    except (AssertionError, SQLAlchemyError, sqlite3.Error) as error:
        problems.append(f"{isolation}: {error}")


def readers_see_whole_publications(lake: Lake, url: str, store: str, times: int) -> None:
    states = [variant(lake, n) for n in range(4)]
    states[0].publish(url)
    stop, problems = threading.Event(), list[str]()
    found: list[set[int]] = [set() for _ in READERS[store]]
    threads = [
        threading.Thread(target=read_until, args=(stop, url, isolation, ids, problems))
        for isolation, ids in zip(READERS[store], found, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        for n in range(1, times + 1):
            states[n % 4].publish(url)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert problems == []
    assert all(len(ids) > times / 2 for ids in found), "the readers hardly read"


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_readers_see_whole_publications(lake: Lake, make_url: Callable[[str], str], store: str) -> None:
    readers_see_whole_publications(lake, make_url(store), store, times=5)


@pytest.mark.proof
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_readers_see_whole_publications_100_times(
    lake: Lake, make_url: Callable[[str], str], store: str
) -> None:
    readers_see_whole_publications(lake, make_url(store), store, times=100)


def killed_publishers_leave_whole_publications(lake: Lake, url: str, root: Path, times: int) -> None:
    states = [variant(lake, n) for n in range(4)]
    states[0].publish(url)
    plain = [(state.files, state.version) for state in states]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["persona_pipeline_tests.warehouse.observers"])
    moments = random.Random(7)
    before = 1
    for _ in range(times):
        ours, theirs = context.Pipe()
        process = context.Process(target=publish_until_killed, args=(url, root, plain, theirs))
        process.start()
        assert ours.poll(60)
        assert ours.recv() == "publishing"
        time.sleep(moments.uniform(0.0, 1.5))
        process.kill()
        process.join()
        with dashboard(url, None if url.startswith("sqlite") else "READ COMMITTED").connect() as connection:
            after, _tag = seen(connection)
        assert after >= before
        assert after == publications(url)[0].publication_id
        before = after
    assert states[1].publish(url).publication_id == before + 1


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_killed_publishers_leave_whole_publications(
    lake: Lake, make_url: Callable[[str], str], tmp_path: Path, store: str
) -> None:
    killed_publishers_leave_whole_publications(lake, make_url(store), tmp_path, times=5)


@pytest.mark.proof
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_killed_publishers_leave_whole_publications_100_times(
    lake: Lake, make_url: Callable[[str], str], tmp_path: Path, store: str
) -> None:
    killed_publishers_leave_whole_publications(lake, make_url(store), tmp_path, times=100)
