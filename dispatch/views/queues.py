"""What waits at each desk, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, select, tuple_
from sqlalchemy.orm import load_only

from dispatch.rules import Rules
from dispatch.views.badges import badge_counts
from dispatch.views.boxes import found_by, in_box, to_be_asked
from dispatch.views.conditions import Conditions
from dispatch.views.cursors import encode_cursor, place_after
from dispatch.views.follow_up_desk import asked_so_far, follow_up_row
from dispatch.views.lists import OrderLists
from dispatch.views.privacy import list_veil
from dispatch.views.rows import ORDER_LINE, order_row, task_light
from dispatch.views.shapes import (
    AuditPage,
    AuditRow,
    Badges,
    DeskFilter,
    FollowUpPage,
    OrderFilter,
    OrderPage,
    UnitTaskPage,
    UnitTaskRow,
)
from models.clock import Clock
from models.errors import Forbidden
from models.guards import Actor
from models.store import Store
from models.tables import Task, WorkOrder
from models.vocabulary import OrderState, TaskRole, TaskState

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
        self,
        actor: Actor,
        box: str = "open",
        limit: int = 50,
        cursor: str = "",
        wanted: DeskFilter | None = None,
    ) -> UnitTaskPage:
        """Tasks of the reader's own unit, or handed in by units below, the nearest due first."""
        wanted = wanted or DeskFilter()
        self._need(actor, "queue.unit")
        query = (
            select(Task, WorkOrder)
            .join(WorkOrder, WorkOrder.id == Task.order_id)
            .where(in_box(box, actor.department))
            .order_by(Task.due_at, Task.id)
            .options(ORDER_LINE, _TASK_LINE)
        )
        # Which of its clocks lights a task stands in no column.
        query = query.where(*self._fits(actor, wanted.model_copy(update={"light": None})))
        items: list[UnitTaskRow] = []
        async with self._store.read() as session:
            while len(items) <= limit:
                after = query
                if cursor:
                    after = query.where(tuple_(Task.due_at, Task.id) > place_after(cursor))
                found = [(t, o) for t, o in await session.execute(after.limit(limit + 1))]
                rows = (self._unit_row(task, order) for task, order in found)
                items += [row for row in rows if wanted.light in (None, row.light)]
                if len(found) <= limit:
                    break
                cursor = encode_cursor(found[-1][0].due_at, found[-1][0].id)
        last = items[limit - 1] if len(items) > limit else None
        return UnitTaskPage(
            items=items[:limit],
            next_cursor=encode_cursor(last.due_at, last.task_id) if last else None,
        )

    async def audit_queue(
        self, actor: Actor, limit: int = 50, cursor: str = "", wanted: DeskFilter | None = None
    ) -> AuditPage:
        """Submitted results, the most pressing first; one's own are marked."""
        self._need(actor, "queue.audit")
        query = (
            select(WorkOrder, Task)
            .join(Task, and_(Task.order_id == WorkOrder.id, Task.state == TaskState.SUBMITTED))
            .where(WorkOrder.state == OrderState.TO_AUDIT, Task.role == TaskRole.LEAD)
            .where(Task.parent_id.is_(None), *_after(cursor))
            .where(*self._fits(actor, wanted))
            .order_by(WorkOrder.light_red_at, WorkOrder.id)
            .options(ORDER_LINE, _RESULT_LINE)
        )
        async with self._store.read() as session:
            found = [(o, t) for o, t in await session.execute(query.limit(limit + 1))]
        items = [self._audit_row(order, task, actor) for order, task in found[:limit]]
        last = found[limit - 1][0] if len(found) > limit else None
        return AuditPage(items=items, next_cursor=_cursor(last))

    async def follow_up_queue(
        self, actor: Actor, limit: int = 50, cursor: str = "", wanted: DeskFilter | None = None
    ) -> FollowUpPage:
        """Orders whose citizen is to be asked, the most pressing first."""
        self._need(actor, "queue.follow_up")
        query = (
            select(WorkOrder)
            .where(to_be_asked(), *_after(cursor), *self._fits(actor, wanted))
            .order_by(WorkOrder.light_red_at, WorkOrder.id)
            .options(ORDER_LINE)
        )
        async with self._store.read() as session:
            found = list(await session.scalars(query.limit(limit + 1)))
            orders = found[:limit]
            asked = await asked_so_far(session, [order.id for order in orders])
        now = self._clock.now()
        items = [follow_up_row(order, asked[order.id], self._rules, now) for order in orders]
        last = orders[-1] if len(found) > limit else None
        return FollowUpPage(items=items, next_cursor=_cursor(last))

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

    def _fits(self, actor: Actor, wanted: DeskFilter | None) -> list[ColumnElement[bool]]:
        """Orders that the reader wants to see of a queue."""
        if wanted is None:
            return []
        filtered = OrderFilter(
            states=[wanted.state] if wanted.state else [],
            departments=[wanted.department] if wanted.department else [],
            lights=[wanted.light] if wanted.light else [],
            watched=wanted.watched,
        )
        found = Conditions(actor, self._rules, self._clock.now()).of(filtered)
        return [*found, found_by(wanted.q)] if wanted.q else found

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

    def _audit_row(self, order: WorkOrder, task: Task, actor: Actor) -> AuditRow:
        return AuditRow(
            order=order_row(order, self._rules, self._clock.now()),
            department=task.department,
            outcome=task.outcome,
            submitted_at=task.submitted_at,
            sent_back_count=task.sent_back_count,
            own=task.submitted_by == actor.id,
        )


def _after(cursor: str) -> Iterator[ColumnElement[bool]]:
    """Of a list by what presses: what comes after a page."""
    if cursor:
        yield tuple_(WorkOrder.light_red_at, WorkOrder.id) > place_after(cursor)


def _cursor(last: WorkOrder | None) -> str | None:
    if last is None:
        return None
    assert last.light_red_at is not None, "a clock of the order runs at these desks"
    return encode_cursor(last.light_red_at, last.id)
