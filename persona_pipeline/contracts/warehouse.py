"""Tables of the warehouse: dimensions, facts and marts as BI reads them, and the publisher's own tables.

Here: their columns. Not here: how a table is published (published.py), tables of sessions, contacts and posts
(published_traces.py), SQLAlchemy (warehouse/tables.py), SELECTs (sql/marts). Money is `<name>_minor`, whole
minor units of the project's currency; the views divide.
"""

from __future__ import annotations

from persona_pipeline.contracts import behaviour, clean, models, published_traces
from persona_pipeline.contracts import columns as c
from persona_pipeline.contracts.column import Column, Purpose, Table, Type
from persona_pipeline.contracts.published import (
    PUBLICATION_ID,
    Kind,
    WarehouseTable,
    control_table,
    event_table,
    from_lake,
    in_minor_units,
    state_table,
)

__all__ = [
    "WAREHOUSE_TABLES",
    "Kind",
    "WarehouseTable",
    "feature_columns",
    "in_minor_units",
    "warehouse_tables",
]

WEEK = c.DAY.but(description="The Sunday of the weekly fit")

CUSTOMER_PROFILE = state_table(
    "customer_profile",
    "one row per publication and customer",
    ("customer_id",),
    from_lake(models.CUSTOMER_PROFILE),
    "The wide customer profile; the features of the catalogue follow the columns named here.",
)
CUSTOMER_TAG = state_table(
    "customer_tag",
    "one row per publication, customer and tag",
    ("customer_id", "tag"),
    from_lake(models.CUSTOMER_TAG),
    "Tags to select customers by.",
)
CUSTOMER_PREDICTION = state_table(
    "customer_prediction",
    "one row per publication, customer and target",
    ("customer_id", "target"),
    from_lake(models.PREDICTION),
    "Propensities of the eligible customers.",
)
RECOMMENDATION = state_table(
    "recommendation",
    "one row per publication, customer and rank",
    ("customer_id", "rank"),
    from_lake(models.RECOMMENDATION),
    "What to offer each customer next.",
)
SEGMENT_PROFILE = state_table(
    "segment_profile",
    "one row per publication, segment and feature",
    ("segment_key", "feature"),
    (WEEK, *from_lake(models.SEGMENT_PROFILE)),
    "What sets each segment in force apart.",
)
SEGMENT_RULE = state_table(
    "segment_rule",
    "one row per publication, segment and rule",
    ("segment_key", "rank"),
    (WEEK, *from_lake(models.SEGMENT_RULE)),
    "Who belongs to each segment in force, in words.",
)
SEGMENT_LINEAGE = state_table(
    "segment_lineage",
    "one row per publication, week and segment that was in force or ended",
    ("day", "segment_key"),
    (WEEK, *from_lake(models.LINEAGE)),
    "What became of every segment at each refit up to now.",
)
SEGMENT_TRANSITION = state_table(
    "segment_transition",
    "one row per publication and pair of segments that somebody went between",
    ("from_key", "to_key"),
    (WEEK.but(description="The Sunday at the end of the four weeks"), *from_lake(models.TRANSITION)),
    "Who went from which segment to which within the last four weeks.",
)
ASSOCIATION_RULE = state_table(
    "association_rule",
    "one row per publication and rule",
    ("antecedent", "consequent"),
    (
        WEEK,
        *from_lake(models.RULE),
        Column(
            "antecedent_title",
            Type.TEXT,
            "Titles of the left-hand side, joined by ' + '; the id without a title",
        ),
        Column("consequent_title", Type.TEXT, "Title of the right-hand side; the id without a title"),
    ),
    "Association rules in force, with product titles.",
)
PERSONA = state_table(
    "persona",
    "one row per publication and segment",
    ("segment_key",),
    from_lake(models.PERSONA),
    "Who our customers are.",
)
PERSONA_NEED = state_table(
    "persona_need",
    "one row per publication, segment and rule that it holds more than everybody",
    ("segment_key", "rank"),
    from_lake(models.PERSONA_NEED),
    "What customers of each persona buy together more often than everybody.",
)
DIM_SEGMENT = state_table(
    "dim_segment",
    "one row per publication and segment",
    ("segment_key",),
    (WEEK, *from_lake(models.SEGMENT)),
    "The segments in force.",
)
DIM_TAG = state_table(
    "dim_tag",
    "one row per publication and tag",
    ("tag",),
    (models.CUSTOMER_TAG.column("tag"), models.CUSTOMER_TAG.column("tag_group"), c.CUSTOMERS),
    "Every tag that a customer carries.",
)
DIM_MODEL = state_table(
    "dim_model",
    "one row per publication, kind of model and target",
    ("kind", "target"),
    (
        WEEK,
        Column(
            "kind",
            Type.TEXT,
            "Kind of model",
            allowed=("segmentation", "affinity", "propensity", "recommendation"),
        ),
        c.TARGET.but(description="What is predicted; empty text for other kinds of model"),
        c.STATUS,
        c.STATUS_REASON,
        c.ALGORITHM.but(nullable=True),
        c.MODEL_ID,
        c.FITTED_ON,
    ),
    "The model in force of each kind, or why there is none.",
)
DIM_PRODUCT = state_table(
    "dim_product",
    "one row per publication and product",
    ("product_id",),
    (
        c.PRODUCT_ID,
        clean.PRODUCT.column("title").but(
            description="Product title; the id for a product without catalogue entry"
        ),
        c.CATEGORY.but(description="Product category; 'unknown' for a product without catalogue entry"),
        clean.PRODUCT.column("brand"),
        in_minor_units(clean.PRODUCT.column("price")),
        c.CURRENCY.but(nullable=True),
    ),
    "The catalogue as known, and what sells without being in it.",
)
MART_MODEL_QUALITY = state_table(
    "mart_model_quality",
    "one row per publication, week, kind of model, target, algorithm, sample and metric",
    ("day", "kind", "target", "algorithm", "sample", "metric"),
    (
        WEEK,
        Column("kind", Type.TEXT, "Kind of model", allowed=("segmentation", "propensity", "recommendation")),
        c.TARGET.but(description="What is predicted; empty text for other kinds of model"),
        c.ALGORITHM,
        Column(
            "sample", Type.TEXT, "Which rows: validation, test or gate; fit for a measure of the fit itself"
        ),
        c.METRIC,
        c.VALUE.but(nullable=True),
        Column("is_in_force", Type.BOOLEAN, "The algorithm in force after that week"),
    ),
    "How every candidate of every week did, baselines included.",
)
MART_LIFT = state_table(
    "mart_lift",
    "one row per publication, week, target and decile",
    ("day", "target", "decile"),
    (
        WEEK,
        *(
            models.LIFT.column(n)
            for n in ("target", "decile", "customers", "positives", "lift", "cumulative_gain")
        ),
    ),
    "Lift and gain of the champion by decile.",
)
MART_CALIBRATION = state_table(
    "mart_calibration",
    "one row per publication, week, target and decile",
    ("day", "target", "decile"),
    (
        WEEK,
        *(
            models.LIFT.column(n)
            for n in ("target", "decile", "customers", "mean_probability", "observed_rate")
        ),
    ),
    "Predicted against observed, by decile.",
)


