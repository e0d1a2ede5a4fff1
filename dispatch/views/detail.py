"""One order with all that belongs to it, as one reader may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.directory.heads import heads_for
from dispatch.follow_up_links import link_sent
from dispatch.numbers import spoken
from dispatch.possible import Facts
from dispatch.rules import Rules
from dispatch.scope import can_see
from dispatch.transfer import systems_of
from dispatch.views.belonging import Belonging
from dispatch.views.clocks import order_clocks, task_clocks
from dispatch.views.forms import Known
from dispatch.views.office import OfficeFile, office_view, read_office
from dispatch.views.privacy import Veil, veil_for
from dispatch.views.rows import order_light
from dispatch.views.shapes import (
    AuditView,
    Caller,
    FollowUpView,
    OrderDetail,
    ScoreView,
    TaskView,
)
from dispatch.views.steps import Steps, request_view
from dispatch.views.timeline import Teller
from dispatch.withdrawal import eased_by
from models.clock import Clock
from models.errors import NotFound
from models.guards import Actor
from models.states import OFFICE
from models.store import Store
from models.tables import (
    AuditReview,
    ClosureScore,
    FollowUp,
    OrderEvent,
    OrderRequest,
    Staff,
    Task,
    WorkOrder,
)
from models.task_tree import depth, lead_task
from models.vocabulary import (
    OPEN_REQUEST,
    CloseReason,
    OrderState,
    RequestKind,
    Role,
    SendBackReason,
)

_ID: Any = bindparam("order_id", type_=WorkOrder.id.type)
_TASKS = select(Task).where(Task.order_id == _ID).order_by(Task.dispatched_at, Task.id)
_EVENTS = select(OrderEvent).where(OrderEvent.order_id == _ID).order_by(OrderEvent.seq)


@dataclass(frozen=True, kw_only=True)
class _File:
    """All rows of one order."""

    order: WorkOrder
    tasks: Sequence[Task]
    events: Sequence[OrderEvent]
    audits: Sequence[AuditReview]
    follow_ups: Sequence[FollowUp]
    requests: Sequence[OrderRequest]
    office: OfficeFile
    score: ClosureScore | None
    staff: dict[str, str]
    #: The citizen has a link to say how the result was.
    link_sent: bool
    #: The order that this one is proposed to be merged into.
    into: WorkOrder | None


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """One reader's rights on one order."""

    actor: Actor
    permissions: frozenset[str]
    veil: Veil
    now: datetime
    known: Known


