"""A shift leader at another's call: who hears whom, the reason kept, and nothing left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import select

import telephony.supervision
from models.errors import InvalidInput, TransitionRefused
from models.events import CallAnswered, CallQueued, CallSupervised, CallTransferred
from models.ports import CallView, PartyChoice
from models.tables import CallEventRow
from models.vocabulary import (
    AgentState,
    CallEventKind,
    CallState,
    Leg,
    PartyKind,
    SupervisionKind,
    TransferKind,
)
from tests.support.rtp import Voice
from tests.support.sip_agent import Ring, SipAgent
from tests.support.sipp import Phone, calling
from tests.telephony.floor import CallFloor
from tests.telephony.three import outsider
from tests.telephony.tones import AGENT, CITIZEN, EXPERT, LEADER, becomes, tone

pytestmark = pytest.mark.asterisk

LISTEN, WHISPER = SupervisionKind.LISTEN, SupervisionKind.WHISPER
BARGE_IN, TAKE_OVER = SupervisionKind.BARGE_IN, SupervisionKind.TAKE_OVER

#: Who hears whom.
TALK = {CITIZEN: {AGENT}, AGENT: {CITIZEN}}
LISTENING = {**TALK, LEADER: {CITIZEN, AGENT}}
WHISPERING = {CITIZEN: {AGENT}, AGENT: {CITIZEN, LEADER}, LEADER: {CITIZEN, AGENT}}
ALL_THREE = {CITIZEN: {AGENT, LEADER}, AGENT: {CITIZEN, LEADER}, LEADER: {CITIZEN, AGENT}}


@dataclass(kw_only=True)
class Watched:
    """A talk with tones, and a shift leader with a phone."""

    floor: CallFloor
    call_id: str
    agent_id: str
    leader_id: str
    agent: SipAgent
    leader: SipAgent
    agent_ring: Ring
    citizen: Phone
    voices: dict[str, Voice]

    async def supervise(self, kind: SupervisionKind, reason: str = "新人带教") -> Ring:
        """The leader asks; the phone answers."""
        leader = self.floor.calls.presence(self.leader_id)
        await self.floor.calls.leaders.supervise(self.call_id, leader, kind, reason)
        ring = await self.leader.rung()
        self.leader.answer(ring)
        self.leader.voice.say(tone(LEADER))
        return ring

    def view(self) -> CallView:
        """The call as the floor shows it now."""
        return next(one for one in self.floor.calls.floor().calls if one.call_id == self.call_id)

    async def switch(self, kind: SupervisionKind) -> None:
        """Something else."""
        await self.floor.calls.leaders.switch(self.call_id, self.leader_id, kind)

    async def hear(self, expected: dict[str, set[str]]) -> None:
        """Wait until it is so."""
        await becomes(self.voices, expected)


@asynccontextmanager
async def leading(floor: CallFloor, seat: str = "1902") -> AsyncIterator[tuple[str, SipAgent]]:
    """A shift leader at a seat, not on duty for calls."""
    async with floor.agent("周班长", seat) as (leader_id, phone):
        await floor.calls.set_state(leader_id, AgentState.MEETING)
        yield leader_id, phone


@asynccontextmanager
async def watched(floor: CallFloor, *, citizen_sends: bool = True) -> AsyncIterator[Watched]:
    """A call that was answered; everyone sends a tone, perhaps save the citizen, whose phone then
    sends no packets at all.
    """
    async with (
        leading(floor) as (leader_id, leader),
        floor.agent("王芳", "1901") as (agent_id, agent),
        await Voice.open() as voice,
        calling(floor.asterisk, media_port=voice.port) as citizen,
    ):
        ring = await agent.rung()
        agent.answer(ring)
        answered = await floor.happened(CallAnswered)
        if citizen_sends:
            voice.say(tone(CITIZEN))
        agent.voice.say(tone(AGENT))
        yield Watched(
            floor=floor,
            call_id=answered.call_id,
            agent_id=agent_id,
            leader_id=leader_id,
            agent=agent,
            leader=leader,
            agent_ring=ring,
            citizen=citizen,
            voices={CITIZEN: voice, AGENT: agent.voice, LEADER: leader.voice},
        )


async def history(floor: CallFloor, call_id: str) -> list[CallEventRow]:
    """The call's own lines, in order."""
    await floor.calls.flush()
    query = select(CallEventRow).where(CallEventRow.call_id == call_id)
    async with floor.store.read() as session:
        return list(await session.scalars(query.order_by(CallEventRow.at, CallEventRow.id)))


