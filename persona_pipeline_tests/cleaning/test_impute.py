"""Missing values: filled as declared, from what was known strictly before the day, and marked as filled."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from persona_pipeline.cleaning.impute_model import FEWEST, predict
from persona_pipeline.cleaning.window import TABLES
from persona_pipeline.contracts import Table, clean, traces
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import START, Project

DAYS = [START + dt.timedelta(days=n) for n in range(3)]
CUSTOMERS = {
    "birth_year": "median",
    "gender": "mode",
    "region": "drop",
    "income_band": {"constant": "middle"},
}
PRODUCTS = {"category": "mode", "brand": {"constant": "own"}, "price": "median"}
CONTACTS = {"cost": "median", "channel": "mode"}
MakeProject = Callable[..., Project]


def source(kind: str, impute: dict, **options: object) -> Source:
    return Source.model_validate({"kind": kind, "path": kind + "_{day}.csv", "impute": impute, **options})


SOURCES = {
    "customers": source("customers", CUSTOMERS),
    "products": source("products", PRODUCTS),
    "campaigns": source("campaigns", CONTACTS, version="version"),
}
FILES = {
    "customers": (
        "account_id,birth_year,gender,region,income_band",
        ["a,1990,female,north,low", "b,1980,male,north,high", "c,2000,male,south,low", "d,,,south,low"],
        # the median of two sorts before the mean; e has no region; a comes again as it was
        ["d,,,south,low", "e,1950,male,,low", "f,,,west,", "a,1990,female,north,low"],
        ["g,,,east,x", "b,1970,female,north,high"],
    ),
    "products": (
        "product_id,title,category,brand,price",
        ["P1,one,toys,acme,10", "P2,two,food,acme,30.5", "P3,three,,,"],
        ["P4,four,,,", "P3,three,,,", "P1,one,toys,acme,12"],
        ["P5,five,,,"],
    ),
    "campaigns": (
        "contact_id,version,campaign_id,contacted_at,account_id,cost,channel,opened_at",
        ["1,0,spring,{} 09:00:00,a,0.5,sms,", "2,0,spring,{} 09:00:00,b,1.5,email,"],
        ["3,0,spring,{} 09:00:00,c,,,", "4,0,spring,{} 09:00:00,d,0,sms,"],
        ["3,1,spring,2025-01-07 09:00:00,c,,,{} 10:00:00", "5,0,spring,{} 09:00:00,e,,,"],
    ),
}


def delivered(project: MakeProject, sources: dict[str, Source]) -> Project:
    shop = project(sources)
    for kind, (header, *nights) in FILES.items():
        for day, rows in zip(DAYS, nights, strict=True):
            text = "\n".join(row.replace("{}", str(day)) for row in rows)
            shop.write(f"{kind}_{day}.csv", f"{header}\n{text}\n")
    return shop


@pytest.fixture
def nightly(project: MakeProject) -> Project:
    shop = delivered(project, SOURCES)
    for day in DAYS:
        shop.run(day)
    return shop


def filled(shop: Project, table: Table, *columns: str) -> list[tuple]:
    """Rows with something filled, by night."""
    return [
        ((row[0] - START).days, *row[1:])
        for row in shop.select(
            f"SELECT day, {', '.join(columns)}, imputed FROM t WHERE imputed IS NOT NULL ORDER BY ALL", table
        )
    ]


def test_what_is_filled_and_from_what(nightly: Project) -> None:
    """Night 1 knows 1980, 1990, 2000 and male twice; night 2 knows e neither, who was refused."""
    columns = ("birth_year", "gender", "region", "income_band")
    assert filled(nightly, clean.CUSTOMER, *columns) == [
        (1, 1990, "male", "west", "middle", "birth_year:median,gender:mode,income_band:constant"),
        (2, 1990, "male", "east", "middle", "birth_year:median,gender:mode,income_band:constant"),
    ]
    first = nightly.select("SELECT birth_year, gender FROM t WHERE income_band = 'low'", clean.CUSTOMER)
    assert (None, "unknown") in first  # d, on the first night, before which nothing was known
    # P1 and P2 are one toy and one food: the smaller word; of two prices the lower one
    assert filled(nightly, clean.PRODUCT, "product_id", "category", "brand", "price") == [
        (0, "P3", "unknown", "own", None, "brand:constant"),
        (1, "P4", "food", "own", Decimal("10"), "category:mode,brand:constant,price:median"),
        (2, "P5", "food", "own", Decimal("12"), "category:mode,brand:constant,price:median"),
    ]
    assert filled(nightly, traces.CAMPAIGN_CONTACT, "sign", "cost", "channel") == [
        (1, 1, Decimal("0.5"), "email", "cost:median,channel:mode"),
        (2, -1, Decimal("0.5"), "email", "cost:median,channel:mode"),  # the version of night 1 is taken back
        (2, 1, Decimal("0.5"), "sms", "cost:median,channel:mode"),
        (2, 1, Decimal("0.5"), "sms", "cost:median,channel:mode"),
    ]


def test_the_ledger_and_the_rejects_say_so(nightly: Project) -> None:
    noted = nightly.select(
        "SELECT source, day, reason, records FROM t WHERE reason LIKE '%imputed' ORDER BY ALL",
        clean.LEDGER_REASON,
    )
    assert [(name, (day - START).days, *rest) for name, day, *rest in noted] == [
        ("campaigns", 1, "imputed", 1),
        ("campaigns", 2, "imputed", 2),
        ("customers", 0, "not_imputed", 1),
        ("customers", 1, "imputed", 1),
        ("customers", 2, "imputed", 1),
        ("products", 0, "imputed", 1),
        ("products", 0, "not_imputed", 1),
        ("products", 1, "imputed", 1),
        ("products", 2, "imputed", 1),
    ]
    assert nightly.select("SELECT source, line, reason, field FROM t", clean.REJECT) == [
        ("customers", 3, "missing_required", "region")
    ]


def test_a_repeat_stays_a_repeat(nightly: Project) -> None:
    """The customer d and P3 come again as they were delivered, though more could be filled now."""
    repeats = nightly.select(
        "SELECT source, records FROM t WHERE reason = 'redelivered' ORDER BY source", clean.LEDGER_REASON
    )
    assert repeats == [("customers", 2), ("products", 1)]


def test_a_range_gives_the_rows_of_its_nights(project: MakeProject, nightly: Project) -> None:
    ranged = delivered(project, SOURCES)
    ranged.run(DAYS[0], DAYS[-1])
    for table in TABLES:
        assert ranged.rows(table).equals(nightly.rows(table)), table.full_name


def test_nothing_is_filled_by_default(project: MakeProject) -> None:
    plain = {name: each.model_copy(update={"impute": {}}) for name, each in SOURCES.items()}
    shop = delivered(project, plain)
    shop.run(DAYS[0], DAYS[-1])
    for table in (clean.CUSTOMER, clean.PRODUCT, traces.CAMPAIGN_CONTACT):
        assert filled(shop, table, "source") == []
    assert shop.rows(clean.REJECT).num_rows == 0


@settings(max_examples=30)
@given(
    versions=st.lists(
        st.tuples(st.sampled_from("abcde"), st.integers(0, 5), st.one_of(st.none(), st.integers(-3, 30))),
        unique_by=lambda row: row[:2],
        max_size=15,
    )
)
def test_median_and_mode_of_what_was_known_before(
    engine: DuckDBEngine, versions: list[tuple[str, int, int | None]]
) -> None:
    days = [START + dt.timedelta(days=n) for n in range(7)]
    table = pa.table(
        {
            "record_id": pa.array([row[0] for row in versions], pa.string()),
            "day": pa.array([days[row[1]] for row in versions], pa.date32()),
            "value": pa.array([None if row[2] is None else str(row[2]) for row in versions], pa.string()),
            "number": pa.array(
                [None if row[2] is None else Decimal(row[2]) for row in versions], pa.decimal128(18, 4)
            ),
        }
    )
    asked = {"version": table, "asked": pa.table({"day": pa.array(days, pa.date32())})}
    rows = engine.fetch(sql_text("clean/impute_value"), asked).to_pylist()
    found = {row["day"]: (row["lower_median"], row["most_frequent"]) for row in rows}
    expected = {}
    for number, day in enumerate(days):
        newest = {row[0]: row[2] for row in sorted(versions, key=lambda row: row[1]) if row[1] < number}
        values = sorted(value for value in newest.values() if value is not None)
        if values:
            counts = Counter(values)
            mode = min(counts, key=lambda value, counts=counts: (-counts[value], value))
            expected[day] = (str(values[(len(values) - 1) // 2]), str(mode))
    assert found == expected


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory):  # noqa: ANN201
    with DuckDBEngine(tmp_path_factory.mktemp("engine"), memory="200MB", threads=1) as made:
        yield made


def test_a_filled_year_of_birth_is_no_evidence_of_who_somebody_is(nightly: Project) -> None:
    """The conflict of two years of birth keeps identities apart; a made-up one must not."""
    customer = nightly.read(clean.CUSTOMER, None, None)
    node = nightly.engine.fetch(
        "SELECT DISTINCT id_kind, id, dense_rank() OVER (ORDER BY id) AS code FROM t", {"t": customer}
    )
    births = nightly.engine.fetch(sql_text("identity/birth"), {"customer": customer, "node": node})
    assert sorted(births.column("birth_year").to_pylist()) == [1970, 1980, 1990, 2000]


def member(number: int) -> dict[str, object]:
    """Women live in the north and are rich, and a year of birth follows from both and from nothing else."""
    female = number % 3 == 0
    return {
        "record_id": f"{number:04}",
        "gender": "female" if female else "male",
        "region": "north" if female else f"south {number % 2}",
        "income_band": "high" if female else "low",
        "birth_year": (1960 if female else 1990) + number % 5,
    }


def test_models_find_what_follows_from_the_rest() -> None:
    complete = [member(number) for number in range(FEWEST)]
    asked = [
        {**member(n), field: None, "wanted": [field]} for n, field in enumerate(["gender", "birth_year"] * 9)
    ]
    told = {row["record_id"]: row for row in predict(complete, asked)}
    for number, row in enumerate(asked):
        true, found = member(number), told[str(row["record_id"])]
        if row["gender"] is None:
            assert found["gender"] == true["gender"]
        else:
            assert abs(int(str(found["birth_year"])) - int(str(true["birth_year"]))) <= 2
    assert predict(complete[1:], asked) == []
    assert predict(complete, asked) == list(told.values())


def test_a_model_needs_two_hundred_complete_records(project: MakeProject) -> None:
    """The first night refuses and says so; the second fills from the first, a rerun of it alike."""
    shop = project({"customers": source("customers", {"gender": "model", "birth_year": "model"})})
    header = "account_id,birth_year,gender,region,income_band\n"
    rows = [
        f"{each['record_id']},{each['birth_year']},{each['gender']},{each['region']},{each['income_band']}\n"
        for each in map(member, range(FEWEST))
    ]
    shop.write(f"customers_{DAYS[0]}.csv", header + "".join(rows) + "x,,,north,high\n")
    shop.write(f"customers_{DAYS[1]}.csv", header + "y,,,north,high\nz,1991,,south 1,low\n")
    shop.run(DAYS[0], DAYS[1])
    assert filled(shop, clean.CUSTOMER, "gender", "region") == [
        (1, "female", "north", "birth_year:model,gender:model"),
        (1, "male", "south 1", "gender:model"),
    ]
    noted = "SELECT reason, records FROM t WHERE reason LIKE '%imputed' ORDER BY day"
    assert shop.select(noted, clean.LEDGER_REASON) == [("not_imputed", 1), ("imputed", 2)]


@pytest.mark.parametrize(
    ("kind", "rules", "words"),
    [
        ("customers", {"name": "mode"}, "customers have: birth_year, gender"),
        ("orders", {"quantity": "median"}, "nothing of orders can be imputed"),
        ("customers", {"gender": "median"}, "a text has no median"),
        ("products", {"price": "model"}, "model is for customers"),
        ("customers", {"gender": {"constant": "f"}}, "expected one of female, male, other as constant"),
        ("customers", {"region": {"constant": "unknown"}}, "does not mean missing"),
        ("customers", {"birth_year": {"constant": 85}}, "expected a year"),
        ("products", {"price": {"constant": "9"}}, "expected a number from 0 on"),
        ("customers", {"gender": "guess"}, "'drop', 'median', 'mode' or 'model'"),
    ],
)
def test_rules_that_do_not_fit(kind: str, rules: dict, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        source(kind, rules)
