"""The processes of one shared floor: each shows that it lives, and one takes over from the dead.

Every process counts up its own row. One whose count has stood still for too long, as measured by
the clock of whoever watches, is taken for dead: in one transaction its row gets an heir and its
calls get a new owner. A process that was only asleep does nothing with its calls before it has
looked whether it has an heir; if so it begins anew. A process that stops in good order says so, and
is inherited from at once.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import CursorResult, Update, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.ids import new_id
from models.store import Store
from models.tables import Call, TelephonyProcess

log = structlog.get_logger(__name__)


class Disinherited(Exception):
    """Others took this process for dead, and have its calls."""


@dataclass(frozen=True, kw_only=True)
class _Sign:
    """What a row said, and since when it has said so."""

    run: str
    beat: int
    since: float


class Neighbours:
    """This process among the others.

    :param app: the own ARI application, by which a process is known.
    :param patience: seconds without a sign after which another is taken for dead.
    """

    def __init__(self, store: Store, app: str, patience: float) -> None:
        self.app = app
        self._store = store
        self._patience = patience
        self._run = ""
        self._signs: dict[str, _Sign] = {}
        #: When this process was last seen running, by itself.
        self._ticked = time.monotonic()
        #: Not set from the moment of waking up until we know that nobody has inherited from us.
        self._sure = asyncio.Event()
        self._sure.set()

    async def join(self) -> None:
        """Begin to live. Calls of an earlier process of this name, and of none, are ours."""
        self._run = new_id()
        table = TelephonyProcess
        async with self._store.transaction() as work:
            again = update(table).where(table.app == self.app)
            fresh = {"run": self._run, "heir": "", "stopped": False}
            if not await _count(work.session, again.values(beat=table.beat + 1, **fresh)):
                await work.session.execute(insert(table).values(app=self.app, beat=0, **fresh))
            nobodys = update(Call).where(Call.app == "", Call.ended_at.is_(None))
            await work.session.execute(nobodys.values(app=self.app))
        self._ticked = time.monotonic()
        self._sure.set()

    async def leave(self) -> None:
        """Stop in good order: whoever lives takes the calls over now."""
        table = TelephonyProcess
        async with self._store.transaction() as work:
            await work.session.execute(
                update(table)
                .where(table.app == self.app, table.run == self._run)
                .values(stopped=True)
            )

    def tick(self) -> None:
        """To be called several times a second: finds out that this process has slept."""
        if time.monotonic() - self._ticked > self._patience / 2:
            self._sure.clear()
        self._ticked = time.monotonic()

    async def awake(self) -> None:
        """Wait until it is sure that our calls are still ours; as a rule no time at all."""
        self.tick()
        await self._sure.wait()

    async def look(self) -> bool:
        """Show that we live, and inherit from whoever does not; whether there was anybody.

        :raises Disinherited: when somebody else has inherited from us.
        """
        try:
            await self._beat()
            dead = [row.app for row in await self._others() if self._is_dead(row)]
            return any([await self._inherit(app) for app in dead])
        except Disinherited:
            raise
        except Exception:
            self._signs.clear()  # a database that was away for us was away for the others as well
            raise

    async def inherited(self) -> set[str]:
        """The processes whose callers are ours now."""
        table = TelephonyProcess
        async with self._store.read() as session:
            return set(await session.scalars(select(table.app).where(table.heir == self.app)))

    # --- inside ---------------------------------------------------------------------------------

    async def _beat(self) -> None:
        table = TelephonyProcess
        mine = update(table).where(table.app == self.app, table.run == self._run, table.heir == "")
        async with self._store.transaction() as work:
            alive = await _count(work.session, mine.values(beat=table.beat + 1))
        if not alive:
            raise Disinherited
        self._sure.set()

    async def _others(self) -> list[TelephonyProcess]:
        table = TelephonyProcess
        async with self._store.read() as session:
            rows = await session.scalars(
                select(table).where(table.app != self.app, table.heir == "")
            )
            return list(rows)

    def _is_dead(self, row: TelephonyProcess) -> bool:
        seen, now = self._signs.get(row.app), time.monotonic()
        if seen is None or (seen.run, seen.beat) != (row.run, row.beat):
            self._signs[row.app] = seen = _Sign(run=row.run, beat=row.beat, since=now)
        return row.stopped or now - seen.since > self._patience

    async def _inherit(self, app: str) -> bool:
        """In one transaction, unless it has shown a sign since, or another was faster."""
        sign, table = self._signs.pop(app), TelephonyProcess
        same = (table.app == app, table.run == sign.run, table.beat == sign.beat, table.heir == "")
        async with self._store.transaction() as work:
            if not await _count(work.session, update(table).where(*same).values(heir=self.app)):
                return False
            heirless = update(table).where(table.heir == app)
            await work.session.execute(heirless.values(heir=self.app))
            open_calls = update(Call).where(Call.app == app, Call.ended_at.is_(None))
            calls = await _count(work.session, open_calls.values(app=self.app))
        log.warning("neighbour.inherited", app=app, calls=calls)
        return True


async def _count(session: AsyncSession, change: Update) -> int:
    result: Any = await session.execute(change)
    assert isinstance(result, CursorResult)
    return result.rowcount
