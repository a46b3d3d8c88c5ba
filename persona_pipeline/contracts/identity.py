"""Tables of identity: evidence that two identifiers are one person, and what became of it.

Not here: the map itself (behaviour.py), which every later layer reads.
"""

from __future__ import annotations

from persona_pipeline.contracts import columns as c
from persona_pipeline.contracts.column import Column, Table, Type
from persona_pipeline.contracts.traces import ID_LINK

EDGE = Table(
    "identity",
    "edge",
    "one row per pair of identifiers and kind of evidence, on the day it was first known",
    ("id_kind", "id", "other_kind", "other_id", "evidence"),
    (
        c.DAY,
        c.ID_KIND,
        c.ID,
        *(ID_LINK.column(name) for name in ("other_kind", "other_id", "evidence")),
    ),
    "The identity graph: which identifiers were seen together, and since when.",
)

MERGE_EVENT = Table(
    "identity",
    "merge_event",
    "one row per day and identifier that changed its customer or was refused as evidence",
    ("day", "id_kind", "id", "event"),
    (
        c.DAY,
        c.ID_KIND,
        c.ID,
        Column(
            "event",
            Type.TEXT,
            "merged: its customer became another; split: it left its customer; refused: it joins nobody",
            allowed=("merged", "split", "refused"),
        ),
        Column(
            "reason",
            Type.TEXT,
            "Why it was refused",
            nullable=True,
            allowed=("deny_list", "shared", "conflict", "cluster_size"),
        ),
        c.CUSTOMER_ID.but(
            name="customer_id_before", description="Customer until the day before", nullable=True
        ),
        c.CUSTOMER_ID.but(name="customer_id_after", description="Customer from this day on", nullable=True),
        Column(
            "identifiers",
            Type.INTEGER,
            "Identifiers of its customer after the event; of a refused one, those it was seen with",
            minimum=0,
        ),
    ),
    "Merges, splits and refused evidence: the alerts of identity.",
)

TABLES = (EDGE, MERGE_EVENT)
