"""Tables of the clean layer and the vault: what the sources say, typed, validated and counted.

Not here: anything computed over more than one record.
"""

from __future__ import annotations

from persona_pipeline.contracts import columns as c
from persona_pipeline.contracts import reasons
from persona_pipeline.contracts.column import Column, Sensitivity, Table, Type


def _count(name: str, description: str) -> Column:
    return Column(name, Type.INTEGER, description, minimum=0, unit="record")


ARRIVAL = Table(
    "clean",
    "arrival",
    "one row per source, path and file content; of a growing file one per range of bytes, path#begin-end",
    ("source", "path", "sha256"),
    (
        c.DAY,
        c.SOURCE,
        c.PATH,
        c.SHA256,
        Column("bytes", Type.INTEGER, "Size of the file as delivered", minimum=0, unit="byte"),
        Column(
            "known_at",
            Type.TEXT,
            "delivery: known on day; event: known when it happened",
            allowed=("delivery", "event"),
        ),
        Column("through", Type.DATE, "Last day a history export speaks of", nullable=True),
        Column("duplicate_of", Type.TEXT, "Path of the first delivery of the same content", nullable=True),
        Column(
            "first_line",
            Type.INTEGER,
            "Number of its first line in its file, above 1 for later ranges of a growing file; "
            "empty in rows older than the column",
            nullable=True,
            minimum=1,
        ),
    ),
    "On which day each file content was known. Append-only: decided once, never changed.",
)

FILE_LEDGER = Table(
    "clean",
    "file_ledger",
    "one row per source, file content and day; a day without files has one row with an empty path",
    ("day", "source", "path", "sha256"),
    (
        c.DAY,
        c.SOURCE,
        c.PATH,
        c.SHA256,
        Column(
            "status",
            Type.TEXT,
            "What became of the file",
            allowed=("loaded", "rejected_file", "duplicate_file", "absent"),
        ),
        c.REASON.but(
            nullable=True, description="Why the whole file was rejected", allowed=reasons.codes(reasons.FILE)
        ),
        _count("records_in", "Records found"),
        _count("clean", "Records that became clean rows"),
        _count("rejected", "Records rejected, with a reason each in clean.reject"),
        _count("duplicate", "Repeats of a record already known"),
        _count("filtered", "Records left out by a declared rule"),
        _count("suppressed", "Records of erased persons"),
        Column("note", Type.TEXT, "What was noticed: byte-order mark, unknown columns", nullable=True),
        c.RUN_ID,
    ),
    "The accounting of every file: records_in = clean + rejected + duplicate + filtered + suppressed.",
)

LEDGER_REASON = Table(
    "clean",
    "ledger_reason",
    "one row per file content, day, outcome and reason",
    ("day", "source", "path", "sha256", "outcome", "reason"),
    (
        c.DAY,
        c.SOURCE,
        c.PATH,
        c.SHA256,
        Column(
            "outcome",
            Type.TEXT,
            "clean, rejected, duplicate, filtered and suppressed add up; "
            "noted counts what was observed beside",
            allowed=("clean", "rejected", "duplicate", "filtered", "suppressed", "noted"),
        ),
        c.REASON.but(allowed=reasons.codes(*reasons.BY_OUTCOME.values())),
        _count("records", "Records with this outcome and reason"),
    ),
    "The ledger by reason code.",
)

FILE_COLUMN = Table(
    "clean",
    "file_column",
    "one row per delivered file content, day and column",
    ("day", "source", "path", "sha256", "column_name"),
    (
        c.DAY,
        c.SOURCE,
        c.PATH,
        c.SHA256,
        Column("column_name", Type.TEXT, "Column of the header, key of the objects or field of the log"),
        _count("filled", "Records with a value in it"),
    ),
    "Which columns each delivered file had, and how many of its records filled them. History exports are "
    "left out.",
)

REJECT = Table(
    "clean",
    "reject",
    "one row per rejected record",
    ("day", "source", "path", "sha256", "line"),
    (
        c.DAY,
        c.SOURCE,
        c.PATH,
        c.SHA256,
        Column("line", Type.INTEGER, "Physical line on which the record starts, header is 1", minimum=1),
        c.REASON.but(allowed=reasons.codes(reasons.REJECTED)),
        Column("field", Type.TEXT, "The field that was wrong", nullable=True),
        c.RUN_ID,
    ),
    "Records that were refused: where they stand and why. The values stay in the raw file.",
)

