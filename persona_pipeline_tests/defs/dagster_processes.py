"""A real Dagster for one test: code server, webserver and daemon on loopback, and a GraphQL client.

Not here: what is launched and what is expected.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from persona_pipeline.settings import Settings, child_environment

# The daemon looks at backfills every 30 s, which Dagster does not let one configure; a test need not wait for
# that.
DAEMON = """
import sys, dagster._daemon.controller as controller
controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 2
from dagster._daemon.cli import main
sys.argv[0] = "dagster-daemon"
main()
"""
STARTED_WITHIN = 120


@contextlib.contextmanager
def running(settings: Settings, repository: Path) -> Iterator[str]:
    """The URL of the GraphQL endpoint while all three processes live.

    They are killed with their children at the end.
    """
    with dg.DagsterInstance.from_config(str(settings.directory / ".dagster")):
        code_port, web_port = (
            free_port(),
            free_port(),
        )  # processes that create its databases at once would race
    loopback = ["--grpc-host", "127.0.0.1", "--grpc-port", str(code_port)]
    serve = ["--host", "127.0.0.1", "--port"]
    commands = {
        "code": [
            "-m",
            "dagster",
            "api",
            "grpc",
            "-m",
            "persona_pipeline.definitions",
            *serve,
            str(code_port),
        ],
        "web": ["-m", "dagster_webserver", *loopback, *serve, str(web_port)],
        "daemon": ["-c", DAEMON, "run", *loopback],
    }
    environment = {**child_environment(settings.directory), "PYTHONPATH": str(repository)}
    processes = []
    with contextlib.ExitStack() as stack:
        try:
            for name, arguments in commands.items():
                log = stack.enter_context((settings.directory / f"{name}.log").open("wb"))
                processes.append(
                    subprocess.Popen(
                        [sys.executable, *arguments],
                        env=environment,
                        cwd=settings.directory,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )
                if name == "code":
                    wait_for(lambda: answers(code_port), "the code server to listen", settings.directory)
            wait_for(lambda: answers(web_port), "the webserver to listen", settings.directory)
            yield f"http://127.0.0.1:{web_port}/graphql"
        finally:
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def ask(url: str, query: str, **variables: Any) -> dict[str, Any]:
    """The `data` of a GraphQL answer; an error of the query fails the test."""
    request = urllib.request.Request(
        url,
        data=json.dumps({"query": query, "variables": variables}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            raise AssertionError(error.read().decode()) from error
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def wait_for(condition: Any, what: str, directory: Path) -> None:
    deadline = time.monotonic() + STARTED_WITHIN
    while not condition():
        assert time.monotonic() < deadline, f"waited {STARTED_WITHIN} s for {what}\n{logs(directory)}"
        time.sleep(0.25)


def logs(directory: Path) -> str:
    """The last lines of each process."""
    tails = [(log.name, log.read_text(errors="replace")[-4000:]) for log in sorted(directory.glob("*.log"))]
    return "\n".join(f"== {name}\n{text}" for name, text in tails)
