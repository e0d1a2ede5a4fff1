"""Orders over the API: the whole way, refusals, who sees what, twice and too late."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from agent_console.order_views import OrderDetail, TaskView
from dispatch.views import shapes
from models.ids import new_id
from models.tables import AccessLog, Staff, WorkOrder
from tests.console.browser import Answer, Browser
from tests.console.house import House
from tests.console.orders import (
    FORM,
    GOOD_FOLLOW_UP,
    RESULT,
    act,
    done,
    full_marks,
    open_order,
    submitted,
)

pytestmark = pytest.mark.store


async def test_a_demand_goes_all_the_way_to_an_explained_score(house: House) -> None:
    order = await submitted(house)
    auditor, desk = await house.signed_in("auditor"), await house.signed_in("follow_up")
    order = await done(auditor, order, "approve_result", **await full_marks(auditor))
    order = await done(desk, order, "record_follow_up", **GOOD_FOLLOW_UP)

    assert (order["state"], order["close_reason"]) == ("CLOSED", "FOLLOWED_UP")
    score = order["score"]
    assert score["score"] == 100
    assert all(part["sentence"] for part in score["parts"])
    assert sum(part["max"] for part in score["parts"]) == 100
    assert [event["action"] for event in order["events"]] == [
        "open",
        "dispatch",
        "sign_for",
        "first_contact",
        "submit_result",
        "approve_result",
        "record_follow_up",
    ]
    assert all(event["sentence"] and event["actor_name"] for event in order["events"])
    assert order["events"][1]["department_name"]
    assert order["tasks"][0]["due_explanation"]
    left = {item["action"] for item in order["allowed_actions"]}
    assert left == {"note", "attach", "watch", "ask_reopening"}


async def test_an_answer_on_the_spot_closes_the_order_and_gives_the_citizen_a_code(
    house: House,
) -> None:
    agent = await house.signed_in("agent")
    order = await open_order(agent, mode="answered", public_answer="窗口周一至周五九点开门。")
    assert (order["state"], order["close_reason"]) == ("CLOSED", "ANSWERED")
    assert len(order["query_code"]) == 6
    assert order["score"] is None and order["score_note"]
    again = (await agent.get(f"/api/orders/{order['id']}")).body
    assert again["query_code"] is None


async def test_a_shift_leader_dispatches_at_once_an_agent_may_not(house: House) -> None:
    leader, agent = await house.signed_in("leader"), await house.signed_in("agent")
    order = await open_order(leader, mode="dispatch_now", department="D-CG", dispatch_note="加急")
    assert (order["state"], order["tasks"][0]["department"]) == ("DISPATCHED", "D-CG")

    refused = await agent.post("/api/orders", FORM | {"mode": "dispatch_now"})
    assert refused.status == 403 and "派单员" in refused.body["detail"]
    async with house.store.read() as session:
        assert await session.scalar(select(func.count()).select_from(WorkOrder)) == 1


async def test_the_same_command_sent_twice_is_done_once(house: House) -> None:
    agent = await house.signed_in("agent")
    first = await agent.post("/api/orders", FORM, key="the-same-key")
    second = await agent.post("/api/orders", FORM, key="the-same-key")
    assert first.body["id"] == second.body["id"]
    assert first.body["query_code"] == second.body["query_code"]

    other = await agent.post("/api/orders", FORM | {"title": "另一件事"}, key="the-same-key")
    assert (other.status, other.fields()) == (422, ["idempotency_key"])
    missing = await agent.request("POST", "/api/orders", body=FORM)
    assert (missing.status, missing.fields()) == (422, ["Idempotency-Key"])


async def test_a_page_that_is_out_of_date_is_told_the_present_version(house: House) -> None:
    order = await open_order(await house.signed_in("agent"))
    dispatcher, leader = await house.signed_in("dispatcher"), await house.signed_in("leader")
    await done(leader, order, "urge", reason="市民再次来电")

    late = await act(dispatcher, order, "dispatch", department="D-CG", note="")
    assert (late.status, late.body["code"]) == (412, "conflict")
    assert late.body["current_version"] == order["version"] + 1
    [change] = late.body["changes"]
    assert (change["action"], change["actor_name"]) == ("urge", "陈建国")
    assert "市民再次来电" in change["sentence"]
    blind = await dispatcher.post(f"/api/orders/{order['id']}/dispatch", {"department": "D-CG"})
    assert (blind.status, blind.fields()) == (422, ["expected_version"])


async def test_the_version_travels_as_etag_and_comes_back_as_if_match(house: House) -> None:
    opened = await open_order(await house.signed_in("agent"))
    dispatcher, path = await house.signed_in("dispatcher"), f"/api/orders/{opened['id']}"
    seen = (await dispatcher.get(path)).headers["ETag"]
    note = {"text": "已电话核实地址"}

    async def send(if_match: str, **more: object) -> Answer:
        headers = {
            "If-Match": if_match,
            "Idempotency-Key": f"some-key-{len(str(more))}-{if_match[1:-1]}",
        }
        return await dispatcher.request("POST", f"{path}/note", body=note | more, headers=headers)

    first = await send(seen)
    assert (first.status, first.headers["ETag"]) == (200, '"2"')
    assert (await send(seen)).status == 200  # the same key: the same answer, not a conflict
    stale = await send(seen, text="另一条")
    assert (stale.status, stale.body["changes"][0]["action"]) == (412, "note")
    for wrong, more in (("*", {}), ("yesterday", {}), ('"2"', {"expected_version": 1})):
        answer = await send(wrong, **more)
        assert (answer.status, answer.fields()) == (422, ["If-Match"])


async def test_a_refused_action_says_what_was_tried_and_who_may_do_it(house: House) -> None:
    agent = await house.signed_in("agent")
    order = await open_order(agent)
    refused = await act(agent, order, "dispatch", department="D-CG", note="")
    assert (refused.status, refused.body["code"]) == (409, "transition-refused")
    assert refused.body["state"] == "TO_DISPATCH"
    assert "DISPATCHER" in refused.body["allowed_roles"]
    assert "派单员" in refused.body["detail"]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": ""}, ["title"]),
        ({"title": "长" * 51}, ["title"]),
        ({"request_type": "RANT"}, ["request_type"]),
        ({"category": "C99"}, ["category"]),
        ({"category": "C01"}, ["category"]),
        ({"lead_department": "D-NOWHERE"}, ["department"]),
        ({"callback_phone": "not a number"}, ["callback_phone"]),
        ({"content": "有\x00空"}, ["content"]),
        ({"surprise": 1}, ["surprise"]),
        ({"call_id": "01nosuchcall"}, ["call_id"]),
        ({"mode": "answered", "public_answer": ""}, ["public_answer"]),
    ],
)
async def test_a_wrong_form_names_the_field(
    house: House, changes: dict[str, Any], fields: list[str]
) -> None:
    agent = await house.signed_in("agent")
    answer = await agent.post("/api/orders", FORM | changes)
    assert answer.status == 422, answer.body
    assert answer.fields() == fields
    assert answer.body["detail"]


async def test_a_units_clerk_sees_only_the_orders_of_her_own_unit(house: House) -> None:
    order = await open_order(await house.signed_in("agent"))
    clerk, other = await house.signed_in("clerk"), await house.signed_in("other_clerk")
    dispatcher = await house.signed_in("dispatcher")
    before = await clerk.get(f"/api/orders/{order['id']}")
    assert before.status == 404
    order = await done(dispatcher, order, "dispatch", department="D-CG", note="")

    assert (await clerk.get(f"/api/orders/{order['id']}")).status == 200
    assert [row["id"] for row in (await clerk.get("/api/orders")).body["items"]] == [order["id"]]
    inbox = (await clerk.get("/api/orders?queue=inbox")).body["items"]
    assert [(row["id"], row["task_state"]) for row in inbox] == [(order["id"], "TO_SIGN")]
    assert (await clerk.get("/api/badges")).body["inbox"] == 1

    assert (await other.get(f"/api/orders/{order['id']}")).status == 404
    assert (await other.get("/api/orders")).body["items"] == []
    assert (await other.get("/api/orders?queue=inbox")).body["items"] == []
    assert (await other.get("/api/badges")).body["inbox"] == 0
    assert (await act(other, order, "sign_for")).status == 404


async def test_lists_never_show_numbers_and_reading_one_in_full_is_written_down(
    house: House,
) -> None:
    agent = await house.signed_in("agent")
    order = await open_order(agent)
    assert order["caller_phone"] == "13800000001"
    assert await _readings(house) == []  # her own order

    row = (await agent.get("/api/orders")).body["items"][0]
    assert "13900001234" not in str(row) and row["caller_phone"] == "139****1234"
    dispatcher = await house.signed_in("dispatcher")
    seen = (await dispatcher.get(f"/api/orders/{order['id']}")).body
    assert (seen["caller_visibility"], seen["callback_phone"]) == ("MASKED", "139****1234")
    assert await _readings(house) == []

    other = await house.signed_in("agent2")
    assert (await other.get(f"/api/orders/{order['id']}")).body["caller_name"] == "张建华"
    await other.get(f"/api/orders/{order['id']}")
    assert await _readings(house) == [("王志强", "caller_identity", order["id"])]


async def _readings(house: House) -> list[tuple[str, str, str]]:
    async with house.store.read() as session:
        rows = await session.scalars(select(AccessLog).order_by(AccessLog.id))
        return [(row.staff_name, row.what, row.subject) for row in rows]


async def test_a_confidential_caller_is_hidden_from_the_unit(house: House) -> None:
    order = await open_order(await house.signed_in("agent"), confidential=True)
    order = await done(
        await house.signed_in("dispatcher"), order, "dispatch", department="D-CG", note=""
    )
    seen = (await (await house.signed_in("clerk")).get(f"/api/orders/{order['id']}")).body
    assert (seen["caller_visibility"], seen["caller_name"]) == ("HIDDEN", "保密")
    assert "13800000001" not in str(seen) and "张建华" not in str(seen)


async def test_the_units_inner_note_and_the_hotlines_proposal_stay_where_they_belong(
    house: House,
) -> None:
    order = await submitted(house)
    clerk, manager = await house.signed_in("clerk"), await house.signed_in("manager")
    own = (await clerk.get(f"/api/orders/{order['id']}")).body
    assert own["tasks"][0]["internal_note"] == RESULT["internal_note"]
    assert own["calls"] == [] and own["suggestion"] is None
    seen = (await manager.get(f"/api/orders/{order['id']}")).body
    assert seen["tasks"][0]["internal_note"] == RESULT["internal_note"]


async def test_each_desk_finds_its_queue(house: House) -> None:
    agent = await house.signed_in("agent")
    waiting = await open_order(agent)
    handed_in = await submitted(house)
    dispatcher, auditor = await house.signed_in("dispatcher"), await house.signed_in("auditor")

    queue = (await dispatcher.get("/api/orders?queue=dispatch")).body["items"]
    assert [row["id"] for row in queue] == [waiting["id"]]
    await done(dispatcher, waiting, "ask_supplement", missing="请核实具体路段")
    queue = (await agent.get("/api/orders?queue=supplement")).body["items"]
    assert [row["id"] for row in queue] == [waiting["id"]]
    assert (await agent.get("/api/badges")).body["supplement"] == 1
    queue = (await auditor.get("/api/orders?queue=audit")).body["items"]
    assert [(row["id"], row["own"]) for row in queue] == [(handed_in["id"], False)]
    assert (await auditor.get("/api/orders?queue=audit&q=没有这样的词")).body["items"] == []
    assert (await auditor.get("/api/orders?queue=audit&light=RED")).body["items"] == []
    assert (await auditor.get("/api/badges")).body["audit"] == 1

    await done(auditor, handed_in, "approve_result", **await full_marks(auditor))
    desk = await house.signed_in("follow_up")
    queue = (await desk.get("/api/orders?queue=follow_up")).body["items"]
    assert [(row["id"], row["attempts"]) for row in queue] == [(handed_in["id"], 0)]
    assert queue[0]["advice"]
    for browser, name in ((auditor, "dispatch"), (dispatcher, "audit"), (desk, "inbox")):
        assert (await browser.get(f"/api/orders?queue={name}")).status == 403


async def test_lists_turn_pages_and_find_words(house: House) -> None:
    agent = await house.signed_in("agent")
    titles = ["路灯不亮", "井盖丢失", "夜市噪音"]
    for title in titles:
        await open_order(agent, title=title)
    first = (await agent.get("/api/orders?limit=2")).body
    rest = (await agent.get(f"/api/orders?limit=2&cursor={first['next_cursor']}")).body
    found = [row["title"] for row in (*first["items"], *rest["items"])]
    assert sorted(found) == sorted(titles) and rest["next_cursor"] is None
    hits = (await agent.get("/api/orders?q=井盖&queue=mine")).body["items"]
    assert [row["title"] for row in hits] == ["井盖丢失"]
    for wrong in ("cursor=nonsense", "limit=0", "limit=201", "queue=every", "lihgt=RED"):
        answer = await agent.get(f"/api/orders?{wrong}")
        assert answer.status == 422 and answer.fields() == [wrong.partition("=")[0]]


async def test_what_the_machine_proposed_is_kept_with_the_order(house: House) -> None:
    agent = await house.signed_in("agent")
    proposal = {
        "request_types": [{"code": "COMPLAINT", "name": "投诉", "confidence": 0.9}],
        "categories": [],
        "departments": [],
        "urgency": "NORMAL",
        "urgency_reason": "",
        "title": "路灯坏了",
        "facts": [],
        "model_version": "seed-1",
    }
    order = await open_order(agent, proposal=proposal)
    assert order["suggestion"]["model_version"] == "seed-1"
    assert order["suggestion"]["decisions"] == {
        "request_type": "accepted",
        "urgency": "accepted",
        "title": "edited",
    }


def test_all_that_is_known_of_an_order_reaches_the_page() -> None:
    """What the page has under another name stands here; all else it has by the same."""
    renamed = {"accepted_by", "caller", "sla_version", "timeline"}
    assert shapes.OrderDetail.model_fields.keys() - OrderDetail.model_fields.keys() == renamed
    assert shapes.TaskView.model_fields.keys() - TaskView.model_fields.keys() == {"parent_id"}


async def test_the_lead_unit_reads_what_a_joint_one_found_and_chooses_who_signs(
    house: House,
) -> None:
    dispatcher, clerk = await house.signed_in("dispatcher"), await house.signed_in("clerk")
    other = await house.signed_in("other_clerk")
    order = await open_order(await house.signed_in("agent"))
    sent = {"department": "D-CG", "joint": ["D-ZJ"], "difficulty": "COMPLEX"}
    order = await done(dispatcher, order, "dispatch", **sent)
    order = await done(other, order, "sign_for")
    opinion = "灯杆已移交城管部门，移交清单附后"
    await done(other, order, "submit_part", opinion=opinion)
    async with house.store.transaction() as work:
        work.session.add(head(house, "严建新"))
    order = await done(clerk, await seen(clerk, order), "sign_for")
    assert order["difficulty"] == "COMPLEX"
    assert [task["opinion"] for task in order["tasks"] if task["role"] == "JOINT"] == [opinion]
    forms = {one["action"]: one["fields"] for one in order["allowed_actions"]}
    fields = {field["name"]: field for field in forms["request_return"]}
    assert [option["value"] for option in fields["head"]["options"]] == ["严建新"]
    assert (fields["head"]["required"], fields["suggested_department"]["kind"]) == (True, "unit")
    names = list(fields)
    assert (names[0], names[-1]) == ("reason_code", "head")
    wrong = await act(clerk, order, "submit_result", **{**RESULT, "head": "张三"})
    assert (wrong.status, wrong.fields()) == (422, ["head"])
    order = await done(clerk, order, "submit_result", **{**RESULT, "head": "严建新"})
    assert order["state"] == "TO_AUDIT"


async def seen(browser: Browser, order: dict[str, Any]) -> dict[str, Any]:
    """The order as it is now."""
    found: dict[str, Any] = (await browser.get(f"/api/orders/{order['id']}")).body
    return found


def head(house: House, name: str) -> Staff:
    """Somebody who leads 区城管局."""
    return Staff(
        id=new_id(),
        username=new_id(),
        name=name,
        password_hash="",
        roles=["UNIT_HEAD"],
        department="D-CG",
        created_at=house.clock.now(),
    )
