"""Taking a demand in: from what the agent confirmed to an order with a number."""

from __future__ import annotations

from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError

from config.handling import OnTheSpotRules
from dispatch.checks import Faults
from dispatch.commands import OpenOrder
from dispatch.knowledge.answers import cannot_answer
from dispatch.numbers import new_query_code, next_order_no
from dispatch.refusals import check_refusal, refuse
from dispatch.rules import Rules
from dispatch.running import run_clock
from dispatch.step import Step
from dispatch.terms import promise_for, terms_of
from models.ids import new_id
from models.store import UnitOfWork
from models.tables import Call, Contact, Draft, Suggestion, WorkOrder
from models.understanding import Understanding
from models.vocabulary import Channel, CloseReason, OrderState, RequestType
from models.workflow import Case

log = structlog.get_logger(__name__)

#: What is told of a new order on its first event.
_TOLD = (
    "title",
    "content",
    "demand",
    "request_type",
    "category",
    "urgency",
    "place",
    "occurred",
    "caller_name",
    "caller_phone",
    "callback_phone",
    "confidential",
    "want_reply",
    "channel",
    "call_id",
    "contact_id",
    "access_number",
    "area",
    "external_due",
    "lead_department",
)
#: Of these, what the command does not say itself.
_FOUND = {"channel", "call_id", "contact_id", "access_number", "area", "lead_department"}


def check_opening(command: OpenOrder, rules: Rules) -> OpenOrder:
    """The command with phones in digits and confidentiality decided.

    :raises InvalidInput: naming every wrong field.
    """
    faults = Faults(rules)
    faults.category("category", command.category)
    if command.department:
        faults.department("department", command.department)
    phones = {
        "caller_phone": faults.phone("caller_phone", command.caller_phone),
        "callback_phone": faults.phone("callback_phone", command.callback_phone),
    }
    _check_answer(command, faults, any(phones.values()), rules)
    refused = check_refusal(command, faults, rules)
    faults.raise_any()
    confidential = command.confidential
    if confidential is None:
        confidential = command.request_type is RequestType.REPORT
    return refused.model_copy(update={**phones, "confidential": confidential})


def _check_answer(command: OpenOrder, faults: Faults, has_phone: bool, rules: Rules) -> None:
    if command.answered:
        _check_on_the_spot(command, faults, rules.handling.on_the_spot)
    if command.knowledge_id and not command.answered:
        faults.add("knowledge_id", "只有直接答复的工单注明所依据的知识条目")
    settled = command.answered or bool(command.refusal)
    if not settled and command.public_answer:
        faults.add("answered", "填写了答复内容，请选“直接答复”；需要派单的请清空答复内容")
    if not settled and command.want_reply and not has_phone:
        faults.add(
            "callback_phone",
            "需要回访的请填写联系电话；诉求人不愿留电话的，请把“需要回访”改为否",
        )


def _check_on_the_spot(command: OpenOrder, faults: Faults, rule: OnTheSpotRules) -> None:
    """An agent's own answer says something, and takes the place of no unit that must look."""
    if not command.public_answer:
        faults.add("public_answer", "直接答复的请填写答复内容")
    elif sum(map(str.isalnum, command.public_answer)) < rule.least:
        faults.add("public_answer", f"请写明向市民答复的具体内容，至少{rule.least}字")
    for name, kinds in (("request_type", rule.never_types), ("urgency", rule.never_urgencies)):
        if (kind := getattr(command, name)) in kinds:
            faults.add(name, f"{kind.label}件不能直接答复办结，请转派单")


async def new_order(work: UnitOfWork, command: OpenOrder, rules: Rules) -> WorkOrder:
    """The order's row, linked to call and contact; not yet in the session.

    :raises InvalidInput: when call or contact does not exist.
    """
    contact = await _origin(work, command, rules)
    usual = contact.channel if contact else Channel.PHONE
    return WorkOrder(
        id=new_id(),
        version=1,
        state=OrderState.DRAFT,
        channel=command.channel or usual,
        contact_id=contact.id if contact else None,
        access_number=contact.access_number if contact else "",
        area=rules.areas.street_of(command.place, command.content) or "",
        call_id=command.call_id,
        taxonomy_version=rules.taxonomy.version,
        scoring_version=rules.scoring.version,
        clocks={},
        redo_count=0,
        merged_count=0,
        supervised=0,
        reopen_count=0,
        refusal="",
        due_provisional=False,
        lead_department=command.department,
        public_answer=command.public_answer,
        knowledge_id=command.knowledge_id,
        **_confirmed(command),
    )


def _confirmed(command: OpenOrder) -> dict[str, Any]:
    return command.model_dump(include=set(_TOLD) - _FOUND)


