"""What lies in the hands of one person, and passing it on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.floor.owed_calls import UNDONE
from models.states import ACTIVE_TASK, OPEN_STATES
from models.tables import (
    Absence,
    AgentPresenceRow,
    Callback,
    Draft,
    DutyOfficer,
    ShiftAssignment,
    Staff,
    StaffPost,
    Task,
    WorkOrder,
)
from models.vocabulary import AgentState


@dataclass(frozen=True, kw_only=True)
class OpenWork:
    """Rows that a person holds. What is a whole unit's (its inbox) is nobody's own."""

    #: Tasks that the person signed for and that are not over, with their orders' numbers.
    tasks: Sequence[tuple[Task, str]]
    drafts: Sequence[Draft]
    callbacks: Sequence[Callback]
    shifts: Sequence[ShiftAssignment]
    duties: Sequence[DutyOfficer]
    #: Absences of others in which the person stands in.
    standing_in: Sequence[Absence]
    posts: Sequence[StaffPost]
    #: Other people with an account in use at the unit, who may do what this one may.
    colleagues: Sequence[Staff]
    #: Sits at a seat now.
    at_seat: bool

    @property
    def to_hand_over(self) -> int:
        """How many things somebody else must take."""
        return sum(map(len, (self.tasks, self.drafts, self.callbacks, self.duties)))

    def items(self) -> dict[str, list[str]]:
        """Kinds of work and their ids, for the record."""
        found = {
            "tasks": [task.id for task, _ in self.tasks],
            "drafts": [draft.id for draft in self.drafts],
            "callbacks": [task.id for task in self.callbacks],
            "duties": [duty.id for duty in self.duties],
            "shifts": [shift.id for shift in self.shifts],
            "standing_in": [absence.id for absence in self.standing_in],
            "posts": [post.id for post in self.posts],
        }
        return {kind: ids for kind, ids in found.items() if ids}


async def open_work(session: AsyncSession, staff: Staff, now: datetime) -> OpenWork:
    """All that is in the person's hands now."""
    return OpenWork(
        tasks=await _tasks(session, staff.id),
        drafts=await _all(
            session, select(Draft).where(Draft.agent_id == staff.id, Draft.order_id.is_(None))
        ),
        callbacks=await _all(
            session,
            select(Callback).where(Callback.taken_by == staff.id, Callback.state.in_(UNDONE)),
        ),
        shifts=await _all(
            session,
            select(ShiftAssignment).where(
                ShiftAssignment.staff_id == staff.id, ShiftAssignment.starts_at > now
            ),
        ),
        duties=await _all(
            session,
            select(DutyOfficer).where(
                DutyOfficer.staff_id == staff.id,
                DutyOfficer.ends_at > now,
                DutyOfficer.cancelled_at.is_(None),
            ),
        ),
        standing_in=await _all(
            session,
            select(Absence).where(
                Absence.deputy_id == staff.id, Absence.ended_at.is_(None), Absence.ends_at > now
            ),
        ),
        posts=await _all(
            session,
            select(StaffPost).where(StaffPost.staff_id == staff.id, StaffPost.ended_at.is_(None)),
        ),
        colleagues=await _colleagues(session, staff),
        at_seat=await _at_seat(session, staff.id),
    )


async def _all(session: AsyncSession, query: Select[Any]) -> list[Any]:
    return list(await session.scalars(query))


async def _tasks(session: AsyncSession, staff_id: str) -> list[tuple[Task, str]]:
    query = (
        select(Task, WorkOrder.order_no)
        .join(WorkOrder, WorkOrder.id == Task.order_id)
        .where(Task.handler_id == staff_id, Task.state.in_(ACTIVE_TASK))
        .where(WorkOrder.state.in_(OPEN_STATES))
        .order_by(Task.due_at, Task.id)
    )
    return [(task, order_no) for task, order_no in await session.execute(query)]


async def _colleagues(session: AsyncSession, staff: Staff) -> list[Staff]:
    query = select(Staff).where(
        Staff.department == staff.department, Staff.active, Staff.id != staff.id
    )
    found = await session.scalars(query.order_by(Staff.name, Staff.id))
    return [each for each in found if set(staff.roles) <= set(each.roles)]


async def _at_seat(session: AsyncSession, staff_id: str) -> bool:
    presence = await session.get(AgentPresenceRow, staff_id)
    return presence is not None and presence.state is not AgentState.OFFLINE
