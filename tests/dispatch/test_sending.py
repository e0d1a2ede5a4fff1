"""Whom an order was sent to by mistake, and whose clocks rested: as the report counts it."""

from __future__ import annotations

from datetime import date

import pytest

from dispatch.commands import DecideReturn, DecideSuspension, RequestReturn, RequestSuspension
from dispatch.reports.report import Reports
from dispatch.rules import Rules
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store
from tests.dispatch.desk import Desk

WEEK = (date(2026, 11, 16), date(2026, 11, 22))
NOT_OURS = {
    "reason_code": "NOT_OUR_DUTY",
    "reason": "该路段路灯由住建部门管护",
    "clause": "三定方案第三条",
    "suggested_department": "D-ZJ",
    "head": "严建新",
}
PAUSE = {
    "reason_code": "SEASON",
    "reason": "冰冻天气不能登高作业",
    "days": 10,
    "evidence": "气象台11月20日发布的冰冻预警",
    "caller_informed": True,
    "head": "严建新",
}


@pytest.fixture
def reports(store: Store, clock: ManualClock, rules: Rules) -> Reports:
    return Reports(store, clock, rules)


@pytest.mark.store
async def test_what_went_to_the_wrong_unit_counts_against_whoever_sent_it(
    desk: Desk, reports: Reports, people: dict[str, Actor]
) -> None:
    """One right, one wrong of two dispatchers; and a pause that was granted."""
    wrong = await desk.dispatched()
    await desk.act("chengguan", wrong, RequestReturn.model_validate(NOT_OURS))
    decided = DecideReturn(granted=True, reason="住建局管护", department="D-ZJ")
    await desk.act("banzhang", wrong, decided)
    right = await desk.signed()
    await desk.act("chengguan", right, RequestSuspension.model_validate(PAUSE))
    await desk.act("banzhang", right, DecideSuspension(granted=True, reason="情况属实"))
    manager = people["zhuren"]
    report = await reports.report(manager, *WEEK)
    lines = {line.name: (line.sent.value, line.wrong.value) for line in report.senders}
    assert lines == {people["paidan"].name: (2, 1), people["banzhang"].name: (1, 0)}
    units = {line.department: line for line in report.units}
    assert (units["D-CG"].misdirected.value, units["D-CG"].suspended.value) == (1, 1)
    assert (units["D-ZJ"].misdirected.value, units["D-ZJ"].received.value) == (0, 1)
    cell = next(line.wrong.cell for line in report.senders if line.name == people["paidan"].name)
    for number, order_id in ((cell, wrong), (units["D-CG"].suspended.cell, right)):
        assert [row.id for row in await reports.orders(manager, *WEEK, number)] == [order_id]
