"""The access logs, read by a reader that shares no code with the demo, against the truth."""

# pandas' results are wide unions that a checker cannot narrow; the tests themselves show what they are.
# pyright: reportIndexIssue=false, reportOperatorIssue=false, reportAttributeAccessIssue=false
# pyright: reportGeneralTypeIssues=false, reportArgumentType=false, reportReturnType=false
# pyright: reportAssignmentType=false, reportCallIssue=false

from __future__ import annotations

import datetime as dt
import gzip
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from persona_pipeline.demo import Truth, expected_ledger
from persona_pipeline.demo.web_agents import PEOPLE
from persona_pipeline_tests.demo.reading import raw_lines
from persona_pipeline_tests.demo.web_reading import ROBOT, START, Hit, file_day, read_logs


@pytest.fixture(scope="module")
def logs(shop: Path) -> tuple[dict[str, Counter[str]], list[Hit]]:
    """Counts by file, and the good hits."""
    return read_logs(shop / "data/raw/web")


@pytest.fixture(scope="module")
def hits(logs: tuple[dict[str, Counter[str]], list[Hit]]) -> pd.DataFrame:
    """The good hits as a table."""
    frame = pd.DataFrame(
        [(hit.at, hit.user, hit.method, hit.target, hit.cookie, hit.referrer) for hit in logs[1]],
        columns=["at", "user", "method", "target", "cookie", "referrer"],
    )
    frame["day"] = frame["at"].dt.normalize()
    return frame


@pytest.fixture(scope="module")
def cookies(shop: Path) -> pd.DataFrame:
    """Whose visitor cookies are whose."""
    return pd.read_parquet(shop / "truth/who_is_who_web.parquet")


@pytest.fixture(scope="module")
def persons(shop: Path) -> dict[str, int]:
    """Number of the customer by account."""
    known = pd.read_parquet(shop / "truth/who_is_who.parquet")
    accounts = known[known["id_kind"] == "account"]
    return dict(zip(accounts["value"], accounts["person"], strict=True))


def test_the_ledger_is_what_a_reader_counts(
    shop: Path, logs: tuple[dict[str, Counter[str]], list[Hit]]
) -> None:
    ledger = expected_ledger(shop)
    of_web = ledger[ledger["source"] == "web"]
    assert set(of_web["reason"]) == {
        "", "not_http", "bot", "asset", "bad_line", "bad_encoding", "bad_datetime", "future", "too_old",
        "too_late", "line_too_long", "duplicate_file", "gzip_truncated", "gzip_crc",
    }  # fmt: skip
    expected: dict[str, Counter[str]] = {}
    for path, outcome, reason, records in zip(
        of_web["path"], of_web["outcome"], of_web["reason"], of_web["records"], strict=True
    ):
        expected.setdefault(Path(path).name, Counter())[reason or outcome] += records
    assert logs[0] == expected


def test_rejects_stay_below_one_in_a_hundred_of_each_log(shop: Path) -> None:
    ledger = expected_ledger(shop)
    of_web = ledger[ledger["source"] == "web"]
    rejected = of_web[of_web["outcome"] == "rejected"].groupby("path")["records"].sum()
    records = of_web[of_web["outcome"] == "records_in"].set_index("path")["records"]
    assert (rejected / records[rejected.index]).max() <= 0.01


def test_amount_and_mixture(hits: pd.DataFrame, logs: tuple[dict[str, Counter[str]], list[Hit]]) -> None:
    total = sum(logs[0].values(), Counter())
    assert 150_000 < total["records_in"] < 250_000
    assert 0.05 < total["bot"] / total["records_in"] < 0.20
    assert 0.02 < total["asset"] / total["records_in"] < 0.12
    addresses = Counter(hit.address for hit in logs[1])
    six = sum(count for address, count in addresses.items() if b":" in address)
    assert 0.08 < six / len(logs[1]) < 0.18
    for wanted in (rb"\x22", rb"\x5C", rb"\x1B"):
        assert any(wanted in hit.referrer or wanted in hit.agent for hit in logs[1])
    assert any("%B6%FA%FF" in target for target in hits["target"])
    assert {"GET", "POST", "HEAD"} == set(hits["method"])


