"""Sheets and Parquet: the tables equal those of a CSV with the same records, and nothing is guessed.

The files are made by other libraries than those that read them: openpyxl and pandas.
"""

from __future__ import annotations

import datetime as dt
import io
import uuid
import zipfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from persona_pipeline.contracts import clean
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import START, Project

DAY = START + dt.timedelta(days=60)
AT = dt.datetime.combine(DAY, dt.time(10, 30, 5))
HEADER = ["order_id", "line_no", "account_id", "ordered_at", "product_id", "quantity", "unit_price"]
ROWS: list[list[object]] = [
    ["O1", 1, "007", AT, "P1", 2, 10.5],
    ["O2", 1, "蓝天", dt.datetime.combine(DAY, dt.time()), "P2", 1, 0.1 + 0.2],
    ["O3", 1, None, AT, "NA", 3, 1e-4],
]
ACCEPTED = [("O1", "P1", Decimal("10.5")), ("O2", "P2", Decimal("0.3")), ("O3", "NA", Decimal("0.0001"))]
MakeProject = Callable[..., Project]


def workbook(file: Path, *sheets: Sequence[Sequence[object]]) -> None:
    """Write sheets of rows as a spreadsheet program would."""
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet(f"other {number}")
        assert sheet is not None
        for row in rows:
            sheet.append(list(row))
    file.parent.mkdir(parents=True, exist_ok=True)
    book.save(file)


def accepted(project: Project) -> list[tuple]:
    return project.select(
        "SELECT order_id, product_id, unit_price FROM t ORDER BY order_id", clean.ORDER_LINE
    )


def ledger(project: Project) -> list[tuple]:
    columns = "status, reason, records_in, clean, rejected, duplicate"
    return project.select(f"SELECT {columns} FROM t ORDER BY path", clean.FILE_LEDGER)


def rejects(project: Project) -> list[tuple]:
    return project.select("SELECT line, reason FROM t ORDER BY line", clean.REJECT)


@pytest.fixture
def sheet(project: MakeProject) -> Project:
    return project({"orders": Source(kind="orders", format="xlsx", path="raw/{day}*.xlsx")})


@pytest.fixture
def parquet(project: MakeProject) -> Project:
    return project({"orders": Source(kind="orders", format="parquet", path="raw/{day}*.parquet")})


