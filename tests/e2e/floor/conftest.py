"""One installation and one browser program for all stories of the floor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
import yaml

from config.rules import SHIPPED
from hotline.simulation.sound import spoken_wav
from tests.e2e.floor.stage import BREAK_SECONDS, CALLS_A_DAY, Stage
from tests.support.browser import chromium
from tests.support.hotline import RunningHotline, running_hotline


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def stage() -> AsyncIterator[Stage]:
    """Speech is not the matter of these stories.

    Telephones ring for long: whoever answers, or picks up, may do so on a slow machine.
    """
    telephony = {"survey": True, "ring_seconds": 60}
    async with (
        running_hotline(_own_rules, speech={"model": "none"}, telephony=telephony) as hotline,
        chromium(spoken_wav("您好，一二三四五热线，请讲。好的，我为您登记。")) as browser,
    ):
        yield Stage(hotline=hotline, browser=browser)


def _own_rules(hotline: RunningHotline) -> None:
    """A break that is soon over, and few calls to one number."""
    folder = hotline.settings.var / "rules"
    folder.mkdir()
    queues = _shipped("queues.yaml")
    queues["agents"]["limits"]["REST"] = BREAK_SECONDS
    book = _shipped("phone_book.yaml")
    book["limits"]["per_number_a_day"] = CALLS_A_DAY
    for name, rules in (("queues.yaml", queues), ("phone_book.yaml", book)):
        (folder / name).write_text(yaml.safe_dump(rules, allow_unicode=True), "utf-8")
    hotline.extra["HOTLINE_RULES"] = str(folder)


def _shipped(name: str) -> dict[str, Any]:
    rules: dict[str, Any] = yaml.safe_load((SHIPPED / name).read_text("utf-8"))
    return rules
