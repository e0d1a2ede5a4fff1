"""Calls that leave the desk: over a queue, to an expert, to 110, and out to a citizen's number."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from models.tables import Draft
from tests.e2e.floor.stage import (
    Stage,
    ask_in,
    bar,
    be_ready,
    hear_each_other,
    in_state,
    is_at,
    party,
    sound_flows,
)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="package"),
]


async def test_a_call_goes_over_a_queue_to_a_colleague_and_on_to_an_expert(stage: Stage) -> None:
    async with (
        stage.agent("huawu1") as page,
        stage.agent("huawu2") as other,
        stage.talk(page) as caller,
        stage.outsider() as expert,
    ):
        # Not waited for until it is saved: what was typed last goes along.
        await page.get_by_test_id("field-place").fill("人民路八号")
        call_id = await _has_said(stage, page, "你好，蒸湘北路的路灯坏了一个星期了，希望尽快维修。")
        await ask_in(page, "综合热线", "transfer")
        await is_at(page, "WRAP_UP")
        await expect(page.get_by_test_id("draft-elsewhere")).to_contain_text("等候接听")
        await be_ready(other)
        await expect(bar(other)).to_have_attribute("data-phase", "ringing")
        await other.keyboard.press("F2")
        await in_state(other, "TALKING")
        await sound_flows(other, caller.voice)
        await expect(other.get_by_test_id("field-place")).to_have_value("人民路八号")
        await expect(page.get_by_test_id("draft-elsewhere")).to_contain_text("王志强")
        # The machine fills what nobody had typed, and nothing else.
        await expect(other.get_by_test_id("field-title")).not_to_have_value("")
        await expect(other.get_by_test_id("draft-state")).to_have_attribute("data-state", "saved")
        await expect(other.get_by_test_id("field-place")).to_have_value("人民路八号")
        assert await _stored_place(stage, call_id) == "人民路八号"

        await ask_in(other, "供水抢修")
        await party(other, "joined")
        await sound_flows(other, expert.voice)
        await other.get_by_test_id("conference").click()
        await in_state(other, "CONFERENCE")
        await hear_each_other(caller.voice, expert.voice)
        await other.get_by_test_id("leave-conference").click()
        await is_at(other, "WRAP_UP")
        await hear_each_other(caller.voice, expert.voice)
        await _may_still_write(other)
        await caller.phone.hang_up()
        await expert.phone.finished()


async def test_110_takes_a_call_and_the_form_stays_with_the_agent(stage: Stage) -> None:
    async with (
        stage.agent("huawu1") as page,
        stage.talk(page) as caller,
        stage.outsider() as police,
    ):
        await ask_in(page, "公安报警", "transfer")
        await is_at(page, "WRAP_UP")
        await hear_each_other(caller.voice, police.voice)
        await _may_still_write(page)
        await caller.phone.hang_up()
        await police.phone.finished()


async def test_120_is_asked_in_and_goes_on_with_the_citizen(stage: Stage) -> None:
    """A warm transfer, all by mouse; how long it took is written down."""
    async with (
        stage.agent("huawu1") as page,
        stage.talk(page) as caller,
        stage.outsider() as doctor,
    ):
        call_id = await page.get_by_test_id("desk").get_attribute("data-call")
        await ask_in(page, "医疗急救", click=True)
        await party(page, "joined")
        await sound_flows(page, doctor.voice)
        caller.voice.forget()
        assert await caller.voice.hears(1.0, within=30), "no music meanwhile"
        await page.get_by_test_id("conference").click()
        await in_state(page, "CONFERENCE")
        await sound_flows(page, caller.voice)
        await sound_flows(page, doctor.voice)
        await hear_each_other(caller.voice, doctor.voice)
        await page.get_by_test_id("leave-conference").click()
        await is_at(page, "WRAP_UP")
        await hear_each_other(caller.voice, doctor.voice)
        await page.goto(f"/calls/{call_id}")
        handed = page.locator("[data-testid=call-event][data-kind=TRANSFERRED]")
        await expect(handed).to_contain_text("医疗急救")
        await expect(handed).to_contain_text("秒")
        await caller.phone.hang_up()
        await doctor.phone.finished()


async def test_a_citizen_is_dialled_from_a_past_call(stage: Stage) -> None:
    number = "13907342004"
    async with stage.agent("huawu1") as page:
        async with stage.talk(page, number) as caller:
            await sound_flows(page, caller.voice)
            await page.get_by_test_id("hangup").click()
            await is_at(page, "WRAP_UP")
        await page.get_by_test_id("wrap-up-done").click()
        await is_at(page, "READY")
        await page.get_by_test_id("my-call").filter(has_text="139 0734 2004").click()
        async with stage.outsider() as citizen:
            await page.get_by_test_id("dial-caller").click()
            await expect(page.get_by_test_id("dial-number")).to_have_value(number)
            await page.get_by_test_id("do-dial").click()
            await expect(page.get_by_test_id("dial-dialog")).to_have_count(0)
            await in_state(page, "TALKING")
            await expect(page.get_by_test_id("call-number")).to_contain_text("139 0734 2004")
            await sound_flows(page, citizen.voice)
            await page.get_by_test_id("hold").click()
            await in_state(page, "HELD")
            await page.get_by_test_id("hold").click()
            await in_state(page, "TALKING")
            await sound_flows(page, citizen.voice)
            await page.get_by_test_id("hangup").click()
            await citizen.phone.finished()


async def test_a_number_is_dialled_and_one_that_may_not_be_is_refused(stage: Stage) -> None:
    async with stage.agent("huawu1") as page, stage.outsider() as citizen:
        await page.keyboard.press("F9")
        await _dial(page, "110")
        await expect(page.get_by_test_id("problem")).to_contain_text("不在允许外呼的范围内")
        await _dial(page, "139 0734 9999")
        await in_state(page, "TALKING")
        await sound_flows(page, citizen.voice)
        await page.keyboard.press("F4")
        await in_state(page, "HELD")
        await page.keyboard.press("F4")
        await in_state(page, "TALKING")
        await sound_flows(page, citizen.voice)
        await page.get_by_test_id("hangup").click()
        await is_at(page, "BUSY")

        await page.get_by_test_id("dial").click()
        await _dial(page, "13907349999")
        await expect(page.get_by_test_id("problem")).to_contain_text("达到上限")


async def _has_said(stage: Stage, page: Page, words: str) -> str:
    """As live recognition writes it: there is a proposal before the next agent has the form."""
    call_id = await page.get_by_test_id("desk").get_attribute("data-call")
    assert call_id is not None
    await stage.has_said(call_id, words)
    return call_id


async def _stored_place(stage: Stage, call_id: str) -> str:
    async with stage.hotline.database() as store, store.read() as session:
        place: str = (await session.get_one(Draft, call_id)).content["place"]
    return place


async def _dial(page: Page, number: str) -> None:
    await page.get_by_test_id("dial-number").fill(number)
    await page.get_by_test_id("do-dial").click()


async def _may_still_write(page: Page) -> None:
    """The call went to somebody outside; the order is still this agent's to open."""
    await page.get_by_test_id("field-content").fill("已转给对方处置")
    await expect(page.get_by_test_id("draft-state")).to_have_attribute("data-state", "saved")
    await expect(page.get_by_test_id("draft-elsewhere")).to_have_count(0)
