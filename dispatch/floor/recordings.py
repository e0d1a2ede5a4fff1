"""The register of recordings: each file is entered once it is whole, with its checksum.

It is entered at the end of the call, and by the minutely look for what an ended process or a
restarted exchange has left. Entering twice changes nothing: a file's path is unique.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from config.retention import RetentionRules
from models.bus import Bus
from models.clock import Clock
from models.events import CallEnded
from models.ids import new_id
from models.sound_files import is_closed, mend, seconds_of
from models.store import Store
from models.tables import Call, CallEventRow, CallParty, Contact, Recording
from models.vocabulary import CallDirection, CallEventKind, Leg, PartyKind

log = structlog.get_logger(__name__)

#: A file without its length in the header, untouched for so long, is not being written any more.
ABANDONED_AFTER = timedelta(seconds=10)
#: When nothing more is to come of an ended call.
SETTLED_AFTER = timedelta(seconds=30)
#: How far back the first look of a process goes, and every later one.
FIRST_LOOK, LATER_LOOK = timedelta(days=30), timedelta(days=1)
#: A file's own time tells its beginning when it is no further than this from the expected one.
_TRUSTED = timedelta(seconds=1.5)
#: A recording that ends so much before its call has lost something.
_SHORT_BY_SECONDS, _SHORT_BY_SHARE = 5.0, 0.05
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """A file that should be there."""

    path: str
    leg: Leg
    starts: datetime
    party_name: str = ""
    call_id: str | None = None
    contact_id: str | None = None
    keep_days: int
    #: How long it should be, where that is known.
    seconds: float | None = None


class RecordingRegister:
    """Enters files. ``folder``: the recordings folder, which all paths are relative to."""

    def __init__(self, store: Store, clock: Clock, folder: Path, rules: RetentionRules) -> None:
        self._store = store
        self._clock = clock
        self._folder = folder
        self._rules = rules
        self._look_back = FIRST_LOOK
        #: Ended calls of which nothing more is to come.
        self._settled: set[str] = set()

    def subscribe(self, bus: Bus) -> None:
        """Enter what a call has left, as soon as it is over."""
        bus.subscribe("recordings", self._on_call_ended, CallEnded)

    async def _on_call_ended(self, event: CallEnded) -> None:
        await self.enter_call(event.call_id)

    async def look(self) -> int:
        """Enter what was left behind; how many files. Run it every minute."""
        since = self._clock.now() - self._look_back
        async with self._store.read() as session:
            calls = list(await session.scalars(_calls_to_enter(since)))
            messages = list(await session.scalars(_messages_to_enter(since)))
        count = sum([await self.enter_call(one) for one in calls if one not in self._settled])
        count += await self._enter([self._message(one) for one in messages])
        self._look_back = LATER_LOOK
        return count

    async def enter_call(self, call_id: str) -> int:
        """Enter all files of an ended call that are whole by now; how many are new."""
        async with self._store.read() as session:
            call = await session.get(Call, call_id)
            if call is None or call.ended_at is None:
                return 0
            parties = list(
                await session.scalars(select(CallParty).where(CallParty.call_id == call_id))
            )
        wanted = self._of_call(call, parties)
        count = await self._enter(wanted)
        if self._clock.now() - call.ended_at > SETTLED_AFTER:
            self._settled.add(call_id)
            await self._note_losses(call, wanted)
        return count

    # --- what should be there -------------------------------------------------------------------

    def _of_call(self, call: Call, parties: Sequence[CallParty]) -> list[_Wanted]:
        days = self._rules.with_order_days if call.order_id else self._rules.call_days
        # The citizen's file begins when the line is there: at once, or when the rung one answers.
        inbound = call.direction is CallDirection.INBOUND
        begins = call.started_at if inbound else call.answered_at or call.started_at
        assert call.ended_at is not None
        of_citizen = _Wanted(
            path=call.citizen_recording,
            leg=Leg.CALLER,
            starts=begins,
            call_id=call.id,
            keep_days=days,
            seconds=(call.ended_at - begins).total_seconds() if call.answered_at else None,
        )
        of_agent = _Wanted(
            path=call.agent_recording,
            leg=Leg.AGENT,
            starts=call.agent_recording_at or begins,
            call_id=call.id,
            keep_days=days,
        )
        of_parties = [
            _Wanted(
                path=party.recording,
                leg=Leg.AGENT if party.kind is PartyKind.AGENT else Leg.THIRD,
                party_name=party.name,
                starts=party.recording_at or party.joined_at or begins,
                call_id=call.id,
                keep_days=days,
            )
            for party in parties
        ]
        # An agent's own row knows the name: of the same file, the first one counts.
        return [one for one in (of_citizen, *of_parties, of_agent) if one.path]

    def _message(self, contact: Contact) -> _Wanted:
        return _Wanted(
            path=contact.recording,
            leg=Leg.CALLER,
            starts=contact.started_at,
            contact_id=contact.id,
            keep_days=self._rules.voicemail_days,
        )

    # --- what is there --------------------------------------------------------------------------

    async def _enter(self, wanted: Sequence[_Wanted]) -> int:
        """How many files are entered now for the first time."""
        async with self._store.read() as session:
            known = await _entered(session, wanted)
        missing = {one.path: one for one in reversed(wanted) if one.path not in known}
        found = [await asyncio.to_thread(self._examine, one) for one in missing.values()]
        rows = [row for row in found if row is not None]
        if not rows:
            return 0
        try:
            async with self._store.transaction() as work:
                work.session.add_all(rows)
        except IntegrityError:  # somebody looked at the same moment, and was first
            return 0
        return len(rows)

    def _examine(self, wanted: _Wanted) -> Recording | None:
        """The row of a file that is whole; None while it is written, or when it has no sound."""
        path = self._folder / wanted.path
        if not self._is_whole(path):
            return None
        seconds, now = seconds_of(path), self._clock.now()
        starts = _beginning(path, seconds, wanted.starts)
        return Recording(
            id=new_id(),
            call_id=wanted.call_id,
            contact_id=wanted.contact_id,
            leg=wanted.leg,
            party_name=wanted.party_name,
            path=wanted.path,
            started_at=starts,
            seconds=round(seconds, 3),
            bytes=path.stat().st_size,
            sha256=checksum(path),
            made_at=now,
            keep_until=starts + timedelta(days=wanted.keep_days),
        )

    def _is_whole(self, path: Path) -> bool:
        if is_closed(path):
            return True
        try:
            untouched = self._clock.now() - _written(path)
        except OSError:
            return False
        if untouched < ABANDONED_AFTER or not mend(path):
            return False
        log.info("recording mended", path=str(path), seconds=seconds_of(path))
        return True

    async def _note_losses(self, call: Call, wanted: list[_Wanted]) -> None:
        """Say in the call's own history what was not kept."""
        if call.answered_at is None:
            return
        losses = {one.path: loss for one in wanted if (loss := self._loss(one))}
        async with self._store.transaction() as work:
            query = select(CallEventRow.detail).where(CallEventRow.call_id == call.id)
            known = {detail.get("recording") for detail in await work.session.scalars(query)}
            for path in losses.keys() - known:
                log.error("recording incomplete", call_id=call.id, path=path, loss=losses[path])
                work.session.add(
                    CallEventRow(
                        call_id=call.id,
                        at=self._clock.now(),
                        kind=CallEventKind.ALERT,
                        reason=losses[path],
                        detail={"recording": path},
                    )
                )

    def _loss(self, wanted: _Wanted) -> str:
        """In words what is missing; empty when nothing is."""
        seconds = seconds_of(self._folder / wanted.path)
        whose = wanted.party_name or wanted.leg.label
        if seconds == 0:
            return f"{whose}的录音没有留下"
        limit = max(_SHORT_BY_SECONDS, (wanted.seconds or 0) * _SHORT_BY_SHARE)
        if wanted.seconds is None or seconds > wanted.seconds - limit:
            return ""
        return f"{whose}的录音不完整：通话 {wanted.seconds:.0f} 秒，留下 {seconds:.0f} 秒"


