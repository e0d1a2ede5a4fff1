"""A citizen calls: greeting, queue, ringing agents one after another, talking."""

from __future__ import annotations

import structlog

from models.events import CallOffered, CallQueued, CallRinging, CallStateChanged
from models.ids import new_id
from models.vocabulary import (
    AgentState,
    CallDirection,
    CallEventKind,
    CallState,
    ContactOutcome,
    Leg,
)
from telephony import causes
from telephony.ari import ARIError, ARINotFound
from telephony.ari.objects import Channel
from telephony.ari.tidy import tidily
from telephony.call import LiveCall
from telephony.conversation import TRY_AGAIN_SECONDS, Conversation
from telephony.exchange import Exchange
from telephony.names import GREETING, name
from telephony.presence import Agent

log = structlog.get_logger(__name__)

#: Beyond the greeting's own length, should the event of its end be lost.
_GREETING_MARGIN_SECONDS = 3.0

#: Why an agent who was rung gets a pause.
_DECLINED = "拒接来电"
_MISSED = "未接来电"

#: Where the citizen hung up → how the contact ended, and in words.
_ABANDONED = {
    CallState.GREETING: (ContactOutcome.ABANDONED_GREETING, "市民在播报中挂断"),
    CallState.QUEUED: (ContactOutcome.ABANDONED_QUEUE, "市民在排队中挂断"),
    CallState.RINGING: (ContactOutcome.ABANDONED_RINGING, "市民在坐席振铃时挂断"),
}


