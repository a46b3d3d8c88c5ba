"""The identity map: an identifier enters on the day it is first known and follows its customer."""

from __future__ import annotations

from persona_pipeline.contracts.behaviour import MAP
from persona_pipeline.contracts.identity import EDGE, MERGE_EVENT
from persona_pipeline.contracts.pseudonym import customer_pseudonym
from persona_pipeline_tests.features.history import FolderLake, day
from persona_pipeline_tests.identity.traces import KEY, Traces, customers, groups, options, run


def name_of(text: str) -> str:
    kind, _, value = text.partition(":")
    return customer_pseudonym(KEY, kind, value)


def events(lake: FolderLake) -> list[tuple[int, str, str, str | None, int]]:
    return sorted(
        (
            (row["day"] - day(0)).days,
            f"{row['id_kind']}:{row['id']}",
            row["event"],
            row["reason"],
            row["identifiers"],
        )
        for row in lake.rows(MERGE_EVENT)
    )


def test_an_identifier_is_known_from_its_first_order_or_record(lake: FolderLake) -> None:
    traces = Traces().order(1, "account:a").order(2, "account:b", "o3").order(2, "account:a", "o4")
    traces.record(0, "account:b").record(3, "account:b").record(3, "account:c").put(lake)
    run(lake, 0, 3)
    rows = [(row["day"], row["id"], row["customer_id"]) for row in lake.rows(MAP)]
    assert rows == [
        (day(0), "b", name_of("account:b")),
        (day(1), "a", name_of("account:a")),
        (day(3), "c", name_of("account:c")),
    ]
    assert lake.rows(MERGE_EVENT) == []


def test_a_window_without_news_writes_nothing(lake: FolderLake) -> None:
    Traces().order(0, "account:a").order(1, "account:a", "o2").put(lake)
    run(lake, 0, 0)
    run(lake, 1, 1)
    assert [row["day"] for row in lake.rows(MAP)] == [day(0)]


def test_only_accounts_records_and_emails_make_a_customer(lake: FolderLake) -> None:
    traces = (
        Traces().post(0, "handle:h").link(0, "visitor:v", "contact:k", "click").link(0, "phone:p", "handle:h")
    )
    traces.contact(1, "k", "email:e").link(3, "crm:r", "phone:p").put(lake)
    run(lake, 0, 3)
    assert groups(lake, 0) == []
    assert groups(lake, 2) == ["contact:k email:e visitor:v"]
    assert groups(lake, 3) == ["contact:k email:e visitor:v", "crm:r handle:h phone:p"]


def test_the_oldest_account_record_or_email_names_the_customer(lake: FolderLake) -> None:
    traces = Traces().order(2, "account:z").post(0, "handle:h").link(3, "crm:b", "account:z")
    traces.link(3, "crm:b", "handle:h").link(4, "visitor:v", "account:z", "login").put(lake)
    run(lake, 0, 4)
    assert set(customers(lake, 4).values()) == {name_of("account:z")}
    assert groups(lake, 4) == ["account:z crm:b handle:h visitor:v"]


def test_two_customers_become_one_and_keep_the_older_name(lake: FolderLake) -> None:
    traces = (
        Traces().link(0, "crm:r", "email:e").order(1, "account:a").link(1, "visitor:v", "account:a", "login")
    )
    traces.link(5, "crm:r", "account:a").put(lake)
    run(lake, 0, 6)
    assert groups(lake, 4) == ["account:a visitor:v", "crm:r email:e"]
    assert groups(lake, 5) == ["account:a crm:r email:e visitor:v"]
    assert set(customers(lake, 5).values()) == {name_of("crm:r")}
    assert events(lake) == [(5, "account:a", "merged", None, 4), (5, "visitor:v", "merged", None, 4)]


def test_a_denied_value_joins_nobody_and_belongs_to_nobody(lake: FolderLake) -> None:
    Traces().link(0, "crm:a", "phone:0").link(1, "crm:b", "phone:0").put(lake)
    run(lake, 0, 1, options(denied=["phone:0"]))
    assert groups(lake, 1) == ["crm:a", "crm:b"]
    assert events(lake) == [(0, "phone:0", "refused", "deny_list", 1)]


def test_an_email_of_too_many_persons_is_refused_from_then_on(lake: FolderLake) -> None:
    traces = Traces()
    for number in range(4):
        traces.link(number, f"crm:{number}", "email:e").link(number, f"crm:{number}", f"account:{number}")
    traces.put(lake)
    run(lake, 0, 3)
    assert len(groups(lake, 2)) == 1
    assert groups(lake, 3) == [f"account:{n} crm:{n}" for n in range(4)]
    assert customers(lake, 3)["crm:0"] == customers(lake, 2)["crm:0"]
    assert [event for event in events(lake) if event[0] == 3] == [
        *((3, f"account:{n}", "split", None, 2) for n in (1, 2)),
        *((3, f"crm:{n}", "split", None, 2) for n in (1, 2)),
        (3, "email:e", "refused", "shared", 4),
        (3, "email:e", "split", None, 0),
    ]


