"""One living call. Everything that concerns it happens in one queue, in order, one at a time.

What is the same for a call in and a call out lives here: talking, holding, an agent's phone that
is lost and comes back, ending. Steps await Asterisk; whatever comes meanwhile waits its turn, so a
step never sees the call change under its hands. A line that is gone makes a step fail with
``ARINotFound``; the event that tells so is next in the queue and ends the call.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from models.errors import TransitionRefused
from models.events import CallAnswered, CallEnded, CallStateChanged
from models.vocabulary import AgentState, CallState, ContactOutcome, Leg
from telephony import causes
from telephony.ari import ARIError, ARINotFound
from telephony.ari.events import (
    ChannelDestroyed,
    ChannelHangupRequest,
    ChannelStateChange,
    Event,
    PlaybackFinished,
    StasisStart,
)
from telephony.ari.tidy import tidily
from telephony.call import LiveCall
from telephony.exchange import Exchange
from telephony.names import AGENT, TALK, WAIT, name
from telephony.presence import Agent
from telephony.taps import CallTaps

log = structlog.get_logger(__name__)

Step = Callable[[], Awaitable[None]]

#: How long a citizen waits with music for an agent's lost phone.
AGENT_LOST_SECONDS = 30.0
CONNECT_AGAIN_SECONDS = 0.5
#: A page that is left hangs up and signs off; only the second tells it from an agent's hang-up.
LEAVING_SECONDS = 0.5
#: Pause before a lost phone that did not answer is rung once more.
RING_AGAIN_SECONDS = 2.0
#: Beyond Asterisk's own limit for ringing, should its event be lost.
RING_MARGIN_SECONDS = 3.0
#: For lines whose end was not seen. An agent whose leg is missing is rung again.
_UNKNOWN_CAUSE = 0
_LOST_CAUSE = 41
_CONNECTED = (CallState.TALKING, CallState.HELD)


class CallSession:
    """A call in our hands."""

    def __init__(self, exchange: Exchange, call: LiveCall) -> None:
        self.exchange = exchange
        self.call = call
        self.taps = CallTaps(exchange, call.id)
        #: Agent whom the call belongs to, from the reservation on.
        self.agent: Agent | None = None
        #: The agent's phone is gone in mid-call.
        self.agent_lost = False
        #: Registration of the agent's phone when it was rung: a reloaded page has another.
        self.agent_contact: str | None = None
        self._legs_rung = 0
        self._segments: dict[str, datetime] = {}
        self._held_since: datetime | None = None
        self._steps: asyncio.Queue[tuple[Step, asyncio.Future[None] | None]] = asyncio.Queue()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._task: asyncio.Task[None] | None = None
        #: Channels that have been seen alive: only their absence means something.
        self.seen: set[str] = set()

    # --- the queue ------------------------------------------------------------------------------

    def start(self, first: Step) -> None:
        """Begin with a step."""
        self.post(first)
        self._task = asyncio.create_task(self._run(), name=f"call-{self.call.id}")

    def post(self, step: Step) -> None:
        """Do this when everything before it is done."""
        self._steps.put_nowait((step, None))

    async def ask(self, step: Step) -> None:
        """The same, and wait for it; its error is raised here."""
        if self.ended:
            raise _over()
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._steps.put_nowait((step, answer))
        await answer

    async def halt(self) -> None:
        """Our process stops; the call goes on in Asterisk and is found again."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._cancel_timers()
        await self.taps.abandon()

    async def _run(self) -> None:
        while not self.ended:
            step, answer = await self._steps.get()
            await self._do(step, answer)
        while not self._steps.empty():  # what came too late
            _, answer = self._steps.get_nowait()
            if answer is not None and not answer.done():
                answer.set_exception(_over())

    async def _do(self, step: Step, answer: asyncio.Future[None] | None) -> None:
        try:
            await step()
        except Exception as error:
            if answer is not None and not answer.done():
                answer.set_exception(error)
            elif isinstance(error, ARIError):
                log.info("call.line_gone", call_id=self.call.id, error=str(error))
            else:
                log.exception("call.step_failed", call_id=self.call.id)
        else:
            if answer is not None and not answer.done():
                answer.set_result(None)

    def after(self, seconds: float, timer: str, step: Step) -> None:
        """Do a step later; one timer of a name at a time."""
        self.cancel_timer(timer)
        loop = asyncio.get_running_loop()
        self._timers[timer] = loop.call_later(seconds, self.post, step)

    def cancel_timer(self, timer: str) -> None:
        """Not any more."""
        handle = self._timers.pop(timer, None)
        if handle is not None:
            handle.cancel()

    def _cancel_timers(self) -> None:
        for timer in list(self._timers):
            self.cancel_timer(timer)

    # --- what it is -----------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.call.state is CallState.ENDED

    @property
    def talk_bridge(self) -> str:
        """Where citizen and agent talk."""
        return name(TALK, self.call.id)

    @property
    def wait_bridge(self) -> str:
        """Where the citizen hears music, in the queue and on hold."""
        return name(WAIT, self.call.id)

    @property
    def facts(self) -> dict[str, Any]:
        """What every event of this call carries."""
        return {
            "call_id": self.call.id,
            "direction": self.call.direction,
            "agent_id": self.call.agent_id,
            "caller_number": self.call.citizen_number,
            "contact_id": self.call.contact_id,
            "order_id": self.call.order_id,
            "at": self.now(),
        }

    def now(self) -> datetime:
        """The present instant."""
        return self.exchange.clock.now()

    def offset(self) -> float:
        """Seconds since the call began."""
        return (self.now() - self.call.started_at).total_seconds()

    def save(self, *events: Any) -> None:
        """Write the call down as it is now, then tell the events."""
        self.exchange.records.save(self.call, *events)

    def enter(self, state: CallState) -> None:
        """Change the state; with the log line that shows the way of every call."""
        log.info("call.state", call_id=self.call.id, before=self.call.state, after=state)
        self.call.state = state

    # --- events of Asterisk ---------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        """Take an event into the queue."""
        self.post(lambda: self.on_event(event))

    async def on_event(self, event: Event) -> None:
        """React to an event; each may come twice, late, or never."""
        match event:
            case StasisStart():
                await self.on_channel_start(event)
            case ChannelDestroyed():
                await self.on_channel_gone(event.channel.id, event.cause)
            case ChannelHangupRequest():
                await self.on_hang_up_request(event.channel.id)
            case ChannelStateChange():
                await self.on_channel_state(event.channel.id, event.channel.state)
            case PlaybackFinished():
                await self.on_playback_finished(event.playback.id)

    async def on_channel_start(self, event: StasisStart) -> None:
        """A channel of this call came into our hands."""
        channel_id = event.channel.id
        if channel_id != self.call.agent_channel:
            if channel_id.startswith(AGENT):  # rung before, answered too late
                await tidily(self.exchange.ari.channels.hangup(channel_id))
            return
        if channel_id in self.seen:
            return
        self.seen.add(channel_id)
        self._note_recording(event.channel.channelvars.get("RECORDING", ""))
        self.cancel_timer("ring")
        if self.agent_lost:
            await self._agent_back()
        else:
            await self.on_agent_answered()

    def _note_recording(self, path: str) -> None:
        """The dialplan has just begun to record what the agent says."""
        now = self.now()
        self._segments[Path(path).name] = now
        if self.call.agent_recording_at is None:
            self.call.agent_recording = self.exchange.recordings.relative(path)
            self.call.agent_recording_at = now

    async def on_channel_gone(self, channel_id: str, cause: int) -> None:
        """A channel of this call is no more."""
        self.seen.discard(channel_id)
        if channel_id == self.call.citizen_channel:
            await self.on_citizen_gone(cause)
        elif channel_id and channel_id == self.call.agent_channel:
            await self.on_agent_gone(cause)

    async def on_channel_state(self, channel_id: str, state: str) -> None:
        """A channel rings or was answered."""

    async def on_hang_up_request(self, channel_id: str) -> None:
        """A party is about to go; why is only told when the channel is gone."""

    async def on_playback_finished(self, playback_id: str) -> None:
        """A sound has ended."""

    async def on_agent_answered(self) -> None:
        """The agent has lifted the receiver."""
        raise NotImplementedError

    async def on_citizen_gone(self, cause: int) -> None:
        """The citizen is no longer on the line."""
        raise NotImplementedError

    async def on_agent_gone(self, cause: int) -> None:
        """The agent's phone is no longer on the line."""
        self.call.agent_channel = ""
        if self.call.state not in _CONNECTED:
            await self.on_agent_not_reached(cause)
        elif self.agent_lost:
            self.after(RING_AGAIN_SECONDS, "ring again", self.on_phone_online)
        elif cause in causes.NORMAL:
            self.after(LEAVING_SECONDS, "hung up", self._agent_hung_up)
        else:
            await self._lose_agent(causes.in_words(cause))

    async def _agent_hung_up(self) -> None:
        """The agent put the receiver down, or a page that is being left did so and signed off."""
        agent = self.exchange.board.get(self.call.agent_id or "")
        if agent is not None and not agent.phone_online:
            await self._lose_agent("坐席页面已关闭")
        else:
            await self.end(ContactOutcome.SERVED, "坐席挂断")

    async def on_agent_not_reached(self, cause: int) -> None:
        """The agent's phone was rung and did not answer, or went away before all was set up."""
        raise NotImplementedError

    # --- ringing the agent ----------------------------------------------------------------------

    async def ring_agent(self, agent: Agent, *, at_once: bool, seconds: int) -> None:
        """Ring the agent's phone. ``at_once``: the page answers by itself.

        The page joins the ring with the screen pop by the header ``X-Call-Id``.

        :raises ARIError: when the phone is not there.
        """
        self._legs_rung += 1
        leg = self._legs_rung
        file = self.exchange.recordings.path_for(
            self.call.id, self.call.started_at, f"agent-{leg}.wav"
        )
        self.call.agent_channel = name(AGENT, self.call.id, leg)
        self.agent_contact = self.exchange.contacts.get(agent.extension)
        headers = {
            "X-Call-Id": self.call.id,
            "X-Call-Direction": self.call.direction.value,
        }
        if at_once:
            headers["Call-Info"] = "<sip:hotline>;answer-after=0"
        number = self.call.citizen_number
        await self.exchange.ari.channels.originate(
            self.call.agent_channel,
            f"PJSIP/{agent.extension}",
            context="seat-leg",
            extension="leg",
            caller_id=f'"{number}" <{number}>',
            ring_seconds=seconds,
            variables={
                "RECORDING": str(file),
                "STASIS_ARGS": f"agent,{self.call.id}",
                **{f"PJSIP_HEADER(add,{key})": value for key, value in headers.items()},
            },
        )
        self.after(seconds + RING_MARGIN_SECONDS, "ring", self._ring_overdue)

    async def drop_agent_leg(self) -> None:
        """Ring no longer."""
        channel_id, self.call.agent_channel = self.call.agent_channel, ""
        if channel_id:
            await tidily(self.exchange.ari.channels.hangup(channel_id))

    async def _ring_overdue(self) -> None:
        """Asterisk should have told long ago that nobody answered."""
        channel_id = self.call.agent_channel
        if channel_id and channel_id not in self.seen:
            await tidily(self.exchange.ari.channels.hangup(channel_id))
            await self.on_agent_gone(19)

    # --- talking --------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Bring both into one bridge: they hear each other, and we listen to each."""
        try:
            await self._bring_together()
        except ARINotFound:
            raise  # one of them has just hung up; the event of that is on its way
        except ARIError as error:
            log.warning("call.cannot_connect", call_id=self.call.id, error=str(error))
            self.after(CONNECT_AGAIN_SECONDS, "connect", self._connect_again)
            return
        self.enter(CallState.TALKING)
        self.call.answered_at = self.call.answered_at or self.now()
        self.call.speech_model = self.taps.speech_model
        self._presence(AgentState.TALKING)
        self.save(CallAnswered(**self.facts))
        self._listen(Leg.CALLER, self.call.citizen_channel)
        self._listen(Leg.AGENT, self.call.agent_channel)

    async def _connect_again(self) -> None:
        lines = {self.call.citizen_channel, self.call.agent_channel}
        if self.call.state not in _CONNECTED and lines <= self.seen:
            await self.connect()

    async def _bring_together(self) -> None:
        bridges = self.exchange.ari.bridges
        await bridges.create(self.talk_bridge, type="mixing")
        await bridges.add_channel(
            self.talk_bridge, self.call.citizen_channel, self.call.agent_channel
        )

    def _listen(self, leg: Leg, channel_id: str) -> None:
        self.taps.open(leg, channel_id, self.offset())

    async def hold(self) -> None:
        """The citizen hears music; the agent is alone."""
        self._refuse_unless(CallState.TALKING, "保持")
        await self._music()
        self._enter_held()
        self._presence(AgentState.HOLD)
        self.save(CallStateChanged(**self.facts, state=CallState.HELD))

    async def resume(self) -> None:
        """Both hear each other again."""
        self._refuse_unless(CallState.HELD, "取消保持")
        if self.agent_lost:
            raise TransitionRefused("电话连接正在恢复，请稍候", state=self.call.state)
        await self.exchange.ari.bridges.add_channel(self.talk_bridge, self.call.citizen_channel)
        self._leave_held()
        self._presence(AgentState.TALKING)
        self.save(CallStateChanged(**self.facts, state=CallState.TALKING))

    async def hang_up(self) -> None:
        """The agent ends the call."""
        await self.end(ContactOutcome.SERVED, "坐席挂断")

    async def _music(self) -> None:
        bridges = self.exchange.ari.bridges
        await bridges.create(self.wait_bridge, type="holding")
        await bridges.add_channel(self.wait_bridge, self.call.citizen_channel)

    def _enter_held(self) -> None:
        if self.call.state is not CallState.HELD:
            self._held_since = self.now()
            self.enter(CallState.HELD)

    def _leave_held(self) -> None:
        self._count_hold()
        self.enter(CallState.TALKING)

    def _count_hold(self) -> None:
        if self._held_since is not None:
            self.call.hold_seconds += (self.now() - self._held_since).total_seconds()
            self._held_since = None

    def _presence(self, state: AgentState, reason: str = "") -> None:
        self.exchange.board.move(self.call.agent_id, self.call.id, state, reason)

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
        self.call.agent_channel = ""
        self._enter_held()
        self._presence(AgentState.HOLD, "电话连接中断，正在恢复")
        self.save(CallStateChanged(**self.facts, state=CallState.HELD))
        self.after(AGENT_LOST_SECONDS, "lost", self._agent_stays_away)
        await self._music()
        await self.taps.close_leg(Leg.AGENT)
        await self.on_phone_online()

    async def on_phone_online(self) -> None:
        """The agent's phone is registered: if it is the lost one, ring it."""
        agent = self.exchange.board.get(self.call.agent_id or "")
        if not self.agent_lost or self.call.agent_channel or agent is None:
            return
        if agent.phone_online:
            try:
                await self.ring_agent(agent, at_once=True, seconds=int(AGENT_LOST_SECONDS))
            except ARIError:
                self.call.agent_channel = ""  # gone again; the next registration tries anew
            self.save()

    async def on_phone_reloaded(self, contact: str) -> None:
        """The agent's phone has registered as another: the page was loaded anew."""
        if self.agent_contact is None or contact == self.agent_contact:
            self.agent_contact = contact
            return
        old = self.call.agent_channel
        if self.call.state not in _CONNECTED or self.agent_lost:
            return
        self.cancel_timer("hung up")
        await self._lose_agent("坐席页面已重新加载")
        if old:
            await tidily(self.exchange.ari.channels.hangup(old))

    async def _agent_back(self) -> None:
        await self._bring_together()
        self.agent_lost = False
        self.cancel_timer("lost")
        self._leave_held()
        self._presence(AgentState.TALKING)
        self.save(CallStateChanged(**self.facts, state=CallState.TALKING))
        self._listen(Leg.AGENT, self.call.agent_channel)

    async def _agent_stays_away(self) -> None:
        """The limit is over."""
        if not self.agent_lost:
            return
        self.agent_lost = False
        self._count_hold()
        await self.drop_agent_leg()
        await self.on_agent_lost_for_good()

    async def on_agent_lost_for_good(self) -> None:
        """The agent's phone did not come back."""
        raise NotImplementedError

    # --- found again after a restart of our process ---------------------------------------------

    def take_up(self, channels: set[str], agent_legs: list[str]) -> None:
        """Set what is known from Asterisk: our call's channels that live, its agent legs in order.

        A call is only taken up while its citizen is on the line.
        """
        self.call.transcript_incomplete |= self.call.answered_at is not None
        self._legs_rung = max((int(leg.rpartition("-")[2]) for leg in agent_legs), default=0)
        self.call.agent_channel = agent_legs[-1] if agent_legs else ""
        self.seen = {self.call.citizen_channel, *agent_legs} & channels
        if self.call.agent_recording_at is not None:
            self._segments[Path(self.call.agent_recording).name] = self.call.agent_recording_at

    async def recover(self, channels: dict[str, str], bridges: dict[str, frozenset[str]]) -> None:
        """Go on where the earlier process stopped.

        :param channels: state of each living channel of this call (``Up`` …).
        :param bridges: who is in each living bridge of this call.
        """
        if self.call.state in _CONNECTED:
            await self._recover_talk(bridges)
        else:
            await self.recover_set_up(channels, bridges)

    async def recover_set_up(
        self, channels: dict[str, str], bridges: dict[str, frozenset[str]]
    ) -> None:
        """The same for a call that was not connected yet."""
        raise NotImplementedError

    async def _recover_talk(self, bridges: dict[str, frozenset[str]]) -> None:
        """Two who talk are left untouched; we only begin to listen again."""
        citizen, agent = self.call.citizen_channel, self.call.agent_channel
        if not agent:
            await self._lose_agent("系统重启期间坐席电话中断")
            return
        if self.call.state is CallState.HELD and citizen in bridges.get(self.wait_bridge, ()):
            self._held_since = self.now()
        else:
            if not {citizen, agent} <= bridges.get(self.talk_bridge, frozenset()):
                await self._bring_together()
            self.call.state = CallState.TALKING
            self._presence(AgentState.TALKING)
        self.save(CallStateChanged(**self.facts, state=self.call.state))
        self._listen(Leg.CALLER, citizen)
        self._listen(Leg.AGENT, agent)

    # --- ending ---------------------------------------------------------------------------------

    async def end(
        self, outcome: ContactOutcome, reason: str, *, at: datetime | None = None
    ) -> None:
        """Everything of this call goes away; its record stays, with the reason."""
        if self.ended:
            return
        talked = self.call.answered_at is not None
        self._count_hold()
        self.enter(CallState.ENDED)
        self._cancel_timers()
        self.call.ended_at = at or self.now()
        self.call.outcome, self.call.reason = outcome, reason
        self.exchange.line.remove(self.call.id)
        self._release_agent(talked)
        await self._clear_lines()
        await self.taps.close()
        await self._finish_recordings(talked)
        self.exchange.forget(self)
        self.save(
            CallEnded(
                **self.facts,
                outcome=outcome,
                reason=reason,
                transcript_incomplete=self.call.transcript_incomplete,
            )
        )

    def _release_agent(self, talked: bool) -> None:
        agent = self.agent
        if agent is None:
            return
        seconds = self.exchange.settings.telephony.wrap_up_seconds
        if talked and seconds:
            self.exchange.board.release(
                agent.agent_id,
                self.call.id,
                AgentState.WRAP_UP,
                lasting=timedelta(seconds=seconds),
                talked=True,
            )
        else:
            self.exchange.board.release(
                agent.agent_id, self.call.id, AgentState.READY, talked=talked
            )

    async def _clear_lines(self) -> None:
        ari = self.exchange.ari
        channels = [self.call.citizen_channel, self.call.agent_channel]
        await tidily(
            *(ari.channels.hangup(channel_id) for channel_id in channels if channel_id),
            ari.bridges.destroy(self.talk_bridge),
            ari.bridges.destroy(self.wait_bridge),
        )

    async def _finish_recordings(self, talked: bool) -> None:
        """One file for each party, and the truth about what is there."""
        recordings, call = self.exchange.recordings, self.call
        call.transcript_incomplete |= talked and not self.taps.complete
        try:
            call.agent_recording, call.agent_recording_at = await asyncio.to_thread(
                recordings.join_agent, call.id, call.started_at, dict(self._segments)
            )
        except OSError as error:
            log.error("recording.not_joined", call_id=call.id, error=str(error))
        if talked:
            for path in (call.citizen_recording, call.agent_recording):
                if not await recordings.is_written(path):
                    log.error("recording.missing", call_id=call.id, path=path)

    async def check_lines(self, living: set[str]) -> None:
        """Compare with what Asterisk really has; a line whose end we missed ends now."""
        for channel_id, cause in (
            (self.call.citizen_channel, _UNKNOWN_CAUSE),
            (self.call.agent_channel, _LOST_CAUSE),
        ):
            if channel_id in self.seen and channel_id not in living and not self.ended:
                log.warning("call.missed_hang_up", call_id=self.call.id, channel=channel_id)
                await self.on_channel_gone(channel_id, cause)


def _over() -> TransitionRefused:
    return TransitionRefused("通话已结束", state=CallState.ENDED)
