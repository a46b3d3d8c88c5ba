"""Accepted posts and reviews to rows: what their text says, batch by batch, and the product they speak of.

Here: which statement is given what. Not here: language (text_language.py), sentiment (text_sentiment.py) and
mentions (text_mention.py). The text itself goes no further than the vault.
"""

from __future__ import annotations

import pyarrow as pa

from persona_pipeline.cleaning.text_language import language_of
from persona_pipeline.cleaning.text_mention import Categories
from persona_pipeline.cleaning.text_sentiment import label_of, sentiment_of
from persona_pipeline.engine.protocol import Engine, Input, Relation
from persona_pipeline.engine.sql import sql_text

SAID = pa.schema(
    [
        ("day", pa.date32()),
        ("record_id", pa.string()),
        ("language", pa.string()),
        ("characters", pa.int64()),
        ("sentiment", pa.decimal128(18, 4)),
        ("sentiment_label", pa.string()),
        ("mention", pa.string()),
    ]
)


def accepted_posts(engine: Engine, outcome: Input, products: Relation) -> Relation:
    """Rows of clean.social_post with sign +1, and the record and day each replaces.

    Args:
        engine: runs the statements.
        outcome: social records with what became of them.
        products: clean.product up to the window's last day.
    """
    known = engine.fetch(sql_text("clean/category_known"), {"product": products})
    categories = Categories(known.column("category").to_pylist(), known.column("day").to_pylist())
    texts = engine.stage(sql_text("clean/post_known"), {"outcome": outcome})
    said = engine.map_batches(texts, lambda batch: what_texts_say(batch, categories))
    if not isinstance(said, Relation):
        raise TypeError("map_batches without an output returns a relation")
    return engine.stage(
        sql_text("clean/social_post"), {"outcome": outcome, "said": said, "product": products}
    )


def what_texts_say(batch: pa.Table, categories: Categories) -> pa.Table:
    """Language, length, sentiment and mentioned category of a batch of texts.

    Args:
        batch: columns day, record_id, text, known_day.
        categories: the catalogue's categories and since when each is known.
    """
    texts: list[str] = batch.column("text").to_pylist()
    languages = [language_of(text) for text in texts]
    scores = [sentiment_of(text, language) for text, language in zip(texts, languages, strict=True)]
    mentions = [
        categories.mentioned(text, day)
        for text, day in zip(texts, batch.column("known_day").to_pylist(), strict=True)
    ]
    columns = [
        batch.column("day").cast(pa.date32()),
        batch.column("record_id").cast(pa.string()),
        languages,
        [len(text) for text in texts],
        scores,
        [label_of(score) for score in scores],
        mentions,
    ]
    return pa.table(dict(zip(SAID.names, columns, strict=True)), schema=SAID)
