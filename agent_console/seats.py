"""One seat, one page: the page that signed in last has the telephone.

Each sign-in gives its page a ticket, and tickets sort by time. A later one takes the seat: the
phone of the earlier page loses its way to the exchange, and its person is told. Nothing is stored:
after a restart the phones come back with their tickets, and again the latest wins.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

from aiohttp import web

from agent_console.errors import SeatElsewhere
from models.bus import Bus, Reach
from models.events import SeatTaken
from models.ids import new_id

#: Close code of a websocket whose page has lost the seat; 4000 and above are the application's own.
SEAT_TAKEN = 4001

_LENGTH = len(new_id())
#: The part that tells the time.
_TIME = 10

Phone = web.WebSocketResponse


class Seats:
    """Who sits where, as far as this process knows; all processes hear of a seat that is taken."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._latest: dict[str, str] = {}
        self._phones: dict[str, dict[Phone, str]] = defaultdict(dict)
        self._closing: set[asyncio.Task[bool]] = set()
        bus.subscribe("console-seats", self._on_taken, SeatTaken, reach=Reach.ALL)

    def latest(self, agent_id: str) -> str | None:
        """The ticket that has the seat; None: not known yet."""
        return self._latest.get(agent_id)

    def refuse_if_elsewhere(self, agent_id: str, former: str, *, phone_online: bool) -> None:
        """A page that was loaded anew goes on by itself only where it was the last.

        :param former: the ticket it had before.
        :raises SeatElsewhere: another page has the telephone now.
        """
        if phone_online and (not former or former < self._latest.get(agent_id, "")):
            raise SeatElsewhere("本坐席的电话正在另一个窗口或另一台电脑上使用")

    async def take(self, agent_id: str) -> str:
        """A page takes the seat: its ticket."""
        ticket = new_id()
        while ticket <= self._latest.get(agent_id, ""):  # in the same millisecond
            ticket = new_id()
        self._learn(agent_id, ticket)
        await self._bus.publish(SeatTaken(agent_id=agent_id, ticket=ticket))
        return ticket

    def refuse_phone(self, agent_id: str, ticket: str) -> None:
        """Before a phone is let through.

        :raises SeatElsewhere: its page has lost the seat, or never had it.
        """
        made_up = len(ticket) != _LENGTH or ticket[:_TIME] > new_id()[:_TIME]
        if made_up or ticket < self._latest.get(agent_id, ""):
            raise SeatElsewhere("本坐席的电话正在另一个窗口或另一台电脑上使用")
        self._learn(agent_id, ticket)

    def add_phone(self, agent_id: str, ticket: str, phone: Phone) -> None:
        """A phone is on its way to the exchange now."""
        self._phones[agent_id][phone] = ticket
        self._close_earlier(agent_id)

    def remove_phone(self, agent_id: str, phone: Phone) -> None:
        """It has gone. Safe to repeat."""
        self._phones[agent_id].pop(phone, None)
        if not self._phones[agent_id]:
            del self._phones[agent_id]

    async def _on_taken(self, event: SeatTaken) -> None:
        self._learn(event.agent_id, event.ticket)

    def _learn(self, agent_id: str, ticket: str) -> None:
        if ticket > self._latest.get(agent_id, ""):
            self._latest[agent_id] = ticket
            self._close_earlier(agent_id)

    def _close_earlier(self, agent_id: str) -> None:
        latest = self._latest[agent_id]
        for phone, ticket in self._phones.get(agent_id, {}).items():
            if ticket < latest:
                closing = asyncio.create_task(phone.close(code=SEAT_TAKEN, message=b"seat taken"))
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
