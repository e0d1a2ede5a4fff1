"""What holds of every order whatever happens: the invariants of the domain, one function each.

Numbers in brackets are those of the invariants in docs/handling.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.assessment.record import score_fault
from dispatch.rules import Rules
from dispatch.step import plain
from models.states import ACTIVE_TASK, HOTLINE_ROLES, IN_HAND, OPEN_STATES, UNIT_AT_WORK
from models.tables import (
    ClosureScore,
    FollowUp,
    OrderEvent,
    OrderRequest,
    Task,
    TimerRow,
    WorkOrder,
)
from models.task_tree import active, children_of, depth, lead_task, leader_of, parent_of
from models.vocabulary import (
    CloseReason,
    OrderState,
    RequestKind,
    RequestState,
    Role,
    TaskRole,
    TaskState,
)

_OF_UNITS = (
    RequestKind.RETURN,
    RequestKind.DISPUTE,
    RequestKind.EXTENSION,
    RequestKind.SUSPENSION,
)
#: The hotline's own code among the units.
HOTLINE = "D-HL"
_SUBMITS = ("submit_result", "submit_part")
_AUDITS = ("approve_result", "send_back", "accept_result")


@dataclass(kw_only=True)
class File:
    """Everything of one order."""

    order: WorkOrder
    tasks: Sequence[Task]
    events: Sequence[OrderEvent]
    requests: Sequence[OrderRequest]
    follow_ups: Sequence[FollowUp]
    scores: Sequence[ClosureScore]
    timers: dict[str, TimerRow] = field(default_factory=dict)


async def read_file(session: AsyncSession, order_id: str) -> File:
    """Read it."""

    async def rows(table: Any, column: Any) -> list[Any]:
        return list(await session.scalars(select(table).where(column == order_id)))

    timers = await rows(TimerRow, TimerRow.subject_id)
    return File(
        order=await session.get_one(WorkOrder, order_id),
        tasks=await rows(Task, Task.order_id),
        events=sorted(await rows(OrderEvent, OrderEvent.order_id), key=lambda one: one.seq),
        requests=await rows(OrderRequest, OrderRequest.order_id),
        follow_ups=await rows(FollowUp, FollowUp.order_id),
        scores=await rows(ClosureScore, ClosureScore.order_id),
        timers={row.key: row for row in timers},
    )


def check(file: File, rules: Rules) -> None:
    """All of them."""
    one_lead_and_a_clock(file)
    the_tree_is_sound(file)
    nobody_decides_their_own(file)
    no_silent_change(file)
    no_promise_is_shortened(file)
    closed_only_for_a_reason(file, rules)
    what_is_due_is_a_row(file, rules)


def one_lead_and_a_clock(file: File) -> None:
    """[1] While units work there is exactly one lead; a clock runs, or is explicitly stopped."""
    order, leads = file.order, [t for t in active(file.tasks) if _is_top_lead(t)]
    if order.state in (*IN_HAND, OrderState.TO_AUDIT):
        assert len(leads) == 1, (order.state, [(t.department, t.state) for t in file.tasks])
        assert lead_task(file.tasks) is leads[0]
        assert leads[0].department == order.lead_department
        assert leads[0].due_at == order.due_at
    if order.state is OrderState.TO_AUDIT:
        assert [task.state for task in active(file.tasks)] == [TaskState.SUBMITTED]
    runs = order.light_red_at is not None
    assert runs == (order.state in OPEN_STATES and order.suspended_at is None), order.state
    if order.state not in (*IN_HAND, OrderState.TO_AUDIT, OrderState.SHELVED):
        assert active(file.tasks) == [], order.state


def the_tree_is_sound(file: File) -> None:
    """[2] One lead at each level, a unit once, no child after its parent's end or end of time."""
    living = active(file.tasks)
    assert max(Counter(task.department for task in living).values(), default=1) == 1
    leads = Counter(task.parent_id for task in living if task.role is TaskRole.LEAD)
    assert max(leads.values(), default=1) == 1
    for task in living:
        parent = parent_of(task, file.tasks)
        if parent is not None:
            assert parent.state is TaskState.DELEGATED, "a parent waits for its children"
            assert task.due_at <= parent.due_at
            assert depth(task, file.tasks) <= 5
        if task.role is TaskRole.JOINT:
            lead = leader_of(task, file.tasks)
            assert lead is not None, "whoever helps helps somebody"
            assert task.due_at <= lead.due_at, "whoever helps is done before whom it helps"
        if task.state is TaskState.DELEGATED:
            assert active(children_of(task, file.tasks))
    for task in file.tasks:
        if task.state not in ACTIVE_TASK:
            assert not active(children_of(task, file.tasks))


def _is_top_lead(task: Task) -> bool:
    return task.parent_id is None and task.role is TaskRole.LEAD


