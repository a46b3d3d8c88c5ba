"""A standalone master with two workers, and a Spark Connect server, on free ports of this machine.

Here: starting and stopping them through pyspark's own scripts. Not here: what runs on them.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

WAIT = 120.0  # seconds; a Java process takes five on an idle machine
LOOPBACK = "127.0.0.1"


def environment(folder: Path) -> dict[str, str]:
    """Workers use this Python, nobody listens beyond this machine, and few rows need few partitions."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.enabled": "false",
        "spark.connect.grpc.binding.address": LOOPBACK,
    }
    defaults = "".join(f"{name} {value}\n" for name, value in settings.items())
    (folder / "spark-defaults.conf").write_text(defaults, encoding="utf-8")
    own = {"SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": LOOPBACK, "PYSPARK_PYTHON": sys.executable}
    return {**os.environ, **own}


@contextmanager
def standalone(folder: Path, workers: int = 2) -> Iterator[str]:
    """The URL of a master with workers; what they run lies in `folder`/worker-N."""
    port = free_port()
    url = f"spark://{LOOPBACK}:{port}"
    places = ["--host", LOOPBACK, "--webui-port", "0"]
    master = ["spark-class", "org.apache.spark.deploy.master.Master", *places, "--port", str(port)]
    with _process(folder, "master", *master):
        _answers(port)
        worker = ["spark-class", "org.apache.spark.deploy.worker.Worker", *places, "--cores", "1"]
        started = [
            _process(
                folder,
                f"worker-{n}.log",
                *worker,
                "--memory",
                "1g",
                "--work-dir",
                str(folder / f"worker-{n}"),
                url,
            )
            for n in range(workers)
        ]
        with started[0], started[1]:
            yield url


@contextmanager
def connect(folder: Path) -> Iterator[str]:
    """The URL of a Spark Connect server."""
    port = free_port()
    server = ["spark-submit", "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    settings = ["--master", "local[2]", "--conf", f"spark.connect.grpc.binding.port={port}"]
    with _process(folder, "connect", *server, *settings, "spark-internal"):
        _answers(port)
        yield f"sc://{LOOPBACK}:{port}"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


@contextmanager
def _process(folder: Path, name: str, program: str, *arguments: str) -> Iterator[None]:
    """A server of pyspark's bin folder in a process group of its own, ended with all it started."""
    spec = find_spec("pyspark")
    assert spec and spec.origin
    program = str(Path(spec.origin).parent / "bin" / program)
    surroundings = environment(folder)
    with (folder / f"{name}.out").open("wb") as log:
        process = subprocess.Popen(
            [program, *arguments], stdout=log, stderr=log, env=surroundings, start_new_session=True
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def _answers(port: int) -> None:
    until = time.monotonic() + WAIT
    while True:
        try:
            with socket.create_connection((LOOPBACK, port), 1):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
