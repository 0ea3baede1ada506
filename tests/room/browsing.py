"""The room's page in Debian's Chromium: where that is, and what people do on the page."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=20_000)  # the machine may be busy; nothing waits longer than it must
PHONE = {"width": 360, "height": 740}

ON_THE_PAGE = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]


async def say(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    await page.locator("#text").press("Enter")


def message(page: Page, text: str):
    return page.locator(".message:not(.draft)", has_text=text)
