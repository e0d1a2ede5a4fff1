"""Our process is killed while somebody else takes part: who talks goes on, and is found again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from models.tables import Call, CallParty
from models.vocabulary import CallState, ContactOutcome
from tests.support.rtp import Voice
from tests.support.sip_agent import SipAgent
from tests.support.sipp import Phone, citizen
from tests.support.tones import hears_only, tone_ulaw
from tests.telephony.killing import Driver, Site, talking
from tests.telephony.three import AGENT, ALL, CITIZEN, PARTY

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]


@dataclass(kw_only=True)
class Three:
    """A citizen, an agent and an expert, each singing an own tone."""

    driver: Driver
    call_id: str
    agent_id: str
    phone: SipAgent
    citizen: Voice
    caller: Phone
    expert: Voice
    telephone: Phone

    async def command(self, driver: Driver, *words: str) -> None:
        """Ask something about this call as its agent."""
        await driver.command(words[0], self.call_id, self.agent_id, *words[1:])


@asynccontextmanager
async def three(site: Site, deed: str = "consult", rings_for: float = 0.5) -> AsyncIterator[Three]:
    """The expert is rung by ``consult`` or ``transfer``."""
    async with (
        talking(site) as (driver, call_id, phone, voice, caller),
        await Voice.open() as expert,
        citizen(
            site.asterisk, media_port=expert.port, talks_for=90, rings_for=rings_for
        ) as telephone,
    ):
        voice.say(tone_ulaw(CITIZEN))
        phone.voice.say(tone_ulaw(AGENT))
        expert.say(tone_ulaw(PARTY))
        await driver.command(deed, call_id, site.agent, "rs-sb")
        if rings_for < 1:
            await driver.tells("CallPartyChanged", step="joined")
        else:
            await telephone.reaches("ringing")
        yield Three(
            driver=driver,
            call_id=call_id,
            agent_id=site.agent,
            phone=phone,
            citizen=voice,
            caller=caller,
            expert=expert,
            telephone=telephone,
        )


async def kept(site: Site) -> tuple[Call, list[CallParty]]:
    async with site.store.read() as session:
        call = (await session.scalars(select(Call))).one()
        parties = list(await session.scalars(select(CallParty)))
    assert call.state is CallState.ENDED and all(one.left_at for one in parties)
    return call, parties


@pytest.mark.parametrize("heard", ["expert", "citizen"])
async def test_killed_while_consulting(site: Site, heard: str) -> None:
    async with three(site) as talk:
        if heard == "citizen":
            await talk.command(talk.driver, "swap")
        await talk.driver.kill()
        assert await hears_only(talk.phone.voice, PARTY if heard == "expert" else CITIZEN, of=ALL)
        async with site.driver() as second:
            await second.agent_is(site.agent, "CONSULT")
            await talk.command(second, "swap")
            assert await hears_only(
                talk.phone.voice, CITIZEN if heard == "expert" else PARTY, of=ALL
            )
            await talk.command(second, "end_consultation")
            await talk.telephone.finished()
            assert await hears_only(talk.citizen, AGENT, of=ALL)
            await second.command("hang_up", talk.call_id, site.agent)
            await second.tells("CallEnded", call_id=talk.call_id)
    call, parties = await kept(site)
    assert call.outcome is ContactOutcome.SERVED
    assert len(parties) == 2


@pytest.mark.parametrize("agent_stays", [True, False])
async def test_killed_in_a_three_way_and_after_leaving_it(site: Site, agent_stays: bool) -> None:
    others = (AGENT, PARTY) if agent_stays else (PARTY,)
    async with three(site) as talk:
        await talk.command(talk.driver, "conference")
        if not agent_stays:
            await talk.command(talk.driver, "leave")
        await talk.driver.kill()
        assert await hears_only(talk.citizen, *others, of=ALL)
        async with site.driver() as second:
            if not agent_stays:
                await second.agent_is(site.agent, "READY")
            assert await hears_only(talk.citizen, *others, of=ALL)
            if agent_stays:
                await second.agent_is(site.agent, "CONFERENCE")
                await talk.command(second, "leave")
                await second.tells("CallTransferred", call_id=talk.call_id)
                assert await hears_only(talk.citizen, PARTY, of=ALL)
            await talk.telephone.hang_up()
            await second.tells("CallEnded", call_id=talk.call_id)
            await talk.caller.finished()
    call, _ = await kept(site)
    assert (call.reason, call.transfers) == ("社保待遇政策咨询挂断", 1)


async def test_killed_while_the_target_of_a_transfer_rings(site: Site) -> None:
    async with three(site, "transfer", rings_for=12.0) as talk:
        await talk.driver.kill()
        assert await hears_only(talk.citizen, of=ALL)
        async with site.driver() as second:
            await second.tells("CallTransferred", call_id=talk.call_id)
            assert await hears_only(talk.citizen, PARTY, of=ALL)
            await talk.caller.hang_up()
            await second.tells("CallEnded", call_id=talk.call_id)
    call, _ = await kept(site)
    assert call.transfers == 1


async def test_an_expert_who_hangs_up_while_nobody_listens(site: Site) -> None:
    async with three(site) as talk:
        await talk.driver.kill()
        await talk.telephone.hang_up()
        async with site.driver() as second:
            await second.agent_is(site.agent, "HOLD")
            await second.command("resume", talk.call_id, site.agent)
            assert await hears_only(talk.citizen, AGENT, of=ALL)
            await talk.caller.hang_up()
            await second.tells("CallEnded", call_id=talk.call_id)
    await kept(site)


async def test_the_third_hangs_up_while_nobody_listens(site: Site) -> None:
    """The agent had handed over: the citizen is not left alone on the line."""
    async with three(site) as talk:
        await talk.command(talk.driver, "conference")
        await talk.command(talk.driver, "leave")
        await talk.driver.tells("CallTransferred", call_id=talk.call_id)
        await talk.driver.kill()
        await talk.telephone.hang_up()
        async with site.driver() as second:
            ended = await second.tells("CallEnded", call_id=talk.call_id)
            await talk.caller.finished()
    assert ended["reason"] == "对方挂断"
    await kept(site)


async def test_killed_while_the_citizen_is_asked_for_a_grade(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.asterisk.settings.telephony, "survey", True)
    async with talking(site) as (first, call_id, _phone, voice, caller):
        await first.command("hang_up", call_id, site.agent)
        await first.tells("CallStateChanged", call_id=call_id, state="SURVEY")
        await first.kill()
        voice.forget()
        async with site.driver() as second:
            assert await voice.hears(0.3), "not asked again"
            await voice.press("1")
            rated = await second.tells("CallRated", call_id=call_id)
            await second.tells("CallEnded", call_id=call_id)
            await caller.finished()
    assert rated["satisfaction"] == "VERY_SATISFIED"
    await kept(site)
