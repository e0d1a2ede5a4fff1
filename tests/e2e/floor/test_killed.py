"""The server dies while an agent at a browser is in a talk: what both hear, and what comes back."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from models.tables import CallEventRow, Contact, Draft
from models.vocabulary import CallEventKind, ContactOutcome
from tests.e2e.floor.stage import Stage, bar, in_state, is_at, sound_flows

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="package"),
]

#: Calls in this story only, so that it can be counted what became of it.
NUMBER = "13907342001"


async def test_a_talk_outlives_the_server_and_the_page_finds_it_again(stage: Stage) -> None:
    async with stage.agent("huawu1") as page:
        async with stage.talk(page, NUMBER) as caller:
            await page.evaluate("window.sameDocument = true")
            await page.get_by_test_id("field-place").fill("人民路八号")
            await _draft_is(page, "saved")
            await sound_flows(page, caller.voice)

            async with stage.server_killed():
                await expect(page.get_by_test_id("live-lost")).to_be_visible()
                await expect(page.get_by_test_id("line-state")).to_have_attribute(
                    "data-line", "lost"
                )
                await sound_flows(page, caller.voice)
                await page.get_by_test_id("field-content").fill("停水三天")
                await _draft_is(page, "failed")
                await sound_flows(page, caller.voice)

            await _is_back(page)
            await in_state(page, "TALKING")
            await is_at(page, "TALKING")
            await expect(page.get_by_test_id("caller-number")).to_contain_text("139 0734 2001")
            await expect(page.get_by_test_id("field-place")).to_have_value("人民路八号")
            await expect(page.get_by_test_id("field-content")).to_have_value("停水三天")
            await _draft_is(page, "saved")
            await sound_flows(page, caller.voice)

            # The new server has the call in hand: it puts it on hold, and back.
            await page.get_by_test_id("hold").click()
            await in_state(page, "HELD")
            caller.voice.forget()
            assert await caller.voice.hears(1.0, within=30), "no music on hold"
            await page.get_by_test_id("hold").click()
            await in_state(page, "TALKING")
            await sound_flows(page, caller.voice)

            await page.get_by_test_id("hangup").click()
            await is_at(page, "WRAP_UP")
            await expect(bar(page)).to_have_attribute("data-phase", "idle")
        await expect(page.get_by_test_id("field-content")).to_have_value("停水三天")
        assert await page.evaluate("window.sameDocument"), "the page was loaded anew"
    await _is_there_once(stage)


async def _draft_is(page: Page, state: str) -> None:
    await expect(page.get_by_test_id("draft-state")).to_have_attribute("data-state", state)


async def _is_back(page: Page) -> None:
    await expect(page.get_by_test_id("live-lost")).to_be_hidden()
    line = page.get_by_test_id("line-state")
    await expect(line).to_have_attribute("data-line", "registered")


async def _is_there_once(stage: Stage) -> None:
    """One contact, one call, one answer, one end, one draft, each voice once."""
    call = await stage.over(NUMBER, recordings=2)
    async with stage.hotline.database() as store, store.read() as session:
        (contact,) = await session.scalars(select(Contact).where(Contact.citizen_number == NUMBER))
        draft = await session.get_one(Draft, call.id)
        of_call = CallEventRow.call_id == call.id
        kinds = list(await session.scalars(select(CallEventRow.kind).where(of_call)))
    assert (call.outcome, contact.outcome) == (ContactOutcome.SERVED, ContactOutcome.SERVED)
    assert {name: draft.content[name] for name in ("place", "content")} == {
        "place": "人民路八号",
        "content": "停水三天",
    }
    for kind in (CallEventKind.ANSWERED, CallEventKind.ENDED):
        assert kinds.count(kind) == 1, kinds
