"""The engine for more than one machine: the same statements on any Spark master or Spark Connect server.

Here: binding inputs, casting to a contract, files of a day, batches of rows. Not here: the session
(spark_session.py) and what has to be said otherwise in Spark's SQL (spark_sql.py).

Workers read and write files under the paths that this process uses: the project folder, or at least the lake
and data/scratch, has to be a folder that all of them see.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline.contracts import Table, Type
from persona_pipeline.contracts.arrow import ARROW_TYPES
from persona_pipeline.engine.protocol import DataFile, EngineError, Input, Output, Relation
from persona_pipeline.engine.spark_session import session
from persona_pipeline.engine.spark_sql import to_spark

if TYPE_CHECKING:
    from pyspark.errors import PySparkException  # pyright: ignore[reportMissingImports]
    from pyspark.sql import DataFrame, SparkSession  # pyright: ignore[reportMissingImports]

_PROBE = 64  # rows and tasks
_SHARED = "the project folder must be under one path that this machine and all workers see"
_shared: set[str] = set()  # masters whose workers wrote where this process reads
_OF_DAY = "of_day"  # folders by day; `day` itself stays in the files, and Spark would take it out
_PATTERN = re.compile(r"([*?{}\[\]\\])")
_TYPES = {
    pa.string(): "STRING",
    pa.large_string(): "STRING",
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INT",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.date32(): "DATE",
    pa.binary(): "BINARY",
    pa.timestamp("us"): "TIMESTAMP_NTZ",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP",
}


class SparkEngine:
    """One scratch folder on the Spark session of a master. Close it, or use it as a context manager."""

    def __init__(self, scratch: Path, *, master: str, memory: str = "1GB") -> None:
        self._spark: SparkSession = session(master, memory=memory)
        self._scratch = scratch.resolve() / f"engine-{uuid.uuid4().hex}"
        self._scratch.mkdir(parents=True)
        if not master.startswith("local") and master not in _shared:
            self._check_workers()
            _shared.add(master)

    def __enter__(self) -> SparkEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Delete everything staged; the session stays for the next engine of this process."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    def select_into(
        self,
        sql: str,
        inputs: Mapping[str, Input],
        output: Output,
        parameters: Mapping[str, object] | None = None,
        *,
        day: dt.date | None = None,
    ) -> list[DataFile]:
        """See `Engine.select_into`.

        Raises:
            EngineError: the result lacks a column of the contract, or has one more; or Spark failed.
        """
        with self._result(sql, inputs, parameters) as result:
            return self._write(result, output, day)

    def stage(
        self, sql: str, inputs: Mapping[str, Input], parameters: Mapping[str, object] | None = None
    ) -> Relation:
        """See `Engine.stage`. The rows of an ordered statement are in order over the relation's files."""
        with self._result(sql, inputs, parameters) as result:
            return self._keep(result)

    def fetch(
        self, sql: str, inputs: Mapping[str, Input], parameters: Mapping[str, object] | None = None
    ) -> pa.Table:
        """See `Engine.fetch`."""
        with self._result(sql, inputs, parameters) as result:
            return result.toArrow()

    def map_batches(
        self,
        relation: Input,
        function: Callable[[pa.Table], pa.Table],
        output: Output | None = None,
        rows: int = 65_536,
    ) -> list[DataFile] | Relation:
        """See `Engine.map_batches`. The result for no rows fixes the schema of all others.

        The function goes to the workers, where its modules have to be installed.
        """
        with self._result("SELECT * FROM relation", {"relation": relation}, None) as given:
            schema = function(given.limit(0).toArrow()).schema
            mapped = given.mapInArrow(_over_batches(function, schema, rows), _columns(schema))
            return self._keep(mapped) if output is None else self._write(mapped, output, None)

    def _check_workers(self) -> None:
        """Let the workers write a little: rows that they write elsewhere would be missing without a word.

        Raises:
            EngineError: rows did not arrive.
        """
        target = self._scratch / "shared"
        self._spark.range(0, _PROBE, 1, _PROBE).write.parquet(_address(target))
        if sum(pq.read_metadata(file).num_rows for file in target.glob("*.parquet")) != _PROBE:
            raise EngineError(f"Spark's workers do not write into {self._scratch.parent}: {_SHARED}")

    @contextmanager
    def _result(
        self, sql: str, inputs: Mapping[str, Input], parameters: Mapping[str, object] | None
    ) -> Iterator[DataFrame]:
        """What a statement gives, to be used within the context: then its inputs are named no more."""
        from pyspark.errors import PySparkException  # pyright: ignore[reportMissingImports]

        views: list[str] = []
        try:
            yield self._select(sql, inputs, parameters, views)
        except PySparkException as error:
            raise EngineError(_told(error)) from None
        finally:
            for view in views:
                self._spark.catalog.dropTempView(view)

    def _select(
        self,
        sql: str,
        inputs: Mapping[str, Input],
        parameters: Mapping[str, object] | None,
        views: list[str],
    ) -> DataFrame:
        """The result of a statement; names of the views made for it are added to `views`."""
        named = {name: f"{name}_{uuid.uuid4().hex}" for name in inputs}
        for name, given in inputs.items():
            if isinstance(given, Relation):
                frame = self._read(given)
            elif isinstance(given, pa.Table):
                frame = self._read(self._given(given))
            else:
                frame = self._select(given.sql, given.inputs, None, views)
            frame.createTempView(named[name])
            views.append(named[name])
        return self._spark.sql(to_spark(sql, named, parameters))

    def _read(self, relation: Relation) -> DataFrame:
        """The relation's rows. Columns that a file lacks are empty, so that it needs not be `evolved`."""
        if relation.table is not None:
            columns = _columns_of(relation.table)
        elif relation.paths:
            columns = _columns(pq.read_schema(relation.paths[0]))
        else:
            raise EngineError("a relation without a contract needs at least one file")
        if not relation.paths:
            return self._spark.createDataFrame([], columns)
        return self._spark.read.schema(columns).parquet(
            *(_exactly(_address(path)) for path in relation.paths)
        )

    def _given(self, table: pa.Table) -> Relation:
        """A table of this process as a file that workers read, with types that Spark has."""
        target = self._scratch / f"{uuid.uuid4().hex}.parquet"
        types = [pa.int32() if pa.types.is_null(field.type) else field.type for field in table.schema]
        plain = [field.value_type if pa.types.is_dictionary(field) else field for field in types]
        schema = pa.schema(list(zip(table.column_names, plain, strict=True)))
        pq.write_table(table.cast(schema), target)
        return Relation((str(target),))

    def _keep(self, frame: DataFrame) -> Relation:
        target = self._scratch / uuid.uuid4().hex
        frame.write.parquet(_address(target))
        files = tuple(sorted(str(file) for file in target.glob("*.parquet")))
        if not files:  # Spark writes one even without rows
            raise EngineError(f"Spark's workers do not write into {self._scratch}: {_SHARED}")
        return Relation(files)

    def _write(self, frame: DataFrame, output: Output, day: dt.date | None) -> list[DataFile]:
        """Cast to the contract and write; a file gets its name and its place once it is whole."""
        from pyspark.sql.functions import col  # pyright: ignore[reportMissingImports]

        _check_columns(frame, output.table)
        cast = frame.selectExpr(*_casts(frame, output.table))
        # not hidden from the vacuum of the lake: what a killed run leaves here has to go
        target = output.directory / f"spark-{uuid.uuid4().hex}"
        try:
            if day is not None:
                cast.write.parquet(_address(target), compression="zstd")
                files = [_placed(file, output, day) for file in _filled(target)]
            else:
                # the rows of a day go to one task, unless they are many: else every task writes every day
                by_day = cast.selectExpr("*", f"`day` AS `{_OF_DAY}`").hint("rebalance", col(_OF_DAY))
                by_day.write.partitionBy(_OF_DAY).parquet(_address(target), compression="zstd")
                files = [
                    _placed(file, output, _day_of(folder, output.table))
                    for folder in sorted(target.glob(f"{_OF_DAY}=*"))
                    for file in _filled(folder)
                ]
        finally:
            shutil.rmtree(target, ignore_errors=True)
        if not files and not cast.isEmpty():
            raise EngineError(f"Spark's workers do not write into {output.directory}: {_SHARED}")
        return files


