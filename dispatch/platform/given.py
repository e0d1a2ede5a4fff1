"""An order as the system that gave it to us sees it: how far it is, and the result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.rules import Rules
from models.tables import FollowUp, Task, WorkOrder
from models.tables.partners import ExternalRef
from models.task_tree import lead_task
from models.vocabulary import (
    CloseReason,
    DemandFinding,
    FactFinding,
    OrderState,
    Outcome,
    Satisfaction,
    SolvedByCaller,
)


class GivenResult(BaseModel):
    """What was done, once the order is closed. Inner notes stay here."""

    public_answer: str
    fact_finding: FactFinding | None = None
    demand_finding: DemandFinding | None = None
    outcome: Outcome | None = None
    unresolved_reason: str = ""
    department_name: str = ""
    submitted_at: datetime | None = None
    #: What the citizen said at the follow-up, where one was reached.
    solved: SolvedByCaller | None = None
    satisfaction: Satisfaction | None = None


class GivenOrder(BaseModel):
    """An order by its giver's number."""

    external_id: str
    external_no: str
    order_id: str
    order_no: str
    version: int
    state: OrderState
    state_label: str
    accepted_at: datetime
    dispatched_at: datetime | None
    lead_department: str
    lead_department_name: str
    due_at: datetime | None
    #: By when the giver wants the result.
    deadline: datetime | None
    closed_at: datetime | None
    close_reason: CloseReason | None
    result: GivenResult | None


async def given_order(
    session: AsyncSession, rules: Rules, ref: ExternalRef, order: WorkOrder, tasks: Sequence[Task]
) -> GivenOrder:
    """The order as it is now. The result only when it has passed audit and follow-up."""
    closed = order.closed_at is not None
    return GivenOrder(
        external_id=ref.external_id,
        external_no=ref.external_no,
        order_id=order.id,
        order_no=order.order_no,
        version=order.version,
        state=order.state,
        state_label=order.state.label,
        accepted_at=order.accepted_at,
        dispatched_at=order.dispatched_at,
        lead_department=order.lead_department,
        lead_department_name=rules.unit_name(order.lead_department),
        due_at=order.due_at,
        deadline=order.external_due or ref.deadline,
        closed_at=order.closed_at,
        close_reason=order.close_reason,
        result=await _result(session, rules, order, lead_task(tasks)) if closed else None,
    )


async def _result(
    session: AsyncSession, rules: Rules, order: WorkOrder, task: Task | None
) -> GivenResult:
    if task is None:
        return GivenResult(public_answer=order.public_answer)
    query = select(FollowUp).where(FollowUp.task_id == task.id, FollowUp.reached)
    asked = (await session.scalars(query.order_by(FollowUp.at.desc()).limit(1))).first()
    return GivenResult(
        public_answer=order.public_answer,
        fact_finding=task.fact_finding,
        demand_finding=task.demand_finding,
        outcome=task.outcome,
        unresolved_reason=task.unresolved_reason,
        department_name=rules.unit_name(task.department),
        submitted_at=task.submitted_at,
        solved=asked.solved if asked else None,
        satisfaction=asked.satisfaction if asked else None,
    )
