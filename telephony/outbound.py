"""We call a citizen: the agent's phone first, then the citizen's, then they talk.

An agent who has asked for the call is put through at once. One whom distribution has given a booked
call-back is rung as for a caller, and must answer: nobody rings a citizen into an empty seat.

The citizen's line is put into the agent's bridge before it rings, so that the agent hears what the
network says: ringing, a melody, or that the number does not exist. Answered, it passes through the
dialplan once, where its recording begins, and comes back.
"""

from __future__ import annotations

from collections.abc import Awaitable

import structlog

from models.events import CallRinging, CallStateChanged
from models.ids import new_id
from models.phone_numbers import normal_number
from models.vocabulary import AgentState, CallDirection, CallEventKind, CallState, ContactOutcome
from telephony import causes
from telephony.agents import Agent
from telephony.ari import ARIError
from telephony.ari.events import StasisStart
from telephony.ari.tidy import tidily
from telephony.call import LiveCall
from telephony.conversation import PAGE_RELOADED, Conversation
from telephony.exchange import Exchange
from telephony.names import ANNOUNCEMENT, CITIZEN, name
from telephony.recording import CALLER_FILE
from telephony.ringing import (
    DECLINED,
    MISSED,
    NO_PHONE,
    PHONE_SETTLES_SECONDS,
    free_after_ring,
    phone_has_changed,
    was_cut_short,
)
from telephony.seat_phones import RING_MARGIN_SECONDS

log = structlog.get_logger(__name__)

_AGENT_RING_SECONDS = 15
_CITIZEN_RING_SECONDS = 45
#: Why a call-back ends before the citizen is rung.
_CANCELLED = "坐席取消呼叫"
_NOT_ANSWERED = "坐席电话未接听"
_CALLS_IN = "市民正在来电，不再外呼"


