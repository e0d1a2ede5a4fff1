"""Two who talk: brought together, put on hold, and an agent's phone that is lost and comes back."""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog

from models.errors import TransitionRefused
from models.events import CallAnswered, CallStateChanged
from models.vocabulary import AgentState, CallEventKind, CallState, ContactOutcome, Leg
from telephony import causes
from telephony.ari import ARIError, ARINotFound
from telephony.ari.tidy import tidily
from telephony.call import LiveCall
from telephony.exchange import Exchange
from telephony.session import CallSession

log = structlog.get_logger(__name__)

#: How long a citizen waits with music for an agent's lost phone.
AGENT_LOST_SECONDS = 30.0
#: A page that is left hangs up and signs off; only the second tells it from an agent's hang-up.
LEAVING_SECONDS = 0.5
#: Pause before a lost phone that did not answer is rung once more.
RING_AGAIN_SECONDS = 2.0
#: Pause before what Asterisk could not do just now is tried once more.
TRY_AGAIN_SECONDS = 0.5
CONNECTED = (CallState.TALKING, CallState.HELD)


class Conversation(CallSession):
    """A call in which citizen and agent can talk."""

    def __init__(self, exchange: Exchange, call: LiveCall) -> None:
        super().__init__(exchange, call)
        #: The agent's phone is gone in mid-call.
        self.agent_lost = False
        self._held_since: datetime | None = None

    # --- before ---------------------------------------------------------------------------------

    async def on_agent_ready(self) -> None:
        """The agent has answered for the first time."""
        raise NotImplementedError

    async def on_agent_not_reached(self, cause: int) -> None:
        """The agent's phone was rung and did not answer, or went away before all was set up."""
        raise NotImplementedError

    async def on_agent_lost_for_good(self) -> None:
        """The agent's phone did not come back."""
        raise NotImplementedError

    async def recover_set_up(
        self, channels: dict[str, str], bridges: dict[str, frozenset[str]]
    ) -> None:
        """See :meth:`recover`, for a call that was not connected yet."""
        raise NotImplementedError

    async def on_agent_answered(self) -> None:
        """The first time, or coming back."""
        if self.agent_lost:
            await self._agent_back()
        else:
            await self.on_agent_ready()

    async def on_agent_gone(self, cause: int) -> None:
        """Not reached, lost again, hung up, or lost."""
        if self.call.state not in CONNECTED:
            await self.on_agent_not_reached(cause)
        elif self.agent_lost:
            self.after(RING_AGAIN_SECONDS, "ring again", self.on_phone_online)
        elif cause in causes.NORMAL:
            self.after(LEAVING_SECONDS, "hung up", self._agent_hung_up)
        else:
            await self._lose_agent(causes.in_words(cause))

    # --- talking --------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Bring both into one bridge: they hear each other, and we listen to each."""
        try:
            await self._bring_together()
        except ARINotFound:
            raise  # one of them has just hung up; the event of that is on its way
        except ARIError as error:
            log.warning("call.cannot_connect", call_id=self.call.id, error=str(error))
            self.after(TRY_AGAIN_SECONDS, "connect", self._connect_again)
            return
        self.enter(CallState.TALKING)
        self.call.answered_at = self.call.answered_at or self.now()
        self.call.speech_model = self.taps.speech_model
        self.agent_is(AgentState.TALKING)
        self.save(CallAnswered(**self.facts))
        self.note(CallEventKind.ANSWERED, by=self.agent)
        self._listen(Leg.CALLER, self.call.citizen_channel)
        self._listen(Leg.AGENT, self.call.agent_channel)

    async def _connect_again(self) -> None:
        lines = {self.call.citizen_channel, self.call.agent_channel}
        if self.call.state not in CONNECTED and lines <= self.seen:
            await self.connect()

    async def _bring_together(self) -> None:
        ari, call = self.exchange.ari, self.call
        await asyncio.gather(
            ari.bridges.ensure(self.talk_bridge, type="mixing"),
            ari.channels.stop_moh(call.citizen_channel),
        )
        await ari.bridges.add_channel(self.talk_bridge, call.citizen_channel, call.agent_channel)

    def _listen(self, leg: Leg, channel_id: str) -> None:
        offset = (self.now() - self.call.started_at).total_seconds()
        self.taps.open(leg, channel_id, offset)

    async def hang_up(self) -> None:
        """The agent ends the call."""
        await self.end(ContactOutcome.SERVED, "坐席挂断")

    async def end(
        self, outcome: ContactOutcome, reason: str, *, at: datetime | None = None
    ) -> None:
        """See :meth:`CallSession.end`."""
        self._count_hold()
        await super().end(outcome, reason, at=at)

    def agent_is(self, state: AgentState, reason: str = "") -> None:
        """Show what the agent is doing."""
        self.exchange.board.move(self.call.agent_id, self.call.id, state, reason)

    async def _agent_hung_up(self) -> None:
        """The agent put the receiver down, or a page that is being left did so and signed off."""
        agent = self.exchange.board.get(self.call.agent_id or "")
        if agent is not None and not agent.phone_online:
            await self._lose_agent("坐席页面已关闭")
        else:
            await self.end(ContactOutcome.SERVED, "坐席挂断")

    # --- holding --------------------------------------------------------------------------------

    async def hold(self) -> None:
        """The citizen hears music; the agent is alone."""
        self._refuse_unless(CallState.TALKING, "保持")
        await self.play_music()
        self._enter_held()
        self.agent_is(AgentState.HOLD)
        self.save(CallStateChanged(**self.facts, state=CallState.HELD))
        self.note(CallEventKind.HELD, by=self.agent)

    async def resume(self) -> None:
        """Both hear each other again."""
        self._refuse_unless(CallState.HELD, "取消保持")
        if self.agent_lost:
            raise TransitionRefused("电话连接正在恢复，请稍候", state=self.call.state)
        await self._bring_together()
        self._leave_held()
        self.note(CallEventKind.RESUMED, by=self.agent)

    async def play_music(self) -> None:
        """Music to the citizen, away from the agent."""
        ari, citizen = self.exchange.ari, self.call.citizen_channel
        if self.call.state is CallState.TALKING:
            await tidily(ari.bridges.remove_channel(self.talk_bridge, citizen))
        await ari.channels.start_moh(citizen)

    def _enter_held(self) -> None:
        if self.call.state is not CallState.HELD:
            self._held_since = self.now()
            self.enter(CallState.HELD)

    def _leave_held(self) -> None:
        self._count_hold()
        self.enter(CallState.TALKING)
        self.agent_is(AgentState.TALKING)
        self.save(CallStateChanged(**self.facts, state=CallState.TALKING))

    def _count_hold(self) -> None:
        if self._held_since is not None:
            self.call.hold_seconds += (self.now() - self._held_since).total_seconds()
            self._held_since = None

    def _refuse_unless(self, state: CallState, action: str) -> None:
        if self.call.state is not state:
            raise TransitionRefused(
                f"通话当前为“{self.call.state.label}”，不能{action}",
                state=self.call.state,
                action=action,
            )

    # --- the agent's phone lost in mid-call -----------------------------------------------------

    async def _lose_agent(self, why: str) -> None:
        """The page was reloaded, or the network broke: the citizen gets music, we ring again."""
        log.warning("call.agent_lost", call_id=self.call.id, why=why)
        self.agent_lost = True
        self.after(AGENT_LOST_SECONDS, "lost", self._agent_stays_away)
        await tidily(self.play_music())
        self._enter_held()
        self.agent_is(AgentState.HOLD, "电话连接中断，正在恢复")
        self.save(CallStateChanged(**self.facts, state=CallState.HELD))
        self.note(CallEventKind.HELD, reason=why)
        await self.taps.close_leg(Leg.AGENT)
        await self.on_phone_online()

    async def on_phone_online(self) -> None:
        """The agent's phone is registered: if it is the lost one, ring it."""
        agent = self.exchange.board.get(self.call.agent_id or "")
        if not self.agent_lost or self.call.agent_channel or agent is None:
            return
        if agent.phone_online:
            try:
                await self.ring_agent(agent, at_once=True, seconds=round(AGENT_LOST_SECONDS))
            except ARIError:
                self.call.agent_channel = ""  # gone again; the next registration tries anew
            self.save()

    async def on_phone_reloaded(self, contact: str) -> None:
        """See :meth:`CallSession.on_phone_reloaded`; unlike a socket that merely reconnected."""
        if self.agent_contact is None or contact == self.agent_contact:
            self.agent_contact = contact
        elif self.call.state in CONNECTED and not self.agent_lost:
            self.cancel_timer("hung up")
            await self.drop_agent_leg()
            await self._lose_agent("坐席页面已重新加载")

    async def _agent_back(self) -> None:
        await self._bring_together()
        self.agent_lost = False
        self.cancel_timer("lost")
        self._leave_held()
        self.note(CallEventKind.RESUMED, by=self.agent, reason="坐席电话已恢复")
        self._listen(Leg.AGENT, self.call.agent_channel)

    async def _agent_stays_away(self) -> None:
        """The limit is over."""
        if self.agent_lost:
            self.agent_lost = False
            self._count_hold()
            await self.drop_agent_leg()
            await self.on_agent_lost_for_good()

    # --- found again after a restart of our process ---------------------------------------------

    async def recover(self, channels: dict[str, str], bridges: dict[str, frozenset[str]]) -> None:
        """See :meth:`CallSession.recover`."""
        if self.call.state in CONNECTED:
            await self._recover_talk(bridges.get(self.talk_bridge, frozenset()))
        else:
            await self.recover_set_up(channels, bridges)

    async def _recover_talk(self, together: frozenset[str]) -> None:
        """Two who talk are left untouched; we only begin to listen again.

        Where the citizen is tells more than what was written last.
        """
        citizen, agent = self.call.citizen_channel, self.call.agent_channel
        if not agent:
            await self._lose_agent("系统重启期间坐席电话中断")
            return
        if citizen in together:
            if agent not in together:
                await self._bring_together()
            self.call.state = CallState.TALKING
            self.agent_is(AgentState.TALKING)
        else:
            self._held_since, self.call.state = self.now(), CallState.HELD
            await self.play_music()
            self.agent_is(AgentState.HOLD)
        self.save(CallStateChanged(**self.facts, state=self.call.state))
        self._listen(Leg.CALLER, citizen)
        self._listen(Leg.AGENT, agent)
