"""What happens on the floor, written down without ever making a call wait for the database.

Changes are gathered and written in order by one task, many in one transaction. Events are told
after what they speak of is stored. When the database fails they are told all the same, and the
writing is tried again until it succeeds: the newest values win, no line of the ledger is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import CursorResult, Result, insert, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from models.bus import Bus
from models.clock import Clock, SystemClock
from models.events import DomainEvent
from models.ids import new_id
from models.store import Store
from models.tables import AgentPresenceRow, AgentStateLogRow, Call, CallEventRow, CallParty, Contact
from models.vocabulary import CallEventKind
from telephony.agents import Before
from telephony.batch import Batch, StateEntry, Values
from telephony.call import LiveCall

log = structlog.get_logger(__name__)

#: Longest time that an event waits for a database that does not answer.
TELL_AFTER_SECONDS = 0.5
_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
#: Of SQL states: a value that does not fit, a constraint.
_REFUSED_CLASSES = ("22", "23")

_Table = type[Contact] | type[Call] | type[CallParty]


class Records:
    """The writer. One per process."""

    def __init__(self, store: Store, bus: Bus, clock: Clock | None = None) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock or SystemClock()
        #: Told the agent's id when another process has changed that agent's row.
        self.on_conflict: Callable[[str], None] = lambda agent_id: None
        self._waiting = Batch()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        #: Rows as they are in the database, to write only what changed: other parts write too.
        self._known: dict[str, Values] = {}
        self._versions: dict[str, int] = {}
        #: Agents whose states are being written at this moment.
        self._writing: set[str] = set()

    # --- what callers use -----------------------------------------------------------------------

    def save(self, call: LiveCall, *events: DomainEvent) -> None:
        """Write the call (and its contact) as it is now, then tell the events."""
        self._waiting.calls[call.id] = call.call_values()
        contact = call.contact_values()
        if contact:
            self._waiting.contacts[contact["id"]] = contact
        self.tell(*events)

    def save_party(self, party: Values, *events: DomainEvent) -> None:
        """Write a row of ``call_parties`` as it is now. Its call must have been saved before."""
        self._waiting.parties[party["id"]] = party
        self.tell(*events)

    def note(
        self,
        call_id: str,
        kind: CallEventKind,
        *,
        actor: str = "system",
        actor_name: str = "",
        reason: str = "",
        detail: Values | None = None,
    ) -> None:
        """Add a line to the call's history, for ever. The call must have been saved before.

        ``actor``: a staff id, ``citizen`` or ``system``. ``detail`` must be JSON.
        """
        line = {
            "id": new_id(),
            "call_id": call_id,
            "at": self._clock.now(),
            "kind": kind,
            "actor": actor,
            "actor_name": actor_name,
            "reason": reason,
            "detail": detail or {},
        }
        self._waiting.notes.append(line)
        self.tell()

    def enter_state(self, entry: StateEntry, *events: DomainEvent) -> None:
        """Write an agent's state, then tell the events."""
        self._waiting.states.append(entry)
        self.tell(*events)

    def tell(self, *events: DomainEvent) -> None:
        """Publish, after everything saved until now is stored."""
        self._waiting.events.extend(events)
        self._idle.clear()
        self._wake.set()

    def knows_call(self, row: Call) -> None:
        """A call found in the database: only changes from now on are written."""
        self._known[_key(Call, row.id)] = LiveCall.from_row(row).call_values()
        contact = LiveCall.from_row(row).contact_values()
        if contact:
            self._known[_key(Contact, row.contact_id)] = contact

    def was_claimed(self, call_id: str) -> None:
        """A claim may have written these columns past us: they are written whatever we knew."""
        known = self._known.get(_key(Call, call_id), {})
        for column in ("agent_id", "state", "ringing_at"):
            known.pop(column, None)

    def knows_version(self, agent_id: str, version: int) -> None:
        """The version of an agent's row as read from the database."""
        self._versions[agent_id] = version

    def version_of(self, agent_id: str) -> int | None:
        """The version of an agent's row as last read or written."""
        return self._versions.get(agent_id)

    def forget_version(self, agent_id: str) -> None:
        """The row must be read again before it is written."""
        self._versions.pop(agent_id, None)

    def is_writing(self, agent_id: str) -> bool:
        """Whether what the database says of an agent is not yet what happened."""
        waiting = {entry.agent_id for entry in self._waiting.states}
        return agent_id in self._writing | waiting

    @property
    def all_stored(self) -> bool:
        """Whether no call waits to be written."""
        return not self._waiting.calls and self._idle.is_set()

    async def flush(self) -> None:
        """Wait until everything is stored (or has failed once and will be tried again)."""
        self._wake.set()
        await self._idle.wait()

    async def stored(self) -> None:
        """The same, for what must be known before it is done; but never for longer than an event
        would wait.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TELL_AFTER_SECONDS):
                await self.flush()

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="records")

    async def stop(self) -> None:
        """Write what is left, then stop."""
        await self.flush()
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    # --- the writer -----------------------------------------------------------------------------

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._waiting = self._waiting, Batch()
            self._writing = {entry.agent_id for entry in batch.states}
            stored = await self._store_and_tell(batch)
            self._writing = set()
            if stored:
                failures = 0
            else:
                self._waiting.put_back(batch)
                self._retry_later(failures)
                failures += 1
            if not self._wake.is_set():
                self._idle.set()

    def _retry_later(self, failures: int) -> None:
        pause = _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)]
        asyncio.get_running_loop().call_later(pause, self._wake.set)

    async def _store_and_tell(self, batch: Batch) -> bool:
        """True when stored. Events are told in any case, and never later than the limit."""
        writing = asyncio.create_task(self._attempt(batch))
        await asyncio.wait({writing}, timeout=TELL_AFTER_SECONDS)
        for event in batch.events:
            await self._bus.publish(event)
        return await writing

    async def _attempt(self, batch: Batch) -> bool:
        try:
            await self._store_batch(batch)
        except Exception as error:  # the database must never end a call, whatever it says
            if _never_taken(error):
                return await self._store_singly(batch)
            log.warning("records.not_stored", error=str(error), calls=len(batch.calls))
            return False
        return True

    async def _store_singly(self, batch: Batch) -> bool:
        """A row that the database will never take must not hold up all others."""
        for part in batch.parts():
            try:
                await self._store_batch(part)
            except Exception as error:
                if not _never_taken(error):
                    log.warning("records.not_stored", error=str(error))
                    return False
                log.error("records.refused", error=str(error), lost=part.describe())
        return True

    async def _store_batch(self, batch: Batch) -> None:
        conflicts: list[str] = []
        known: dict[str, Values] = {}
        versions: dict[str, int] = {}
        async with self._store.transaction() as work:
            for values in batch.contacts.values():
                await self._write(work.session, Contact, values, known)
            for values in batch.calls.values():
                await self._write(work.session, Call, values, known)
            for values in batch.parties.values():
                await self._write(work.session, CallParty, values, known)
            if batch.notes:
                await work.session.execute(insert(CallEventRow), batch.notes)
            await self._write_states(work.session, batch.states, versions, conflicts)
        self._known |= known
        self._versions |= versions
        for values in batch.calls.values():
            if values["ended_at"] is not None:
                self._forget(values)
        for values in batch.parties.values():
            if values["left_at"] is not None:
                self._known.pop(_key(CallParty, values["id"]), None)
        for agent_id in conflicts:
            log.warning("records.presence_conflict", agent_id=agent_id)
            self.on_conflict(agent_id)

    async def _write(
        self,
        session: AsyncSession,
        table: _Table,
        values: Values,
        known: dict[str, Values],
    ) -> None:
        """Update what changed; a row that is not there yet is made."""
        key = _key(table, values["id"])
        before = self._known.get(key, {})
        changed = {name: new for name, new in values.items() if name not in before}
        changed |= {name: new for name, new in values.items() if before.get(name) != new}
        known[key] = values
        if not changed:
            return
        ours = update(table).where(table.id == values["id"])
        if table is Call:  # what another process has taken over it alone may change
            ours = ours.where(Call.app == values["app"])
        result = await session.execute(ours.values(**changed))
        if _rows(result) == 0:
            await session.execute(insert(table).values(**values))

    def _forget(self, values: Values) -> None:
        self._known.pop(_key(Call, values["id"]), None)
        self._known.pop(_key(Contact, values["contact_id"]), None)

    async def _write_states(
        self,
        session: AsyncSession,
        entries: list[StateEntry],
        versions: dict[str, int],
        conflicts: list[str],
    ) -> None:
        last = {entry.agent_id: entry for entry in entries}
        for agent_id, entry in last.items():
            if not await self._write_presence(session, entry, versions):
                conflicts.append(agent_id)
        for entry in entries:
            if entry.new_line and entry.agent_id not in conflicts:
                await _write_line(session, entry)

    async def _write_presence(
        self, session: AsyncSession, entry: StateEntry, versions: dict[str, int]
    ) -> bool:
        """False when another process has changed the row since we read it."""
        table = AgentPresenceRow
        version = self._versions.get(entry.agent_id)
        values = {
            "state": entry.state,
            "reason": entry.reason,
            "since": entry.since,
            "until": entry.until,
            "call_id": entry.call_id,
            "idle_since": entry.idle_since,
            **Before.columns(entry.before),
            "version": (version or 0) + 1,
        }
        versions[entry.agent_id] = (version or 0) + 1
        if version is None:
            await session.execute(insert(table).values(agent_id=entry.agent_id, **values))
            return True
        guarded = update(table).where(table.agent_id == entry.agent_id, table.version == version)
        result = await session.execute(guarded.values(**values))
        if _rows(result) == 1:
            return True
        del versions[entry.agent_id]
        return False


def _never_taken(error: Exception) -> bool:
    """Whether the database refuses the values themselves, not just for now: a constraint, or (with
    PostgreSQL) a text that is too long or holds what it cannot keep.
    """
    if isinstance(error, IntegrityError | DataError):
        return True
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return str(state or "")[:2] in _REFUSED_CLASSES


def _key(table: _Table, row_id: str | None) -> str:
    return f"{table.__tablename__} {row_id}"


def _rows(result: Result[Any]) -> int:
    assert isinstance(result, CursorResult)
    return result.rowcount


async def _write_line(session: AsyncSession, entry: StateEntry) -> None:
    table = AgentStateLogRow
    still_open = update(table).where(table.agent_id == entry.agent_id, table.until.is_(None))
    await session.execute(still_open.values(until=entry.since))
    await session.execute(
        insert(table).values(
            id=new_id(),
            agent_id=entry.agent_id,
            state=entry.state,
            reason=entry.reason,
            since=entry.since,
            until=None,
            call_id=entry.call_id,
        )
    )
