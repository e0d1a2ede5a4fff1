"""The manager's report, and opening its numbers."""

from __future__ import annotations

import pytest

from tests.console.house import House
from tests.console.orders import (
    GOOD_FOLLOW_UP,
    done,
    full_marks,
    open_order,
    submitted,
)

pytestmark = pytest.mark.store

PERIOD = "from=2026-11-01&to=2026-11-30"


async def test_every_number_of_the_report_opens_to_its_orders(house: House) -> None:
    auditor, desk = await house.signed_in("auditor"), await house.signed_in("follow_up")
    order = await submitted(house)
    order = await done(auditor, order, "approve_result", **await full_marks(auditor))
    await done(desk, order, "record_follow_up", **GOOD_FOLLOW_UP)
    await open_order(
        await house.signed_in("agent"), mode="answered", public_answer="政务窗口工作日九点开门。"
    )

    manager = await house.signed_in("manager")
    report = (await manager.get(f"/api/reports/period?{PERIOD}")).body
    assert (report["orders"]["value"], report["answered"]["hits"]) == (2, 1)
    unit = report["units"][0]
    assert (unit["department"], unit["received"]["value"], unit["score"]) == ("D-CG", 1, 100)
    assert unit["too_few"] and report["notes"] and report["columns"][0]["formula"]

    for number in (report["orders"], unit["received"], unit["closed"]):
        opened = await manager.get(f"/api/orders?ids_of={number['cell']}&{PERIOD}")
        assert len(opened.body["items"]) == number["value"]
        assert opened.body["figure"]["label"]
    assert opened.body["figure"] == {
        "label": "办结量",
        "words": "期内办结并评估的工单数",
        "counted": "",
        "parts": [unit["name"]],
    }


async def test_a_report_is_for_managers_and_a_number_must_exist(house: House) -> None:
    clerk, manager = await house.signed_in("clerk"), await house.signed_in("manager")
    assert (await clerk.get(f"/api/reports/period?{PERIOD}")).status == 403
    assert (await clerk.get(f"/api/orders?ids_of=orders&{PERIOD}")).status == 403
    assert (await manager.get(f"/api/orders?ids_of=nothing&{PERIOD}")).status == 404
    assert (await manager.get("/api/orders?ids_of=orders")).status == 422


@pytest.mark.parametrize(
    ("period", "fields"),
    [
        ("", ["from", "to"]),
        ("from=2026-11-01", ["to"]),
        ("from=yesterday&to=2026-11-30", ["from"]),
        ("from=2026-11-30&to=2026-11-01", ["to"]),
        ("from=2024-01-01&to=2026-11-01", ["to"]),
    ],
)
async def test_a_wrong_period_names_the_field(house: House, period: str, fields: list[str]) -> None:
    answer = await (await house.signed_in("manager")).get(f"/api/reports/period?{period}")
    assert (answer.status, answer.fields()) == (422, fields)
