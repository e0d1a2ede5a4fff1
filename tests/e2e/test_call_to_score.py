"""A citizen's call, from the ring to the score, through real parts and real pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select

from hotline.simulation.rtp import Voice
from hotline.simulation.sound import spoken_ulaw, spoken_wav
from models.tables import Call, ClosureScore, OrderEvent, WorkOrder
from models.vocabulary import ContactOutcome, OrderState
from tests.e2e.conftest import Photographer
from tests.support.browser import chromium, hears, person
from tests.support.hotline import RunningHotline
from tests.support.sipp import calling, citizen

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.asterisk, pytest.mark.speech]

NUMBER = "13907341234"
WORDS = [
    "你好，我要反映，蒸湘北路的路灯坏了一个星期了，晚上很黑。",
    "老人和孩子走路不安全，希望尽快维修。",
]
ANSWER = "我单位当日派人到现场核实，情况属实，已于次日更换灯具，路灯恢复照明，感谢您的监督。"


async def test_a_call_becomes_a_scored_order(
    hotline: RunningHotline, photograph: Photographer
) -> None:
    microphone = spoken_wav("您好，一二三四五热线，请讲。好的，我为您登记。")
    async with chromium(microphone) as browser:
        order_no = await _take_the_call(browser, hotline, photograph)
        await _dispatch(browser, hotline, photograph)
        await _handle(browser, hotline, photograph)
        await _audit(browser, hotline, photograph)
        await _follow_up(browser, hotline, photograph)
        await _see_the_score(browser, hotline, photograph, order_no)
    await _check_the_records(hotline, order_no)
    assert await hotline.asterisk.is_empty()


async def _take_the_call(
    browser: Browser, hotline: RunningHotline, photograph: Photographer
) -> str:
    async with person(browser, hotline.url, "huawu1", hotline.password) as page:
        await _get_ready(page)
        async with (
            await Voice.open() as voice,
            calling(hotline.asterisk, number=NUMBER, media_port=voice.port, talks_for=120) as phone,
        ):
            await phone.reaches("answered")
            bar = page.get_by_test_id("call-bar")
            await expect(bar).to_have_attribute("data-phase", "ringing")
            await expect(page.get_by_test_id("caller-number")).to_contain_text("139 0734 1234")
            await photograph(page, "desk-ringing")
            voice.forget()
            await page.get_by_test_id("answer").click()
            await expect(bar).to_have_attribute("data-phase", "talking")
            assert await voice.hears(1.0), "the citizen does not hear the agent"
            await _speak(page, voice)
            await _see_suggestions(page, photograph)
            await hears(page, 12_000)
            await _put_a_phrase_into_a_field(page)
            order_no = await _submit(page, photograph)
            await phone.hang_up()
        await expect(page.get_by_test_id("agent-state")).to_have_attribute("data-state", "WRAP_UP")
        await page.get_by_test_id("wrap-up-done").click()
        await expect(page.get_by_test_id("agent-state")).to_have_attribute("data-state", "READY")
    return order_no


async def _get_ready(page: Page) -> None:
    await page.goto("/desk")
    await page.get_by_test_id("agent-sign-in").click()
    await expect(page.get_by_test_id("agent-state")).to_be_visible()
    await page.get_by_test_id("go-ready").click()
    await expect(page.get_by_test_id("agent-state")).to_have_attribute("data-state", "READY")


async def _speak(page: Page, voice: Voice) -> None:
    """Interim words are grey, final ones black, and it is said who spoke."""
    voice.say(spoken_ulaw(WORDS[0], speed=150))
    interim = page.locator('[data-testid=utterance][data-leg=CALLER][data-final="false"]')
    await expect(interim.first).to_be_visible()
    await voice.has_spoken()
    final = page.locator('[data-testid=utterance][data-leg=CALLER][data-final="true"]')
    await expect(final.first).to_be_visible()
    said = "".join(await final.all_inner_texts())
    assert "灯" in said, said
    agent = page.locator('[data-testid=utterance][data-leg=AGENT][data-final="true"]')
    await expect(agent.first).to_be_visible()


async def _see_suggestions(page: Page, photograph: Photographer) -> None:
    for name in ("type", "category", "department"):
        first = page.get_by_test_id(f"suggestion-{name}-0")
        await expect(first).to_be_visible()
        await expect(first).to_contain_text("%")
    await expect(page.get_by_test_id("field-title")).to_have_value(re.compile("路灯"))
    await expect(page.get_by_test_id("field-place")).to_have_value(re.compile("路"))
    await photograph(page, "desk-talking")


async def _put_a_phrase_into_a_field(page: Page) -> None:
    await page.get_by_test_id("field-demand").click()
    phrases = page.locator("[data-testid=utterance][data-leg=CALLER] .phrase")
    phrase = phrases.filter(has_text="灯").first
    words = (await phrase.inner_text()).strip("，。？ ")
    await phrase.click()
    await expect(page.get_by_test_id("field-demand")).to_have_value(re.compile(re.escape(words)))


async def _submit(page: Page, photograph: Photographer) -> str:
    await page.get_by_test_id("field-content").fill("".join(WORDS))
    await page.get_by_test_id("type-HELP").click()
    await page.get_by_test_id("suggestion-category-0").click()
    await page.get_by_test_id("suggestion-department-0").click()
    await page.get_by_test_id("submit-dispatch").click()
    opened = page.get_by_test_id("opened-order").first
    await expect(opened).to_be_visible()
    await photograph(page, "desk-opened")
    return re.sub(r"\s", "", await opened.inner_text())


async def _dispatch(browser: Browser, hotline: RunningHotline, photograph: Photographer) -> None:
    async with person(browser, hotline.url, "paidan", hotline.password) as page:
        await page.goto("/dispatch")
        await _open_first(page)
        await _choose_department(page, "城管")
        await page.get_by_test_id("dispatch-note").fill("请尽快安排维修，并联系市民。")
        await photograph(page, "dispatch")
        await page.get_by_test_id("do-dispatch").click()
        await expect(page.get_by_test_id("queue-item")).to_have_count(0)


async def _open_first(page: Page) -> None:
    await page.get_by_test_id("queue-item").first.click()
    await expect(page.get_by_test_id("order-title")).to_contain_text("路灯")


async def _choose_department(page: Page, name: str) -> None:
    await page.get_by_test_id("dispatch-department").click()
    await page.keyboard.type(name)
    await page.get_by_role("option").filter(has_text=name).first.click()


async def _handle(browser: Browser, hotline: RunningHotline, photograph: Photographer) -> None:
    async with person(browser, hotline.url, "chengguan", hotline.password) as page:
        await page.goto("/inbox")
        await _open_first(page)
        await photograph(page, "inbox")
        await page.get_by_test_id("do-sign_for").click()
        await page.get_by_test_id("first-contact-person").fill("王先生")
        await page.get_by_test_id("first-contact-reached").click()
        await page.get_by_test_id("first-contact-note").fill("已电话联系，约定当日到现场查看。")
        await page.get_by_test_id("first-contact-evidence").fill("座机8812345，20日10时拨打")
        await page.get_by_test_id("do-first_contact").click()
        await page.get_by_test_id("fact-TRUE").click()
        await page.get_by_test_id("demand-REASONABLE").click()
        await page.get_by_test_id("outcome-SOLVED").click()
        await page.get_by_test_id("result-public-answer").fill(ANSWER)
        await page.get_by_test_id("result-internal-note").fill("灯具型号 LED-60，库存剩 12 套。")
        await page.get_by_test_id("result-evidence").fill("维修记录〔2026〕12号，存市政股")
        await page.get_by_test_id("result-head").click()
        await page.get_by_role("option").filter(has_text="严建新").click()
        await photograph(page, "result")
        await page.get_by_test_id("do-submit_result").click()
        await expect(page.get_by_test_id("queue-item")).to_have_count(0)


async def _audit(browser: Browser, hotline: RunningHotline, photograph: Photographer) -> None:
    async with person(browser, hotline.url, "shenhe", hotline.password) as page:
        await page.goto("/audit")
        await _open_first(page)
        await expect(page.get_by_test_id("mark-process-findings")).to_be_visible()
        await page.get_by_test_id("full-process").click()
        await page.get_by_test_id("full-quality").click()
        await page.get_by_test_id("mark-quality-evidence").locator("input").fill("8")
        await photograph(page, "audit")
        await page.get_by_test_id("do-approve_result").click()
        await expect(page.get_by_test_id("queue-item")).to_have_count(0)


async def _follow_up(browser: Browser, hotline: RunningHotline, photograph: Photographer) -> None:
    async with person(browser, hotline.url, "huifang", hotline.password) as page:
        await page.goto("/follow-up")
        await page.get_by_test_id("agent-sign-in").click()
        await _open_first(page)
        said = spoken_ulaw("路灯已经修好了，我很满意，谢谢你们。")
        async with citizen(hotline.asterisk, said=said, talks_for=60) as phone:
            await page.get_by_test_id("follow-up-call").click()
            await phone.reaches("answered", within=20)
            hangup = page.get_by_test_id("follow-up-hangup")
            await expect(hangup).to_be_visible()
            await hears(page, 12_000)
            await page.get_by_test_id("follow-up-reached").click()
            await page.get_by_test_id("contacted-yes").click()
            await page.get_by_test_id("solved-SOLVED").click()
            await page.get_by_test_id("satisfaction-SATISFIED").click()
            await page.get_by_test_id("service-VERY_SATISFIED").click()
            await photograph(page, "follow-up")
            await hangup.click()
        await page.get_by_test_id("do-record_follow_up").click()
        await expect(page.get_by_test_id("queue-item")).to_have_count(0)


async def _see_the_score(
    browser: Browser, hotline: RunningHotline, photograph: Photographer, order_no: str
) -> None:
    async with person(browser, hotline.url, "zhuren", hotline.password) as page:
        await page.goto("/orders")
        await (
            page.get_by_test_id("order-row")
            .filter(has_text="路灯")
            .get_by_role("link")
            .first.click()
        )
        await expect(page.get_by_test_id("order-state").first).to_contain_text("办结")
        await expect(page.get_by_test_id("score")).to_contain_text("99.6")
        assert await page.get_by_test_id("score-part").count() == 7
        await photograph(page, "order")
        await page.goto("/report")
        await expect(page.locator("table").filter(has_text="城管").first).to_be_visible()
        await photograph(page, "report")


async def _check_the_records(hotline: RunningHotline, order_no: str) -> None:
    async with hotline.database() as store, store.read() as session:
        order = await session.scalar(select(WorkOrder).where(WorkOrder.order_no == order_no))
        assert order is not None
        assert order.state is OrderState.CLOSED
        score = await session.scalar(select(ClosureScore).where(ClosureScore.order_id == order.id))
        assert score is not None
        # Of the quality sheet 83 of the 85 marks that apply to a solved demand count for 15 points.
        assert score.score == pytest.approx(100 - 15 * 2 / 85, abs=0.05)
        steps = await session.scalars(
            select(OrderEvent.action)
            .where(OrderEvent.order_id == order.id)
            .order_by(OrderEvent.seq)
        )
        assert len(list(steps)) >= 7
        calls = list(await session.scalars(select(Call).order_by(Call.started_at)))
        assert [call.outcome for call in calls] == [ContactOutcome.SERVED, ContactOutcome.SERVED]
        for call in calls:
            for recording in (call.citizen_recording, call.agent_recording):
                path: Path = hotline.settings.recordings_dir / recording
                assert path.stat().st_size > 16_000, "a leg was not recorded"