def _files(name: str, description: str) -> Column:
    return Column(name, Type.INTEGER, description, minimum=0, unit="file")


MART_DATA_QUALITY = state_table(
    "mart_data_quality",
    "one row per publication, day and source",
    ("day", "source"),
    (
        c.DAY,
        c.SOURCE,
        _files("files", "Files that arrived"),
        _files("files_rejected", "Files refused as a whole"),
        _files("files_duplicate", "Files delivered before"),
        *(
            clean.FILE_LEDGER.column(name)
            for name in ("records_in", "clean", "rejected", "duplicate", "filtered", "suppressed")
        ),
        Column("top_reject_reason", Type.TEXT, "Most frequent reason of rejection", nullable=True),
        Column("top_reject_records", Type.INTEGER, "Records rejected for it", minimum=0, unit="record"),
        Column(
            "refunds_matched",
            Type.INTEGER,
            "Refund lines, matched on this day, that give back a known sale",
            minimum=0,
            unit="line",
        ),
        Column(
            "refunds_unmatched",
            Type.INTEGER,
            "Refund lines of this day, all or a part of which gives back no known sale",
            minimum=0,
            unit="line",
        ),
    ),
    "The ledger by day and source, and the refunds that found their sale or not.",
)

MART_FEATURE_QUALITY = state_table(
    "mart_feature_quality",
    "one row per publication, day and feature",
    ("day", "feature"),
    from_lake(behaviour.STATISTIC, without=()),
    "How each feature is filled and distributed, and how far it moved: on the as_of day, and on the Sundays "
    "of the year before it.",
)

