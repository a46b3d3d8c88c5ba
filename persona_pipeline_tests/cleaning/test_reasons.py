"""One bad record of every kind among good ones: the exact outcome, and a ledger that adds up."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Callable
from decimal import Decimal

import pytest

from persona_pipeline.contracts import clean
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import START, Project

DAY = START + dt.timedelta(days=60)
PATH = f"raw/orders_{DAY}.csv"
GOOD = {
    "order_id": "O1",
    "line_no": "1",
    "version": "1",
    "type": "sale",
    "account_id": "007",
    "ordered_at": f"{DAY} 10:00:00",
    "product_id": "P1",
    "quantity": "2",
    "unit_price": "10.00",
    "discount": "1.00",
    "amount": "19.00",
    "currency": "CNY",
}
HEADER = ",".join(GOOD) + "\n"


def line(**changes: str) -> str:
    return ",".join((GOOD | changes).values())


def content(*lines: str) -> str:
    return HEADER + "".join(f"{each}\n" for each in lines)


@pytest.fixture
def orders(project: Callable[..., Project]) -> Project:
    return project({"orders": Source(kind="orders", path="raw/orders_{day}*.csv*")})


def rejects(project: Project) -> list[tuple]:
    return project.select("SELECT line, reason, field FROM t ORDER BY line", clean.REJECT)


BAD = [
    ({"product_id": "P\x001"}, "ctrl_char", None),
    ({"currency": "CNY,x"}, "column_count", None),
    ({"order_id": ""}, "missing_required", "order_id"),
    ({"quantity": " "}, "missing_required", "quantity"),
    ({"line_no": ""}, "missing_required", "line_no"),
    ({"quantity": "1_000"}, "bad_number", "quantity"),
    ({"quantity": "２"}, "bad_number", "quantity"),
    ({"amount": '"1,234.50"'}, "bad_number", "amount"),
    ({"unit_price": "1e2"}, "bad_number", "unit_price"),
    ({"version": "x"}, "bad_number", "version"),
    ({"amount": "1e400"}, "not_finite", "amount"),
    ({"amount": "inf"}, "not_finite", "amount"),
    ({"unit_price": "NaN"}, "not_finite", "unit_price"),
    ({"ordered_at": "2024-02-30 10:00:00"}, "bad_datetime", "ordered_at"),
    ({"ordered_at": f"{DAY} 24:00:00"}, "bad_datetime", "ordered_at"),
    ({"ordered_at": "01/02/2025 10:00:00"}, "bad_datetime", "ordered_at"),
    ({"ordered_at": f"{DAY + dt.timedelta(1)} 00:10:00"}, "future", "ordered_at"),
    ({"ordered_at": "2025-01-05 23:59:59"}, "too_old", "ordered_at"),
    ({"ordered_at": f"{DAY - dt.timedelta(36)} 10:00:00"}, "too_late", "ordered_at"),
    ({"currency": "EUR"}, "unknown_currency", "currency"),
    ({"quantity": "-2", "amount": "-21.00"}, "refund_type", "quantity"),
    ({"type": "refund"}, "refund_type", "quantity"),
    ({"type": "gift"}, "bad_value", "type"),
    ({"unit_price": "-10.00"}, "amount_range", "unit_price"),
    (
        {"unit_price": "9999999999.00", "quantity": "1", "discount": "0", "amount": "9999999999.00"},
        "amount_range",
        "unit_price",
    ),
    ({"quantity": "123456789012345678"}, "amount_range", "quantity"),
    ({"unit_price": "9999999999.00"}, "amount_range", "unit_price"),  # times 2: more than 18 digits
    ({"quantity": "99999999999999", "unit_price": "99999999999999"}, "amount_range", "quantity"),
    ({"discount": "30", "amount": "-10"}, "amount_range", "amount"),
    ({"amount": "19.02"}, "amount_mismatch", "amount"),
]


def test_every_bad_order_line_is_rejected_with_its_reason(orders: Project) -> None:
    lines = [line(**{"order_id": f"B{n}"} | changes) for n, (changes, _, _) in enumerate(BAD)]
    latin = line(order_id="B99", product_id="café").encode("latin-1")
    orders.write(PATH, content(line(), *lines).encode() + latin + b"\n")
    orders.run(DAY)
    expected = [(n + 3, reason, field) for n, (_, reason, field) in enumerate(BAD)]
    assert rejects(orders) == [*expected, (len(BAD) + 3, "bad_encoding", None)]
    ledger = orders.select("SELECT status, records_in, clean, rejected, duplicate FROM t", clean.FILE_LEDGER)
    assert ledger == [("loaded", len(BAD) + 2, 1, len(BAD) + 1, 0)]


GOOD_EDGES = [
    ({"ordered_at": f"{DAY + dt.timedelta(1)} 00:09:59"}, "event_day", DAY + dt.timedelta(1)),
    ({"ordered_at": f"{DAY - dt.timedelta(35)} 00:00:00"}, "event_day", DAY - dt.timedelta(35)),
    ({"ordered_at": f"{DAY} 23:59:60"}, "event_at", dt.datetime(2025, 3, 7, 15, 59, 59, tzinfo=dt.UTC)),
    ({"product_id": "NA"}, "product_id", "NA"),
    ({"product_id": "00012345678901234567 8"}, "product_id", "00012345678901234567 8"),
    ({"unit_price": "0", "discount": "0", "amount": "0"}, "amount", Decimal(0)),
    ({"amount": ""}, "amount", Decimal("19.0000")),
    ({"amount": "19.01"}, "amount", Decimal("19.0100")),
    ({"discount": "", "amount": "20"}, "discount", Decimal(0)),
    ({"currency": "", "type": ""}, "currency", "CNY"),
    ({"type": "退款", "quantity": "-2", "amount": "-19"}, "order_type", "refund"),
    ({"account_id": ""}, "id", None),
]


@pytest.mark.parametrize(("changes", "column", "value"), GOOD_EDGES)
def test_unusual_but_right_order_lines_stay(
    orders: Project, changes: dict[str, str], column: str, value: object
) -> None:
    orders.write(PATH, content(line(**changes)))
    orders.run(DAY)
    assert rejects(orders) == []
    assert orders.select(f"SELECT {column} FROM t", clean.ORDER_LINE) == [(value,)]


def test_whole_files_that_are_refused_repeated_or_absent(orders: Project) -> None:
    plain = content(line())
    packed = gzip.compress(plain.encode(), mtime=0)
    orders.write(f"raw/orders_{DAY}.csv", plain)
    orders.write(f"raw/orders_{DAY}_b.csv.gz", packed)
    orders.write(f"raw/orders_{DAY}_c.csv.gz", packed[:-12])
    orders.write(f"raw/orders_{DAY}_d.csv.gz", packed[:-5] + bytes([packed[-5] ^ 1]) + packed[-4:])
    orders.write(f"raw/orders_{DAY}_e.csv", plain.replace("discount", "amount"))
    orders.write(f"raw/orders_{DAY}_f.csv", plain.replace("quantity", "qty"))
    orders.write(f"raw/orders_{DAY}_g.csv", HEADER)
    orders.write(f"raw/orders_{DAY}_h.csv", "")
    orders.run(DAY, DAY + dt.timedelta(days=1))
    ledger = orders.select(
        "SELECT substr(path, 22, 2), status, reason, records_in, clean, duplicate FROM t ORDER BY day, path",
        clean.FILE_LEDGER,
    )
    assert ledger == [
        (".c", "loaded", None, 1, 1, 0),
        ("_b", "duplicate_file", None, 1, 0, 1),
        ("_c", "rejected_file", "gzip_truncated", 0, 0, 0),
        ("_d", "rejected_file", "gzip_crc", 0, 0, 0),
        ("_e", "rejected_file", "duplicate_header", 0, 0, 0),
        ("_f", "rejected_file", "missing_column", 0, 0, 0),
        ("_g", "rejected_file", "empty", 0, 0, 0),
        ("_h", "rejected_file", "empty", 0, 0, 0),
        ("", "absent", None, 0, 0, 0),
    ]


def test_columns_are_found_by_name_and_unknown_ones_are_noted(orders: Project) -> None:
    names = list(reversed(GOOD))
    values = [GOOD[name] for name in names]
    orders.write(PATH, "\ufeff" + ",".join([*names, "till"]) + "\n" + ",".join([*values, "9"]) + "\n")
    orders.run(DAY)
    assert orders.select("SELECT amount, order_id FROM t", clean.ORDER_LINE) == [(Decimal(19), "O1")]
    assert orders.select("SELECT note FROM t", clean.FILE_LEDGER) == [
        ("byte-order mark removed; columns not used: till",)
    ]


def test_a_mapping_with_comma_decimals_missing_tokens_suffix_and_refund_prefix(
    project: Callable[..., Project],
) -> None:
    source = Source(
        kind="orders",
        path="raw/{day}.csv",
        delimiter=";",
        decimal=",",
        encoding="gb18030",
        identity="whole_row",
        datetime_format="%d/%m/%Y %H:%M",
        columns={
            "order_id": "单号",
            "ordered_at": "时间",
            "product_id": "货号",
            "quantity": "数量",
            "unit_price": "价",
            "account_id": "客户",
        },
        missing={"account_id": ("NULL",)},
        strip_suffix={"account_id": ".0"},
        refund={"column": "单号", "prefix": "C"},  # type: ignore[arg-type]
    )
    shop = project({"orders": source})
    rows = [
        "单号;时间;货号;数量;价;客户",
        "1;06/01/2025 09:30;a;2;1,5;NULL",
        "C2;06/01/2025 09:31;b;-1;2;17.0",
        "3;06/01/2025 09:32;b;1;1.234,50;17.0",
    ]
    shop.write("raw/2025-01-06.csv", "\n".join(rows).encode("gb18030"))
    shop.run(START)
    lines = shop.select("SELECT order_id, order_type, amount, id IS NULL FROM t ORDER BY 1", clean.ORDER_LINE)
    assert lines == [("1", "sale", Decimal(3), True), ("C2", "refund", Decimal(-2), False)]
    assert rejects(shop) == [(4, "bad_number", "unit_price")]
    noted = shop.select(
        "SELECT reason, records FROM t WHERE outcome = 'noted' ORDER BY 1", clean.LEDGER_REASON
    )
    assert noted == [("missing_customer", 1), ("refund", 1)]


@pytest.mark.parametrize(
    ("policy", "at", "utc", "noted"),
    [
        ({}, "2025-03-30 01:30:00", "2025-03-30 01:30:00", "dst_gap"),
        ({"dst_gap": "reject"}, "2025-03-30 01:30:00", None, "dst_gap"),
        ({}, "2025-10-26 01:30:00", "2025-10-26 00:30:00", "dst_overlap"),
        ({"dst_overlap": "later"}, "2025-10-26 01:30:00", "2025-10-26 01:30:00", "dst_overlap"),
        ({"dst_overlap": "reject"}, "2025-10-26 01:30:00", None, "dst_overlap"),
        ({}, "2025-07-01 00:30:00", "2025-06-30 23:30:00", None),
    ],
)
def test_local_time(
    project: Callable[..., Project], policy: dict, at: str, utc: str | None, noted: str | None
) -> None:
    shop = project(
        {"orders": Source(kind="orders", path="raw/{day}.csv", time_zone="Europe/London", **policy)},
        time_zone="Europe/London",
    )
    shop.write(f"raw/{at[:10]}.csv", content(line(ordered_at=at)))
    shop.run(dt.date.fromisoformat(at[:10]))
    found = shop.select("SELECT strftime(event_at, '%Y-%m-%d %H:%M:%S'), event_day FROM t", clean.ORDER_LINE)
    assert found == ([(utc, dt.date.fromisoformat(at[:10]))] if utc else [])
    reasons = shop.select("SELECT reason FROM t WHERE outcome = 'noted'", clean.LEDGER_REASON)
    assert reasons == ([(noted,)] if noted else [])


def test_customers(project: Callable[..., Project]) -> None:
    shop = project({"customers": Source(kind="customers", path="raw/{day}.csv")})
    rows = [
        "account_id,name,email,phone,gender,birth_date,region,income_band,registered_on",
        "A1,王伟,w@example.cn,13000000000,女,1990-02-28,上海,中,2025-01-01",
        "A2,Null,,,M,,NA,,",
        ",Nobody,,,,,,,",
        "A3,x,,,,1990-02-30,,,",
        "A4,x,,,,1890-02-03,,,",
        "A5,x,,,,2030-02-03,,,",
        "A1,王伟,w@example.cn,13000000000,女,1990-02-28,上海,中,2025-01-01",
    ]
    shop.write("raw/2025-01-06.csv", "\n".join(rows))
    shop.write(
        "raw/2025-01-07.csv", "\n".join([rows[0], rows[1].replace("13000000000", "13900000000"), rows[2]])
    )
    shop.run(START)
    shop.run(START + dt.timedelta(days=1))
    customers = shop.select(
        "SELECT day, birth_year, gender, region, income_band FROM t ORDER BY day, birth_year", clean.CUSTOMER
    )
    assert customers == [
        (START, 1990, "female", "上海", "middle"),
        (START, None, "male", "NA", "unknown"),
        (START + dt.timedelta(days=1), 1990, "female", "上海", "middle"),
    ]
    assert rejects(shop) == [
        (4, "missing_required", "account_id"),
        (5, "bad_datetime", "birth_date"),
        (6, "too_old", "birth_date"),
        (7, "future", "birth_date"),
    ]
    vault = shop.select(
        "SELECT day, id_kind, field, value FROM t ORDER BY day, id_kind, field, value", clean.IDENTIFIER
    )
    assert vault == [
        (START, "account", "account", "A1"),
        (START, "account", "account", "A2"),
        (START, "account", "email", "w@example.cn"),
        (START, "account", "name", "Null"),
        (START, "account", "name", "王伟"),
        (START, "account", "phone", "13000000000"),
        (START, "email", "email", "w@example.cn"),
        (START, "phone", "phone", "13000000000"),
        (START + dt.timedelta(days=1), "account", "phone", "13900000000"),
        (START + dt.timedelta(days=1), "phone", "phone", "13900000000"),
    ]


def test_products_of_the_catalogue_and_of_order_lines(project: Callable[..., Project]) -> None:
    shop = project(
        {
            "products": Source(kind="products", path="raw/p_{day}.csv"),
            "orders": Source(kind="orders", path="raw/o_{day}.csv", columns={"product_title": "title"}),
        }
    )
    head = HEADER.replace("\n", ",title\n")
    days = [START + dt.timedelta(days=n) for n in range(3)]

    def sold(day: dt.date, product: str, title: str) -> str:
        return (
            line(order_id=f"{day}{product}", product_id=product, ordered_at=f"{day} 10:00:00") + f",{title}\n"
        )

    shop.write(
        f"raw/p_{days[0]}.csv", "product_id,title,category,price\nP1,Tea,food,5\nP2,Pot,,x\nP3,,food,1\n"
    )
    shop.write(f"raw/o_{days[0]}.csv", head + sold(days[0], "P1", "tea!") + sold(days[0], "X", ""))
    shop.write(f"raw/o_{days[1]}.csv", head + sold(days[1], "X", "Box") + sold(days[1], "Y", "Yak"))
    shop.write(f"raw/o_{days[2]}.csv", head + sold(days[2], "X", "Case") + sold(days[2], "Y", ""))
    shop.write(f"raw/p_{days[2]}.csv", "product_id,title,category,price\nP1,Tea,food,6\nY,Yak,animal,1\n")
    shop.run(days[0], days[2])
    products = shop.select(
        "SELECT day, product_id, title, category, price FROM t ORDER BY day, product_id", clean.PRODUCT
    )
    assert products == [
        (days[0], "P1", "Tea", "food", Decimal(5)),
        (days[0], "X", "X", "unknown", None),
        (days[1], "X", "Box", "unknown", None),
        (days[1], "Y", "Yak", "unknown", None),
        (days[2], "P1", "Tea", "food", Decimal(6)),
        (days[2], "Y", "Yak", "animal", Decimal(1)),
    ]
    assert rejects(shop) == [(3, "bad_number", "price"), (4, "missing_required", "title")]


def test_orders_of_tests_are_filtered_and_counted(project: Callable[..., Project]) -> None:
    patterns = {"account_id": ("Test*", "a.b"), "product_id": ("*-DEMO",)}
    declared = {"kind": "orders", "path": "raw/orders_{day}*.csv*", "test_orders": patterns}
    shop = project({"orders": Source.model_validate(declared)})
    changes: list[dict[str, str]] = [
        {"account_id": "tester 1"},
        {"account_id": "a.b"},
        {"product_id": "X-demo", "quantity": "many"},  # a test may be broken too
        {"account_id": "a_b"},
        {"account_id": "contest"},
        {"quantity": "many"},
    ]
    shop.write(PATH, content(*(line(**{"order_id": f"T{n}"} | each) for n, each in enumerate(changes))))
    shop.run(DAY)
    ledger = shop.select("SELECT records_in, clean, rejected, filtered FROM t", clean.FILE_LEDGER)
    assert ledger == [(6, 2, 1, 3)]
    assert rejects(shop) == [(7, "bad_number", "quantity")]
    counted = shop.select("SELECT reason, records FROM t WHERE outcome = 'filtered'", clean.LEDGER_REASON)
    assert counted == [("test_order", 3)]
    kept = shop.select("SELECT order_id FROM t ORDER BY order_id", clean.ORDER_LINE)
    assert kept == [("T3",), ("T4",)]


def test_a_pattern_that_filters_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="would filter every order"):
        Source(kind="orders", path="raw/orders_{day}.csv", test_orders={"account_id": ("*",)})
    with pytest.raises(ValueError, match="belongs to kind = 'orders'"):
        Source(kind="products", path="raw/{day}.csv", test_orders={"product_id": ("x",)})
