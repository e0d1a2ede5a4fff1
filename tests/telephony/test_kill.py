"""Our process is killed in mid-call: nobody notices, and the restarted one completes the record."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from config.retention import load_retention
from dispatch.floor.recordings import RecordingRegister, checksum
from models.clock import SystemClock
from models.tables import AgentStateLogRow, Call, Contact, Recording
from models.vocabulary import CallState, ContactOutcome
from tests.support.rtp import Voice
from tests.support.sip_agent import SipAgent
from tests.support.sipp import calling, citizen
from tests.support.sound import spoken_ulaw
from tests.telephony.clean import clean
from tests.telephony.killing import LONG_SPEECH, Driver, Site, talking
from tests.telephony.sounds import hear_each_other, hears, hears_music

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]


async def only_call(site: Site) -> tuple[Call, Contact]:
    async with site.store.read() as session:
        call = (await session.scalars(select(Call))).one()
        contact = await session.get(Contact, call.contact_id)
    assert contact is not None
    return call, contact


async def test_a_talk_outlives_the_process_and_its_record_is_completed(site: Site) -> None:
    async with talking(site) as (first, call_id, phone, voice, caller):
        await first.kill()
        await hear_each_other(voice, phone.voice)
        async with site.driver() as second:
            presence = await second.command("presence", site.agent)
            assert (presence["state"], presence["call_id"]) == ("TALKING", call_id)
            await hear_each_other(voice, phone.voice)
            heard = await second.command("heard")
            assert len(heard) == 2 and all(heard.values()), heard
            await second.command("hang_up", call_id, site.agent)
            ended = await second.tells("CallEnded", call_id=call_id)
            await caller.finished()
            await clean(site.asterisk)
            await second.agent_is(site.agent, "READY")
    assert ended["transcript_incomplete"] is True
    call, contact = await only_call(site)
    assert call.state is CallState.ENDED
    assert contact.outcome is ContactOutcome.SERVED
    assert contact.reason == "坐席挂断"
    for path in (call.citizen_recording, call.agent_recording):
        assert (site.asterisk.settings.recordings_dir / path).stat().st_size > 32000
    await both_are_entered(site, call)


async def both_are_entered(site: Site, call: Call) -> None:
    """The next process enters what the killed one could not, each file once."""
    folder = site.asterisk.settings.recordings_dir
    register = RecordingRegister(site.store, SystemClock(), folder, load_retention())
    assert await register.look() == 2
    assert await register.look() == 0
    async with site.store.read() as session:
        rows = list(await session.scalars(select(Recording).order_by(Recording.leg.desc())))
    assert [row.path for row in rows] == [call.citizen_recording, call.agent_recording]
    assert all(row.sha256 == checksum(folder / row.path) for row in rows)
    assert all(row.call_id == call.id and row.seconds > 1 for row in rows)


async def test_a_citizen_who_hangs_up_while_nobody_listens(site: Site) -> None:
    async with talking(site) as (first, _, _, _, caller):
        await first.kill()
        await caller.hang_up()
        gone = SystemClock().now()
        await asyncio.sleep(1.5)
        async with site.driver() as second:
            await second.tells("CallEnded")
            await second.agent_is(site.agent, "READY")
            await clean(site.asterisk)
    call, contact = await only_call(site)
    assert contact.outcome is ContactOutcome.SERVED
    assert contact.reason == "系统重启期间通话已结束"
    assert call.ended_at is not None
    assert abs((call.ended_at - gone).total_seconds()) < 1.0
    async with site.store.read() as session:
        lines = list(await session.scalars(select(AgentStateLogRow)))
    assert sum(line.until is None for line in lines) == 1
    assert [line.state for line in lines][:4] == ["BUSY", "READY", "RINGING", "TALKING"]
    await both_are_entered(site, call)


async def waiting_are(driver: Driver, *call_ids: str) -> None:
    """Wait until the new process has put the callers into the line again."""
    found: list[str] = []
    try:
        async with asyncio.timeout(15):
            while found != list(call_ids):
                await asyncio.sleep(0.05)
                floor = await driver.command("floor")
                found = [view["call_id"] for view in floor["waiting"]]
    except TimeoutError:
        pytest.fail(f"in the line: {found}")


async def test_a_caller_in_the_queue_waits_on(site: Site) -> None:
    async with (
        SipAgent.on_seat(site.asterisk, "1901") as phone,
        await Voice.open() as voice,
        site.driver() as first,
        calling(site.asterisk, media_port=voice.port, talks_for=90) as caller,
    ):
        queued = await first.tells("CallQueued")
        await first.kill()
        await hears_music(voice, site.asterisk.prompts)
        async with site.driver() as second:
            await waiting_are(second, queued["call_id"])
            await second.command("sign_in", site.agent)
            await second.command("set_state", site.agent, "READY")
            phone.answer(await phone.rung())
            await second.tells("CallAnswered", call_id=queued["call_id"])
            await hear_each_other(voice, phone.voice)
            await caller.hang_up()
            await second.tells("CallEnded")
            await clean(site.asterisk)
    _, contact = await only_call(site)
    assert contact.outcome is ContactOutcome.SERVED


async def test_what_the_agent_said_before_is_kept_when_the_phone_is_rung_anew(site: Site) -> None:
    """The agent's line goes while nobody watches; its recording is not written over."""
    async with talking(site) as (first, call_id, phone, _, caller):
        folder = site.asterisk.settings.recordings_dir
        began = await recorded(folder, call_id, "agent-1.wav")
        await first.kill()
        await phone.hang_up(phone.rings[-1])
        said = began.stat().st_size
        async with site.driver() as second:
            phone.answer(await phone.rung())
            await second.tells("CallStateChanged", call_id=call_id, state="TALKING")
            phone.voice.say(spoken_ulaw(LONG_SPEECH))
            await recorded(folder, call_id, "agent-2.wav")
            await caller.hang_up()
            await second.tells("CallEnded", call_id=call_id)
    call, _ = await only_call(site)
    assert began.stat().st_size >= said
    assert call.agent_recording.endswith("/agent.wav")
    assert (folder / call.agent_recording).stat().st_size > said + 8000


