"""Where the lives of orders begin: each a way that people go every day, in a few steps."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from dispatch.commands import (
    Delegate,
    Merge,
    Reassign,
    RequestExtension,
    RequestReturn,
    SignFor,
    Unmerge,
)
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import HAPPY, Desk

#: Takes a demand in and brings it somewhere; gives the order's id.
Beginning = Callable[..., Coroutine[Any, Any, str]]


async def opened(desk: Desk, **demand: Any) -> str:
    """Before the dispatcher."""
    return (await desk.open(**demand)).order_id


async def refused(desk: Desk, **demand: Any) -> str:
    """Not accepted."""
    return (await desk.open(refusal="R10", **demand)).order_id


async def handed_down(desk: Desk, **demand: Any) -> str:
    """The lead unit has given it to one below."""
    order_id = await desk.signed(**demand)
    await desk.act("chengguan", order_id, Delegate(department=DEEP[1]))
    return order_id


async def done_below(desk: Desk, **demand: Any) -> str:
    """The unit below has a result for the one above."""
    order_id = await handed_down(desk, **demand)
    await desk.act(DEEP[1], order_id, SignFor())
    await desk.contact(order_id, DEEP[1])
    await desk.submit(order_id, DEEP[1])
    return order_id


async def not_ours(desk: Desk, **demand: Any) -> str:
    """The unit wants to give it back."""
    order_id = await desk.signed(**demand)
    asked = {
        "reason_code": "NOT_OUR_DUTY",
        "reason": "该处路灯由公路部门管养",
        "clause": "三定方案第三条",
        "suggested_department": "D-ZJ",
        "head": "严建新",
    }
    await desk.act("chengguan", order_id, RequestReturn.model_validate(asked))
    return order_id


async def more_time(desk: Desk, **demand: Any) -> str:
    """The unit wants more time."""
    order_id = await desk.signed(**demand)
    asked = {
        "reason_code": "WORKS",
        "reason": "灯具须向厂家订购",
        "amount": 2,
        "evidence": "采购合同编号2026-118",
        "caller_informed": True,
        "head": "严建新",
    }
    await desk.act("chengguan", order_id, RequestExtension.model_validate(asked))
    return order_id


async def moved_about(desk: Desk, **demand: Any) -> str:
    """It has been with another unit, and with the first one again."""
    order_id = await handed_down(desk, **demand)
    for unit in ("D-ZJ", "D-CG"):
        await desk.act("banzhang", order_id, Reassign(department=unit, reason="核实承办单位"))
    return order_id


async def parted(desk: Desk, **demand: Any) -> str:
    """It was taken for the same matter as another one."""
    order_id, other = await desk.signed(**demand), await desk.dispatched("D-ZJ", **demand)
    await desk.act("paidan", order_id, Merge(into=other, reason="同一处路灯"))
    await desk.act("paidan", order_id, Unmerge(reason="不是同一处路灯"))
    return order_id


async def taken_in(desk: Desk, **demand: Any) -> str:
    """Another caller's order has been merged into it, and its result has passed."""
    order_id = await desk.signed(**demand)
    other = (await desk.open(**demand)).order_id
    await desk.act("paidan", other, Merge(into=order_id, reason="同一处路灯"))
    await desk.contact(order_id)
    await desk.submit(order_id)
    await desk.approve(order_id)
    return order_id


async def submitted(desk: Desk, **demand: Any) -> str:
    """Before the auditor."""
    return await desk.submitted(**demand)


async def passed(desk: Desk, **demand: Any) -> str:
    """The citizen is to be asked, if they want to be."""
    return await desk.approved(**demand)


async def closed(desk: Desk, **demand: Any) -> str:
    """Over, so far."""
    order_id = await desk.approved(**{**demand, "want_reply": True})
    await desk.follow_up(order_id, **HAPPY)
    return order_id


BEGINNINGS: tuple[Beginning, ...] = (
    *(opened, opened, refused, handed_down, done_below, not_ours, more_time, taken_in),
    *(submitted, passed, closed, moved_about, parted),
)
