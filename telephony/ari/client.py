"""The ARI client: ``client.channels``, ``client.bridges`` … and ``client.events``."""

from __future__ import annotations

from collections.abc import Callable

from telephony.ari.resources import (
    Applications,
    Asterisk,
    Bridges,
    Channels,
    Endpoints,
    Playbacks,
)
from telephony.ari.rest import HttpRequests
from telephony.ari.websocket import EventHandler, EventStream, Hook


class ARIClient:
    """Everything we ask of Asterisk. Close with :meth:`close`."""

    def __init__(self, url: str, user: str, password: str, app: str) -> None:
        self.app = app
        self._requests = HttpRequests(url, user, password)
        self.channels = Channels(self._requests)
        self.bridges = Bridges(self._requests)
        self.playbacks = Playbacks(self._requests)
        self.applications = Applications(self._requests)
        self.endpoints = Endpoints(self._requests)
        self.asterisk = Asterisk(self._requests)

    def events(
        self,
        *,
        on_event: EventHandler,
        on_connect: Hook,
        on_disconnect: Callable[[], None] = lambda: None,
    ) -> EventStream:
        """The events of our application; start it with ``await stream.start()``."""
        return EventStream(
            self._requests,
            self.app,
            on_event=on_event,
            on_connect=on_connect,
            on_disconnect=on_disconnect,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._requests.close()
