"""What waits at each desk, and how much of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, load_only

from dispatch.commands import invalid
from dispatch.due_words import due_text
from dispatch.follow_up_tries import counted, counts_from, tried_enough
from dispatch.rules import Rules
from dispatch.views.badges import badge_counts
from dispatch.views.cursors import encode_cursor, place_after
from dispatch.views.lists import OrderLists
from dispatch.views.privacy import list_veil
from dispatch.views.rows import ORDER_LINE, order_row, task_light
from dispatch.views.shapes import (
    AuditRow,
    Badges,
    FollowUpRow,
    OrderFilter,
    OrderPage,
    UnitTaskPage,
    UnitTaskRow,
)
from models.clock import Clock
from models.errors import Forbidden
from models.guards import Actor
from models.store import Store
from models.tables import FollowUp, Task, WorkOrder
from models.vocabulary import OrderState, TaskRole, TaskState
from models.workflow import UNIT_AT_WORK

#: Boxes of a unit's inbox.
UNIT_BOXES: dict[str, tuple[TaskState, ...]] = {
    "to_sign": (TaskState.TO_SIGN,),
    "in_hand": (TaskState.SIGNED,),
    "sent_back": (TaskState.SENT_BACK,),
    "delegated": (TaskState.DELEGATED,),
    "returning": (TaskState.RETURN_REQUESTED,),
    "submitted": (TaskState.SUBMITTED,),
    "open": UNIT_AT_WORK,
}
#: The box of results that units below have handed in: the reader's unit audits them.
BELOW = "below"
#: What the lines of a unit's inbox and of the auditor's queue show of a task.
_TASK_LINE = load_only(
    *(Task.id, Task.state, Task.department, Task.note, Task.clocks, Task.sent_back_count),
    *(Task.dispatched_at, Task.sign_due, Task.signed_at, Task.first_contact_due, Task.due_at),
    *(Task.first_contacted_at, Task.contact_excused_at, Task.first_progress_at),
    *(Task.delegated_at, Task.submitted_at),
    raiseload=True,
)
_RESULT_LINE = load_only(
    *(Task.department, Task.outcome, Task.submitted_at, Task.submitted_by, Task.sent_back_count),
    raiseload=True,
)
_Redo = aliased(Task)
_Above = aliased(Task)


class Queues:
    """Queues for one reader at a time.

    Every queue raises ``Forbidden`` for a reader without that desk.
    """

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._lists = OrderLists(store, clock, rules)

    async def dispatch_queue(self, actor: Actor, limit: int = 50, cursor: str = "") -> OrderPage:
        """Orders that wait for the dispatcher, the most pressing first."""
        self._need(actor, "queue.dispatch")
        wanted = OrderFilter(
            states=[OrderState.TO_DISPATCH], sort="due", limit=limit, cursor=cursor
        )
        return await self._lists.orders(actor, wanted)

    async def unit_inbox(
        self, actor: Actor, box: str = "open", limit: int = 50, cursor: str = ""
    ) -> UnitTaskPage:
        """Tasks of the reader's own unit, or handed in by units below, the nearest due first."""
        self._need(actor, "queue.unit")
        query = (
            select(Task, WorkOrder)
            .join(WorkOrder, WorkOrder.id == Task.order_id)
            .where(_in_box(box, actor.department))
            .order_by(Task.due_at, Task.id)
            .options(ORDER_LINE, _TASK_LINE)
        )
        if cursor:
            query = query.where(tuple_(Task.due_at, Task.id) > place_after(cursor))
        async with self._store.read() as session:
            found = [(t, o) for t, o in await session.execute(query.limit(limit + 1))]
        items = [self._unit_row(task, order) for task, order in found[:limit]]
        last = found[limit - 1][0] if len(found) > limit else None
        return UnitTaskPage(
            items=items, next_cursor=encode_cursor(last.due_at, last.id) if last else None
        )

    async def audit_queue(self, actor: Actor, limit: int = 50) -> list[AuditRow]:
        """Submitted results, the most pressing first; one's own are marked."""
        self._need(actor, "queue.audit")
        query = (
            select(WorkOrder, Task)
            .join(Task, and_(Task.order_id == WorkOrder.id, Task.state == TaskState.SUBMITTED))
            .where(WorkOrder.state == OrderState.TO_AUDIT, Task.role == TaskRole.LEAD)
            .where(Task.parent_id.is_(None))
            .order_by(WorkOrder.light_red_at, WorkOrder.id)
            .options(ORDER_LINE, _RESULT_LINE)
            .limit(limit)
        )
        now = self._clock.now()
        async with self._store.read() as session:
            found = (await session.execute(query)).all()
        return [
            AuditRow(
                order=order_row(order, self._rules, now),
                department=task.department,
                outcome=task.outcome,
                submitted_at=task.submitted_at,
                sent_back_count=task.sent_back_count,
                own=task.submitted_by == actor.id,
            )
            for order, task in found
        ]

    async def follow_up_queue(self, actor: Actor, limit: int = 50) -> list[FollowUpRow]:
        """Orders whose citizen is to be asked, the most pressing first."""
        self._need(actor, "queue.follow_up")
        query = (
            select(WorkOrder)
            .where(WorkOrder.state == OrderState.TO_FOLLOW_UP)
            .order_by(WorkOrder.light_red_at, WorkOrder.id)
            .options(ORDER_LINE)
            .limit(limit)
        )
        async with self._store.read() as session:
            orders = list(await session.scalars(query))
            attempts = await self._attempts(session, [order.id for order in orders])
        return [self._follow_up_row(order, attempts.get(order.id, [])) for order in orders]

    async def badges(self, actor: Actor) -> Badges:
        """Numbers beside the menu."""
        may = self._rules.permissions.of(actor.usable_roles)
        counts = badge_counts(actor, may, self._clock.now())
        asked = [count.label(name) for name, count in counts]
        if not asked:
            return Badges()
        async with self._store.read() as session:
            found = (await session.execute(select(*asked))).one()
        return Badges(**found._mapping)

    def _need(self, actor: Actor, permission: str) -> None:
        permissions = self._rules.permissions
        if permission in permissions.of(actor.usable_roles):
            return
        holders = "、".join(role.label for role in permissions.holders(permission))
        raise Forbidden(f"“{permissions.labels[permission]}”只对{holders}开放")

    def _unit_row(self, task: Task, order: WorkOrder) -> UnitTaskRow:
        now = self._clock.now()
        return UnitTaskRow(
            task_id=task.id,
            task_state=task.state,
            department=task.department,
            note=list_veil(order).scrub(task.note),
            dispatched_at=task.dispatched_at,
            sign_due=task.sign_due,
            first_contact_due=task.first_contact_due,
            first_contacted_at=task.first_contacted_at,
            due_at=task.due_at,
            light=task_light(task, order, now),
            sent_back_count=task.sent_back_count,
            order=order_row(order, self._rules, now),
        )

    async def _attempts(
        self, session: AsyncSession, order_ids: Sequence[str]
    ) -> dict[str, list[FollowUp]]:
        """Attempts of the present round of each order, oldest first."""
        query = (
            select(FollowUp)
            .join(Task, Task.id == FollowUp.task_id)
            .where(FollowUp.order_id.in_(order_ids), FollowUp.reached.is_(False))
            .where(~exists().where(_Redo.redo_of == Task.id))
            .order_by(FollowUp.at)
        )
        found: dict[str, list[FollowUp]] = {}
        for attempt in await session.scalars(query):
            found.setdefault(attempt.order_id, []).append(attempt)
        return found

    def _follow_up_row(self, order: WorkOrder, attempts: Sequence[FollowUp]) -> FollowUpRow:
        now, rule = self._clock.now(), self._rules.service_levels.follow_up
        here = rule.part_of(self._rules.counter.local(now).time()).name
        moments = [attempt.at for attempt in attempts]
        tries, wait = counted(moments, self._rules), counts_from(moments, self._rules)
        parts = [rule.part_of(self._rules.counter.local(at).time()).name for at in tries]
        last = tried_enough([*moments, now], self._rules)
        until = due_text(self._rules.counter.local(wait)) if wait and wait > now else ""
        return FollowUpRow(
            order=order_row(order, self._rules, now),
            attempts=len(attempts),
            last_attempt_at=attempts[-1].at if attempts else None,
            tried=list(dict.fromkeys(parts)),
            advice=_advice(len(tries), here in parts, last, until),
        )


def _advice(attempts: int, same_part: bool, last: bool, wait: str) -> str:
    """``wait``: when one more failed try would count; empty: now."""
    if attempts == 0:
        return "尚未回访"
    tried = f"已有{attempts}次未接通"
    if last:
        return f"{tried}，本次仍未接通即可办结"
    if same_part:
        return f"{tried}，请换一个时段再试"
    return f"{tried}，{wait}以后再试才计次数" if wait else f"{tried}，现在可以再试"


def _in_box(box: str, department: str) -> ColumnElement[bool]:
    """Tasks that lie in a box of the unit's."""
    if box == BELOW:
        own = exists().where(_Above.id == Task.parent_id, _Above.department == department)
        return and_(Task.state == TaskState.SUBMITTED, own)
    if box not in UNIT_BOXES:
        names = "、".join([*UNIT_BOXES, BELOW])
        raise invalid([{"field": "box", "message": f"应为 {names} 之一"}])
    return and_(Task.department == department, Task.state.in_(UNIT_BOXES[box]))
