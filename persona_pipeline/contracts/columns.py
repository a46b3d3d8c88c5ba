"""The vocabulary: columns that stand in more than one table, each defined once.

Not here: columns that only one table has; those stand with their table.
"""

from __future__ import annotations

from persona_pipeline.contracts.column import Column, Sensitivity, Type

PERSONAL = Sensitivity.PERSONAL

DAY = Column("day", Type.DATE, "The day this row was known; partition of every lake table")
EVENT_DAY = Column(
    "event_day", Type.DATE, "The day it happened, in the business time zone", sensitivity=PERSONAL
)
EVENT_AT = Column("event_at", Type.TIMESTAMP, "When it happened, UTC", sensitivity=PERSONAL)
AS_OF = Column("as_of", Type.DATE, "The day whose end this row describes; uses only what was known then")
RUN_ID = Column("run_id", Type.TEXT, "The run that wrote the row", provenance=True)

SOURCE = Column("source", Type.TEXT, "Name of the source in persona.toml")
PATH = Column("path", Type.TEXT, "File, relative to the project folder")
SHA256 = Column("sha256", Type.TEXT, "SHA-256 of the decompressed bytes of the file")
REASON = Column("reason", Type.TEXT, "Public, stable reason code")
CONTENT_HASH = Column("content_hash", Type.TEXT, "Hash of the record's content; equal content is a repeat")

ID_KIND = Column(
    "id_kind",
    Type.TEXT,
    "Kind of identifier",
    allowed=("account", "crm", "email", "phone", "handle", "contact", "visitor", "client"),
)
ID = Column("id", Type.TEXT, "Keyed pseudonym of the identifier", sensitivity=PERSONAL)
SIGN = Column("sign", Type.INTEGER, "+1 for a version, -1 for its retraction", minimum=-1, maximum=1)
VERSION = Column("version", Type.INTEGER, "Version number given by the source, 0 without")
CUSTOMER_ID = Column("customer_id", Type.TEXT, "Keyed pseudonym of the customer", sensitivity=PERSONAL)

ORDER_ID = Column("order_id", Type.TEXT, "Order number of the shop", sensitivity=PERSONAL)
PRODUCT_ID = Column("product_id", Type.TEXT, "Product number of the shop")
CATEGORY = Column("category", Type.TEXT, "Product category")
CURRENCY = Column("currency", Type.TEXT, "ISO 4217 code")
LINE_TYPE = Column(
    "line_type",
    Type.TEXT,
    "item: a product; the others are charges of an order",
    allowed=("item", "shipping", "tax", "fee", "discount"),
)
QUANTITY = Column("quantity", Type.DECIMAL, "Units; negative in a refund", unit="unit")
AMOUNT = Column(
    "amount", Type.DECIMAL, "Quantity times price less discount; negative in a refund", unit="currency"
)

ORIGINAL_CURRENCY = Column(
    "original_currency",
    Type.TEXT,
    "Currency before conversion; empty if nothing was converted",
    nullable=True,
)
EXCHANGE_RATE = Column(
    "exchange_rate",
    Type.RATE,
    "Units of the project's currency for one of the original; empty if nothing was converted",
    nullable=True,
    minimum=0,
)

CHANNEL = Column(
    "channel",
    Type.TEXT,
    "Where a visit came from, in the standard channel grouping",
    allowed=(
        "direct",
        "organic_search",
        "paid_search",
        "organic_social",
        "paid_social",
        "email",
        "sms",
        "app",
        "affiliate",
        "display",
        "referral",
        "internal",
        "other",
    ),
)
DEVICE = Column(
    "device",
    Type.TEXT,
    "Kind of device, from the user agent",
    allowed=("desktop", "mobile", "tablet", "other", "unknown"),
)
BROWSER = Column("browser", Type.TEXT, "Family of the browser, from the user agent; 'unknown' without")
OS = Column("os", Type.TEXT, "Family of the operating system, from the user agent; 'unknown' without")
CONTACT_CHANNEL = Column("channel", Type.TEXT, "Channel of the campaign contact, for example email or sms")
CAMPAIGN_ID = Column("campaign_id", Type.TEXT, "Campaign number of the shop")
MESSAGE = Column("message", Type.TEXT, "What the campaign said, for example win_back; 'unknown' without")

