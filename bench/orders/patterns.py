"""One order for each stage of its life, led there through the product's own door.

All others are copies of these (see ``bench.orders.moulds``), so that clocks, timers, scores and
events are what the product writes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bench.orders.demands import Demand
from bench.orders.people import AGENT, AUDITOR, DISPATCHER, FOLLOW_UP, clerk, unit_code
from dispatch.commands import (
    ApproveResult,
    Archive,
    Dispatch,
    FirstContact,
    OpenOrder,
    OrderCommand,
    RecordFollowUp,
    SignFor,
    SubmitResult,
)
from dispatch.order_timers import SYSTEM
from dispatch.service import OrderService
from models.clock import ManualClock
from models.guards import Actor
from models.vocabulary import DemandFinding, FactFinding, Outcome, Satisfaction, SolvedByCaller

#: When every pattern is opened: a Friday morning.
BASE = datetime(2026, 11, 20, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
#: Stand for what each copy says itself.
MARKS = Demand(title="标题记号甲", content="内容记号乙", place="地点记号丙", phone="18899990000")
_PATTERN_UNIT = 0


class Stage(StrEnum):
    """How far an order is; in the order of an order's life."""

    TO_DISPATCH = "to_dispatch"
    TO_SIGN = "to_sign"
    IN_HAND = "in_hand"
    TO_AUDIT = "to_audit"
    TO_FOLLOW_UP = "to_follow_up"
    CLOSED = "closed"
    ARCHIVED = "archived"
    #: On the spot, archived since.
    ANSWERED = "answered"


#: Steps that lead from being opened to each stage.
_STEPS = {
    Stage.TO_DISPATCH: 0,
    Stage.TO_SIGN: 1,
    Stage.IN_HAND: 3,
    Stage.TO_AUDIT: 4,
    Stage.TO_FOLLOW_UP: 5,
    Stage.CLOSED: 6,
    Stage.ARCHIVED: 7,
}


def open_command(demand: Demand, **more: object) -> OpenOrder:
    """Taking a demand in."""
    told = {
        "title": demand.title,
        "content": demand.content,
        "demand": "请有关部门尽快处理并回复",
        "request_type": "HELP",
        "category": "C010102",
        "place": demand.place,
        "caller_name": "张晓明",
        "caller_phone": demand.phone,
    }
    return OpenOrder.model_validate({**told, **more})


def result_command(key: str | None = None) -> SubmitResult:
    """A unit's result."""
    return SubmitResult(
        fact_finding=FactFinding.TRUE,
        demand_finding=DemandFinding.REASONABLE,
        outcome=Outcome.SOLVED,
        public_answer="您好，经现场查看，所反映的问题属实，已于当日安排人员处理完毕并恢复正常。",
        internal_note="已列入日常巡查。",
        evidence="维修记录〔2026〕12号，存单位档案",
        head="单位负责人",
        idempotency_key=key,
    )


class Lives:
    """Leads orders through their life."""

    def __init__(self, service: OrderService, clock: ManualClock) -> None:
        self._service = service
        self._clock = clock

    async def make(self) -> dict[Stage, str]:
        """The ids of the patterns."""
        return {stage: await self.lead_to(stage) for stage in Stage}

    async def lead_to(self, stage: Stage) -> str:
        """The id of a new order that is so far."""
        self._clock.set(BASE)
        if stage is Stage.ANSWERED:
            answered = open_command(MARKS, answered=True, public_answer="已当场向市民解释清楚。")
            order_id = (await self._service.open_order(AGENT, answered)).order_id
            return await self._step(order_id, timedelta(days=16), SYSTEM, Archive())
        order_id = (await self._service.open_order(AGENT, open_command(MARKS))).order_id
        for later, who, command in self._way()[: _STEPS[stage]]:
            await self._step(order_id, later, who, command)
        return order_id

    async def _step(
        self, order_id: str, later: timedelta, who: Actor, command: OrderCommand
    ) -> str:
        self._clock.advance(later)
        await self._service.act(who, order_id, command)
        return order_id

    def _way(self) -> list[tuple[timedelta, Actor, OrderCommand]]:
        """Every step after the opening: how long after the one before, who, what."""
        hour, unit = timedelta(hours=1), clerk(_PATTERN_UNIT)
        contact = FirstContact(
            person="张先生", reached=True, phone=MARKS.phone, evidence="座机8812345，10时拨打"
        )
        return [
            (hour / 2, DISPATCHER, Dispatch(department=unit_code(_PATTERN_UNIT), note="请核实")),
            (hour / 2, unit, SignFor()),
            (hour, unit, contact),
            (20 * hour, unit, result_command()),
            (4 * hour, AUDITOR, self._approval()),
            (20 * hour, FOLLOW_UP, _content()),
            (timedelta(days=16), SYSTEM, Archive()),
        ]

    def _approval(self) -> ApproveResult:
        """Full marks."""
        scoring = self._service.rules.scoring
        return ApproveResult(
            quality_items={item.code: item.points for item in scoring.quality_sheet},
            process_items={item.code: item.points for item in scoring.process_sheet},
        )


def _content() -> RecordFollowUp:
    return RecordFollowUp(
        reached=True,
        contacted=True,
        solved=SolvedByCaller.SOLVED,
        satisfaction=Satisfaction.SATISFIED,
        evidence="热线座机8812399，10时拨打",
    )
