"""Events of Asterisk's websocket that we act on; any other becomes :class:`UnhandledEvent`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from telephony.ari.objects import ARIObject, Bridge, Channel, ContactInfo, Endpoint, Playback


class Event(ARIObject):
    """Base of all events."""

    type: str
    application: str = ""
    timestamp: datetime | None = None


class UnhandledEvent(Event):
    """A kind of event that we do not know, or one that could not be read."""


class ApplicationReplaced(Event):
    """Another websocket has taken our application's events."""


class ChannelEvent(Event):
    """Something about one channel."""

    channel: Channel


class StasisStart(ChannelEvent):
    """A channel came into our hands. ``args`` are those of the dialplan's ``Stasis()``."""

    args: tuple[str, ...] = ()


class StasisEnd(ChannelEvent):
    """A channel left our hands: hung up, or went on in the dialplan."""


class ChannelCreated(ChannelEvent):
    """A channel came to be."""


class ChannelStateChange(ChannelEvent):
    """A channel rings or was answered."""


class ChannelDestroyed(ChannelEvent):
    """A channel is gone. ``cause`` is a Q.850 number."""

    cause: int = 0
    cause_txt: str = ""


class ChannelHangupRequest(ChannelEvent):
    """A party hung up."""

    cause: int = 0


class ChannelHold(ChannelEvent):
    """A phone put the other on hold by itself."""


class ChannelUnhold(ChannelEvent):
    """A phone took the other off hold."""


class ChannelDtmfReceived(ChannelEvent):
    """A key was pressed."""

    digit: str = ""


class Dial(Event):
    """How ringing a phone goes. ``dialstatus``: empty, RINGING, ANSWER, BUSY, NOANSWER …"""

    peer: Channel
    dialstatus: str = ""


class PlaybackContinuing(Event):
    """Of several sounds one has ended and the next begins: ``playback.next_media_uri``."""

    playback: Playback


class PlaybackFinished(Event):
    """A sound has ended (or could not be played)."""

    playback: Playback


class BridgeDestroyed(Event):
    """A bridge is gone."""

    bridge: Bridge


class ChannelEnteredBridge(Event):
    """A channel is in a bridge now."""

    bridge: Bridge
    channel: Channel | None = None


class ChannelLeftBridge(Event):
    """A channel left a bridge."""

    bridge: Bridge
    channel: Channel


class EndpointStateChange(Event):
    """A phone's account went online or offline."""

    endpoint: Endpoint


class ContactStatusChange(Event):
    """A phone registered, from where, or went away."""

    endpoint: Endpoint
    contact_info: ContactInfo


def _kinds(base: type[Event]) -> dict[str, type[Event]]:
    found: dict[str, type[Event]] = {}
    for kind in base.__subclasses__():
        found |= {kind.__name__: kind} | _kinds(kind)
    return found


#: Name → class of the events we act on.
EVENTS: dict[str, type[Event]] = {
    name: kind for name, kind in _kinds(Event).items() if kind not in (UnhandledEvent, ChannelEvent)
}


def parse_event(text: str) -> Event:
    """Read one message of the websocket; never raises."""
    try:
        data: Any = json.loads(text)
        kind = EVENTS.get(data["type"], UnhandledEvent)
        return kind.model_validate(data)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        return UnhandledEvent(type=f"unreadable: {type(error).__name__}")
