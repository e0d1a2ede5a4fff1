"""Gathering the facts of an order and keeping its score; a correction is a new revision."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.assessment.assess import Score, assess
from dispatch.assessment.contact import tried_too_late, why_no_contact
from dispatch.assessment.facts import ClosureFacts
from dispatch.assessment.opening import Opening, opening_of
from dispatch.assessment.oversight_facts import offences, oversight_counts
from dispatch.promises import Promise
from dispatch.rounds import redos_since
from dispatch.rules import Rules
from dispatch.step import Step
from models.ids import new_id
from models.store import Store
from models.tables import AuditReview, ClosureScore, FollowUp, Task, WorkOrder
from models.task_tree import same_hands
from models.vocabulary import TaskRole, Urgency


async def record_score(step: Step) -> Score:
    """Assess the order that is being closed and store the score, in the same transaction."""
    facts = await gather_facts(step.session, step.order, step.tasks, step.rules)
    score = assess(facts, step.rules.scoring, step.rules.zone)
    query = select(func.max(ClosureScore.revision)).where(ClosureScore.order_id == step.order.id)
    revision = (await step.session.scalar(query) or 0) + 1
    step.order.scoring_version = score.rule_version
    step.session.add(
        ClosureScore(
            id=new_id(),
            order_id=step.order.id,
            revision=revision,
            at=step.now,
            rule_version=score.rule_version,
            score=score.score,
            explanation={**score.to_json(), "facts": facts.to_json()},
            input_hash=score.input_hash,
        )
    )
    return score


async def gather_facts(
    session: AsyncSession, order: WorkOrder, tasks: Sequence[Task], rules: Rules
) -> ClosureFacts:
    """The facts of an order with a submitted result.

    Times are those of the first round (a redo is a deduction), marks and opinions the last ones. Of
    an order that was opened again all is looked at from then on.
    """
    opening = await opening_of(session, order, tasks)
    first, last = opening.first, opening.last
    assert first.submitted_at is not None, "an order is assessed only after a result"
    review = await _passed_review(session, last.id)
    opinion = await _opinion(session, last.id)
    by_hour = order.urgency is not Urgency.NORMAL
    why_not = why_no_contact(order, first)
    # Whoever has had the order before has signed for it then, in time or not.
    got = next((one for one in same_hands(first, tasks) if one.signed_at is not None), first)
    return ClosureFacts(
        dispatched_at=got.dispatched_at,
        sign_due=got.sign_due,
        sign_due_twice=Promise.from_json(got.clocks["sign_twice"]).due,
        signed_at=got.signed_at,
        contact_applies=why_not is None,
        why_no_contact=why_not,
        first_contact_due=first.first_contact_due,
        first_contacted_at=first.first_contacted_at,
        contact_tried_at=tried_too_late(first) if why_not is None else None,
        due_at=first.due_at,
        submitted_at=first.submitted_at,
        by_hour=by_hour,
        late_units=_late_units(first.due_at, first.submitted_at, by_hour, rules),
        process=review.process if review else None,
        quality=review.quality if review else None,
        solved=opinion.solved if opinion else None,
        satisfaction=opinion.satisfaction if opinion else None,
        counts=await _counts(session, order, tasks, opening),
        offences=await offences(session, order, opening),
    )


async def _counts(
    session: AsyncSession, order: WorkOrder, tasks: Sequence[Task], opening: Opening
) -> dict[str, int]:
    # What a unit sends back to those below or beside it is its own affair.
    own = [task for task in tasks if task.parent_id is None and task.role is TaskRole.LEAD]
    counts = {
        "sent_back": sum(task.sent_back_count for task in own if opening.has(task)),
        "redo": await redos_since(session, order.id, opening.seq),
    }
    happened = {code: count for code, count in counts.items() if count}
    return happened | await oversight_counts(session, order, opening)


def _late_units(due: datetime, done: datetime, by_hour: bool, rules: Rules) -> int:
    if not by_hour:
        return rules.counter.working_days_late(due, done)
    return max(0, math.ceil((done - due) / timedelta(hours=1)))


async def _passed_review(session: AsyncSession, task_id: str) -> AuditReview | None:
    """The review that passed the task; there is one at most."""
    query = select(AuditReview).where(AuditReview.task_id == task_id, AuditReview.passed)
    return (await session.scalars(query)).first()


async def _opinion(session: AsyncSession, task_id: str) -> FollowUp | None:
    """What the citizen says of the last round; what was said of an earlier one led to the redo."""
    query = select(FollowUp).where(FollowUp.task_id == task_id, FollowUp.reached)
    latest = query.order_by(FollowUp.at.desc(), FollowUp.id.desc())
    return (await session.scalars(latest)).first()


@dataclass(frozen=True, kw_only=True)
class ScoreFault:
    """A stored score that its own facts do not give."""

    order_id: str
    order_no: str
    message: str


def score_fault(stored: ClosureScore, rules: Rules) -> str | None:
    """Compute a stored score again: what is wrong with it, or None.

    Only possible with the rule version it was made by; one of an older version is passed over.
    """
    if stored.rule_version != rules.scoring.version:
        return None
    try:
        facts = ClosureFacts.from_json(stored.explanation["facts"])
    except (KeyError, TypeError, ValueError):
        return "评估依据的事实无法读取"
    again = assess(facts, rules.scoring, rules.zone)
    if again.input_hash != stored.input_hash:
        return "评估依据的事实被改动"
    if again.score != stored.score:
        return f"评估分存为{stored.score:g}分，重新计算为{again.score:g}分"
    return None


async def verify_scores(store: Store, rules: Rules) -> list[ScoreFault]:
    """Compute every stored score again."""
    query = select(ClosureScore, WorkOrder.order_no).join(
        WorkOrder, WorkOrder.id == ClosureScore.order_id
    )
    faults: list[ScoreFault] = []
    async with store.read() as session:
        async for stored, number in await session.stream(query.order_by(ClosureScore.id)):
            if message := score_fault(stored, rules):
                fault = ScoreFault(order_id=stored.order_id, order_no=number, message=message)
                faults.append(fault)
    return faults
