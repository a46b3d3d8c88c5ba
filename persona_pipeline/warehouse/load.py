"""Writes Arrow rows into a table on a given connection, inside its transaction, by column name.

Here: COPY for PostgreSQL, executemany for SQLite, SQLAlchemy's insert for anything else. Not here: when a
transaction begins or ends.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from pyarrow import csv

from persona_pipeline.warehouse.errors import WarehouseError

_SLICE = 32_768  # rows turned into Python objects or CSV at a time


def load_rows(connection: sa.Connection, table: sa.Table, rows: pa.Table) -> None:
    """Insert the rows; the columns of `rows` have the names of the table's.

    Raises:
        WarehouseError: the database refuses a row; the message does not quote it.
    """
    loaders: dict[str, Callable[[sa.Connection, sa.Table, pa.Table], None]] = {
        "sqlite+pysqlite": _load_sqlite,
        "postgresql+psycopg": _load_postgresql,
    }
    loader = loaders.get(f"{connection.dialect.name}+{connection.dialect.driver}", _load_any)
    for start in range(0, rows.num_rows, _SLICE):
        loader(connection, table, rows.slice(start, _SLICE))


def _names(connection: sa.Connection, table: sa.Table, rows: pa.Table) -> tuple[str, str]:
    quote = connection.dialect.identifier_preparer.quote
    return quote(table.name), ", ".join(quote(name) for name in rows.column_names)


def _load_sqlite(connection: sa.Connection, table: sa.Table, rows: pa.Table) -> None:
    name, columns = _names(connection, table, rows)
    marks = ", ".join("?" for _ in rows.column_names)
    raw: Any = connection.connection.dbapi_connection
    try:
        raw.executemany(
            f"INSERT INTO {name} ({columns}) VALUES ({marks})",  # noqa: S608 - names of the contracts
            zip(*(_sqlite_values(column) for column in rows.columns), strict=True),
        )
    except raw.Error as error:
        raise WarehouseError(f"SQLite refused rows of {table.name}: {error}") from None


def _sqlite_values(column: pa.ChunkedArray) -> Sequence[object]:
    """Python values as SQLite stores them: ISO dates and times, 0 and 1, REAL for decimals."""
    kind = column.type
    if pa.types.is_date(kind):
        column = column.cast(pa.string())
    elif pa.types.is_timestamp(kind):
        # the form SQLAlchemy and SQLite's own functions read; %S prints the microseconds
        column = pc.strftime(column.cast(pa.timestamp("us")), format="%Y-%m-%d %H:%M:%S")
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.int64())
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    if pa.types.is_string(column.type):
        return _by_dictionary(column)
    if column.null_count == 0:
        return column.to_numpy().tolist()
    values = column.fill_null(0).to_numpy().astype(object)
    values[column.is_null().to_numpy()] = None
    return values.tolist()


def _by_dictionary(column: pa.ChunkedArray) -> Sequence[object]:
    """Texts, each distinct one made into a Python string once (4 times faster for codes and dates)."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0)
    if len(encoded.dictionary) * 2 > len(encoded):
        return column.to_pylist()
    texts = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    return texts[encoded.indices.fill_null(len(texts) - 1).to_numpy()].tolist()


def _load_postgresql(connection: sa.Connection, table: sa.Table, rows: pa.Table) -> None:
    import psycopg

    name, columns = _names(connection, table, rows)
    raw: Any = connection.connection.dbapi_connection
    # decimals as text: Arrow's CSV writer has no decimals; texts are quoted, so that '' and NULL differ
    as_text = [
        column.cast(pa.string()) if pa.types.is_decimal(column.type) else column for column in rows.columns
    ]
    buffer = io.BytesIO()
    csv.write_csv(
        pa.table(as_text, names=rows.column_names),
        buffer,
        csv.WriteOptions(include_header=False, quoting_style="needed"),
    )
    try:
        with raw.cursor() as cursor, cursor.copy(f"COPY {name} ({columns}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(buffer.getbuffer())
    except psycopg.Error as error:
        raise WarehouseError(
            f"PostgreSQL refused rows of {table.name}: {type(error).__name__}, SQLSTATE {error.sqlstate}"
        ) from None


def _load_any(connection: sa.Connection, table: sa.Table, rows: pa.Table) -> None:
    connection.execute(sa.insert(table), rows.to_pylist())
