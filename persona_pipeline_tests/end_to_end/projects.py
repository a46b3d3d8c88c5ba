"""Projects as the end-to-end tests handle them: run a command in this process, copy, read every store.

Here: one small class and what it reads. Not here: comparisons (comparing.py) and fixtures (conftest.py).
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa

from persona_pipeline.cli import main
from persona_pipeline.contracts import LAKE_TABLES, Table
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings, load_settings

START = dt.date(2025, 1, 6)  # a Monday; every generated shop starts there

# what differs between two publications of the same content
PUBLICATION_COLUMNS = frozenset({"publication_id", "run_id", "published_at"})


@dataclass(frozen=True)
class Project:
    """A project folder and the commands on it."""

    directory: Path

    def persona(self, command: str, *arguments: object) -> int:
        """The exit code of `persona COMMAND --project DIR ...`, run in this process."""
        return main([command, "--project", str(self.directory), *map(str, arguments)])

    def run(self, first: dt.date, last: dt.date | None = None, *options: str) -> Project:
        """`persona run` of a day or a range; fails the test unless it succeeds."""
        days = ["--day", first] if last is None else ["--from", first, "--to", last]
        code = self.persona("run", *days, *options)
        assert code == 0, f"persona run {days} ended with code {code}"
        return self

    def copy(self, directory: Path) -> Project:
        """The same project at the same state in another folder, while others may read this one."""
        readers = shutil.ignore_patterns("engine-*", "*-wal", "*-shm")
        shutil.copytree(self.directory, directory, ignore=readers)
        return Project(directory)

    @property
    def settings(self) -> Settings:
        """The settings as a command loads them."""
        return load_settings(self.directory, create_key=False)

    @property
    def orders(self) -> Path:
        """The folder of the raw order files."""
        return self.directory / "data" / "raw" / "orders"

    def lake(self, names: Iterable[str] = ()) -> dict[str, pa.Table]:
        """The tables of these names, without names the whole lake with its features; rows in no order."""
        return self._fetch(names, "SELECT * FROM t")

    def rows(self, name: str) -> list[dict[str, object]]:
        """All rows of one table of the lake, in the order of its columns."""
        return self._fetch([name], "SELECT * FROM t ORDER BY ALL")[name].to_pylist()

    def _fetch(self, names: Iterable[str], statement: str) -> dict[str, pa.Table]:
        shop = Shop(self.settings)
        tables: dict[str, Table] = {**LAKE_TABLES, shop.features.full_name: shop.features}
        wanted = list(names) or list(tables)
        with shop.embedded() as engine:
            files = {name: shop.lake.read(tables[name], None, None) for name in wanted}
            return {name: engine.fetch(statement, {"t": read}) for name, read in files.items()}

    def views(self) -> dict[str, list[str]]:
        """What BI reads: the rows of every view as sorted text, without what names the publication."""
        return published(self.settings.warehouse_url)


def published(url: str) -> dict[str, list[str]]:
    """The rows of every v_* view of a warehouse as sorted text, without what names the publication."""
    database = sa.create_engine(url, poolclass=sa.NullPool)
    found = {}
    with database.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        names = [name for name in sa.inspect(connection).get_view_names() if name.startswith("v_")]
        for name in sorted(names):
            rows = connection.execute(sa.text(f"SELECT * FROM {name}"))
            kept = [number for number, column in enumerate(rows.keys()) if column not in PUBLICATION_COLUMNS]
            found[name] = sorted(repr([row[number] for number in kept]) for row in rows)
    return found