async def open_order(step: Step, command: OpenOrder) -> None:
    """Give it its number, answer it or hand it to the dispatcher."""
    await _check_article(step, command)
    order = step.order
    order.accepted_at, order.accepted_by = step.now, step.actor.id
    step.follow(_case(command))
    day = step.rules.counter.local(step.now).date()
    order.order_no = await next_order_no(step.work, step.rules.area_code, day)
    order.query_code = new_query_code()
    step.session.add(order)
    step.told(**{name: getattr(order, name) for name in _TOLD if getattr(order, name)})
    if command.answered:
        step.told(public_answer=order.public_answer)
        if order.knowledge_id:
            step.told(knowledge_id=order.knowledge_id)
        step.change(closed_at=step.now, close_reason=CloseReason.ANSWERED)
    if command.refusal:
        await step.session.flush()
        refuse(step, command)
    await _note_when_registered(step)
    run_clock(step)
    await step.session.flush()
    await _mark_draft(step, command)
    _keep_suggestion(step, command)
    step.result["query_code"] = order.query_code


async def _note_when_registered(step: Step) -> None:
    """By when what was said in a call that is over should have been an order."""
    order, name = step.order, "register"
    call = await step.session.get(Call, order.call_id) if order.call_id else None
    if call is None or call.ended_at is None or not terms_of(order, step.rules).has(name):
        return
    promise = promise_for(order, step.rules, name, call.ended_at)
    order.clocks = {**order.clocks, name: promise.to_json()}
    if step.now > promise.due:
        step.told(register_due=promise.due)


def _case(command: OpenOrder) -> Case:
    if command.refusal:
        return Case.NOT_ACCEPTED
    return Case.ANSWERED if command.answered else Case.TO_UNIT


async def _origin(work: UnitOfWork, command: OpenOrder, rules: Rules) -> Contact | None:
    """The contact the demand came with."""
    faults = Faults(rules)
    contact_id = command.contact_id
    if command.call_id:
        call = await work.session.get(Call, command.call_id)
        if call is None:
            faults.add("call_id", "没有这通电话的记录")
        contact_id = contact_id or (call.contact_id if call else None)
    contact = await work.session.get(Contact, contact_id) if contact_id else None
    if contact_id and contact is None:
        faults.add("contact_id", "没有这个来件的记录")
    faults.raise_any()
    return contact


async def _check_article(step: Step, command: OpenOrder) -> None:
    """The article that answers holds at this moment: one that was taken off is told no more."""
    if not command.knowledge_id:
        return
    today = step.rules.counter.local(step.now).date()
    faults = Faults(step.rules)
    if wrong := await cannot_answer(step.session, command.knowledge_id, today):
        faults.add("knowledge_id", wrong)
    faults.raise_any()


async def _mark_draft(step: Step, command: OpenOrder) -> None:
    draft_id = command.draft_id or command.call_id
    draft = await step.session.get(Draft, draft_id) if draft_id else None
    if draft is not None:
        draft.order_id = step.order.id


def _keep_suggestion(step: Step, command: OpenOrder) -> None:
    """What the machine proposed and what the person made of it. Never stops an opening."""
    if not command.proposal:
        return
    try:
        proposal = TypeAdapter(Understanding).validate_python(command.proposal)
    except ValidationError:
        log.warning("unreadable proposal kept as it is", order_no=step.order.order_no)
        proposal = None
    step.session.add(
        Suggestion(
            order_id=step.order.id,
            model_version=proposal.model_version if proposal else "",
            proposed=command.proposal,
            decisions=decisions(proposal, command) if proposal else {},
            at=step.now,
        )
    )


def decisions(proposal: Understanding, command: OpenOrder) -> dict[str, str]:
    """For each field the machine proposed: ``accepted``, ``edited`` or (left empty) ``ignored``."""
    facts = {kind: fact.value for kind in ("place", "phone") if (fact := proposal.first(kind))}
    when = proposal.first("time")
    proposed: dict[str, str] = {
        "request_type": _first(proposal.request_types),
        "category": _first(proposal.categories),
        "department": _first(proposal.departments),
        "urgency": proposal.urgency.value,
        "title": proposal.title,
        "place": facts.get("place", ""),
        "callback_phone": facts.get("phone", ""),
        "occurred": when.text if when else "",
    }
    final = command.model_dump(mode="json", include=set(proposed))
    return {name: _decision(value, final[name]) for name, value in proposed.items() if value}


def _first(candidates: tuple[Any, ...]) -> str:
    return str(candidates[0].code) if candidates else ""


def _decision(proposed: str, final: str) -> str:
    if not final:
        return "ignored"
    return "accepted" if final == proposed else "edited"