class InboundCall(Conversation):
    """A call to the hotline."""

    @classmethod
    def offered(cls, exchange: Exchange, channel: Channel) -> InboundCall:
        """A caller's channel has just come into our hands."""
        recording = channel.channelvars.get("RECORDING", "")
        call = LiveCall(
            id=new_id(),
            contact_id=new_id(),
            direction=CallDirection.INBOUND,
            state=CallState.GREETING,
            citizen_number=channel.caller.number[:32],
            access_number=channel.channelvars.get("DIALLED", "")[:32],
            started_at=exchange.clock.now(),
            citizen_channel=channel.id,
            citizen_recording=exchange.recordings.relative(recording),
        )
        session = cls(exchange, call)
        session.seen.add(channel.id)
        return session

    # --- greeting and queue ---------------------------------------------------------------------

    async def begin(self) -> None:
        """Answer, and say who we are and that we record. Always whole: the notice is a duty."""
        self.save(CallOffered(**self.facts))
        self.note(CallEventKind.OFFERED, actor="citizen")
        await self.answer()

    async def answer(self) -> None:
        """Take the call; tried again when the exchange is out of breath."""
        try:
            await self.exchange.ari.channels.answer(self.call.citizen_channel)
        except ARINotFound:
            raise
        except ARIError as error:
            log.warning("call.cannot_answer", call_id=self.call.id, error=str(error))
            self.after(TRY_AGAIN_SECONDS, "answer", self.answer)
            return
        await self.greet()

    async def greet(self) -> None:
        """Play the greeting; without it the call goes on at once."""
        sounds = self.exchange.sounds
        limit = sounds.seconds("greeting") + _GREETING_MARGIN_SECONDS
        self.after(limit, "greeting", self.queue)
        try:
            await self.exchange.ari.channels.play(
                self.call.citizen_channel, self._greeting_id, media=sounds.uri("greeting")
            )
        except ARIError as error:
            log.warning("call.greeting_failed", call_id=self.call.id, error=str(error))
            await self.queue()

    @property
    def _greeting_id(self) -> str:
        return name(GREETING, self.call.id)

    async def on_playback_finished(self, playback_id: str) -> None:
        """The greeting is through."""
        if playback_id == self._greeting_id:
            await self.queue()

    async def queue(self) -> None:
        """Wait for an agent, with music."""
        self.cancel_timer("greeting")
        if self.call.state is not CallState.GREETING:
            return
        self.enter(CallState.QUEUED)
        self.call.queued_at = self.now()
        self.save(CallQueued(**self.facts))
        self.note(CallEventKind.QUEUED)
        self.wait_in_line()  # before anything is awaited: who comes first is served first
        try:
            await self.play_music()
        except ARINotFound:
            raise  # the caller has just hung up; the event of that is on its way
        except ARIError as error:
            log.warning("call.no_music", call_id=self.call.id, error=str(error))

    def wait_in_line(self) -> None:
        """Take the place that the time of queueing gives."""
        self.exchange.line.add(self.call.id, self.call.queued_at or self.now())
        self.exchange.distribute()

    # --- an agent is rung -----------------------------------------------------------------------

    def give_to(self, agent: Agent) -> None:
        """Distribution has reserved this agent for us."""
        self.agent = agent
        self.post(lambda: self._ring(agent))

    async def _ring(self, agent: Agent) -> None:
        self.call.agent_id = agent.agent_id
        self.call.ringing_at = self.now()
        self.enter(CallState.RINGING)
        self.save(CallRinging(**self.facts))
        self.note(CallEventKind.RINGING, by=agent)
        seconds = self.exchange.settings.telephony.ring_seconds
        try:
            await self.ring_agent(agent, at_once=False, seconds=seconds)
        except ARIError as error:
            log.warning("call.cannot_ring", call_id=self.call.id, error=str(error))
            await self._next_agent("话机无法接通")

    async def on_agent_ready(self) -> None:
        """Connect."""
        if self.call.state is CallState.RINGING:
            await self.connect()

    async def on_agent_not_reached(self, cause: int) -> None:
        """The next agent; the caller keeps the place."""
        if self.call.state is CallState.RINGING:
            await self._next_agent(_DECLINED if cause in causes.DECLINED else _MISSED)

    async def _next_agent(self, reason: str) -> None:
        agent, self.agent = self.agent, None
        self.call.agent_id = None
        if agent is not None:
            self.exchange.board.release(agent.agent_id, self.call.id, AgentState.BUSY, reason)
            declined = reason == _DECLINED
            kind = CallEventKind.DECLINED if declined else CallEventKind.MISSED
            self.note(kind, by=agent, reason=reason)
        await self.drop_agent_leg()
        self.enter(CallState.QUEUED)
        self.save(CallStateChanged(**self.facts, state=CallState.QUEUED))
        self.wait_in_line()

    async def withdraw(self) -> None:
        """The agent who is rung has been given to someone else."""
        if self.call.state is CallState.RINGING:
            await self._next_agent("")

    async def hang_up(self) -> None:
        """By the agent: declines while ringing, ends the call after."""
        if self.call.state is CallState.RINGING:
            await self._next_agent(_DECLINED)
        else:
            await super().hang_up()

    # --- found again after a restart ------------------------------------------------------------

    async def recover_set_up(
        self, channels: dict[str, str], bridges: dict[str, frozenset[str]]
    ) -> None:
        """Greet anew, or wait on at the old place. A ring of the earlier process is broken off."""
        if self.call.state is CallState.GREETING:
            await tidily(self.exchange.ari.playbacks.stop(self._greeting_id))
            await self.answer()
            return
        pair = frozenset({self.call.citizen_channel, self.call.agent_channel})
        if pair <= bridges.get(self.talk_bridge, frozenset()):
            await self.connect()  # died between bringing them together and writing it down
            return
        agent, self.agent = self.agent, None
        self.call.agent_id = None
        if agent is not None:
            self.exchange.board.release(agent.agent_id, self.call.id, AgentState.READY)
        await self.drop_agent_leg()
        self.call.state = CallState.QUEUED
        self.save(CallStateChanged(**self.facts, state=CallState.QUEUED))
        self.wait_in_line()
        await self.play_music()

    # --- ends -----------------------------------------------------------------------------------

    async def on_hang_up_request(self, channel_id: str) -> None:
        """The earliest sign: what was being played ends only after it."""
        if channel_id == self.call.citizen_channel:
            await self.on_citizen_gone(0)

    async def on_citizen_gone(self, cause: int) -> None:
        """The citizen hung up."""
        if self.call.answered_at is not None:
            await self.end(ContactOutcome.SERVED, "市民挂断")
        else:
            await self.end(*_ABANDONED[self.call.state])

    async def on_agent_lost_for_good(self) -> None:
        """Back to the head of the line; another agent goes on."""
        agent, self.agent = self.agent, None
        self.call.agent_id = None
        if agent is not None:
            self.exchange.board.release(
                agent.agent_id, self.call.id, AgentState.BUSY, "电话连接中断", talked=True
            )
        self.enter(CallState.QUEUED)
        self.save(CallStateChanged(**self.facts, state=CallState.QUEUED))
        for leg in Leg:
            await self.taps.close_leg(leg)
        self.wait_in_line()
