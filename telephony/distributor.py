"""When callers are given to agents: whenever either may have changed, or time has opened more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from telephony.agents import Agent
from telephony.distribution import distribute
from telephony.exchange import Exchange
from telephony.inbound import InboundCall

#: Calls a citizen back whose place in the line has come.
CallBack = Callable[[str, Agent], Coroutine[Any, Any, None]]


class Distributor:
    """Runs :func:`telephony.distribution.distribute`. ``spawn`` runs work in the background."""

    def __init__(
        self,
        exchange: Exchange,
        call_back: CallBack,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._exchange = exchange
        self._call_back = call_back
        self._spawn = spawn
        self._due = False
        #: When time alone opens more to a waiting caller.
        self._look_again: datetime | None = None

    def soon(self) -> None:
        """Once all that happens in this moment has happened."""
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._run)

    def tick(self) -> None:
        """To be called several times a second."""
        if self._look_again is not None and self._look_again <= self._exchange.clock.now():
            self._run()

    def _run(self) -> None:
        self._due = False
        exchange = self._exchange
        self._look_again = distribute(
            exchange.line,
            exchange.board,
            exchange.queues,
            exchange.clock.now(),
            self._give,
            everybody=exchange.front.surge.all_serve_all,
        )

    def _give(self, call_id: str, agent: Agent) -> None:
        session = self._exchange.sessions.get(call_id)
        if session is None:
            self._spawn(self._call_back(call_id, agent))
            return
        assert isinstance(session, InboundCall)
        session.ringing.give_to(agent)
