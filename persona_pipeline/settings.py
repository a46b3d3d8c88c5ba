"""persona.toml and the environment become one frozen `Settings`; the only reader of `os.environ`.

Here: what may be configured, its defaults, and one clear line for each mistake. Not here: what the settings
do.
"""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
import tomllib
import zoneinfo
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretBytes,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from persona_pipeline.contracts.segments import check_algorithm
from persona_pipeline.sources.kinds import VERSIONED
from persona_pipeline.sources.source import Source

PROJECT_VARIABLE = "PERSONA_PROJECT"
KEY_VARIABLE = "PERSONA_KEY"
CONFIGURATION = "persona.toml"
_ENVIRONMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NAME = r"^[a-z][a-z0-9_]{0,62}$"


class SettingsError(Exception):
    """The configuration cannot be used; the message says what was expected, what came, and what to do."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Project(_Section):
    """`[project]`: whose customers these are."""

    name: str = Field(default="shop", min_length=1)
    time_zone: str = "UTC"
    start: dt.date
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    language: Literal["en", "zh"] = "en"
    seed: int = Field(default=7, ge=0)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"unknown time zone {value!r}; use a name such as Asia/Shanghai or Europe/London"
            ) from error
        return value


class Storage(_Section):
    """`[storage]`: where tables, models and the warehouse live, from the project folder if relative."""

    lake: str = "data/lake"
    models: str = "data/models"
    warehouse: SecretStr = SecretStr("sqlite:///data/warehouse.db")
    key: str = "data/key"
    report: str = "report"


class EngineSettings(_Section):
    """`[engine]`: what runs the SELECT statements, and how much of the machine it may take."""

    kind: Literal["duckdb", "spark"] = "duckdb"
    master: str | None = Field(default=None, pattern=r"^(local(\[.+\])?|yarn|(spark|k8s|sc)://.+)$")
    memory: str = Field(default="1GB", pattern=r"^[0-9]+(MB|GB)$")
    threads: int = Field(default=2, ge=1)
    processes: int = Field(default=2, ge=1, le=16)

    @model_validator(mode="after")
    def _master_of_spark(self) -> EngineSettings:
        if self.master and self.kind != "spark":
            raise ValueError('master is of Spark; set kind = "spark" or remove master')
        return self

    @property
    def spark_master(self) -> str:
        """The configured Spark master; without one, Spark within this process, with as many threads."""
        return self.master or f"local[{self.threads}]"


class Identity(_Section):
    """`[identity]`: which evidence makes two identifiers one customer."""

    deny: dict[Literal["account", "crm", "email", "phone", "handle", "visitor"], tuple[str, ...]] = {}
    shared_after: int = Field(default=3, ge=1)
    largest_cluster: int = Field(default=50, ge=2)


class Features(_Section):
    """`[features]`: a further catalogue in the project folder."""

    catalogue: str | None = None


class Segmentation(_Section):
    """`[segmentation]`: which features describe behaviour, what finds segments, and how many."""

    features: tuple[str, ...] = ()
    algorithm: str = "mixture"
    k: int | None = None
    k_min: int = Field(default=2, ge=2)
    k_max: int = Field(default=12, ge=2)
    minimum_customers: int = Field(default=100, ge=10)
    established_orders: int = Field(default=3, ge=1)

    @model_validator(mode="after")
    def _possible(self) -> Segmentation:
        check_algorithm(self.algorithm, self.k)
        return self


class Affinity(_Section):
    """`[affinity]`: the window and thresholds of association rules."""

    window_days: int = Field(default=90, ge=1)
    minimum_support: float = Field(default=0.005, gt=0, le=1)
    minimum_count: int = Field(default=20, ge=1)
    minimum_confidence: float = Field(default=0.2, gt=0, le=1)
    max_length: int = Field(default=4, ge=2, le=10)
    max_itemsets: int = Field(default=20_000, ge=100)
    minimum_baskets: int = Field(default=100, ge=1)


class Propensity(_Section):
    """`[propensity.TARGET]`: an event to predict and how far ahead."""

    event: Literal["order", "no_order", "response"]
    horizon_days: int = Field(ge=1, le=365)
    minimum_positives: int = Field(default=100, ge=10)


class Recommendation(_Section):
    """`[recommendation]`: what the offers are made from."""

    window_days: int = Field(default=180, ge=7)
    neighbors: int = Field(default=50, ge=1)
    length: int = Field(default=10, ge=1, le=100)


class Gates(_Section):
    """`[gates]`: what is reported and does not hold a publication."""

    report_only: tuple[Literal["unknown_currency", "reject_share", "volume", "schema_drift"], ...] = ()


class Notify(_Section):
    """`[notify]`: who hears of a failed or held night."""

    webhook: SecretStr | None = None


_TARGETS = {
    "buy_30d": Propensity(event="order", horizon_days=30),
    "churn_60d": Propensity(event="no_order", horizon_days=60),
    "respond_30d": Propensity(event="response", horizon_days=30),
}
_EVENT_KIND = {"order": "orders", "no_order": "orders", "response": "campaigns"}


class Settings(_Section):
    """Everything a run needs to know.

    `directory` is the project folder, `key` the secret of the pseudonyms.
    """

    directory: Path
    key: SecretBytes
    project: Project
    storage: Storage = Storage()
    engine: EngineSettings = EngineSettings()
    sources: dict[Annotated[str, Field(pattern=_NAME)], Source] = {}
    identity: Identity = Identity()
    features: Features = Features()
    segmentation: Segmentation = Segmentation()
    affinity: Affinity = Affinity()
    propensity: dict[Annotated[str, Field(pattern=_NAME)], Propensity] = _TARGETS
    recommendation: Recommendation = Recommendation()
    gates: Gates = Gates()
    notify: Notify = Notify()

    @property
    def source_kinds(self) -> frozenset[str]:
        """The kinds of the configured sources."""
        return frozenset(source.kind for source in self.sources.values())

    @property
    def targets(self) -> dict[str, Propensity]:
        """The targets whose events a configured source tells, by name."""
        kinds = self.source_kinds
        return {
            name: goal for name, goal in sorted(self.propensity.items()) if _EVENT_KIND[goal.event] in kinds
        }

    def path(self, relative: str) -> Path:
        """A path of the configuration, relative ones below the project folder."""
        return self.directory / Path(relative).expanduser()

    @property
    def warehouse_url(self) -> str:
        """The SQLAlchemy URL, which holds the password: never print it.

        A relative SQLite file lies below the project folder.
        """
        url = self.storage.warehouse.get_secret_value()
        prefix = "sqlite:///"
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return prefix + str(self.directory / url.removeprefix(prefix))
        return url

    @property
    def warehouse_folder(self) -> Path | None:
        """The folder of a relative SQLite file, which a run may create; None for every other warehouse."""
        url, prefix = self.storage.warehouse.get_secret_value(), "sqlite:///"
        if not url.startswith(prefix) or url.startswith(prefix + "/"):
            return None
        return (self.directory / url.removeprefix(prefix)).parent

    def sources_of(self, kind: str) -> dict[str, Source]:
        """The configured sources of a kind, by name."""
        return {name: source for name, source in self.sources.items() if source.kind == kind}

    @property
    def redelivery_days(self) -> int:
        """The longest look-back over the sources whose records may come again, in days."""
        return max((s.redelivery_days for s in self.sources.values() if s.kind in VERSIONED), default=35)

    @property
    def refund_days(self) -> dict[str, int]:
        """By orders source, for how many days a sale may be given back."""
        return {name: source.refund_days for name, source in self.sources_of("orders").items()}


def load_settings(directory: Path, *, create_key: bool = True) -> Settings:
    """Read `persona.toml` of a project folder.

    Args:
        directory: the project folder.
        create_key: make the key file when neither it nor `PERSONA_KEY` exists.

    Raises:
        SettingsError: the file is missing, is not TOML, or holds an unknown or impossible value.
    """
    directory = directory.resolve()
    file = directory / CONFIGURATION
    if not file.is_file():
        raise SettingsError(f"no {CONFIGURATION} in {directory}; create one with: persona init {directory}")
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not valid TOML: {error}") from error
    raw = _substituted(raw, file)
    for reserved in ("directory", "key"):
        if reserved in raw:
            raise SettingsError(f"{file}: unknown key {reserved!r} at the top level; remove it")
    try:
        settings = Settings(directory=directory, key=SecretBytes(b""), **raw)
    except ValidationError as error:
        raise SettingsError(f"{file}: {_first_line(error)}") from error
    return with_key(settings, create=create_key)


def with_key(settings: Settings, *, create: bool) -> Settings:
    """The same settings with the secret of the pseudonyms; empty when there is none and none may be made."""
    key = _key(settings.path(settings.storage.key), create=create)
    return settings.model_copy(update={"key": key})


def project_directory() -> Path | None:
    """The project that Dagster processes load, from `PERSONA_PROJECT`; None when it is not set."""
    value = os.environ.get(PROJECT_VARIABLE)
    return Path(value) if value else None


def child_environment(directory: Path) -> dict[str, str]:
    """The environment for a process that works on the project in `directory`."""
    return {
        **os.environ,
        PROJECT_VARIABLE: str(directory),
        "DAGSTER_HOME": str(directory / ".dagster"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }


def batch_events() -> None:
    """Switch on, in this process, that Dagster hands events that belong together to `store_event_batch`."""
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")


def _key(file: Path, *, create: bool) -> SecretBytes:
    """The secret of the pseudonyms: from the environment, else from a file that only the owner may read."""
    if value := os.environ.get(KEY_VARIABLE):
        return SecretBytes(value.encode())
    if not file.exists():
        if not create:
            return SecretBytes(b"")
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(os.urandom(32).hex())
    return SecretBytes(file.read_text(encoding="ascii").strip().encode())


def _substituted(value: Any, file: Path) -> Any:
    """Replace ${NAME} in every text by the environment variable of that name."""
    if isinstance(value, dict):
        return {name: _substituted(item, file) for name, item in value.items()}
    if isinstance(value, list):
        return [_substituted(item, file) for item in value]
    if not isinstance(value, str):
        return value

    def lookup(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise SettingsError(
                f"{file}: the environment variable {name} is not set; export it and run again"
            )
        return os.environ[name]

    return _ENVIRONMENT.sub(lookup, value)


def _first_line(error: ValidationError) -> str:
    """The first problem as one line, with a suggestion for an unknown key."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{where}: {first['msg'].removeprefix('Value error, ')}"
    *section, key = first["loc"]
    known = _keys_at([str(part) for part in section])
    close = difflib.get_close_matches(str(key), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(sorted(known))}"
    return f"unknown key {where!r}; {hint}"


def _keys_at(section: list[str]) -> list[str]:
    """The keys that a section of persona.toml may hold."""
    if not section:
        return [name for name in Settings.model_fields if name not in {"directory", "key"}]
    kinds: dict[str, type[BaseModel]] = {
        "project": Project,
        "storage": Storage,
        "engine": EngineSettings,
        "sources": Source,
        "identity": Identity,
        "features": Features,
        "segmentation": Segmentation,
        "affinity": Affinity,
        "propensity": Propensity,
        "recommendation": Recommendation,
        "gates": Gates,
        "notify": Notify,
    }
    model = kinds.get(section[0])
    for part in section[1:]:
        field = model.model_fields.get(part) if model else None
        kinds_of = (
            (get_args(field.annotation) or (field.annotation,)) if field else ()
        )  # `Refund | None` has two
        model = next(
            (kind for kind in kinds_of if isinstance(kind, type) and issubclass(kind, BaseModel)), model
        )
    return list(model.model_fields) if model else []
