"""`persona init --from`: what is drafted from files loads, reads them, and says what is a guess."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_pipeline.cli import main
from persona_pipeline.settings import Settings, load_settings
from persona_pipeline.sources.guess import guess, normal_name
from persona_pipeline.sources.look import decimal_sign, encoding_of, look_at, time_formats

ORDERS = "订单号,下单时间,商品编号,商品名称,数量,单价,会员号\n"
ROWS = "".join(
    f"D{n:04},2025/1/{1 + n % 28} 10:{n % 60:02},P{n % 7},苹果手机壳,{1 + n % 3},{n}.50,M{n % 9}\n"
    for n in range(60)
)
MEMBERS = "会员号;姓名;手机;邮箱;注册日期\n" + "".join(
    f"M{n};王小{n};1380000{n:04};m{n}@b.example;{1 + n:02}.03.2024\n" for n in range(20)
)


def init(directory: Path, *files: Path) -> Settings:
    arguments = [part for file in files for part in ("--from", str(file))]
    assert main(["init", str(directory), *arguments]) == 0
    return load_settings(directory, create_key=False)


def checked(directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What `persona check` says of a project whose files it accepts."""
    capsys.readouterr()
    code = main(["check", "--project", str(directory)])
    told = capsys.readouterr().out
    assert code == 0, told
    return told


def write(file: Path, text: str, encoding: str = "utf-8") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode(encoding))
    return file


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_chinese_orders(tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str) -> None:
    settings = init(tmp_path / "shop", write(tmp_path / "订单.csv", ORDERS + ROWS, encoding))
    orders = settings.sources["orders"]
    assert orders.columns == {
        "order_id": "订单号",
        "ordered_at": "下单时间",
        "product_id": "商品编号",
        "product_title": "商品名称",
        "quantity": "数量",
        "unit_price": "单价",
        "account_id": "会员号",
    }
    assert orders.encoding == ("gb18030" if encoding.startswith("gb") else "utf-8")
    assert (orders.datetime_format, orders.identity) == ("%Y/%m/%d %H:%M", "whole_row")
    assert (orders.known_at, orders.through) == ("event", dt.date(2025, 1, 28))
    project = settings.project
    assert (project.start, project.currency, project.language) == (dt.date(2025, 1, 1), "CNY", "zh")
    assert "orders: 1 files, 60 records; rejected: none" in checked(tmp_path / "shop", capsys)


def test_several_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files that differ in their day are one source; one inside the project is named from there."""
    shop = tmp_path / "shop"
    header = "Order No,Order Date,SKU,Qty,Unit Price,Currency\n"
    days = [
        write(shop / f"data/raw/o_2025-01-0{n}.csv", header + f"{n},2025-01-0{n} 10:00:00,P,1,2.50,usd\n")
        for n in (6, 7)
    ]
    members = write(tmp_path / "members.csv", MEMBERS, "gbk")
    settings = init(shop, *days, members)
    told = capsys.readouterr().out
    assert settings.sources["orders"].path == "data/raw/o_{day}.csv"
    assert settings.sources["customers"].path == members.as_posix()
    customers = settings.sources["customers"]
    assert (customers.delimiter, customers.encoding, customers.phone_country) == (";", "gb18030", "86")
    assert (customers.date_format, customers.key_fields) == ("%d.%m.%Y", ("account_id",))
    assert set(customers.columns) == {"account_id", "name", "phone", "email", "registered_on"}
    assert (settings.project.currency, settings.project.start) == ("USD", dt.date(2025, 1, 6))
    assert "time_zone: no file tells it" in told
    assert "currency: no file" not in told
    out = checked(shop, capsys)
    assert "orders: 2 files, 2 records; rejected: none" in out
    assert "customers: 1 files, 20 records; rejected: none" in out


def test_every_guess_is_marked(tmp_path: Path) -> None:
    init(tmp_path / "shop", write(tmp_path / "o.csv", ORDERS + ROWS, "gbk"))
    lines = (tmp_path / "shop" / "persona.toml").read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if " = " in line and not line.startswith(("name =", "path =", "#"))]
    assert len(said) > 12
    assert [line for line in said if "    # guess: " not in line] == []


def test_day_and_month_that_cannot_be_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"{n},0{n}/05/2025 10:00,P,1,2,5\n" for n in range(1, 8)).replace("2,5", "2")
    init(tmp_path / "shop", write(tmp_path / "o.csv", "InvoiceNo,InvoiceDate,StockCode,Qty,Price\n" + rows))
    assert "orders: datetime_format: %m/%d/%Y %H:%M or %d/%m/%Y %H:%M" in capsys.readouterr().out


def test_posts_as_objects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = '"created_at": "2025-01-06T10:00:0{0}Z", "text": "fine"'
    post = '{{"id": {0}, "user": {{"screen_name": "u{0}"}}, ' + made + "}}\n"
    settings = init(tmp_path / "shop", write(tmp_path / "p.jsonl", "".join(post.format(n) for n in range(9))))
    social = settings.sources["social"]
    assert (social.format, social.datetime_format, social.time_zone) == ("jsonl", "%Y-%m-%dT%H:%M:%SZ", "UTC")
    assert (social.columns["posted_at"], social.columns["handle"]) == ("created_at", "user.screen_name")
    assert "social: 1 files, 9 records; rejected: none" in checked(tmp_path / "shop", capsys)


def test_an_access_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = '192.0.2.1 - - [06/Jan/2025:10:00:00 +0000] "GET /p/1 HTTP/1.1" 200 5 "-" "Mozilla/5.0"\n'
    settings = init(tmp_path / "shop", write(tmp_path / "access_2025-01-06.log", line * 5))
    assert settings.sources["web"].path.endswith("access_{day}.log")
    assert "web: 1 files, 5 records; rejected: none" in checked(tmp_path / "shop", capsys)


def test_a_log_of_several_days(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log has no history export; it has to come in files of one day."""
    line = '192.0.2.1 - - [0{}/Jan/2025:10:00:00 +0000] "GET /p/1 HTTP/1.1" 200 5 "-" "Mozilla/5.0"\n'
    settings = init(tmp_path / "shop", write(tmp_path / "access.log", line.format(6) + line.format(7)))
    assert (settings.sources["web"].known_at, settings.project.start) == ("delivery", dt.date(2025, 1, 6))
    assert "cut the log into files of one day each" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("order no,date\n1,2025-01-06\n", ("could not decide", "nearest is orders", "product_id")),
        ("colour,shape\nred,round\n", ("could not decide", "colour, shape")),
        ("", ("is empty",)),
        ("a,a\n1,2\n", ("duplicate_header",)),
    ],
)
def test_what_cannot_be_understood(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: tuple[str, ...]
) -> None:
    """One line, and nothing is written."""
    code = main(["init", str(tmp_path / "shop"), "--from", str(write(tmp_path / "x.csv", text))])
    told = capsys.readouterr().err
    assert code == 2
    assert [word for word in words if word not in told] == []
    assert not (tmp_path / "shop").exists()


