"""Transfers: blind and attended, to a colleague, a queue, an expert; and those nobody takes."""

from __future__ import annotations

import asyncio

import pytest

from models.errors import TransitionRefused
from models.events import (
    CallAnswered,
    CallPartyChanged,
    CallQueued,
    CallStateChanged,
    CallTransferred,
)
from models.ports import PartyChoice
from models.vocabulary import (
    AgentState,
    CallDirection,
    CallEventKind,
    CallState,
    ContactOutcome,
    Leg,
    PartyKind,
    PriorityReason,
    TransferKind,
)
from tests.support.rtp import Voice
from tests.support.sipp import citizen
from tests.support.tones import hears_only, tone_ulaw
from tests.telephony.floor import CallFloor
from tests.telephony.three import (
    AGENT,
    ALL,
    CITIZEN,
    EMERGENCY,
    EXPERT,
    PARTY,
    Talk,
    history,
    lines,
    outsider,
    parties_of,
    talking,
)

pytestmark = pytest.mark.asterisk

NOBODY = PartyChoice()
BLIND, ATTENDED = TransferKind.BLIND, TransferKind.ATTENDED


async def transfer(floor: CallFloor, talk: Talk, kind: TransferKind, choice: PartyChoice) -> None:
    await floor.calls.desk.transfer(talk.call_id, talk.agent_id, kind, choice)


async def test_blind_to_a_colleague(floor: CallFloor) -> None:
    async with talking(floor) as talk, floor.agent("李娜", "1902") as (second, other):
        await floor.calls.set_state(second, AgentState.BUSY)
        assert await hears_only(talk.voice, AGENT, of=ALL)
        await transfer(floor, talk, BLIND, PartyChoice(agent_id=second))
        await talk.ring.ends()
        ring = await other.rung()
        assert await hears_only(talk.voice, of=ALL)
        other.answer(ring)
        other.voice.say(tone_ulaw(PARTY))
        handed = await floor.happened(CallTransferred)
        assert (handed.from_agent_id, handed.agent_id) == (talk.agent_id, second)
        assert await hears_only(talk.voice, PARTY, of=ALL)
        assert await hears_only(other.voice, CITIZEN, of=ALL)
        assert floor.calls.presence(second).state is AgentState.TALKING
        await floor.state(talk.agent_id, AgentState.READY)
        with pytest.raises(TransitionRefused, match="不是您"):
            await floor.calls.hold(talk.call_id, talk.agent_id)
        await floor.calls.hold(talk.call_id, second)
        await floor.calls.resume(talk.call_id, second)
        assert await hears_only(talk.voice, PARTY, of=ALL)
        await floor.calls.hang_up(talk.call_id, second)
        call, contact = await floor.ended()
        await floor.state(second, AgentState.BUSY)  # as before the call, after writing it down
    assert (call.transfers, call.outcome) == (1, ContactOutcome.SERVED)
    assert contact is not None and contact.agent_id == second
    rows = await parties_of(floor, call.id)
    assert [row.agent_id for row in rows] == [talk.agent_id, second]
    assert floor.ear.speakers(call.id, Leg.AGENT) == [row.speaker for row in rows]
    assert all(floor.recording(row.recording).stat().st_size > 4000 for row in rows)


async def test_attended_to_a_colleague(floor: CallFloor) -> None:
    async with talking(floor) as talk, floor.agent("李娜", "1902") as (second, other):
        colleague = PartyChoice(agent_id=second)
        await floor.calls.desk.consult(talk.call_id, talk.agent_id, colleague)
        other.answer(await other.rung())
        other.voice.say(tone_ulaw(PARTY))
        await floor.state(second, AgentState.CONSULT)
        await transfer(floor, talk, ATTENDED, NOBODY)
        await talk.ring.ends()
        assert await hears_only(talk.voice, PARTY, of=ALL)
        assert await hears_only(other.voice, CITIZEN, of=ALL)
        await other.reload()
        other.answer(await other.rung())
        other.voice.say(tone_ulaw(PARTY))
        assert await hears_only(talk.voice, PARTY, of=ALL), "the new agent's page was reloaded"
        await talk.citizen.hang_up()
        call, _ = await floor.ended()
    assert (call.agent_id, call.transfers) == (second, 1)
    rows = await parties_of(floor, call.id)
    assert [row.name for row in rows] == ["王芳", "李娜", "李娜"], "she reloaded her page"
    assert floor.ear.speakers(call.id, Leg.AGENT) == [row.speaker for row in rows]
    assert await history(floor, call.id) == [
        CallEventKind.CONSULT_BEGUN,
        CallEventKind.TRANSFERRED,
    ]


