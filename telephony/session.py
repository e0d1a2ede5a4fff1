"""One living call: its record, its lines in Asterisk, its agent's phone being rung, its end.

What a call in and a call out share. Talking itself lives in :mod:`telephony.conversation`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from models.events import CallEnded
from models.ports import PartyView, Presence
from models.vocabulary import AgentState, CallEventKind, CallState, ContactOutcome, Leg
from telephony import causes
from telephony.agents import Agent
from telephony.ari.events import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelStateChange,
    Event,
    PlaybackContinuing,
    PlaybackFinished,
    StasisStart,
)
from telephony.ari.tidy import tidily
from telephony.call import LiveCall
from telephony.call_recordings import CallRecordings
from telephony.citizen_sound import CitizenSound
from telephony.exchange import Exchange
from telephony.names import AGENT, CONSULT, PARTY, SUPERVISOR, TALK, kind_of, name
from telephony.parties import PartyLines
from telephony.party import Party
from telephony.seat_phones import SeatPhones
from telephony.steps import StepQueue
from telephony.taps import CallTaps

if TYPE_CHECKING:
    from telephony.supervision import Supervision

log = structlog.get_logger(__name__)

#: Causes for lines whose end was not seen. An agent whose leg is missing is rung again.
_UNKNOWN_CAUSE = 0
_LOST_CAUSE = 41


class CallSession(StepQueue):
    """A call in our hands."""

    def __init__(self, exchange: Exchange, call: LiveCall) -> None:
        super().__init__(f"call-{call.id}")
        self.exchange = exchange
        self.call = call
        self.taps = CallTaps(exchange, call.id)
        self.recordings = CallRecordings(exchange.recordings, call)
        #: The agent's phone, and a shift leader's.
        self.phones = SeatPhones(self)
        #: Everyone besides the citizen.
        self.party_lines = PartyLines(self)
        #: Agent whom the call belongs to, from the reservation on.
        self.agent: Agent | None = None
        #: Registration of the agent's phone when it was rung: a reloaded page has another.
        self.agent_contact: str | None = None
        #: Channels that have been seen alive: only their absence means something.
        self.seen: set[str] = set()
        #: The shift leader who is at this call.
        self.supervision: Supervision | None = None
        #: What is played to the citizen.
        self.sound = CitizenSound(self)
        #: Lines of parties who leave with the end of the call.
        self._parting: list[str] = []

    async def may_act(self) -> None:
        """A process that has slept first learns whether the call is still its own."""
        if self.exchange.shared_floor is not None:
            await self.exchange.shared_floor.neighbours.awake()

    async def halt(self) -> None:
        """Our process stops; the call goes on in Asterisk and is found again."""
        await self.cancel()
        await self.taps.abandon()

    # --- what it is -----------------------------------------------------------------------------

    @property
    def talk_bridge(self) -> str:
        """Where citizen and agent talk."""
        return name(TALK, self.call.id)

    @property
    def consult_bridge(self) -> str:
        """Where the agent talks with somebody while the citizen hears music."""
        return name(CONSULT, self.call.id)

    @property
    def lines(self) -> tuple[str, ...]:
        """The living lines of all who talk in this call, a shift leader's not among them."""
        own = [self.call.citizen_channel, self.call.agent_channel]
        parties = [party.channel for party in self.party_lines]
        return tuple(line for line in dict.fromkeys(own + parties) if line in self.seen)

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

    def save(self, *events: Any) -> None:
        """Write the call down as it is now, then tell the events."""
        self.exchange.records.save(self.call, *events)
        if self.supervision is not None:
            self.post(self.supervision.follow)

    def note(
        self,
        kind: CallEventKind,
        *,
        by: Presence | None = None,
        actor: str = "system",
        reason: str = "",
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Add a line to the call's history. ``by``: a member of staff, else name the ``actor``."""
        self.exchange.records.note(
            self.call.id,
            kind,
            actor=by.agent_id if by else actor,
            actor_name=by.agent_name if by else "",
            reason=reason,
            detail=detail,
        )

    @property
    def waits_since(self) -> datetime | None:
        """Since when the citizen has been waiting for an agent, this time."""
        return self.call.queued_at

    @property
    def parties(self) -> tuple[PartyView, ...]:
        """Who takes part besides the citizen and the agent."""
        return self.party_lines.views()

    @property
    def rooms(self) -> list[str]:
        """The bridges of this call that there may be."""
        consulted = self.party_lines.any_rung
        return [self.talk_bridge, *([self.consult_bridge] if consulted else [])]

    def listen(self, leg: Leg, channel_id: str) -> None:
        """Let the recogniser hear a party, under the name of who is on that line."""
        offset = (self.now() - self.call.started_at).total_seconds()
        party = self.party_lines.on(channel_id)
        self.taps.open(leg, channel_id, offset, party.speaker if party else None)

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
            case ChannelDtmfReceived():
                await self.on_key(event.channel.id, event.digit)
            case PlaybackContinuing():
                await self.sound.on_next(event.playback)
            case PlaybackFinished():
                await self.sound.on_over(event.playback.id)

    async def on_channel_start(self, event: StasisStart) -> None:
        """A channel of this call came into our hands."""
        channel_id = event.channel.id
        if kind_of(channel_id) == SUPERVISOR:
            await self._on_leader_start(channel_id)
        elif kind_of(channel_id) == PARTY:
            await self.party_lines.on_start(event)
        elif channel_id != self.call.agent_channel:
            if channel_id.startswith(AGENT):  # rung before, answered too late
                await tidily(self.exchange.ari.channels.hangup(channel_id))
        elif channel_id not in self.seen:
            self.seen.add(channel_id)
            self.recordings.agent_began(event.channel.channelvars.get("RECORDING", ""), self.now())
            self.cancel_timer("ring")
            await self.on_agent_answered()

    async def _on_leader_start(self, channel_id: str) -> None:
        """A shift leader's phone has answered; too late when nobody is waiting for it."""
        if channel_id == self.call.agent_channel:
            return  # has taken the call over; told twice
        if self.supervision is None or channel_id != self.supervision.channel:
            await tidily(self.exchange.ari.channels.hangup(channel_id))
        elif channel_id not in self.seen:
            self.seen.add(channel_id)
            await self.supervision.on_answered()

    async def on_channel_gone(self, channel_id: str, cause: int) -> None:
        """A channel of this call is no more."""
        self.seen.discard(channel_id)
        if self.supervision is not None and channel_id == self.supervision.channel:
            await self.supervision.on_gone()
        elif channel_id == self.call.citizen_channel:
            await self.on_citizen_gone(cause)
        elif channel_id and channel_id == self.call.agent_channel:
            self.cancel_timer("ring")
            self.party_lines.leave(channel_id, causes.in_words(cause) if cause else "")
            self.call.agent_channel = ""
            await self.on_agent_gone(cause)
        else:
            await self.party_lines.on_gone(channel_id, cause)

    async def on_hang_up_request(self, channel_id: str) -> None:
        """A party is about to go; why is only told when the channel is gone."""

    async def on_channel_state(self, channel_id: str, state: str) -> None:
        """A channel rings or was answered."""

    async def on_key(self, channel_id: str, digit: str) -> None:
        """A party has pressed a key: ``0``-``9``, ``*``, ``#``, ``A``-``D``. Each press once."""

    async def on_playback_finished(self, playback_id: str) -> None:
        """A sound has ended."""

    async def on_agent_answered(self) -> None:
        """The agent has lifted the receiver."""
        raise NotImplementedError

    async def on_citizen_gone(self, cause: int) -> None:
        """The citizen is no longer on the line."""
        raise NotImplementedError

    async def on_agent_gone(self, cause: int) -> None:
        """The agent's phone is no longer on the line, or could not be reached."""
        raise NotImplementedError

    async def check_lines(self, living: set[str]) -> None:
        """Compare with what Asterisk really has; a line whose end we missed ends now."""
        for channel_id, cause in (
            (self.call.citizen_channel, _UNKNOWN_CAUSE),
            (self.call.agent_channel, _LOST_CAUSE),
            (self.supervision.channel if self.supervision else "", _LOST_CAUSE),
        ):
            if channel_id in self.seen and channel_id not in living and not self.closing:
                log.warning("call.missed_hang_up", call_id=self.call.id, channel=channel_id)
                await self.on_channel_gone(channel_id, cause)
        if not self.closing:
            await self.party_lines.check(living)

    async def on_phone_online(self) -> None:
        """The agent's phone has registered."""

    async def on_phone_reloaded(self, contact: str) -> None:
        """The agent's phone has registered as another: the page was loaded anew."""

    # --- found again after a restart of our process ---------------------------------------------

    def take_up(self, channels: set[str], agent_legs: list[str], parties: list[Party]) -> None:
        """Set what is known from Asterisk: the channels that live, this call's agent legs in order;
        and who took part by then.

        A call is only taken up while its citizen is on the line.
        """
        self.call.transcript_incomplete |= self.call.answered_at is not None
        others = [party.channel for party in parties]
        self.phones.rung_before([self.call.agent_channel, *agent_legs, *others])
        # A colleague to whom the call was transferred is on the line of a party.
        as_party = kind_of(self.call.agent_channel) in (PARTY, SUPERVISOR)
        as_party = as_party and self.call.agent_channel in channels
        if not as_party:
            self.call.agent_channel = agent_legs[-1] if agent_legs else ""
        self.seen = {self.call.citizen_channel, self.call.agent_channel, *agent_legs} & channels
        self.party_lines.restore(parties, channels)
        self.recordings.take_up()

    async def recover(self, channels: dict[str, str], bridges: dict[str, frozenset[str]]) -> None:
        """Go on where the earlier process stopped.

        :param channels: state of each living channel of this call (``Up`` …).
        :param bridges: who is in each living bridge of this call.
        """
        raise NotImplementedError

    def let_all_go(self, reason: str) -> list[str]:
        """Nobody but the citizen takes part any more; the lines to hang up."""
        channels = self.party_lines.close(reason)
        self.taps.leave(self.call.citizen_channel)
        self.taps.leave(self.call.agent_channel)
        own, self.call.agent_channel = self.call.agent_channel, ""
        self.seen -= {own, *channels}
        for timer in ("ring", "lost", "ring again", "hung up"):
            self.cancel_timer(timer)
        return [line for line in dict.fromkeys([own, *channels]) if line]

    # --- ending ---------------------------------------------------------------------------------

    async def end(
        self, outcome: ContactOutcome, reason: str, *, at: datetime | None = None
    ) -> None:
        """Everything of this call goes away; its record stays, with the reason."""
        if self.closing:
            return
        talked = self.call.answered_at is not None
        self.enter(CallState.ENDED)
        self.call.ended_at = at or self.now()
        self.call.outcome, self.call.reason = outcome, reason
        self.note(CallEventKind.ENDED, reason=reason, detail={"outcome": outcome})
        self.exchange.line.remove(self.call.id)
        self.release_agent(talked)
        self._parting += self.party_lines.close(reason)
        self.finish_with(self._finish)
        await self._clear_lines()

    async def _finish(self) -> None:
        """The last words are recognised, the files closed; then the end is told."""
        try:
            if self.supervision is not None:
                await self.supervision.end("通话结束")
            await self.taps.close()
            talked = self.call.answered_at is not None
            self.call.transcript_incomplete |= talked and not self.taps.complete
            await self.recordings.finish(self.party_lines.recordings)
        finally:
            self.exchange.forget(self.call.id)
            self.save(
                CallEnded(
                    **self.facts,
                    outcome=self.call.outcome,
                    reason=self.call.reason,
                    transcript_incomplete=self.call.transcript_incomplete,
                )
            )

    def release_agent(self, talked: bool) -> None:
        """The agent writes things down, or goes back at once when there was no talk."""
        if self.agent is None:
            return
        board, seconds = self.exchange.board, self.exchange.settings.telephony.wrap_up_seconds
        if talked and seconds:
            board.release(
                self.agent.agent_id,
                self.call.id,
                AgentState.WRAP_UP,
                lasting=timedelta(seconds=seconds),
                talked=True,
            )
        else:
            board.go_back(self.agent.agent_id, self.call.id, talked=talked)

    async def _clear_lines(self) -> None:
        ari = self.exchange.ari
        channels = {self.call.citizen_channel, self.call.agent_channel, *self._parting}
        await tidily(
            *(ari.channels.hangup(channel_id) for channel_id in channels if channel_id),
            *(ari.bridges.destroy(room) for room in self.rooms),
        )
