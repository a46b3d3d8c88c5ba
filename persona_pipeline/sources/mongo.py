"""MongoDB as a source: the documents of a day, one line of JSON each, as the reader of JSON lines takes them.

Documents of one collection have different fields, so they are kept as JSON lines and not as a table: a field
that a document lacks is missing in its line. Every value becomes the text a CSV would hold; what has none
keeps the name of its type, so that the reader refuses the one record that needs it. Here is the only use of
MongoDB's driver. Not here: reading the kept lines (json_records.py).
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

from bson import DBRef, Decimal128, ObjectId
from bson.binary import UuidRepresentation
from bson.code import Code
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from bson.json_util import JSONOptions, object_hook
from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from pymongo.synchronous.collection import Collection
from pymongo.synchronous.command_cursor import CommandCursor
from pymongo.synchronous.cursor import Cursor
from pymongo.uri_parser import parse_uri

from persona_pipeline.sources.answer import Asked, whole
from persona_pipeline.sources.document_query import END, START, bound
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.typed_values import DATE_FIELDS, EXACT, Forms, cell_text

BATCH = 2_000  # documents an answer of the server holds; it also keeps each below 16 MB
SHOWN = 10  # collections a message names
NOT_AUTHENTICATED = (18, 8000)  # AuthenticationFailed; what Atlas says instead
NOT_AUTHORIZED = 13
# bytes that are no UTF-8 come out of the kept line as they are, so that the reader refuses that line only
OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True,
    tzinfo=dt.UTC,
    uuid_representation=UuidRepresentation.STANDARD,
    unicode_decode_error_handler="surrogateescape",
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)
EXTENDED = JSONOptions(tz_aware=True, tzinfo=dt.UTC, uuid_representation=UuidRepresentation.STANDARD)
Documents = Collection[dict[str, Any]]


def extract(name: str, source: Source, asked: Sequence[Asked]) -> list[Path]:
    """Ask a collection for days, oldest first, and keep each answer.

    Args:
        name: name of the source.
        source: its declaration, `format = "mongodb"`.
        asked: the days. Their borders are bound as instants, which is what MongoDB's dates are.

    Returns:
        The files written, one for each day: JSON lines in UTF-8, gzip where the path says so, ordered by _id.

    Raises:
        SourceError: the server cannot be reached or refuses, the collection is not there, or a field that is
            read holds dates though `datetime_format` has no %z.
    """
    writer = DocumentText(name, source)
    with _opened(name, source) as (collection, told):
        for each in asked:
            with told(f" for {each.day}"):
                _keep(collection, _question(name, source, each), writer, each.file)
    return [each.file for each in asked]


def reach(name: str, source: Source) -> str:
    """Ask the server whether it lets this user see the collection.

    Returns:
        Its URL without the password.

    Raises:
        SourceError: it does not answer, refuses, or has no such collection.
    """
    with _opened(name, source) as (_, told):
        return told.shown


class DocumentText:
    """Documents as lines of JSON."""

    def __init__(self, name: str, source: Source) -> None:
        self._name = name
        self._forms = Forms(source.datetime_format, source.date_format, source.decimal)
        self._read = frozenset(source.column_of.values())
        self._dates = {source.column_of[field] for field in DATE_FIELDS if field in source.fields}

    def line(self, document: Mapping[str, Any]) -> bytes:
        """One document as a line.

        Raises:
            SourceError: a field that is read holds a date, and `datetime_format` has no %z.
        """
        found = {key: self._value(value, key) for key, value in document.items()}
        text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogateescape") + b"\n"

    def _value(self, value: Any, path: str) -> Any:
        """Objects and lists as such; of a value its text, or, where it has none, the name of its type."""
        if value.__class__ is str:  # the most; a subclass may be code
            return value or None
        if isinstance(value, DBRef):
            value = value.as_doc()
        if isinstance(value, dict):
            return {key: self._value(item, f"{path}.{key}") for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, f"{path}[]") for item in value]
        if isinstance(value, dt.datetime):
            return self._moment(value, path)
        if isinstance(value, Decimal128):
            value = value.to_decimal()
        return self._text(value) if _has_text(value) else {"$type": type(value).__name__}

    def _text(self, value: Any) -> str | None:
        """Whole doubles without a fraction, no exponents, the declared decimal sign."""
        if isinstance(value, ObjectId | uuid.UUID):
            return str(value)
        if isinstance(value, float):
            value = int(value) if value.is_integer() else Decimal(repr(value))
        if isinstance(value, Decimal):
            return format(value, "f").replace(".", self._forms.decimal)
        return cell_text(value, self._forms, is_date=False)

    def _moment(self, value: dt.datetime, path: str) -> str | None:
        is_date = path in self._dates
        if not is_date and not self._forms.with_offset:
            if path in self._read:
                raise SourceError(
                    f"source {self._name}: {path} holds dates, which are instants in MongoDB; "
                    'add %z to datetime_format, for example "%Y-%m-%d %H:%M:%S%z"'
                )
            return value.isoformat()
        return cell_text(value, self._forms, is_date=is_date)


def _has_text(value: Any) -> bool:
    """Whether a value is one that a CSV could hold, with all its digits."""
    if isinstance(value, float):
        return abs(value) <= EXACT  # beyond, the number that was meant is unknown; so is NaN
    if isinstance(value, Decimal):
        return value.is_finite()
    is_plain = isinstance(value, str | bool | int | ObjectId | uuid.UUID) and not isinstance(value, Code)
    return value is None or is_plain


class _Told:
    """Says in one line what went wrong, without the password and without a value of a document."""

    def __init__(self, name: str, source: Source, parts: Mapping[str, Any]) -> None:
        scheme = source.url.get_secret_value().split("://")[0] if source.url else ""
        user, password = parts["username"], parts["password"]
        whom = "" if not user else f"{user}:***@" if password else f"{user}@"
        hosts = ",".join(f"{host}:{port}" if port else host for host, port in parts["nodelist"])
        self.shown = f"{scheme}://{whom}{parts.get('fqdn') or hosts}/{parts['database']}"
        self._name, self._source, self._password = name, source, password
        asked = (source.filter, source.projection, source.pipeline)
        self._own = {text for each in asked if each for text in re.findall(r'"([^"]*)"', each)}

    @contextmanager
    def __call__(self, when: str = "") -> Iterator[None]:
        source, shown = f"source {self._name}", self.shown
        try:
            yield
        except OperationFailure as error:
            reason = self._reason(error)
            if error.code in NOT_AUTHENTICATED:
                text = f"{shown} refused the user: {reason}; check user, password and authSource in url"
            elif error.code == NOT_AUTHORIZED:
                text = (
                    f"{shown} does not let the user read {self._source.collection}: {reason}; "
                    "grant it the role read on that database"
                )
            else:
                text = f"{shown} could not run {self._source.documents_query.named}{when}: {reason}"
            raise SourceError(f"{source}: {text}") from None
        except ConnectionFailure as error:
            raise SourceError(f"{source}: {shown} did not answer{when}: {self._reason(error)}") from None
        except (PyMongoError, BSONError, OverflowError) as error:
            raise SourceError(f"{source}: {shown} cannot be asked{when}: {self._reason(error)}") from None

    def _reason(self, error: Exception) -> str:
        """The first line, up to what may be a value of a document: a quoted text that the query has not."""
        text = str(error)
        if isinstance(error, OperationFailure):
            text = str((error.details or {}).get("errmsg", error)).split("{")[0]
            for quoted in re.finditer(r"(['\"])(.*?)\1", text):
                if quoted[2] not in self._own:
                    text = f"{text[: quoted.start()]}..."
                    break
        text = re.split(r" \(configured timeouts|, Timeout: ", text)[0].split("\n")[0].strip()[:200]
        return text.replace(self._password, "***") if self._password else text


@contextmanager
def _opened(name: str, source: Source) -> Iterator[tuple[Documents, _Told]]:
    """The collection of a source, which is there, and what tells of errors; the connection ends with it."""
    url, wanted = source.url.get_secret_value() if source.url else "", source.collection or ""
    parts = _parts(name, url)
    told = _Told(name, source, parts)
    with told(), MongoClient[dict[str, Any]](url) as client:
        database = client.get_database(parts["database"], codec_options=OPTIONS)
        have = database.list_collection_names(authorizedCollections=True)
        if wanted not in have:  # MongoDB would answer with no documents
            named = ", ".join(sorted(each for each in have if not each.startswith("system."))[:SHOWN])
            raise SourceError(
                f"source {name}: {told.shown} has no collection {wanted!r} that the user may see; "
                f"it has: {named or 'none'}"
            )
        yield database[wanted], told


def _parts(name: str, url: str) -> Mapping[str, Any]:
    """User, hosts, database of a URL.

    What the driver says of a URL it cannot read may quote a part of it, and that may be the password. So its
    words are told only where no word of the user's name, the password or a secret option is among them;
    without an @ anything before the options may be meant as one.
    """
    problem = "url is no MongoDB URL that can be used; expected mongodb://USER:PASSWORD@HOST/DATABASE"
    if not url.startswith(("mongodb://", "mongodb+srv://")):
        raise SourceError(f"source {name}: {problem}, from ${{NAME}}")
    try:
        parts = parse_uri(url)
    except (PyMongoError, ValueError, TypeError) as error:
        rest = url.split("://", 1)[1]
        before = rest.rpartition("@")[0] or rest.split("?")[0]
        options = re.findall(r"(?i)(?:password|token|propert\w+)[=:]([^&]*)", url)
        secret = {piece for text in (before, *options) for piece in _words(text) | _words(unquote(text))}
        reason = "" if secret & _words(str(error)) else f": {str(error)[:200]}"
        raise SourceError(
            f"source {name}: {problem} with % codes for special characters of USER and PASSWORD{reason}"
        ) from None
    if not parts["database"]:
        raise SourceError(f"source {name}: url names no database; add /DATABASE after its hosts")
    return parts


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def _question(name: str, source: Source, asked: Asked) -> Mapping[str, Any]:
    """What is asked of the collection for a day, as arguments of the driver.

    Raises:
        SourceError: a value is no Extended JSON.
    """
    query = source.documents_query
    moments = {START: asked.start, END: asked.end}

    def typed(value: Any) -> Any:
        if isinstance(value, dict):
            return object_hook({key: typed(item) for key, item in value.items()}, EXTENDED)
        return [typed(item) for item in value] if isinstance(value, list) else value

    try:
        if query.pipeline is not None:
            return {"pipeline": [*typed(bound(query.pipeline, moments)), *_order(source)]}
        return {"filter": typed(bound(query.filter, moments)), "projection": typed(query.projection)}
    except (BSONError, TypeError, ValueError, KeyError, ArithmeticError, AttributeError) as error:
        raise SourceError(
            f"source {name}: {query.named} holds a value that is no Extended JSON: {str(error)[:200]}"
        ) from None


def _order(source: Source) -> list[dict[str, Any]]:
    """The last stage of a pipeline: one order for the same rows, unless the pipeline ends with an order.

    A pipeline may make several rows of a document, which its key tells apart.
    """
    stages = source.documents_query.pipeline or []
    if stages and "$sort" in stages[-1]:
        return []
    fields = [source.column_of[field] for field in source.key_fields] or list(source.expected_columns)
    sortable = [path for path in fields if "$" not in path]  # the id of a DBRef is no name for an order
    return [{"$sort": dict.fromkeys(["_id", *sortable], 1)}]


def _keep(collection: Documents, question: Mapping[str, Any], writer: DocumentText, file: Path) -> None:
    """Write the documents as they come; the file appears whole or not at all."""
    cursor: Cursor[dict[str, Any]] | CommandCursor[dict[str, Any]]
    if "pipeline" in question:
        cursor = collection.aggregate(question["pipeline"], allowDiskUse=True, batchSize=BATCH)
    else:
        cursor = collection.find(**question, sort=[("_id", 1)], allow_disk_use=True, batch_size=BATCH)
    with whole(file) as beside, cursor, _stream(beside, is_gzip=file.suffix == ".gz") as stream:
        for document in cursor:
            stream.write(writer.line(document))


@contextmanager
def _stream(file: Path, *, is_gzip: bool) -> Iterator[BinaryIO]:
    with file.open("wb") as raw:
        if not is_gzip:
            yield raw
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed:
            yield packed  # type: ignore[misc]
