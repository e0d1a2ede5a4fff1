"""A supervised order goes to another unit, or comes to the same one again: supervision goes on.

Whoever has the order now answers, with the time of its own that another unit needs. No further
card: the lateness was not the new unit's. Of an order that a unit has rightly given back (退单)
nothing is carried: that unit's supervision is lifted, and nobody else was late.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from dispatch.oversights import OPEN
from dispatch.step import Step
from dispatch.terms import promise_for
from models.errors import TransitionRefused
from models.ids import new_id
from models.tables import Oversight, Task
from models.task_tree import lead_task, taken_back
from models.vocabulary import OversightKind, OversightState, Role, TaskState

#: Supervision that nobody had settled when its task was taken back.
TO_THE_END = (*OPEN, OversightState.ENDED)


async def supervision_goes_on(step: Step, before: Task | None, task: Task) -> None:
    """What the lead task ``before`` was under when it was taken back, its successor is under."""
    row = await in_force_at_the_end(step, before) if before is not None else None
    if row is None:
        return
    same = row.department == task.department
    step.session.add(_carried(step, row, task, same))
    highest = min(task.highest_supervision or row.level, row.level)
    step.change_task(task, open_supervision=row.level, highest_supervision=highest)
    step.change(supervised=row.level)
    if step.changes.get("supervised") == [
        row.level,
        row.level,
    ]:  # taken off with the task, and back
        del step.changes["supervised"]
    step.told(supervision=step.rules.oversight.level(row.level).name, number=row.number)


async def in_force_at_the_end(step: Step, task: Task) -> Oversight | None:
    """The supervision that nobody had settled when the task was taken back."""
    query = select(Oversight).where(
        Oversight.order_id == task.order_id,
        Oversight.task_id == task.id,
        Oversight.kind == OversightKind.SUPERVISION,
        Oversight.state.in_(TO_THE_END),
    )
    await step.session.flush()
    return (await step.session.scalars(query.order_by(Oversight.level))).first()


def _carried(step: Step, row: Oversight, task: Task, same: bool) -> Oversight:
    """The same supervision: its number, reason and issuer stay; it is counted once in a score."""
    clock = f"supervise_{row.level}"
    due = promise_for(step.order, step.rules, clock, step.now, task.department).due
    return Oversight(
        id=new_id(),
        order_id=step.order.id,
        task_id=task.id,
        department=task.department,
        kind=OversightKind.SUPERVISION,
        level=row.level,
        number=row.number,
        reason_code=row.reason_code,
        reason=row.reason,
        by_caller=False,
        state=OversightState.OPEN,
        issued_at=row.issued_at,
        issued_by=row.issued_by,
        issued_by_name=row.issued_by_name,
        due_at=min(row.due_at, due) if same else due,
        lapsed_at=row.lapsed_at if same else None,
        answer="",
        answered_by_name="",
        remark="",
    )


def last_taken_back(step: Step, redo_of: str | None) -> Task | None:
    """The lead task of a round that was taken back last: by a merge, when the order is parted from
    the other one and dispatched again."""
    found = taken_back(step.tasks, redo_of)
    return found[-1] if found else None


def held_before(tasks: Sequence[Task]) -> Task | None:
    """The lead task that was taken back last in the round that a task dispatched now belongs to."""
    lead = lead_task(tasks)
    done = lead.id if lead is not None and lead.state is TaskState.DONE else None
    found = taken_back(tasks, done)
    return found[-1] if found else None


def only_it(unit: str) -> str:
    """Why a dispatcher gives an order back to the unit that had it."""
    return f"该工单原由{unit}承办，已超期或正在督办，改派其他单位的，由班长派单"


async def check_may_move(step: Step, department: str) -> None:
    """Merged and parted, an order that is late or was supervised goes to another unit by the
    office's word only, as when it is moved at once.

    :raises TransitionRefused: for a dispatcher.
    """
    before = held_before(step.tasks)
    moves = before is not None and before.department != department
    if before is None or not moves or step.follow().role is not Role.DISPATCHER:
        return
    if step.now > before.due_at or await in_force_at_the_end(step, before) is not None:
        raise TransitionRefused(only_it(step.rules.unit_name(before.department)))
