"""CRM records, posts and campaign contacts of a shop: drawn block by block, written day by day.

Here: the order of the work for these three sources. Not here: orders, products, web logs (generate.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from persona_pipeline.demo.contact_files import BROKEN as BROKEN_CONTACTS
from persona_pipeline.demo.contact_files import REASONS as CONTACT_REASONS
from persona_pipeline.demo.contact_files import contact_format, contact_table, contacts_by_time
from persona_pipeline.demo.contacts import contact_truth, deliveries, draw_contacts
from persona_pipeline.demo.crm import draw_records
from persona_pipeline.demo.dirt import DirtPlan, spread_dirt
from persona_pipeline.demo.ledger import FileAccount
from persona_pipeline.demo.life import Life
from persona_pipeline.demo.other_files import CustomerFiles
from persona_pipeline.demo.people import draw_people, draw_subscribers
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import Population
from persona_pipeline.demo.posts import draw_posts, let_downs
from persona_pipeline.demo.seeds import Stream, generator
from persona_pipeline.demo.social_files import BROKEN as BROKEN_POSTS
from persona_pipeline.demo.social_files import REASONS as POST_REASONS
from persona_pipeline.demo.social_files import posts_by_time, social_format, social_table
from persona_pipeline.demo.spill import DaySpill
from persona_pipeline.demo.texts import Words
from persona_pipeline.demo.trace_files import TraceFiles, TraceFormat
from persona_pipeline.demo.truth_files import TruthFiles
from persona_pipeline.demo.who_is_who import who_is_who

FOLDERS = ("customers", "social", "campaigns")


@dataclass(slots=True)
class Traces:
    """The three sources of one shop; blocks first, then days."""

    directory: Path
    plan: Plan
    scratch: Path
    truth: TruthFiles
    records: DaySpill = field(init=False)
    posts: DaySpill = field(init=False)
    contacts: DaySpill = field(init=False)
    post_sizes: np.ndarray = field(init=False)  # records of the main file by day
    contact_sizes: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Empty scratch files."""
        days = self.plan.days
        self.records = DaySpill(self.scratch, "records", days)
        self.posts = DaySpill(self.scratch, "posts", days)
        self.contacts = DaySpill(self.scratch, "contacts", days)
        self.post_sizes = np.zeros(days, dtype=np.int64)
        self.contact_sizes = np.zeros(days, dtype=np.int64)

    def add_block(self, population: Population, life: Life, lines: np.ndarray) -> np.ndarray:
        """Draws what a block leaves, writes the truth of it and returns its contacts, see contacts.ROW."""
        people = draw_people(self.plan, population)
        subscribers = draw_subscribers(self.plan, population)
        records = draw_records(self.plan, population, people, subscribers)
        posts = draw_posts(self.plan, population, people, life, lines)
        planned = draw_contacts(self.plan, population, people, subscribers, life)
        contacts = deliveries(self.plan, planned)
        self.truth.append("let_downs", let_downs(self.plan, population, life))
        self.truth.append("contacts", contact_truth(self.plan, planned))
        self.truth.append("who_is_who", who_is_who(self.plan, population, people, records, posts, contacts))
        self.records.append(records)
        self.posts.append(posts)
        self.contacts.append(contacts)
        days = self.plan.days
        self.post_sizes += np.bincount(posts["delivered"][~_is_late(posts)], minlength=days)
        self.contact_sizes += np.bincount(contacts["delivered"][~_is_late(contacts)], minlength=days)
        return planned

    def flush(self) -> None:
        """Moves what waits in memory to the scratch files."""
        for spill in (self.records, self.posts, self.contacts):
            spill.flush()

    def write_days(self) -> list[FileAccount]:
        """Writes all files of the three sources and returns their accounts."""
        customers = CustomerFiles(self.directory, self.plan)
        words = Words.of(self.plan.catalogue)
        social = self._files(social_format(self.plan), self.post_sizes, POST_REASONS, BROKEN_POSTS, 0)
        contact = self._files(
            contact_format(self.plan), self.contact_sizes, CONTACT_REASONS, BROKEN_CONTACTS, 2
        )
        for day in range(self.plan.days):
            customers.write_day(day, self.records.day(day))
            posts = posts_by_time(self.posts.day(day))
            late = _is_late(posts)
            social.write_day(
                day,
                social_table(self.plan, words, posts[~late]),
                social_table(self.plan, words, posts[late]) if late.any() else None,
                np.flatnonzero(~posts["edited"][~late]),
                int((posts["version"] > 1).sum()),
            )
            contacts = contacts_by_time(self.contacts.day(day))
            late = _is_late(contacts)
            contact.write_day(
                day,
                contact_table(self.plan, contacts[~late]),
                contact_table(self.plan, contacts[late]) if late.any() else None,
                np.flatnonzero(~contacts["outcome_follows"][~late]),
                int((contacts["version"] > 1).sum()),
            )
        return [*customers.accounts, *social.accounts, *contact.accounts]

    def _files(
        self,
        form: TraceFormat,
        sizes: np.ndarray,
        reasons: tuple[str, ...],
        broken: tuple[str, ...],
        odd_columns: int,
    ) -> TraceFiles:
        rng = generator(self.plan.seed, Stream.TRACE_DIRT, form.number, 0)
        dirt: DirtPlan = spread_dirt(
            rng, sizes, reasons=reasons, odd_columns=odd_columns, broken_kinds=broken
        )
        return TraceFiles(self.directory, self.plan, form, dirt)


def _is_late(rows: np.ndarray) -> np.ndarray:
    """First versions that reach us on a later day; second versions are later by nature."""
    return (rows["version"] == 1) & (rows["delivered"] > rows["day"])
