"""From Asterisk's events to calls: finds whom an event concerns, and does nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from telephony.ari.events import (
    ApplicationReplaced,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelStateChange,
    ContactStatusChange,
    EndpointStateChange,
    Event,
    PlaybackContinuing,
    PlaybackFinished,
    StasisStart,
)
from telephony.ari.objects import Channel, ContactInfo
from telephony.conversation import Conversation
from telephony.exchange import Exchange
from telephony.inbound import InboundCall
from telephony.names import MEDIA, SNOOP, SPY, call_of, kind_of

log = structlog.get_logger(__name__)

#: Argument of ``Stasis()`` with which the dialplan hands us a caller.
CALLER = "caller"

#: The kinds of events we ask for; all others stay in Asterisk.
WANTED = (
    "StasisStart",
    "ChannelDestroyed",
    "ChannelDtmfReceived",
    "ChannelHangupRequest",
    "ChannelStateChange",
    "PlaybackContinuing",
    "PlaybackFinished",
    "EndpointStateChange",
    "ContactStatusChange",
    "ApplicationReplaced",
)


_REMEMBERED = 500


class StasisRouter:
    """Gives each event to the call, or the phone, that it is about. Never blocks.

    ``hang_up(channel_id)`` is called for a channel that belongs to no call.
    """

    def __init__(
        self, exchange: Exchange, hang_up: Callable[[str], Awaitable[None] | None]
    ) -> None:
        self._exchange = exchange
        self._hang_up = hang_up
        #: Callers' channels, whose ids Asterisk chooses → call id.
        self._callers: dict[str, str] = {}
        #: The last key of each channel: each press is told twice, for channel and phone account.
        self._keys: dict[str, ChannelDtmfReceived] = {}
        #: Channels that have ended lately: a look at Asterisk may still have shown them.
        self._gone: deque[str] = deque(maxlen=_REMEMBERED)

    def on_event(self, event: Event) -> None:
        """Route one event."""
        match event:
            case StasisStart():
                self._on_start(event)
            case ChannelDestroyed() | ChannelHangupRequest() | ChannelStateChange():
                self._to_session(event.channel.id, event)
            case ChannelDtmfReceived():
                self._on_key(event)
            case PlaybackContinuing() | PlaybackFinished():
                self._to_session(event.playback.id, event)
            case EndpointStateChange():
                self._on_phone(event.endpoint.resource, event.endpoint.state)
            case ContactStatusChange():
                self._on_contact(event.contact_info)
                self._on_phone(event.endpoint.resource, event.endpoint.state)
            case ApplicationReplaced():
                log.error("ari.application_replaced", app=event.application)

    def adopt(self, session: Conversation) -> None:
        """A call that lived before us."""
        self._exchange.remember(session)
        self._callers[session.call.citizen_channel] = session.call.id

    def offer(self, channel: Channel) -> None:
        """A caller. Told twice is told once."""
        if channel.id in self._callers or channel.id in self._gone:
            return
        session = InboundCall.offered(self._exchange, channel)
        self.adopt(session)
        session.start(session.begin)

    def session_of(self, asterisk_id: str) -> Conversation | None:
        """The living call that a channel or playback belongs to."""
        call_id = self._callers.get(asterisk_id) or call_of(asterisk_id)
        return self._exchange.sessions.get(call_id) if call_id else None

    def knows_caller(self, channel_id: str) -> bool:
        """Whether this caller's channel belongs to a living call."""
        return self._callers.get(channel_id) in self._exchange.sessions

    def _on_start(self, event: StasisStart) -> None:
        if event.args[:1] == (CALLER,):
            self.offer(event.channel)
            return
        session = self.session_of(event.channel.id)
        if session is None:
            log.warning("stasis.stranger", channel=event.channel.id, args=event.args)
            self._hang_up(event.channel.id)
        elif kind_of(event.channel.id) == SPY:
            if session.supervision is not None:
                session.supervision.on_stasis_start(event.channel.id)
        elif kind_of(event.channel.id) in (SNOOP, MEDIA):
            if not session.taps.on_stasis_start(event.channel.id):
                self._hang_up(event.channel.id)  # its tap was closed while it was being made
        else:
            session.handle(event)

    def _on_key(self, event: ChannelDtmfReceived) -> None:
        """A key, once: the second telling of the same press carries the same time."""
        before = self._keys.get(event.channel.id)
        self._keys[event.channel.id] = event
        if before is None or (before.timestamp, before.digit) != (event.timestamp, event.digit):
            self._to_session(event.channel.id, event)

    def _to_session(self, asterisk_id: str, event: Event) -> None:
        session = self.session_of(asterisk_id)
        if isinstance(event, ChannelDestroyed):
            self._callers.pop(asterisk_id, None)
            self._keys.pop(asterisk_id, None)
            self._gone.append(asterisk_id)
        if session is not None and kind_of(asterisk_id) not in (SNOOP, MEDIA, SPY):
            session.handle(event)

    # --- phones ---------------------------------------------------------------------------------

    def _on_phone(self, extension: str, state: str) -> None:
        self._exchange.trunks.told(extension, state)
        agent = self._exchange.board.phone(extension, state == "online")
        session = self._exchange.sessions.get(agent.call_id or "") if agent else None
        if session is not None and state == "online":
            session.post(session.on_phone_online)

    def _on_contact(self, contact: ContactInfo) -> None:
        """A registration: the same page again, or a reloaded one."""
        if contact.contact_status in ("Removed", "Unreachable"):
            return
        user = contact.uri.partition(":")[2].partition("@")[0]
        if self._exchange.contacts.get(contact.aor) == user:
            return
        self._exchange.contacts[contact.aor] = user
        agent = self._exchange.board.at_extension(contact.aor)
        session = self._exchange.sessions.get(agent.call_id or "") if agent else None
        if session is None or agent is None:
            return
        if session.call.agent_id == agent.agent_id:
            session.post(lambda: session.on_phone_reloaded(user))
        else:
            colleague = agent.agent_id
            session.post(lambda: session.consultation.on_phone_reloaded(colleague))
