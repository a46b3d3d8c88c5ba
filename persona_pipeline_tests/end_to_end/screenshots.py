"""Takes the pictures of the documentation from a demo project: `python -m ... DEMO docs/images`.

Here: the report in English, its customer search in Chinese, Dagster's asset graph. Not here: checking them
(test_browser.py).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from persona_pipeline_tests.end_to_end.browser import browser, user_interface

if TYPE_CHECKING:
    from playwright.sync_api import Page

LARGEST = 300_000  # bytes of a picture in the repository
PATIENCE = 120_000  # milliseconds
SETTLED = 3_000  # milliseconds until the graph has its layout


def take(project: Path, images: Path) -> list[Path]:
    """Write the three pictures and return their paths.

    Raises:
        NoBrowser: there is no browser here.
        ValueError: a picture is larger than the repository should hold.
    """
    images.mkdir(parents=True, exist_ok=True)
    taken = [images / name for name in ("report_overview.png", "report_customer_zh.png", "asset_graph.png")]
    with browser(width=1200, height=820) as window:
        page = window.new_page()
        page.goto((project / "report" / "index.html").resolve().as_uri())
        page.screenshot(path=taken[0])
        customer(page)
        page.screenshot(path=taken[1])
    with user_interface(project.resolve()) as url, browser(width=1600, height=900) as window:
        page = window.new_page()
        graph(page, url)
        page.screenshot(path=taken[2])
    for path in taken:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"{path} has {path.stat().st_size:,} bytes, more than {LARGEST:,}")
    return taken


def customer(page: Page) -> None:
    """The search in Chinese with the first customer shown, at the top of the window."""
    page.locator('.page[data-language="en"] label[for="language-zh"]').click()
    section = page.locator("#zh-customers")
    section.locator(".matches button").first.click()
    # under the bar that stays at the top
    section.evaluate("node => window.scrollTo({top: node.offsetTop - 70, behavior: 'instant'})")


def graph(page: Page, url: str) -> None:
    """Dagster's asset graph with its layout done."""
    page.goto(f"{url}/asset-groups")
    page.get_by_text("profiles", exact=True).first.wait_for(timeout=PATIENCE)
    page.wait_for_timeout(SETTLED)


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