async def test_listening_whispering_coming_in_and_going(floor: CallFloor) -> None:
    async with watched(floor) as call:
        await call.hear(TALK)
        ring = await call.supervise(LISTEN)
        await call.hear(LISTENING)
        assert floor.calls.presence(call.agent_id).state is AgentState.TALKING
        leader = floor.calls.presence(call.leader_id)
        assert (leader.state, leader.reason) == (AgentState.BUSY, "监听")
        await call.switch(WHISPER)
        await call.hear(WHISPERING)
        await call.switch(BARGE_IN)
        await call.hear(ALL_THREE)
        await call.switch(WHISPER)
        await call.hear(WHISPERING)
        await call.switch(LISTEN)
        await call.hear(LISTENING)
        assert [one.kind for one in floor.calls.leaders.active()] == [LISTEN]
        assert not ring.over.is_set(), "the leader's line was dropped between"
        await floor.calls.leaders.stop(call.call_id, call.leader_id)
        await ring.ends()
        await call.hear(TALK)
        assert floor.calls.presence(call.leader_id).state is AgentState.MEETING
        assert floor.calls.leaders.active() == ()
        await call.citizen.hang_up()
        await floor.ended()
    lines = await history(floor, call.call_id)
    told = [line for line in lines if line.actor == call.leader_id]
    assert {line.reason for line in told} == {"新人带教"}
    assert {line.actor_name for line in told} == {"周班长"}
    assert [line.kind for line in told if line.detail["active"]] == [
        CallEventKind.LISTENED,
        CallEventKind.WHISPERED,
        CallEventKind.BARGED_IN,
        CallEventKind.WHISPERED,
        CallEventKind.LISTENED,
    ]
    assert told[-1].detail == {"active": False, "why": "班长结束"}
    assert floor.all(CallSupervised)[-1].active is False


async def test_taking_over_lets_the_agent_go(floor: CallFloor) -> None:
    async with watched(floor) as call:
        ring = await call.supervise(LISTEN)
        await call.hear(LISTENING)
        leader = floor.calls.presence(call.leader_id)
        await floor.calls.leaders.supervise(call.call_id, leader, TAKE_OVER, "市民情绪激动")
        await call.agent_ring.ends()
        await call.hear({CITIZEN: {LEADER}, LEADER: {CITIZEN}})
        assert floor.calls.presence(call.agent_id).state is AgentState.WRAP_UP
        taken = floor.calls.presence(call.leader_id)
        assert (taken.state, taken.call_id) == (AgentState.TALKING, call.call_id)
        passed = await floor.happened(CallTransferred)
        assert (passed.agent_id, passed.from_agent_id) == (call.leader_id, call.agent_id)
        assert floor.calls.leaders.active() == ()
        await floor.calls.hold(call.call_id, call.leader_id)
        await floor.calls.resume(call.call_id, call.leader_id)
        await call.hear({CITIZEN: {LEADER}, LEADER: {CITIZEN}})
        await floor.calls.hang_up(call.call_id, call.leader_id)
        await ring.ends()
        await call.citizen.hang_up()
        row, contact = await floor.ended()
        assert (row.agent_id, row.transfers) == (call.leader_id, 0), "nobody has handed it on"
        assert contact is not None and contact.agent_id == call.leader_id
        assert floor.calls.presence(call.leader_id).state is AgentState.WRAP_UP
    kinds = [line.kind for line in await history(floor, call.call_id)]
    assert CallEventKind.TAKEN_OVER in kinds
    assert CallEventKind.TRANSFERRED not in kinds
    heard = floor.ear.speakers(call.call_id, Leg.AGENT)
    assert [one and (one.kind, one.name) for one in heard] == [
        (PartyKind.AGENT, "王芳"),
        (PartyKind.SUPERVISOR, leader.agent_name),
    ]


async def test_taking_over_a_held_call_at_once(floor: CallFloor) -> None:
    async with watched(floor) as call:
        await floor.calls.hold(call.call_id, call.agent_id)
        ring = await call.supervise(TAKE_OVER)
        await call.agent_ring.ends()
        await call.hear({CITIZEN: {LEADER}, LEADER: {CITIZEN}})
        await call.leader.hang_up(ring)
        await floor.state(call.leader_id, AgentState.WRAP_UP)
        await call.citizen.finished()  # let go with the leader
        row, _ = await floor.ended()
        assert row.agent_id == call.leader_id
        assert row.hold_seconds > 0