class OrderDetails:
    """Opens orders."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def order(self, actor: Actor, order_id: str) -> OrderDetail:
        """One order by its id.

        :raises NotFound: when there is none, or the reader may not see it.
        """
        async with self._store.read() as session:
            file = await _read_file(session, WorkOrder.id == order_id, self._clock.now())
            known = await self._known(session, actor)
        return self._shown(actor, file, order_id, known)

    async def order_by_no(self, actor: Actor, order_no: str) -> OrderDetail:
        """One order by its number, with or without blanks."""
        number = order_no.replace(" ", "")
        async with self._store.read() as session:
            file = await _read_file(session, WorkOrder.order_no == number, self._clock.now())
            known = await self._known(session, actor)
        return self._shown(actor, file, order_no, known)

    async def _known(self, session: AsyncSession, actor: Actor) -> Known:
        """Whom the reader names when something of the unit's is asked or reported, and where
        orders may go out to."""
        posts = actor.usable_roles
        if not posts.isdisjoint((Role.DISPATCHER, *OFFICE)):
            return Known(systems=await systems_of(session))
        if Role.UNIT_CLERK not in posts:
            return Known(leads=Role.UNIT_HEAD in posts)
        heads = await heads_for(session, self._rules, actor.department, self._clock.now())
        others = (one.name for one in heads if one.staff_id not in actor.selves)
        return Known(heads=tuple(dict.fromkeys(others)))

    def _shown(self, actor: Actor, file: _File | None, asked: str, known: Known) -> OrderDetail:
        if file is None or not can_see(actor, file.tasks, self._rules):
            raise NotFound("没有这个工单，或您无权查看", order=asked)
        now = self._clock.now()
        reader = _Reader(
            actor=actor,
            permissions=self._rules.permissions.of(actor.usable_roles),
            veil=veil_for(file.order, file.tasks, file.events, actor, self._rules, now),
            now=now,
            known=known,
        )
        return OrderDetail(
            **_demand(file, reader, self._rules),
            **_progress(file, reader, self._rules),
            **_record(file, reader, self._rules),
        )


async def _read_file(session: AsyncSession, which: Any, now: datetime) -> _File | None:
    order = await session.scalar(select(WorkOrder).where(which))
    if order is None:
        return None
    of_order = {"order_id": order.id}
    belonging = Belonging(session, order.id)
    await belonging.look()
    tasks = (await session.scalars(_TASKS, of_order)).all()
    asked = order.state is OrderState.TO_FOLLOW_UP
    requests = await belonging.rows(OrderRequest)
    found = _File(
        order=order,
        tasks=tasks,
        events=(await session.scalars(_EVENTS, of_order)).all(),
        audits=await belonging.rows(AuditReview),
        follow_ups=await belonging.rows(FollowUp),
        requests=requests,
        office=await read_office(session, order, belonging),
        score=next(iter(await belonging.rows(ClosureScore)), None),
        staff={},
        link_sent=asked and await link_sent(session, order, lead_task(tasks), now),
        into=await _into(session, requests),
    )
    found.staff.update(await _names(session, found))
    return found


async def _into(session: AsyncSession, requests: Sequence[OrderRequest]) -> WorkOrder | None:
    merges = (one for one in requests if one.kind is RequestKind.MERGE)
    asked = next((one for one in merges if one.state in OPEN_REQUEST), None)
    return await session.get(WorkOrder, asked.wanted["into"]) if asked else None


async def _names(session: AsyncSession, file: _File) -> dict[str, str]:
    ids = {file.order.accepted_by}
    ids |= {audit.auditor_id for audit in file.audits}
    ids |= {attempt.staff_id for attempt in file.follow_ups}
    rows = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    return {staff_id: name for staff_id, name in rows}


def _demand(file: _File, reader: _Reader, rules: Rules) -> dict[str, Any]:
    """What the citizen wants, and who the citizen is."""
    order, veil = file.order, reader.veil
    plain = (
        "id",
        "order_no",
        "version",
        "state",
        "channel",
        "contact_id",
        "call_id",
        "confidential",
        "want_reply",
        "request_type",
        "category",
        "taxonomy_version",
        "urgency",
        "difficulty",
        "accepted_at",
        "accepted_by",
        "lead_department",
    )
    texts = ("title", "content", "demand", "place", "occurred", "public_answer")
    return {
        **{name: getattr(order, name) for name in plain},
        **{name: veil.scrub(getattr(order, name)) for name in texts},
        "order_no_spoken": spoken(order.order_no),
        "category_name": rules.category_name(order.category),
        "accepted_by_name": file.staff.get(order.accepted_by, ""),
        "lead_department_name": rules.unit_name(order.lead_department),
        "caller": Caller(
            visibility=veil.visibility,
            name=veil.show_name(order.caller_name),
            phone=veil.show_phone(order.caller_phone),
            callback_phone=veil.show_phone(order.callback_phone),
        ),
    }


def _progress(file: _File, reader: _Reader, rules: Rules) -> dict[str, Any]:
    """How far it is, and what may be done now."""
    order = file.order
    plain = (
        "dispatched_at",
        "due_at",
        "redo_count",
        "closed_at",
        "close_reason",
        "sla_version",
        "suspended_at",
        "suspended_until",
        "disputed_at",
        "watched_at",
    )
    steps = Steps(_facts(file, reader, rules), reader.known)
    audited_at = file.audits[-1].at if file.audits else None
    return {
        **{name: getattr(order, name) for name in plain},
        "light": order_light(order, reader.now),
        "light_due_at": order.light_red_at,
        "clocks": order_clocks(order, audited_at, reader.now),
        "tasks": [_task(task, file, reader, rules) for task in file.tasks],
        "allowed_actions": steps.allowed(),
        "refused_actions": steps.refused(),
        "office": office_view(file.office, reader.veil, rules, reader.now),
        "watch_reason": reader.veil.scrub(order.watch_reason),
        "requests": [request_view(one, reader.veil, rules, reader.now) for one in file.requests],
    }


def _facts(file: _File, reader: _Reader, rules: Rules) -> Facts:
    return Facts(
        order=file.order,
        tasks=file.tasks,
        requests=file.requests,
        actor=reader.actor,
        rules=rules,
        now=reader.now,
        oversights=file.office.oversights,
        eased_by=eased_by(file.events),
        link_sent=file.link_sent,
        into=file.into,
    )


def _record(file: _File, reader: _Reader, rules: Rules) -> dict[str, Any]:
    """What was done, marked and said."""
    sees_score = "score.view" in reader.permissions
    return {
        "timeline": _teller(reader, rules).tell(
            file.events, {task.id: task.department for task in file.tasks}
        ),
        "audits": [_audit(audit, file, reader) for audit in file.audits],
        "follow_ups": [_follow_up(attempt, file, reader) for attempt in file.follow_ups],
        "score": _score(file.score) if file.score and sees_score else None,
        "score_note": _score_note(file, sees_score),
    }


def _teller(reader: _Reader, rules: Rules) -> Teller:
    internal = "note.internal" in reader.permissions
    return Teller(rules, reader.veil, internal, reader.actor.department)


def _task(task: Task, file: _File, reader: _Reader, rules: Rules) -> TaskView:
    plain = (
        "id",
        "parent_id",
        "department",
        "role",
        "state",
        "redo_of",
        "dispatched_at",
        "signed_at",
        "first_contacted_at",
        "submitted_at",
        "fact_finding",
        "demand_finding",
        "outcome",
        "sent_back_count",
    )
    own = task.department == reader.actor.department
    inner = own or "note.internal" in reader.permissions
    veil = reader.veil
    return TaskView(
        **{name: getattr(task, name) for name in plain},
        department_name=rules.unit_name(task.department),
        level=depth(task, file.tasks),
        opinion=veil.scrub(task.opinion),
        reviewed_by=task.reviewed_by,
        evidence=veil.scrub_all(task.evidence or {}),
        note=veil.scrub(task.note),
        first_contact=_first_contact(task, veil),
        unresolved_reason=veil.scrub(task.unresolved_reason),
        public_answer=veil.scrub(task.public_answer),
        internal_note=veil.scrub(task.internal_note) if inner else None,
        clocks=task_clocks(task, file.order, rules, reader.now),
    )


def _first_contact(task: Task, veil: Veil) -> dict[str, Any] | None:
    if task.first_contact is None:
        return None
    contact = task.first_contact
    return {
        **veil.scrub_all(contact),
        "person": veil.show_name(contact["person"]),
        "phone": veil.show_phone(contact["phone"]),
    }


def _audit(audit: AuditReview, file: _File, reader: _Reader) -> AuditView:
    return AuditView(
        at=audit.at,
        auditor_name=file.staff.get(audit.auditor_id, ""),
        passed=audit.passed,
        quality=audit.quality,
        quality_items=audit.quality_items,
        process=audit.process,
        process_items=audit.process_items,
        reason=reader.veil.scrub(audit.reason),
        faults=[SendBackReason(code).label for code in audit.faults],
    )


def _follow_up(attempt: FollowUp, file: _File, reader: _Reader) -> FollowUpView:
    return FollowUpView(
        at=attempt.at,
        staff_name=file.staff.get(attempt.staff_id, ""),
        call_id=attempt.call_id,
        way=attempt.way,
        reached=attempt.reached,
        contacted=attempt.contacted,
        solved=attempt.solved,
        satisfaction=attempt.satisfaction,
        service_satisfaction=attempt.service_satisfaction,
        note=reader.veil.scrub(attempt.note),
    )


def _score(score: ClosureScore) -> ScoreView:
    told = score.explanation
    return ScoreView(
        score=score.score,
        revision=score.revision,
        at=score.at,
        rule_version=score.rule_version,
        parts=told["parts"],
        deductions=told["deductions"],
        explanation=told["explanation"],
    )


def _score_note(file: _File, sees_score: bool) -> str:
    order = file.order
    if order.state is OrderState.WITHDRAWN:
        return "工单已撤回，不作办结评估。"
    if order.close_reason is CloseReason.ANSWERED:
        return "直接答复的工单没有承办单位，不作办结评估。"
    if order.close_reason is CloseReason.TRANSFERRED and file.score is None:
        return "由转出单位答复的工单不作办结评估。"
    if file.score is None:
        return "工单办结后作办结评估。"
    return "" if sees_score else "您的岗位不查看办结评估。"