FCT_ORDER_LINE = event_table(
    "fct_order_line",
    "one row per publication that brought it and version of an order line; sign -1 takes a version back",
    ("order_line_id", "sign"),
    (
        clean.ORDER_LINE.column("order_line_id").but(description="Keyed pseudonym of the record identity"),
        clean.ORDER_LINE.column("sign"),
        c.ORDER_ID.but(description="Keyed pseudonym of the order number"),
        clean.ORDER_LINE.column("order_type"),
        c.LINE_TYPE,
        c.CUSTOMER_ID.but(nullable=True),
        c.EVENT_AT,
        c.EVENT_DAY,
        c.PRODUCT_ID,
        c.QUANTITY,
        *(in_minor_units(clean.ORDER_LINE.column(name)) for name in ("unit_price", "discount", "amount")),
        c.CURRENCY,
        c.SOURCE,
    ),
    "Order lines as they became known. The view shows the version in force.",
    pseudonymous=(("order_line_id", "order_line"), ("order_id", "order")),
)
FCT_CUSTOMER_DAILY = event_table(
    "fct_customer_daily",
    "one row per publication that brought it, customer, day it happened and day known; values are changes",
    ("customer_id", "event_day"),
    (
        c.CUSTOMER_ID,
        *from_lake(behaviour.ORDER_DAY, without=("day", "id_kind", "id")),
    ),
    "What each customer bought on each day. The view adds the changes up.",
)
DIM_CUSTOMER = event_table(
    "dim_customer",
    "one row per publication that brought it, customer and day on which its attributes were new or changed",
    ("customer_id",),
    (
        c.CUSTOMER_ID,
        c.GENDER,
        c.REGION,
        c.INCOME_BAND,
        clean.CUSTOMER.column("registered_on"),
    ),
    "Attributes of customers over time (SCD2): a row holds from its day until the customer's next row.",
)
SEGMENT_MEMBERSHIP = event_table(
    "segment_membership",
    "one row per publication that brought it, customer and Sunday on which its segment changed",
    ("customer_id",),
    (
        c.CUSTOMER_ID,
        c.SEGMENT_KEY.but(
            nullable=True, description="Segment entered; empty if the customer left without entering one"
        ),
        Column("previous_segment_key", Type.TEXT, "Segment left; empty if there was none", nullable=True),
    ),
    "Enter and exit by Sunday, the snapshots kept for ever. A row holds until the customer's next row.",
)

DIM_DATE = WarehouseTable(
    Table(
        "warehouse",
        "dim_date",
        "one row per day",
        ("day",),
        (
            Column("day", Type.DATE, "The day"),
            Column(
                "day_number", Type.INTEGER, "Days since 1970-01-01; subtract two of them for a number of days"
            ),
            Column("year", Type.INTEGER, "Year"),
            Column("quarter", Type.INTEGER, "Quarter of the year", minimum=1, maximum=4),
            Column("month", Type.INTEGER, "Month of the year", minimum=1, maximum=12),
            Column("month_name", Type.TEXT, "Year and month as YYYY-MM"),
            Column(
                "month_number",
                Type.INTEGER,
                "Months since 1970-01; subtract two of them for a number of months",
            ),
            Column("month_start", Type.DATE, "First day of the month"),
            Column("week_start", Type.DATE, "Monday of the week"),
            Column("weekday", Type.INTEGER, "1 is Monday", minimum=1, maximum=7),
            Column("is_weekend", Type.BOOLEAN, "Saturday or Sunday"),
        ),
        "The calendar; dates are compared and grouped through it, so that a query runs on every database.",
    ),
    Kind.CALENDAR,
)

