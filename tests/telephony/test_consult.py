"""Consulting: the citizen hears music while the agent asks a colleague, an expert or 110."""

from __future__ import annotations

import pytest

from models.errors import TransitionRefused
from models.ports import PartyChoice
from models.vocabulary import AgentState, CallDirection, CallEventKind, CallState, Leg, PartyKind
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
    history,
    lines,
    outsider,
    parties_of,
    talking,
)

pytestmark = pytest.mark.asterisk


async def test_an_expert_is_asked_swapped_and_left(floor: CallFloor) -> None:
    desk = floor.calls.desk
    async with talking(floor) as talk, outsider(floor) as (phone, expert):
        party_id = await desk.consult(talk.call_id, talk.agent_id, EXPERT)
        assert floor.calls.presence(talk.agent_id).state is AgentState.CONSULT
        joined = await talk.party("joined")
        assert (joined.party_id, joined.kind, joined.name) == (
            party_id,
            PartyKind.EXPERT,
            "社保待遇政策咨询",
        )
        assert await hears_only(talk.phone.voice, PARTY, of=ALL)
        assert await hears_only(expert, AGENT, of=ALL)
        assert await hears_only(talk.voice, of=ALL), "the citizen hears the consultation"

        await desk.swap(talk.call_id, talk.agent_id)
        assert await hears_only(talk.phone.voice, CITIZEN, of=ALL)
        assert await hears_only(talk.voice, AGENT, of=ALL)
        assert await hears_only(expert, of=ALL)
        view = next(one for one in floor.calls.floor().calls if one.call_id == talk.call_id)
        assert [(one.party_id, one.state) for one in view.parties] == [(party_id, "held")]

        await desk.swap(talk.call_id, talk.agent_id)
        assert await hears_only(expert, AGENT, of=ALL)
        await desk.end_consultation(talk.call_id, talk.agent_id)
        await phone.finished()
        assert await hears_only(talk.phone.voice, CITIZEN, of=ALL)
        assert await hears_only(talk.voice, AGENT, of=ALL)
        assert floor.calls.presence(talk.agent_id).state is AgentState.TALKING
        await talk.citizen.hang_up()
        call, _ = await floor.ended()
    assert call.hold_seconds > 0.5
    rows = await parties_of(floor, call.id)
    assert floor.ear.speakers(call.id, Leg.THIRD) == [rows[1].speaker]
    assert [(row.kind, row.reason) for row in rows] == [
        (PartyKind.AGENT, "市民挂断"),
        (PartyKind.EXPERT, "咨询结束"),
    ]
    assert all(row.joined_at and row.left_at for row in rows)
    assert all(floor.recording(row.recording).stat().st_size > 16000 for row in rows)
    assert await history(floor, call.id) == [
        CallEventKind.CONSULT_BEGUN,
        CallEventKind.CONSULT_ENDED,
    ]


async def test_a_colleague_is_asked_and_goes_back(floor: CallFloor) -> None:
    desk = floor.calls.desk
    async with talking(floor) as talk, floor.agent("李娜", "1902") as (second, other):
        await floor.calls.set_state(second, AgentState.REST)
        await desk.consult(talk.call_id, talk.agent_id, PartyChoice(agent_id=second))
        ring = await other.rung()
        assert ring.invite.get("X-Call-Id") == talk.call_id
        assert ring.invite.get("X-Call-Direction") == CallDirection.INBOUND
        assert floor.calls.presence(second).state is AgentState.RINGING
        (view,) = floor.calls.floor().calls
        assert (view.agent_name, [one.agent_id for one in view.parties]) == ("王芳", [second])
        other.answer(ring)
        other.voice.say(tone_ulaw(PARTY))
        await floor.state(second, AgentState.CONSULT)
        assert await hears_only(talk.phone.voice, PARTY, of=ALL)
        assert await hears_only(other.voice, AGENT, of=ALL)
        assert await hears_only(talk.voice, of=ALL)
        await desk.end_consultation(talk.call_id, talk.agent_id)
        await ring.ends()
        await floor.state(second, AgentState.REST)
        assert await hears_only(talk.voice, AGENT, of=ALL)
        await talk.citizen.hang_up()
        await floor.ended()


@pytest.mark.parametrize(
    ("behaviour", "words"), [("busy", "对方忙"), ("does_not_answer", "无人接听")]
)
async def test_who_cannot_be_reached_leaves_the_citizen_waiting(
    floor: CallFloor, behaviour: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floor.asterisk.settings.telephony, "party_ring_seconds", 3)
    desk = floor.calls.desk
    async with talking(floor) as talk, citizen(floor.asterisk, behaviour):
        talk.phone.voice.forget()
        await desk.consult(talk.call_id, talk.agent_id, EMERGENCY)
        if behaviour == "does_not_answer":
            assert await talk.phone.voice.hears(0.5), "no ringing tone"
        left = await talk.party("left")
        assert (left.name, left.reason) == ("110 公安报警", words)
        await floor.state(talk.agent_id, AgentState.HOLD)
        assert await hears_only(talk.voice, of=ALL)
        await floor.calls.resume(talk.call_id, talk.agent_id)
        assert await hears_only(talk.voice, AGENT, of=ALL)
        await talk.citizen.hang_up()
        await floor.ended()


