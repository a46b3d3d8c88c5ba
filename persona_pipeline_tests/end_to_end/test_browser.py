"""What people look at, in a real browser: the report from a file, Dagster from the loopback address."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from persona_pipeline_tests.end_to_end.browser import NoBrowser, Notes, browser, user_interface
from persona_pipeline_tests.end_to_end.projects import Project

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(900),
    # Playwright's own event loop is still open when the interpreter looks for what was left open
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
PATIENCE = 120_000  # milliseconds; Dagster's pages load in seconds, on a busy machine in many


@pytest.fixture(scope="module")
def window() -> Iterator[BrowserContext]:
    try:
        with browser(width=1400, height=950) as opened:
            yield opened
    except NoBrowser as reason:
        pytest.skip(str(reason))


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def page(window: BrowserContext, notes: Notes) -> Iterator[Page]:
    opened = window.new_page()
    notes.watch(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def interface(demo: Project) -> Iterator[str]:
    with user_interface(demo.directory) as url:
        yield url


def report_of(project: Project) -> Path:
    return project.directory / "report" / "index.html"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_opens_from_a_file_and_finds_a_customer(
    demo: Project, page: Page, notes: Notes, language: str
) -> None:
    report = report_of(demo)
    data = json.loads(
        re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', report.read_text("utf-8"))[0]
    )
    wanted = data["customers"]["id"][-1]
    page.goto(report.as_uri())
    if language == "zh":
        page.locator('.page[data-language="en"] label[for="language-zh"]').click()
    section = page.locator(f"#{language}-customers")
    section.locator("input").fill(wanted)

    assert section.locator(".pseudonym").inner_text() == wanted
    assert section.locator(".matches button").count() == 1
    assert section.locator(".customer dl div").count() > 3
    section.locator("input").fill("nobody")
    note = data["words"][language]["text"]["not_found"]
    assert section.locator(".matches").inner_text().strip() == note
    assert page.locator(f'.page[data-language="{language}"]').is_visible()
    assert (notes.errors, notes.outside) == ([], [])


def test_a_script_that_is_not_ours_does_not_run(
    demo: Project, page: Page, notes: Notes, tmp_path: Path
) -> None:
    torn = tmp_path / "index.html"
    text = report_of(demo).read_text("utf-8")
    torn.write_text(text.replace("</main>", "<script>window.broken = 1</script></main>", 1), "utf-8")
    page.goto(torn.as_uri())
    assert page.evaluate("window.broken") is None
    assert any("Content Security Policy" in error for error in notes.errors)


def test_dagster_shows_the_graph_and_asks_nobody_outside(page: Page, notes: Notes, interface: str) -> None:
    page.goto(f"{interface}/asset-groups")
    # the groups of the graph, from the sources to the report
    for group in ("clean", "features", "profiles", "warehouse", "reporting"):
        page.get_by_text(group, exact=True).first.wait_for(timeout=PATIENCE)
    assert (ours(notes.errors), notes.outside) == ([], [])


def test_dagster_shows_a_picture(page: Page, notes: Notes, interface: str) -> None:
    open_picture(page, f"{interface}/assets/clean/file_ledger", "orders")
    shown = page.get_by_alt_text("orders").first
    assert shown.evaluate("image => image.complete && image.naturalWidth") > 100
    assert (ours(notes.errors), notes.outside) == ([], [])


def open_picture(page: Page, url: str, picture: str) -> None:
    """The last materialisation of an asset, its Markdown opened."""
    page.goto(f"{url}?view=events")
    page.get_by_text("Show Markdown").first.click(timeout=PATIENCE)
    page.get_by_alt_text(picture).first.wait_for(timeout=PATIENCE)


def ours(errors: list[str]) -> list[str]:
    """Errors without what Dagster's pages say of themselves in any deployment."""
    return [error for error in errors if not error.startswith("Warning:")]
