"""A citizen calls: greeting, queue, an agent's answer, and every way in which it may end."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from models.callbacks import is_nuisance_unheard
from models.events import CallOffered, CallStateChanged
from models.ids import new_id
from models.vocabulary import (
    AgentState,
    CallDirection,
    CallEventKind,
    CallState,
    ContactOutcome,
    Leg,
    PriorityReason,
)
from telephony.ari import ARIError, ARINotFound
from telephony.ari.objects import Channel
from telephony.call import LiveCall
from telephony.conversation import TRY_AGAIN_SECONDS, Conversation
from telephony.exchange import Exchange
from telephony.front_desk import FrontDesk
from telephony.placing import Place
from telephony.ringing import Ringing
from telephony.waiting import BOOKED_REASON, Waiting

log = structlog.get_logger(__name__)

#: Beyond the greeting's own length, should the event of its end be lost.
_GREETING_MARGIN_SECONDS = 3.0

#: Pause before a caller is listened to, while there are enough already.
_EAR_PAUSE_SECONDS = 5.0

#: Where the citizen hung up → how the contact ended, and in words.
_ABANDONED = {
    CallState.GREETING: (ContactOutcome.ABANDONED_GREETING, "市民在播报中挂断"),
    CallState.QUEUED: (ContactOutcome.ABANDONED_QUEUE, "市民在排队中挂断"),
    CallState.RINGING: (ContactOutcome.ABANDONED_RINGING, "市民在坐席振铃时挂断"),
}


#: A caller who is in the line, or is rung an agent for; or looks up an order meanwhile.
_WAITS = frozenset({CallState.QUEUED, CallState.RINGING, CallState.SELF_SERVICE})

#: After these nobody on the nuisance list is called back; the history says so.
_LOST = (
    ContactOutcome.ABANDONED_QUEUE,
    ContactOutcome.ABANDONED_RINGING,
    ContactOutcome.FAILED,
)
_NOT_OWED = "名单号码，未接通即结束，不安排回电"


class InboundCall(Conversation):
    """A call to the hotline."""

    def __init__(self, exchange: Exchange, call: LiveCall) -> None:
        super().__init__(exchange, call)
        #: What this caller hears in the line.
        self.waiting = Waiting(self)
        #: What comes before the line, and self-service.
        self.front = FrontDesk(self, exchange.front)
        self.place = Place(self)
        #: Agents' phones, one after another.
        self.ringing = Ringing(self)
        self._greeting = ""
        #: Final utterances of a caller who waits.
        self.said_while_waiting: list[str] = []

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
            app=exchange.ari.app,
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
        self.place.learn()
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
        sounds, greeting = self.exchange.sounds, self.place.greeting()
        limit = sounds.seconds(greeting) + _GREETING_MARGIN_SECONDS
        self._greeting = self.sound.next_id()
        self.after(limit, "greeting", self.front.after_greeting)
        try:
            await self.sound.play(self._greeting, sounds.uri(greeting))
        except ARIError as error:
            log.warning("call.greeting_failed", call_id=self.call.id, error=str(error))
            await self.front.after_greeting()

    async def on_playback_finished(self, playback_id: str) -> None:
        """The greeting is through, or an announcement."""
        if playback_id == self._greeting:
            await self.front.after_greeting()
        elif not await self.front.on_playback_finished(playback_id):
            await self.waiting.on_playback_finished(playback_id)
            await super().on_playback_finished(playback_id)

    async def on_key(self, channel_id: str, digit: str) -> None:
        """See :meth:`CallSession.on_key`."""
        ours = channel_id == self.call.citizen_channel
        if ours and not await self.front.on_key(digit) and not await self.place.on_key(digit):
            await self.waiting.on_key(digit)
        await super().on_key(channel_id, digit)

    async def queue(self) -> None:
        """Wait for an agent, with music."""
        self.cancel_timer("greeting")
        if self.call.state not in (CallState.GREETING, CallState.SELF_SERVICE):
            return
        self.call.queued_at = self.now()  # before anything is awaited: the time is the place
        await self.place.find()
        self.enter(CallState.QUEUED)
        self.save(self.place.queued())
        self.note(CallEventKind.QUEUED, detail=self.place.in_words())
        self.wait_in_line()
        try:
            await self.play_music()
        except ARINotFound:
            raise  # the caller has just hung up; the event of that is on its way
        except ARIError as error:
            log.warning("call.no_music", call_id=self.call.id, error=str(error))

    def wait_in_line(self) -> None:
        """Take the place that the time of queueing and the priority give."""
        self.place.stand_in_line()
        self.waiting.begin()
        ear = self.exchange.queues.listen_while_waiting
        if ear is not None:
            self.after(ear.after, "ear", self._listen_to_waiting)
        self.exchange.distribute()

    async def _listen_to_waiting(self) -> None:
        ear = self.exchange.queues.listen_while_waiting
        if ear is None or not self.waits:
            return
        heard = sum(
            isinstance(one, InboundCall) and one.heard_waiting
            for one in self.exchange.sessions.values()
        )
        if heard < ear.most:
            self.listen(Leg.CALLER, self.call.citizen_channel)
        else:
            self.after(_EAR_PAUSE_SECONDS, "ear", self._listen_to_waiting)

    @property
    def waits_since(self) -> datetime | None:
        """See :meth:`CallSession.waits_since`."""
        return self.waiting.since

    @property
    def waits(self) -> bool:
        """Whether no agent has answered yet, of one who has come to the line."""
        return self.call.state in _WAITS

    @property
    def heard_waiting(self) -> bool:
        """Whether we listen to this caller, who waits."""
        return self.waits and self.taps.listens(Leg.CALLER)

    async def raise_priority(self, reason: PriorityReason, why: str = "") -> None:
        """The caller goes before others from now on. Each reason counts once."""
        self.place.raise_priority(reason, why)

    async def go_to_queue(self, code: str, reason: str = "") -> None:
        """Wait elsewhere, at the place that the time of coming gives there."""
        self.place.change_queue(code, reason)
        if self.call.state is CallState.QUEUED:
            self.wait_in_line()

    # --- an agent is rung -----------------------------------------------------------------------

    async def on_agent_ready(self) -> None:
        """Connect."""
        if self.call.state is CallState.RINGING:
            self.waiting.over()
            await self.front.over()
            await self.connect()

    async def on_agent_not_reached(self, cause: int) -> None:
        """The next agent; the caller keeps the place."""
        await self.ringing.not_reached(cause)

    async def on_phone_reloaded(self, contact: str) -> None:
        """A page that is loaded anew while it rings has not missed the call: it is rung again."""
        if not await self.ringing.reloaded(contact):
            await super().on_phone_reloaded(contact)

    async def hang_up(self, *, survey: bool = True) -> None:
        """By the agent: declines while ringing, ends the call after."""
        if not await self.ringing.decline():
            await super().hang_up(survey=survey)

    # --- found again after a restart ------------------------------------------------------------

    async def recover_set_up(
        self, channels: dict[str, str], bridges: dict[str, frozenset[str]]
    ) -> None:
        """Greet anew, or wait on at the old place. A ring of the earlier process is broken off."""
        await self.sound.hush_earlier()
        if self.call.state is CallState.GREETING:
            await self.answer()
            return
        if self.waiting.booked:
            await self.end(ContactOutcome.CALLBACK_BOOKED, BOOKED_REASON)
            return
        if self.call.state is CallState.MESSAGE:
            await self.waiting.to_dialplan()
            return
        if self.call.state is CallState.SELF_SERVICE and self.call.queued_at is None:
            await self.queue()  # came by the number of self-service, and was never in the line
            return
        pair = frozenset({self.call.citizen_channel, self.call.agent_channel})
        if pair <= bridges.get(self.talk_bridge, frozenset()):
            await self.connect()  # died between bringing them together and writing it down
            return
        agent, self.agent = self.agent, None
        self.call.agent_id = None
        if agent is not None:
            self.exchange.board.go_back(agent.agent_id, self.call.id)
        await self.phones.drop_agent()
        self.call.state = CallState.QUEUED
        self.save(CallStateChanged(**self.facts, state=CallState.QUEUED))
        await self.place.learned()
        if self.call.answered_at is not None:
            self.waiting.again()  # since when is not known: rather too patient
        self.wait_in_line()
        await self.play_music()

    # --- ends -----------------------------------------------------------------------------------

    async def on_hang_up_request(self, channel_id: str) -> None:
        """The earliest sign: what was being played ends only after it."""
        if channel_id == self.call.citizen_channel:
            await self.on_citizen_gone(0)

    async def on_citizen_gone(self, cause: int) -> None:
        """The citizen hung up."""
        if self.call.state is CallState.MESSAGE:
            await self.end(*await self.waiting.message_outcome())
        elif self.waiting.booked:
            await self.end(ContactOutcome.CALLBACK_BOOKED, BOOKED_REASON)
        elif self.call.answered_at is not None:
            # Waiting again: for the agent's lost phone, or for another agent.
            alone = self.call.state in (*_ABANDONED, CallState.DIALLING)
            self.call.interrupted = self.agent_lost or alone
            await self.end(ContactOutcome.SERVED, "市民挂断")
        else:
            await self.end(*(self.front.ending() or _ABANDONED[self.call.state]))

    async def end(
        self, outcome: ContactOutcome, reason: str, *, at: datetime | None = None
    ) -> None:
        """See :meth:`CallSession.end`."""
        if outcome is ContactOutcome.VOICEMAIL_LEFT and not self.closing:
            self.call.transcript_incomplete = True  # the message is to be transcribed
            self.note(CallEventKind.MESSAGE_LEFT, actor="citizen")
        if (
            outcome in _LOST
            and not self.closing
            and is_nuisance_unheard(self.call.priority_reasons)
        ):
            self.note(CallEventKind.SCREENED, actor="citizen", reason=_NOT_OWED)
        if self.call.answered_at is not None and not self.closing:
            wrap_up = timedelta(seconds=self.exchange.settings.telephony.wrap_up_seconds)
            self.exchange.handling.note(self.call.answered_at, at or self.now(), wrap_up)
        await super().end(outcome, reason, at=at)

    async def on_agent_lost_for_good(
        self, why: str = "坐席电话连接中断", *, by_fault: bool = True
    ) -> None:
        """Back into the line, and to its head when it was a fault; another agent goes on."""
        agent, self.agent = self.agent, None
        self.call.agent_id = None
        self.count_hold()  # from here on it is waiting
        if agent is not None:
            self.exchange.board.release(
                agent.agent_id, self.call.id, AgentState.BUSY, "电话连接中断", talked=True
            )
        self.enter(CallState.QUEUED)
        self.waiting.again()
        for leg in Leg:
            await self.taps.close_leg(leg)
        if by_fault:
            await self.raise_priority(PriorityReason.INTERRUPTED, why)
        self.save(CallStateChanged(**self.facts, state=CallState.QUEUED), self.place.queued())
        self.wait_in_line()
