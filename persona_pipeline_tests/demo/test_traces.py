"""CRM records, posts and contacts: the ledger counted again from bytes, identities, moods and outcomes."""

# pandas' results are wide unions that a checker cannot narrow; the tests themselves show what they are.
# pyright: reportIndexIssue=false, reportOperatorIssue=false, reportAttributeAccessIssue=false
# pyright: reportGeneralTypeIssues=false, reportArgumentType=false, reportReturnType=false
# pyright: reportAssignmentType=false, reportCallIssue=false

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from persona_pipeline.demo import Truth, expected_ledger
from persona_pipeline_tests.demo.raw_traces import Counts, read_posts, read_table

SOURCES = ("social", "campaigns", "customers")
UNHAPPY = (
    "失望", "差", "坏", "慢", "垃圾", "后悔", "糟糕", "生气",
    "disappoint", "broke", "bad", "terrible", "awful", "late", "slow", "useless", "damaged", "worst",
)  # fmt: skip


@pytest.fixture(scope="module")
def social(shop: Path) -> tuple[Counts, pd.DataFrame]:
    """Counts and accepted versions of posts."""
    counts, posts = read_posts(shop)
    return counts, pd.DataFrame(posts)


@pytest.fixture(scope="module")
def contacts(shop: Path) -> tuple[Counts, pd.DataFrame]:
    """Counts and accepted versions of contacts."""
    counts, rows = read_table(shop, "campaigns", "contact_id")
    return counts, pd.DataFrame(rows)


@pytest.fixture(scope="module")
def customers(shop: Path) -> tuple[Counts, pd.DataFrame]:
    """Counts and accepted versions of customer records."""
    counts, rows = read_table(shop, "customers", "crm_id")
    return counts, pd.DataFrame(rows)


@pytest.fixture(scope="module")
def who(shop: Path) -> pd.DataFrame:
    """The truth of identities."""
    return pd.read_parquet(shop / "truth" / "who_is_who.parquet")


def normal(values: pd.Series) -> pd.Series:
    """NFKC, trimmed, lower case; what is no digit is dropped from telephones, and the country code."""
    text = values.map(lambda value: unicodedata.normalize("NFKC", value).strip().casefold())
    phones = text.str.fullmatch(r"[+0-9 ]+")
    return text.where(~phones, text.str.replace(" ", "").str.removeprefix("+86"))


@pytest.mark.parametrize("source", SOURCES)
def test_an_independent_reader_counts_what_was_planted(
    source: str, shop: Path, request: pytest.FixtureRequest
) -> None:
    found, _ = request.getfixturevalue({"campaigns": "contacts"}.get(source, source))
    ledger = expected_ledger(shop)
    ledger = ledger[(ledger["source"] == source) & (ledger["outcome"] != "records_in")]
    planted = Counter(ledger.groupby(["outcome", "reason"])["records"].sum().to_dict())
    assert dict(+found) == dict(planted)


def test_every_fault_of_the_new_formats_is_planted(
    social: tuple[Counts, pd.DataFrame], contacts: tuple[Counts, pd.DataFrame]
) -> None:
    rejected = {reason for outcome, reason in social[0] if outcome == "rejected"}
    assert rejected == {
        "bad_json", "json_duplicate_key", "json_not_finite", "json_number", "json_surrogate",
        "json_trailing", "json_depth", "ctrl_char", "bad_encoding", "missing_required", "bad_number",
        "bad_value", "bad_datetime", "future", "too_old", "too_late",
    }  # fmt: skip
    rejected = {reason for outcome, reason in contacts[0] if outcome == "rejected"}
    assert rejected == {
        "ctrl_char", "bad_encoding", "column_count", "missing_required", "bad_number", "not_finite",
        "bad_value", "bad_datetime", "amount_range", "unknown_currency", "future", "too_old", "too_late",
    }  # fmt: skip
    for counts in (social[0], contacts[0]):
        assert {reason for outcome, reason in counts if outcome == "duplicate"} == {
            "same_content", "superseded", "redelivered", "duplicate_file",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("account", "account_id"),
        ("crm", "crm_id"),
        ("email", "email"),
        ("phone", "phone"),
        ("handle", "handle"),
    ],
)
def test_identifiers_of_records_are_those_of_the_truth(
    kind: str, column: str, customers: tuple[Counts, pd.DataFrame], who: pd.DataFrame
) -> None:
    records = customers[1]
    of_record = records[["crm_id"]].assign(
        value=records[column] if kind in ("account", "crm") else normal(records[column])
    )
    of_record = of_record[of_record["value"] != ""].drop_duplicates()
    person = who[who["id_kind"] == "crm"].set_index("value")["person"]
    found = set(zip(of_record["crm_id"].map(person), of_record["value"], strict=True))
    of_kind = who[who["id_kind"] == kind]
    true = set(zip(of_kind["person"], of_kind["value"], strict=True))
    assert len(found) > 400
    assert found <= true
    if kind in ("crm", "phone"):
        assert found == true


