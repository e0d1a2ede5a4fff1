"""Which clock of an order runs in which state, and the lights it shows in lists."""

from __future__ import annotations

from config.service_levels import Policy
from dispatch.promises import Promise, redo_limit
from dispatch.rules import Rules
from dispatch.step import Step
from models.ids import new_id
from models.tables import Task, WorkOrder
from models.vocabulary import OrderState, TaskRole, TaskState

#: Clock of the order itself that starts when a state is entered.
_ORDER_CLOCKS = {
    OrderState.TO_DISPATCH: "dispatch",
    OrderState.TO_AUDIT: "audit",
    OrderState.TO_FOLLOW_UP: "follow_up",
}


def policy_of(order: WorkOrder, rules: Rules) -> Policy:
    """The policy the order falls under as it now is."""
    return rules.policy_for(order.request_type, order.urgency, order.channel, order.category)


def run_clock(step: Step) -> None:
    """Start the clock of the state the order is in now, and show its lights."""
    order = step.order
    name = _ORDER_CLOCKS.get(order.state)
    if name is not None:
        promise = _start_order_clock(step, name)
    elif order.state in (OrderState.DISPATCHED, OrderState.REDO):
        promise = Promise.from_json(step.lead.clocks["handle"])
    else:
        promise = None
    order.light_yellow_at = promise.yellow_at if promise else None
    order.light_orange_at = promise.orange_at if promise else None
    order.light_red_at = promise.due if promise else None


def _start_order_clock(step: Step, name: str) -> Promise:
    order, policy = step.order, policy_of(step.order, step.rules)
    start = order.accepted_at if name == "dispatch" else step.now
    promise = step.rules.promiser.make(name, start, getattr(policy.clocks, name), policy)
    order.clocks = {**order.clocks, name: promise.to_json()}
    if name == "dispatch":
        step.change(dispatch_due=promise.due)
        order.sla_version, order.sla_policy = promise.policy_version, policy.code
    return promise


def new_lead_task(step: Step, department: str, note: str, redo_of: Task | None = None) -> Task:
    """Give the unit its task: every clock of it is promised here, from this moment."""
    order, policy = step.order, policy_of(step.order, step.rules)
    clocks = _task_clocks(step, policy, redo=redo_of is not None)
    task = Task(
        id=new_id(),
        order_id=order.id,
        redo_of=redo_of.id if redo_of else None,
        department=department,
        role=TaskRole.LEAD,
        state=TaskState.TO_SIGN,
        note=note,
        clocks={name: promise.to_json() for name, promise in clocks.items()},
        dispatched_at=step.now,
        sign_due=clocks["sign"].due,
        first_contact_due=clocks["first_contact"].due,
        due_at=clocks["handle"].due,
        sent_back_count=0,
    )
    step.add_task(task)
    order.sla_version = step.rules.service_levels.version
    order.sla_policy = policy.code
    step.change(
        lead_department=department,
        due_at=task.due_at,
        due_provisional=clocks["handle"].provisional,
    )
    return task


def _task_clocks(step: Step, policy: Policy, redo: bool) -> dict[str, Promise]:
    limits = {name: getattr(policy.clocks, name) for name in ("sign", "first_contact", "handle")}
    if redo:
        limits["handle"] = redo_limit(limits["handle"], step.rules.service_levels.redo)
    make = step.rules.promiser.make
    clocks = {name: make(name, step.now, limit, policy) for name, limit in limits.items()}
    # Signing within twice its limit is still worth something in the closure assessment.
    clocks["sign_twice"] = make("sign_twice", step.now, limits["sign"].times(2), policy)
    return clocks