async def test_on_hold_the_leader_hears_both_and_not_the_music(floor: CallFloor) -> None:
    async with watched(floor) as call:
        await call.supervise(LISTEN)
        await call.hear(LISTENING)
        await floor.calls.hold(call.call_id, call.agent_id)
        await call.hear({CITIZEN: set(), AGENT: set(), LEADER: {CITIZEN, AGENT}})
        await call.switch(BARGE_IN)
        await call.hear({CITIZEN: set(), AGENT: {LEADER}, LEADER: {AGENT}})
        await floor.calls.resume(call.call_id, call.agent_id)
        await call.hear(ALL_THREE)
        await call.citizen.hang_up()
        await floor.ended()
        assert floor.calls.presence(call.leader_id).state is AgentState.MEETING


async def test_a_whisper_reaches_an_agent_who_is_alone_on_hold(floor: CallFloor) -> None:
    async with watched(floor) as call:
        await call.supervise(WHISPER)
        await call.hear(WHISPERING)
        await floor.calls.hold(call.call_id, call.agent_id)
        await call.hear({CITIZEN: set(), AGENT: {LEADER}, LEADER: {CITIZEN, AGENT}})
        await floor.calls.resume(call.call_id, call.agent_id)
        await call.hear(WHISPERING)
        await floor.calls.leaders.stop(call.call_id, call.leader_id)
        await call.hear(TALK)
        await call.citizen.hang_up()
        await floor.ended()


async def test_a_whisper_is_heard_while_the_citizens_phone_sends_nothing(floor: CallFloor) -> None:
    """As phones do that save silence: the leader's words must not wait for the citizen's."""
    async with watched(floor, citizen_sends=False) as call:
        await call.supervise(WHISPER)
        await call.hear({CITIZEN: {AGENT}, AGENT: {LEADER}, LEADER: {AGENT}})
        call.voices[CITIZEN].say(tone(CITIZEN))
        await call.hear(WHISPERING)
        await call.switch(LISTEN)
        await call.hear(LISTENING)
        await call.citizen.hang_up()
        await floor.ended()


async def test_a_third_party_is_heard_and_joined_where_the_agent_is(floor: CallFloor) -> None:
    desk = floor.calls.desk
    async with watched(floor) as call, outsider(floor) as (phone, expert):
        voices = call.voices | {EXPERT: expert}
        await call.supervise(LISTEN)
        await desk.consult(call.call_id, call.agent_id, PartyChoice(expert="rs-sb"))
        consulting = {CITIZEN: set(), AGENT: {EXPERT}, EXPERT: {AGENT}}
        await becomes(voices, consulting | {LEADER: {CITIZEN, AGENT, EXPERT}})
        leader = floor.calls.presence(call.leader_id)
        with pytest.raises(TransitionRefused, match="不能拦截"):
            await floor.calls.leaders.supervise(call.call_id, leader, TAKE_OVER, "情绪激动")
        await call.switch(BARGE_IN)
        inside = {AGENT: {EXPERT, LEADER}, EXPERT: {AGENT, LEADER}, LEADER: {AGENT, EXPERT}}
        await becomes(voices, inside | {CITIZEN: set()})
        await desk.conference(call.call_id, call.agent_id)
        everyone = {CITIZEN, AGENT, LEADER, EXPERT}
        await becomes(voices, {who: everyone - {who} for who in everyone})
        await call.switch(LISTEN)
        three = {CITIZEN: {AGENT, EXPERT}, AGENT: {CITIZEN, EXPERT}, EXPERT: {CITIZEN, AGENT}}
        await becomes(voices, three | {LEADER: {CITIZEN, AGENT, EXPERT}})
        await call.citizen.hang_up()
        await phone.finished()
        await floor.ended()


