"""One Spark session per process and master: made on first use, shared by every engine.

Here: what a master needs before it can be asked, and the settings that make Spark count as DuckDB does. Not
here: running statements (spark.py), translating them (spark_sql.py).
"""

from __future__ import annotations

import importlib.util
import re
import socket
import subprocess
import sys
import threading
import warnings
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from persona_pipeline.engine.protocol import EngineError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession  # pyright: ignore[reportMissingImports]

JAVA = 17
CONNECT_PORT = 15002
PATIENCE = 5  # seconds for a port to answer; Spark itself would try a dead master for a minute
_CONNECT = "sc://"
_LOCAL = "local"
# Each makes Spark give what DuckDB gives; they hold for every master.
_MEANING = {
    "spark.sql.session.timeZone": "UTC",
    # an overflow or a division by zero is an error, never an empty or a wrapped value
    "spark.sql.ansi.enabled": "true",
    # a product of decimals keeps its decimals; the default drops some to make room before the point
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    # the default is INT96, which is no timestamp for other readers
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    # below this many files the driver lists them itself, which takes less time than a job
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
}
# pyspark's own loggers print what Spark says of a failure, with values of the rows it failed on
_TALKATIVE = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")

_sessions: dict[str, SparkSession] = {}
_lock = threading.Lock()


def session(master: str, *, memory: str = "1GB") -> SparkSession:
    """The session of a master.

    Args:
        master: a master URL (`local[2]`, `spark://host:7077`, `yarn`, `k8s://...`) or a Spark Connect server
            (`sc://host:15002`).
        memory: of the driver; it counts for the first session of the process.

    Raises:
        EngineError: something is missing, nobody answers, or the process has a session of another master.
    """
    with _lock:
        if master not in _sessions:
            if _sessions:
                raise EngineError("expected one Spark master per process; this one has another already")
            if problem := missing(master) or silent(master):
                raise EngineError(problem)
            _sessions[master] = _open(master, memory)
        return _sessions[master]


def stop_session() -> None:
    """End the session of this process; the next engine opens one anew, also of another master."""
    with _lock:
        for spark in _sessions.values():
            spark.stop()
        _sessions.clear()


def missing(master: str) -> str | None:
    """What has to be installed before this master can be asked, in one line; None when all is there."""
    needed = ("pyspark", "grpc", "grpc_status") if master.startswith(_CONNECT) else ("pyspark",)
    absent = [name for name in needed if importlib.util.find_spec(name) is None]
    if absent:
        return f'{", ".join(absent)} not installed; pip install "persona_pipeline[spark]"'
    if master.startswith(_CONNECT):
        return None  # Java runs at the server only
    found = java_version()
    if found is None:
        return f"no Java found; install Java {JAVA} or newer and set JAVA_HOME"
    if found < JAVA:
        return f"Java {found} found, expected {JAVA} or newer; install it and set JAVA_HOME"
    return None


def silent(master: str) -> str | None:
    """Why nobody can be reached under a URL with a port, in one line; None when somebody answers."""
    places = _places(master)
    refused = []
    for host, port in places:
        try:
            with socket.create_connection((host, port), PATIENCE):
                return None
        except OSError as error:
            refused.append(f"{host}:{port} ({error.strerror or error})")
    if not refused:
        return None
    # the URL of a Connect server may hold a token
    return f"no Spark answers at {', '.join(refused)}; start it, or correct [engine] master in persona.toml"


def public(master: str) -> str:
    """The URL without what a Connect server's may hold: a user and a token."""
    return master.partition(";")[0].rstrip("/")


def _places(master: str) -> list[tuple[str, int]]:
    """Hosts and ports of a master URL; a standalone master may have several, `local` and `yarn` have none."""
    if master.startswith(_CONNECT):
        parts = urlsplit(master)
        return [(parts.hostname or "", parts.port or CONNECT_PORT)]
    address = re.sub(r"^(spark|k8s)://(https?://)?", "", master)
    if address == master:
        return []
    found = [re.fullmatch(r"\[?(.+?)\]?:(\d+)", each) for each in address.split(",")]
    return [(each[1], int(each[2])) for each in found if each]


def java_version() -> int | None:
    """The major version of the Java that Spark would start; None when there is none."""
    # the rule of Spark's own start script
    asked = subprocess.run(
        ["/bin/sh", "-c", 'exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -version'],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r'version "(?:1\.)?(\d+)', asked.stderr)
    return int(found[1]) if found else None


def _open(master: str, memory: str) -> SparkSession:
    with warnings.catch_warnings():
        # pyspark warns of pandas 3, whose frames it never gets from here: only SQL, Arrow and Parquet
        warnings.simplefilter("ignore", FutureWarning)
        return _opened(master, memory)


def _opened(master: str, memory: str) -> SparkSession:
    from pyspark.errors import PySparkException  # pyright: ignore[reportMissingImports]
    from pyspark.logger import PySparkLogger  # pyright: ignore[reportMissingImports]
    from pyspark.sql import SparkSession  # pyright: ignore[reportMissingImports]

    for name in _TALKATIVE:
        PySparkLogger.getLogger(name).disabled = True
    settings = dict(_MEANING)
    builder = SparkSession.builder
    if master.startswith(_CONNECT):
        builder = builder.remote(master)
    else:
        builder = builder.master(master).appName("persona_pipeline")
        settings |= {
            "spark.driver.memory": memory[:-1].lower(),  # 512MB is 512m
            "spark.driver.maxResultSize": "0",  # a fetched result is meant to be in memory
            "spark.ui.showConsoleProgress": "false",
            # messages of failed tasks hold values of the rows they failed on
            "spark.log.level": "FATAL",
            "spark.executor.syncLogLevel.enabled": "true",
        }
        if master.startswith(_LOCAL):
            settings |= {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "8"}
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise EngineError(f"Spark did not start: {_first_line(error)}") from None
    if master.startswith(_LOCAL):
        spark.sparkContext.pythonExec = sys.executable  # else the first python3 of PATH
    return spark


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
