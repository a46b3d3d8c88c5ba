"""What persona.toml may say, its defaults, and the one line that each mistake gets."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from persona_pipeline.settings import (
    KEY_VARIABLE,
    PROJECT_VARIABLE,
    Settings,
    SettingsError,
    child_environment,
    load_settings,
    project_directory,
)

PROJECT = '[project]\nname = "shop"\nstart = 2025-01-06\ncurrency = "CNY"\n'
ORDERS = '[sources.orders]\nkind = "orders"\npath = "orders_{day}.csv"\n'


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


def load(directory: Path, text: str = PROJECT, *, create_key: bool = True) -> Settings:
    (directory / "persona.toml").write_text(text, encoding="utf-8")
    return load_settings(directory, create_key=create_key)


def refusal(directory: Path, text: str) -> str:
    """The message of the refusal, without the name of the file; nothing may have been written."""
    with pytest.raises(SettingsError) as refused:
        load(directory, text)
    message = str(refused.value)
    assert "\n" not in message
    return message.replace(f"{directory.resolve() / 'persona.toml'}: ", "")


def test_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.project.time_zone, settings.project.language, settings.project.seed) == ("UTC", "en", 7)
    assert settings.project.start == dt.date(2025, 1, 6)
    assert settings.path(settings.storage.lake) == tmp_path / "data/lake"
    assert settings.path(settings.storage.models) == tmp_path / "data/models"
    assert (settings.engine.kind, settings.engine.memory, settings.engine.threads) == ("duckdb", "1GB", 2)
    assert {name: (goal.event, goal.horizon_days) for name, goal in settings.propensity.items()} == {
        "buy_30d": ("order", 30),
        "churn_60d": ("no_order", 60),
        "respond_30d": ("response", 30),
    }
    assert settings.targets == {}  # no source is configured that could tell an event
    assert (settings.segmentation.k_min, settings.segmentation.k_max) == (2, 12)
    assert settings.recommendation.length == 10
    assert (settings.sources, settings.redelivery_days, settings.notify.webhook) == ({}, 35, None)


def test_frozen(tmp_path: Path) -> None:
    settings = load(tmp_path)
    with pytest.raises(ValidationError, match="frozen"):
        settings.project.name = "another"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PROJECT + "[sorces.orders]\n", "unknown key 'sorces'; did you mean 'sources'?"),
        (PROJECT + "currancy = 'CNY'\n", "unknown key 'project.currancy'; did you mean 'currency'?"),
        (
            PROJECT + "[storage]\nwarehous = 'x'\n",
            "unknown key 'storage.warehous'; did you mean 'warehouse'?",
        ),
        (PROJECT + "[engine]\nthread = 2\n", "unknown key 'engine.thread'; did you mean 'threads'?"),
        (
            PROJECT + "[features]\ncatalog = 'x'\n",
            "unknown key 'features.catalog'; did you mean 'catalogue'?",
        ),
        (PROJECT + "[segmentation]\nkmax = 5\n", "unknown key 'segmentation.kmax'; did you mean 'k_max'?"),
        (
            PROJECT + "[segmentation]\nalgorithm = 'wards'\n",
            "segmentation: unknown algorithm 'wards'; did you mean 'ward'?",
        ),
        (
            PROJECT + "[segmentation]\nalgorithm = 'dbscan'\nk = 5\n",
            "segmentation: k = 5 cannot be fixed for dbscan, which finds as many segments as there are dense "
            'regions; remove k, or set algorithm = "kmeans"',
        ),
        (
            PROJECT + "[affinity]\nmin_support = 0.1\n",
            "unknown key 'affinity.min_support'; did you mean 'minimum_support'?",
        ),
        (
            PROJECT + "[propensity.buy_30d]\nevent = 'order'\nhorizon = 30\nhorizon_days = 30\n",
            "unknown key 'propensity.buy_30d.horizon'; did you mean 'horizon_days'?",
        ),
        (
            PROJECT + "[recommendation]\nlenght = 5\n",
            "unknown key 'recommendation.lenght'; did you mean 'length'?",
        ),
        (PROJECT + "[notify]\nweb_hook = 'x'\n", "unknown key 'notify.web_hook'; did you mean 'webhook'?"),
        (
            PROJECT + ORDERS + "delimeter = ';'\n",
            "unknown key 'sources.orders.delimeter'; did you mean 'delimiter'?",
        ),
        (
            PROJECT + ORDERS + "[sources.orders.refund]\ncolum = 'x'\nprefix = 'C'\ncolumn = 'x'\n",
            "unknown key 'sources.orders.refund.colum'; did you mean 'column'?",
        ),
        (
            PROJECT + ORDERS + "[sources.orders.limits]\nunitprice = 5\n",
            "unknown key 'sources.orders.limits.unitprice'; did you mean 'unit_price'?",
        ),
        (
            PROJECT + "[engine]\nzzz = 1\n",
            "unknown key 'engine.zzz'; known keys: kind, master, memory, processes, threads",
        ),
        ("key = 'x'\n" + PROJECT, "unknown key 'key' at the top level; remove it"),
        ("directory = 'x'\n" + PROJECT, "unknown key 'directory' at the top level; remove it"),
    ],
)
def test_unknown_keys_are_errors_with_a_suggestion(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text) == message
    assert [path.name for path in tmp_path.iterdir()] == ["persona.toml"], "nothing was written"


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("", "project: Field required"),
        ("[project]\nname = 'shop'\ncurrency = 'CNY'\n", "project.start: Field required"),
        (PROJECT.replace("CNY", "yuan"), "project.currency: "),
        (
            PROJECT + "time_zone = 'Asia/Shanhai'\n",
            "project.time_zone: unknown time zone 'Asia/Shanhai'; use a name",
        ),
        (PROJECT + "language = 'fr'\n", "project.language: "),
        (PROJECT + "[engine]\nmemory = 'plenty'\n", "engine.memory: "),
        (PROJECT + "[engine]\nkind = 'flink'\n", "engine.kind: "),
        (PROJECT + "[engine]\nkind = 'spark'\nmaster = 'host:7077'\n", "engine.master: "),
        (PROJECT + "[engine]\nmaster = 'yarn'\n", "engine: master is of Spark; set kind"),
        (PROJECT + "[affinity]\nminimum_support = 1.5\n", "affinity.minimum_support: "),
        (PROJECT + "[project\n", "not valid TOML: "),
        ("project = 5\n", "project: "),
        ("storage = 5\n" + PROJECT, "storage: "),
    ],
)
def test_impossible_values_are_one_line(tmp_path: Path, text: str, beginning: str) -> None:
    assert refusal(tmp_path, text).startswith(beginning)


def test_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no persona\.toml in .*; create one with: persona init "):
        load_settings(tmp_path)


def test_environment_is_put_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "pw$1")
    monkeypatch.setenv("SHOP_TOKENS", "n/a")
    url = "[storage]\nwarehouse = 'postgresql+psycopg://me:${SHOP_PASSWORD}@db/shop'\n"
    missing = ORDERS + "missing = {discount = ['${SHOP_TOKENS}', '-']}\n"
    settings = load(tmp_path, PROJECT + url + missing)
    assert settings.warehouse_url == "postgresql+psycopg://me:pw$1@db/shop"
    assert settings.sources["orders"].missing == {"discount": ("n/a", "-")}


def test_environment_that_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    text = PROJECT + "[storage]\nwarehouse = 'postgresql://me:${SHOP_PASSWORD}@db/shop'\n"
    message = "the environment variable SHOP_PASSWORD is not set; export it and run again"
    assert refusal(tmp_path, text) == message


def test_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    first = load(tmp_path).key.get_secret_value()
    file = tmp_path / "data" / "key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(bytes.fromhex(first.decode())) == 32
    assert load(tmp_path).key.get_secret_value() == first
    assert load_settings(tmp_path, create_key=False).key.get_secret_value() == first


def test_two_projects_have_two_keys(tmp_path: Path) -> None:
    keys = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        keys.add(load(tmp_path / name).key.get_secret_value())
    assert len(keys) == 2


def test_no_key_file_unless_asked_for(tmp_path: Path) -> None:
    assert load(tmp_path, create_key=False).key.get_secret_value() == b""
    assert not (tmp_path / "data").exists()


def test_key_of_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_file = load(tmp_path).key.get_secret_value()
    monkeypatch.setenv(KEY_VARIABLE, "from the vault")
    assert load(tmp_path).key.get_secret_value() == b"from the vault"
    assert (tmp_path / "data" / "key").read_text(encoding="ascii") == in_file.decode(), (
        "the file stays as it was"
    )


def test_secrets_are_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "hush-key")
    text = (
        PROJECT
        + "[storage]\nwarehouse = 'postgresql://me:hush-password@db/shop'\n"
        + "[notify]\nwebhook = 'https://chat.example/hush-token'\n"
    )
    settings = load(tmp_path, text)
    shown = [repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())]
    assert [each for each in shown if "hush" in each] == []


def test_secrets_are_not_shown_by_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "hush-key")
    text = PROJECT + "[storage]\nwarehouse = 'postgresql://me:hush-password@db/shop'\nmodel = 'x'\n"
    assert "hush" not in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///data/warehouse.db", "sqlite:///{directory}/data/warehouse.db"),
        ("sqlite:///other.db", "sqlite:///{directory}/other.db"),
        ("sqlite:////srv/shop.db", "sqlite:////srv/shop.db"),
        ("postgresql+psycopg://me@db/shop", "postgresql+psycopg://me@db/shop"),
    ],
)
def test_a_relative_sqlite_file_lies_in_the_project(tmp_path: Path, url: str, expected: str) -> None:
    settings = load(tmp_path, PROJECT + f"[storage]\nwarehouse = '{url}'\n")
    assert settings.warehouse_url == expected.format(directory=tmp_path)


def test_the_look_back_is_the_longest_of_the_order_sources(tmp_path: Path) -> None:
    more = ORDERS.replace("sources.orders", "sources.web_orders")
    text = PROJECT + ORDERS + "redelivery_days = 10\n" + more + "redelivery_days = 20\n"
    assert load(tmp_path, text).redelivery_days == 20


def test_child_processes_find_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = child_environment(tmp_path)
    assert environment["DAGSTER_HOME"] == str(tmp_path / ".dagster")
    monkeypatch.setenv(PROJECT_VARIABLE, environment[PROJECT_VARIABLE])
    assert project_directory() == tmp_path
    monkeypatch.delenv(PROJECT_VARIABLE)
    assert project_directory() is None


SOCIAL = '[sources.social]\nkind = "social"\npath = "posts_{day}.jsonl"\nformat = "jsonl"\n'
CONTACTS = '[sources.campaigns]\nkind = "campaigns"\npath = "contacts_{day}.csv"\n'
CRM = '[sources.crm]\nkind = "customers"\npath = "crm_{day}.csv"\nkey = ["crm_id"]\n'


def test_the_look_back_covers_every_kind_whose_records_come_again(tmp_path: Path) -> None:
    text = PROJECT + ORDERS + SOCIAL + "redelivery_days = 50\n" + CONTACTS + "redelivery_days = 40\n" + CRM
    assert load(tmp_path, text).redelivery_days == 50
    assert load(tmp_path, PROJECT + CRM + "redelivery_days = 90\n").redelivery_days == 35


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (CRM.replace("crm_id", "email"), "the key of customers is account_id or crm_id"),
        (CONTACTS + 'identity = "none"\n', "campaigns are identified by key"),
        (CONTACTS + 'event_time = "delivery"\n', "event_time belongs to kind = 'social'"),
        (SOCIAL + 'phone_country = "86"\n', "phone_country belongs to kind = 'customers'"),
        (CRM + 'phone_country = "+86"\n', "phone_country: String should match pattern"),
        (CRM + "income_limits = [1, 2]\n", "columns.income and income_limits = [low_below, high_from]"),
        (CRM + 'columns.income = "x"\nincome_limits = [3, 2]\n', "the first must not exceed the second"),
        (SOCIAL + 'words.type.ad = "sale"\n', "words.type: 'sale' is not one of post, review"),
        (SOCIAL + 'refund = {column = "text", prefix = "C"}\n', "refund belongs to kind = 'orders'"),
        (SOCIAL + 'datetime_format = "%d %Z"\n', "with %z where each time carries its offset"),
        (
            SOCIAL + 'datetime_format = "%c %z"\ntime_zone = "UTC"\n',
            "time_zone is for local times; a datetime_format with %z carries the offset",
        ),
        (
            '[sources.s]\nkind = "social"\npath = "s.csv"\nknown_at = "event"\nevent_time = "delivery"\n',
            "known_at = 'event' needs the records' own time",
        ),
        (SOCIAL.replace('jsonl"\n', 'xml"\n'), "format: Input should be 'csv', 'jsonl', "),
    ],
)
def test_mistakes_in_the_sources_of_traces(tmp_path: Path, source: str, message: str) -> None:
    assert message in refusal(tmp_path, PROJECT + source)


def test_targets_are_those_whose_events_a_source_tells(tmp_path: Path) -> None:
    records = ORDERS.replace("orders", "records").replace('kind = "records"', 'kind = "customers"')
    assert sorted(load(tmp_path, PROJECT + ORDERS).targets) == ["buy_30d", "churn_60d"]
    assert load(tmp_path, PROJECT + records).targets == {}
