"""What persona.toml says about one source: where its files are and how they are to be read.

Here: the frozen model, its defaults and the checks that need nothing but itself. Not here: reading any file.
"""

from __future__ import annotations

import codecs
import datetime as dt
import re
import zoneinfo
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from persona_pipeline.sources.document_query import DocumentsQuery, check_documents, documents_query
from persona_pipeline.sources.impute_rules import Constant, Rule, check_rules
from persona_pipeline.sources.kinds import (
    AMOUNT_LIMITS,
    DATABASES,
    DEFAULT_KEY,
    GROWING_FORMATS,
    KEYS,
    OPTIONAL,
    REQUIRED,
    STATES,
    TYPES,
    WORD_FIELDS,
)
from persona_pipeline.sources.log_statement import Fields
from persona_pipeline.sources.web_options import WEB_FORMATS, WebOptions, line_fields, object_fields


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Refund(_Model):
    """How a refund shows: a value of a column that begins with a prefix, for example InvoiceNo C536379."""

    column: str
    prefix: str = Field(min_length=1)


class Limits(_Model):
    """Values beyond these are rejected as `amount_range`. Empty: the limit usual for the currency."""

    amount: Decimal | None = Field(default=None, gt=0)
    unit_price: Decimal | None = Field(default=None, gt=0)
    quantity: Decimal = Field(default=Decimal(1_000_000), gt=0)


