"""Two who talk: brought together, put on hold, and an agent's phone that is lost and comes back."""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog

from models.errors import TransitionRefused
from models.events import CallAnswered, CallStateChanged
from models.vocabulary import AgentState, CallEventKind, CallState, ContactOutcome, Leg, PartyKind
from telephony import causes
from telephony.ari import ARIError, ARINotFound
from telephony.ari.tidy import tidily
from telephony.call import LiveCall
from telephony.consultation import Consultation
from telephony.exchange import Exchange
from telephony.session import CallSession
from telephony.survey import Survey

log = structlog.get_logger(__name__)

#: How long a citizen waits with music for an agent's lost phone.
AGENT_LOST_SECONDS = 30.0
#: A page that is left hangs up and signs off; only the second tells it from an agent's hang-up.
LEAVING_SECONDS = 0.5
#: Pause before a lost phone that did not answer is rung once more.
RING_AGAIN_SECONDS = 2.0
_COMES_BACK = "电话连接中断，正在恢复"
PAGE_RELOADED = "坐席页面已重新加载"
#: Pause before what Asterisk could not do just now is tried once more.
TRY_AGAIN_SECONDS = 0.5
CONNECTED = (
    CallState.TALKING,
    CallState.HELD,
    CallState.CONSULTING,
    CallState.CONFERENCE,
)