async def test_whoever_hangs_up_in_the_midst(floor: CallFloor) -> None:
    """First the expert: the citizen waits on. Then the citizen: everybody is let go."""
    desk = floor.calls.desk
    async with talking(floor) as talk:
        async with outsider(floor) as (phone, _):
            await desk.consult(talk.call_id, talk.agent_id, EXPERT)
            await talk.party("joined")
            await phone.hang_up()
            assert (await talk.party("left")).reason == "对方挂断"
            await floor.state(talk.agent_id, AgentState.HOLD)
        async with outsider(floor) as (phone, _):
            await desk.consult(talk.call_id, talk.agent_id, EXPERT)
            await talk.party("joined", 2)
            await talk.citizen.hang_up()
            await phone.finished()
            _, contact = await floor.ended()
        assert contact is not None and contact.reason == "市民挂断"
        await floor.state(talk.agent_id, AgentState.READY)


async def test_a_page_that_is_reloaded_while_consulting(floor: CallFloor) -> None:
    desk = floor.calls.desk
    async with talking(floor) as talk, outsider(floor) as (_, expert):
        await desk.consult(talk.call_id, talk.agent_id, EXPERT)
        await talk.party("joined")
        await talk.phone.reload()
        await talk.party("held")
        talk.phone.answer(await talk.phone.rung())
        await floor.state(talk.agent_id, AgentState.CONSULT)
        talk.phone.voice.say(tone_ulaw(AGENT))
        assert await hears_only(expert, AGENT, of=ALL)
        assert await hears_only(talk.voice, of=ALL)
        await desk.end_consultation(talk.call_id, talk.agent_id)
        assert await hears_only(talk.voice, AGENT, of=ALL)
        await floor.calls.hang_up(talk.call_id, talk.agent_id)
        call, _ = await floor.ended()
    assert len([row for row in await parties_of(floor, call.id) if row.agent_id]) == 2


async def test_a_page_that_is_reloaded_while_the_agent_is_back_with_the_citizen(
    floor: CallFloor,
) -> None:
    desk = floor.calls.desk
    async with talking(floor) as talk, outsider(floor) as (_, expert):
        await desk.consult(talk.call_id, talk.agent_id, EXPERT)
        await talk.party("joined")
        await desk.swap(talk.call_id, talk.agent_id)
        await talk.phone.reload()
        talk.phone.answer(await talk.phone.rung())
        await floor.state(talk.agent_id, AgentState.CONSULT)
        talk.phone.voice.say(tone_ulaw(AGENT))
        assert await hears_only(talk.voice, AGENT, of=ALL)
        assert await hears_only(talk.phone.voice, CITIZEN, of=ALL)
        assert await hears_only(expert, of=ALL)
        await desk.swap(talk.call_id, talk.agent_id)
        assert await hears_only(expert, AGENT, of=ALL)
        await talk.citizen.hang_up()
        await floor.ended()


async def test_what_cannot_be_done(floor: CallFloor) -> None:
    desk = floor.calls.desk
    async with talking(floor) as talk, floor.agent("李娜", "1902") as (second, _):
        with pytest.raises(TransitionRefused, match="自己"):
            await desk.consult(talk.call_id, talk.agent_id, PartyChoice(agent_id=talk.agent_id))
        with pytest.raises(TransitionRefused, match="不是您"):
            await desk.consult(talk.call_id, second, EXPERT)
        for deed in (desk.swap, desk.conference, desk.end_consultation, desk.leave_conference):
            with pytest.raises(TransitionRefused, match="不能"):
                await deed(talk.call_id, talk.agent_id)
        await floor.calls.sign_out(second)
        with pytest.raises(TransitionRefused, match="没有签入"):
            await desk.consult(talk.call_id, talk.agent_id, PartyChoice(agent_id=second))
        assert await hears_only(talk.voice, AGENT, of=ALL)
        await talk.citizen.hang_up()
        await floor.ended()


async def test_keys_go_to_whom_the_agent_talks_with(floor: CallFloor) -> None:
    """The citizen's line, or a party's menu; with all three together, the menu."""
    desk = floor.calls.desk
    async with talking(floor) as talk, outsider(floor) as (_, menu):

        async def press(digits: str) -> None:
            await desk.press_keys(talk.call_id, talk.agent_id, digits)

        await press("12#")
        assert await talk.voice.hears_keys("12#")
        await desk.consult(talk.call_id, talk.agent_id, EXPERT)
        await talk.party("joined")
        await press("3*")
        assert await menu.hears_keys("3*")
        await desk.swap(talk.call_id, talk.agent_id)
        await press("4")
        assert await talk.voice.hears_keys("12#4")
        await desk.conference(talk.call_id, talk.agent_id)
        await press("567")
        assert await menu.hears_keys("3*567")
        assert talk.voice.keys_heard == "12#4", "the citizen hears none that are the party's"
        await talk.citizen.hang_up()
        call, _ = await floor.ended()
    assert call.state is CallState.ENDED
    pressed = [one.detail for one in await lines(floor, call.id, CallEventKind.KEYS)]
    assert [(one["to"], one["count"]) for one in pressed] == [
        ("市民", 3),
        ("社保待遇政策咨询", 2),
        ("市民", 1),
        ("社保待遇政策咨询", 3),
    ]