def test_a_suggestion_for_an_unmapped_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "o_2025-01-06.csv", ORDERS + ROWS, "gbk")
    toml = '[project]\nstart = 2025-01-06\ncurrency = "CNY"\n[sources.orders]\nkind = "orders"\n'
    write(tmp_path / "persona.toml", toml + 'path = "o_{day}.csv"\nencoding = "gb18030"\n')
    assert main(["check", "--project", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    for words in (
        "missing_column",
        "[sources.orders.columns]",
        'order_id = "订单号"    # guess: by its name',
    ):
        assert words in told


@pytest.mark.parametrize(
    ("file", "kind", "columns", "records"),
    [
        (
            "online_retail/online_retail.csv.gz",
            "orders",
            "order_id ordered_at product_id product_title quantity unit_price account_id",
            "541,909 records; rejected: amount_range 2, refund_type 1,336",
        ),
        ("waimai_10k/waimai_10k.csv.gz", "social", "text", "11,987 records; rejected: ctrl_char 1"),
        (
            "twitter_airline/Tweets.csv.gz",
            "social",
            "post_id text handle posted_at",
            "14,640 records; rejected: none",
        ),
        (
            "customer_personality/marketing_campaign.csv.gz",
            "customers",
            "crm_id birth_year income registered_on",
            "2,240 records; rejected: too_old 2",
        ),
    ],
)
def test_real_data(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    shared_data: Path,
    file: str,
    kind: str,
    columns: str,
    records: str,
) -> None:
    settings = init(tmp_path / "shop", shared_data / file)
    assert " ".join(settings.sources[kind].columns) == columns
    assert records in checked(tmp_path / "shop", capsys)


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("plain", "ascii", "utf-8"),
        ("Müller, Café, naïve", "utf-8", "utf-8"),
        ("Müller, Café, naïve über", "cp1252", "cp1252"),
        ("订单号,数量", "gbk", "gb18030"),
    ],
)
def test_encodings(text: str, encoding: str, found: str) -> None:
    assert encoding_of(text.encode(encoding) + b"\n") == found


@pytest.mark.parametrize(
    ("values", "sign"),
    [(["1.5", "2"], "."), (["1,5", "2"], ","), (["1.234,5"], None), (["x"], None), ([], None)],
)
def test_decimal_signs(values: list[str], sign: str | None) -> None:
    assert decimal_sign(values) == sign


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        (["2025-01-06 10:00:00"], ["%Y-%m-%d %H:%M:%S"]),
        (["2025年1月6日"], ["%Y年%m月%d日"]),
        (["01/02/2025"], ["%m/%d/%Y", "%d/%m/%Y"]),
        (["01/02/2025", "13/02/2025"], ["%d/%m/%Y"]),
        (["1957"], []),
        (["12345678"], []),
    ],
)
def test_formats_of_times(values: list[str], formats: list[str]) -> None:
    assert time_formats(values) == formats