def test_a_phone_of_two_years_of_birth_is_refused_until_one_is_corrected(lake: FolderLake) -> None:
    traces = (
        Traces().record(0, "crm:a", 1980).record(0, "crm:b").record(2, "crm:b", 1955).record(4, "crm:b", 1980)
    )
    traces.link(0, "crm:a", "phone:p").link(0, "crm:b", "phone:p").put(lake)
    run(lake, 0, 4)
    assert groups(lake, 1) == ["crm:a crm:b phone:p"]
    assert groups(lake, 3) == ["crm:a", "crm:b"]
    assert groups(lake, 4) == ["crm:a crm:b phone:p"]
    assert (2, "phone:p", "refused", "conflict", 2) in events(lake)


def test_a_family_email_is_refused_like_a_phone(lake: FolderLake) -> None:
    traces = Traces().record(0, "crm:a", 1980).record(0, "crm:b", 1955)
    traces.link(0, "crm:a", "email:e").link(0, "crm:b", "email:e").put(lake)
    run(lake, 0, 0)
    assert groups(lake, 0) == ["crm:a", "crm:b"]


def test_a_shared_device_merges_nobody(lake: FolderLake) -> None:
    traces = Traces().link(0, "visitor:v", "account:a", "login").link(2, "visitor:v", "account:b", "login")
    traces.link(4, "crm:r", "account:a").link(4, "crm:r", "account:b").put(lake)
    run(lake, 0, 4)
    assert groups(lake, 1) == ["account:a visitor:v"]
    assert groups(lake, 3) == ["account:a", "account:b"]
    assert groups(lake, 4) == ["account:a account:b crm:r visitor:v"]  # one person with two accounts
    assert (2, "visitor:v", "refused", "shared", 2) in events(lake)


def test_a_forwarded_click_merges_nobody(lake: FolderLake) -> None:
    traces = Traces().contact(0, "k", "account:a").link(1, "visitor:v", "contact:k", "click")
    traces.link(2, "visitor:v", "account:b", "login").put(lake)
    run(lake, 0, 2)
    assert groups(lake, 1) == ["account:a contact:k visitor:v"]
    assert groups(lake, 2) == ["account:a contact:k", "account:b"]


def test_a_cluster_beyond_the_largest_is_not_joined_by_phones_then_not_by_emails(lake: FolderLake) -> None:
    traces = Traces()
    for one, other in (("a", "b"), ("b", "c")):
        traces.link(0, f"crm:{one}", f"phone:{one}{other}").link(0, f"crm:{other}", f"phone:{one}{other}")
    run_with = options(largest_cluster=4)
    for one in "ab":
        traces.link(0, f"crm:{one}", "email:e")
    traces.put(lake)
    run(lake, 0, 0, run_with)
    assert groups(lake, 0) == ["crm:a crm:b email:e", "crm:c"]
    assert [event[1:4] for event in events(lake)] == [
        ("phone:ab", "refused", "cluster_size"),
        ("phone:bc", "refused", "cluster_size"),
    ]
    run(lake, 0, 0, options(largest_cluster=2))
    assert groups(lake, 0) == ["crm:a", "crm:b", "crm:c"]


def test_who_sees_the_confirmation_placed_the_order(lake: FolderLake) -> None:
    traces = Traces().order(0, "account:a", "o1").confirmation(0, "v", "o1").confirmation(3, "w", "o2")
    traces.order(5, "account:b", "o2").confirmation(5, "x", "o2", status=404).put(lake)
    run(lake, 0, 5)
    assert groups(lake, 4) == ["account:a visitor:v"]
    assert groups(lake, 5) == ["account:a visitor:v", "account:b visitor:w"]
    assert [(row["day"], row["evidence"], row["other_id"]) for row in lake.rows(EDGE)] == [
        (day(0), "order", "v"),
        (day(5), "order", "w"),
    ]


def test_two_identifiers_of_one_contact_are_a_pair(lake: FolderLake) -> None:
    traces = Traces().contact(0, "k", "account:a").link(1, "email:e", "contact:k", "contact")
    traces.put(lake)
    run(lake, 0, 1)
    assert groups(lake, 0) == ["account:a"]
    assert groups(lake, 1) == ["account:a email:e"]  # nobody clicked: the contact says nothing of a visitor


def test_a_changed_deny_list_is_applied_on_the_next_day(lake: FolderLake) -> None:
    Traces().link(0, "crm:a", "phone:0").link(0, "crm:b", "phone:0").put(lake)
    run(lake, 0, 0)
    run(lake, 1, 1, options(denied=["phone:0"]))
    assert groups(lake, 0) == ["crm:a crm:b phone:0"]
    assert groups(lake, 1) == ["crm:a", "crm:b"]


def test_an_edge_is_one_row_per_evidence_on_its_first_day(lake: FolderLake) -> None:
    traces = Traces().link(0, "visitor:v", "account:a", "login").link(1, "account:a", "visitor:v", "login")
    traces.link(2, "account:a", "visitor:v", "order").link(0, "account:a", "account:a").put(lake)
    run(lake, 0, 0)
    run(lake, 1, 2)
    names = ("day", "id_kind", "id", "other_kind", "other_id", "evidence")
    assert [tuple(row[name] for name in names) for row in lake.rows(EDGE)] == [
        (day(0), "account", "a", "visitor", "v", "login"),
        (day(2), "account", "a", "visitor", "v", "order"),
    ]
