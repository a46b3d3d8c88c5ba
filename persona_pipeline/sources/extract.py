"""Databases as sources: the rows of a day are asked for once and kept as a file that never changes.

What a database answers about a past day changes; a file does not. So the answer to a day's query becomes a
delivery like any other: recorded by its content, read again by every backfill. Here: which database is asked,
and asking those that SQLAlchemy reaches. Not here: MongoDB (mongo.py), reading that file.
"""

from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline.sources.answer import Asked, unanswered, whole
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.typed_values import DATE_FIELDS, Forms, cell_text

if TYPE_CHECKING:
    import sqlalchemy as sa

ROWS = 10_000
EXTRAS = {"psycopg": "postgres"}  # by driver, the extra of this package that brings it
ALIVE = {"oracle": "SELECT 1 FROM dual"}  # where SELECT 1 is no statement


def extract(
    name: str, source: Source, days: Iterable[dt.date], *, project_directory: Path, time_zone: str
) -> list[Path]:
    """Ask a database for the days that no file holds yet.

    Args:
        name: name of the source.
        source: its declaration, `format = "sql"` or `"mongodb"`.
        days: the days wanted. A day that has its file is not asked for again.
        project_directory: the project folder.
        time_zone: the business time zone, where the source declares none of its own.

    Returns:
        The files written, one for each day. Each holds text only, as a CSV would.

    Raises:
        SourceError: the database cannot be reached or refuses the query, or a column has no text.
    """
    asked = unanswered(source, days, project_directory=project_directory, time_zone=time_zone)
    if not asked or source.url is None:
        return []
    if source.format == "mongodb":
        return _mongo(name).extract(name, source, asked)
    from sqlalchemy import exc

    engine, shown = _engine(name, source.url.get_secret_value())
    for each in asked:
        try:
            with engine.connect() as connection:
                _keep(name, source, connection, each, time_zone)
        except exc.SQLAlchemyError as error:
            raise SourceError(
                f"source {name}: {shown} did not answer for {each.day}: {_short(error)}"
            ) from None
    return [each.file for each in asked]


def reach(name: str, source: Source) -> str:
    """Ask the database of a source whether it answers.

    Returns:
        Its URL without the password.

    Raises:
        SourceError: it does not, or its driver is not installed.
    """
    if source.format == "mongodb":
        return _mongo(name).reach(name, source)
    import sqlalchemy as sa
    from sqlalchemy import exc

    engine, shown = _engine(name, source.url.get_secret_value() if source.url else "")
    try:
        with engine.connect() as connection:
            connection.execute(sa.text(ALIVE.get(engine.dialect.name, "SELECT 1")))
    except exc.SQLAlchemyError as error:
        raise SourceError(f"source {name}: {shown} did not answer: {_short(error)}") from None
    return shown


def _mongo(name: str) -> ModuleType:
    """What asks MongoDB, if its driver is there."""
    try:
        from persona_pipeline.sources import mongo
    except ImportError as error:
        raise SourceError(
            f"source {name}: the driver for mongodb is not installed ({error.name} is missing); "
            'pip install "persona_pipeline[mongo]"'
        ) from None
    return mongo


def _engine(name: str, url: str) -> tuple[sa.Engine, str]:
    """An engine that keeps no connection open, and its URL without the password."""
    import sqlalchemy as sa
    from sqlalchemy import exc

    try:
        parts = sa.engine.make_url(url)
    except exc.ArgumentError as error:
        raise _unusable(name, error) from None
    try:
        return sa.create_engine(parts, poolclass=sa.NullPool), parts.render_as_string(hide_password=True)
    except ModuleNotFoundError as error:
        extra = EXTRAS.get(error.name or "")
        what = f'"persona_pipeline[{extra}]"' if extra else f"the package that holds {error.name}"
        raise SourceError(
            f"source {name}: the driver for {parts.drivername} is not installed ({error.name} is missing); "
            f"pip install {what}"
        ) from None
    except (exc.ArgumentError, exc.NoSuchModuleError, ImportError) as error:
        raise _unusable(name, error) from None


def _unusable(name: str, error: Exception) -> SourceError:
    return SourceError(f"source {name}: url is no database URL that can be used: {_short(error)}")


def _window(source: Source, asked: Asked, time_zone: str) -> dict[str, dt.datetime]:
    """The borders of the day as the source writes times.

    Local to the source's zone, or with an offset where its times carry one.
    """
    borders = {"window_start": asked.start, "window_end": asked.end}
    if source.with_offset:
        return borders
    zone = zoneinfo.ZoneInfo(source.time_zone or time_zone)
    return {name: moment.astimezone(zone).replace(tzinfo=None) for name, moment in borders.items()}


def _keep(name: str, source: Source, connection: sa.Connection, day: Asked, time_zone: str) -> None:
    """Write the rows of a day; the file appears whole or not at all."""
    import sqlalchemy as sa

    query = source.query or ""
    asked = {key: at for key, at in _window(source, day, time_zone).items() if f":{key}" in query}
    answer = connection.execution_options(yield_per=ROWS).execute(sa.text(query), asked)
    columns = list(answer.keys())
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise SourceError(f"source {name}: the query returns the column {twice[0]!r} twice; name it with AS")
    forms = Forms(source.datetime_format, source.date_format, source.decimal)
    dates = {source.column_of[field] for field in DATE_FIELDS if field in source.fields}
    schema = pa.schema([(column, pa.string()) for column in columns])
    with whole(day.file) as beside, pq.ParquetWriter(beside, schema, compression="zstd") as writer:
        for rows in answer.partitions(ROWS):
            texts = [
                [_text(name, column, value, forms, is_date=column in dates) for value in values]
                for column, values in zip(columns, zip(*rows, strict=True), strict=True)
            ]
            writer.write_table(pa.table([pa.array(each, pa.string()) for each in texts], schema=schema))


def _text(name: str, column: str, value: object, forms: Forms, *, is_date: bool) -> str | None:
    if isinstance(value, Decimal):
        return format(value, "f").replace(".", forms.decimal)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dt.datetime) and (value.tzinfo is not None) != forms.with_offset and not is_date:
        what = "instants; add %z to" if value.tzinfo else "local times; take %z out of"
        raise SourceError(f"source {name}: column {column} holds {what} datetime_format")
    if value is not None and not isinstance(value, str | bool | int | float | dt.date):
        raise SourceError(
            f"source {name}: column {column} holds {type(value).__name__}, which has no text; "
            "cast it in the query"
        )
    return cell_text(value, forms, is_date=is_date)


def _short(error: Exception) -> str:
    """The first line of an error without the statement and its parameters, which may be personal data."""
    return str(getattr(error, "orig", None) or error).splitlines()[0][:200]
