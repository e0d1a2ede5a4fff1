"""What the machine proposes while a citizen speaks, in a browser: summary, reasons to decline."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from hotline.simulation.sound import spoken_ulaw, spoken_wav
from tests.e2e.floor.stage import Stage
from tests.support.browser import chromium
from tests.support.hotline import RunningHotline

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.asterisk, pytest.mark.speech]

LENT = "你好，我的朋友借了我的钱，打了借条，现在一直不还，希望帮我要回来。"


async def test_a_private_loan_is_summed_up_and_declined_with_its_route(
    hotline: RunningHotline,
) -> None:
    async with chromium(spoken_wav("您好，一二三四五热线，请讲。")) as browser:
        stage = Stage(hotline=hotline, browser=browser)
        async with stage.agent("huawu1") as page, stage.talk(page) as caller:
            caller.voice.say(spoken_ulaw(LENT))
            hint = page.get_by_test_id("suggestion-refusal-R10")
            await expect(hint).to_be_visible(timeout=60_000)
            await page.get_by_test_id("take-summary").click()
            content = page.get_by_test_id("field-content")
            await expect(content).to_have_value(re.compile("借.*不还"))
            await hint.click()
            await expect(page.get_by_test_id("do-refuse")).to_be_enabled()
            await expect(page.get_by_test_id("refusal-route")).to_have_value(re.compile("12348"))
            await page.keyboard.press("Escape")
            await page.get_by_test_id("hangup").click()
