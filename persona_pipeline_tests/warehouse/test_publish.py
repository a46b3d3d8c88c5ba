"""What a publication writes, what a later one changes, and who may publish."""

from __future__ import annotations

import pytest

from persona_pipeline.contracts import clean
from persona_pipeline.contracts.pseudonym import pseudonym
from persona_pipeline.contracts.warehouse import WAREHOUSE_TABLES, Kind
from persona_pipeline.warehouse import (
    StalePublisher,
    WarehouseError,
    current,
    marts,
    open_database,
    publications,
    rollback,
)
from persona_pipeline.warehouse.retention import delete_old
from persona_pipeline_tests.warehouse.conftest import numbers, rows
from persona_pipeline_tests.warehouse.lake import KEY, MONDAY, SATURDAY, SUNDAY, TUESDAY, Lake
from persona_pipeline_tests.warehouse.small_shop import line, put_day


def test_everything_of_the_lake_is_published(lake: Lake, url: str) -> None:
    publication = lake.publish(url)

    assert (publication.publication_id, publication.as_of, publication.fence) == (1, MONDAY, 1)
    assert current(url) == publication
    assert publication.rows == {
        "customer_profile": 3, "customer_tag": 3, "customer_prediction": 3, "recommendation": 4,
        "segment_profile": 1, "segment_rule": 1, "segment_lineage": 1, "segment_transition": 1,
        "association_rule": 3, "persona": 2, "persona_need": 2, "dim_segment": 2, "dim_tag": 3,
        "dim_model": 5, "dim_product": 3,
        "mart_model_quality": 5, "mart_lift": 1, "mart_calibration": 1, "mart_data_quality": 2,
        "mart_feature_quality": 4,
        "fct_order_line": 8,
        "fct_customer_daily": 4, "fct_session": 3, "fct_contact": 4, "fct_product_view": 4, "mart_web_day": 5,
        "mart_channel": 3, "mart_social_day": 3, "mart_identity": 5, "dim_customer": 4,
        "segment_membership": 4,
    }  # fmt: skip
    for each in WAREHOUSE_TABLES.values():
        if each.kind in (Kind.STATE, Kind.CALENDAR):
            assert rows(url, f"SELECT count(*) FROM v_{each.name}") == rows(
                url, f"SELECT count(*) FROM {each.name}"
            )


def test_views_show_the_version_in_force_in_units_of_the_currency(lake: Lake, url: str) -> None:
    lake.publish(url)

    lines = rows(url, "SELECT coalesce(customer_id, '-'), amount FROM v_fct_order_line ORDER BY 2, 1")
    assert numbers(lines) == [
        ("c_a", -20.0), ("-", 12.5), ("c_a", 12.5), ("c_a", 12.5), ("c_a", 20.0), ("c_b", 37.5),
    ]  # fmt: skip
    assert numbers(
        rows(url, "SELECT customer_id, event_day, orders, sales_amount, refund_amount, currency "
             "FROM v_fct_customer_daily ORDER BY customer_id, event_day")
    ) == [
        ("c_a", "2025-02-20", 1, 32.5, 0, "CNY"), ("c_a", "2025-03-10", 1, 12.5, 20, "CNY"),
        ("c_b", "2025-03-08", 1, 37.5, 0, "CNY"),
    ]  # fmt: skip
    assert numbers(
        rows(url, "SELECT customer_id, region, valid_from, valid_until, is_current FROM v_dim_customer "
             "ORDER BY customer_id, valid_from")
    ) == [
        ("c_a", "上海", "2025-03-01", "2025-03-10", 0), ("c_a", "北京", "2025-03-10", None, 1),
        ("c_b", "unknown", "2025-03-01", None, 1), ("c_c", "unknown", "2025-03-01", None, 1),
    ]  # fmt: skip
    assert numbers(
        rows(url, "SELECT customer_id, segment_key, previous_segment_key, entered_on, left_on "
             "FROM v_segment_membership ORDER BY customer_id, entered_on")
    ) == [
        ("c_a", "s1", None, "2025-03-02", "2025-03-09"), ("c_a", "s2", "s1", "2025-03-09", None),
        ("c_b", "s1", None, "2025-03-02", None), ("c_c", "s2", None, "2025-03-09", None),
    ]  # fmt: skip
    profiles = rows(
        url, "SELECT customer_id, sales_365d, sales_30d, orders_30d FROM v_customer_profile ORDER BY 1"
    )
    assert numbers(profiles) == [
        ("c_a", 32.5, 32.5, 1), ("c_b", 25, 25, 1), ("c_c", 0, None, None),
    ]  # fmt: skip