async def recorded(folder: Path, call_id: str, file: str) -> Path:
    """Wait until a second of somebody's voice is there."""
    async with asyncio.timeout(15):
        while True:
            for path in folder.glob(f"*/*/*/{call_id}/{file}"):
                if path.stat().st_size > 16000:
                    return path
            await asyncio.sleep(0.05)


async def test_killed_while_an_agent_is_rung(site: Site) -> None:
    async with (
        SipAgent.on_seat(site.asterisk, "1901") as phone,
        await Voice.open() as voice,
        site.driver() as first,
    ):
        await first.command("sign_in", site.agent)
        await first.command("set_state", site.agent, "READY")
        async with calling(site.asterisk, media_port=voice.port, talks_for=90) as caller:
            broken_off = await phone.rung()
            await first.kill()
            await hears_music(voice, site.asterisk.prompts)
            async with site.driver() as second:
                await broken_off.ends()
                phone.answer(await phone.rung())
                await second.tells("CallAnswered")
                await caller.hang_up()
                await second.tells("CallEnded")
    call, contact = await only_call(site)
    assert contact.outcome is ContactOutcome.SERVED
    assert call.agent_id == site.agent


async def test_killed_on_hold(site: Site) -> None:
    async with talking(site) as (first, call_id, phone, voice, caller):
        await first.command("hold", call_id, site.agent)
        await first.kill()
        await hears_music(voice, site.asterisk.prompts)
        async with site.driver() as second:
            presence = await second.command("presence", site.agent)
            assert presence["state"] == "HOLD"
            await second.command("resume", call_id, site.agent)
            await hear_each_other(voice, phone.voice)
            await caller.hang_up()
            await second.tells("CallEnded")
            await clean(site.asterisk)
    call, _ = await only_call(site)
    assert call.outcome is ContactOutcome.SERVED


@pytest.mark.parametrize("when", ["ringing", "talking"])
async def test_killed_in_a_call_to_a_citizen(site: Site, when: str) -> None:
    async with (
        SipAgent.on_seat(site.asterisk, "1901") as phone,
        await Voice.open() as voice,
        citizen(site.asterisk, media_port=voice.port, rings_for=8, talks_for=60) as called,
        site.driver() as first,
    ):
        await first.command("sign_in", site.agent)
        call_id = await first.command("call_out", site.agent, "13812345678")
        phone.answer(await phone.rung())
        # A phone that sends nothing for long would count as lost.
        phone.voice.say(spoken_ulaw("您好，请稍等。"))
        await called.reaches("ringing")
        if when == "talking":
            await first.tells("CallAnswered", call_id=call_id)
        await first.kill()
        async with site.driver() as second:
            if when == "ringing":
                await second.tells("CallAnswered", call_id=call_id)
            if when == "ringing":
                await hears(voice, site.asterisk.prompts.uri("call_out"))
            await hear_each_other(voice, phone.voice)
            await second.command("hang_up", call_id, site.agent)
            await called.finished()
            ended = await second.tells("CallEnded", call_id=call_id)
            assert ended["outcome"] == "SERVED"
            await clean(site.asterisk)
    async with site.store.read() as session:
        call = (await session.scalars(select(Call))).one()
    assert call.state is CallState.ENDED
    for path in (call.citizen_recording, call.agent_recording):
        assert (site.asterisk.settings.recordings_dir / path).stat().st_size > 16000
