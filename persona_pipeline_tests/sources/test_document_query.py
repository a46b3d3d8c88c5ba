"""What a declaration asks of MongoDB is read before any server is: JSON, shape, the borders of the day."""

from __future__ import annotations

import datetime as dt
import re
import textwrap
import tomllib
from pathlib import Path

import pytest

from persona_pipeline.sources.document_query import bound, check_documents, documents_query
from persona_pipeline.sources.source import Source

FILTER = '{"at": {"$gte": ":window_start", "$lt": ":window_end"}}'
GOOD: dict[str, object] = {
    "kind": "orders",
    "format": "mongodb",
    "path": "raw/{day}.jsonl.gz",
    "url": "mongodb://127.0.0.1/shop",
    "collection": "orders",
    "filter": FILTER,
}
ALL_PRODUCTS = {"kind": "products", "filter": None}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"projection": '{"items": 0}'},
        {"path": "raw/{day}.jsonl"},
        {"filter": None, "pipeline": f'[{{"$match": {FILTER}}}, {{"$unwind": "$items"}}]'},
        ALL_PRODUCTS,
        {"filter": '{"$or": [{"$expr": {"$gte": ["$at", ":window_start"]}}, {"till": ":window_end"}]}'},
    ],
)
def test_what_may_be_declared(changes: dict[str, object]) -> None:
    source = Source.model_validate({**GOOD, **changes})
    assert not source.has_header


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"collection": None}, "needs url .* and collection"),
        ({"url": None}, "needs url"),
        ({"path": "raw/orders.jsonl"}, "where each day's answer is kept, for example .*jsonl.gz"),
        ({"path": "raw/{day}.parquet"}, "where each day's answer is kept"),
        ({"encoding": "gb18030"}, "encoding has no meaning"),
        ({"query": "SELECT 1"}, "query belongs to format = 'sql'"),
        ({"format": "jsonl"}, "url belongs to format = 'sql' or 'mongodb'"),
        ({"format": "jsonl", "url": None}, "collection belongs to format = 'mongodb'"),
        ({"growing": True}, "growing = true is one file"),
        ({"filter": None}, 'filter needs ":window_start" and ":window_end"'),
        ({"filter": "{}"}, "filter needs"),
        ({"filter": FILTER.replace(":window_end", ":window_stop")}, "':window_stop' is neither"),
        ({"filter": FILTER.replace(":window_end", "before :window_end")}, "which stand alone"),
        ({"filter": FILTER.replace('":window_end"', '{"$date": ":window_end"}')}, r"leave \$date out"),
        ({**ALL_PRODUCTS, "filter": FILTER.replace("_end", "_ende")}, "is neither"),
        ({"filter": FILTER.replace('"$lt"', '"$gte"')}, r"names '\$gte' twice"),
        ({"filter": "{'at': 1}"}, "filter is no JSON: .* at line 1, column 2; .* double quotes"),
        ({"filter": "[]"}, "filter must be an object"),
        ({"projection": '"at"'}, "projection must be an object"),
        ({"pipeline": "[]"}, "pipeline replaces filter and projection"),
        ({"filter": None, "pipeline": "[]"}, "pipeline needs"),
        ({"filter": None, "pipeline": FILTER}, "pipeline must be a list of stages"),
        ({"filter": None, "pipeline": '[{"$match": {}, "$limit": 1}]'}, "pipeline must be a list of stages"),
        ({"filter": None, "pipeline": '[{"$out": "orders"}]'}, r"\$out writes to the database"),
        ({"filter": None, "pipeline": '[{"$merge": {"into": "o"}}]'}, r"\$merge writes to the database"),
    ],
)
def test_what_a_declaration_needs(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Source.model_validate({**GOOD, **changes})


def test_borders_are_bound_as_values_only() -> None:
    query = documents_query(FILTER, None, None)
    check_documents(query, by_time=True)
    start, end = (dt.datetime(2025, 3, day, tzinfo=dt.UTC) for day in (7, 8))
    moments = {":window_start": start, ":window_end": end}
    assert bound(query.filter, moments) == {"at": {"$gte": start, "$lt": end}}
    assert bound({":window_start": [":window_end", "x", 1, None]}, moments) == {
        ":window_start": [end, "x", 1, None]
    }


def test_the_password_is_not_shown() -> None:
    source = Source.model_validate({**GOOD, "url": "mongodb://me:secret@127.0.0.1/shop"})
    assert "secret" not in repr(source)


def test_the_example_of_the_guide_can_be_declared_in_both_languages(repository: Path) -> None:
    examples = []
    for page in ("en", "zh"):
        text = (repository / f"docs/guide/{page}.md").read_text(encoding="utf-8")
        blocks = re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
        [block] = [textwrap.dedent(block) for block in blocks if 'format = "mongodb"' in block]
        examples.append(Source.model_validate(tomllib.loads(block)["sources"]["orders"]))
    assert examples[0] == examples[1]
    assert examples[0].key_fields == ("order_id", "line_no")
