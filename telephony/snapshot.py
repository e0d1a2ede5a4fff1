"""What Asterisk really has, as it was at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from telephony.ari.objects import Bridge, Channel
from telephony.call import LiveCall
from telephony.conversation import Conversation
from telephony.names import AGENT, call_of, kind_of


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What Asterisk has at one moment."""

    channels: dict[str, Channel]
    bridges: dict[str, Bridge]
    #: Since when this Asterisk runs.
    running_since: datetime | None

    def is_younger_than(self, call: LiveCall) -> bool:
        """Whether Asterisk was started after the call began: then no line of it can live."""
        return self.running_since is not None and self.running_since > call.started_at

    def states(self, session: Conversation) -> dict[str, str]:
        """State of the living channels of a call."""
        parties = (party.channel for party in session.party_lines)
        own = {session.call.citizen_channel, *self.agent_legs(session.call.id), *parties}
        return {
            channel_id: self.channels[channel_id].state
            for channel_id in own
            if channel_id in self.channels
        }

    def agent_legs(self, call_id: str) -> list[str]:
        """Living legs of the agent, the newest last."""
        return sorted(
            (key for key in self.channels if kind_of(key) == AGENT and call_of(key) == call_id),
            key=lambda key: int(key.rpartition("-")[2]),
        )

    def rooms(self, call_id: str) -> dict[str, frozenset[str]]:
        """Who is in each living bridge of a call."""
        return {
            key: frozenset(bridge.channels)
            for key, bridge in self.bridges.items()
            if call_of(key) == call_id
        }