class Conversation(CallSession):
    """A call in which citizen and agent can talk."""

    def __init__(self, exchange: Exchange, call: LiveCall) -> None:
        super().__init__(exchange, call)
        #: The agent's phone is gone in mid-call.
        self.agent_lost = False
        #: What the agent does with others, e.g. a department's expert.
        self.consultation = Consultation(self)
        self.survey = Survey(self)
        self._held_since: datetime | None = None

    @property
    def held_since(self) -> datetime | None:
        """Since when the citizen hears music, on hold or while the agent asks somebody."""
        holds = self.call.state in (CallState.HELD, CallState.CONSULTING)
        return self._held_since if holds else None

    # --- before ---------------------------------------------------------------------------------

    async def on_agent_ready(self) -> None:
        """The agent has answered for the first time."""
        raise NotImplementedError

    async def on_agent_not_reached(self, cause: int) -> None:
        """The agent's phone was rung and did not answer, or went away before all was set up."""
        raise NotImplementedError

    async def on_agent_lost_for_good(
        self, why: str = "坐席电话连接中断", *, by_fault: bool = True
    ) -> None:
        """The citizen is without an agent: the phone did not come back, or a transfer failed."""
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
            await self.lose_agent(causes.in_words(cause))

    # --- talking --------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Bring both into one bridge: they hear each other, and we listen to each."""
        try:
            await self.bring_together()
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
        self.agent_on_line()
        self.listen_to_both()

    def agent_on_line(self) -> None:
        """Note from when the agent takes part, and on which line."""
        agent, channel = self.agent, self.call.agent_channel
        if agent is not None and channel:
            self.party_lines.enter(agent, PartyKind.AGENT, channel)

    def listen_to_both(self) -> None:
        """Let the recogniser hear citizen and agent."""
        self.listen(Leg.CALLER, self.call.citizen_channel)
        if self.call.agent_channel:
            self.listen(Leg.AGENT, self.call.agent_channel)

    async def _connect_again(self) -> None:
        lines = {self.call.citizen_channel, self.call.agent_channel}
        if self.call.state not in CONNECTED and lines <= self.seen:
            await self.connect()

    async def bring_together(self) -> None:
        """Citizen and agent into the room where they talk."""
        ari, call = self.exchange.ari, self.call
        await self.sound.hush()
        await asyncio.gather(
            ari.bridges.ensure(self.talk_bridge, type="mixing"),
            ari.channels.stop_moh(call.citizen_channel),
        )
        await ari.bridges.add_channel(self.talk_bridge, call.citizen_channel, call.agent_channel)

    async def bring_citizen_back(self) -> None:
        """The citizen into the room where somebody else already is."""
        ari, citizen = self.exchange.ari, self.call.citizen_channel
        await self.sound.hush()
        await tidily(ari.channels.stop_moh(citizen))
        await ari.bridges.add_channel(self.talk_bridge, citizen)

    async def hang_up(self, *, survey: bool = True) -> None:
        """The agent ends the call; the citizen is asked for a grade."""
        if survey and self.survey.due:
            self.agent_lost = False
            await self.survey.begin()
        else:
            await self.end(ContactOutcome.SERVED, "坐席挂断")

    async def on_playback_finished(self, playback_id: str) -> None:
        """See :meth:`CallSession.on_playback_finished`."""
        await self.survey.on_playback_finished(playback_id)

    async def on_key(self, channel_id: str, digit: str) -> None:
        """See :meth:`CallSession.on_key`."""
        at_survey = self.call.state is CallState.SURVEY
        if at_survey and channel_id == self.call.citizen_channel:
            await self.survey.on_key(digit)

    async def end(
        self, outcome: ContactOutcome, reason: str, *, at: datetime | None = None
    ) -> None:
        """See :meth:`CallSession.end`."""
        self.count_hold()
        await super().end(outcome, reason, at=at)

    def agent_found(self) -> None:
        """Somebody else has taken the place of an agent whose phone was lost."""
        for timer in ("lost", "ring again", "hung up"):
            self.cancel_timer(timer)
        self.agent_lost = False

    def agent_is(self, state: AgentState, reason: str = "") -> None:
        """Show what the agent is doing."""
        self.exchange.board.move(self.call.agent_id, self.call.id, state, reason)

    async def _agent_hung_up(self) -> None:
        """The agent put the receiver down, or a page that is being left did so and signed off.

        Never cuts a citizen off from somebody who was just fetched.
        """
        agent = self.exchange.board.get(self.call.agent_id or "")
        if agent is not None and not agent.phone_online:
            await self.lose_agent("坐席页面已关闭")
        elif self.call.state is CallState.CONFERENCE:
            await self.consultation.leave()
        elif self.call.state is CallState.CONSULTING:
            await self.consultation.given_up()
            await self.lose_agent("坐席在咨询中挂断")
        else:
            await self.hang_up()

    # --- holding --------------------------------------------------------------------------------

    async def hold(self) -> None:
        """The citizen hears music; the agent is alone."""
        self.refuse_unless("保持", CallState.TALKING)
        await self.play_music()
        self._enter_held()
        self.agent_is(AgentState.HOLD)
        self.save(CallStateChanged(**self.facts, state=CallState.HELD))
        self.note(CallEventKind.HELD, by=self.agent)

    async def resume(self) -> None:
        """Both hear each other again."""
        self.refuse_unless("取消保持", CallState.HELD)
        self.refuse_while_lost()
        await self.bring_together()
        self.back_to_talk()
        self.note(CallEventKind.RESUMED, by=self.agent)

    async def play_music(self) -> None:
        """Music to the citizen, away from the agent."""
        ari, citizen = self.exchange.ari, self.call.citizen_channel
        if self.call.state is CallState.TALKING:
            await tidily(ari.bridges.remove_channel(self.talk_bridge, citizen))
        await self.sound.hush()
        await ari.channels.start_moh(citizen)

    async def citizen_waits(self) -> None:
        """Music to the citizen, whoever was in the room."""
        ari, citizen = self.exchange.ari, self.call.citizen_channel
        await tidily(ari.bridges.remove_channel(self.talk_bridge, citizen))
        await ari.channels.start_moh(citizen)
        self._begin_hold()

    async def part(self) -> None:
        """Music to the citizen, and the agent out of the room."""
        await self.citizen_waits()
        agent = self.call.agent_channel
        await tidily(self.exchange.ari.bridges.remove_channel(self.talk_bridge, agent))

    async def agent_alone(self) -> None:
        """The agent is back in the room, the citizen still hears music."""
        ari, agent = self.exchange.ari, self.call.agent_channel
        self._enter_held()
        self.save(CallStateChanged(**self.facts, state=CallState.HELD))
        if self.agent_lost or not agent:
            self.agent_is(AgentState.HOLD, _COMES_BACK)
            return
        self.agent_is(AgentState.HOLD)
        await tidily(ari.bridges.ensure(self.talk_bridge, type="mixing"))
        await tidily(ari.bridges.add_channel(self.talk_bridge, agent))

    def _enter_held(self) -> None:
        if self.call.state is not CallState.HELD:
            self._begin_hold()
            self.enter(CallState.HELD)

    def _begin_hold(self) -> None:
        self._held_since = self._held_since or self.now()

    def back_to_talk(self) -> None:
        """Citizen and agent hear each other again."""
        self.count_hold()
        self.enter(CallState.TALKING)
        self.agent_is(AgentState.TALKING)
        self.save(CallStateChanged(**self.facts, state=CallState.TALKING))

    def count_hold(self) -> None:
        """The citizen's music is over; add it up."""
        if self._held_since is not None:
            self.call.hold_seconds += (self.now() - self._held_since).total_seconds()
            self._held_since = None

    def refuse_while_lost(self) -> None:
        """Nothing can be done while the agent's phone is being brought back."""
        if self.agent_lost or not self.call.agent_channel:
            raise TransitionRefused("电话连接正在恢复，请稍候", state=self.call.state)

    def refuse_unless(self, action: str, *states: CallState) -> None:
        """:raises TransitionRefused: in any other state, and once nobody of ours is there."""
        if self.call.state not in states or self.agent is None:
            raise TransitionRefused(
                f"通话当前为“{self.call.state.label}”，不能{action}",
                state=self.call.state,
                action=action,
            )

    # --- the agent's phone lost in mid-call -----------------------------------------------------

    async def lose_agent(self, why: str) -> None:
        """The page was reloaded, or the network broke: the citizen gets music, we ring again."""
        log.warning("call.agent_lost", call_id=self.call.id, why=why)
        self.agent_lost = True
        self.after(AGENT_LOST_SECONDS, "lost", self._agent_stays_away)
        if self.call.state in (CallState.CONSULTING, CallState.CONFERENCE):
            await self.consultation.agent_lost()
            self.agent_is(AgentState.HOLD, _COMES_BACK)
            self.save(CallStateChanged(**self.facts, state=self.call.state))
        else:
            await tidily(self.play_music())
            self._enter_held()
            self.agent_is(AgentState.HOLD, _COMES_BACK)
            self.save(CallStateChanged(**self.facts, state=CallState.HELD))
        self.note(CallEventKind.HELD, reason=why)
        await self.on_phone_online()

    async def on_phone_online(self) -> None:
        """The agent's phone is registered: if it is the lost one, ring it."""
        agent = self.exchange.board.get(self.call.agent_id or "")
        if not self.agent_lost or self.call.agent_channel or agent is None:
            return
        if not agent.has(self.call.id):
            return  # has gone on to another call
        if agent.phone_online:
            try:
                await self.phones.ring_agent(agent, at_once=True, seconds=round(AGENT_LOST_SECONDS))
            except ARIError:
                self.call.agent_channel = ""  # gone again; the next registration tries anew
            self.save()

    async def on_phone_reloaded(self, contact: str) -> None:
        """See :meth:`CallSession.on_phone_reloaded`; unlike a socket that merely reconnected."""
        if self.agent is None:
            return  # has handed the call over, and writes it down
        if self.agent_contact is None or contact == self.agent_contact:
            self.agent_contact = contact
        elif self.call.state in CONNECTED and not self.agent_lost:
            self.cancel_timer("hung up")
            await self.phones.drop_agent()
            await self.lose_agent(PAGE_RELOADED)

    async def _agent_back(self) -> None:
        if self.call.state is CallState.HELD:
            await self.bring_together()
        self.agent_lost = False
        self.cancel_timer("lost")
        if self.call.state is CallState.HELD:
            self.back_to_talk()
        else:
            await self.consultation.agent_back()
        self.note(CallEventKind.RESUMED, by=self.agent, reason="坐席电话已恢复")
        self.agent_on_line()
        self.listen(Leg.AGENT, self.call.agent_channel)

    async def _agent_stays_away(self) -> None:
        """The limit is over."""
        if self.agent_lost:
            self.agent_lost = False
            await self.phones.drop_agent()
            if not await self.consultation.agent_stays_away():
                await self.on_agent_lost_for_good()

    # --- found again after a restart of our process ---------------------------------------------

    async def recover(self, channels: dict[str, str], bridges: dict[str, frozenset[str]]) -> None:
        """See :meth:`CallSession.recover`."""
        if self.call.state is CallState.SURVEY:
            self.agent = None
            await self.sound.hush_earlier()
            await self.survey.ask()
            return
        waits_for_other = self.call.state is CallState.DIALLING and self.call.answered_at
        if self.call.state in CONNECTED or waits_for_other:
            self._held_since = self.now()  # what was heard as music before is not known
            if not await self.consultation.recover(bridges):
                await self._recover_talk(bridges.get(self.talk_bridge, frozenset()))
        else:
            await self.recover_set_up(channels, bridges)

    async def _recover_talk(self, together: frozenset[str]) -> None:
        """Two who talk are left untouched; we only begin to listen again.

        Where the citizen is tells more than what was written last.
        """
        citizen, agent = self.call.citizen_channel, self.call.agent_channel
        if not agent:
            await self.lose_agent("系统重启期间坐席电话中断")
            return
        if citizen in together:
            if agent not in together:
                await self.bring_together()
            self.call.state, self._held_since = CallState.TALKING, None
            self.agent_is(AgentState.TALKING)
        else:
            self.call.state = CallState.HELD
            await self.play_music()
            self.agent_is(AgentState.HOLD)
        self.save(CallStateChanged(**self.facts, state=self.call.state))
        self.agent_on_line()
        self.listen_to_both()
