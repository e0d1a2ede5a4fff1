"""The whole product, running."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.support.hotline import RunningHotline, running_hotline

Photographer = Callable[[Page, str], Awaitable[None]]


@pytest.fixture
async def hotline() -> AsyncIterator[RunningHotline]:
    """An installation of its own for each test."""
    async with running_hotline() as running:
        yield running


@pytest.fixture
def photograph(tmp_path: Path) -> Photographer:
    """Take a picture of a page; into ``HOTLINE_SCREENSHOTS`` when that is set (docs/images)."""
    folder = Path(os.environ.get("HOTLINE_SCREENSHOTS", tmp_path))

    async def take(page: Page, name: str) -> None:
        await page.screenshot(path=folder / f"{name}.png")

    return take
