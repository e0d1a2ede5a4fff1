"""Three-way: everybody hears everybody; one leaves, the others go on."""

from __future__ import annotations

import pytest

from models.events import CallTransferred
from models.ports import PartyChoice
from models.tables import CallParty
from models.vocabulary import AgentState, CallEventKind, CallState, ContactOutcome, Leg
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

#: A third party's phone rings for so long before it answers (see ``outsider``).
RANG_SECONDS = 0.5


async def join(floor: CallFloor, talk: Talk, choice: PartyChoice) -> None:
    """Fetch somebody, and bring all three together."""
    await floor.calls.desk.consult(talk.call_id, talk.agent_id, choice)
    await talk.party("joined")
    await floor.calls.desk.conference(talk.call_id, talk.agent_id)


async def how_long_it_rang_is_kept(floor: CallFloor, third: CallParty) -> None:
    """With the name of who took the call, in its history."""
    (handed,) = await lines(floor, third.call_id, CallEventKind.TRANSFERRED)
    assert third.rung_at and third.joined_at and third.joined_at < handed.at
    rang = round((third.joined_at - third.rung_at).total_seconds(), 1)
    assert handed.detail == {"to": third.name, "kind": third.kind, "rang_s": rang}
    assert rang >= RANG_SECONDS - 0.1, "the phone rang for so long at least"


async def test_a_warm_transfer_to_110(floor: CallFloor) -> None:
    """The agent brings both together, leaves, and is free; how long is written down."""
    async with talking(floor) as talk, outsider(floor) as (police, voice):
        await join(floor, talk, EMERGENCY)
        assert floor.calls.presence(talk.agent_id).state is AgentState.CONFERENCE
        assert await hears_only(talk.voice, AGENT, PARTY, of=ALL)
        assert await hears_only(talk.phone.voice, CITIZEN, PARTY, of=ALL)
        assert await hears_only(voice, CITIZEN, AGENT, of=ALL)

        await floor.calls.desk.leave_conference(talk.call_id, talk.agent_id)
        await talk.ring.ends()
        await talk.phone.reload()  # while the call is still being written down
        await floor.state(talk.agent_id, AgentState.READY)
        assert await hears_only(talk.voice, PARTY, of=ALL)
        assert await hears_only(voice, CITIZEN, of=ALL)
        view = next(one for one in floor.calls.floor().calls if one.call_id == talk.call_id)
        assert (view.state, [one.name for one in view.parties]) == (
            CallState.TALKING,
            ["110 公安报警"],
        )
        handed = await floor.happened(CallTransferred)
        assert (handed.agent_id, handed.to_name) == (None, "110 公安报警")
        await police.hang_up()
        call, contact = await floor.ended()
        await talk.citizen.finished()
    assert contact is not None and contact.reason == "110 公安报警挂断"
    assert (call.outcome, call.transfers) == (ContactOutcome.SERVED, 1)
    agent, third = await parties_of(floor, call.id)
    await how_long_it_rang_is_kept(floor, third)
    assert agent.left_at and third.left_at and agent.left_at < third.left_at
    assert len(floor.ear.of(call.id, Leg.THIRD)) == 1
    for file in (call.citizen_recording, agent.recording, third.recording):
        assert floor.recording(file).stat().st_size > 16000
    assert await history(floor, call.id) == [
        CallEventKind.CONSULT_BEGUN,
        CallEventKind.CONFERENCE_BEGUN,
        CallEventKind.TRANSFERRED,
    ]


async def test_the_third_is_sent_away_or_goes(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        async with outsider(floor) as (expert, _):
            await join(floor, talk, EXPERT)
            party = (await talk.party("joined")).party_id
            await floor.calls.desk.drop_party(talk.call_id, talk.agent_id, party)
            await expert.finished()
            await floor.state(talk.agent_id, AgentState.TALKING)
            assert await hears_only(talk.voice, AGENT, of=ALL)
        async with floor.agent("李娜", "1902") as (second, other):
            colleague = PartyChoice(agent_id=second)
            await floor.calls.desk.consult(talk.call_id, talk.agent_id, colleague)
            ring = await other.rung()
            other.answer(ring)
            await floor.state(second, AgentState.CONSULT)
            await floor.calls.desk.conference(talk.call_id, talk.agent_id)
            await floor.state(second, AgentState.CONFERENCE)
            await floor.calls.hang_up(talk.call_id, second)
            await ring.ends()
            await floor.state(second, AgentState.READY)
            await floor.state(talk.agent_id, AgentState.TALKING)
        await talk.citizen.hang_up()
        await floor.ended()


async def test_an_agent_who_hangs_up_does_not_cut_off_the_others(floor: CallFloor) -> None:
    async with talking(floor) as talk, outsider(floor) as (_, voice):
        await join(floor, talk, EXPERT)
        await talk.phone.hang_up(talk.ring)
        await floor.happened(CallTransferred)
        assert await hears_only(talk.voice, PARTY, of=ALL)
        assert await hears_only(voice, CITIZEN, of=ALL)
        await talk.citizen.hang_up()
        _, contact = await floor.ended()
        assert contact is not None and contact.reason == "市民挂断"
    _, third = await parties_of(floor, talk.call_id)
    await how_long_it_rang_is_kept(floor, third)


async def test_a_page_that_is_reloaded_in_a_three_way(floor: CallFloor) -> None:
    """Citizen and expert go on talking; the agent comes back to both."""
    async with talking(floor) as talk, outsider(floor) as (expert, voice):
        await join(floor, talk, EXPERT)
        await talk.phone.reload()
        ring = await talk.phone.rung()
        assert await hears_only(talk.voice, PARTY, of=ALL)
        talk.phone.answer(ring)
        await floor.state(talk.agent_id, AgentState.CONFERENCE)
        talk.phone.voice.say(tone_ulaw(AGENT))
        assert await hears_only(voice, CITIZEN, AGENT, of=ALL)
        await talk.citizen.hang_up()
        await expert.finished()
        await floor.ended()
