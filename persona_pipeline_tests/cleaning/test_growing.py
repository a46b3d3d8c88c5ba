"""Tables of files that grow: night by night as at once, and a past day again from the grown file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from persona_pipeline.cleaning.window import TABLES
from persona_pipeline.contracts import clean, traces
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import Project
from persona_pipeline_tests.cleaning.test_reasons import DAY, HEADER, line

SOURCES = {
    "orders": Source(kind="orders", path="o.csv", growing=True),
    "web": Source(kind="web", path="access.log", format="access_log", growing=True),
}
HIT = '192.0.2.{0} - - [07/Mar/2025:1{0}:00:00 +0800] "GET /p/{0} HTTP/1.1" 200 5 "-" "Mozilla/5.0"\n'
LINES = [
    line(order_id="O1", product_id='"P\n1"') + "\n",
    "1,2\n",
    line(order_id="O2", quantity="x") + "\n",
    line(order_id="O3") + "\n",
    line(order_id="O3", product_id="P9") + "\n",
]
PLACE = ("path", "sha256", "day", "line")
MakeProject = Callable[..., Project]


def append(shop: Project, orders: str, hits: str) -> None:
    for path, text in (("o.csv", orders), ("access.log", hits)):
        with (shop.directory / path).open("a", encoding="utf-8") as stream:
            stream.write(text)


def without_place(shop: Project, table: clean.Table) -> list[str]:
    """Rows without what says when and by which file they came."""
    dropped = [name for name in PLACE if name in table.column_names]
    return sorted(map(repr, shop.rows(table).drop_columns(dropped).to_pylist()))


def test_nights_of_a_growing_file(project: MakeProject) -> None:
    nightly, once = project(SOURCES, start=DAY), project(SOURCES, start=DAY)
    append(once, HEADER + "".join(LINES), "".join(HIT.format(n) for n in range(1, 6)))
    once.run(DAY)
    whole = HEADER + "".join(LINES)
    cuts = [0, len(HEADER) + 8, len(whole) - 40, len(whole)]  # within a quote, within a line
    for night, (begin, end) in enumerate(zip(cuts, cuts[1:], strict=False)):
        hits = "".join(HIT.format(n) for n in ((1, 2), (3, 4), (5,))[night])
        append(nightly, whole[begin:end], hits[:-9])
        day = DAY + dt.timedelta(days=night)
        nightly.run(day)
        append(nightly, "", hits[-9:])  # what was incomplete waits for the next night
    nightly.run(DAY + dt.timedelta(days=3))
    paths = nightly.select("SELECT source, day, path, first_line FROM t ORDER BY ALL", clean.ARRIVAL)
    nights = [(source, (day - DAY).days) for source, day, *_ in paths]
    assert nights == [("orders", 0), ("orders", 1), ("orders", 2), *(("web", night) for night in range(4))]
    assert [first for *_, first in paths] == [1, 2, 7, 1, 2, 4, 5]
    for table in (clean.REJECT, traces.WEB_HIT, traces.ID_LINK):
        assert without_place(nightly, table) == without_place(once, table), table.full_name
    assert nightly.select("SELECT line, reason FROM t ORDER BY line", clean.REJECT) == [
        (4, "column_count"),
        (5, "bad_number"),
    ]
    known = "SELECT order_id, product_id FROM t GROUP BY ALL HAVING sum(sign) > 0 ORDER BY ALL"
    assert nightly.select(known, clean.ORDER_LINE) == once.select(known, clean.ORDER_LINE)
    again = project(SOURCES, start=DAY)
    for path in ("o.csv", "access.log"):
        again.write(path, (nightly.directory / path).read_bytes())
    again.files["clean.arrival"] = nightly.files["clean.arrival"]
    again.arrive = lambda last: None  # type: ignore[method-assign]
    again.run(DAY, DAY + dt.timedelta(days=3))
    for table in TABLES:
        assert again.rows(table).equals(nightly.rows(table)), table.full_name


def test_the_last_line_of_a_day_wins_however_the_file_was_cut(project: MakeProject) -> None:
    """Of ranges admitted on one open day the text of their names is no order: #1063- stands before #170-."""
    shop = project({"orders": SOURCES["orders"]}, start=DAY)
    for text in (
        HEADER + line(product_id="P1"),
        line(product_id="P2") + "\n1,2" * 200,
        line(product_id="P3"),
    ):
        append(shop, text + "\n", "")
        shop.arrive(DAY)
    names = [path for (path,) in shop.select("SELECT path FROM t ORDER BY first_line", clean.ARRIVAL)]
    assert len(names) == 3
    assert names != sorted(names)
    shop.run(DAY)
    assert shop.select("SELECT product_id FROM t", clean.ORDER_LINE) == [("P3",)]
