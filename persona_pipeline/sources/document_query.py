"""What a source asks of a collection of documents: a filter and a projection, or a pipeline.

They stand in persona.toml as JSON, with the borders of the business day as ":window_start" and ":window_end".
Here: reading that text and what it must and must not say. Not here: Extended JSON, whose types only MongoDB's
driver knows (mongo.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

START, END = ":window_start", ":window_end"
WRITING = ("$out", "$merge")  # stages that change the database; a source is only read
EXAMPLE = '{"changed_at": {"$gte": ":window_start", "$lt": ":window_end"}}'


@dataclass(frozen=True, slots=True)
class DocumentsQuery:
    """A filter with or without a projection, or a pipeline instead of both; each as plain JSON values."""

    filter: dict[str, Any]
    projection: dict[str, Any] | None
    pipeline: list[dict[str, Any]] | None

    @property
    def named(self) -> str:
        """What a message calls it."""
        if self.pipeline is not None:
            return "pipeline"
        return "filter or projection" if self.projection is not None else "filter"


def documents_query(filter_: str | None, projection: str | None, pipeline: str | None) -> DocumentsQuery:
    """Read the options of a source.

    Args:
        filter_: a JSON object, or None for all documents.
        projection: a JSON object, or None for whole documents.
        pipeline: a JSON list of stages, or None.

    Raises:
        ValueError: one is no JSON or of another shape, names a key twice, or writes to the database.
    """
    if pipeline is None:
        kept = None if projection is None else _object("projection", projection)
        return DocumentsQuery({} if filter_ is None else _object("filter", filter_), kept, None)
    if filter_ is not None or projection is not None:
        raise ValueError("pipeline replaces filter and projection; write its stages $match and $project")
    stages = _parsed("pipeline", pipeline)
    if not isinstance(stages, list) or not all(isinstance(each, dict) and len(each) == 1 for each in stages):
        raise ValueError(
            'pipeline must be a list of stages such as [{"$match": {...}}, {"$unwind": "$items"}]'
        )
    for stage in stages:
        if next(iter(stage)) in WRITING:
            raise ValueError(f"pipeline: {next(iter(stage))} writes to the database; a source is only read")
    return DocumentsQuery({}, None, stages)


def check_documents(query: DocumentsQuery, *, by_time: bool) -> None:
    """Check where the borders of the day stand.

    Args:
        query: what is asked.
        by_time: the documents tell what happened, so that they have to be selected by the day.

    Raises:
        ValueError: a border is missing, misspelt, part of a longer text, or within $date.
    """
    found = set()
    for within, text in _texts([query.filter, query.projection, query.pipeline]):
        if ":window_" not in text:
            continue
        if text not in (START, END):
            raise ValueError(f'{query.named}: {text!r} is neither "{START}" nor "{END}", which stand alone')
        if within == "$date":
            raise ValueError(f'{query.named}: "{text}" is a date by itself; leave $date out')
        found.add(text)
    if by_time and found != {START, END}:
        raise ValueError(f'{query.named} needs "{START}" and "{END}", for example {EXAMPLE}')


def bound(value: Any, moments: dict[str, Any]) -> Any:
    """The same JSON values with each border of the day replaced by its moment."""
    if isinstance(value, dict):
        return {key: bound(item, moments) for key, item in value.items()}
    if isinstance(value, list):
        return [bound(item, moments) for item in value]
    return moments.get(value, value) if isinstance(value, str) else value


def _object(option: str, text: str) -> dict[str, Any]:
    value = _parsed(option, text)
    if not isinstance(value, dict):
        raise ValueError(f"{option} must be an object, for example {EXAMPLE}")
    return value


def _parsed(option: str, text: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:  # the last would win and the first say nothing
            raise ValueError(f"{option} names {twice!r} twice in one object; put both conditions into one")
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{option} is no JSON: {error.msg} at line {error.lineno}, column {error.colno}; names and texts "
            "stand in double quotes, the whole in single ones"
        ) from None


def _texts(value: Any, within: str = "") -> Iterator[tuple[str, str]]:
    """Every text that is a value, with the name it stands under."""
    if isinstance(value, str):
        yield within, value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, within)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, name)
