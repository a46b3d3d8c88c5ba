"""The project folder as Dagster needs it: DAGSTER_HOME, and what the first run fixed for good.

Here: `.dagster/dagster.yaml` and `data/lake/project.json`. Not here: reading persona.toml (settings).
"""

import hashlib
import hmac
import json
import re
from pathlib import Path

from persona_pipeline.settings import Settings, SettingsError, with_key

_PACKAGE = Path(__file__).parents[1]
HOME = ".dagster"
_EVENT_LOG = re.compile(r"(class: PooledSqliteEventLogStorage\n  config:\n    base_dir: ).*")


def dagster_template() -> Path:
    """The dagster.yaml of the distribution: inside the package in a wheel, beside it in a checkout."""
    inside = _PACKAGE / "_dagster.yaml"
    return inside if inside.exists() else _PACKAGE.parent / "dagster.yaml"


def prepare_home(directory: Path) -> Path:
    """Create DAGSTER_HOME of a project with its dagster.yaml, and point the event log into it."""
    home = directory.resolve() / HOME
    home.mkdir(parents=True, exist_ok=True)
    file = home / "dagster.yaml"
    text = (file if file.exists() else dagster_template()).read_text(encoding="utf-8")
    placed = _EVENT_LOG.sub(lambda match: match.group(1) + json.dumps(str(home / "history")), text)
    if placed != text or not file.exists():
        file.write_text(placed, encoding="utf-8")
    return home


def check_fixed(settings: Settings) -> Path:
    """Check that start, time zone, currency and key are those of the first run.

    Returns:
        The file that keeps them.

    Raises:
        SettingsError: one of them changed, or there is no key.
    """
    file = settings.path(settings.storage.lake) / "project.json"
    if file.exists():
        kept = json.loads(file.read_text(encoding="utf-8"))
        for name, value in _fixed(settings).items():
            if kept.get(name) != value:
                raise SettingsError(_changed(name, str(kept.get(name)), value))
    return file


def fix(settings: Settings) -> Settings:
    """Keep start, time zone, currency and a fingerprint of the key on the first run; else check them.

    Returns:
        The settings with the key; the first run makes one if there is none.
    """
    file = settings.path(settings.storage.lake) / "project.json"
    if file.exists():
        check_fixed(settings)
        return settings
    settings = with_key(settings, create=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(_fixed(settings), indent=2) + "\n", encoding="utf-8")
    return settings


def _fixed(settings: Settings) -> dict[str, str]:
    key = settings.key.get_secret_value()
    if not key:
        raise SettingsError(
            "no key for the pseudonyms: restore the key file or set PERSONA_KEY; "
            "before the first run, let `persona run` create the key file"
        )
    return {
        "start": settings.project.start.isoformat(),
        "time_zone": settings.project.time_zone,
        "currency": settings.project.currency,
        "key_fingerprint": hmac.new(key, b"fingerprint", hashlib.sha256).hexdigest()[:16],
    }


def _changed(name: str, kept: str, now: str) -> str:
    if name == "key_fingerprint":
        return (
            "the key is not the one of the first run, so every pseudonym would change; "
            "restore PERSONA_KEY or the key file, or start a new project folder"
        )
    return (
        f"[project] {name} is {now}, but the first run fixed {kept}; put {kept} back, "
        "or start a new project folder and run it from its new start"
    )