async def test_attended_while_the_other_phone_still_rings(floor: CallFloor) -> None:
    """The agent does not wait for the answer; the citizen hears music until then."""
    async with talking(floor) as talk, outsider(floor, rings_for=4) as (_, expert):
        await floor.calls.desk.consult(talk.call_id, talk.agent_id, EXPERT)
        await talk.party("ringing")
        await transfer(floor, talk, ATTENDED, NOBODY)
        await talk.ring.ends()
        assert not [one for one in floor.all(CallPartyChanged) if one.step == "joined"]
        assert await hears_only(talk.voice, of=ALL)
        handed = await floor.happened(CallTransferred)
        assert (handed.from_agent_id, handed.to_name) == (talk.agent_id, "社保待遇政策咨询")
        assert await hears_only(talk.voice, PARTY, of=ALL)
        assert await hears_only(expert, CITIZEN, of=ALL)
        await floor.state(talk.agent_id, AgentState.READY)
        await talk.citizen.hang_up()
        call, _ = await floor.ended()
    assert call.transfers == 1
    assert await history(floor, call.id) == [
        CallEventKind.CONSULT_BEGUN,
        CallEventKind.TRANSFERRED,
        CallEventKind.TRANSFERRED,
    ]


async def test_blind_to_110(floor: CallFloor) -> None:
    async with talking(floor) as talk, outsider(floor, rings_for=1) as (police, voice):
        await transfer(floor, talk, BLIND, EMERGENCY)
        await talk.ring.ends()
        handed = await floor.happened(CallTransferred)
        assert (handed.agent_id, handed.to_name) == (None, "110 公安报警")
        assert await hears_only(voice, CITIZEN, of=ALL)
        assert await hears_only(talk.voice, PARTY, of=ALL)
        await floor.state(talk.agent_id, AgentState.READY)
        await police.hang_up()
        await talk.citizen.finished()
        call, contact = await floor.ended()
    assert contact is not None and contact.outcome is ContactOutcome.SERVED
    assert (call.transfers, call.reason) == (1, "110 公安报警挂断")
    taken = (await lines(floor, call.id, CallEventKind.TRANSFERRED))[-1]
    assert taken.actor == talk.agent_id
    assert taken.detail["kind"] == PartyKind.EMERGENCY
    assert 0.5 < taken.detail["rang_s"] < 30, "the time of handing over is written down"
    (party,) = [row for row in await parties_of(floor, call.id) if row.agent_id is None]
    assert (party.number, party.rung_by) == ("110", talk.agent_id)
    assert floor.recording(party.recording).stat().st_size > 4000


async def test_a_transfer_that_is_declined_comes_back(floor: CallFloor) -> None:
    async with talking(floor) as talk, floor.agent("李娜", "1902") as (second, other):
        await floor.calls.set_state(second, AgentState.REST)
        await transfer(floor, talk, BLIND, PartyChoice(agent_id=second))
        other.decline(await other.rung())
        await floor.state(second, AgentState.REST)
        talk.phone.answer(await talk.phone.rung())
        await floor.state(talk.agent_id, AgentState.TALKING)
        talk.phone.voice.say(tone_ulaw(AGENT))
        assert await hears_only(talk.voice, AGENT, of=ALL)
        await talk.citizen.hang_up()
        call, _ = await floor.ended()
    assert (call.agent_id, call.transfers) == (talk.agent_id, 0)
    assert CallEventKind.TRANSFER_FAILED in await history(floor, call.id)


async def test_a_transfer_that_cannot_come_back_goes_to_the_line(floor: CallFloor) -> None:
    async with talking(floor) as talk, floor.agent("李娜", "1902") as (second, other):
        await floor.calls.set_state(second, AgentState.REST)
        await transfer(floor, talk, BLIND, PartyChoice(agent_id=second))
        ring = await other.rung()
        await floor.calls.sign_out(talk.agent_id)
        other.decline(ring)
        await floor.until(lambda: len(floor.calls.floor().waiting) == 1)
        assert await hears_only(talk.voice, of=ALL)
        await floor.calls.set_state(second, AgentState.READY)
        other.answer(await other.rung())
        other.voice.say(tone_ulaw(PARTY))
        await floor.happened(CallAnswered, 2)
        assert await hears_only(talk.voice, PARTY, of=ALL)
        await talk.citizen.hang_up()
        call, _ = await floor.ended()
        assert call.agent_id == second