def test_names_are_compared_by_normal_form() -> None:
    assert {normal_name(name) for name in ("Order No.", "order_no", "ORDER-NO", "ｏｒｄｅｒ no")} == {
        "orderno"
    }


def test_a_name_with_impossible_values_is_not_taken(tmp_path: Path) -> None:
    """A column called date that holds words is no time; without one, these are no orders."""
    text = "order no,date,sku,qty,price\n" + "1,today,P,1,2\n" * 3
    assert guess(look_at(write(tmp_path / "o.csv", text))) is None


MOMENT = dt.datetime.fromisoformat("2025-01-06 10:30:05")
BOOK: list[list[object]] = [["订单号", "下单时间", "商品编号", "数量", "单价", "会员号"]]
BOOK += [[f"D{n}", MOMENT + dt.timedelta(days=n), f"P{n}", 1, 2.5, 17850 + n] for n in range(5)]


def workbook(file: Path, rows: Sequence[Sequence[Any]], *others: str) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    for name in others:
        book.create_sheet(name)
    book.save(file)
    return file


@pytest.mark.parametrize("extension", ["xlsx", "csv", "xls"])
def test_a_workbook_under_any_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], extension: str
) -> None:
    made = workbook(tmp_path / "o.xlsx", BOOK, "退货").rename(tmp_path / f"o.{extension}")
    settings = init(tmp_path / "shop", made)
    assert "sheets not read: 退货" in capsys.readouterr().out
    orders = settings.sources["orders"]
    assert (orders.format, orders.datetime_format) == ("xlsx", "%Y-%m-%d %H:%M:%S")
    assert (orders.through, settings.project.start) == (dt.date(2025, 1, 10), dt.date(2025, 1, 6))
    assert set(orders.columns) == {
        "order_id", "ordered_at", "product_id", "quantity", "unit_price", "account_id"
    }  # fmt: skip
    assert "orders: 1 files, 5 records; rejected: none" in checked(tmp_path / "shop", capsys)


def test_moments_at_midnight_are_dates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    midnight = [[number, MOMENT.replace(hour=0, minute=0, second=0), *row] for number, _, *row in BOOK[1:]]
    settings = init(tmp_path / "shop", workbook(tmp_path / "o.xlsx", [BOOK[0], *midnight]))
    assert settings.sources["orders"].datetime_format == "%Y-%m-%d"
    assert "orders: 1 files, 5 records; rejected: none" in checked(tmp_path / "shop", capsys)


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (pa.timestamp("us"), "%Y-%m-%d %H:%M:%S"),
        (pa.timestamp("us", "UTC"), "%Y-%m-%d %H:%M:%S%z"),
        (pa.date32(), "%Y-%m-%d"),
    ],
)
def test_parquet_contacts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: pa.DataType, form: str
) -> None:
    """An opening at midnight does not make the format of contacts lose their clock."""
    at = [MOMENT] * 3 if pa.types.is_timestamp(kind) else [MOMENT.date()] * 3
    opened = [MOMENT.replace(hour=0, minute=0, second=0), None, None]
    table = pa.table(
        {
            "contact_id": ["1", "2", "3"],
            "campaign_id": ["a", "a", "b"],
            "opened_at": pa.array(opened, kind if pa.types.is_timestamp(kind) else pa.date32()),
            "contacted_at": pa.array(at, kind),
            "email": [f"u{n}@b.example" for n in range(3)],
            "tags": [["x"], [], ["y"]],
        }
    )
    pq.write_table(table, tmp_path / "c.csv")
    settings = init(tmp_path / "shop", tmp_path / "c.csv")
    campaigns = settings.sources["campaigns"]
    assert (campaigns.format, campaigns.datetime_format) == ("parquet", form)
    assert set(campaigns.columns) == {"contact_id", "campaign_id", "contacted_at", "opened_at", "email"}
    assert "columns without a text: tags" in capsys.readouterr().out
    assert "campaigns: 1 files, 3 records; rejected: " in checked(tmp_path / "shop", capsys)


@pytest.mark.parametrize(
    ("head", "words"),
    [(b"\xd0\xcf\x11\xe0old", "save it as .xlsx"), (b"PK\x03\x04zip", "bad_xlsx"), (b"PAR1x", "bad_parquet")],
)
def test_what_only_begins_like_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], head: bytes, words: str
) -> None:
    (tmp_path / "x.csv").write_bytes(head)
    assert main(["init", str(tmp_path / "shop"), "--from", str(tmp_path / "x.csv")]) == 2
    assert words in capsys.readouterr().err


def test_a_suggestion_for_a_workbook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workbook(tmp_path / "o_2025-01-06.xlsx", BOOK)
    toml = '[project]\nstart = 2025-01-06\ncurrency = "CNY"\n[sources.orders]\nkind = "orders"\n'
    write(tmp_path / "persona.toml", toml + 'path = "o_{day}.xlsx"\nformat = "xlsx"\n')
    assert main(["check", "--project", str(tmp_path)]) == 1
    assert 'order_id = "订单号"    # guess: by its name' in capsys.readouterr().out