CURRENCY = c.CURRENCY.but(description="ISO 4217 code of all money of the publication")
MINOR_PER_UNIT = Column("minor_per_unit", Type.INTEGER, "Minor units in one unit of the currency", minimum=1)
FENCE = Column("fence", Type.INTEGER, "Fencing number; grows with every move of the pointer", minimum=0)

PUBLICATION = control_table(
    "publication",
    "one row per publication that is kept",
    ("publication_id",),
    (
        PUBLICATION_ID,
        c.AS_OF,
        c.RUN_ID,
        Column("published_at", Type.TIMESTAMP, "When, UTC", provenance=True),
        FENCE.but(provenance=True),
        CURRENCY,
        MINOR_PER_UNIT,
        Column("reason", Type.TEXT, "Why a held publication was released", nullable=True, provenance=True),
        Column("accepted_by", Type.TEXT, "Who released it", nullable=True, provenance=True),
    ),
    "Publications that a rollback can return to.",
)
POINTER = control_table(
    "pointer",
    "one row",
    ("pointer_id",),
    (
        Column("pointer_id", Type.INTEGER, "Always 1", minimum=1, maximum=1),
        PUBLICATION_ID.but(description="The publication that readers see; 0 before the first"),
        c.AS_OF.but(nullable=True),
        FENCE,
        CURRENCY.but(nullable=True),
        MINOR_PER_UNIT,
    ),
    "What readers see; every view joins it.",
)
PUBLISHED_DAY = control_table(
    "published_day",
    "one row per event table, lake partition it was made from, and day",
    ("table_name", "source", "day"),
    (
        Column("table_name", Type.TEXT, "Event table of the warehouse"),
        Column("source", Type.TEXT, "Table of the lake, with the offset in days if it is not the same day"),
        c.DAY,
        Column("lake_version", Type.INTEGER, "Version of that partition that is published", minimum=0),
    ),
    "Which version of which day is published, so that only changed days are written.",
)
VIEW_DEFINITION = control_table(
    "view_definition",
    "one row per view",
    ("view_name",),
    (
        Column("view_name", Type.TEXT, "Name of the view"),
        Column("sha256", Type.TEXT, "SHA-256 of its definition; a view is replaced only when this changes"),
    ),
    "Which definition of each view is in place.",
)

WAREHOUSE_TABLES: dict[str, WarehouseTable] = {
    each.name: each
    for each in (
        CUSTOMER_PROFILE,
        CUSTOMER_TAG,
        CUSTOMER_PREDICTION,
        RECOMMENDATION,
        SEGMENT_PROFILE,
        SEGMENT_RULE,
        SEGMENT_LINEAGE,
        SEGMENT_TRANSITION,
        ASSOCIATION_RULE,
        PERSONA,
        PERSONA_NEED,
        DIM_SEGMENT,
        DIM_TAG,
        DIM_MODEL,
        DIM_PRODUCT,
        MART_MODEL_QUALITY,
        MART_LIFT,
        MART_CALIBRATION,
        MART_DATA_QUALITY,
        MART_FEATURE_QUALITY,
        FCT_ORDER_LINE,
        FCT_CUSTOMER_DAILY,
        *published_traces.TABLES,
        DIM_CUSTOMER,
        SEGMENT_MEMBERSHIP,
        DIM_DATE,
        PUBLICATION,
        POINTER,
        PUBLISHED_DAY,
        VIEW_DEFINITION,
    )
}


def feature_columns(features: Table) -> tuple[Column, ...]:
    """The columns of the feature catalogue that the profile lacks and people may read, as in the lake."""
    own = set(models.CUSTOMER_PROFILE.column_names)
    return tuple(column for column in readable_columns(features) if column.name not in own)


def readable_columns(features: Table) -> tuple[Column, ...]:
    """The columns of features.customer that people may read, in reports and BI."""
    return tuple(column for column in features.columns if column.allows(Purpose.ANALYTICS))


def warehouse_tables(features: Table) -> dict[str, WarehouseTable]:
    """All tables, the profile widened by `features`, which is features.customer with its catalogue."""
    wide = (in_minor_units(column).but(nullable=True) for column in feature_columns(features))
    profile = WarehouseTable(CUSTOMER_PROFILE.table.with_columns(wide), Kind.STATE)
    return WAREHOUSE_TABLES | {profile.name: profile}
