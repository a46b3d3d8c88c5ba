"""Dagster's SQLite event log with one open connection per database instead of one per event.

Dagster 1.13 builds an engine, opens a connection and closes it for every event; the close checkpoints the
write-ahead log with two fsyncs, so that a history of 240 days spends minutes in it. Here the connection stays
open. The event log says what ran; the data are committed elsewhere, so `synchronous = NORMAL` (safe in WAL
mode) is enough.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage, create_engine
from dagster._serdes import ConfigurableClassData


class PooledSqliteEventLogStorage(SqliteEventLogStorage):
    """The same files and tables; only the life of the connections differs."""

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "PooledSqliteEventLogStorage":
        """Build from `event_log_storage` of dagster.yaml; Dagster's own names its class."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Any]:
        with self._db_lock:
            engines = vars(self).setdefault("_engines", {})
            if shard not in engines:
                engines[shard] = create_engine(
                    self.conn_string_for_shard(shard),
                    pool_size=1,
                    max_overflow=4,
                    connect_args={"timeout": 30},
                )
            engine = engines[shard]
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA synchronous = NORMAL")
                connection.rollback()
                with connection.begin():
                    yield connection

    def has_table(self, table_name: str) -> bool:
        """Asked for every asset event; a table that is there stays there."""
        known = vars(self).setdefault("_known_tables", set())
        if table_name not in known and super().has_table(table_name):
            known.add(table_name)
        return table_name in known

    def _has_asset_key_col_on_connection(self, conn: Any, column_name: str) -> bool:
        known = vars(self).setdefault("_known_columns", set())
        if column_name not in known and super()._has_asset_key_col_on_connection(conn, column_name):
            known.add(column_name)
        return column_name in known

    def dispose(self) -> None:
        """Close every connection."""
        for engine in vars(self).pop("_engines", {}).values():
            engine.dispose()
        super().dispose()