def test_order_numbers_are_pseudonyms(lake: Lake, url: str) -> None:
    lake.publish(url)
    found = {row[0] for row in rows(url, "SELECT order_id FROM fct_order_line")}
    assert found == {pseudonym(KEY, "order", name) for name in ("o1", "o2", "o3", "o9", "r1")}


def test_only_changed_days_are_written_again(lake: Lake, url: str) -> None:
    lake.publish(url)
    put_day(lake, TUESDAY)
    lake.put(clean.ORDER_LINE, TUESDAY, line("o4/1", "c", "p1", 5))

    publication = lake.publish(url, TUESDAY)

    assert publication.days["fct_order_line"] == (TUESDAY,)
    assert publication.days["fct_customer_daily"] == ()
    assert rows(url, "SELECT published_in, count(*) FROM fct_order_line GROUP BY 1 ORDER BY 1") == [
        (1, 8),
        (2, 1),
    ]
    assert rows(url, "SELECT count(*) FROM fct_order_line WHERE withdrawn_in IS NOT NULL") == [(0,)]


def test_a_republished_day_is_withdrawn_and_as_of_never_moves_back(lake: Lake, url: str) -> None:
    put_day(lake, TUESDAY)
    lake.publish(url, TUESDAY)
    lake.put(clean.ORDER_LINE, SATURDAY, line("o1/1", "a", "p1", "11.00"))

    publication = lake.publish(url, SATURDAY)

    assert (publication.as_of, publication.days["fct_order_line"]) == (TUESDAY, (SATURDAY,))
    assert numbers(rows(url, "SELECT amount FROM v_fct_order_line ORDER BY 1")) == [
        (-20,),
        (11,),
        (12.5,),
        (37.5,),
    ]
    assert rows(url, "SELECT count(*) FROM fct_order_line WHERE withdrawn_in = 2") == [(4,)]


def test_rollback_shows_the_earlier_publication_whole(lake: Lake, url: str) -> None:
    lake.publish(url)
    before = rows(url, "SELECT * FROM v_customer_profile ORDER BY customer_id")
    lines = rows(url, "SELECT * FROM v_fct_order_line ORDER BY order_line_id")
    put_day(lake, TUESDAY, sales="99.00")
    lake.put(clean.ORDER_LINE, SATURDAY, line("o1/1", "a", "p1", "11.00"))
    lake.publish(url, TUESDAY)
    assert rows(url, "SELECT * FROM v_fct_order_line ORDER BY order_line_id") != lines

    assert rollback(url).publication_id == 1

    assert rows(url, "SELECT * FROM v_customer_profile ORDER BY customer_id") == before
    assert rows(url, "SELECT * FROM v_fct_order_line ORDER BY order_line_id") == lines
    assert rows(url, "SELECT publication_id FROM v_publication") == [(1,)]
    assert rollback(url, 2).publication_id == 2
    with pytest.raises(WarehouseError, match=r"publication 7 is not kept; kept are: 2, 1"):
        rollback(url, 7)


def test_the_next_publication_after_a_rollback_has_a_new_number(lake: Lake, url: str) -> None:
    lake.publish(url)
    lake.publish(url)
    rollback(url, 1)
    assert lake.publish(url).publication_id == 3
    assert [p.publication_id for p in publications(url)] == [3, 2, 1]


def test_of_two_publishers_that_read_the_same_fence_one_fails(lake: Lake, url: str) -> None:
    fence = lake.publish(url).fence
    assert lake.publish(url, fence=fence).publication_id == 2
    with pytest.raises(StalePublisher, match="fencing number 1, found 2"):
        lake.publish(url, fence=fence)
    assert [p.publication_id for p in publications(url)] == [2, 1]


