"""Which identifier belongs to whom: the truth of identities, in clear, from what the raw files show.

Here: one row per person and identifier with the day it is first seen. Not here: how the identity layer
finds out.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.demo.contacts import contact_ids
from persona_pipeline.demo.crm import SHOP_PHONE, TEST_EMAIL
from persona_pipeline.demo.crm_table import account_text, plain_emails, plain_handles, plain_phones
from persona_pipeline.demo.identifiers import crm_ids
from persona_pipeline.demo.people import People
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import Population

SCHEMA = pa.schema(
    [
        ("person", pa.int64()),
        ("id_kind", pa.string()),
        ("value", pa.string()),
        ("valid_from", pa.date32()),
        ("is_shared", pa.bool_()),
        ("is_linkable", pa.bool_()),
    ]
)


def who_is_who(
    plan: Plan,
    population: Population,
    people: People,
    records: np.ndarray,
    posts: np.ndarray,
    contacts: np.ndarray,
) -> pa.Table:
    """All identifiers of a block in their normal form.

    E-mails and handles are in lower case, telephones plain digits without country code. `valid_from` is the
    day of the first file that shows the identifier with this person; of accounts, the arrival or the start.
    `is_shared` says that more than one person has it, `is_linkable` that some record shows it together with
    another identifier of the person.
    """
    here = np.flatnonzero(population.arrival < plan.days)
    sold = population.account[here].astype(np.int64)
    arrived = np.maximum(population.arrival[here], 0)
    kinds = [
        _rows(
            plan, "account", population.number[here], account_text(sold), arrived, np.zeros(here.size, bool)
        )
    ]
    first = records[records["version"] == 1]
    kinds.append(
        _rows(
            plan,
            "crm",
            first["person"],
            crm_ids(plan.seed, first["crm"]),
            first["delivered"],
            np.zeros(first.size, dtype=bool),
        )
    )
    mailed = _earliest(
        [
            (records["person"], records["email"], records["email_name"], records["delivered"]),
            (contacts["person"], contacts["email"], contacts["email_name"], contacts["delivered"]),
        ]
    )
    kinds.append(
        _rows(
            plan,
            "email",
            mailed[0],
            plain_emails(plan.seed, mailed[1], mailed[2]),
            mailed[3],
            mailed[1] == TEST_EMAIL,
        )
    )
    nobody = np.zeros(records.size, dtype=np.int64)
    called = _earliest([(records["person"], records["phone"], nobody, records["delivered"])])
    of_family = np.concatenate([people.phone[people.family], [SHOP_PHONE]])
    kinds.append(
        _rows(
            plan,
            "phone",
            called[0],
            plain_phones(plan.seed, called[1]),
            called[3],
            np.isin(called[1], of_family),
        )
    )
    posted = np.zeros(posts.size, dtype=np.int64)
    declared = np.concatenate(
        [
            records["person"][records["handle"] >= 0],
            posts["person"][(posts["handle"] >= 0) & (posts["account"] >= 0)],
        ]
    )
    named = _earliest(
        [
            (records["person"], records["handle"], nobody, records["delivered"]),
            (posts["person"], posts["handle"], posted, posts["delivered"]),
        ]
    )
    kinds.append(
        _rows(
            plan,
            "handle",
            named[0],
            plain_handles(plan.seed, named[1]),
            named[3],
            np.zeros(named[0].size, bool),
            np.isin(named[0], declared),
        )
    )
    reached = contacts[contacts["version"] == 1]
    kinds.append(
        _rows(
            plan,
            "contact",
            reached["person"],
            contact_ids(reached),
            reached["delivered"],
            np.zeros(reached.size, bool),
        )
    )
    return pa.concat_tables(kinds)


def _earliest(parts: list[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    """Person, index, name code and first day of every pair of person and index that is there."""
    person, index, name, day = (
        np.concatenate(columns).astype(np.int64) for columns in zip(*parts, strict=True)
    )
    order = np.lexsort((day, index, person))
    order = order[index[order] >= 0]
    new = np.ones(order.size, dtype=bool)
    new[1:] = (person[order[1:]] != person[order[:-1]]) | (index[order[1:]] != index[order[:-1]])
    kept = order[new]
    return person[kept], index[kept], name[kept], day[kept]


def _rows(
    plan: Plan,
    kind: str,
    person: np.ndarray,
    value: pa.Array,
    day: np.ndarray,
    is_shared: np.ndarray,
    is_linkable: np.ndarray | None = None,
) -> pa.Table:
    dates = np.datetime64(plan.start) + day.astype("timedelta64[D]")
    return pa.table(
        [
            pa.array(person.astype(np.int64)),
            pa.repeat(kind, person.size),
            pc.cast(value, pa.string()),
            pa.array(dates.astype("datetime64[D]")),
            pa.array(is_shared.astype(bool)),
            pa.array(np.ones(person.size, bool) if is_linkable is None else is_linkable),
        ],
        schema=SCHEMA,
    )