def test_people_do_not_look_like_robots() -> None:
    assert len(set(PEOPLE)) >= 50
    assert [agent for agent in PEOPLE if ROBOT.search(agent.encode())] == []


def test_lines_stand_in_the_order_of_time(shop: Path) -> None:
    faults = re.compile(rb"\[(\d\d/\w{3}/\d{4}):(\d\d:\d\d:\d\d)")
    path = shop / "data/raw/web/access_2025-03-04.log.gz"
    found = [faults.search(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    times = [match[2] for match in found if match and match[1] == b"04/Mar/2025"]
    assert len(times) > 500
    assert times == sorted(times)


def test_confirmations_name_orders_of_the_account(shop: Path, hits: pd.DataFrame) -> None:
    orders = {
        line[0].decode(): (line[4].decode(), line[5].decode())
        for lines in raw_lines(shop / "data/raw/orders").values()
        for line in lines[1:]
        if len(line) == len(lines[0]) and lines[0][0] == b"order_id" and lines[0][4] == b"account_id"
    }
    done = hits[hits["target"].str.startswith("/checkout/done")]
    numbers = done["target"].str.extract(r"^/checkout/done\?order=(O\d{12})$")[0]
    assert numbers.notna().all()
    assert numbers.is_unique
    assert 0.3 < len(done) / len(orders) < 0.8
    known = numbers.isin(list(orders))
    assert known.mean() > 0.97  # the files with reordered columns are left out above
    done, numbers = done[known], numbers[known]
    account = numbers.map(lambda number: orders[number][0])
    at = pd.to_datetime(numbers.map(lambda number: orders[number][1]))
    assert ((done["user"] == account) | done["user"].isna()).all()
    assert 0.7 < done["user"].notna().mean() < 0.95
    assert (done["at"] == at + pd.Timedelta(seconds=1)).all()


def test_cookies_and_logins_agree_with_the_truth(
    hits: pd.DataFrame, cookies: pd.DataFrame, persons: dict[str, int], truth: Truth
) -> None:
    assert list(cookies.columns) == ["person", "id_kind", "value", "valid_from", "is_shared", "is_linkable"]
    assert set(cookies["id_kind"]) == {"visitor"}
    assert not cookies.duplicated(["person", "value"]).any()
    shown = hits.dropna(subset=["user", "cookie"])
    pairs = shown.assign(person=shown["user"].map(persons)).groupby(["person", "cookie"])["day"].min()
    pairs = pairs.rename("first").reset_index()
    both = pairs.merge(
        cookies, left_on=["person", "cookie"], right_on=["person", "value"], validate="one_to_one"
    )
    assert len(both) == len(pairs)
    assert (both["first"] >= pd.to_datetime(both["valid_from"])).all()
    assert both["is_linkable"].all(), "a login shows whose cookie it is"
    assert 0.3 < cookies["is_linkable"].mean() < 1
    several = pairs.groupby("cookie")["person"].nunique()
    shared = set(cookies.loc[cookies["is_shared"], "value"])
    assert set(several[several > 1].index) <= shared
    assert 0.0002 < len(shared) / cookies["value"].nunique() < 0.006
    assert cookies.groupby("value")["person"].nunique().max() > 20  # the shop's tablet
    assert 1 < (cookies.groupby("person")["value"].nunique()).mean() < 4
    strangers = hits[~hits["cookie"].isin(set(cookies["value"])) & hits["cookie"].notna()]
    assert strangers["user"].isna().all()
    assert set(truth.customers["visitors"]) == {1, 2}


def test_clicked_contacts_land_on_the_site(shop: Path, hits: pd.DataFrame, truth: Truth) -> None:
    landed = hits[hits["target"].str.contains("cid=", regex=False)].copy()
    landed["contact_id"] = landed["target"].str.extract(r"[?&]cid=(K\d{3}(?:\d{8}|N\d{7}))$")[0]
    landed["campaign_id"] = landed["target"].str.extract(r"utm_campaign=(C\d{3})&")[0]
    landed = landed.drop_duplicates("contact_id")
    contacts = truth.contacts[truth.contacts["is_clicked"]]
    both = landed.merge(contacts, on="contact_id", how="outer", validate="one_to_one", indicator=True)
    assert len(landed) > 300
    assert (both["_merge"] != "left_only").all()
    lost = both[both["_merge"] == "right_only"]
    # The last clicks come after the last day.
    assert (pd.to_datetime(lost["contacted_on"]) > pd.Timestamp(START) + pd.Timedelta(days=235)).all()
    both = both[both["_merge"] == "both"]
    assert (both["campaign_id_x"] == both["campaign_id_y"]).all()
    wait = both["day"] - pd.to_datetime(both["contacted_on"])
    assert wait.between(pd.Timedelta(0), pd.Timedelta(days=4)).all()


def test_visits_speak_of_the_hidden_state(
    hits: pd.DataFrame, cookies: pd.DataFrame, persons: dict[str, int], truth: Truth
) -> None:
    own = cookies[~cookies["is_shared"]]
    person = dict(zip(own["value"], own["person"], strict=True))
    visits = hits.assign(person=hits["cookie"].map(person)).dropna(subset=["person"])
    visits = visits.drop_duplicates(["person", "day"])
    customers = truth.customers.assign(person=truth.customers["account_id"].map(persons)).set_index("person")
    last = pd.Timestamp(START) + pd.Timedelta(days=240)
    start = pd.to_datetime(customers["arrived_on"]).clip(lower=pd.Timestamp(START))
    born_fading = customers["faded_on"].isna() & customers["left_on"].notna()
    faded = pd.to_datetime(customers["faded_on"]).fillna(last).where(~born_fading, start)
    left = pd.to_datetime(customers["left_on"]).fillna(last)
    days = visits.join(pd.DataFrame({"start": start, "faded": faded, "left": left}), on="person")
    rates = {}
    for name, begin, end in (
        ("active", "start", "faded"),
        ("fading", "faded", "left"),
        ("gone", "left", None),
    ):
        until = last if end is None else days[end]
        seen = int(((days["day"] >= days[begin]) & (days["day"] < until)).sum())
        frame = pd.DataFrame({"start": start, "faded": faded, "left": left}).clip(upper=last)
        length = ((last if end is None else frame[end]) - frame[begin]).clip(lower=pd.Timedelta(0))
        rates[name] = seen / length.dt.days.sum()
    assert rates["active"] > 1.8 * rates["fading"] > 3 * rates["gone"] > 0


def test_visits_fall_after_an_order(shop: Path, hits: pd.DataFrame, truth: Truth) -> None:
    """Whoever has just bought needs less: there are more visits in the days before than after."""
    users = hits.dropna(subset=["user"]).drop_duplicates(["user", "day"])
    lines = [line for file in raw_lines(shop / "data/raw/orders").values() for line in file[1:]]
    bought = pd.DataFrame(
        {
            (line[4].decode(), line[5][:10].decode())
            for line in lines
            if len(line) == 12 and line[4].isdigit() and line[3] == b"sale"
        },
        columns=["user", "bought"],
    )
    bought["bought"] = pd.to_datetime(bought["bought"], errors="coerce")
    near = users.merge(bought.dropna(), on="user")
    gap = (near["day"] - near["bought"]).dt.days
    assert gap.between(-3, -1).sum() > 1.1 * gap.between(1, 3).sum()
    assert (gap == 0).sum() > gap.between(-3, -1).sum()
    assert np.corrcoef(truth.customers["web_visit_rate"], truth.customers["rate"])[0, 1] > 0.2


def test_late_files_hold_earlier_days_only(logs: tuple[dict[str, Counter[str]], list[Hit]]) -> None:
    late = [hit for hit in logs[1] if "_late" in hit.file]
    assert len(late) > 200
    for hit in late:
        assert dt.timedelta(days=1) <= file_day(hit.file) - hit.at.date() <= dt.timedelta(days=9)
