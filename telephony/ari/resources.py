"""The operations of ARI that we use, under ari-py's names: ``client.channels.hangup(…)`` …

Parameters have the names of Asterisk's own description in snake case; a test compares them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from telephony.ari.errors import ARIBadRequest, ARIConflict, ARINotFound
from telephony.ari.objects import (
    Application,
    AsteriskInfo,
    Bridge,
    Channel,
    Endpoint,
    Playback,
    RTPstat,
)
from telephony.ari.rest import Requests


class Resource:
    """A group of operations."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests


class Channels(Resource):
    """``/channels``"""

    async def list(self) -> list[Channel]:
        """All channels of this Asterisk."""
        rows = await self._requests.request("GET", "/channels")
        return [Channel.model_validate(row) for row in rows]

    async def get(self, channel_id: str) -> Channel:
        """One channel."""
        row = await self._requests.request(
            "GET", "/channels/{channelId}", ids={"channelId": channel_id}
        )
        return Channel.model_validate(row)

    async def originate(
        self,
        channel_id: str,
        endpoint: str,
        *,
        extension: str,
        context: str,
        priority: int = 1,
        caller_id: str | None = None,
        ring_seconds: int = 30,
        variables: Mapping[str, str] | None = None,
        originator: str | None = None,
    ) -> Channel:
        """Ring a phone; answered, it starts in the dialplan at ``extension``@``context``."""
        row = await self._requests.request(
            "POST",
            "/channels/{channelId}",
            ids={"channelId": channel_id},
            query={
                "endpoint": endpoint,
                "extension": extension,
                "context": context,
                "priority": priority,
                "callerId": caller_id,
                "timeout": ring_seconds,
                "originator": originator,
            },
            body={"variables": dict(variables or {})},
        )
        return Channel.model_validate(row)

    async def create(
        self,
        channel_id: str,
        endpoint: str,
        *,
        app: str,
        app_args: str | None = None,
        originator: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Channel:
        """Make a channel that does not ring yet (see :meth:`dial`)."""
        row = await self._requests.request(
            "POST",
            "/channels/create",
            query={
                "endpoint": endpoint,
                "app": app,
                "appArgs": app_args,
                "channelId": channel_id,
                "originator": originator,
            },
            body={"variables": dict(variables or {})},
        )
        return Channel.model_validate(row)

    async def dial(
        self, channel_id: str, *, caller: str | None = None, ring_seconds: int | None = None
    ) -> None:
        """Ring the phone of a channel that :meth:`create` made."""
        await self._post(channel_id, "dial", caller=caller, timeout=ring_seconds)

    async def hangup(self, channel_id: str, *, reason_code: str | None = None) -> None:
        """End a channel. ``reason_code``: a Q.850 number or a SIP-like name."""
        await self._requests.request(
            "DELETE",
            "/channels/{channelId}",
            ids={"channelId": channel_id},
            query={"reason_code": reason_code},
        )

    async def continue_in_dialplan(
        self,
        channel_id: str,
        *,
        context: str | None = None,
        extension: str | None = None,
        priority: int | None = None,
        label: str | None = None,
    ) -> None:
        """Give a channel back to the dialplan."""
        await self._post(
            channel_id,
            "continue",
            context=context,
            extension=extension,
            priority=priority,
            label=label,
        )

    async def answer(self, channel_id: str) -> None:
        """Take an incoming call."""
        await self._post(channel_id, "answer")

    async def ring(self, channel_id: str) -> None:
        """Let an incoming caller hear ringing."""
        await self._post(channel_id, "ring")

    async def rtp_statistics(self, channel_id: str) -> RTPstat:
        """How many packets came and went."""
        row = await self._requests.request(
            "GET", "/channels/{channelId}/rtp_statistics", ids={"channelId": channel_id}
        )
        return RTPstat.model_validate(row)

    async def start_moh(self, channel_id: str, *, moh_class: str | None = None) -> None:
        """Music to one channel."""
        await self._post(channel_id, "moh", mohClass=moh_class)

    async def stop_moh(self, channel_id: str) -> None:
        """No more music."""
        await self._requests.request(
            "DELETE", "/channels/{channelId}/moh", ids={"channelId": channel_id}
        )

    async def start_silence(self, channel_id: str) -> None:
        """Send silence to one channel, which would else get nothing at all."""
        await self._post(channel_id, "silence")

    async def stop_silence(self, channel_id: str) -> None:
        """No more silence."""
        await self._requests.request(
            "DELETE", "/channels/{channelId}/silence", ids={"channelId": channel_id}
        )

    async def play(self, channel_id: str, playback_id: str, *, media: str) -> Playback:
        """Play a sound to one channel."""
        row = await self._requests.request(
            "POST",
            "/channels/{channelId}/play/{playbackId}",
            ids={"channelId": channel_id, "playbackId": playback_id},
            query={"media": media},
        )
        return Playback.model_validate(row)

    async def send_dtmf(self, channel_id: str, dtmf: str) -> None:
        """Press keys towards a party, one after another."""
        await self._post(channel_id, "dtmf", dtmf=dtmf)

    async def get_variable(self, channel_id: str, variable: str) -> str:
        """A channel variable or function."""
        row = await self._requests.request(
            "GET",
            "/channels/{channelId}/variable",
            ids={"channelId": channel_id},
            query={"variable": variable},
        )
        return str(row["value"])

    async def set_variable(self, channel_id: str, variable: str, value: str) -> None:
        """Set a channel variable or function."""
        await self._post(channel_id, "variable", variable=variable, value=value)

    async def snoop(
        self,
        channel_id: str,
        snoop_id: str,
        *,
        app: str,
        spy: str = "none",
        whisper: str = "none",
        app_args: str | None = None,
    ) -> Channel:
        """Listen to (or speak into) a channel: ``in`` is what its phone sends."""
        row = await self._requests.request(
            "POST",
            "/channels/{channelId}/snoop/{snoopId}",
            ids={"channelId": channel_id, "snoopId": snoop_id},
            query={"app": app, "spy": spy, "whisper": whisper, "appArgs": app_args},
        )
        return Channel.model_validate(row)

    async def external_media(
        self,
        channel_id: str,
        *,
        app: str,
        external_host: str,
        format: str,
        encapsulation: str = "rtp",
        transport: str = "udp",
        connection_type: str = "client",
        variables: Mapping[str, str] | None = None,
    ) -> Channel:
        """A channel whose sound goes to ``external_host`` (``address:port``)."""
        row = await self._requests.request(
            "POST",
            "/channels/externalMedia",
            query={
                "channelId": channel_id,
                "app": app,
                "external_host": external_host,
                "format": format,
                "encapsulation": encapsulation,
                "transport": transport,
                "connection_type": connection_type,
            },
            body={"variables": dict(variables or {})},
        )
        return Channel.model_validate(row)

    async def _post(self, channel_id: str, action: str, **query: str | int | None) -> None:
        await self._requests.request(
            "POST", f"/channels/{{channelId}}/{action}", ids={"channelId": channel_id}, query=query
        )


class Bridges(Resource):
    """``/bridges``"""

    async def list(self) -> list[Bridge]:
        """All bridges of this Asterisk."""
        rows = await self._requests.request("GET", "/bridges")
        return [Bridge.model_validate(row) for row in rows]

    async def get(self, bridge_id: str) -> Bridge:
        """One bridge."""
        row = await self._requests.request(
            "GET", "/bridges/{bridgeId}", ids={"bridgeId": bridge_id}
        )
        return Bridge.model_validate(row)

    async def create(self, bridge_id: str, *, type: str, name: str | None = None) -> Bridge:
        """Make a bridge (``mixing`` or ``holding``).

        :raises ARIConflict: when it is there already (see :meth:`ensure`).
        """
        row = await self._requests.request(
            "POST",
            "/bridges/{bridgeId}",
            ids={"bridgeId": bridge_id},
            query={"type": type, "name": name},
        )
        return Bridge.model_validate(row)

    async def ensure(self, bridge_id: str, *, type: str) -> None:
        """Make a bridge unless it is there."""
        with contextlib.suppress(ARIConflict):
            await self.create(bridge_id, type=type)

    async def destroy(self, bridge_id: str) -> None:
        """End a bridge; channels in it stay in our hands."""
        await self._requests.request("DELETE", "/bridges/{bridgeId}", ids={"bridgeId": bridge_id})

    async def add_channel(self, bridge_id: str, *channels: str, role: str | None = None) -> None:
        """Put channels in, taking them out of where they were.

        :raises ARINotFound: also for a channel that is gone, where Asterisk says 400.
        """
        try:
            await self._post(bridge_id, "addChannel", channel=",".join(channels), role=role)
        except ARIBadRequest as error:
            raise ARINotFound(str(error), **error.details) from error

    async def remove_channel(self, bridge_id: str, *channels: str) -> None:
        """Take channels out."""
        await self._post(bridge_id, "removeChannel", channel=",".join(channels))

    async def start_moh(self, bridge_id: str, *, moh_class: str | None = None) -> None:
        """Music to all in the bridge."""
        await self._post(bridge_id, "moh", mohClass=moh_class)

    async def stop_moh(self, bridge_id: str) -> None:
        """No more music."""
        await self._requests.request(
            "DELETE", "/bridges/{bridgeId}/moh", ids={"bridgeId": bridge_id}
        )

    async def play(self, bridge_id: str, playback_id: str, *, media: str) -> Playback:
        """Play a sound to all in the bridge."""
        row = await self._requests.request(
            "POST",
            "/bridges/{bridgeId}/play/{playbackId}",
            ids={"bridgeId": bridge_id, "playbackId": playback_id},
            query={"media": media},
        )
        return Playback.model_validate(row)

    async def _post(self, bridge_id: str, action: str, **query: str | int | None) -> None:
        await self._requests.request(
            "POST", f"/bridges/{{bridgeId}}/{action}", ids={"bridgeId": bridge_id}, query=query
        )


class Playbacks(Resource):
    """``/playbacks``"""

    async def get(self, playback_id: str) -> Playback:
        """One sound being played."""
        row = await self._requests.request(
            "GET", "/playbacks/{playbackId}", ids={"playbackId": playback_id}
        )
        return Playback.model_validate(row)

    async def stop(self, playback_id: str) -> None:
        """Break off a sound."""
        await self._requests.request(
            "DELETE", "/playbacks/{playbackId}", ids={"playbackId": playback_id}
        )


class Applications(Resource):
    """``/applications``"""

    async def get(self, application_name: str) -> Application:
        """What an application is subscribed to."""
        row = await self._requests.request(
            "GET",
            "/applications/{applicationName}",
            ids={"applicationName": application_name},
        )
        return Application.model_validate(row)

    async def subscribe(self, application_name: str, *event_sources: str) -> Application:
        """Ask for the events of ``channel:ID``, ``bridge:ID``, ``endpoint:PJSIP/1001`` …"""
        row = await self._requests.request(
            "POST",
            "/applications/{applicationName}/subscription",
            ids={"applicationName": application_name},
            query={"eventSource": ",".join(event_sources)},
        )
        return Application.model_validate(row)

    async def filter(self, application_name: str, body: Mapping[str, Any]) -> Application:
        """Choose the types of events: ``{"allowed": [{"type": …}]}``."""
        row = await self._requests.request(
            "PUT",
            "/applications/{applicationName}/eventFilter",
            ids={"applicationName": application_name},
            body=body,
        )
        return Application.model_validate(row)


class Endpoints(Resource):
    """``/endpoints``"""

    async def list_by_tech(self, tech: str) -> list[Endpoint]:
        """All accounts of a technology, e.g. ``PJSIP``."""
        rows = await self._requests.request("GET", "/endpoints/{tech}", ids={"tech": tech})
        return [Endpoint.model_validate(row) for row in rows]

    async def get(self, tech: str, resource: str) -> Endpoint:
        """One account."""
        row = await self._requests.request(
            "GET", "/endpoints/{tech}/{resource}", ids={"tech": tech, "resource": resource}
        )
        return Endpoint.model_validate(row)


class Asterisk(Resource):
    """``/asterisk``"""

    async def ping(self) -> None:
        """Whether it answers."""
        await self._requests.request("GET", "/asterisk/ping")

    async def get_info(self, *, only: str = "status") -> AsteriskInfo:
        """Since when it runs."""
        row = await self._requests.request("GET", "/asterisk/info", query={"only": only})
        return AsteriskInfo.model_validate(row)
