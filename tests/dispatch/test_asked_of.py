"""Whom the follow-up desk asks, whom not, and the citizen who answers by a link."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from dispatch.commands import DecideRedo, InviteFollowUp, RecordFollowUp, SignFor
from dispatch.follow_up_answers import CitizenAnswer, FollowUpAnswers
from dispatch.rules import Rules
from dispatch.service import OrderService
from dispatch.views.detail import OrderDetails
from models.clock import ManualClock
from models.errors import InvalidInput, NotFound, TransitionRefused
from models.guards import Actor
from models.store import Store
from models.tables import FollowUp, OutgoingMessage
from models.vocabulary import (
    Action,
    CloseReason,
    FollowUpWay,
    MessageChannel,
    OrderState,
    RedoReason,
    RequestKind,
)
from tests.dispatch.desk import HAPPY, Desk
from tests.dispatch.reading import order_of, requests_of

pytestmark = pytest.mark.store

CONTENT = {"contacted": True, "solved": "SOLVED", "satisfaction": "SATISFIED"}
NOT_CONTENT = {"contacted": True, "solved": "UNSOLVED", "satisfaction": "DISSATISFIED"}


def asking(rules: Rules, **changes: Any) -> Rules:
    """The rules with another idea of whom to ask."""
    rule = rules.handling.follow_up.model_copy(update=changes)
    return replace(rules, handling=rules.handling.model_copy(update={"follow_up": rule}))


def at_desks(
    store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor], **changes: Any
) -> Desk:
    return Desk(OrderService(store, clock, asking(rules, **changes)), clock, people)


async def test_of_consultations_a_share_is_asked_about(
    store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]
) -> None:
    for share, state in ((1.0, OrderState.TO_FOLLOW_UP), (0.0, OrderState.CLOSED)):
        desk = at_desks(store, clock, rules, people, sample={"CONSULTATION": share})
        order = await order_of(store, await desk.approved(request_type="CONSULTATION"))
        assert order.state is state
    assert order.close_reason is CloseReason.NOT_SAMPLED
    order = await order_of(store, await desk.approved(request_type="HELP"))
    assert order.state is OrderState.TO_FOLLOW_UP


async def test_what_was_done_again_is_always_asked_about(
    store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]
) -> None:
    order_id = await at_desks(store, clock, rules, people, sample={}).approved(
        request_type="CONSULTATION"
    )
    desk = at_desks(store, clock, rules, people, sample={"CONSULTATION": 0.0})
    await desk.redo(order_id)
    await desk.submit(await _signed_again(desk, order_id))
    await desk.approve(order_id)
    assert (await order_of(store, order_id)).state is OrderState.TO_FOLLOW_UP


async def _signed_again(desk: Desk, order_id: str) -> str:
    await desk.act("chengguan", order_id, SignFor())
    return order_id


async def test_who_asked_in_confidence_is_not_rung(
    desk: Desk, store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]
) -> None:
    order = await order_of(store, await desk.approved(confidential=True))
    assert (order.state, order.close_reason) == (OrderState.CLOSED, CloseReason.CONFIDENTIAL)
    asked = at_desks(store, clock, rules, people, confidential=True)
    order = await order_of(store, await asked.approved(confidential=True))
    assert order.state is OrderState.TO_FOLLOW_UP


# --- by a link ------------------------------------------------------------------------------------

LINK = "https://12345.example.test/h/{code}"


@pytest.fixture
def linked(
    store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]
) -> tuple[Desk, FollowUpAnswers]:
    """A house that sends links, and the page behind them."""
    own = asking(rules, link=LINK)
    service = OrderService(store, clock, own)
    return Desk(service, clock, people), FollowUpAnswers(store, clock, own, service)


async def invited(desk: Desk, store: Store, order_id: str) -> str:
    """The code in the message that the citizen got."""
    await desk.act("huifang", order_id, InviteFollowUp())
    async with store.read() as session:
        sms = (await session.scalars(select(OutgoingMessage))).one()
    assert (sms.channel, sms.address) == (MessageChannel.SMS, "13800001234")
    found = re.search(r"/h/([\w-]+) ", sms.text)
    assert found is not None, sms.text
    assert "蒸湘北路路灯不亮" in sms.text
    return found[1]


async def test_a_citizen_says_by_the_link_that_all_is_well(
    linked: tuple[Desk, FollowUpAnswers], store: Store
) -> None:
    desk, answers = linked
    order_id = await desk.approved()
    code = await invited(desk, store, order_id)
    shown = await answers.view(code)
    assert (shown.department_name, shown.over) == ("区城管局", False)
    assert "张晓明" not in shown.model_dump_json()
    await answers.answer(code, CitizenAnswer.model_validate(CONTENT))
    order = await order_of(store, order_id)
    assert (order.state, order.close_reason) == (OrderState.CLOSED, CloseReason.FOLLOWED_UP)
    async with store.read() as session:
        visit = (await session.scalars(select(FollowUp))).one()
    assert (visit.way, visit.staff_id) == (FollowUpWay.WEB, "staff-huifang")
    assert (await answers.view(code)).over
    with pytest.raises(TransitionRefused, match="已经评价过"):
        await answers.answer(code, CitizenAnswer.model_validate(CONTENT))


async def test_who_is_not_content_has_it_decided_whether_it_is_done_again(
    linked: tuple[Desk, FollowUpAnswers], store: Store
) -> None:
    desk, answers = linked
    order_id = await desk.approved()
    code = await invited(desk, store, order_id)
    said = CitizenAnswer.model_validate({**NOT_CONTENT, "note": "第二天又不亮了"})
    await answers.answer(code, said)
    (asked,) = await requests_of(store, order_id)
    assert (asked.kind, asked.reason) == (RequestKind.REDO, "第二天又不亮了")
    await desk.act("banzhang", order_id, DecideRedo(granted=True, reason="同意重办"))


async def test_who_says_by_the_link_that_it_is_untrue_says_what(
    linked: tuple[Desk, FollowUpAnswers], store: Store
) -> None:
    with pytest.raises(ValidationError, match="写明哪些与实际不符"):
        CitizenAnswer.model_validate({**CONTENT, "untrue": True})
    desk, answers = linked
    order_id = await desk.approved()
    code = await invited(desk, store, order_id)
    said = CitizenAnswer.model_validate({**CONTENT, "untrue": True, "note": "灯是居民自己换的"})
    await answers.answer(code, said)
    (asked,) = await requests_of(store, order_id)
    assert (asked.kind, asked.reason_code) == (RequestKind.REDO, RedoReason.UNTRUE)
    assert asked.evidence["verification"] == "诉求人通过短信链接反映：灯是居民自己换的"


async def test_a_link_ends_with_its_days_and_with_the_telephone(
    linked: tuple[Desk, FollowUpAnswers], store: Store
) -> None:
    desk, answers = linked
    order_id = await desk.approved()
    code = await invited(desk, store, order_id)
    with pytest.raises(TransitionRefused, match="已向诉求人发送"):
        await desk.act("huifang", order_id, InviteFollowUp())
    await desk.follow_up(order_id, **HAPPY)
    assert (await answers.view(code)).over
    with pytest.raises(TransitionRefused):
        await answers.answer(code, CitizenAnswer.model_validate(CONTENT))
    desk.later(days=4)
    for wrong in (code, "guessed"):
        with pytest.raises(NotFound, match="不存在或已过期"):
            await answers.view(wrong)


async def test_without_a_page_or_a_mobile_the_desk_rings(
    desk: Desk, linked: tuple[Desk, FollowUpAnswers]
) -> None:
    with pytest.raises(TransitionRefused, match="未设置诉求人可以访问的评价页面"):
        await desk.act("huifang", await desk.approved(), InviteFollowUp())
    other, _ = linked
    order_id = await other.approved(caller_phone="07348812345")
    with pytest.raises(TransitionRefused, match="没有留手机号码"):
        await other.act("huifang", order_id, InviteFollowUp())


async def test_a_house_that_citizens_cannot_reach_says_so_and_one_that_they_can_needs_no_more(
    desk: Desk, store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]
) -> None:
    order_id = await desk.approved()
    shown = await OrderDetails(store, clock, rules).order(people["huifang"], order_id)
    assert Action.INVITE_FOLLOW_UP not in [one.action for one in shown.allowed_actions]
    (why,) = [one for one in shown.refused_actions if one.action is Action.INVITE_FOLLOW_UP]
    assert "web.citizen_url" in why.reason
    handling = rules.handling.reached_at("https://12345.example.test/")
    assert handling.follow_up.link == "https://12345.example.test/opinion/{code}"
    reached = replace(rules, handling=handling)
    shown = await OrderDetails(store, clock, reached).order(people["huifang"], order_id)
    assert Action.INVITE_FOLLOW_UP in [one.action for one in shown.allowed_actions]


async def test_nobody_of_the_house_answers_in_the_citizens_name(desk: Desk) -> None:
    order_id = await desk.approved()
    command = RecordFollowUp.model_validate({**HAPPY, "way": "WEB"})
    with pytest.raises(InvalidInput, match="由诉求人自己填写"):
        await desk.act("huifang", order_id, command)