def frame(rows: list[list[object]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=pd.Index(HEADER))


def test_a_sheet(sheet: Project) -> None:
    workbook(sheet.directory / f"raw/{DAY}.xlsx", [HEADER, *ROWS])
    sheet.run(DAY)
    assert accepted(sheet) == ACCEPTED
    assert ledger(sheet) == [("loaded", None, 3, 3, 0, 0)]
    local = sheet.select("SELECT event_at FROM t ORDER BY order_id", clean.ORDER_LINE)
    assert local[0][0] == dt.datetime(DAY.year, DAY.month, DAY.day, 2, 30, 5, tzinfo=dt.UTC)


def test_parquet(parquet: Project) -> None:
    file = parquet.directory / f"raw/{DAY}.parquet"
    file.parent.mkdir(parents=True)
    frame(ROWS).to_parquet(file)
    parquet.run(DAY)
    assert accepted(parquet) == ACCEPTED
    assert ledger(parquet) == [("loaded", None, 3, 3, 0, 0)]


def test_every_type_of_parquet_has_its_text(parquet: Project) -> None:
    table = pa.table(
        {
            "order_id": pa.array([12345.0, None], pa.float64()),  # whole numbers with gaps come as doubles
            "line_no": pa.array([1, 1], pa.int8()),
            "account_id": pa.array(["a", "b"]).dictionary_encode(),
            "ordered_at": pa.array([AT.replace(microsecond=999_999), AT], pa.timestamp("us")),
            "product_id": pa.array(["P", "Q"], pa.large_string()),
            "quantity": pa.array([Decimal("2.500"), Decimal(1)], pa.decimal128(9, 3)),
            "unit_price": pa.array([4, 4], pa.uint32()),
        }
    )
    file = parquet.directory / f"raw/{DAY}.parquet"
    file.parent.mkdir(parents=True)
    pq.write_table(table, file)
    parquet.run(DAY)
    assert accepted(parquet) == [("12345", "P", Decimal(4))]
    assert parquet.select("SELECT amount FROM t", clean.ORDER_LINE) == [(Decimal(10),)]
    assert rejects(parquet) == [(2, "missing_required")]


def test_rows_that_cannot_be_taken_are_rejected_and_the_others_stay(sheet: Project) -> None:
    good, zero = ROWS[0], "=1/0"
    rows = [
        HEADER,
        good,
        ["B1", 1, "a", AT, "P", 1, "#N/A"],  # an error
        ["B2", 1, "a", AT, "P", 1, zero],  # a formula that was never calculated
        [],
        ["B3", 1, 1234567890123456789, AT, "P", 1, 1],  # the sheet has rounded it
        ["B4", 1, "a", AT, "P", 1, 1, "beyond"],
        ["B5", 1, "a", "2025-02-30 10:00:00", "P", 1, 1],
        ["B6", 1, "a", AT, "P", True, 1],
        ["B7", 1, "a", AT, "P", "1,5", 1],
    ]
    workbook(sheet.directory / f"raw/{DAY}.xlsx", rows)
    sheet.run(DAY)
    assert accepted(sheet) == ACCEPTED[:1]
    assert rejects(sheet) == [
        (3, "cell_error"),
        (4, "cell_error"),
        (6, "lost_digits"),
        (7, "column_count"),
        (8, "bad_datetime"),
        (9, "bad_number"),
        (10, "bad_number"),
    ]
    assert ledger(sheet) == [("loaded", None, 8, 1, 7, 0)]
    noted = sheet.select("SELECT reason, records FROM t WHERE outcome = 'noted'", clean.LEDGER_REASON)
    assert ("blank_line", 1) in noted


def test_control_characters_and_long_texts(parquet: Project) -> None:
    rows = [[*ROWS[0][:4], product, 1, 1.0] for product in ("P\x01", "P", "P" * (1 << 20))]
    file = parquet.directory / f"raw/{DAY}.parquet"
    file.parent.mkdir(parents=True)
    frame(rows).to_parquet(file)
    parquet.run(DAY)
    assert rejects(parquet) == [(1, "ctrl_char"), (3, "line_too_long")]
    assert ledger(parquet) == [("loaded", None, 3, 1, 2, 0)]


def test_other_sheets_are_named_and_one_can_be_chosen(project: MakeProject, sheet: Project) -> None:
    workbook(sheet.directory / f"raw/{DAY}.xlsx", [["notes"], ["nothing"]], [HEADER, *ROWS])
    chosen = Source(kind="orders", format="xlsx", path="raw/{day}*.xlsx", sheet="other 1")
    sheet.run(DAY)
    assert ledger(sheet) == [("rejected_file", "missing_column", 0, 0, 0, 0)]
    other = Project(sheet.directory, sheet.engine, {"orders": chosen})
    other.run(DAY)
    assert accepted(other) == ACCEPTED
    wrong = Project(sheet.directory, sheet.engine, {"orders": chosen.model_copy(update={"sheet": "x"})})
    wrong.run(DAY)
    assert ledger(wrong) == [("rejected_file", "missing_sheet", 0, 0, 0, 0)]
    assert "other 1" in wrong.select("SELECT note FROM t", clean.FILE_LEDGER)[0][0]


def _bytes_of_workbook() -> bytes:
    buffer = io.BytesIO()
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(HEADER)
    book.save(buffer)
    return buffer.getvalue()


def _with_entities() -> bytes:
    """A workbook whose list of sheets declares entities that would grow."""
    old, new = zipfile.ZipFile(io.BytesIO(_bytes_of_workbook())), io.BytesIO()
    with zipfile.ZipFile(new, "w") as target:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/workbook.xml":
                content = b'<!DOCTYPE x [<!ENTITY a "aa">]>' + content
            target.writestr(name, content)
    return new.getvalue()


def _bomb() -> bytes:
    """A workbook with 100 MB of blanks in a part that nobody reads."""
    buffer = io.BytesIO(_bytes_of_workbook())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as target:
        target.writestr("xl/comments.xml", b" " * (100 << 20))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda: b"", "bad_xlsx"),
        (lambda: b"PK\x03\x04 and no archive", "bad_xlsx"),
        (lambda: _bytes_of_workbook()[:-200], "bad_xlsx"),
        (_with_entities, "bad_xlsx"),
        (_bomb, "gzip_bomb"),
    ],
    ids=["empty", "no archive", "cut", "entities", "bomb"],
)
def test_broken_workbooks_are_rejected_whole(
    sheet: Project, content: Callable[[], bytes], reason: str
) -> None:
    file = sheet.directory / f"raw/{DAY}.xlsx"
    file.parent.mkdir(parents=True)
    file.write_bytes(content())
    sheet.run(DAY)
    assert ledger(sheet) == [("rejected_file", reason, 0, 0, 0, 0)]


