"""Tasks of a unit that another system works for it: what it has to do, and doing it.

To the order the system is the unit's clerk and head: the same table of transitions decides, the
same limits count, the same people check the result.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.commands import OrderCommand
from dispatch.platform.intake import find_ref
from dispatch.platform.systems import Partner
from dispatch.rules import Rules
from dispatch.service import OrderService
from dispatch.views.cursors import encode_cursor, place_after
from dispatch.views.detail import OrderDetails
from dispatch.views.privacy import Visibility
from dispatch.views.shapes import OrderDetail
from models.clock import Clock
from models.errors import AlreadyGiven, Forbidden, NotFound
from models.ids import new_id
from models.states import UNIT_AT_WORK
from models.store import Store
from models.tables import AccessLog, Task, WorkOrder
from models.tables.partners import ExternalRef
from models.task_tree import leader_of, parent_of
from models.vocabulary import (
    AccessKind,
    Action,
    Direction,
    OrderState,
    RequestType,
    TaskRole,
    TaskState,
    Urgency,
)


class WorkRow(BaseModel):
    """A task in short."""

    task_id: str
    task_state: TaskState
    role: TaskRole
    order_no: str
    order_state: OrderState
    version: int
    urgency: Urgency
    dispatched_at: datetime
    sign_due: datetime
    due_at: datetime


class WorkPage(BaseModel):
    """The oldest first, so that what is new comes at the end."""

    items: list[WorkRow]
    next_cursor: str | None


class TaskBelow(BaseModel):
    """A task of another unit that this one takes the result of, or leads."""

    task_id: str
    task_state: TaskState
    role: TaskRole
    department: str
    due_at: datetime
    allowed_actions: list[Action]


class WorkTask(WorkRow):
    """A task with all that is needed to do it, as the unit's clerk may see it."""

    order_id: str
    #: What the system calls it; empty until it has said so.
    external_id: str
    external_no: str
    department: str
    note: str
    first_contact_due: datetime
    sent_back_count: int
    request_type: RequestType
    category: str
    category_name: str
    title: str
    content: str
    demand: str
    place: str
    occurred: str
    caller_visibility: Visibility
    caller_name: str
    caller_phone: str
    callback_phone: str
    want_reply: bool
    #: What may be done now with this very task, or with the order as a whole.
    allowed_actions: list[Action]
    #: Tasks that it answers for: handed down, or joint ones beside it. Acted on by their own id.
    below: list[TaskBelow]


