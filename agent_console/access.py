"""Writing down who read a citizen's private data. No entry, no reading: it is written first."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

import structlog

from agent_console.people import Person
from models.clock import Clock
from models.store import Store
from models.tables import AccessLog

log = structlog.get_logger(__name__)

#: A player asks for one recording in many pieces: that is one reading.
SAME_READING = timedelta(minutes=5)
MAX_REMEMBERED = 1000


class AccessLedger:
    """Appends to ``access_log``."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._recent: OrderedDict[tuple[str, str, str], datetime] = OrderedDict()

    async def note(self, person: Person, what: str, subject: str, reason: str = "") -> None:
        """Write that ``person`` reads ``what`` of ``subject``, once per reading."""
        key, now = (person.staff_id, what, subject), self._clock.now()
        last = self._recent.get(key)
        if last is not None and now - last < SAME_READING:
            return
        await self._write(person, what, subject, reason, now)
        self._recent[key] = now
        self._recent.move_to_end(key)
        if len(self._recent) > MAX_REMEMBERED:
            self._recent.popitem(last=False)

    async def _write(
        self, person: Person, what: str, subject: str, reason: str, now: datetime
    ) -> None:
        async with self._store.transaction() as work:
            work.session.add(
                AccessLog(
                    at=now,
                    staff_id=person.staff_id,
                    staff_name=person.name,
                    what=what,
                    subject=subject,
                    address=person.address,
                    reason=reason,
                )
            )
        log.info("private data read", staff=person.username, what=what, subject=subject)
