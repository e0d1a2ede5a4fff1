"""The page of call-backs in a real Chromium: a number that cannot be rung, and another instead; a
message of danger.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from agent_console.services import WEB_DIST
from config.urgency import load_urgency
from dispatch.floor.alerts import Alerts
from dispatch.floor.risk_words import RiskWords
from models.bus import InProcessBus
from models.events import TranscriptCompleted
from models.ids import new_id
from models.tables import Draft, UtteranceRow
from models.vocabulary import CallbackReason, ContactOutcome, Leg, Urgency
from tests.console.house import PASSWORD, House
from tests.console.test_callbacks import owed
from tests.console.test_calls import past_call
from tests.support.browser import chromium, person

pytestmark = pytest.mark.browser

LEFT = "13800001234"


@pytest.fixture
async def agent(house: House, tmp_path: Path) -> AsyncIterator[Page]:
    """An agent at a browser; a caller from a 400 number has left another one in a message."""
    house.services.web_dist.symlink_to(WEB_DIST)
    heard = {"agent_id": None, "answered_at": None, "outcome": ContactOutcome.VOICEMAIL_LEFT}
    call = await past_call(house, citizen_number="4001234567", **heard)
    async with house.store.transaction() as work:
        content = {"content": "路灯不亮", "callback_phone": LEFT}
        draft = Draft(id=call.id, agent_id=None, order_id=None, content=content)
        draft.updated_at = house.clock.now()
        work.session.add(draft)
    await owed(house, "4001234567", call_id=call.id)
    async with (
        chromium(tmp_path / "nobody-speaks.wav") as browser,
        person(browser, house.browser().origin, "agent", PASSWORD) as page,
    ):
        yield page


async def test_it_is_said_why_a_number_cannot_be_rung_and_another_is_used(agent: Page) -> None:
    await agent.goto("/callbacks")
    task = agent.get_by_test_id("callback")
    why = agent.get_by_test_id("cannot-call")
    await expect(why).to_contain_text("400、800 号码不在允许外呼的范围内，无法回拨")
    await agent.get_by_test_id("take-callback").click()
    await expect(agent.get_by_test_id("call-callback")).to_be_disabled()
    await expect(agent.get_by_test_id("unreached-callback")).to_have_count(0)

    await agent.get_by_test_id("callback-other-number").click()
    await expect(agent.get_by_test_id("callback-number")).to_have_value(LEFT)
    await agent.get_by_test_id("callback-number").fill("12306")
    await agent.get_by_test_id("do-callback-number").click()
    await expect(agent.get_by_text("号码是短号或不完整")).to_be_visible()
    await agent.get_by_test_id("callback-number").fill(LEFT)
    await agent.get_by_test_id("do-callback-number").click()
    await expect(task).to_contain_text("138 0000 1234")
    await expect(why).to_have_count(0)
    await expect(agent.get_by_test_id("callback-other-number")).to_have_count(0)
    await expect(agent.get_by_test_id("unreached-callback")).to_be_visible()


async def test_a_message_of_danger_stands_first_and_says_why(agent: Page, house: House) -> None:
    """The page moves it up by itself once the message is read."""
    await agent.goto("/callbacks")
    tasks = agent.get_by_test_id("callback")
    await expect(tasks).to_have_count(1)
    heard = {"agent_id": None, "answered_at": None, "outcome": ContactOutcome.VOICEMAIL_LEFT}
    call = await past_call(house, citizen_number=LEFT, **heard)
    house.clock.advance(timedelta(minutes=1))
    await owed(house, LEFT, call_id=call.id, reason=CallbackReason.VOICEMAIL)
    words = "我们楼上着火了，有人被困。"
    async with house.store.transaction() as work:
        said = UtteranceRow(
            id=new_id(), call_id=call.id, leg=Leg.CALLER, start=9, end=12,
            text=words, raw=words, confidence=0.9, words=[],
        )  # fmt: skip
        work.session.add(said)
    alerts = Alerts(house.store, InProcessBus(), house.clock)
    ear = RiskWords(
        house.store, InProcessBus(), alerts, house.clock, load_urgency(), Urgency.CRITICAL
    )
    await ear._on_transcribed(TranscriptCompleted(call_id=call.id))
    danger = tasks.first.get_by_test_id("callback-danger")
    await expect(danger).to_have_text(
        "留言含紧急内容：起火（“着火”）、有人被困（“被困”）", use_inner_text=True
    )
    await expect(tasks.first).to_contain_text("138 0000 1234")
    await expect(agent.get_by_test_id("callback-danger")).to_have_count(1)
