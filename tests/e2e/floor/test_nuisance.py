"""The nuisance list at the browser: one proposes, another decides, and the caller is told."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Locator, Page, expect

from hotline.demo.client import RequestFailed
from tests.e2e.floor.stage import Stage, bar, be_ready, in_state, is_at, sound_flows
from tests.support.browser import person
from tests.telephony.sounds import hears

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="package"),
]

NUMBER = "13711112222"


async def test_one_proposes_a_number_another_approves_and_its_caller_is_told(
    stage: Stage,
) -> None:
    """Speech is off on this stage: nobody is turned away unheard, but waits behind all others."""
    hotline = stage.hotline
    async with (
        stage.agent("banzhang") as leader,
        person(stage.browser, hotline.url, "zhuren", hotline.password) as manager,
    ):
        async with stage.talk(leader, NUMBER) as caller:
            await sound_flows(leader, caller.voice)
            await _propose(leader)
            await leader.get_by_test_id("hangup").click()
            await is_at(leader, "WRAP_UP")
        await _cannot_approve_it(stage, leader)

        await manager.goto("/nuisance")
        row = _row(manager)
        await expect(row).to_contain_text("137****2222")
        await row.get_by_test_id("nuisance-calls").click()
        await expect(manager.get_by_test_id("blocked-calls")).to_contain_text("137****2222")
        await expect(manager.get_by_test_id("call-row")).to_have_count(1)
        await expect(manager.get_by_test_id("call-row")).to_contain_text("陈建国")
        await manager.get_by_role("button", name="返回名单").click()
        await row.get_by_test_id("approve-nuisance").click()
        await manager.get_by_test_id("nuisance-words").fill("已听录音，情况属实")
        await manager.get_by_test_id("do-nuisance").click()
        for page in (manager, leader):
            await expect(_row(page)).to_have_attribute("data-state", "ACTIVE")
            await expect(_row(page)).to_contain_text(await _ends_at(stage))

        await be_ready(leader)
        async with stage.citizen(NUMBER) as caller:
            await hears(caller.voice, hotline.asterisk.prompts.uri("blocked_waits"), within=60)
            await expect(bar(leader)).to_have_attribute("data-phase", "ringing")
            await leader.get_by_test_id("answer").click()
            await in_state(leader, "TALKING")
            await sound_flows(leader, caller.voice)
            await leader.get_by_test_id("hangup").click()
            await is_at(leader, "WRAP_UP")
        await manager.reload()
        await expect(row.get_by_test_id("nuisance-hits")).to_have_text("1")

        await row.get_by_test_id("end-nuisance").click()
        await manager.get_by_test_id("nuisance-words").fill("机主已致歉")
        await manager.get_by_test_id("do-nuisance").click()
        await expect(row).to_have_attribute("data-state", "ENDED")


def _row(page: Page) -> Locator:
    return page.get_by_test_id("nuisance-row")


async def _propose(page: Page) -> None:
    """While the caller is on the line."""
    await page.get_by_test_id("propose-nuisance").click()
    dialog = page.get_by_test_id("nuisance-dialog")
    await expect(dialog).to_contain_text("137 1111 2222")
    await expect(page.get_by_test_id("do-propose")).to_be_disabled()
    await dialog.get_by_role("button", name="辱骂、骚扰话务员").click()
    await page.get_by_test_id("nuisance-days").locator("input").fill("10")
    await page.get_by_test_id("do-propose").click()
    await expect(dialog).to_have_count(0)


async def _cannot_approve_it(stage: Stage, page: Page) -> None:
    """Neither by a button nor past it."""
    await page.get_by_test_id("menu-nuisance").click()
    await expect(_row(page)).to_have_attribute("data-state", "PROPOSED")
    await expect(_row(page)).to_contain_text("须由他人复核")
    await expect(page.get_by_test_id("approve-nuisance")).to_have_count(0)
    block_id = await _row(page).get_attribute("data-id")
    async with stage.hotline.signed_in("banzhang") as client:
        with pytest.raises(RequestFailed, match="另一人复核"):
            await client.post(f"/api/nuisance/{block_id}/approve", {})


async def _ends_at(stage: Stage) -> str:
    """Ten days from the approval on, as the page writes it."""
    async with stage.hotline.signed_in("zhuren") as client:
        (block,) = await client.get("/api/nuisance")
    ends, decided = (datetime.fromisoformat(block[name]) for name in ("ends_at", "decided_at"))
    assert (ends - decided).days == 10
    return f"{ends.astimezone(ZoneInfo(stage.hotline.settings.timezone)):%Y-%m-%d %H:%M}"
