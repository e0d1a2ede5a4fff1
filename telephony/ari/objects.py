"""What ARI tells of channels, bridges, playbacks and endpoints. Fields we do not use are left out.

Members that a newer Asterisk adds are ignored, and one that an older leaves out has a default.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class ARIObject(BaseModel):
    """Base of everything Asterisk sends."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class CallerID(ARIObject):
    """A party's name and number."""

    name: str = ""
    number: str = ""


class DialplanCEP(ARIObject):
    """Where in the dialplan a channel is, and the application it runs."""

    context: str = ""
    exten: str = ""
    priority: int = 0
    app_name: str = ""
    app_data: str = ""


class Channel(ARIObject):
    """One leg: a phone's, a snoop's or an external media's."""

    id: str
    name: str = ""
    #: ``Down``, ``Ring`` (incoming), ``Ringing`` (outgoing), ``Up`` …
    state: str = ""
    caller: CallerID = CallerID()
    connected: CallerID = CallerID()
    dialplan: DialplanCEP = DialplanCEP()
    creationtime: datetime | None = None
    #: Variables named in ari.conf; of externalMedia also its address.
    channelvars: dict[str, str] = {}


class RTPstat(ARIObject):
    """What has come over a channel's RTP. The count begins anew with a new source."""

    #: Packets that came.
    rxcount: int
    #: Packets that did not come, by their numbers, as of the last RTCP report.
    rxploss: int
    #: Identifies the source.
    remote_ssrc: int


class Bridge(ARIObject):
    """Where channels meet."""

    id: str
    bridge_type: str = ""
    bridge_class: str = ""
    name: str = ""
    channels: tuple[str, ...] = ()


class Playback(ARIObject):
    """A sound being played."""

    id: str
    media_uri: str = ""
    #: Of several sounds the one that comes after this.
    next_media_uri: str = ""
    target_uri: str = ""
    #: ``queued``, ``playing``, ``done``, ``failed`` …
    state: str = ""


class Endpoint(ARIObject):
    """A phone's account or a trunk."""

    technology: str
    resource: str
    #: ``online``, ``offline`` or ``unknown``.
    state: str = "unknown"
    channel_ids: tuple[str, ...] = ()


class ContactInfo(ARIObject):
    """Where a phone is registered from. A reloaded page has another ``uri``."""

    uri: str
    contact_status: str = ""
    aor: str = ""


class Application(ARIObject):
    """A Stasis application and what it is subscribed to."""

    name: str
    channel_ids: tuple[str, ...] = ()
    bridge_ids: tuple[str, ...] = ()
    endpoint_ids: tuple[str, ...] = ()


class StatusInfo(ARIObject):
    """Since when Asterisk runs."""

    startup_time: datetime
    last_reload_time: datetime | None = None


class AsteriskInfo(ARIObject):
    """The part of ``/asterisk/info`` that we ask for."""

    status: StatusInfo | None = None