class WorkDesk:
    """The inbox of a unit whose work is done in another system."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, orders: OrderService) -> None:
        self._store = store
        self._clock = clock
        self._details = OrderDetails(store, clock, rules)
        self._orders = orders

    async def page(
        self, partner: Partner, *, only_open: bool, cursor: str = "", limit: int = 50
    ) -> WorkPage:
        """Its tasks."""
        query = (
            select(Task, WorkOrder)
            .join(WorkOrder, WorkOrder.id == Task.order_id)
            .where(Task.department == _unit(partner))
            .order_by(Task.dispatched_at, Task.id)
        )
        if only_open:
            query = query.where(Task.state.in_(UNIT_AT_WORK))
        if cursor:
            query = query.where(tuple_(Task.dispatched_at, Task.id) > place_after(cursor))
        async with self._store.read() as session:
            found = (await session.execute(query.limit(limit + 1))).all()
        last = found[limit - 1][0] if len(found) > limit else None
        return WorkPage(
            items=[WorkRow(**_short(task, order)) for task, order in found[:limit]],
            next_cursor=encode_cursor(last.dispatched_at, last.id) if last else None,
        )

    async def task(self, partner: Partner, task_id: str) -> WorkTask:
        """One of its tasks, or below one of them. Reading a citizen's number is written down.

        :raises NotFound: it has no such task.
        """
        async with self._store.read() as session:
            task, tasks = await _task_or_below(session, partner, task_id)
            order = await session.get_one(WorkOrder, task.order_id)
            query = select(ExternalRef).where(
                ExternalRef.task_id == task.id, ExternalRef.system == partner.code
            )
            ref = await session.scalar(query)
        detail = await self._details.order(partner.worker(), task.order_id)
        await self._note_reading(partner, detail)
        return _shown(task, _answers_for(task, tasks), order, detail, ref)

    async def act(self, partner: Partner, task_id: str, command: OrderCommand) -> WorkTask:
        """Sign, report, give back, take a result from below … : any command of a unit."""
        async with self._store.transaction() as work:
            task, _ = await _task_or_below(work.session, partner, task_id)
            own = command.model_copy(update={"task_id": task.id})
            await self._orders.act_in(work, partner.worker(), task.order_id, own)
        return await self.task(partner, task_id)

    async def refer(
        self, partner: Partner, task_id: str, external_id: str, external_no: str
    ) -> WorkTask:
        """The system says what it calls the task. Safe to repeat, and to correct.

        :raises AlreadyGiven: that id is another one's.
        """
        try:
            await self._refer(partner, task_id, external_id, external_no)
        except IntegrityError:
            raise _taken(external_id) from None
        return await self.task(partner, task_id)

    async def _refer(
        self, partner: Partner, task_id: str, external_id: str, external_no: str
    ) -> None:
        async with self._store.transaction() as work:
            task = await _task_of(work.session, partner, task_id)
            other = await find_ref(work.session, partner, external_id)
            if other is not None and other.task_id != task.id:
                raise _taken(external_id)
            query = select(ExternalRef).where(
                ExternalRef.task_id == task.id, ExternalRef.system == partner.code
            )
            ref = await work.session.scalar(query)
            if ref is None:
                ref = _new_ref(partner, task, self._clock.now())
                work.session.add(ref)
            ref.external_id, ref.external_no = external_id, external_no

    async def _note_reading(self, partner: Partner, detail: OrderDetail) -> None:
        caller = detail.caller
        if caller.visibility is not Visibility.CLEAR or not (caller.phone or caller.callback_phone):
            return
        async with self._store.transaction() as work:
            work.session.add(
                AccessLog(
                    at=self._clock.now(),
                    staff_id=partner.staff_id,
                    staff_name=partner.name,
                    what=AccessKind.CALLER_IDENTITY.value,
                    subject=detail.id,
                    address=partner.address,
                )
            )


def _unit(partner: Partner) -> str:
    if not partner.department:
        raise Forbidden("该系统没有承办的单位", system=partner.code)
    return partner.department


async def _task_of(session: AsyncSession, partner: Partner, task_id: str) -> Task:
    task = await session.get(Task, task_id)
    if task is None or task.department != _unit(partner):
        raise _no_task(task_id)
    return task


async def _task_or_below(
    session: AsyncSession, partner: Partner, task_id: str
) -> tuple[Task, list[Task]]:
    """A task that its unit has or answers for, and all tasks of the order."""
    task = await session.get(Task, task_id)
    if task is None:
        raise _no_task(task_id)
    found = await session.scalars(
        select(Task).where(Task.order_id == task.order_id).order_by(Task.id)
    )
    tasks = list(found)
    if _unit(partner) not in {one.department for one in _responsible(task, tasks)}:
        raise _no_task(task_id)
    return task, tasks


def _responsible(task: Task, tasks: list[Task]) -> list[Task]:
    """The task itself, the one above it, and the lead beside it."""
    return [one for one in (task, parent_of(task, tasks), leader_of(task, tasks)) if one]


def _answers_for(task: Task, tasks: list[Task]) -> list[Task]:
    return [one for one in tasks if one is not task and task in _responsible(one, tasks)]


def _no_task(task_id: str) -> NotFound:
    return NotFound("没有这个承办任务，或不由该系统承办", task_id=task_id)


def _taken(external_id: str) -> AlreadyGiven:
    message = f"编号 {external_id} 已用于另一件工单"
    return AlreadyGiven(message, external_id=external_id, different_fields=[])


def _new_ref(partner: Partner, task: Task, now: datetime) -> ExternalRef:
    return ExternalRef(
        id=new_id(),
        system=partner.code,
        direction=Direction.OUT,
        order_id=task.order_id,
        task_id=task.id,
        content_hash="",
        received={},
        at=now,
    )


def _short(task: Task, order: WorkOrder) -> dict[str, object]:
    return {
        "task_id": task.id,
        "task_state": task.state,
        "role": task.role,
        "order_no": order.order_no,
        "order_state": order.state,
        "version": order.version,
        "urgency": order.urgency,
        "dispatched_at": task.dispatched_at,
        "sign_due": task.sign_due,
        "due_at": task.due_at,
    }


def _allowed(task: Task, detail: OrderDetail) -> list[Action]:
    """Each once: a task may have several requests."""
    mine = (one.action for one in detail.allowed_actions if one.task_id in (None, task.id))
    return list(dict.fromkeys(mine))


def _below(task: Task, detail: OrderDetail) -> TaskBelow:
    return TaskBelow(
        task_id=task.id,
        task_state=task.state,
        role=task.role,
        department=task.department,
        due_at=task.due_at,
        allowed_actions=[one.action for one in detail.allowed_actions if one.task_id == task.id],
    )


def _shown(
    task: Task,
    below: list[Task],
    order: WorkOrder,
    detail: OrderDetail,
    ref: ExternalRef | None,
) -> WorkTask:
    demand = ("request_type", "category", "category_name", "title", "content", "demand", "place")
    note = next(one.note for one in detail.tasks if one.id == task.id)
    return WorkTask.model_validate(
        {
            **_short(task, order),
            **{name: getattr(detail, name) for name in (*demand, "occurred", "want_reply")},
            "order_id": order.id,
            "external_id": ref.external_id if ref else "",
            "external_no": ref.external_no if ref else "",
            "department": task.department,
            "note": note,
            "first_contact_due": task.first_contact_due,
            "sent_back_count": task.sent_back_count,
            "caller_visibility": detail.caller.visibility,
            "caller_name": detail.caller.name,
            "caller_phone": detail.caller.phone,
            "callback_phone": detail.caller.callback_phone,
            "allowed_actions": _allowed(task, detail),
            "below": [_below(one, detail) for one in below],
        }
    )