def _over_batches(
    function: Callable[[pa.Table], pa.Table], schema: pa.Schema, rows: int
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The function over a worker's batches, put together to at most `rows` rows."""

    def result(batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from function(pa.Table.from_batches(batches)).cast(schema).to_batches()

    def over_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        waiting: list[pa.RecordBatch] = []
        for batch in batches:
            for start in range(0, batch.num_rows, rows):
                part = batch.slice(start, rows)
                if sum(each.num_rows for each in waiting) + part.num_rows > rows:
                    yield from result(waiting)
                    waiting = []
                waiting.append(part)
        if waiting:
            yield from result(waiting)

    return over_batches


def _check_columns(frame: DataFrame, table: Table) -> None:
    found, expected = set(frame.columns), set(table.column_names)
    if found != expected:
        raise EngineError(
            f"{table.full_name}: the statement must return exactly the contract's columns; "
            f"missing: {sorted(expected - found) or 'none'}, "
            f"not in the contract: {sorted(found - expected) or 'none'}"
        )


def _casts(frame: DataFrame, table: Table) -> Iterator[str]:
    """Each column as its contract has it. Spark cuts a fraction off where DuckDB rounds."""
    found = dict(frame.dtypes)
    for column in table.columns:
        value = f"`{column.name}`"
        kind = found[column.name]
        if column.type is Type.INTEGER and kind.startswith("decimal"):
            value = f"ROUND({value})"
        elif column.type is Type.INTEGER and kind in {"double", "float"}:
            value = f"RINT({value})"
        yield f"CAST({value} AS {_TYPES_OF[column.type]}) AS `{column.name}`"


def _filled(folder: Path) -> list[Path]:
    """Files with rows; Spark writes one without when there are none."""
    return [file for file in sorted(folder.glob("*.parquet")) if pq.read_metadata(file).num_rows]


def _placed(file: Path, output: Output, day: dt.date) -> DataFile:
    folder = output.directory / f"day={day}"
    folder.mkdir(parents=True, exist_ok=True)
    target = file.rename(folder / f"part-{uuid.uuid4()}.parquet")
    return DataFile(target, day, pq.read_metadata(target).num_rows, target.stat().st_size)


def _day_of(folder: Path, table: Table) -> dt.date:
    text = folder.name.removeprefix(f"{_OF_DAY}=")
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise EngineError(f"{table.full_name}: expected a day in every row; some have none") from None


def _columns(schema: pa.Schema) -> str:
    """The columns of an Arrow schema as Spark declares them."""
    return ", ".join(f"`{field.name}` {_type(field)}" for field in schema)


def _columns_of(table: Table) -> str:
    return ", ".join(f"`{column.name}` {_TYPES_OF[column.type]}" for column in table.columns)


def _type(field: pa.Field) -> str:
    if pa.types.is_decimal(field.type):
        return f"DECIMAL({field.type.precision}, {field.type.scale})"
    if field.type not in _TYPES:
        raise EngineError(
            f"column {field.name}: Spark has no type for {field.type}; cast it in the statement"
        )
    return _TYPES[field.type]


_TYPES_OF = {type_: _type(pa.field(type_.name, arrow)) for type_, arrow in ARROW_TYPES.items()}


def _address(path: Path | str) -> str:
    """A path as Spark opens it, whatever its default file system is."""
    return str(path) if "://" in str(path) else f"file://{Path(path).absolute()}"


def _exactly(address: str) -> str:
    """An address to read, in which brackets and stars mean themselves."""
    return _PATTERN.sub(r"\\\1", address)


def _told(error: PySparkException) -> str:
    """What failed, without the values of rows that Spark's messages quote."""
    from pyspark.errors import AnalysisException  # pyright: ignore[reportMissingImports]

    condition = error.getCondition()
    if "FILE" in (condition or "") or "PATH" in (condition or ""):
        return f"Spark cannot read or write a file ({condition}): {_SHARED}"
    if isinstance(error, AnalysisException):  # raised before any row is read
        return f"Spark does not understand the statement: {next(iter(str(error).splitlines()), condition)}"
    return f"Spark failed with {condition or type(error).__name__}; the values it names are not repeated here"
