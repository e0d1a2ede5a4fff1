"""Booked call-backs stand in the line like callers: their turn comes as if they had waited on.

Only with ``callbacks.auto`` in ``waiting.yaml``; else agents take the tasks themselves. The agent
whom distribution gives such a place is called first, then the citizen.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from models.callbacks import BookedPlace, CallbackDesk
from models.errors import HotlineError
from models.vocabulary import AgentState, PriorityReason
from telephony.agents import Agent

if TYPE_CHECKING:
    from telephony.exchange import Exchange

log = structlog.get_logger(__name__)

#: Between looks at the tasks; a task that has just come in need not be called within the second.
EVERY_SECONDS = 2.0


class CallBack(Protocol):
    """Rings the agent, then the citizen; returns the call's id."""

    async def __call__(
        self, agent_id: str, number: str, order_id: None, callback_id: str, *, reserved: str
    ) -> str:
        """``reserved``: what the agent is reserved for until then."""
        ...


class BookedLine:
    """Keeps the places in the line, and has them called."""

    def __init__(self, exchange: Exchange, desk: CallbackDesk, call_back: CallBack) -> None:
        self._exchange = exchange
        self._desk = desk
        self._call_back = call_back
        #: Those that stand in the line now.
        self._places: set[str] = set()

    async def watch(self) -> None:
        """Look again and again, for as long as the call center runs."""
        while True:
            try:
                await self.look()
            except Exception as error:  # the database may be away for a while
                log.warning("booked.not_looked", error=str(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Bring the line up to what is booked."""
        booked = {place.callback_id: place for place in await self._desk.booked()}
        for callback_id in self._places - booked.keys():
            self._exchange.line.remove(callback_id)
        fresh = [one for one in booked if one not in self._exchange.line]
        self._places = set(booked)
        for callback_id in fresh:
            self._stand(booked[callback_id])
        if fresh:
            self._exchange.distribute()

    def _stand(self, place: BookedPlace) -> None:
        points = self._exchange.queues.points((PriorityReason.CALLBACK,))
        self._exchange.line.add(
            place.callback_id,
            place.queued_at,
            queue=place.queue,
            priority=place.priority + points,
        )

    async def give(self, callback_id: str, agent: Agent) -> None:
        """Distribution has reserved this agent for the place, which has left the line."""
        self._places.discard(callback_id)
        begun = False
        try:
            number = await self._desk.begin_for(agent.agent_id, callback_id)
            begun = True
            call_id = await self._call_back(
                agent.agent_id, number, None, callback_id, reserved=callback_id
            )
            await self._desk.called(callback_id, call_id)
        except Exception as error:
            level = log.info if isinstance(error, HotlineError) else log.warning
            level("booked.not_called", callback_id=callback_id, error=str(error))
            self._exchange.board.release(agent.agent_id, callback_id, AgentState.READY)
            if begun:
                await self._desk.not_called(callback_id)
