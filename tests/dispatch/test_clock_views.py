"""What people see of the promises of an order."""

from __future__ import annotations

from datetime import datetime

import pytest

from dispatch.commands.requests import DecideExtension, RequestExtension
from dispatch.rules import Rules
from dispatch.views.detail import OrderDetails
from dispatch.views.shapes import ClockView
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store
from models.vocabulary import ExtensionReason, Light, LimitUnit
from tests.dispatch.desk import ZONE, Desk, back

pytestmark = pytest.mark.store


class Reader:
    """Reads the clocks of the order's only task by name."""

    def __init__(self, details: OrderDetails, who: Actor) -> None:
        self._details = details
        self._who = who

    async def clocks(self, order_id: str) -> dict[str, ClockView]:
        """All of them."""
        (task,) = (await self._details.order(self._who, order_id)).tasks
        return {clock.name: clock for clock in task.clocks}


@pytest.fixture
def reader(store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]) -> Reader:
    return Reader(OrderDetails(store, clock, rules), people["paidan"])


def local(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%m-%d}"


async def test_an_extended_limit_shows_what_was_promised_before(desk: Desk, reader: Reader) -> None:
    order_id = await desk.signed()
    asked = RequestExtension(
        reason_code=ExtensionReason.SURVEY,
        reason="需要请检测机构到现场检测",
        amount=2,
        unit=LimitUnit.WD,
        evidence="检测委托书编号2026-31",
        caller_informed=True,
        head="严建新",
    )
    await desk.act("chengguan", order_id, asked)
    await desk.act("banzhang", order_id, DecideExtension(granted=True, reason="情况属实"))
    shown = (await reader.clocks(order_id))["handle"]
    assert local(shown.due) == "12-01"
    assert "经批准延长2个工作日" in shown.explanation
    (before,) = shown.earlier
    assert local(before.due) == "11-27"
    assert before.explanation.startswith("按“一般求助件”从2026年11月20日起算5个工作日")


async def test_a_result_sent_back_has_a_limit_of_its_own_beside_the_first_one(
    desk: Desk, reader: Reader
) -> None:
    order_id = await desk.submitted()
    assert "resubmit" not in await reader.clocks(order_id)
    await desk.act("shenhe", order_id, back("没有说明是否已经修复"))
    clocks = await reader.clocks(order_id)
    assert clocks["resubmit"].label == "退回重报时限"
    assert local(clocks["resubmit"].due) == "11-24"
    assert local(clocks["handle"].due) == "11-27"  # still counts
    assert (clocks["resubmit"].kept, clocks["handle"].kept) == (None, None)
    desk.later(days=5)
    assert (await reader.clocks(order_id))["resubmit"].light is Light.RED
    await desk.submit(order_id)
    clocks = await reader.clocks(order_id)
    assert (clocks["resubmit"].kept, clocks["handle"].kept) == (False, True)
