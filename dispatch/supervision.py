"""Supervision (督办) in three levels, and the cards that come with it."""

from __future__ import annotations

from sqlalchemy import func, select

from config.oversight import SupervisionLevel as LevelRule
from dispatch.asking import ask_office, decide
from dispatch.commands import (
    AnswerSupervision,
    DecideSupervision,
    LapseSupervision,
    ProposeSupervision,
    SettleSupervision,
    Supervise,
)
from dispatch.evidence import attach
from dispatch.numbers import NAME_LENGTH, next_in
from dispatch.oversight_timers import leader_asked
from dispatch.oversights import issue_supervision, open_ones, refresh_level, settle
from dispatch.possible import check_possible
from dispatch.step import Handler, Step
from dispatch.terms import promise_for
from models.errors import TransitionRefused
from models.ids import new_id
from models.tables import OrderRequest, Oversight, Task, UnitCard
from models.vocabulary import (
    Action,
    CardColour,
    OversightKind,
    OversightState,
    RequestKind,
    RequestState,
    SupervisionLevel,
    SupervisionReason,
)
from models.workflow import Case

_CASES = {
    SupervisionLevel.THREE: Case.LEVEL_3,
    SupervisionLevel.TWO: Case.LEVEL_2,
    SupervisionLevel.ONE: Case.LEVEL_1,
}


async def supervise(step: Step, command: Supervise) -> None:
    """Make the unit answer for the order."""
    step.follow(_CASES[command.level])
    step.reason = command.reason
    await begin(step, step.subject, command.level, command.reason_code, command.reason)


async def begin(
    step: Step, task: Task, level: SupervisionLevel, code: SupervisionReason, reason: str
) -> Oversight:
    """Supervise a task, in place of what it is under already; a card goes with it where the rules
    say so."""
    for milder in await open_ones(step, task):
        if milder.kind is OversightKind.SUPERVISION:
            settle(step, milder, OversightState.RAISED)
    row = issue_supervision(step, task, level, code, reason)
    rule = step.rules.oversight.level(level.rank)
    if rule.numbered:
        row.number = await _letter(step)
    step.told(supervision=rule.name, number=row.number, answer_due=row.due_at)
    await step.session.flush()
    fit = [
        card.colour
        for card in step.rules.oversight.cards
        if level.rank in card.levels or code in card.reasons
    ]
    if fit:
        give_card(step, task, max(fit, key=lambda one: one.rank), f"{rule.name}：{code.label}", row)
    return row


async def go_up(
    step: Step, task: Task, level: LevelRule, code: SupervisionReason, reason: str
) -> None:
    """As part of another step: supervise the task, unless it is at this level or above."""
    if task.open_supervision and task.open_supervision <= level.level:
        return
    await begin(step, task, SupervisionLevel(str(level.level)), code, reason)


async def _letter(step: Step) -> str:
    """The number of the letter, counted from 1 in each year."""
    year = step.rules.counter.local(step.now).year
    number = await next_in(step.session, f"letter-{year}")
    return step.rules.oversight.letter.format(year=year, number=number)


def give_card(
    step: Step, task: Task, colour: CardColour, reason: str, row: Oversight | None = None
) -> None:
    """Show the unit a card; it stands in its statistics."""
    step.session.add(
        UnitCard(
            id=new_id(),
            order_id=step.order.id,
            task_id=task.id,
            department=task.department,
            colour=colour,
            reason=reason,
            oversight_id=row.id if row else None,
            at=step.now,
        )
    )
    step.told(card=colour)


async def card_for_returns(step: Step, task: Task) -> None:
    """A return was refused just now: every so many of a unit within a year are a card."""
    # One after the other: of two at once neither would count the other's.
    await next_in(step.session, f"returns-{task.department}"[:NAME_LENGTH])
    local = step.rules.counter.local(step.now)
    first = local.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    query = select(func.count()).where(
        OrderRequest.kind == RequestKind.RETURN,
        OrderRequest.state == RequestState.REFUSED,
        OrderRequest.asked_department == task.department,
        OrderRequest.decided_at >= first,
    )
    await step.session.flush()
    refused = await step.session.scalar(query) or 0
    for card in step.rules.oversight.cards:
        if card.returns_refused and refused % card.returns_refused == 0:
            give_card(step, task, card.colour, f"{local.year}年不当退单{refused}次")


