"""An agent's desk phone at a test's Asterisk (see ``hotline.simulation.sip_agent``)."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from hotline.simulation import sip_agent
from hotline.simulation.sip_agent import AgentVoice, Message, Ring
from tests.support.asterisk import RunningAsterisk

__all__ = ["AgentVoice", "Message", "Ring", "SipAgent"]


class SipAgent(sip_agent.SipAgent):
    """The phone, with a shorter way to a seat."""

    @classmethod
    def on_seat(
        cls, asterisk: RunningAsterisk, seat: str
    ) -> AbstractAsyncContextManager[sip_agent.SipAgent]:
        """A registered phone."""
        server = ("127.0.0.1", asterisk.settings.asterisk.sip_port)
        return cls.registered(seat, asterisk.secrets.desk_phones[seat], server)
