"""A real browser for what people look at: opens a page, notes what it complains about and whom it asks.

Here: Chromium of the system through Playwright, and the web server of a project. Not here: what a page should
show.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LOOPBACK = {"127.0.0.1", "localhost"}
STARTED = 300.0  # seconds for the server to load the definitions and answer; on a busy machine they are many


class NoBrowser(Exception):
    """There is no browser or no Playwright here; the message says which."""


@dataclass
class Notes:
    """What the pages of one context did: errors on their console, requests that left the machine."""

    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Listen to a page; before it opens anything."""
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in LOOPBACK:
            self.outside.append(url)


@contextmanager
def browser(*, width: int = 1280, height: int = 900) -> Iterator[BrowserContext]:
    """A browser window without a person in front of it.

    Raises:
        NoBrowser: Playwright or a browser is missing.
    """
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if program is None:
        raise NoBrowser(f"no browser: none of {', '.join(BROWSERS)} is installed")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise NoBrowser("no Playwright: install the dev extra") from None
    with sync_playwright() as playwright:
        # as root, and in containers, Chromium's own sandbox cannot start
        opened = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield opened.new_context(viewport={"width": width, "height": height})
        finally:
            opened.close()


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def user_interface(project: Path) -> Iterator[str]:
    """`persona ui` of a project on the loopback address; gives its URL and ends it."""
    port = free_port()
    command = [sys.executable, "-m", "persona_pipeline.cli", "ui", "--project", str(project)]
    server = subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DAGSTER_DISABLE_TELEMETRY": "1"},
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, server)
        yield url
    finally:
        end_group(server)


def end_group(server: subprocess.Popen[bytes]) -> None:
    """Ask the server and what it started to end; insist after ten seconds."""
    import signal

    for how in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(server.pid, how)
            server.wait(timeout=10)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTED
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(f"persona ui ended with exit code {server.returncode} before it answered")
        try:
            with urllib.request.urlopen(f"{url}/server_info", timeout=5):
                return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    raise RuntimeError(f"persona ui did not answer within {STARTED:.0f} seconds")
