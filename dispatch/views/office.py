"""What the office did about one order: urges, supervision, cards, merging, the shelf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.oversights import OPEN
from dispatch.rules import Rules
from dispatch.views.belonging import Belonging
from dispatch.views.privacy import Veil
from dispatch.waiting import runs, waiting_light
from models.tables import Oversight, UnitCard, WorkOrder
from models.vocabulary import (
    CardColour,
    Light,
    OrderState,
    OversightKind,
    OversightState,
    SupervisionReason,
)

#: Merged orders that are named.
_NAMED = 200


class OversightView(BaseModel):
    """One urge or supervision."""

    id: str
    task_id: str
    kind: OversightKind
    #: 0 for an urge.
    level: int
    #: 三级督办, 催办 …
    label: str
    number: str
    department_name: str
    reason_code: SupervisionReason | None
    reason: str
    by_caller: bool
    state: OversightState
    issued_at: datetime
    issued_by_name: str
    #: By when the unit answers; once it has, by when the office has looked at the answer.
    due_at: datetime
    #: Yellow when the end of the time is near, red after it; NONE once it is settled, and while the
    #: unit that owes the answer has not got the order in hand.
    light: Light
    overdue: bool
    answer: str
    answered_at: datetime | None
    answered_by_name: str
    remark: str


class CardView(BaseModel):
    """A card that the order has brought a unit."""

    colour: CardColour
    department_name: str
    reason: str
    at: datetime


class OtherOrder(BaseModel):
    """An order that this one is merged with."""

    id: str
    order_no: str
    state: OrderState


class OfficeView(BaseModel):
    """All of it."""

    #: Level of supervision in force, 0 for none.
    supervised: int
    oversights: list[OversightView]
    cards: list[CardView]
    merged_into: OtherOrder | None
    merged: list[OtherOrder]
    shelved_at: datetime | None
    archived_at: datetime | None
    reopen_count: int
    excluded_at: datetime | None
    #: Why it was not accepted, in words.
    refusal: str


@dataclass(frozen=True, kw_only=True)
class OfficeFile:
    """The rows."""

    order: WorkOrder
    oversights: Sequence[Oversight]
    #: Those whose time to be answered runs now.
    running: frozenset[str]
    cards: Sequence[UnitCard]
    merged_into: WorkOrder | None
    merged: Sequence[WorkOrder]


async def read_office(session: AsyncSession, order: WorkOrder, belonging: Belonging) -> OfficeFile:
    """Read what there is."""
    oversights = await belonging.rows(Oversight)
    cards = await belonging.rows(UnitCard)
    into = await session.get(WorkOrder, order.merged_into) if order.merged_into else None
    return OfficeFile(
        order=order,
        oversights=oversights,
        running=await _running(session, oversights),
        cards=[card for card in cards if card.lifted_at is None],
        merged_into=into,
        merged=await _merged(session, order) if belonging.merged else (),
    )


async def _merged(session: AsyncSession, order: WorkOrder) -> Sequence[WorkOrder]:
    query = select(WorkOrder).where(WorkOrder.merged_into == order.id)
    return (await session.scalars(query.order_by(WorkOrder.id).limit(_NAMED))).all()


async def _running(session: AsyncSession, rows: Sequence[Oversight]) -> frozenset[str]:
    waiting = [row.id for row in rows if row.state in OPEN]
    if not waiting:
        return frozenset()
    query = select(Oversight.id).join(WorkOrder, WorkOrder.id == Oversight.order_id)
    return frozenset(await session.scalars(query.where(Oversight.id.in_(waiting), runs())))


def office_view(file: OfficeFile, veil: Veil, rules: Rules, now: datetime) -> OfficeView:
    """As one reader may see it."""
    order = file.order
    refusal = rules.oversight.refusal(order.refusal) if order.refusal else None
    return OfficeView(
        supervised=order.supervised,
        oversights=[
            oversight_view(row, veil, rules, now, running=row.id in file.running)
            for row in file.oversights
        ],
        cards=[_card(card, rules) for card in file.cards],
        merged_into=_other(file.merged_into) if file.merged_into else None,
        merged=[_other(one) for one in file.merged],
        shelved_at=order.shelved_at,
        archived_at=order.archived_at,
        reopen_count=order.reopen_count,
        excluded_at=order.excluded_at,
        refusal=refusal.name if refusal else order.refusal,
    )


def oversight_view(
    row: Oversight, veil: Veil, rules: Rules, now: datetime, *, running: bool
) -> OversightView:
    """One row in words. ``running``: not so while the unit has not got the order in hand."""
    plain = (
        *("id", "task_id", "kind", "level", "number", "reason_code", "by_caller", "state"),
        *("issued_at", "issued_by_name", "due_at", "answered_at", "answered_by_name"),
    )
    words = {name: veil.scrub(getattr(row, name)) for name in ("reason", "answer", "remark")}
    supervision = row.kind is OversightKind.SUPERVISION
    light = _light(row, rules, now, running=running)
    return OversightView(
        **{name: getattr(row, name) for name in plain},
        **words,
        label=rules.oversight.level(row.level).name if supervision else row.kind.label,
        department_name=rules.unit_name(row.department),
        light=light,
        overdue=light is Light.RED,
    )


def _light(row: Oversight, rules: Rules, now: datetime, *, running: bool) -> Light:
    """Of what the unit owes, or of what the office does once the unit has answered."""
    if row.state is OversightState.ANSWERED and row.answered_at is not None:
        return waiting_light(row.answered_at, row.due_at, rules, now)
    if row.state is OversightState.OPEN and (running or row.lapsed_at is not None):
        return waiting_light(row.issued_at, row.due_at, rules, now)
    return Light.NONE


def _card(card: UnitCard, rules: Rules) -> CardView:
    name = rules.unit_name(card.department)
    return CardView(colour=card.colour, department_name=name, reason=card.reason, at=card.at)


def _other(order: WorkOrder) -> OtherOrder:
    return OtherOrder(id=order.id, order_no=order.order_no, state=order.state)
