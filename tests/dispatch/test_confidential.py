"""Who asked in confidence: units read it nowhere, wherever people of the hotline wrote it down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dispatch.commands import (
    AddJoint,
    AskShelf,
    AskSupplement,
    AskWithdrawal,
    DecideReturn,
    DecideWithdrawal,
    Dispatch,
    Note,
    OrderCommand,
    RequestReturn,
    SignFor,
    Supervise,
    Supplement,
    Urge,
    Watch,
)
from dispatch.rules import Rules
from dispatch.views.detail import OrderDetails
from dispatch.views.office_lists import OfficeLists
from models.clock import ManualClock
from models.guards import Actor
from models.store import Store
from models.vocabulary import Role
from tests.dispatch.desk import Desk, called

pytestmark = pytest.mark.store

WHO = "张晓明 138-0000-1234"
SECRETS = ("张晓明", "0000-1234", "13800001234", "张*", "138****")
#: Every free text that the hotline's people fill in while a unit has the order.
WRITTEN: list[tuple[str, OrderCommand]] = [
    ("banzhang", Watch(reason=f"{WHO}是人大代表")),
    ("huawu1", Urge(reason=f"{WHO}来电催办", by_caller=True)),
    ("paidan", AddJoint(department="D-ZJ", note=f"请配合，联系{WHO}")),
    ("huawu1", Note(text=f"给{WHO}回过电话")),
    (
        "banzhang",
        Supervise.model_validate(
            {"level": "3", "reason_code": "MAJOR", "reason": f"{WHO}反映强烈"}
        ),
    ),
    (
        "huawu1",
        AskWithdrawal(reason=f"{WHO}自行解决", consent=f"{WHO}，11月20日来电同意"),
    ),
    ("banzhang", DecideWithdrawal(granted=False, reason=f"{WHO}反悔")),
    (
        "paidan",
        AskShelf(
            reason=f"{WHO}纠纷未决",
            plan=f"协调{WHO}与产权单位",
            leader=f"王局长（{WHO}认识）",
            caller_informed=f"11月20日电话告知{WHO}",
        ),
    ),
]


@pytest.fixture
def details(store: Store, clock: ManualClock, rules: Rules) -> OrderDetails:
    return OrderDetails(store, clock, rules)


@pytest.fixture
def office(store: Store, clock: ManualClock, rules: Rules) -> OfficeLists:
    return OfficeLists(store, clock, rules)


async def test_what_the_hotline_writes_tells_a_unit_nobodys_name(
    desk: Desk, details: OrderDetails, office: OfficeLists, people: dict[str, Actor]
) -> None:
    order_id = (await desk.open(request_type="COMPLAINT", confidential=True)).order_id
    await desk.act("paidan", order_id, AskSupplement(missing=f"请问{WHO}具体位置"))
    await desk.act("huawu1", order_id, Supplement(text=f"{WHO}说在路口东侧"))
    await desk.act("paidan", order_id, Dispatch(department="D-CG", note=f"请联系{WHO}"))
    await desk.act("chengguan", order_id, SignFor())
    for who, command in WRITTEN:
        await desk.act(who, order_id, command)
    shown = await details.order(people["chengguan"], order_id)
    waiting = await office.requests(people["chengguan"])
    text = shown.model_dump_json() + "".join(one.model_dump_json() for one in waiting)
    for secret in SECRETS:
        assert secret not in text, secret
    assert shown.watch_reason == "保密 保密是人大代表"
    asked = next(one for one in shown.requests if one.kind == "WITHDRAWAL")
    assert asked.evidence["text"] == "保密 保密，11月20日来电同意"
    # What is covered for a unit is kept all the same, and read by who may.
    taker = await details.order(people["huawu1"], order_id)
    assert WHO in taker.model_dump_json()


async def test_nor_does_what_units_show_tell_each_other(
    desk: Desk, details: OrderDetails, people: dict[str, Actor]
) -> None:
    order_id = await desk.signed(request_type="COMPLAINT", confidential=True)
    tried = called(False, phone="13800001234", evidence=f"座机8812345，20日10时拨打{WHO}")
    await desk.act("chengguan", order_id, tried)
    why: dict[str, Any] = {
        "reason_code": "NOT_OUR_DUTY",
        "reason": f"{WHO}所述路灯由住建局管养",
        "clause": f"三定方案第三条，已问{WHO}",
        "suggested_department": "D-ZJ",
        "head": "严建新",
    }
    await desk.act("chengguan", order_id, RequestReturn.model_validate(why))
    await desk.act(
        "paidan", order_id, DecideReturn(granted=True, reason=f"{WHO}同意", department="D-ZJ")
    )
    shown = await details.order(people["zhujian"], order_id)
    for secret in SECRETS:
        assert secret not in shown.model_dump_json(), secret
    assert "保密" in shown.requests[0].evidence["clause"]


async def test_who_took_it_in_reads_no_more_in_a_units_post_than_the_unit(
    desk: Desk, details: OrderDetails, people: dict[str, Actor]
) -> None:
    clerk = people["chengguan"]
    agent = replace(clerk, roles=frozenset({Role.AGENT}), department="D-HL")
    both = replace(clerk, roles=agent.roles | clerk.roles)
    desk.people = {**desk.people, "both": both}
    order_id = (await desk.open("both", request_type="COMPLAINT", confidential=True)).order_id
    await desk.act("paidan", order_id, Dispatch(department="D-CG"))
    assert (await details.order(agent, order_id)).caller.phone == "13800001234"
    assert (await details.order(clerk, order_id)).caller.phone == "保密"
    shown = await details.order(replace(both, acting=Role.UNIT_CLERK), order_id)
    assert not any(secret in shown.model_dump_json() for secret in SECRETS)