def test_a_publisher_overtaken_while_it_stages_writes_nothing(lake: Lake, url: str) -> None:
    lake.publish(url)
    overtaken = []

    def read_and_be_overtaken(*arguments: object) -> object:
        if not overtaken:
            overtaken.append(True)
            lake.publish(url, run_id="the faster one")
        return lake.read(*arguments)  # type: ignore[arg-type]

    slow = lake.copy()
    slow.read = read_and_be_overtaken  # type: ignore[method-assign]
    with pytest.raises(StalePublisher, match="nothing was written"):
        slow.publish(url, run_id="the slower one")
    assert current(url).run_id == "the faster one"  # type: ignore[union-attr]
    assert rows(url, "SELECT max(publication_id) FROM customer_profile") == [(2,)]


def test_three_publications_are_kept_and_older_ones_deleted_in_batches(lake: Lake, url: str) -> None:
    for _ in range(3):
        lake.publish(url)
    lake.put(clean.ORDER_LINE, SATURDAY, line("o1/1", "a", "p1", "11.00"))
    lake.publish(url, keep=10)

    assert delete_old(open_database(url), keep=2, batch=2) > 0

    assert [p.publication_id for p in publications(url)] == [4, 3]
    for each in WAREHOUSE_TABLES.values():
        if each.kind is Kind.STATE:
            assert rows(url, f"SELECT DISTINCT publication_id FROM {each.name} ORDER BY 1") == [(3,), (4,)]
    # publication 3 still shows what 4 withdrew
    assert rows(url, "SELECT count(*) FROM fct_order_line WHERE withdrawn_in = 4") == [(4,)]
    delete_old(open_database(url), keep=1)
    assert rows(url, "SELECT count(*) FROM fct_order_line WHERE withdrawn_in IS NOT NULL") == [(0,)]


def test_the_publication_that_readers_see_is_never_deleted(lake: Lake, url: str) -> None:
    lake.publish(url)
    lake.publish(url)
    rollback(url, 1)
    delete_old(open_database(url), keep=1)
    assert [p.publication_id for p in publications(url)] == [2, 1]


def test_a_day_without_profiles_is_an_error_that_says_so(lake: Lake, url: str) -> None:
    with pytest.raises(
        WarehouseError, match=r"no profiles.customer_profile of 2025-03-11; run that day first"
    ):
        lake.publish(url, TUESDAY)
    assert current(url) is None


NASTY = [
    "O'Neil",
    'say "hi"',
    "a,b;c\td",
    "line\nbreak\r\nand more",
    "back\\slash \\N \\.",
    "",
    "NULL",
    "茶杯 🍵",
    " blank ",
    "\\.\n\\.",
]


def test_nasty_values_arrive_unchanged(lake: Lake, url: str) -> None:
    lake.put(
        clean.PRODUCT,
        MONDAY,
        *(
            {"product_id": f"n{i}", "title": text, "brand": None if i % 2 else text}
            for i, text in enumerate(NASTY)
        ),
    )
    lake.publish(url)
    found = rows(url, "SELECT title, brand FROM dim_product WHERE product_id LIKE 'n_' ORDER BY product_id")
    assert found == [(text, None if i % 2 else text) for i, text in enumerate(NASTY)]


@pytest.mark.parametrize("rows_per_statement", [2_000_000, 1])
def test_backfilled_and_nightly_views_are_equal(
    lake: Lake, make_url: object, rows_per_statement: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marts, "ROWS_PER_STATEMENT", rows_per_statement)
    nightly, ranged = make_url("sqlite"), make_url("sqlite")  # type: ignore[operator]
    put_day(lake, TUESDAY)
    for day in (SATURDAY, SUNDAY, MONDAY, TUESDAY):
        lake.publish(nightly, day)
    lake.publish(nightly, MONDAY)
    lake.publish(ranged, TUESDAY)
    for each in WAREHOUSE_TABLES.values():
        if each.kind is not Kind.CONTROL:
            statement = f"SELECT * FROM v_{each.name}"
            assert sorted(map(repr, rows(nightly, statement))) == sorted(
                map(repr, rows(ranged, statement))
            ), each.name