def test_parquet_that_is_broken_in_its_last_part_gives_nothing(parquet: Project) -> None:
    file = parquet.directory / f"raw/{DAY}.parquet"
    file.parent.mkdir(parents=True)
    rows = [[f"O{number}", 1, "a", AT, f"P{number}", 1, 1.0] for number in range(2000)]
    pq.write_table(
        pa.Table.from_pandas(frame(rows)), file, row_group_size=1000, use_dictionary=False, compression="zstd"
    )
    content = bytearray(file.read_bytes())
    at = pq.read_metadata(file).row_group(1).column(0).data_page_offset
    content[at + 20 : at + 60] = b"\xff" * 40
    file.write_bytes(bytes(content))
    parquet.run(DAY)
    assert ledger(parquet) == [("rejected_file", "bad_parquet", 0, 0, 0, 0)]
    assert accepted(parquet) == []


@pytest.mark.parametrize(
    ("kind", "form", "words"),
    [
        (pa.timestamp("us", "UTC"), "%Y-%m-%d %H:%M:%S", "instants"),
        (pa.timestamp("us"), "%Y-%m-%d %H:%M:%S%z", "local times"),
        (pa.binary(), "%Y-%m-%d %H:%M:%S", "no text"),
    ],
)
def test_times_that_do_not_fit_the_format(
    project: MakeProject, kind: pa.DataType, form: str, words: str
) -> None:
    source = Source(kind="orders", format="parquet", path="raw/{day}.parquet", datetime_format=form)
    mine = project({"orders": source})
    file = mine.directory / f"raw/{DAY}.parquet"
    file.parent.mkdir(parents=True)
    table = pa.Table.from_pandas(frame(ROWS[:1]), preserve_index=False)
    moments = pa.nulls(1, kind)
    pq.write_table(table.set_column(HEADER.index("ordered_at"), "ordered_at", moments), file)
    mine.run(DAY)
    assert ledger(mine) == [("rejected_file", "column_type", 0, 0, 0, 0)]
    assert words in mine.select("SELECT note FROM t", clean.FILE_LEDGER)[0][0]


def test_the_same_row_again_is_a_duplicate_in_every_format(project: MakeProject) -> None:
    for name in ("xlsx", "parquet"):
        source = Source(kind="orders", format=name, path=f"{name}/{{day}}.{name}", identity="whole_row")
        mine = project({"orders": source})
        file = mine.directory / f"{name}/{DAY}.{name}"
        rows = [ROWS[0], ROWS[0], ROWS[1]]
        if name == "xlsx":
            workbook(file, [HEADER, *rows])
        else:
            file.parent.mkdir(parents=True)
            frame(rows).to_parquet(file)
        mine.run(DAY)
        assert ledger(mine) == [("loaded", None, 3, 2, 0, 1)]


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=8
).filter(lambda text: not text.startswith("=") and "_x" not in text)
MOMENTS = st.integers(0, 24 * 86_400).map(lambda seconds: AT + dt.timedelta(days=-24, seconds=seconds))
PRICES = st.decimals("0.01", "9999", places=2)
LINES = st.lists(st.tuples(TEXTS, st.integers(1, 99), PRICES, MOMENTS), min_size=1, max_size=20)


def test_csv_sheet_and_parquet_of_the_same_records_give_equal_tables(
    project: MakeProject, tmp_path: Path
) -> None:
    engine = project({}).engine

    @settings(max_examples=8, phases=(Phase.explicit, Phase.generate))
    @given(lines=LINES)
    def equal(lines: list[tuple]) -> None:
        directory = tmp_path / uuid.uuid4().hex
        directory.mkdir()
        rows = [
            [f"O{number}", 1, text, at, f"P{text}", quantity, float(price)]
            for number, (text, quantity, price, at) in enumerate(lines)
        ]
        workbook(directory / f"{DAY}.xlsx", [HEADER, *rows])
        frame(rows).to_csv(directory / f"{DAY}.csv", index=False)
        frame(rows).to_parquet(directory / f"{DAY}.parquet")
        found = []
        for name in ("csv", "xlsx", "parquet"):
            source = Source(kind="orders", format=name, path=f"{{day}}.{name}")
            mine = Project(directory, engine, {"orders": source})
            mine.run(DAY)
            columns = "order_id, id, event_at, product_id, quantity, unit_price, amount, order_line_id"
            found.append(mine.select(f"SELECT {columns} FROM t ORDER BY order_id", clean.ORDER_LINE))
        assert len(found[0]) == len(lines)
        assert found[0] == found[1] == found[2]

    equal()