def test_shared_identifiers_have_several_persons(who: pd.DataFrame) -> None:
    persons = who.groupby(["id_kind", "value"])["person"].nunique()
    several = set(persons[persons > 1].index)
    shared = set(who.loc[who["is_shared"], ["id_kind", "value"]].itertuples(index=False, name=None))
    assert several == shared
    assert {kind for kind, _ in shared} == {"email", "phone"}
    assert len([value for kind, value in shared if kind == "phone"]) > 5


def test_second_records_share_a_key_and_no_account(
    customers: tuple[Counts, pd.DataFrame], who: pd.DataFrame
) -> None:
    crm = who[who["id_kind"] == "crm"]
    twice = crm[crm.duplicated("person", keep=False)]
    assert 0.03 * 2000 < twice["person"].nunique() < 0.07 * 2000
    records = customers[1][customers[1]["version"] == "1"].set_index("crm_id")
    pairs = twice.sort_values("valid_from", kind="stable").groupby("person")["value"].agg(list)
    shared = 0
    for crm_ids in pairs:
        accounts = sorted(records["account_id"][crm_ids] != "")
        assert accounts == [False, True]
        assert records["name"][crm_ids].nunique() == 2
        shared += any(
            len(set(normal(records[column][crm_ids]))) == 1 and records[column][crm_ids[0]] != ""
            for column in ("email", "phone")
        )
    # A changed telephone is no longer in common.
    assert shared >= len(pairs) - 1
    forms = records.loc[[crm_id for crm_ids in pairs for crm_id in crm_ids]]
    assert (forms["email"] != normal(forms["email"])).sum() > 20


def test_subscribers_have_a_record_and_nothing_else(
    customers: tuple[Counts, pd.DataFrame], contacts: tuple[Counts, pd.DataFrame], who: pd.DataFrame
) -> None:
    subscribers = who[who["person"].between(1_000_000_000, 1_999_999_999)]
    assert set(subscribers["id_kind"]) == {"crm", "email", "contact"}
    assert subscribers["person"].nunique() == 120
    reached = contacts[1][contacts[1]["account_id"] == ""]
    assert set(reached["channel"]) == {"email"}
    assert set(reached["email"]) <= set(subscribers["value"])


def test_authors_are_those_of_the_truth(social: tuple[Counts, pd.DataFrame], who: pd.DataFrame) -> None:
    posts = social[1]
    handles = set(posts["handle"].dropna())
    known = who[who["id_kind"] == "handle"]
    assert handles <= set(known["value"])
    strangers = set(known.loc[known["person"] >= 2_000_000_000, "value"])
    assert len(strangers & handles) > 20
    reviews = posts[posts["type"] == "review"]
    assert 0.5 < reviews["account_id"].notna().mean() < 0.7
    assert (reviews["account_id"].notna() | reviews["handle"].notna()).all()
    assert posts.loc[posts["type"] == "post", "account_id"].isna().all()
    both = reviews[reviews["account_id"].notna() & reviews["handle"].notna()]
    person = who[who["id_kind"].isin(["account", "handle"])].set_index(["id_kind", "value"])["person"]
    for row in both.itertuples():
        assert person["account", row.account_id] == person["handle", row.handle]


def test_texts_turn_sour_after_a_late_or_broken_parcel(
    shop: Path, social: tuple[Counts, pd.DataFrame], who: pd.DataFrame
) -> None:
    posts = social[1].drop_duplicates("post_id")
    unhappy = posts["text"].str.lower().map(lambda text: any(word in text for word in UNHAPPY))
    assert unhappy[posts["rating"] <= 2].mean() > 0.7
    assert unhappy[posts["rating"] >= 4].mean() < 0.1
    person = who[who["id_kind"].isin(["account", "handle"])].set_index("value")["person"]
    author = posts["handle"].fillna(posts["account_id"]).map(person)
    let_downs = pd.read_parquet(shop / "truth" / "let_downs.parquet")
    shown = let_downs[["person"]].assign(shown_on=pd.to_datetime(let_downs["shown_on"]))
    at = pd.to_datetime(posts["posted_at"].str[:10])
    pairs = pd.DataFrame({"person": author, "at": at, "post_id": posts["post_id"]}).merge(shown, on="person")
    wait = (pairs["at"] - pairs["shown_on"]).dt.days
    after = posts["post_id"].isin(pairs.loc[wait.between(0, 7), "post_id"])
    assert after.sum() > 300
    assert unhappy[after].mean() > unhappy[~after].mean() + 0.3
    assert posts.loc[after, "rating"].mean() < posts.loc[~after, "rating"].mean() - 1
    complaints = posts.loc[after & (posts["type"] == "post")]
    assert len(complaints) > 100