class Source(WebOptions):
    """One `[sources.NAME]` of persona.toml.

    Columns are named as in the file (`key`, `version`, `refund.column`, values of `columns`); fields are
    our names
    (keys of `columns`, `missing`, `strip_suffix`, `words`). A field that `columns` does not name is
    looked for
    under its own name. A column of format jsonl or mongodb may reach into an object: `user.name`.
    """

    kind: Literal["orders", "customers", "products", "social", "campaigns", "rates", "web"]
    path: str = Field(min_length=1)
    format: Literal[
        "csv", "jsonl", "xlsx", "parquet", "sql", "mongodb", "access_log", "access_json", "w3c"
    ] = "csv"
    sheet: str | None = None
    url: SecretStr | None = None
    query: str | None = None
    collection: str | None = None
    filter: str | None = None
    projection: str | None = None
    pipeline: str | None = None
    growing: bool = False
    known_at: Literal["delivery", "event"] = "delivery"
    through: dt.date | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    time_zone: str | None = None
    datetime_format: str = "%Y-%m-%d %H:%M:%S"
    date_format: str = "%Y-%m-%d"
    dst_gap: Literal["forward", "reject"] = "forward"
    dst_overlap: Literal["earlier", "later", "reject"] = "earlier"
    key: tuple[str, ...] = ()
    identity: Literal["key", "whole_row", "none"] = "key"
    version: str | None = None
    redelivery_days: int = Field(default=35, ge=0, le=3650)
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    event_time: Literal["record", "delivery"] = "record"
    post_type: Literal["post", "review"] = "post"
    income_limits: tuple[Decimal, Decimal] | None = None
    phone_country: str | None = Field(default=None, pattern=r"^[1-9][0-9]{0,2}$")
    allow_empty: bool = False
    missing: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    columns: dict[str, str] = Field(default_factory=dict)
    strip_suffix: dict[str, str] = Field(default_factory=dict)
    words: dict[str, dict[str, str]] = Field(default_factory=dict)
    refund: Refund | None = None
    refund_days: int = Field(default=180, ge=0, le=3650)
    test_orders: dict[Literal["order_id", "account_id", "email", "product_id"], tuple[str, ...]] = Field(
        default_factory=dict
    )
    charges: dict[Literal["shipping", "tax", "fee", "discount"], tuple[str, ...]] = Field(
        default_factory=dict
    )
    limits: Limits = Limits()
    impute: dict[str, Rule] = Field(default_factory=dict)

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            name = codecs.lookup(value).name
        except LookupError as error:
            raise ValueError(
                f"unknown encoding {value!r}; expected for example utf-8, gb18030, cp1252"
            ) from error
        if name.startswith(("utf-16", "utf-32", "utf-7")):
            raise ValueError(f"{value} is recognised by its byte-order mark; leave encoding out")
        return name

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in zoneinfo.available_timezones():
            raise ValueError(f"unknown time zone {value!r}; expected an IANA name such as Europe/London")
        return value

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if len(value) != 1 or not value.isascii() or value in '"\r\n' or value.isalnum():
            raise ValueError(f"delimiter must be one ASCII character such as , ; | or a tab; got {value!r}")
        return value

    @field_validator("datetime_format")
    @classmethod
    def _moment_format(cls, value: str) -> str:
        if "%" not in value or re.search(r"%-?Z", value):
            raise ValueError(
                "expected a format such as %Y-%m-%d %H:%M:%S, with %z where each time carries its offset, "
                f"without names of zones; got {value!r}"
            )
        return value

    @field_validator("date_format")
    @classmethod
    def _plain_format(cls, value: str) -> str:
        if "%" not in value or re.search(r"%-?[zZ]", value):
            raise ValueError(f"expected a format such as %Y-%m-%d without a zone; got {value!r}")
        return value

    @field_validator("test_orders")
    @classmethod
    def _some_orders(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for field, patterns in value.items():
            for pattern in patterns:
                if not pattern.strip("* "):
                    raise ValueError(f"test_orders.{field}: {pattern!r} would filter every order")
        return value

    @field_validator("charges")
    @classmethod
    def _some_lines(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for line_type, patterns in value.items():
            for pattern in patterns:
                if not pattern.strip("* "):
                    raise ValueError(f"charges.{line_type}: {pattern!r} would make every line a charge")
        return value

    @field_validator("path")
    @classmethod
    def _inside(cls, value: str) -> str:
        if ".." in value.replace("\\", "/").split("/"):
            raise ValueError(f"path must not climb with '..'; got {value!r}")
        if value.count("{day}") > 1 or re.search(r"\{(?!day\})", value):
            raise ValueError(f"path may hold {{day}} once and * within a name; got {value!r}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Source:
        fields = self.fields
        for option in ("columns", "missing", "strip_suffix", "words"):
            unknown = sorted(set(getattr(self, option)) - set(fields))
            if unknown:
                raise ValueError(
                    f"{option}: unknown field {unknown[0]!r}; {self.kind} has: {', '.join(fields)}"
                )
        for field, words in self.words.items():
            allowed = TYPES[self.kind] if field == "type" else WORD_FIELDS.get(field, ())
            wrong = sorted(set(words.values()) - set(allowed))
            if wrong:
                raise ValueError(
                    f"words.{field}: {wrong[0]!r} is not one of {', '.join(allowed) or 'any (no words here)'}"
                )
        self._check_columns()
        self._check_time()
        self._check_web()
        self._check_database()
        self._check_growing()
        check_rules(self.kind, self.impute, WORD_FIELDS)
        self._check_own()
        return self

    def _check_columns(self) -> None:
        if self.kind == "web":
            return
        names = list(self.column_of.values())
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"columns: {twice[0]!r} is mapped twice")
        for column in (*self.key, *([self.refund.column] if self.refund else [])):
            self.field_named(column)
        if self.key and self.identity != "key":
            raise ValueError(f"key and identity = {self.identity!r} exclude each other")
        keys = KEYS.get(self.kind)
        if keys and self.identity != "key":
            raise ValueError(f"{self.kind} are identified by key")
        if self.kind == "rates" and (self.key or self.identity != "key"):
            raise ValueError("rates are identified by currency and rate_on; leave key and identity out")
        if keys and self.key and self.key_fields not in [(field,) for field in keys]:
            raise ValueError(f"the key of {self.kind} is {' or '.join(keys)}")

    def _check_time(self) -> None:
        if self.with_offset and self.time_zone is not None:
            raise ValueError("time_zone is for local times; a datetime_format with %z carries the offset")
        if self.known_at == "event":
            if self.kind == "web":
                raise ValueError(
                    "known_at = 'event' is not for access logs; cut them into files of one day, or say "
                    "growing = true"
                )
            if self.kind in STATES and self.kind != "rates":
                raise ValueError(
                    "known_at = 'event' is for records with a time of their own; "
                    "customers and products have none"
                )
            if self.event_time == "delivery":
                raise ValueError(
                    "known_at = 'event' needs the records' own time, not event_time = 'delivery'"
                )
            if self.through is None:
                raise ValueError(
                    "known_at = 'event' needs through = the last day the export speaks of, "
                    "for example 2011-12-09"
                )
            if "{day}" in self.path or "*" in self.path:
                raise ValueError(
                    "known_at = 'event' is one file that never changes; its path has no {day} and no *"
                )
        elif self.through is not None:
            raise ValueError("through belongs to known_at = 'event'")

    def _check_web(self) -> None:
        if (self.kind == "web") != (self.format in WEB_FORMATS):
            raise ValueError(f"kind = 'web' goes with format = {' or '.join(map(repr, WEB_FORMATS))} only")
        if self.kind != "web":
            foreign = sorted(set(WebOptions.model_fields) & self.model_fields_set)
            if foreign:
                raise ValueError(f"{foreign[0]} belongs to kind = 'web'")
            return
        if self.format == "w3c" and self.log_format is not None:
            raise ValueError("log_format: a w3c log says itself what its fields are")
        unused = [option for option in ("missing", "strip_suffix", "words") if getattr(self, option)]
        if self.columns and self.format != "access_json":
            unused = ["columns"]
        if unused:
            raise ValueError(f"{unused[0]} has no meaning for format = {self.format!r}")
        if self.format != "w3c":
            self.line_fields()

    def line_fields(self, directive: str = "") -> Fields:
        """The fields of this web log's lines.

        Args:
            directive: what stands behind #Fields: in a w3c log.

        Raises:
            ValueError: they cannot be read; the message says what is missing.
        """
        names = {"address": self.address, "account": self.account, "visitor": self.visitor}
        if self.format == "access_json":
            return object_fields(self.log_format or "nginx", self.columns, **names)
        if self.format == "w3c":
            return line_fields(directive, is_w3c=True, **names)
        return line_fields(self.log_format or "combined", **names)

    def _check_database(self) -> None:
        asked = {
            "url": DATABASES,
            "query": ("sql",),
            **dict.fromkeys(("collection", "filter", "projection", "pipeline"), ("mongodb",)),
        }
        for option, formats in asked.items():
            if getattr(self, option) is not None and self.format not in formats:
                raise ValueError(f"{option} belongs to format = {' or '.join(map(repr, formats))}")
        if self.format not in DATABASES:
            return
        endings = (".parquet",) if self.format == "sql" else (".jsonl", ".jsonl.gz")
        if "{day}" not in self.path or not self.path.endswith(endings):
            raise ValueError(
                f"path of format = {self.format!r} is where each day's answer is kept, "
                f"for example data/raw/crm_{{day}}{endings[-1]}"
            )
        if self.format == "mongodb":
            self._check_documents()
            return
        if self.url is None or self.query is None:
            raise ValueError("format = 'sql' needs url (a SQLAlchemy URL, from ${NAME}) and query")
        if self.kind not in STATES and not re.search(
            r":window_start\b.*:window_end\b", self.query, re.DOTALL
        ):
            raise ValueError(
                "query needs :window_start and :window_end, for example WHERE changed_at >= :window_start "
                "AND changed_at < :window_end"
            )

    def _check_documents(self) -> None:
        if self.url is None or not self.collection:
            raise ValueError(
                "format = 'mongodb' needs url (mongodb://HOST/DATABASE, from ${NAME}) and collection"
            )
        if self.encoding != "utf-8":
            raise ValueError("encoding has no meaning for format = 'mongodb'")
        check_documents(self.documents_query, by_time=self.kind not in STATES)

    @property
    def documents_query(self) -> DocumentsQuery:
        """What is asked of a collection."""
        return documents_query(self.filter, self.projection, self.pipeline)

    def _check_growing(self) -> None:
        if not self.growing:
            return
        if "{day}" in self.path or "*" in self.path:
            raise ValueError("growing = true is one file that is appended to; its path has no {day} and no *")
        if self.format not in GROWING_FORMATS:
            formats = ", ".join(map(repr, GROWING_FORMATS))
            raise ValueError(f"growing = true goes with format = {formats}; got {self.format!r}")
        if self.known_at == "event":
            raise ValueError(
                "growing = true goes with known_at = 'delivery': a history export never changes. "
                "Deliver what was before as an export under another [sources.NAME]"
            )
        if '\n"'.encode(self.encoding) != b'\n"':
            raise ValueError(
                f"growing = true needs line ends and quotes as in ASCII, not as in {self.encoding}"
            )

    def _check_own(self) -> None:
        """Options that only one kind or format has."""
        if self.sheet is not None and self.format != "xlsx":
            raise ValueError("sheet belongs to format = 'xlsx'")
        for option, kind, default in (
            ("event_time", "social", "record"),
            ("post_type", "social", "post"),
            ("income_limits", "customers", None),
            ("phone_country", "customers", None),
            ("refund", "orders", None),
            ("refund_days", "orders", 180),
            ("test_orders", "orders", {}),
            ("charges", "orders", {}),
        ):
            if self.kind != kind and getattr(self, option) != default:
                raise ValueError(f"{option} belongs to kind = {kind!r}")
        if ("income" in self.columns) != (self.income_limits is not None):
            raise ValueError(
                "columns.income and income_limits = [low_below, high_from] belong together: "
                "an income becomes a band"
            )
        if self.income_limits is not None and self.income_limits[0] > self.income_limits[1]:
            raise ValueError("income_limits = [low_below, high_from]: the first must not exceed the second")

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field this kind knows, required ones first."""
        return REQUIRED[self.kind] + OPTIONAL[self.kind]

    @property
    def column_of(self) -> dict[str, str]:
        """Field to column of the file, for every field."""
        named = dict(self.columns)
        if self.version is not None:
            named.setdefault("version", self.version)
        return {field: named.get(field, field) for field in self.fields}

    @property
    def expected_columns(self) -> tuple[str, ...]:
        """Columns without which a file is rejected.

        The required ones, those named by hand and those of the key.
        """
        fields = [*REQUIRED[self.kind], *self.columns, *(["version"] if self.version else [])]
        if self.kind == "social" and self.event_time == "record":
            fields.append("posted_at")
        if self.identity == "key":
            fields += self.key_fields
        return tuple(dict.fromkeys(self.column_of[field] for field in fields))

    @property
    def key_fields(self) -> tuple[str, ...]:
        """The fields that identify a record; empty for whole_row and none."""
        if self.identity != "key":
            return ()
        return tuple(self.field_named(column) for column in self.key) or DEFAULT_KEY[self.kind]

    @property
    def has_header(self) -> bool:
        """Whether a file names its columns once, so that their set does not depend on its records."""
        return self.format in ("csv", "xlsx", "parquet", "sql")

    @property
    def with_offset(self) -> bool:
        """Whether every time carries its own offset from UTC."""
        return "%z" in self.datetime_format

    @property
    def refund_field(self) -> str | None:
        """The field that shows a refund by its prefix."""
        return self.field_named(self.refund.column) if self.refund else None

    @property
    def imputation(self) -> dict[str, tuple[str, object]]:
        """By field, how a missing value is filled, and the constant if that is how."""
        return {
            field: ("constant", rule.constant) if isinstance(rule, Constant) else (rule, None)
            for field, rule in self.impute.items()
        }

    def field_named(self, column: str) -> str:
        """The field that a column of the file (or a field of that name) stands for.

        Raises:
            ValueError: the column is not mapped.
        """
        for field, name in self.column_of.items():
            if column == name:
                return field
        if column in self.column_of:
            return column
        raise ValueError(
            f"column {column!r} is not mapped to a field; add it to columns "
            f"(fields: {', '.join(self.fields)})"
        )

    @property
    def limited_currencies(self) -> tuple[str, ...]:
        """Currencies whose limits are others than usual."""
        return tuple(AMOUNT_LIMITS)

    def amount_limit(self, currency: str) -> Decimal:
        """Largest believable absolute amount of one record in that currency."""
        return self.limits.amount or Decimal(AMOUNT_LIMITS.get(currency, 1_000_000))

    def price_limit(self, currency: str) -> Decimal:
        """Largest believable unit price in that currency."""
        return self.limits.unit_price or self.amount_limit(currency)

    def quantity_limit(self) -> Decimal:
        """Largest believable quantity of one record."""
        return self.limits.quantity
