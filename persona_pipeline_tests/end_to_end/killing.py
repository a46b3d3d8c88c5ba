"""A `persona run` in a process of its own that is killed with SIGKILL at a chosen moment.

The moment is counted in commits, because time means nothing on a busy machine: wait until the run has made
so many commits to the lake, then a part of a second more. Here: the process and its moments. Not here: what
must hold after it.
"""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import os
import signal
import sys
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from persona_pipeline_tests.end_to_end.projects import Project

PRELOADED = "persona_pipeline_tests.end_to_end.preloaded"
POLL_SECONDS = 0.01
PATIENCE_SECONDS = 240
LOG, TOOK = "killed.log", "took.json"


def commits(project: Project) -> int:
    """How many commits all tables of the lake have seen."""
    return _commits(_lake(project))


def commit_times(project: Project, since: float) -> list[float]:
    """When the lake's commits since a time were made, in seconds after it, in order."""
    made = [entry.stat().st_mtime for log in _logs(_lake(project)) for entry in Path(log).glob("*.json")]
    return sorted(at - since for at in made if at >= since)


def start(project: Project, *arguments: str) -> ForkServerProcess:
    """Start `persona run` in a process whose libraries are loaded already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOADED])
    command = ["run", "--project", str(project.directory), *arguments]
    log = str(project.directory / LOG)
    # the fork server keeps the environment of its own start
    process = context.Process(target=_persona, args=(command, log, dict(os.environ)))
    process.start()
    return process


def watched_night(project: Project, day: dt.date) -> None:
    """Run a night that nobody kills, and write down when it began and how long it took."""
    began = time.time()
    process = start(project, "--day", str(day))
    process.join()
    assert process.exitcode == 0, (project.directory / LOG).read_text(encoding="utf-8")[-2000:]
    took = {"began": began, "seconds": time.time() - began}
    (project.directory / TOOK).write_text(json.dumps(took), encoding="ascii")


def how_long(project: Project) -> tuple[float, list[float]]:
    """Seconds that a watched night took, and when it made its commits, in seconds after it began."""
    took = json.loads((project.directory / TOOK).read_text(encoding="ascii"))
    return took["seconds"], commit_times(project, took["began"])


def kill(process: ForkServerProcess, project: Project, *, after: int, seconds: float) -> bool:
    """SIGKILL `seconds` after the lake has `after` commits; False if the run had ended before."""
    lake, patience = _lake(project), time.monotonic() + PATIENCE_SECONDS
    while _commits(lake) < after and process.is_alive() and time.monotonic() < patience:
        time.sleep(POLL_SECONDS)
    process.join(seconds)
    alive = process.is_alive()
    if alive and process.pid is not None:
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return alive


def _lake(project: Project) -> str:
    return str(project.settings.path(project.settings.storage.lake))


def _commits(lake: str) -> int:
    return sum(
        len([name for name in os.listdir(log) if name.endswith(".json")])  # noqa: PTH208 - polled often
        for log in _logs(lake)
    )


def _logs(lake: str) -> list[str]:
    return [
        log
        for layer in os.scandir(lake)
        if layer.is_dir()
        for table in os.scandir(layer.path)
        if table.is_dir() and os.path.isdir(log := f"{table.path}/_delta_log")  # noqa: PTH112 - polled often
    ]


def _persona(command: list[str], log: str, environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    with Path(log).open("a", encoding="utf-8") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        from persona_pipeline.cli import main

        sys.exit(main(command))
