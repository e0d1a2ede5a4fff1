"""What calls the shift leader while calls live: raised once, settled when it is over."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from config.floor import ServiceLevelRule, load_floor
from config.rules import SHIPPED
from dispatch.floor.alerts import Alerts
from dispatch.floor.service_level_watch import ServiceLevelWatch
from models.clock import SystemClock
from models.errors import ConfigurationError
from models.events import CallAnswered, CallQueued
from models.ports import AlertPort, NoAlerts
from models.tables import FloorAlert
from models.vocabulary import AgentState, AlertKind
from telephony.level import VoiceMeter
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.support.tones import tone_ulaw
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.test_talk import talking
from tests.telephony.three import EXPERT, outsider


def rules_with(folder: Path, **alerts: object) -> Path:
    """A folder of rules in which these alerts come soon."""
    content = yaml.safe_load((SHIPPED / "floor.yaml").read_text("utf-8"))
    content["alerts"] |= {"look_every_seconds": 0.1} | alerts
    (folder / "floor.yaml").write_text(yaml.safe_dump(content), "utf-8")
    return folder


@pytest.fixture
async def watched(short_asterisk: RunningAsterisk, tmp_path: Path) -> AsyncIterator[CallFloor]:
    """A floor whose shift leader is soon called."""
    rules = rules_with(
        tmp_path,
        silence={"seconds": 1.5, "level": 400},
        long_hold={"seconds": 0.5},
        long_wait={"seconds": 0.5},
    )
    async with call_floor(short_asterisk, tmp_path, rules=rules) as opened:
        yield opened


async def alert(floor: CallFloor, kind: AlertKind) -> FloorAlert:
    """The only alert of this kind, as it is now."""
    async with floor.store.read() as session:
        return (await session.scalars(select(FloorAlert).where(FloorAlert.kind == kind))).one()


async def ended(floor: CallFloor, kind: AlertKind) -> None:
    """Wait until the matter is over."""
    for _ in range(200):
        if (await alert(floor, kind)).ended_at is not None:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{kind} was never settled")


@pytest.mark.asterisk
async def test_a_long_wait_is_told_until_the_caller_is_answered(watched: CallFloor) -> None:
    async with calling(watched.asterisk) as citizen:
        queued = await watched.happened(CallQueued)
        (raised,) = await watched.alerted(AlertKind.LONG_WAIT)
        assert raised.call_id == queued.call_id
        assert raised.ended_at is None
        async with watched.agent("王芳", "1901") as (_, phone):
            phone.answer(await phone.rung())
            await watched.happened(CallAnswered)
            await ended(watched, AlertKind.LONG_WAIT)
            await citizen.hang_up()
            await watched.ended()


@pytest.mark.asterisk
async def test_a_long_hold_is_told_until_the_citizen_is_back(watched: CallFloor) -> None:
    async with talking(watched) as talk:
        await watched.calls.hold(talk.call_id, talk.agent_id)
        (raised,) = await watched.alerted(AlertKind.LONG_HOLD)
        assert (raised.call_id, raised.agent_id) == (talk.call_id, talk.agent_id)
        await watched.calls.resume(talk.call_id, talk.agent_id)
        await ended(watched, AlertKind.LONG_HOLD)
        await talk.citizen.hang_up()
        await watched.ended()


@pytest.mark.asterisk
async def test_music_while_the_agent_asks_somebody_is_a_long_hold(watched: CallFloor) -> None:
    desk = watched.calls.desk
    async with talking(watched) as talk, outsider(watched):
        await desk.consult(talk.call_id, talk.agent_id, EXPERT)
        (raised,) = await watched.alerted(AlertKind.LONG_HOLD)
        assert raised.call_id == talk.call_id
        await watched.until(lambda: watched.told().count("CallPartyChanged") >= 2)  # joined
        await desk.swap(talk.call_id, talk.agent_id)
        await ended(watched, AlertKind.LONG_HOLD)
        await talk.citizen.hang_up()
        await watched.ended()


@pytest.mark.asterisk
async def test_silence_of_both_is_told_and_a_voice_ends_it(watched: CallFloor) -> None:
    async with (
        watched.agent("王芳", "1901") as (_, phone),
        await Voice.open() as voice,
        calling(watched.asterisk, media_port=voice.port) as citizen,
    ):
        phone.answer(await phone.rung())
        await watched.happened(CallAnswered)
        (raised,) = await watched.alerted(AlertKind.SILENCE)
        assert raised.text == "通话双方均无声音已超过 2 秒"
        voice.say(tone_ulaw(700))
        await ended(watched, AlertKind.SILENCE)
        await citizen.hang_up()
        await watched.ended()


class Failing(NoAlerts):
    """A fault: the database of the alerts is away, until it is back."""

    def __init__(self, real: AlertPort) -> None:
        self.real = real
        self.back = False
        self.asked = 0

    async def raise_alert(self, *what: Any, **more: Any) -> str | None:
        self.asked += 1
        if not self.back:
            raise ConnectionError("database is away")
        return await self.real.raise_alert(*what, **more)


@pytest.mark.asterisk
async def test_an_alert_that_fails_harms_no_call_and_is_told_later(watched: CallFloor) -> None:
    exchange = watched.calls.exchange  # the fault is put in from the inside
    exchange.alerts = failing = Failing(exchange.alerts)
    async with talking(watched) as talk:
        await watched.calls.hold(talk.call_id, talk.agent_id)
        await watched.until(lambda: failing.asked >= 2)
        assert watched.calls.presence(talk.agent_id).state is AgentState.HOLD
        failing.back = True
        assert len(await watched.alerted(AlertKind.LONG_HOLD)) == 1
        await watched.calls.resume(talk.call_id, talk.agent_id)
        talk.phone.voice.forget()
        assert await talk.phone.voice.hears(0.3)
        await talk.citizen.hang_up()
        await watched.ended()


@pytest.mark.asterisk
async def test_a_falling_service_level_is_told_until_calls_are_answered_in_time(
    watched: CallFloor,
) -> None:
    clock = SystemClock()
    rule = ServiceLevelRule(
        answered_within_seconds=2, share=0.5, minutes=5, at_least=1, look_every_seconds=1
    )
    watch = ServiceLevelWatch(watched.store, clock, Alerts(watched.store, watched.bus, clock), rule)
    async with calling(watched.asterisk, gives_up_after=60) as waits:
        queued = await watched.happened(CallQueued)
        await watched.until(lambda: clock.now() - queued.at > timedelta(seconds=2.2))
        await watch.look()
        raised = await alert(watched, AlertKind.SERVICE_LEVEL)
        assert (raised.queue, raised.ended_at) == ("general", None)
        assert raised.text == (
            "近5分钟排队来电1通（含未接通的，不计2秒内自行挂断的），2秒内接通0通，占排队来电的0%，低于50%"
        )
        await waits.hang_up()
        await watched.ended()
    async with watched.agent("王芳", "1901") as (_, phone):
        for nth in (1, 2):
            async with calling(watched.asterisk) as citizen:
                phone.answer(await phone.rung())
                await watched.happened(CallAnswered, nth)
                await citizen.hang_up()
            await watched.ended(nth + 1)
    await watch.look()
    assert (await alert(watched, AlertKind.SERVICE_LEVEL)).ended_at is not None


@pytest.mark.asterisk
async def test_a_missed_ring_is_told_by_name(watched: CallFloor) -> None:
    async with watched.agent("王芳", "1901") as (agent_id, phone), calling(watched.asterisk) as one:
        await phone.rung()
        (raised,) = await watched.alerted(AlertKind.MISSED_RING)
        assert (raised.agent_id, raised.text) == (agent_id, "王芳振铃未接，已置为示忙")
        await one.hang_up()
        await watched.ended()
    assert (await alert(watched, AlertKind.MISSED_RING)).ended_at is None, "nobody has seen to it"


@pytest.mark.unit
def test_a_quiet_line_is_no_voice() -> None:
    meter = VoiceMeter(400)
    meter.last_voice = 0.0
    meter.hear(struct.pack("<160h", *[90, -90] * 80))
    assert meter.last_voice == 0.0
    meter.hear(b"")
    meter.hear(struct.pack("<160h", *[-3000] * 160))
    assert meter.last_voice > 0.0


@pytest.mark.unit
def test_a_slip_in_the_rules_is_named(tmp_path: Path) -> None:
    assert load_floor().alerts.long_hold.seconds > 0
    rules = rules_with(tmp_path, long_hold={"seconds": -1}, spelt_wrong=1)
    with pytest.raises(ConfigurationError, match=r"long_hold.seconds.*spelt_wrong"):
        load_floor(rules)