class OutboundCall(Conversation):
    """A call to a citizen."""

    def __init__(
        self, exchange: Exchange, call: LiveCall, endpoint: str = "", *, by_turn: bool = False
    ) -> None:
        super().__init__(exchange, call)
        #: Distribution has given it to the agent, who has not asked for it.
        self._by_turn = by_turn
        #: Where the citizen is rung, e.g. ``PJSIP/13800138000@trunk``.
        self._endpoint = endpoint
        #: Ways by which the citizen was rung.
        self._tried: list[str] = []

    @classmethod
    def to(
        cls,
        exchange: Exchange,
        agent: Agent,
        number: str,
        endpoint: str,
        order_id: str | None,
        callback_id: str | None = None,
        reserved: str = "",
    ) -> OutboundCall:
        """A call by this agent; the agent is reserved for it here. ``reserved``: the place in the
        line that distribution has reserved the agent for.

        :raises TransitionRefused: when the agent cannot call now.
        """
        call_id, now = new_id(), exchange.clock.now()
        recording = exchange.recordings.path_for(call_id, now, CALLER_FILE)
        call = LiveCall(
            id=call_id,
            contact_id=None,
            direction=CallDirection.OUTBOUND,
            state=CallState.DIALLING,
            citizen_number=number,
            access_number=exchange.settings.telephony.hotline_number,
            started_at=now,
            app=exchange.ari.app,
            order_id=order_id,
            callback_id=callback_id,
            agent_id=agent.agent_id,
            citizen_channel=name(CITIZEN, call_id),
            citizen_recording=exchange.recordings.relative(recording),
        )
        session = cls(exchange, call, endpoint, by_turn=bool(reserved))
        if reserved:
            exchange.board.ring_instead(agent.agent_id, reserved, call_id)
        else:
            exchange.board.call_out(agent.agent_id, call_id)
        session.agent = agent
        return session

    async def begin(self) -> None:
        """Ring the agent's phone, which answers by itself if the agent has asked for the call.

        First written, then done: a process that dies here must be able to find the call again.
        """
        self.save(CallRinging(**self.facts))
        self.note(CallEventKind.RINGING, by=self.agent)
        await self.exchange.records.stored()
        assert self.agent is not None
        usual = self.exchange.settings.telephony.ring_seconds
        seconds = usual if self._by_turn else _AGENT_RING_SECONDS
        try:
            await self.phones.ring_agent(self.agent, at_once=not self._by_turn, seconds=seconds)
        except ARIError as error:
            log.warning("call.cannot_ring", call_id=self.call.id, error=str(error))
            await self._without_agent(NO_PHONE, "坐席电话无法接通")

    # --- the citizen is rung --------------------------------------------------------------------

    async def on_agent_ready(self) -> None:
        """Now the citizen."""
        if self.call.state is not CallState.DIALLING or self.awaits("dial"):
            return
        if self._by_turn:
            self.cancel_timer("phone")
            self.agent_is(AgentState.OUTBOUND)
        if self.call.callback_id and self._citizen_calls_in():
            await self.end(ContactOutcome.NOT_REACHED, _CALLS_IN)
            return
        self.call.ringing_at = self.now()
        self.save(CallStateChanged(**self.facts, state=CallState.DIALLING))
        await self._or_give_up(self._make_line())

    def _citizen_calls_in(self) -> bool:
        """The citizen is on the line already: a ring would find the number busy."""
        number = normal_number(self.call.citizen_number)
        return any(
            one.call.direction is CallDirection.INBOUND
            and not one.closing
            and normal_number(one.call.citizen_number) == number
            for one in self.exchange.sessions.values()
        )

    async def _or_give_up(self, work: Awaitable[None]) -> None:
        try:
            await work
        except ARIError as error:
            log.warning("call.cannot_dial", call_id=self.call.id, error=str(error))
            await self.end(ContactOutcome.NOT_REACHED, "外呼线路不可用")

    async def _make_line(self) -> None:
        """The citizen's channel, which does not ring before it is in the agent's bridge."""
        ari, call = self.exchange.ari, self.call
        self._tried.append(self._endpoint)
        self.after(_CITIZEN_RING_SECONDS + RING_MARGIN_SECONDS, "dial", self._dial_overdue)
        await ari.bridges.ensure(self.talk_bridge, type="mixing")
        await ari.bridges.add_channel(self.talk_bridge, call.agent_channel)
        await ari.channels.create(
            call.citizen_channel,
            self._endpoint,
            app=ari.app,
            app_args=f"dialling,{call.id}",
            variables={
                "RECORDING": str(self.exchange.recordings.folder / call.citizen_recording),
                **self.exchange.comes_to_us("citizen", call.id),
                "CALLERID(num)": call.access_number,
            },
        )
        self.seen.add(call.citizen_channel)

    async def _dial(self) -> None:
        ari, citizen = self.exchange.ari, self.call.citizen_channel
        await ari.bridges.add_channel(self.talk_bridge, citizen)
        await ari.channels.dial(citizen, ring_seconds=_CITIZEN_RING_SECONDS)

    async def _dial_overdue(self) -> None:
        if self.call.state is CallState.DIALLING:
            await self.end(ContactOutcome.NOT_REACHED, causes.in_words(19))

    async def on_channel_state(self, channel_id: str, state: str) -> None:
        """The citizen has answered: through the dialplan, which begins to record."""
        if (
            channel_id == self.call.citizen_channel
            and state == "Up"
            and self.call.state is CallState.DIALLING
            and self.awaits("dial")
        ):
            self.cancel_timer("dial")
            await self.exchange.ari.channels.continue_in_dialplan(
                channel_id, context="citizen-leg", extension="leg", priority=1
            )

    async def on_channel_start(self, event: StasisStart) -> None:
        """The citizen's line is made, or is back from the dialplan; or the agent has answered."""
        if event.channel.id != self.call.citizen_channel:
            await super().on_channel_start(event)
        elif self.call.state is CallState.DIALLING and event.args:
            if event.args[0] == "dialling":
                await self._or_give_up(self._dial())
            else:
                await self.connect()

    async def connect(self) -> None:
        """See :meth:`Conversation.connect`. The citizen hears who calls, why, and that the call is
        recorded; and so does the agent.
        """
        await super().connect()
        if self.call.state is CallState.TALKING:
            announcement = name(ANNOUNCEMENT, self.call.id, "begin")
            media = self.exchange.sounds.uri(self._opening)
            await tidily(
                self.exchange.ari.bridges.play(self.talk_bridge, announcement, media=media)
            )

    @property
    def _opening(self) -> str:
        if self.call.callback_id:
            return "callback"
        return "follow_up" if self.call.order_id else "call_out"

    # --- found again after a restart ------------------------------------------------------------

    async def recover_set_up(
        self, channels: dict[str, str], bridges: dict[str, frozenset[str]]
    ) -> None:
        """Go on ringing the citizen; what had not come so far is given up."""
        citizen, agent = self.call.citizen_channel, self.call.agent_channel
        together = {citizen, agent} <= bridges.get(self.talk_bridge, frozenset())
        if not together or channels.get(agent) != "Up":
            await self.end(ContactOutcome.NOT_REACHED, "系统重启，外呼取消")
            return
        self.after(_CITIZEN_RING_SECONDS, "dial", self._dial_overdue)
        for variable, value in self.exchange.comes_to_us("citizen", self.call.id).items():
            await self.exchange.ari.channels.set_variable(citizen, variable, value)
        await self.on_channel_state(citizen, channels.get(citizen, ""))

    # --- ends -----------------------------------------------------------------------------------

    async def on_citizen_gone(self, cause: int) -> None:
        """Not reached, or hung up."""
        if self.call.answered_at is None:
            if not await self._rung_otherwise(cause):
                await self.end(ContactOutcome.NOT_REACHED, causes.in_words(cause))
        else:
            await self.end(ContactOutcome.SERVED, "市民挂断")

    async def _rung_otherwise(self, cause: int) -> bool:
        """A gateway that fails says nothing of the citizen: whether another one rings now."""
        way = self.exchange.trunks.other_way(self._tried, cause)
        if way is None or not self.awaits("dial"):
            return False
        log.warning("call.other_gateway", call_id=self.call.id, failed=self._endpoint, cause=cause)
        self._endpoint = way
        self.call.citizen_channel = name(CITIZEN, self.call.id, len(self._tried) + 1)
        self.save()
        await self._or_give_up(self._make_line())
        return True

    async def on_agent_not_reached(self, cause: int) -> None:
        """Without the agent there is no call. A booked place has its turn again at once."""
        if self.awaits("dial"):
            await self.end(ContactOutcome.NOT_REACHED, _CANCELLED)
        elif cause in causes.DECLINED:
            await self._without_agent(DECLINED, _NOT_ANSWERED)
        elif self._by_turn and was_cut_short(self, self.call.started_at):
            self.after(PHONE_SETTLES_SECONDS, "phone", self._phone_has_settled)
        else:
            await self._without_agent(MISSED, _NOT_ANSWERED)

    async def _phone_has_settled(self) -> None:
        changed = phone_has_changed(self)
        await self._without_agent(PAGE_RELOADED if changed else MISSED, _NOT_ANSWERED)

    async def on_phone_reloaded(self, contact: str) -> None:
        """See :meth:`Conversation.on_phone_reloaded`. The place is given out anew."""
        rings = self._by_turn and self.call.ringing_at is None and self.agent is not None
        if rings and self.agent_contact not in (None, contact):
            await self._without_agent(PAGE_RELOADED, _NOT_ANSWERED)
        else:
            await super().on_phone_reloaded(contact)

    async def _without_agent(self, why: str, reason: str) -> None:
        """Nobody was at the phone. Whoever was given the call is freed as after any ring for
        nothing; ``why``: of that ring; ``reason``: why the call ends.
        """
        if self._by_turn and self.agent is not None and not self.closing:
            agent, self.agent = self.agent, None
            free_after_ring(self, agent, why)
        await self.end(ContactOutcome.NOT_REACHED, reason)

    async def on_agent_lost_for_good(
        self, why: str = "坐席电话连接中断", *, by_fault: bool = True
    ) -> None:
        """Nobody else can go on with this call."""
        await self.end(ContactOutcome.SERVED, why)

    async def hang_up(self, *, survey: bool = True) -> None:
        """By the agent."""
        if self.call.answered_at is not None:
            await super().hang_up(survey=survey)
        elif self.awaits("dial"):
            await self.end(ContactOutcome.NOT_REACHED, _CANCELLED)
        else:
            await self._without_agent(DECLINED, _CANCELLED)

    def release_agent(self, talked: bool) -> None:
        """Whoever made the call goes back at once to what was being done, with time to write
        things down if that was ready.
        """
        if self.agent is None:
            return
        board = self.exchange.board
        agent = board.get(self.agent.agent_id)
        before = agent.before if agent and not self.call.transfers else None
        if before is not None and before.state is not AgentState.READY:
            board.go_back(self.agent.agent_id, self.call.id, talked=talked)
        else:
            super().release_agent(talked)
