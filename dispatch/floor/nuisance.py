"""The nuisance list: a number is proposed by one, approved by another, and free again by a date."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.commands import invalid
from models.clock import Clock
from models.errors import NotFound, TransitionRefused
from models.events import NuisanceListChanged
from models.guards import Actor
from models.ids import new_id
from models.phone_numbers import WITHHELD, normal_number, whole_number
from models.store import Store, UnitOfWork
from models.tables import BlockedNumber, Staff
from models.vocabulary import BlockState

log = structlog.get_logger(__name__)

LONGEST_DAYS = 90
#: Numbers shown at once.
_MOST = 500
_IN_FORCE = (BlockState.PROPOSED, BlockState.ACTIVE)
#: One word stands for all who hide their number: whoever blocks one of them blocks them all.
_NO_NUMBER = "来电人未显示号码，不能列入名单：列入后，所有未显示号码的来电都会受到限制"


class BlockView(BaseModel):
    """A line of the list."""

    id: str
    number: str
    state: BlockState
    state_label: str
    reason: str
    proposed_by_name: str
    proposed_at: datetime
    decided_by_name: str | None
    decided_at: datetime | None
    decision_note: str
    ends_at: datetime
    ended_at: datetime | None
    hits: int
    last_hit_at: datetime | None
    #: The reader proposed it, and so cannot approve it.
    own: bool


class NuisanceList:
    """Proposes, decides, ends. ``own_numbers``: numbers of our own that can never be blocked."""

    def __init__(self, store: Store, clock: Clock, own_numbers: Collection[str] = ()) -> None:
        self._store = store
        self._clock = clock
        self._own = frozenset(map(normal_number, own_numbers))

    async def blocks(self, reader: Actor, state: BlockState | None = None) -> list[BlockView]:
        """What is on the list, newest first."""
        query = select(BlockedNumber).order_by(
            BlockedNumber.proposed_at.desc(), BlockedNumber.id.desc()
        )
        if state is not None:
            query = query.where(BlockedNumber.state == state)
        async with self._store.read() as session:
            rows = list(await session.scalars(query.limit(_MOST)))
            return await _views(session, rows, reader)

    async def waiting(self) -> int:
        """How many proposals wait for a decision."""
        query = select(BlockedNumber.id).where(BlockedNumber.state == BlockState.PROPOSED)
        async with self._store.read() as session:
            return len(list(await session.scalars(query)))

    async def number_of(self, block_id: str) -> str:
        """The number of a line, in its normal form.

        :raises NotFound: there is no such line.
        """
        async with self._store.read() as session:
            row = await session.get(BlockedNumber, block_id)
        if row is None:
            raise NotFound("名单中没有这条记录", block_id=block_id)
        return row.number

    async def propose(self, actor: Actor, number: str, reason: str, days: int) -> BlockView:
        """Ask that a number be blocked for some days from the approval on.

        :raises InvalidInput: for a number that must always get through.
        :raises TransitionRefused: when it is proposed or blocked already.
        """
        plain, now = self._checked(number, days), self._clock.now()
        row = BlockedNumber(
            id=new_id(),
            number=plain,
            state=BlockState.PROPOSED,
            reason=reason,
            proposed_by=actor.id,
            proposed_at=now,
            ends_at=now + timedelta(days=days),
            hits=0,
            decision_note="",
        )
        try:
            async with self._store.transaction() as work:
                await self._refuse_twice(work, plain, now)
                work.session.add(row)
                work.record(NuisanceListChanged(at=now))
        except IntegrityError:  # another was faster by a moment
            state = BlockState.PROPOSED
            raise TransitionRefused(f"该号码已在名单中（{state.label}）", state=state) from None
        return await self._one(row.id, actor)

    async def approve(self, actor: Actor, block_id: str, note: str = "") -> BlockView:
        """From now on calls of this number are screened.

        :raises TransitionRefused: by the one who proposed it, when it is decided already, or when
            it stands for all who hide their number.
        """
        async with self._store.transaction() as work:
            row = await _need(work, block_id, BlockState.PROPOSED, "批准")
            if row.number == WITHHELD:  # proposed before such were refused
                raise TransitionRefused(_NO_NUMBER)
            if row.proposed_by == actor.id:
                raise TransitionRefused("提请人不能复核自己的提请，请由另一人复核")
            lasting = row.ends_at - row.proposed_at
            self._decide(work, row, actor, BlockState.ACTIVE, note)
            row.ends_at = self._clock.now() + lasting
        return await self._one(block_id, actor)

    async def reject(self, actor: Actor, block_id: str, note: str) -> BlockView:
        """The number is not blocked."""
        async with self._store.transaction() as work:
            row = await _need(work, block_id, BlockState.PROPOSED, "驳回")
            self._decide(work, row, actor, BlockState.REJECTED, note)
        return await self._one(block_id, actor)

    async def end(self, actor: Actor, block_id: str, reason: str) -> BlockView:
        """Before its date."""
        async with self._store.transaction() as work:
            row = await _need(work, block_id, BlockState.ACTIVE, "解除")
            row.decision_note = "；".join(part for part in (row.decision_note, reason) if part)
            self._close(work, row, self._clock.now(), actor.id)
        return await self._one(block_id, actor)

    async def expire(self) -> int:
        """End those whose date has come; returns how many. Telephony minds the date by itself."""
        now = self._clock.now()
        query = select(BlockedNumber).where(
            BlockedNumber.state == BlockState.ACTIVE, BlockedNumber.ends_at <= now
        )
        async with self._store.read() as session:
            if await session.scalar(query.limit(1)) is None:
                return 0
        async with self._store.transaction() as work:
            rows = list(await work.session.scalars(query))
            for row in rows:
                self._close(work, row, row.ends_at, None)
        return len(rows)

    # --- inside ---------------------------------------------------------------------------------

    def _checked(self, number: str, days: int) -> str:
        plain = normal_number(number)
        message = ""
        if number.strip() == "":
            message = "请填写号码"
        elif plain == WITHHELD:
            message = _NO_NUMBER
        elif plain in self._own:
            message = "这是本热线、坐席或承办单位的号码，不能列入名单"
        elif not whole_number(plain):
            message = "只能列入完整的手机或固定电话号码；短号、服务号码和紧急号码不能列入"
        errors = [{"field": "number", "label": "号码", "message": message}] if message else []
        if not 1 <= days <= LONGEST_DAYS:
            errors.append({"field": "days", "message": f"期限应为1至{LONGEST_DAYS}天"})
        if errors:
            raise invalid(errors)
        return plain

    async def _refuse_twice(self, work: UnitOfWork, number: str, now: datetime) -> None:
        query = select(BlockedNumber).where(
            BlockedNumber.number == number, BlockedNumber.state.in_(_IN_FORCE)
        )
        for row in await work.session.scalars(query):
            if row.state is BlockState.PROPOSED or row.ends_at > now:
                raise TransitionRefused(f"该号码已在名单中（{row.state.label}）", state=row.state)
            self._close(work, row, row.ends_at, None)  # its date has come; nobody has swept yet
        await work.session.flush()  # before the new line comes

    def _decide(
        self, work: UnitOfWork, row: BlockedNumber, actor: Actor, state: BlockState, note: str
    ) -> None:
        row.state, row.decision_note = state, note
        row.decided_by, row.decided_at = actor.id, self._clock.now()
        work.record(NuisanceListChanged(at=self._clock.now()))
        log.info("nuisance.decided", block_id=row.id, state=state, by=actor.name)

    def _close(self, work: UnitOfWork, row: BlockedNumber, at: datetime, by: str | None) -> None:
        row.state, row.ended_at, row.ended_by = BlockState.ENDED, at, by
        work.record(NuisanceListChanged(at=self._clock.now()))

    async def _one(self, block_id: str, reader: Actor) -> BlockView:
        async with self._store.read() as session:
            row = await session.get_one(BlockedNumber, block_id)
            return (await _views(session, [row], reader))[0]


async def _need(work: UnitOfWork, block_id: str, state: BlockState, action: str) -> BlockedNumber:
    query = select(BlockedNumber).where(BlockedNumber.id == block_id).with_for_update()
    row = await work.session.scalar(query)
    if row is None:
        raise NotFound("名单中没有这条记录", block_id=block_id)
    if row.state is not state:
        raise TransitionRefused(f"该记录已是“{row.state.label}”，不能{action}", state=row.state)
    return row


async def _views(
    session: AsyncSession, rows: Sequence[BlockedNumber], reader: Actor
) -> list[BlockView]:
    ids = {one for row in rows for one in (row.proposed_by, row.decided_by) if one}
    found = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    names = {staff_id: name for staff_id, name in found}
    return [_view(row, names, reader) for row in rows]


def _view(row: BlockedNumber, names: dict[str, str], reader: Actor) -> BlockView:
    return BlockView(
        id=row.id,
        number=row.number,
        state=row.state,
        state_label=row.state.label,
        reason=row.reason,
        proposed_by_name=names.get(row.proposed_by, ""),
        proposed_at=row.proposed_at,
        decided_by_name=names.get(row.decided_by) if row.decided_by else None,
        decided_at=row.decided_at,
        decision_note=row.decision_note,
        ends_at=row.ends_at,
        ended_at=row.ended_at,
        hits=row.hits,
        last_hit_at=row.last_hit_at,
        own=row.proposed_by == reader.id,
    )
