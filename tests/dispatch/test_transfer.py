"""Given out to another system or region: followed until it answers, or gives the order back."""

from __future__ import annotations

from typing import Any

import pytest

from dispatch.commands import (
    AnswerTransfer,
    AskReopening,
    DecideReopening,
    Dispatch,
    ReferTransfer,
    ReturnTransfer,
    TransferOut,
)
from dispatch.platform.systems import PartnerRegister, partner_of
from dispatch.platform.transfers import TransferDesk
from dispatch.rules import Rules
from models.clock import ManualClock
from models.errors import InvalidInput, NotFound, RoleRefused, TransitionRefused
from models.store import Store
from models.vocabulary import CloseReason, OrderState, RequestState, TaskState
from tests.dispatch.desk import Desk
from tests.dispatch.reading import events_of, local, order_of, requests_of, task_at

pytestmark = pytest.mark.store

ELSEWHERE = {
    "target": "长沙市12345热线",
    "external_no": "长热〔2026〕3301号",
    "reason": "事发地在长沙市岳麓区",
    "caller_informed": True,
}
ANSWER = AnswerTransfer(
    answer="您好，该路灯由岳麓区城管局修复，已于当日恢复照明。",
    evidence="长沙12345复函〔2026〕3301号，11月23日收到",
)


async def given_out(desk: Desk, who: str = "paidan", **changes: Any) -> str:
    """An order that another city's hotline has."""
    order_id = (await desk.open()).order_id
    await desk.act(who, order_id, TransferOut.model_validate({**ELSEWHERE, **changes}))
    return order_id


async def test_an_order_of_another_city_is_followed_until_its_answer(
    desk: Desk, store: Store
) -> None:
    order_id = await given_out(desk)
    order = await order_of(store, order_id)
    assert (order.state, local(order.light_red_at)) == (OrderState.TRANSFERRED_OUT, "11-27 23:59")
    with pytest.raises(TransitionRefused, match="不能登记本人转出的工单的答复"):
        await desk.act("paidan", order_id, ANSWER)
    with pytest.raises(InvalidInput, match="请上传材料，或写明"):
        await desk.act("huifang", order_id, ANSWER.model_copy(update={"evidence": "来电"}))
    await desk.act("huifang", order_id, ANSWER)
    order, [asked] = await order_of(store, order_id), await requests_of(store, order_id)
    assert (order.state, order.close_reason) == (OrderState.CLOSED, CloseReason.TRANSFERRED)
    assert (order.public_answer, asked.state) == (ANSWER.answer, RequestState.GRANTED)
    # Something new comes up there: it is the hotline's again, under its number.
    again = AskReopening(
        reason_code="NEW_EVIDENCE",
        reason="对方来函称须本区协办",
        evidence="11月24日来函〔2026〕9号",
    )
    await desk.act("huifang", order_id, again)
    await desk.act("zhuren", order_id, DecideReopening(granted=True, reason="情况属实"))
    order = await order_of(store, order_id)
    assert (order.state, order.reopen_count) == (OrderState.TO_DISPATCH, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": ""}, "请选择转往的系统，或填写转往的地区、单位"),
        ({"external_no": ""}, "请先取得对方的受理编号"),
        ({"caller_informed": False}, "请先告知诉求人工单转往何处"),
        ({"system": "nobody"}, "没有这个外部系统"),
    ],
)
async def test_it_is_said_where_it_goes(desk: Desk, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        await given_out(desk, **changes)


async def test_what_a_unit_has_goes_out_by_the_office_only(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    out = TransferOut.model_validate(ELSEWHERE)
    with pytest.raises(RoleRefused, match="只能由班长"):
        await desk.act("paidan", order_id, out)
    await desk.act("banzhang", order_id, out)
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.CANCELLED
    await desk.act("paidan", order_id, ReturnTransfer(reason="对方称该路段属本区"))
    [asked] = await requests_of(store, order_id)
    assert asked.state is RequestState.WITHDRAWN
    await desk.act("paidan", order_id, Dispatch(department="D-ZJ"))
    assert (await order_of(store, order_id)).state is OrderState.DISPATCHED
    with pytest.raises(TransitionRefused):
        await desk.act("paidan", order_id, ANSWER)


async def test_a_system_reads_numbers_answers_and_gives_back_its_own(
    desk: Desk, store: Store, clock: ManualClock, rules: Rules
) -> None:
    register = PartnerRegister(store, clock, rules)
    city = partner_of(await register.add("changsha", "长沙12345平台"))
    other = partner_of(await register.add("xiangtan", "湘潭12345平台"))
    out = TransferDesk(store, clock, rules, desk.service)
    orders = [await given_out(desk, system="changsha", target="", external_no="") for _ in "ab"]
    numbers = [(await order_of(store, one)).order_no for one in orders]
    assert (await out.waiting(city), await out.waiting(other)) == (numbers, [])
    shown = await out.one(city, numbers[0])
    assert (shown.caller_phone, shown.reason) == ("13800001234", ELSEWHERE["reason"])
    for stranger in (out.one(other, numbers[0]), out.act(other, numbers[0], ANSWER)):
        with pytest.raises(NotFound, match="没有转给该系统的这张工单"):
            await stranger
    for _ in range(2):  # said twice, told once
        named = await out.refer(city, numbers[0], "CS-1", "长热1号")
        assert (named.external_id, named.version) == ("CS-1", 3)
    done = await out.act(city, numbers[0], ANSWER.model_copy(update={"evidence": ""}))
    assert done.state is OrderState.CLOSED
    back = ReturnTransfer(reason="不在我市辖区内", idempotency_key="back-1")
    for _ in range(2):
        assert (await out.act(city, numbers[1], back)).state is OrderState.TO_DISPATCH
    with pytest.raises(NotFound):  # it is not theirs to read any more
        await out.one(city, numbers[1])
    with pytest.raises(TransitionRefused, match="不能"):
        await out.act(city, numbers[1], ReferTransfer(external_no="长热2号"))
    [asked] = await requests_of(store, orders[1])
    assert (asked.state, asked.decision_reason) == (RequestState.REFUSED, back.reason)
    assert (await events_of(store, orders[1]))[-1].actor_name == "长沙12345平台"