async def test_taking_over_from_an_agent_who_has_left_makes_a_three_way(
    floor: CallFloor,
) -> None:
    """Citizen and expert go on without the agent: the leader joins them, and can send one away."""
    desk, leaders = floor.calls.desk, floor.calls.leaders
    async with watched(floor) as call, outsider(floor) as (phone, expert):
        voices = {CITIZEN: call.voices[CITIZEN], LEADER: call.leader.voice, EXPERT: expert}
        await call.supervise(WHISPER)
        await desk.consult(call.call_id, call.agent_id, PartyChoice(expert="rs-sb"))
        await becomes(call.voices | {EXPERT: expert}, {AGENT: {EXPERT, LEADER}})
        await desk.conference(call.call_id, call.agent_id)
        await desk.leave_conference(call.call_id, call.agent_id)
        await call.agent_ring.ends()
        await becomes(voices, {CITIZEN: {EXPERT}, EXPERT: {CITIZEN}, LEADER: {CITIZEN, EXPERT}})
        view = call.view()
        assert (view.agent_left, view.agent_name) == (True, "王芳")
        assert [one.kind for one in leaders.active()] == [LISTEN], "nobody is there to whisper to"
        with pytest.raises(TransitionRefused, match="坐席已退出通话"):
            await call.switch(WHISPER)
        await call.switch(BARGE_IN)
        everyone = {CITIZEN, EXPERT, LEADER}
        three = {who: everyone - {who} for who in everyone}
        await becomes(voices, three)
        leader = floor.calls.presence(call.leader_id)
        await leaders.supervise(call.call_id, leader, TAKE_OVER, "市民情绪激动")
        await floor.state(call.leader_id, AgentState.CONFERENCE)
        await becomes(voices, three)
        view = call.view()
        assert (view.state, view.agent_id, view.agent_left) == (
            CallState.CONFERENCE,
            call.leader_id,
            False,
        )
        (party,) = [one for one in view.parties if one.kind is PartyKind.EXPERT]
        await desk.drop_party(call.call_id, call.leader_id, party.party_id)
        await phone.finished()
        await floor.state(call.leader_id, AgentState.TALKING)
        await becomes(voices, {CITIZEN: {LEADER}, LEADER: {CITIZEN}, EXPERT: set()})
        await floor.calls.hold(call.call_id, call.leader_id)
        await floor.calls.resume(call.call_id, call.leader_id)
        await call.citizen.hang_up()
        row, _ = await floor.ended()
        assert row.agent_id == call.leader_id
    passed = floor.all(CallTransferred)[-1]
    assert (passed.from_agent_id, passed.agent_id) == (call.agent_id, call.leader_id)


async def test_the_leader_stays_with_a_call_that_is_handed_on(floor: CallFloor) -> None:
    desk = floor.calls.desk
    async with watched(floor) as call, floor.agent("李娜", "1904") as (second, phone):
        await call.supervise(WHISPER)
        await call.hear(WHISPERING)
        await desk.consult(call.call_id, call.agent_id, PartyChoice(agent_id=second))
        phone.answer(await phone.rung())
        phone.voice.say(tone(EXPERT))
        await becomes(call.voices, {LEADER: {CITIZEN, AGENT, EXPERT}})
        await desk.transfer(call.call_id, call.agent_id, TransferKind.ATTENDED, PartyChoice())
        await call.agent_ring.ends()
        voices = {CITIZEN: call.voices[CITIZEN], EXPERT: phone.voice, LEADER: call.leader.voice}
        handed_on = {CITIZEN: {EXPERT}, EXPERT: {CITIZEN, LEADER}, LEADER: {CITIZEN, EXPERT}}
        await becomes(voices, handed_on)
        await desk.transfer(call.call_id, second, TransferKind.BLIND, PartyChoice(queue="general"))
        await floor.state(call.leader_id, AgentState.MEETING)
        assert floor.calls.leaders.active() == ()
        await call.citizen.hang_up()
        await floor.ended()


async def test_the_agents_lost_phone_is_heard_again_when_it_is_back(floor: CallFloor) -> None:
    async with watched(floor) as call:
        await call.supervise(WHISPER)
        await call.hear(WHISPERING)
        await call.agent.reload()
        call.agent.answer(await call.agent.rung())
        call.agent.voice.say(tone(AGENT))
        await call.hear(WHISPERING)
        await call.citizen.hang_up()
        await floor.ended()


async def test_the_leader_who_hangs_up_leaves_the_talk_alone(floor: CallFloor) -> None:
    async with watched(floor) as call:
        ring = await call.supervise(BARGE_IN)
        await call.hear(ALL_THREE)
        await call.leader.hang_up(ring)
        await call.hear(TALK)
        await floor.state(call.leader_id, AgentState.MEETING)
        assert floor.calls.leaders.active() == ()
        await call.citizen.hang_up()
        await floor.ended()


async def test_a_leader_whose_phone_does_not_answer_is_not_there(
    floor: CallFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telephony.supervision, "LEADER_RING_SECONDS", 1)
    async with watched(floor) as call:
        leader = floor.calls.presence(call.leader_id)
        await floor.calls.leaders.supervise(call.call_id, leader, LISTEN, "抽查")
        unanswered = await call.leader.rung()
        with pytest.raises(TransitionRefused, match="尚未接通"):
            await call.switch(WHISPER)
        await unanswered.ends()
        await floor.state(call.leader_id, AgentState.MEETING)
        assert floor.all(CallSupervised) == []
        await call.leader.register(0)
        await floor.until(lambda: not floor.calls.presence(call.leader_id).phone_online)
        with pytest.raises(TransitionRefused, match="电话未在线"):
            await floor.calls.leaders.supervise(call.call_id, leader, LISTEN, "抽查")
        await call.hear(TALK)
        await call.citizen.hang_up()
        await floor.ended()


