"""Shelved orders (疑难挂账): a plan, somebody in charge, and a look at them every so often."""

from __future__ import annotations

from dispatch.asking import ask_office, decide
from dispatch.back_in_hand import go_on, waiting_return
from dispatch.commands import AskShelf, DecideShelf, ReviewShelf, TakeOffShelf
from dispatch.possible import check_possible
from dispatch.running import new_lead_task, run_clock
from dispatch.step import Handler, Step
from dispatch.suspension import resume_clocks
from dispatch.terms import promise_for
from models.states import ACTIVE_TASK
from models.task_tree import lead_task
from models.vocabulary import Action, RequestKind
from models.workflow import Case


async def ask_shelf(step: Step, command: AskShelf) -> None:
    """With a plan, somebody in charge, and the citizen told."""
    step.follow()
    step.reason = command.reason
    wanted = command.model_dump(include={"plan", "leader", "caller_informed"})
    due = promise_for(step.order, step.rules, "shelve_decision", step.now).due
    ask_office(step, RequestKind.SHELF, command.reason, due, task=step.subject, wanted=wanted)
    step.told(**wanted)


async def decide_shelf(step: Step, command: DecideShelf) -> None:
    """The clocks of the units rest until it is taken off the shelf."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    step.reason = command.reason
    decide(step, command.granted, command.reason)
    if not command.granted:
        return
    if returned := waiting_return(step, step.subject):  # it ends with this, undecided
        await go_on(step, returned.asked_at, step.subject)
    step.change(shelved_at=step.now)
    run_clock(step)


async def review_shelf(step: Step, command: ReviewShelf) -> None:
    """What has come of the plan. After a year only a leader may leave it where it is."""
    step.follow()
    check_possible(step)
    step.reason = command.progress
    run_clock(step)


async def take_off_shelf(step: Step, command: TakeOffShelf) -> None:
    """The unit goes on; one whose result was not accepted begins anew, by the plan and
    with the time for handling: that is no redo."""
    step.follow()
    step.reason = command.reason
    since, task = step.order.shelved_at or step.now, lead_task(step.tasks)
    assert task is not None, "an order is shelved while a unit has it, or had"
    if task.state in ACTIVE_TASK:
        resume_clocks(step, since)
        await go_on(step, since)
    else:
        new_lead_task(step, task.department, command.reason)
    step.change(shelved_at=None)
    run_clock(step)


HANDLERS: dict[Action, Handler] = {
    Action.ASK_SHELF: ask_shelf,
    Action.DECIDE_SHELF: decide_shelf,
    Action.REVIEW_SHELF: review_shelf,
    Action.TAKE_OFF_SHELF: take_off_shelf,
}
