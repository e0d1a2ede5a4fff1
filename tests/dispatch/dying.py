"""A process that is killed in the middle of what it does: the injected fault of ``test_killed``.

It does one errand with the real parts of the product on a real database, and ends itself by SIGKILL
at the point it was told: after the n-th row written, before the commit, while the database commits,
or after it, before anybody hears the answer. Nothing of Python runs after that: no rollback, no
``finally``.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from dispatch.commands import Command, OpenOrder, OrderCommand
from dispatch.notices.board import NoticeBoard
from dispatch.notices.news import NewsDesk
from dispatch.order_timers import OrderTimers
from dispatch.service import OrderService
from dispatch.timers import Timekeeper
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store

#: Counts as a point of its own: the commit is under way, and nobody knows how it ends.
UNDER_WAY = -1
#: The first errand starts a Python with all parts, on a machine that others use too.
_LONGEST_SECONDS = 120
_WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")
#: Starts a process in a hundredth of the time: all is loaded once, before the first errand.
_starter = get_context("forkserver")
_starter.set_forkserver_preload(["tests.dispatch.dying", "tests.dispatch.ready_rules"])


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What a process is sent for."""

    database: str
    now: datetime
    #: Who gives the command; None: the system does what is due.
    actor: Actor | None = None
    #: Empty: an order is opened.
    order_id: str = ""
    command: Command | None = None
    #: What is due: ``timers`` or ``news``.
    due: str = ""


def killed_at(errand: Errand, point: int) -> bool:
    """Send a process that dies at a point. False: it had done everything before it came there."""
    process = _starter.Process(target=_run, args=(errand, point))
    process.start()
    process.join(_LONGEST_SECONDS)
    assert process.exitcode in (0, -signal.SIGKILL), f"the errand failed: {process.exitcode}"
    return process.exitcode != 0


def together(errands: list[Errand]) -> None:
    """Send several processes at once, and nobody kills them."""
    processes = [_starter.Process(target=_run, args=(errand, 0)) for errand in errands]
    for process in processes:
        process.start()
    for process in processes:
        process.join(_LONGEST_SECONDS)
    assert [process.exitcode for process in processes] == [0] * len(errands)


def _run(errand: Errand, point: int) -> None:
    if point:
        _Fault(point).lie_in_wait()
    asyncio.run(_do(errand))


class _Fault:
    """Kills its own process when it has passed so many points."""

    def __init__(self, point: int) -> None:
        self._point = point
        self._passed = 0

    def lie_in_wait(self) -> None:
        """At every row that is written, before each commit and after it."""
        event.listen(Engine, "after_cursor_execute", self._executed)
        event.listen(Engine, "commit", self._commits)
        event.listen(Session, "after_commit", self._committed)

    def _executed(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(_WRITES):
            self._pass()

    def _commits(self, _connection: Any) -> None:
        if self._point == UNDER_WAY and self._passed:
            # Once the loop gets round to it, the commit has gone out and is not yet answered.
            asyncio.get_running_loop().call_soon(_die)
        elif self._passed:
            self._pass()

    def _committed(self, _session: Any) -> None:
        if self._passed:
            self._pass()

    def _pass(self) -> None:
        self._passed += 1
        if self._passed == self._point:
            _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def _do(errand: Errand) -> None:
    from tests.dispatch.ready_rules import RULES  # takes its time: only where errands are done

    clock = ManualClock(errand.now)
    store = Store(errand.database, clock)
    service = OrderService(store, clock, RULES)
    if errand.actor is None:
        await _DUE[errand.due](store, clock, service)
    elif isinstance(errand.command, OpenOrder):
        await service.open_order(errand.actor, errand.command)
    elif isinstance(errand.command, OrderCommand):
        await service.act(errand.actor, errand.order_id, errand.command)
    await store.close()


_Due = Callable[[Store, ManualClock, OrderService], Awaitable[None]]


async def _timers(store: Store, clock: ManualClock, service: OrderService) -> None:
    timers = OrderTimers(service)
    await Timekeeper(store, clock, timers.handlers, timers.lock).fire_due()


async def _news(store: Store, clock: ManualClock, service: OrderService) -> None:
    await NewsDesk(store, clock, service.rules, NoticeBoard(service.rules, "12345")).tell()


_DUE: dict[str, _Due] = {"timers": _timers, "news": _news}
