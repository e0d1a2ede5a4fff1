"""A process among others: it joins, takes over the calls of the dead, and leaves in good order."""

from __future__ import annotations

import asyncio

import structlog

from telephony.exchange import Exchange
from telephony.neighbours import Disinherited, Neighbours
from telephony.reconcile import Reconciler

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.5


class Inheritance:
    """Does what :class:`Neighbours` finds out."""

    def __init__(self, exchange: Exchange, neighbours: Neighbours, reconciler: Reconciler) -> None:
        self._exchange = exchange
        self._neighbours = neighbours
        self._reconciler = reconciler
        #: Calls were inherited, and could not be taken up yet.
        self._due = False

    async def join(self) -> None:
        """Before calls that an earlier process has left are looked for."""
        await self._neighbours.join()

    async def run(self) -> None:
        """For as long as the call center runs."""
        await asyncio.gather(self._watch(), self._tick())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._look()
            except Disinherited:
                await self._begin_anew()
            except Exception as error:  # of a database or an exchange that is away
                log.warning("neighbours.not_looked", error=repr(error))

    async def _tick(self) -> None:
        """By itself: looking may wait for the database."""
        while True:
            self._neighbours.tick()
            await asyncio.sleep(_LOOK_SECONDS)

    async def leave(self) -> None:
        """The others need not wait until we are taken for dead."""
        try:
            await self._neighbours.leave()
        except Exception as error:  # the database is away: they will wait
            log.warning("neighbours.not_left", error=repr(error))

    async def _look(self) -> None:
        self._due |= await self._neighbours.look()
        if self._due:
            await self._reconciler.inherit()
            self._due = False

    async def _begin_anew(self) -> None:
        """Others have our calls, because for a while nothing was heard of us: let go of them."""
        exchange = self._exchange
        sessions = list(exchange.sessions.values())
        log.error("neighbours.disinherited", calls=len(sessions))
        for session in sessions:
            exchange.forget(session.call.id)
            exchange.line.remove(session.call.id)
        await asyncio.gather(*(session.halt() for session in sessions))
        await self._neighbours.join()
