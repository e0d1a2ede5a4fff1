"""What holds of every order whatever happens: the invariants of the domain, one function each.

Numbers in brackets are those of the invariants in docs/handling.md. What holds of clocks and dates
is in ``laws_of_time``, who may decide what in ``laws_of_consent``.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from dispatch.assessment.facts import ClosureFacts
from dispatch.assessment.record import score_fault
from dispatch.rules import Rules
from dispatch.step import plain
from models.states import ACTIVE_TASK, IN_HAND, OPEN_STATES, UNIT_AT_WORK
from models.tables import Task
from models.task_tree import active, children_of, depth, lead_task, leader_of, parent_of
from models.vocabulary import (
    CloseReason,
    OrderState,
    OversightKind,
    OversightState,
    RequestKind,
    RequestState,
    TaskRole,
    TaskState,
)
from tests.dispatch import laws_of_consent, laws_of_time
from tests.dispatch.order_file import File

_OF_UNITS = (
    RequestKind.RETURN,
    RequestKind.DISPUTE,
    RequestKind.EXTENSION,
    RequestKind.SUSPENSION,
)
#: Somebody still owes something.
_UNSETTLED = (OversightState.OPEN, OversightState.ANSWERED)


def check(file: File, rules: Rules) -> None:
    """All of them."""
    one_lead_and_a_clock(file)
    the_tree_is_sound(file)
    no_silent_change(file)
    what_is_counted_is_there(file)
    closed_only_for_a_reason(file)
    scores_follow_from_the_facts(file, rules)
    what_is_due_is_a_row(file, rules)
    laws_of_consent.check(file)
    laws_of_time.check(file, rules)


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
    """[2] One lead at each level, a unit once, no child after its parent's end or end of time; nor
    whoever helps, unless that end is past: nobody is late for another unit."""
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
            late = lead.due_at <= file.events[-1].at + timedelta(minutes=1)
            assert late or task.due_at <= lead.due_at, "who helps is done before whom it helps"
        if task.state is TaskState.DELEGATED:
            assert active(children_of(task, file.tasks))
    for task in file.tasks:
        if task.state not in ACTIVE_TASK:
            assert not active(children_of(task, file.tasks))


def _is_top_lead(task: Task) -> bool:
    return task.parent_id is None and task.role is TaskRole.LEAD


def no_silent_change(file: File) -> None:
    """[4, 7] Played again, the events give the states, dates and owners that stand in the rows."""
    state = OrderState.DRAFT.value
    after: dict[tuple[str, str], Any] = {}
    for event in file.events:
        assert event.from_state == state
        assert event.actor_id
        assert event.actor_name
        state = event.to_state
        for path, (before, value) in event.changes.items():
            place = file.place(path, event)
            # What is only told (``order``, ``into``, ``card`` …) has nothing before it.
            assert before is None or after.get(place, before) == before, (event.action, path)
            after[place] = value
    assert state == file.order.state.value
    _compare(file, after)


def _compare(file: File, after: dict[tuple[str, str], Any]) -> None:
    rows: dict[str, Any] = {file.order.id: file.order}
    rows |= {task.id: task for task in file.tasks} | {one.id: one for one in file.requests}
    for (owner, name), value in after.items():
        if hasattr(rows.get(owner), name):
            assert plain(getattr(rows[owner], name)) == value, (name, value)
    for task in file.tasks:
        for name in ("department", "role", "state", "sign_due", "due_at"):
            assert (task.id, name) in after, f"a task's {name} stands on no event"
    for request in file.requests:
        assert (request.id, "state") in after


def what_is_counted_is_there(file: File) -> None:
    """[7] Counted again, urges, supervision and merged orders are as many as the rows say."""
    unsettled = [one for one in file.oversights if one.state in _UNSETTLED]
    for task in file.tasks:
        mine = [one for one in unsettled if one.task_id == task.id]
        urges = [one for one in mine if one.kind is OversightKind.URGE]
        levels = [one.level for one in mine if one.kind is OversightKind.SUPERVISION]
        assert task.open_urges == len(urges)
        assert [task.open_supervision] == (levels or [0]), "one supervision is in force at most"
        counts = [one for one in file.oversights if one.state is not OversightState.LIFTED]
        # What a unit was under when it had the order before is not reached again.
        hands = {one.id for one in (task, *file.had_before(task))}
        ever = [one.level for one in counts if one.task_id in hands and one.level]
        assert task.highest_supervision == min(ever, default=0)
    hardest = [task.open_supervision for task in file.tasks if task.open_supervision]
    assert file.order.supervised == min(hardest, default=0)
    assert file.order.merged_count == file.waiting
    off_the_shelf = sum(event.action == "take_off_shelf" for event in file.events)
    rounds = file.order.redo_count + file.order.reopen_count + off_the_shelf
    assert rounds >= sum(_done_again(task) for task in file.tasks)


def _done_again(task: Task) -> bool:
    return task.redo_of is not None and task.state is TaskState.DONE


def closed_only_for_a_reason(file: File) -> None:
    """[8] An answer, the citizen's words, or a reason for none."""
    order, asked = file.order, file.follow_ups
    closed = order.state in (OrderState.CLOSED, OrderState.ARCHIVED)
    if closed:
        assert order.close_reason is not None
        assert order.closed_at is not None
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
        case CloseReason.TRANSFERRED:
            assert order.public_answer
            assert [one.state for one in file.requests if one.kind is RequestKind.TRANSFER][-1] == (
                RequestState.GRANTED
            )


def scores_follow_from_the_facts(file: File, rules: Rules) -> None:
    """[7] Each score from the facts beside it, those of the last from the order as it stands."""
    for score in file.scores:
        assert score_fault(score, rules) is None
        assert 0 <= score.score <= 100
    if file.facts is not None:
        last = file.scores[-1]
        assert ClosureFacts.from_json(last.explanation["facts"]) == file.facts
        assert file.facts.digest(rules.scoring.version) == last.input_hash


def what_is_due_is_a_row(file: File, rules: Rules) -> None:
    """[7] Whoever must sign, decide or go on at a time has a timer for it; nobody else has one."""
    order = file.order
    assert {key: row.due_at for key, row in file.timers.items()} == file.wanted
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
