"""The canary itself: an identifier planted in any format is found, and look-alikes are not."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_pipeline_tests.end_to_end.canary import leaks

EMAIL = "Mei.Lin+shop@example.cn"
NAME = "李小梅"
ACCOUNT = "10004711"
PHONE = "+8613800138000"
ALL = {"email": ["x@y.org", EMAIL], "name": [NAME], "account": [ACCOUNT], "phone": [PHONE]}
Write = Callable[[Path, str], None]


def parquet(path: Path, value: str) -> None:
    pq.write_table(pa.table({"n": [1, 2], "label": ["a", f"to {value}"]}), path, compression="zstd")


def parquet_dictionary(path: Path, value: str) -> None:
    pq.write_table(pa.table({"label": pa.array([value, value]).dictionary_encode()}), path)


def parquet_list(path: Path, value: str) -> None:
    pq.write_table(pa.table({"labels": [["a", value]]}), path)


def sqlite(path: Path, value: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (a INTEGER, b TEXT)")
        database.execute("INSERT INTO t VALUES (1, ?)", (value,))
    database.close()


def sqlite_wal(path: Path, value: str) -> None:
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    with database:
        database.execute("CREATE TABLE t (b TEXT)")
        database.execute("INSERT INTO t VALUES (?)", (value,))
    # copied while it is open, as a killed run leaves it: the row is in the log beside the database
    left = {name: Path(f"{path}{name}").read_bytes() for name in ("", "-wal")}
    database.close()
    for name, content in left.items():
        Path(f"{path}{name}").write_bytes(content)


def text(path: Path, value: str) -> None:
    path.write_text(f'2025-01-06 ERROR of "{value}": none\n', encoding="utf-8")


def escaped_json(path: Path, value: str) -> None:
    path.write_text(json.dumps({"metadata": {"who": value}}), encoding="utf-8")


def page(path: Path, value: str) -> None:
    path.write_text(f"<td>{''.join(f'&#{ord(sign)};' for sign in value)}</td>", encoding="utf-8")


def zipped(path: Path, value: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", json.dumps({"categories": [value]}))


def zip_in_gzip(path: Path, value: str) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", value)
    path.write_bytes(gzip.compress(inner.getvalue()))


def utf16(path: Path, value: str) -> None:
    path.write_bytes(b"\x01" + f"[{value}]".encode("utf-16-le"))


def binary(path: Path, value: str) -> None:
    path.write_bytes(b"\x93\xff\x00" + value.encode() + b"\x00\xfe")


def file_name(path: Path, value: str) -> None:
    path.with_name(f"{value}.txt").write_bytes(b"")


FORMATS = [
    parquet,
    parquet_dictionary,
    parquet_list,
    sqlite,
    sqlite_wal,
    text,
    escaped_json,
    page,
    zipped,
    zip_in_gzip,
    utf16,
    binary,
    file_name,
]


@pytest.mark.parametrize("write", FORMATS, ids=lambda write: write.__name__)
@pytest.mark.parametrize(
    ("kind", "index", "value"), [("email", 1, EMAIL), ("name", 0, NAME), ("phone", 0, PHONE)]
)
def test_a_planted_identifier_is_found(
    tmp_path: Path, write: Write, kind: str, index: int, value: str
) -> None:
    write(tmp_path / "file", value)
    found = {(finding.kind, finding.index) for finding in leaks(tmp_path, ALL)}
    assert found == {(kind, index)}


@pytest.mark.parametrize("write", [parquet, parquet_dictionary, parquet_list, sqlite])
def test_an_account_number_is_found_in_text_columns(tmp_path: Path, write: Write) -> None:
    write(tmp_path / "file", ACCOUNT)
    assert {finding.kind for finding in leaks(tmp_path, ALL)} == {"account"}


@pytest.mark.parametrize("value", [f"1{ACCOUNT}", f"a{ACCOUNT}f", "x@y.organic", f"{PHONE}1", "LI Xiaomei"])
def test_a_part_of_a_longer_word_is_not_found(tmp_path: Path, value: str) -> None:
    parquet(tmp_path / "table.parquet", value)
    text(tmp_path / "run.log", value)
    assert leaks(tmp_path, ALL) == []


def test_a_short_number_is_not_looked_for_outside_text_columns(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text(f"wrote {ACCOUNT} bytes", encoding="utf-8")
    pq.write_table(pa.table({"bytes": [int(ACCOUNT)]}), tmp_path / "table.parquet")
    assert leaks(tmp_path, ALL) == []


@pytest.mark.parametrize("folder", ["data/raw/customers", "truth", "data/lake/vault/identifier"])
def test_raw_files_truth_and_vault_may_hold_them(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    text(tmp_path / folder / "file.csv", EMAIL)
    assert leaks(tmp_path, ALL) == []


def test_a_finding_does_not_repeat_the_value(tmp_path: Path) -> None:
    text(tmp_path / "run.log", EMAIL)
    (finding,) = leaks(tmp_path, ALL)
    assert EMAIL.casefold() not in repr(finding).casefold()
    assert (finding.path, finding.place, finding.kind, finding.index) == ("run.log", "bytes", "email", 1)
