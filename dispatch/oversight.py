"""What is done about an order without handling it."""

from __future__ import annotations

from sqlalchemy import select

from dispatch.asking import withdraw_all
from dispatch.commands import Note, RaiseUrgency, Withdraw, invalid
from dispatch.promises import Promise
from dispatch.running import keep_order_due, promise_anew, run_clock, show_lights
from dispatch.step import Handler, Step
from dispatch.suspension import owed_clocks
from dispatch.terms import promise_for
from models.errors import TransitionRefused
from models.states import ACTIVE_TASK
from models.tables import OrderEvent, Task
from models.task_tree import active
from models.vocabulary import Action, OrderState, RequestType, Role, TaskState, Urgency

#: Fewer signs than these name no day and no recording.
_SHORTEST_CONSENT = 8


async def note(step: Step, command: Note) -> None:
    """Write something down."""
    step.follow()
    step.reason = command.text
    step.told(internal=command.internal)


async def raise_urgency(step: Step, command: RaiseUrgency) -> None:
    """All that is still owed is promised anew from now on, and never for later than before."""
    step.follow()
    if command.urgency.rank <= step.order.urgency.rank:
        message = f"应高于现在的“{step.order.urgency.label}”"
        raise invalid([{"field": "urgency", "message": message}])
    step.reason = command.reason
    step.change(urgency=command.urgency)
    hurry(step)
    keep_order_due(step)
    show_lights(step)


def hurry(step: Step) -> None:
    """What the order's urgency now asks for, counted from now on, where that is sooner."""
    if step.order.state is OrderState.TO_DISPATCH:
        _hurry_dispatch(step)
    for task in active(step.tasks):
        _hurry(step, task)


def _hurry_dispatch(step: Step) -> None:
    before = Promise.from_json(step.order.clocks["dispatch"])
    promise = promise_for(step.order, step.rules, "dispatch", step.now)
    if promise.due < before.due:
        step.order.clocks = {**step.order.clocks, "dispatch": promise.to_json()}
        step.change(dispatch_due=promise.due)


def _hurry(step: Step, task: Task) -> None:
    for name in owed_clocks(task):
        before = Promise.from_json(task.clocks[name])
        promise = promise_for(step.order, step.rules, name, step.now)
        done = task.submitted_at or promise.due  # what was in time stays in time
        if done <= promise.due < before.due:
            promise_anew(step, task, name, promise)


async def withdraw(step: Step, command: Withdraw) -> None:
    """The citizen takes the demand back; units stop working on it."""
    step.follow()
    _check_consent(command.consent)
    await _check_second_person(step)
    step.reason = command.reason
    step.told(consent=command.consent)
    for task in step.tasks:
        if task.state in ACTIVE_TASK:
            step.change_task(task, state=TaskState.CANCELLED)
    withdraw_all(step, "工单已撤单")
    run_clock(step)


def _check_consent(consent: str) -> None:
    """:raises InvalidInput: when nobody could find the proof by these words."""
    written = "".join(consent.split())
    if len(written) < _SHORTEST_CONSENT or not any(char.isdigit() for char in written):
        message = f"请写明何人何时同意及凭据（录音或材料编号），不少于{_SHORTEST_CONSENT}个字"
        raise invalid([{"field": "consent", "message": message}])


async def _check_second_person(step: Step) -> None:
    """Who took the demand in, or took its protection away, does not strike it off alone.

    :raises TransitionRefused: it is the same person.
    """
    selves = step.actor.selves
    if step.permit is not None and step.permit.role is Role.PARTNER:
        return  # the system that gave the order answers for its own people
    if step.order.accepted_by in selves or await _eased_by(step, selves):
        raise TransitionRefused("不能撤销本人受理或本人更正过性质的工单，请由其他人员办理撤单")


async def _eased_by(step: Step, selves: frozenset[str]) -> bool:
    query = select(OrderEvent).where(
        OrderEvent.order_id == step.order.id,
        OrderEvent.action == Action.AMEND.value,
        OrderEvent.actor_id.in_(selves),
    )
    kept = {
        "request_type": RequestType.REPORT.value,
        "urgency": Urgency.CRITICAL.value,
        "confidential": True,
    }
    events = await step.session.scalars(query)
    return any(
        name in event.changes and event.changes[name][0] == value
        for event in events
        for name, value in kept.items()
    )


HANDLERS: dict[Action, Handler] = {
    Action.RAISE_URGENCY: raise_urgency,
    Action.NOTE: note,
    Action.WITHDRAW: withdraw,
}