def nobody_decides_their_own(file: File) -> None:
    """[3] Neither a request nor a result."""
    for one in file.requests:
        if one.state in (RequestState.GRANTED, RequestState.REFUSED):
            assert one.decided_by not in (None, one.asked_by), one.kind
            assert one.agreed_by is None or one.agreed_by != one.decided_by
    _whoever_was_asked_decides(file)
    submitted: dict[str | None, str] = {}
    for event in file.events:
        if event.action in _SUBMITS:
            submitted[event.task_id] = event.actor_id
        elif event.action in _AUDITS and submitted.get(event.task_id):
            joint = event.action == "send_back" and event.from_state not in ("TO_AUDIT",)
            assert joint or submitted[event.task_id] != event.actor_id


def _whoever_was_asked_decides(file: File) -> None:
    """The hotline what it was asked for, the unit above what those below asked it for."""
    asked = {f"requests.{one.id}.state": one for one in file.requests}
    decided = (RequestState.GRANTED.value, RequestState.REFUSED.value)
    for event in file.events:
        for path, (_before, after) in event.changes.items():
            if path in asked and after in decided and event.actor_role is not Role.SYSTEM:
                by_hotline = event.actor_role in HOTLINE_ROLES
                assert by_hotline == (asked[path].decider == HOTLINE), event.action
                assert by_hotline or event.actor_department == asked[path].decider


def no_silent_change(file: File) -> None:
    """[4, 7] Played again, the events give the states, dates and owners that stand in the rows."""
    state = OrderState.DRAFT.value
    after: dict[tuple[str, str], Any] = {}
    for event in file.events:
        assert event.from_state == state
        assert event.actor_id
        assert event.actor_name
        state = event.to_state
        for path, (_before, value) in event.changes.items():
            after[_place(path, event)] = value
    assert state == file.order.state.value
    _compare(file, after)


def _place(path: str, event: OrderEvent) -> tuple[str, str]:
    """Row and column that a change is about."""
    whose, _, rest = path.partition(".")
    if whose in ("tasks", "requests"):
        row, _, name = rest.partition(".")
        return row, name
    if whose == "task":
        return str(event.task_id), rest
    return event.order_id, path


def _compare(file: File, after: dict[tuple[str, str], Any]) -> None:
    rows: dict[str, Any] = {file.order.id: file.order}
    rows |= {row.id: row for row in (*file.tasks, *file.requests)}
    for (owner, name), value in after.items():
        if hasattr(rows.get(owner), name):
            assert plain(getattr(rows[owner], name)) == value, (name, value)
    for task in file.tasks:
        for name in ("department", "role", "state", "sign_due", "due_at"):
            assert (task.id, name) in after, f"a task's {name} stands on no event"
    for request in file.requests:
        assert (request.id, "state") in after


def no_promise_is_shortened(file: File) -> None:
    """[10] Whatever is promised anew is promised for later, unless it became more urgent, or
    another citizen was promised it sooner."""
    for event in file.events:
        if event.action in ("raise_urgency", "merge", "decide_merge"):
            continue
        for path, (before, after) in event.changes.items():
            if path.startswith("task") and path.endswith(("sign_due", "due_at", "contact_due")):
                assert before is None or after >= before, (event.action, path)


def closed_only_for_a_reason(file: File, rules: Rules) -> None:
    """[8] An answer, the citizen's words, or a reason for none; the score follows from facts."""
    order, asked = file.order, file.follow_ups
    closed = order.state in (OrderState.CLOSED, OrderState.ARCHIVED)
    if closed:
        assert order.close_reason is not None
        assert order.closed_at is not None
    for score in file.scores:
        assert score_fault(score, rules) is None
        assert 0 <= score.score <= 100
    match order.close_reason if closed else None:
        case CloseReason.ANSWERED:
            assert order.public_answer
        case CloseReason.FOLLOWED_UP:
            assert any(attempt.reached for attempt in asked)
            assert file.scores
        case CloseReason.UNREACHABLE:
            assert sum(not attempt.reached for attempt in asked) >= 3
        case CloseReason.NO_REPLY_WANTED:
            assert not order.want_reply


def what_is_due_is_a_row(file: File, rules: Rules) -> None:
    """Whoever must sign, decide or go on at a time has a timer for it."""
    order = file.order
    for task in file.tasks:
        wanted = task.state is TaskState.TO_SIGN and order.suspended_at is None
        wanted = wanted and order.state in IN_HAND
        assert (f"sign:{task.id}" in file.timers) == wanted, (order.state, task.state)
    for request in file.requests:
        if rules.handling.silence.get(request.kind) == "refused":
            waits = request.state is RequestState.OPEN
            assert (f"request:{request.id}" in file.timers) == waits
        if request.kind in _OF_UNITS and request.state is RequestState.OPEN:
            assert order.state in IN_HAND, f"{request.kind} of a unit that has nothing to do"
    disputes = [one for one in file.requests if one.kind is RequestKind.DISPUTE]
    disputed = any(one.state is RequestState.OPEN for one in disputes)
    assert (order.disputed_at is not None) == disputed
    assert (f"resume:{order.id}" in file.timers) == (order.suspended_at is not None)
    if order.suspended_at is not None:
        assert order.state in IN_HAND
        assert any(task.state in UNIT_AT_WORK for task in file.tasks)
    assert all(row.attempts == 0 for row in file.timers.values()), "a timer's work failed"