async def answer_supervision(step: Step, command: AnswerSupervision) -> None:
    """The unit answers; whoever is in charge of the order looks at it."""
    step.follow()
    step.reason = command.answer
    row = await _in_force(step)
    await attach(step, command.files)
    row.answer, row.answered_at = command.answer, step.now
    row.answered_by, row.answered_by_name = step.actor.id, step.actor.name
    row.state = OversightState.ANSWERED
    limit = step.rules.oversight.answer_review.limit
    row.due_at = step.rules.counter.due(step.now, limit).at
    step.told(review_due=row.due_at)


async def settle_supervision(step: Step, command: SettleSupervision) -> None:
    """The answer is enough, or the unit has to answer again."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    step.reason = command.remark
    row = await _in_force(step)
    row.remark, row.lapsed_at = command.remark, None
    if command.granted:
        settle(step, row, OversightState.ACCEPTED, command.remark)
        step.change_task(step.subject, open_supervision=0)
        refresh_level(step)
        return
    clock = f"supervise_{row.level}"
    row.state = OversightState.OPEN
    row.due_at = promise_for(step.order, step.rules, clock, step.now, row.department).due
    step.told(**{"answer_due": row.due_at, f"oversights.{row.id}.answer_due": row.due_at})


async def _in_force(step: Step) -> Oversight:
    """The supervision of the subject task, where it is the actor's turn."""
    rows = await open_ones(step, step.subject)
    check_possible(step, oversights=rows)
    return next(row for row in rows if row.kind is OversightKind.SUPERVISION)


async def lapse_supervision(step: Step, command: LapseSupervision) -> None:
    """Nobody answered in time: it stays open, and the next harder one follows."""
    waiting = (row for row in await open_ones(step) if row.id == command.oversight_id)
    row = next(waiting, None)
    if row is None or row.state is not OversightState.OPEN or row.lapsed_at is not None:
        raise TransitionRefused("该督办已经答复")
    step.follow()
    task = next(one for one in step.tasks if one.id == row.task_id)
    step.turn_to(task)
    row.lapsed_at = step.now
    step.reason = f"{step.rules.oversight.level(row.level).name}逾期未答复"
    step.told(lapsed_supervision=row.level)
    harder = step.rules.oversight.harder(row.level)
    if harder is None:
        return
    if harder.automatic:
        await go_up(step, task, harder, SupervisionReason.UNANSWERED, step.reason)
    elif not leader_asked(step, task):
        ask_leader(step, task, SupervisionReason.UNANSWERED, step.reason)


async def propose_supervision(step: Step, command: ProposeSupervision) -> None:
    """A leader is asked to supervise the unit."""
    step.follow()
    step.reason = command.reason
    ask_leader(step, step.subject, command.reason_code, command.reason)


def ask_leader(step: Step, task: Task, code: SupervisionReason, reason: str) -> None:
    """Propose that a leader supervises the unit."""
    limit = step.rules.oversight.supervision_decision.limit
    due = step.rules.counter.due(step.now, limit).at
    ask_office(step, RequestKind.SUPERVISION, reason, due, task=task, reason_code=code.value)


async def decide_supervision(step: Step, command: DecideSupervision) -> None:
    """The leader does, or does not."""
    step.follow(Case.GRANTED if command.granted else Case.REFUSED)
    request = decide(step, command.granted, command.reason)
    if command.granted:
        code = SupervisionReason(request.reason_code)
        await begin(step, step.subject, SupervisionLevel.ONE, code, request.reason)


HANDLERS: dict[Action, Handler] = {
    Action.SUPERVISE: supervise,
    Action.PROPOSE_SUPERVISION: propose_supervision,
    Action.DECIDE_SUPERVISION: decide_supervision,
    Action.ANSWER_SUPERVISION: answer_supervision,
    Action.LAPSE_SUPERVISION: lapse_supervision,
    Action.SETTLE_SUPERVISION: settle_supervision,
}