def checksum(path: Path) -> str:
    """SHA-256 of the whole file, in hexadecimal. Blocking."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _beginning(path: Path, seconds: float, expected: datetime) -> datetime:
    """The end of writing less the length tells it best, unless somebody touched the file later."""
    told = _written(path) - timedelta(seconds=seconds)
    return told if abs(told - expected) < _TRUSTED else expected


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


async def _entered(session: AsyncSession, wanted: Sequence[_Wanted]) -> set[str]:
    paths = [one.path for one in wanted]
    return set(await session.scalars(select(Recording.path).where(Recording.path.in_(paths))))


def _calls_to_enter(since: datetime) -> Select[str]:
    """Ended calls with a file that is not entered, the newest last."""
    of_party = CallParty.call_id == Call.id, CallParty.recording != ""
    lacking = or_(
        (Call.citizen_recording != "") & _not_entered(Call.citizen_recording),
        (Call.agent_recording != "") & _not_entered(Call.agent_recording),
        exists().where(*of_party, _not_entered(CallParty.recording)),
    )
    ended = select(Call.id).where(Call.started_at > since, Call.ended_at.is_not(None), lacking)
    return ended.order_by(Call.started_at)


def _not_entered(path: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return ~exists().where(Recording.path == path)


def _messages_to_enter(since: datetime) -> Select[Contact]:
    left = (Contact.recording != "") & _not_entered(Contact.recording)
    return select(Contact).where(Contact.started_at > since, left).order_by(Contact.started_at)
