"""The office's lists and the desk's refusals, as pages ask for them."""

from __future__ import annotations

import pytest

from tests.console.house import House
from tests.console.orders import (
    FORM,
    GOOD_FOLLOW_UP,
    act,
    done,
    full_marks,
    open_order,
    submitted,
)

pytestmark = pytest.mark.store


async def test_a_demand_is_refused_with_a_reason_and_only_with_one(house: House) -> None:
    agent = await house.signed_in("agent")
    reasons = {item["code"]: item for item in (await agent.get("/api/refusals")).body}
    assert reasons["R05"]["confirm"]
    refused = await open_order(agent, mode="refused", refusal="R10", lead_department="")
    assert refused["state"] == "REFUSED"
    assert refused["public_answer"] == reasons["R10"]["route"]
    assert refused["office"]["refusal"] == reasons["R10"]["name"]
    for wrong in ({"mode": "refused"}, {"refusal": "R10"}):
        answer = await agent.post("/api/orders", FORM | wrong)
        assert answer.status == 422, answer.body
        assert "不予受理的请选择原因" in str(answer.body)


async def test_what_is_left_out_is_there_for_every_unit_to_see(house: House) -> None:
    order = await submitted(house)
    auditor, caller = await house.signed_in("auditor"), await house.signed_in("follow_up")
    clerk, manager = await house.signed_in("clerk"), await house.signed_in("manager")
    order = await done(auditor, order, "approve_result", **await full_marks(auditor))
    answers = {**GOOD_FOLLOW_UP, "satisfaction": "SATISFIED"}
    order = await done(caller, order, "record_follow_up", **answers)
    words = {"reason": "供电线路故障所致", "evidence": "供电公司11月20日证明"}
    order = await done(clerk, order, "ask_exclusion", reason_code="NOT_OURS", **words)
    (waiting,) = (await auditor.get("/api/requests")).body
    assert (waiting["request"]["kind"], waiting["own"]) == ("EXCLUSION", False)
    (own,) = (await clerk.get("/api/requests")).body
    assert own["own"]
    order = await done(auditor, order, "decide_exclusion", granted=True, reason="属实")
    assert (
        await act(auditor, order, "confirm_exclusion", granted=True, reason="属实")
    ).status == 409
    await done(manager, order, "confirm_exclusion", granted=True, reason="同意")
    stranger = await house.signed_in("other_clerk")
    (shown,) = (await stranger.get("/api/exclusions")).body
    assert (shown["order_no"], shown["reason_label"]) == (order["order_no"], "非承办单位原因")
    assert "13800000001" not in str(shown)
    assert (await stranger.get("/api/requests")).body == []
    assert (await manager.get("/api/requests")).body == []


async def test_every_action_comes_with_its_form(house: House) -> None:
    agent, leader = await house.signed_in("agent"), await house.signed_in("leader")
    order = await open_order(agent)
    shown = (await leader.get(f"/api/orders/{order['id']}")).body
    forms = {item["action"]: item["fields"] for item in shown["allowed_actions"]}
    fields = {field["name"]: field for field in forms["merge"]}
    assert (fields["into"]["label"], fields["into"]["required"]) == ("主单编号", True)
    assert {field["kind"] for field in forms["raise_urgency"]} == {"choice", "words"}
    assert all(field["label"] != field["name"] for form in forms.values() for field in form)
