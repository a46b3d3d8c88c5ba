"""What cleaning is given.

How a source is declared and how its files are split. Plain protocols, no code of another room.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from persona_pipeline.engine.protocol import Engine


class LedgerError(Exception):
    """The records of a file do not add up; nothing may be committed."""


class DeclaredSource(Protocol):
    """One source of persona.toml, as far as cleaning needs it."""

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def known_at(self) -> str: ...  # noqa: D102
    @property
    def through(self) -> dt.date | None: ...  # noqa: D102
    @property
    def decimal(self) -> str: ...  # noqa: D102
    @property
    def time_zone(self) -> str | None: ...  # noqa: D102
    @property
    def datetime_format(self) -> str: ...  # noqa: D102
    @property
    def date_format(self) -> str: ...  # noqa: D102
    @property
    def dst_gap(self) -> str: ...  # noqa: D102
    @property
    def dst_overlap(self) -> str: ...  # noqa: D102
    @property
    def identity(self) -> str: ...  # noqa: D102
    @property
    def key_fields(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def columns(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def redelivery_days(self) -> int: ...  # noqa: D102
    @property
    def currency(self) -> str | None: ...  # noqa: D102
    @property
    def with_offset(self) -> bool: ...  # noqa: D102
    @property
    def event_time(self) -> str: ...  # noqa: D102
    @property
    def post_type(self) -> str: ...  # noqa: D102
    @property
    def income_limits(self) -> tuple[Decimal, Decimal] | None: ...  # noqa: D102
    @property
    def phone_country(self) -> str | None: ...  # noqa: D102
    @property
    def words(self) -> Mapping[str, Mapping[str, str]]: ...  # noqa: D102
    @property
    def test_orders(self) -> Mapping[Any, Sequence[str]]: ...  # noqa: D102
    @property
    def charges(self) -> Mapping[Any, Sequence[str]]: ...  # noqa: D102
    @property
    def imputation(self) -> Mapping[str, tuple[str, object]]: ...  # noqa: D102
    @property
    def hosts(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def requests_per_minute(self) -> int: ...  # noqa: D102
    @property
    def silent_pages(self) -> int: ...  # noqa: D102
    @property
    def page_patterns(self) -> PageFinder: ...  # noqa: D102

    @property
    def limited_currencies(self) -> tuple[str, ...]: ...  # noqa: D102

    def amount_limit(self, currency: str) -> Decimal: ...  # noqa: D102
    def price_limit(self, currency: str) -> Decimal: ...  # noqa: D102
    def quantity_limit(self) -> Decimal: ...  # noqa: D102
    def model_dump_json(self) -> str: ...  # noqa: D102


class PageFound(Protocol):
    """What a path says."""

    @property
    def page_type(self) -> str: ...  # noqa: D102
    @property
    def is_asset(self) -> bool: ...  # noqa: D102
    @property
    def product_id(self) -> str | None: ...  # noqa: D102
    @property
    def category(self) -> str | None: ...  # noqa: D102
    @property
    def order_id(self) -> str | None: ...  # noqa: D102


class PageFinder(Protocol):
    """The patterns of pages of one source."""

    def page(self, key: str | None) -> PageFound: ...  # noqa: D102


class SplitFile(Protocol):
    """One delivered file after splitting."""

    @property
    def path_no(self) -> int: ...  # noqa: D102
    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def sha256(self) -> str: ...  # noqa: D102
    @property
    def records(self) -> int: ...  # noqa: D102
    @property
    def reason(self) -> str | None: ...  # noqa: D102
    @property
    def note(self) -> str | None: ...  # noqa: D102
    @property
    def noted(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def columns(self) -> Mapping[str, int]: ...  # noqa: D102


class Split(Protocol):
    """Records of several files in Parquet, and one entry for each file."""

    @property
    def paths(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def files(self) -> Sequence[SplitFile]: ...  # noqa: D102


class SplitFiles(Protocol):
    """`sources.split.split_files`."""

    def __call__(  # noqa: D102
        self,
        name: str,
        source: Any,
        deliveries: Sequence[tuple[str, str]],
        *,
        project_directory: Path,
        key: bytes,
        directory: Path,
        engine: Engine,
        count_only: Collection[int] = (),
        first_lines: Sequence[int] = (),
    ) -> Split: ...
