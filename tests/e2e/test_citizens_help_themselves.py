"""The whole product on a bad day: a surge, a citizen who urges by key, a blocked number in need."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from hotline.demo.client import Client
from hotline.simulation.rtp import Voice
from hotline.simulation.sound import spoken_ulaw
from models.tables import BlockedNumber, Call
from models.vocabulary import PriorityReason
from tests.console.orders import FORM
from tests.support.hotline import RunningHotline
from tests.support.sipp import calling
from tests.telephony.sounds import hears

pytestmark = [pytest.mark.e2e, pytest.mark.asterisk, pytest.mark.speech]

CALLER, NUISANCE = "13800001234", "13711112222"
INCIDENT = "东片大面积停电，供电部门正在抢修，预计两小时恢复。"


async def eventually(
    client: Client, path: str, holds: Callable[[Any], bool], within: float = 60
) -> Any:
    """Ask until the answer is as wanted."""
    async with asyncio.timeout(within):
        while True:
            found = await client.get(path)
            if holds(found):
                return found
            await asyncio.sleep(0.3)


@pytest.mark.timeout(240)
async def test_a_bad_day(hotline: RunningHotline) -> None:
    prompts = hotline.asterisk.prompts
    incident = await prompts.spoken(INCIDENT)
    async with (
        hotline.signed_in("huawu1") as agent,
        hotline.signed_in("banzhang") as leader,
        hotline.signed_in("zhuren") as manager,
    ):
        order = await agent.post("/api/orders", FORM | {"caller_phone": CALLER})
        await leader.post("/api/surge", {"title": "东片停电", "greeting": INCIDENT})
        block = await leader.post("/api/nuisance", {"number": NUISANCE, "reason": "反复辱骂话务员"})
        await manager.post(f"/api/nuisance/{block['id']}/approve", {})

        async with (
            await Voice.open() as voice,
            calling(
                hotline.asterisk, number=CALLER, dials="123458", media_port=voice.port, talks_for=90
            ) as phone,
        ):
            await hears(voice, incident, within=30)
            await hears(voice, prompts.uri("progress_key_urge"), within=40)
            await voice.press("1")
            urged = await prompts.spoken("已为您催办，承办单位会看到您的催促。")
            await hears(voice, urged, within=30)
            await phone.hang_up()
        path = f"/api/orders/{order['id']}"
        detail = await agent.get(path)
        assert [one["action"] for one in detail["events"]].count("urge") == 1

        async with (
            await Voice.open() as voice,
            calling(
                hotline.asterisk, number=NUISANCE, media_port=voice.port, talks_for=120
            ) as phone,
        ):
            await hears(voice, prompts.uri("blocked_emergency"), within=60)
            voice.say(spoken_ulaw("救命啊，我们楼上起火了，有人被困在里面，快点来人。"))
            floor = await eventually(leader, "/api/floor", lambda found: bool(found["waiting"]))
            assert floor["waiting"][0]["priority_reasons"] == [PriorityReason.EMERGENCY_WORDS]
            path = "/api/alerts?open=true&kind=RISK_WORDS"
            found = await eventually(leader, path, lambda found: bool(found["items"]))
            told = found["items"][0]
            assert told["call_id"] == floor["waiting"][0]["call_id"]
            done = await leader.post(
                f"/api/alerts/{told['id']}/acknowledge", {"note": "已派人接听"}
            )
            assert done["acknowledged_by_name"]
            await phone.hang_up()
        await leader.post("/api/surge/end", {"note": "已恢复供电"})
    async with hotline.database() as store, store.read() as session:
        (row,) = await session.scalars(select(BlockedNumber))
        numbers = set(await session.scalars(select(Call.citizen_number)))
    assert row.hits == 1
    assert numbers == {CALLER, NUISANCE}