async def test_blind_to_a_queue_and_to_an_expert(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        async with floor.agent("李娜", "1902") as (second, other):
            await transfer(floor, talk, BLIND, PartyChoice(queue="general"))
            other.answer(await other.rung())
            other.voice.say(tone_ulaw(PARTY))
            await floor.happened(CallAnswered, 2)
            queued = floor.all(CallQueued)[-1]  # a wish of the agent's, and no fault
            assert PriorityReason.INTERRUPTED not in queued.priority_reasons
            assert await hears_only(talk.voice, PARTY, of=ALL)
            async with outsider(floor) as (expert, voice):
                await floor.calls.desk.transfer(talk.call_id, second, BLIND, EXPERT)
                await floor.happened(CallTransferred, 2)
                assert await hears_only(voice, CITIZEN, of=ALL)
                assert await hears_only(talk.voice, PARTY, of=ALL)
                await talk.citizen.hang_up()
                await expert.finished()
        call, _ = await floor.ended()
    assert (call.transfers, call.queue) == (2, "general")


async def test_a_citizen_who_hangs_up_while_the_other_rings(floor: CallFloor) -> None:
    async with talking(floor) as talk, floor.agent("李娜", "1902") as (second, other):
        await transfer(floor, talk, BLIND, PartyChoice(agent_id=second))
        ring = await other.rung()
        await talk.citizen.hang_up()
        await ring.ends()
        call, _ = await floor.ended()
        await floor.state(second, AgentState.READY)
        assert call.outcome is ContactOutcome.SERVED


async def test_two_buttons_at_the_same_moment(floor: CallFloor) -> None:
    """The first counts, the second is refused in words, and nobody is left behind."""
    async with talking(floor) as talk, outsider(floor) as (_, _voice):
        desk, mine = floor.calls.desk, (talk.call_id, talk.agent_id)
        await desk.consult(*mine, EXPERT)
        await talk.party("joined")
        told = await asyncio.gather(
            desk.conference(*mine), desk.end_consultation(*mine), return_exceptions=True
        )
        assert told[0] is None and isinstance(told[1], TransitionRefused)
        told = await asyncio.gather(
            desk.leave_conference(*mine), floor.calls.hang_up(*mine), return_exceptions=True
        )
        assert told[0] is None
        await talk.citizen.hang_up()
        await floor.ended()
        states = [one.state for one in floor.all(CallStateChanged)]
        assert states == [CallState.CONSULTING, CallState.CONSULTING, CallState.CONFERENCE,
                          CallState.TALKING]  # fmt: skip


async def test_a_call_to_a_citizen_is_handed_on(floor: CallFloor) -> None:
    async with (
        floor.agent("王芳", "1901") as (first, phone),
        floor.agent("李娜", "1902") as (second, other),
        await Voice.open() as voice,
        citizen(floor.asterisk, media_port=voice.port, talks_for=60),
    ):
        call_id = await floor.calls.call_out(first, "13812345678")
        phone.answer(await phone.rung())
        await floor.happened(CallAnswered)
        voice.say(tone_ulaw(CITIZEN))
        with pytest.raises(TransitionRefused, match="不能转到队列"):
            await floor.calls.desk.transfer(call_id, first, BLIND, PartyChoice(queue="general"))
        await floor.calls.desk.transfer(call_id, first, BLIND, PartyChoice(agent_id=second))
        ring = await other.rung()
        assert ring.invite.get("X-Call-Direction") == CallDirection.OUTBOUND
        other.answer(ring)
        other.voice.say(tone_ulaw(PARTY))
        await floor.happened(CallTransferred)
        assert await hears_only(voice, PARTY, of=ALL)
        assert await hears_only(other.voice, CITIZEN, of=ALL)
        await floor.calls.hang_up(call_id, second)
        call, _ = await floor.ended()
        await floor.state(second, AgentState.READY)
    assert call.agent_id == second
    kinds = [row.kind for row in await parties_of(floor, call.id)]
    assert kinds == [PartyKind.AGENT, PartyKind.AGENT]


async def test_a_ready_colleague_who_does_not_answer_is_not_ready_any_more(
    floor: CallFloor,
) -> None:
    async with talking(floor) as talk, floor.agent("李娜", "1902") as (second, other):
        await floor.calls.set_state(second, AgentState.READY)
        await transfer(floor, talk, BLIND, PartyChoice(agent_id=second))
        await other.rung()  # and lets it ring
        await floor.state(second, AgentState.BUSY)
        assert floor.calls.presence(second).reason == "未接来电"
        talk.phone.answer(await talk.phone.rung())
        await floor.state(talk.agent_id, AgentState.TALKING)
        await talk.citizen.hang_up()
        await floor.ended()
