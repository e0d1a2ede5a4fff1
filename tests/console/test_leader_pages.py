"""In a real Chromium: what leaders and managers of the floor look up afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select, update

from agent_console.services import WEB_DIST
from dispatch.floor.alerts import Alerts
from models.bus import InProcessBus
from models.tables import AccessLog, Recording
from models.vocabulary import AccessKind, AlertKind
from tests.console.house import PASSWORD, House
from tests.console.test_calls import past_call
from tests.console.test_floor_figures import PERIOD, a_morning
from tests.console.test_recordings import recorded_call
from tests.support.browser import PHONE, chromium, person

pytestmark = pytest.mark.browser


@pytest.fixture
async def browser(house: House, tmp_path: Path) -> AsyncIterator[Browser]:
    house.services.web_dist.symlink_to(WEB_DIST)
    async with chromium(tmp_path / "nobody-speaks.wav") as found:
        yield found


async def listened(house: House) -> list[str]:
    """Who listened to a recording."""
    query = select(AccessLog).where(AccessLog.what == AccessKind.RECORDING_MIX)
    async with house.store.read() as session:
        return [row.staff_name for row in await session.scalars(query)]


async def fits_a_telephone(page: Page) -> None:
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def test_only_who_plays_a_recording_has_listened_to_it(
    house: House, browser: Browser
) -> None:
    call = await recorded_call(house)
    async with person(browser, house.browser().origin, "leader", PASSWORD) as page:
        await page.goto(f"/calls/{call.id}")
        await expect(page.get_by_test_id("recording-length")).to_have_text("全长 0:04")
        await page.wait_for_timeout(1000)  # time enough for a player that asks at once
        assert await listened(house) == []
        await page.get_by_test_id("utterance").nth(1).click()
        player = page.get_by_test_id("recording")
        await expect(player).to_have_js_property("paused", value=False)
        await expect(player).not_to_have_js_property("duration", float("nan"))
        assert await listened(house) == ["陈建国"]
        await fits_a_telephone(page)


async def test_a_deleted_recording_says_when_it_was_deleted(house: House, browser: Browser) -> None:
    call = await recorded_call(house)
    leader = await house.signed_in("leader")
    await leader.get(f"/api/calls/{call.id}/recordings")
    async with house.store.transaction() as work:
        await work.session.execute(update(Recording).values(deleted_at=house.clock.now()))
    async with person(browser, house.browser().origin, "leader", PASSWORD) as page:
        await page.goto(f"/calls/{call.id}")
        gone = page.get_by_test_id("recording-deleted")
        await expect(gone).to_have_text("录音已于 2026-11-02 按保存期限删除。")
        files = page.get_by_test_id("recordings")
        await expect(files).to_contain_text("已于 2026-11-02 按保存期限删除")
        await expect(files.get_by_role("link")).to_have_count(0)
        await expect(page.get_by_test_id("place-hold")).to_have_count(0)
        await fits_a_telephone(page)


async def test_who_may_only_keep_a_recording_places_a_hold_from_the_list(
    house: House, browser: Browser
) -> None:
    house.clock.set(datetime.now(UTC))  # the list begins with the browser's last days
    await past_call(house)
    async with person(browser, house.browser().origin, "manager", PASSWORD) as page:
        await expect(page).not_to_have_url("text-model")
        assert "/oversight" in page.url or "/notices" in page.url, page.url
        await page.goto("/calls")
        await page.get_by_test_id("open-holds").click()
        await page.get_by_test_id("place-hold").click()
        await page.get_by_test_id("hold-reason").fill("诉")
        await expect(page.get_by_test_id("do-hold")).to_be_disabled()
        await page.get_by_test_id("hold-reason").fill("行政复议")
        await page.get_by_test_id("do-hold").click()
        await expect(page.get_by_test_id("legal-hold")).to_contain_text("行政复议")
        await expect(page.get_by_test_id("legal-hold")).to_contain_text("罗文斌")
        await fits_a_telephone(page)


async def test_who_took_care_of_an_alert_is_found_again(house: House, browser: Browser) -> None:
    alerts = Alerts(house.store, InProcessBus(), house.clock)
    await alerts.raise_alert(AlertKind.LONG_WAIT, "wait:c1", "排队已超过 90 秒")
    async with person(browser, house.browser().origin, "leader", PASSWORD) as page:
        await page.goto("/floor")
        await page.get_by_test_id("alerts-done").click()
        await page.get_by_test_id("acknowledge").click()
        await page.get_by_test_id("alert-note").fill("已安排班长接听")
        await page.get_by_test_id("do-acknowledge").click()
        done = page.get_by_test_id("alert-done")
        for words in ("排队已超过 90 秒", "陈建国", "已安排班长接听"):
            await expect(done).to_contain_text(words)
        await fits_a_telephone(page)


async def test_the_calls_of_late_are_counted_anew_on_the_floor(
    house: House, browser: Browser
) -> None:
    async with person(browser, house.browser().origin, "leader", PASSWORD) as page:
        await page.goto("/floor")
        counted = page.get_by_text("近15分钟来电")
        await expect(counted).to_contain_text("0")
        now = house.clock.now()
        await past_call(house, started_at=now, answered_at=now, ended_at=now)
        await expect(counted).to_contain_text("1")  # by itself


async def test_seat_time_is_opened_down_to_the_ledgers_lines(
    house: House, browser: Browser
) -> None:
    await a_morning(house)
    async with person(browser, house.browser().origin, "leader", PASSWORD) as page:
        await page.goto(f"/floor-figures?{PERIOD}&by=day")
        share = page.get_by_test_id("card-occupancy").get_by_role("link")
        told = await share.inner_text()
        await share.click()
        await expect(page.get_by_test_id("seat-time-sum")).to_contain_text(told)
        await expect(page.get_by_test_id("seat-states")).to_contain_text("签入合计")
        await page.get_by_test_id("seat-agents").get_by_role("link", name="李晓梅").click()
        await expect(page.get_by_test_id("seat-lines")).to_contain_text("通话")
        await expect(page.get_by_test_id("opened-number")).to_contain_text("李晓梅")
        await fits_a_telephone(page)


async def test_the_commands_of_the_form_stand_on_one_line(house: House, browser: Browser) -> None:
    for name, count in (("agent", 4), ("leader", 5)):
        call = await past_call(house, agent=name)
        async with person(browser, house.browser().origin, name, PASSWORD) as page:
            await page.goto(f"/desk?call={call.id}")
            buttons = page.locator(".foot .commands .el-button")
            await expect(buttons).to_have_count(count)
            tops = {
                round(box["y"]) for one in await buttons.all() if (box := await one.bounding_box())
            }
            assert len(tops) == 1, name
