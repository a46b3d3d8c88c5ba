"""CRM records, posts and campaign contacts of a shop: drawn block by block, written day by day.

Here: the order of the work for these three sources. Not here: orders, products, web logs (generate.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from persona_pipeline.demo.contact_files import BROKEN as BROKEN_CONTACTS
from persona_pipeline.demo.contact_files import REASONS as CONTACT_REASONS
from persona_pipeline.demo.contact_files import contact_format, contacts_by_time
from persona_pipeline.demo.contacts import ROW as CONTACT
from persona_pipeline.demo.contacts import contact_truth, deliveries, draw_contacts
from persona_pipeline.demo.crm import RECORD, draw_records
from persona_pipeline.demo.dirt import DirtPlan, spread_dirt
from persona_pipeline.demo.file_rows import FileRows
from persona_pipeline.demo.ledger import FileAccount
from persona_pipeline.demo.life import Life
from persona_pipeline.demo.other_files import CustomerFiles
from persona_pipeline.demo.people import draw_people, draw_subscribers
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import Population
from persona_pipeline.demo.posts import ROW as POST
from persona_pipeline.demo.posts import draw_posts, let_downs
from persona_pipeline.demo.seeds import Stream, generator
from persona_pipeline.demo.social_files import BROKEN as BROKEN_POSTS
from persona_pipeline.demo.social_files import REASONS as POST_REASONS
from persona_pipeline.demo.social_files import posts_by_time, social_format
from persona_pipeline.demo.spill import DaySpill, OfRows, moment_of_day
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
    batch_rows: int
    chunk_rows: int
    records: DaySpill = field(init=False)
    posts: DaySpill = field(init=False)
    contacts: DaySpill = field(init=False)
    post_sizes: np.ndarray = field(init=False)  # records of the main file by day
    contact_sizes: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Empty scratch files."""
        days = self.plan.days
        self.records = self._spill("records", RECORD, _order_of_blocks, _none)
        self.posts = self._spill("posts", POST, moment_of_day, _is_late)
        self.contacts = self._spill("contacts", CONTACT, _contacted, _is_late)
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

    def write_days(self) -> list[FileAccount]:
        """Writes all files of the three sources and returns their accounts."""
        customers = CustomerFiles(self.directory, self.plan)
        social = self._files(social_format(self.plan), self.post_sizes, POST_REASONS, BROKEN_POSTS, 0)
        contact = self._files(
            contact_format(self.plan), self.contact_sizes, CONTACT_REASONS, BROKEN_CONTACTS, 2
        )
        for day in range(self.plan.days):
            records = self.records.day(day).batches()
            path = self.scratch / "records.day"
            customers.write_day(day, FileRows.write(path, RECORD, records, self.chunk_rows))
            for files, spill, by_time, repeated in (
                (social, self.posts, posts_by_time, "edited"),
                (contact, self.contacts, contacts_by_time, "outcome_follows"),
            ):
                main = self._rows(spill, day, by_time)
                late = self._rows(spill, day, by_time, late=True)
                once = np.flatnonzero(~main.column(repeated))
                files.write_day(day, main, late, once, int((main.column("version") > 1).sum()))
        return [*customers.accounts, *social.accounts, *contact.accounts]

    def _spill(self, name: str, dtype: np.dtype, moment: OfRows, is_late: OfRows) -> DaySpill:
        return DaySpill(self.scratch, name, self.plan.days, dtype, moment, is_late, self.batch_rows)

    def _rows(self, spill: DaySpill, day: int, by_time: OfRows, *, late: bool = False) -> FileRows:
        """Rows of a raw file in their order; those of the day before are overwritten."""
        parts = map(by_time, spill.day(day, late=late).parts(self.chunk_rows))
        path = self.scratch / f"{spill.name}{'_late' if late else ''}.day"
        return FileRows.write(path, spill.dtype, parts, self.chunk_rows)

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


def _contacted(rows: np.ndarray) -> np.ndarray:
    return rows["contacted"].astype(np.int32)


def _order_of_blocks(rows: np.ndarray) -> np.ndarray:
    """One moment for all: customer records stand in their files as they were drawn."""
    return np.zeros(rows.size, dtype=np.int32)


def _none(rows: np.ndarray) -> np.ndarray:
    return np.zeros(rows.size, dtype=bool)
