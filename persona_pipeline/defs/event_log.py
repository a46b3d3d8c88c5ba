"""Dagster's SQLite event log with one open connection per database instead of one per event.

Dagster 1.13 builds an engine, opens a connection and closes it for every event; the close checkpoints the
write-ahead log with two fsyncs, so that a history of 240 days spends minutes in it. Here the connection stays
open, and events that Dagster sends together (one per partition of a range) are one transaction. The event log
says what ran; the data are committed elsewhere, so `synchronous = NORMAL` (safe in WAL mode) is enough.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage, create_engine
from dagster._serdes import ConfigurableClassData

from persona_pipeline.settings import batch_events


class PooledSqliteEventLogStorage(SqliteEventLogStorage):
    """The same files and tables; only the life of the connections differs."""

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "PooledSqliteEventLogStorage":
        """Build from `event_log_storage` of dagster.yaml; Dagster's own names its class."""
        batch_events()
        return cls(inst_data=inst_data, **config_value)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events of one run in one transaction per database; Dagster's own: one after the other."""
        kinds = {event.dagster_event_type for event in events}
        run_ids = {event.run_id for event in events}
        if len(run_ids) > 1 or not kinds <= ASSET_EVENTS | ASSET_CHECK_EVENTS:
            super().store_event_batch(events)
            return
        rows = [self._event_to_row(event) for event in events]
        with self.run_connection(run_ids.pop()) as connection:
            connection.execute(SqlEventLogStorageTable.insert(), rows)
        inserted = SqlEventLogStorageTable.insert().returning(
            SqlEventLogStorageTable.c.id, sort_by_parameter_order=True
        )
        with self.index_transaction() as connection:
            numbered = list(zip(events, connection.execute(inserted, rows).scalars(), strict=True))
            of_assets = [each for each in numbered if each[0].dagster_event_type in ASSET_EVENTS]
            self._store_asset_event_tags(connection, [e for e, _ in of_assets], [n for _, n in of_assets])
            # a row per asset says what happened to it last
            last = {event.get_dagster_event().asset_key: (event, number) for event, number in of_assets}
            for event, number in last.values():
                self._store_asset_event(connection, event, number)
        for event, number in numbered:
            if event.dagster_event_type in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(event, number)

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
