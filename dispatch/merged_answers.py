"""The answer of a lead order given to each order merged into it, some in one transaction."""

from __future__ import annotations

from sqlalchemy import select

from dispatch.asked_of import case_of, why_not_asked
from dispatch.commands import AnswerMerged
from dispatch.ending import close
from dispatch.merging import step_on
from dispatch.running import done_before, run_clock
from dispatch.step import Handler, Step
from models.ids import new_id
from models.tables import Task, WorkOrder
from models.task_tree import lead_task
from models.vocabulary import Action, OrderState, TaskRole, TaskState
from models.workflow import Case

#: Answered in one transaction; the timer comes again for the rest.
AT_ONCE = 50


class Busy(Exception):
    """All merged orders are in the hands of others: the timer tries again."""


async def answer_merged(step: Step, command: AnswerMerged) -> None:
    """Called on the lead order by its timer."""
    step.follow(Case.TAKE_IN)
    query = select(WorkOrder.id).where(
        WorkOrder.merged_into == step.order.id, WorkOrder.state == OrderState.MERGED
    )
    free = query.order_by(WorkOrder.id).limit(AT_ONCE).with_for_update(skip_locked=True)
    found = list(await step.session.scalars(free))
    if not found and step.order.merged_count:
        raise Busy(step.order.order_no)
    for order_id in found:
        await _answer(step, order_id)
    step.told(orders=len(found))
    step.change(merged_count=step.order.merged_count - len(found))


async def _answer(lead: Step, order_id: str) -> None:
    """One caller's own answer, to be followed up on its own."""
    step = await step_on(lead, order_id, Action.ANSWER_MERGED)
    ended = why_not_asked(step.order, step.rules)
    step.follow(case_of(ended))
    task = _share(lead, step)
    step.turn_to(None)  # not about what was done before it was opened again
    step.add_task(task)
    step.told(into=lead.order.order_no)
    step.change(
        lead_department=task.department,
        public_answer=lead.order.public_answer,
        due_at=task.due_at,
        dispatched_at=task.dispatched_at,
    )
    if ended is not None:
        await close(step, ended)
    run_clock(step)
    await step.finish()


def _share(lead: Step, step: Step) -> Task:
    """The unit's work counts for this caller too: the lead's task, as this order's own. It follows
    what was done for this caller before the order was opened again."""
    done, before = lead_task(lead.tasks), done_before(step)
    assert done is not None, "a lead order is answered by its task"
    same = (
        "department",
        "clocks",
        "dispatched_at",
        "sign_due",
        "signed_at",
        "signed_by",
        "first_contact_due",
        "first_contacted_at",
        "contact_excused_at",
        "progress_due",
        "first_progress_at",
        "due_at",
        "light_yellow_at",
        "light_orange_at",
        "submitted_at",
        "submitted_by",
        "fact_finding",
        "demand_finding",
        "outcome",
        "unresolved_reason",
        "public_answer",
        "internal_note",
        "reviewed_by",
        "evidence",
    )
    return Task(
        id=new_id(),
        order_id=step.order.id,
        role=TaskRole.LEAD,
        state=TaskState.DONE,
        redo_of=before.id if before else None,
        note=f"由主单 {lead.order.order_no} 一并办理",
        opinion="",
        contact_tries=[],
        sent_back_count=0,
        open_urges=0,
        open_supervision=0,
        highest_supervision=0,
        **{name: getattr(done, name) for name in same},
    )


HANDLERS: dict[Action, Handler] = {Action.ANSWER_MERGED: answer_merged}