def test_languages_are_those_of_the_persons(
    social: tuple[Counts, pd.DataFrame], truth: Truth, who: pd.DataFrame
) -> None:
    posts = social[1]
    accounts = who[who["id_kind"] == "account"].set_index("person")["value"]
    language = truth.customers.set_index("account_id")["language"]
    handles = who[(who["id_kind"] == "handle") & (who["person"] < 1_000_000_000)]
    of_handle = handles.assign(language=handles["person"].map(accounts).map(language))
    joined = posts.merge(of_handle, left_on="handle", right_on="value", validate="many_to_one")
    ordinary = joined["text"].str.replace(r"[^一-龥]", "", regex=True).str.len() >= 4
    share = ordinary.groupby(joined["language"]).mean()
    assert share["zh"] > 0.99
    assert share["en"] < 0.3
    assert 0.7 < (joined["language"] == "zh").mean() < 0.95


def test_contacts_of_the_files_are_those_of_the_truth(
    contacts: tuple[Counts, pd.DataFrame], truth: Truth
) -> None:
    rows = contacts[1]
    first = rows[rows["version"] == "1"].set_index("contact_id")
    true = truth.contacts.set_index("contact_id")
    last = rows["day"].max()
    sent = true[true["contacted_on"].astype(str) <= last]
    assert set(first.index) <= set(true.index)
    assert len(first) > 0.99 * len(sent)
    here = true.loc[first.index]
    assert ((first["is_holdout"] == "no") == here["is_contacted"]).all()
    assert ((first["cost"] == "") == ~here["is_contacted"]).all()
    assert (first["contacted_at"].str[:10] == here["contacted_on"].astype(str)).all()
    later = rows[rows["version"] == "2"].set_index("contact_id")
    outcome = true.loc[later.index]
    for column, flag in (
        ("opened_at", "is_opened"),
        ("clicked_at", "is_clicked"),
        ("responded_at", "is_responded"),
    ):
        assert ((later[column] != "") == outcome[flag]).all()
    steps = later[["contacted_at", "opened_at", "clicked_at", "responded_at"]]
    for before, after in zip(steps.columns[:-1], steps.columns[1:], strict=True):
        done = steps[after] != ""
        assert (steps.loc[done, after] > steps.loc[done, before]).all()
    assert (steps.max(axis=1).str[:10] <= later["day"]).all()
    wait = pd.to_datetime(later["day"]) - pd.to_datetime(outcome["contacted_on"])
    assert wait.dt.days.between(5, 9).all()


def test_outcomes_follow_their_probabilities(truth: Truth) -> None:
    contacted = truth.contacts[truth.contacts["is_contacted"]]
    true = contacted["open_probability"] * contacted["click_probability"] * contacted["response_probability"]
    assert 0.02 < contacted["is_responded"].mean() < 0.12
    for probability, happened in (
        (contacted["open_probability"], contacted["is_opened"]),
        (true, contacted["is_responded"]),
    ):
        error = np.sqrt((probability * (1 - probability)).sum()) / len(probability)
        assert abs(happened.mean() - probability.mean()) < 4 * error
    assert roc_auc_score(contacted["is_responded"], true) > 0.75
    gone = contacted[contacted["state"] == "gone"]
    assert gone["is_responded"].mean() < 0.01
    held_out = truth.contacts[~truth.contacts["is_contacted"]]
    assert not held_out[["is_opened", "is_clicked", "is_responded"]].to_numpy().any()


def test_past_outcomes_foretell_the_next(truth: Truth) -> None:
    contacted = truth.contacts[truth.contacts["is_contacted"] & truth.contacts["account_id"].notna()]
    contacted = contacted.sort_values(["account_id", "campaign_id"])
    before = contacted.groupby("account_id")["is_opened"].shift()
    rate = contacted["is_responded"].groupby(before).mean()
    assert rate[True] > 1.7 * rate[False]