GENDER = Column(
    "gender",
    Type.TEXT,
    "As declared by the customer",
    allowed=("female", "male", "other", "unknown"),
    sensitivity=PERSONAL,
)
REGION = Column(
    "region",
    Type.TEXT,
    "Region of the customer as the source names it; 'unknown' if absent",
    sensitivity=PERSONAL,
)
INCOME_BAND = Column(
    "income_band",
    Type.TEXT,
    "Declared income band",
    allowed=("low", "middle", "high", "unknown"),
    sensitivity=PERSONAL,
)
AGE_BAND = Column(
    "age_band",
    Type.TEXT,
    "Age in whole years at as_of, in bands",
    allowed=("under_18", "18_24", "25_34", "35_44", "45_54", "55_64", "65_plus", "unknown"),
    sensitivity=PERSONAL,
)

SEGMENT_KEY = Column("segment_key", Type.TEXT, "Key of a segment; keeps its meaning over refits")
NAME_EN = Column("name_en", Type.TEXT, "Name in English")
NAME_ZH = Column("name_zh", Type.TEXT, "Name in Chinese")
FEATURE = Column("feature", Type.TEXT, "Name of a feature of the catalogue")
TARGET = Column("target", Type.TEXT, "What is predicted, for example buy_30d")
ALGORITHM = Column("algorithm", Type.TEXT, "Name of the algorithm")
METRIC = Column("metric", Type.TEXT, "Name of the metric")
VALUE = Column("value", Type.DOUBLE, "Value of the metric")
STATUS = Column(
    "status",
    Type.TEXT,
    "promoted: fitted and in force; carried: last week's stays in force; none: nothing in force",
    allowed=("promoted", "carried", "none"),
)
STATUS_REASON = Column("status_reason", Type.TEXT, "Why, with the numbers that decided")
MODEL_ID = Column(
    "model_id", Type.TEXT, "Version of the model: kind, day of the fit, start of its hash", nullable=True
)
MODEL_SHA256 = Column("model_sha256", Type.TEXT, "SHA-256 of the stored model; names the file", nullable=True)
FITTED_ON = Column("fitted_on", Type.DATE, "The Sunday the model in force was fitted on", nullable=True)
FIT = (STATUS, STATUS_REASON, MODEL_ID, MODEL_SHA256, FITTED_ON)
RANK = Column("rank", Type.INTEGER, "1 is best", minimum=1)
CUSTOMERS = Column("customers", Type.INTEGER, "Number of customers", minimum=0, unit="customer")
SHARE = Column("share", Type.DOUBLE, "Share of the whole", minimum=0, maximum=1)
PROBABILITY = Column(
    "probability", Type.DOUBLE, "Calibrated probability", minimum=0, maximum=1, sensitivity=PERSONAL
)
DECILE = Column(
    "decile", Type.INTEGER, "Tenth of the scored customers; 1 is the highest", minimum=1, maximum=10
)
SUPPORT = Column("support", Type.DOUBLE, "Share of baskets that hold all items", minimum=0, maximum=1)
BASKETS = Column("baskets", Type.INTEGER, "Baskets that hold all items", minimum=0, unit="basket")
RFM_SEGMENT = Column(
    "rfm_segment", Type.TEXT, "One of the ten standard RFM names", nullable=True, sensitivity=PERSONAL
)
IMPUTED = Column(
    "imputed",
    Type.TEXT,
    "Fields that were filled and how, for example birth_year:median,region:mode; empty where nothing was",
    nullable=True,
)