async def test_a_second_leader_is_told_who_is_there(floor: CallFloor) -> None:
    async with watched(floor) as call, leading(floor, "1903") as (second, _):
        await call.supervise(LISTEN)
        other = floor.calls.presence(second)
        with pytest.raises(TransitionRefused, match="周班长正在监听"):
            await floor.calls.leaders.supervise(call.call_id, other, WHISPER, "抽查")
        with pytest.raises(TransitionRefused, match="没有在监听"):
            await floor.calls.leaders.switch(call.call_id, second, BARGE_IN)
        with pytest.raises(InvalidInput, match="原因"):
            await floor.calls.leaders.supervise(call.call_id, other, LISTEN, " ")
        with pytest.raises(TransitionRefused, match="请先停止"):
            await floor.calls.set_state(call.leader_id, AgentState.READY)
        await call.citizen.hang_up()
        await floor.ended()
        assert floor.calls.presence(second).state is AgentState.MEETING


async def test_force_hang_up_ends_the_talk_with_the_reason(floor: CallFloor) -> None:
    async with watched(floor) as call:
        leader = floor.calls.presence(call.leader_id)
        kind = SupervisionKind.FORCE_HANG_UP
        await floor.calls.leaders.supervise(call.call_id, leader, kind, "话机无人")
        await call.agent_ring.ends()
        row, _ = await floor.ended()
        assert row.reason == "班长强拆：话机无人"
        lines = await history(floor, row.id)
        assert [one.actor for one in lines if one.kind is CallEventKind.FORCED_HANG_UP] == [
            call.leader_id
        ]


async def test_picking_up_from_the_queue_and_from_anothers_ring(floor: CallFloor) -> None:
    async with leading(floor) as (leader_id, leader), await Voice.open() as voice:
        pick_up = SupervisionKind.PICK_UP
        async with calling(floor.asterisk, media_port=voice.port) as citizen:
            queued = await floor.happened(CallQueued)
            seat = floor.calls.presence(leader_id)
            await floor.calls.leaders.supervise(queued.call_id, seat, pick_up, "老人久等")
            ring = await leader.rung()
            assert "answer-after=0" in ring.invite.get("Call-Info")
            leader.answer(ring)
            assert (await floor.happened(CallAnswered)).agent_id == leader_id
            await citizen.hang_up()
            await floor.ended()
        await floor.calls.set_state(leader_id, AgentState.MEETING)
        async with (
            floor.agent("王芳", "1901") as (agent_id, agent),
            calling(floor.asterisk) as next_one,
        ):
            missed = await agent.rung()
            queued = await floor.happened(CallQueued, 2)
            seat = floor.calls.presence(leader_id)
            await floor.calls.leaders.supervise(queued.call_id, seat, pick_up, "坐席离席")
            await missed.ends()
            leader.answer(await leader.rung())
            assert (await floor.happened(CallAnswered, 2)).agent_id == leader_id
            assert floor.calls.presence(agent_id).state is AgentState.READY
            with pytest.raises(TransitionRefused, match="不能抢接"):
                await floor.calls.leaders.supervise(
                    queued.call_id, floor.calls.presence(agent_id), pick_up, "再抢"
                )
            await next_one.hang_up()
            await floor.ended(2)


async def test_forcing_a_state_needs_a_reason_and_spares_a_talk(floor: CallFloor) -> None:
    leaders = floor.calls.leaders
    async with watched(floor) as call, floor.agent("李娜", "1904") as (idle, _):
        forced = await leaders.force_state(idle, "周班长", AgentState.BUSY, "离席未示忙")
        assert (forced.state, forced.reason) == (
            AgentState.BUSY,
            "周班长强制置态：离席未示忙",
        )
        with pytest.raises(InvalidInput, match="原因"):
            await leaders.force_state(idle, "周班长", AgentState.READY, "")
        with pytest.raises(TransitionRefused, match="不能签出"):
            await leaders.force_state(call.agent_id, "周班长", AgentState.OFFLINE, "下班")
        await leaders.force_state(idle, "周班长", AgentState.OFFLINE, "下班未签出")
        assert floor.calls.presence(idle).state is AgentState.OFFLINE
        await call.citizen.hang_up()
        await floor.ended()
