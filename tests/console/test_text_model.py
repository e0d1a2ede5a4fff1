"""What people made of the machine's proposals: figures for the manager, rows for the next model."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from nlp.text.corpus import ORDER_ID
from nlp.text.order_rows import rows_of_orders
from nlp.text.understander import models_dir
from nlp.text.versions import REPORT
from tests.console.house import House
from tests.console.orders import act, done, open_order

pytestmark = pytest.mark.unit

CATEGORY = {"code": "C010102", "name": "路灯", "confidence": 0.9, "path": ["一", "二", "路灯"]}
PROPOSAL: dict[str, Any] = {
    "request_types": [{"code": "HELP", "name": "求助", "confidence": 0.6}],
    "categories": [CATEGORY],
    "departments": [{"code": "D-CG", "name": "区城市管理和综合执法局", "confidence": 0.5}],
    "urgency": "NORMAL",
    "urgency_reason": "",
    "title": "",
    "facts": [],
    "model_version": "20261101-000000-abcdef01",
    "doubts": [{"field": "department", "reason": "承办单位把握不足"}],
}


async def test_acceptance_by_week(house: House) -> None:
    agent = await house.signed_in("agent")
    for _ in range(2):
        await open_order(agent, proposal=PROPOSAL)
    await open_order(agent)  # no proposal: it tells nothing about them
    house.clock.advance(timedelta(days=7))
    await open_order(await house.signed_in("agent"), proposal=PROPOSAL, request_type="HELP")
    page = (await (await house.signed_in("manager")).get("/api/text-model")).body
    late, early = page["weeks"]
    assert (late["begins"], late["orders"]) == ("2026-11-09", 1)
    assert (early["begins"], early["orders"], early["looked_at"]) == ("2026-11-02", 2, 2)
    assert early["fields"]["request_type"]["edited"] == 2
    assert early["fields"]["category"]["accepted"] == 2
    assert early["fields"]["department"]["abstained"] == 2
    assert late["fields"]["request_type"]["accepted"] == 1
    assert late["model_versions"] == ["20261101-000000-abcdef01"]
    assert page["categories"] is None, "three orders are no trend"
    assert page["known_words"] == 1.0


async def test_no_report_but_of_a_version_that_there_is(house: House) -> None:
    manager = await house.signed_in("manager")
    folder = models_dir(house.services.settings) / "x"
    folder.mkdir(parents=True)
    (folder / REPORT).write_text("private")
    for version in ("x", "..%2Fx", "20260101-000000-00000000"):
        assert (await manager.get(f"/api/text-model/{version}/report")).status == 404
    page = (await manager.get("/api/text-model")).body
    assert page["versions"] == [] and page["switches"] == [] and page["version"] is None


async def test_orders_are_examples_with_their_labels_as_they_stand_now(house: House) -> None:
    agent, dispatcher = await house.signed_in("agent"), await house.signed_in("dispatcher")
    corrected = await open_order(agent, proposal=PROPOSAL)
    corrected = await done(
        dispatcher, corrected, "dispatch", department="D-SL", note="应由水利局办"
    )
    secret = await open_order(agent, proposal=PROPOSAL, confidential=True)
    await open_order(agent)
    unowned = await open_order(agent, proposal=PROPOSAL, lead_department="")
    rules = house.services.rules
    found = await rows_of_orders(house.services.store, rules.taxonomy, rules.departments)
    (row,) = found.rows
    assert row.id == f"{ORDER_ID}{corrected['id']}"
    assert (row.request_type.value, row.category) == ("COMPLAINT", "C010102")
    assert row.department == "D-SL", "the unit that got it, not the one that was proposed"
    assert row.text.startswith("市民反映解放路12号")
    assert secret["id"] not in row.id
    assert found.passed_over == {"没有承办单位": 1}
    assert (await act(dispatcher, unowned, "dispatch", department="D-CG", note="")).status == 200
    again = await rows_of_orders(house.services.store, rules.taxonomy, rules.departments)
    assert len(again.rows) == 2
    newest = await rows_of_orders(house.services.store, rules.taxonomy, rules.departments, 1)
    assert len(newest.rows) == 1