ORDER_LINE = Table(
    "clean",
    "order_line",
    "one row per version of an order line: sign +1 brings it, sign -1 takes it back",
    ("order_line_id", "day", "sign"),
    (
        c.DAY,
        Column(
            "order_line_id", Type.TEXT, "Record identity within the source", sensitivity=Sensitivity.PERSONAL
        ),
        Column("sign", Type.INTEGER, "+1 for a version, -1 for its retraction", minimum=-1, maximum=1),
        c.ORDER_ID,
        Column("order_type", Type.TEXT, "Sale or refund", allowed=("sale", "refund")),
        c.LINE_TYPE,
        c.ID_KIND.but(nullable=True),
        c.ID.but(nullable=True),
        c.EVENT_AT,
        c.EVENT_DAY,
        c.PRODUCT_ID,
        c.QUANTITY,
        Column(
            "unit_price",
            Type.DECIMAL,
            "Price of one unit before discount; below 0 in a discount line only",
            unit="currency",
        ),
        Column("discount", Type.DECIMAL, "Discount on the line", minimum=0, unit="currency"),
        c.AMOUNT,
        c.CURRENCY,
        c.ORIGINAL_CURRENCY,
        Column(
            "original_amount",
            Type.DECIMAL,
            "Amount before conversion; empty if nothing was converted",
            nullable=True,
        ),
        c.EXCHANGE_RATE,
        Column("version", Type.INTEGER, "Version number given by the source, 0 without"),
        c.SOURCE,
        c.CONTENT_HASH,
    ),
    "Order lines as known on each day; summing sign * value over day <= D gives what was known on D.",
)

CUSTOMER = Table(
    "clean",
    "customer",
    "one row per identifier and day on which its record was new or changed",
    ("id_kind", "id", "day"),
    (
        c.DAY,
        c.ID_KIND,
        c.ID,
        Column(
            "registered_on", Type.DATE, "Day of registration", nullable=True, sensitivity=Sensitivity.PERSONAL
        ),
        Column(
            "birth_year",
            Type.INTEGER,
            "Year of birth",
            nullable=True,
            minimum=1900,
            maximum=2100,
            sensitivity=Sensitivity.PERSONAL,
        ),
        c.GENDER,
        c.REGION,
        c.INCOME_BAND,
        *(
            Column(
                f"consent_{purpose}",
                Type.BOOLEAN,
                f"Consent to {words}; empty where the source does not say",
                nullable=True,
                sensitivity=Sensitivity.PERSONAL,
            )
            for purpose, words in (
                ("marketing", "being contacted with offers"),
                ("profiling", "being profiled"),
                ("sharing", "data being passed on to partners"),
            )
        ),
        c.IMPUTED,
        c.SOURCE,
        c.CONTENT_HASH,
    ),
    "Customer records without direct identifiers; the newest row with day <= D is what was known on D.",
)

PRODUCT = Table(
    "clean",
    "product",
    "one row per product and day on which its record was new or changed",
    ("product_id", "day"),
    (
        c.DAY,
        c.PRODUCT_ID,
        Column("title", Type.TEXT, "Product title"),
        c.CATEGORY,
        Column("brand", Type.TEXT, "Brand", nullable=True),
        Column("price", Type.DECIMAL, "List price", minimum=0, nullable=True, unit="currency"),
        c.CURRENCY,
        c.ORIGINAL_CURRENCY,
        Column(
            "original_price",
            Type.DECIMAL,
            "List price before conversion; empty if nothing was converted",
            nullable=True,
            minimum=0,
        ),
        c.EXCHANGE_RATE,
        c.IMPUTED,
        c.SOURCE,
        c.CONTENT_HASH,
    ),
    "The catalogue; the newest row with day <= D is what was known on D.",
)

EXCHANGE_RATE = Table(
    "clean",
    "exchange_rate",
    "one row per currency, date of the rate and day on which it was new or changed",
    ("currency", "rate_on", "day"),
    (
        c.DAY,
        c.CURRENCY,
        Column("rate_on", Type.DATE, "The date from which the rate holds"),
        Column("rate", Type.RATE, "Units of the project's currency for one unit of this currency", minimum=0),
        c.SOURCE,
        c.CONTENT_HASH,
    ),
    "Exchange rates; of a currency and date, the newest row with day <= D is what was known on D.",
)

IDENTIFIER = Table(
    "vault",
    "identifier",
    "one row per pseudonym, field and day on which the value was new or changed",
    ("id_kind", "id", "field", "day"),
    (
        c.DAY,
        c.ID_KIND,
        c.ID,
        Column(
            "field",
            Type.TEXT,
            "Which identifier",
            allowed=("account", "crm", "name", "email", "phone", "handle", "contact", "address"),
        ),
        Column("value", Type.TEXT, "The value in clear", sensitivity=Sensitivity.IDENTIFIER),
    ),
    "The vault of direct identifiers; no table outside the vault holds one.",
    owner="team:privacy",
)

POST_TEXT = Table(
    "vault",
    "post_text",
    "one row per version of a post or review",
    ("post_id", "day"),
    (
        c.DAY,
        Column("post_id", Type.TEXT, "As in clean.social_post", sensitivity=Sensitivity.PERSONAL),
        Column("text", Type.TEXT, "What was written", sensitivity=Sensitivity.IDENTIFIER),
    ),
    "The words of posts and reviews, which may name anybody; no other table holds them.",
    owner="team:privacy",
)

TABLES = (
    ARRIVAL,
    FILE_LEDGER,
    LEDGER_REASON,
    FILE_COLUMN,
    REJECT,
    ORDER_LINE,
    CUSTOMER,
    PRODUCT,
    EXCHANGE_RATE,
    IDENTIFIER,
    POST_TEXT,
)
