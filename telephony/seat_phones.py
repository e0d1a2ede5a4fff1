"""The phones on agents' and shift leaders' seats, rung for one call.

Each ring is a line of its own with a number of its own, and so with a recording of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telephony.agents import Agent
from telephony.ari.tidy import tidily
from telephony.names import AGENT, SUPERVISOR, kind_of, name

if TYPE_CHECKING:
    from telephony.session import CallSession

#: Beyond Asterisk's own limit for ringing, should its event be lost.
RING_MARGIN_SECONDS = 3.0
_NO_ANSWER_CAUSE = 19


class SeatPhones:
    """Rings for one call, and rings no longer. Every method is called from a step of the call."""

    def __init__(self, session: CallSession) -> None:
        self._session = session
        self._rung = 0

    def rung_before(self, lines: list[str]) -> None:
        """Lines of an earlier process: a number used twice would write over the recording of a
        line that is gone.
        """
        ours = [line for line in lines if kind_of(line) in (AGENT, SUPERVISOR)]
        numbers = [int(line.rpartition("-")[2]) for line in ours]
        self._rung = max(numbers, default=self._rung)

    async def ring_agent(self, agent: Agent, *, at_once: bool, seconds: int) -> None:
        """Ring the agent's phone. ``at_once``: the page answers by itself.

        The page joins the ring with the screen pop by the header ``X-Call-Id``.

        :raises ARIError: when the phone is not there.
        """
        session = self._session
        self._rung += 1
        session.call.agent_channel = name(AGENT, session.call.id, self._rung)
        session.agent_contact = session.exchange.contacts.get(agent.extension)
        variables = self._variables(AGENT, at_once=at_once)
        await self._ring(session.call.agent_channel, agent, seconds, variables)
        session.after(seconds + RING_MARGIN_SECONDS, "ring", self._overdue)

    def name_leader_line(self) -> str:
        """The name of the next line to a shift leader."""
        self._rung += 1
        return name(SUPERVISOR, self._session.call.id, self._rung)

    async def ring_leader(self, leader: Agent, channel_id: str, seconds: int) -> None:
        """Ring a shift leader's phone, which answers by itself.

        :raises ARIError: when the phone is not there.
        """
        variables = self._variables(SUPERVISOR, at_once=True)
        variables["PJSIP_HEADER(add,X-Supervision)"] = "1"
        await self._ring(channel_id, leader, seconds, variables)

    async def drop_agent(self) -> None:
        """Ring no longer, or hang up."""
        session = self._session
        channel_id = session.call.agent_channel
        session.party_lines.leave(channel_id)
        session.call.agent_channel = ""
        session.seen.discard(channel_id)
        session.cancel_timer("ring")
        if channel_id:
            await tidily(session.exchange.ari.channels.hangup(channel_id))

    # --- inside ---------------------------------------------------------------------------------

    async def _ring(
        self, channel_id: str, agent: Agent, seconds: int, variables: dict[str, str]
    ) -> None:
        number = self._session.call.citizen_number
        await self._session.exchange.ari.channels.originate(
            channel_id,
            f"PJSIP/{agent.extension}",
            context="seat-leg",
            extension="leg",
            caller_id=f'"{number}" <{number}>',
            ring_seconds=seconds,
            variables=variables,
        )

    def _variables(self, who: str, *, at_once: bool) -> dict[str, str]:
        """For the dialplan ``seat-leg`` and the page."""
        call = self._session.call
        headers = {"X-Call-Id": call.id, "X-Call-Direction": call.direction.value}
        if at_once:
            headers["Call-Info"] = "<sip:hotline>;answer-after=0"
        file = self._session.recordings.file_of(f"{who}-{self._rung}")
        return {
            "RECORDING": str(file),
            **self._session.exchange.comes_to_us(who, call.id),
            **{f"PJSIP_HEADER(add,{key})": value for key, value in headers.items()},
        }

    async def _overdue(self) -> None:
        """Asterisk should have told long ago that nobody answered."""
        channel_id = self._session.call.agent_channel
        if channel_id and channel_id not in self._session.seen:
            await self.drop_agent()
            await self._session.on_agent_gone(_NO_ANSWER_CAUSE)
