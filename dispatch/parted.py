"""What merging an order brought forward goes back when it is parted from the lead order again.

Only what nothing else has touched meanwhile, and only when nobody else is merged in: whatever was
decided since then stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dispatch.oversight_times import lift_untrue
from dispatch.promises import Promise
from dispatch.running import TASK_DUES, keep_order_due, promise_anew, show_lights
from dispatch.step import Step, plain
from dispatch.terms import terms_of
from models.states import ACTIVE_TASK, IN_HAND
from models.tables import OrderEvent, Task
from models.task_tree import lead_task
from models.vocabulary import Action, OrderState, Urgency

_MERGING = (Action.MERGE.value, Action.DECIDE_MERGE.value)
#: Fields of a task, and the clock whose end they show.
_CLOCKS = {column: name for name, column in TASK_DUES.items()}
_WHY = "已解除并单"


async def give_back(lead: Step, order_no: str) -> None:
    """``lead``: the step on the lead order; ``order_no``: of the one that leaves it."""
    event = await _merged(lead, order_no)
    in_hand = lead.order.state in IN_HAND and lead.order.suspended_at is None
    if event is None or lead.order.merged_count:
        return
    ends = list(_ends(lead, event))
    if in_hand and all(end.earlier is not None for end in ends):
        _as_urgent_as_before(lead, event.changes)
        await _give_time(lead, ends)
    elif lead.order.state is OrderState.TO_DISPATCH:
        _as_urgent_as_before(lead, event.changes)


async def _merged(lead: Step, order_no: str) -> OrderEvent | None:
    """The event by which the order came into this one, the last time."""
    query = select(OrderEvent).where(
        OrderEvent.order_id == lead.order.id, OrderEvent.action.in_(_MERGING)
    )
    events = await lead.session.scalars(query.order_by(OrderEvent.seq.desc()))
    return next((one for one in events if one.changes.get("order") == [None, order_no]), None)


@dataclass(frozen=True, kw_only=True)
class _End:
    """The end of a task's clock that was brought forward. ``earlier``: the promise before that;
    None: something else has moved it since."""

    task: Task
    clock: str
    earlier: Promise | None


def _ends(lead: Step, event: OrderEvent) -> Iterator[_End]:
    for path, (before, after) in event.changes.items():
        whose, _, column = path.rpartition(".")
        row = event.task_id if whose == "task" else whose.removeprefix("tasks.")
        task = next((one for one in lead.tasks if one.id == row), None)
        clock = _CLOCKS.get(column)
        if task is None or task.state not in ACTIVE_TASK or clock is None or before is None:
            continue
        same = plain(getattr(task, column)) == after
        yield _End(task=task, clock=clock, earlier=_kept(task, clock, before) if same else None)


def _kept(task: Task, clock: str, due: str) -> Promise | None:
    """The promise of that end which was replaced."""
    kept = (one for name, one in task.clocks.items() if name.startswith(f"{clock}."))
    return next((one for one in map(Promise.from_json, kept) if plain(one.due) == due), None)


def _as_urgent_as_before(lead: Step, changes: dict[str, Any]) -> None:
    urgency, external = changes.get("urgency"), changes.get("external_due")
    if urgency and lead.order.urgency.value == urgency[1]:
        lead.change(urgency=Urgency(urgency[0]))
    if external and plain(lead.order.external_due) == external[1]:
        before = external[0]
        lead.change(external_due=datetime.fromisoformat(before) if before else None)


async def _give_time(lead: Step, ends: list[_End]) -> None:
    task = lead_task(lead.tasks)
    lead.turn_to(task)
    for end in ends:
        if end.earlier is not None:
            words = f"{end.earlier.explanation}{_WHY}，恢复原时限。"
            promise_anew(lead, end.task, end.clock, replace(end.earlier, explanation=words))
            if end.clock == "sign":
                _give_back_twice(lead, end.task)
    keep_order_due(lead)
    show_lights(lead)
    if task is not None:
        _ask_no_report(lead, task)
        await lift_untrue(lead, task, _WHY)


def _give_back_twice(lead: Step, task: Task) -> None:
    """Twice the time for signing was brought forward with it."""
    kept = [key for key in task.clocks if key.startswith("sign_twice.")]
    earlier = Promise.from_json(task.clocks[f"sign_twice.{len(kept)}"]) if kept else None
    if earlier is not None and earlier.due > Promise.from_json(task.clocks["sign_twice"]).due:
        promise_anew(lead, task, "sign_twice", earlier)


def _ask_no_report(lead: Step, task: Task) -> None:
    """What can wait for its result again need not be reported on before."""
    owed = task.progress_due is not None and task.first_progress_at is None
    if owed and not terms_of(lead.order, lead.rules).has("progress"):
        task.clocks = {k: one for k, one in task.clocks.items() if k.split(".")[0] != "progress"}
        lead.change_task(task, progress_due=None)
