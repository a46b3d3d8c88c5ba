"""`persona ui`: Dagster's webserver and daemon for one project, on loopback only."""

from __future__ import annotations

import subprocess
import sys

from persona_pipeline.commands.console import console
from persona_pipeline.defs.home import fix, prepare_home
from persona_pipeline.settings import Settings, child_environment


def serve(settings: Settings, *, port: int) -> int:
    """Start `dagster dev` and wait for it; returns its exit code."""
    fix(settings)
    prepare_home(settings.directory)
    console.print(f"Dagster opens on http://127.0.0.1:{port} (Ctrl-C ends it)")
    command = [sys.executable, "-m", "dagster", "dev", "-m", "persona_pipeline.definitions"]
    return subprocess.call(  # noqa: S603 - fixed arguments
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        env=child_environment(settings.directory),
        cwd=settings.directory,
    )
