"""Steps in the life of an order, as pages send them."""

from __future__ import annotations

from typing import Any

from tests.console.browser import Answer, Browser
from tests.console.house import House

Order = dict[str, Any]

FORM: dict[str, Any] = {
    "mode": "dispatch_queue",
    "request_type": "COMPLAINT",
    "category": "C010102",
    "urgency": "NORMAL",
    "title": "解放路路灯不亮",
    "content": "市民反映解放路12号门前三盏路灯已经一周不亮，夜间出行不便。",
    "demand": "尽快修复",
    "place": "解放路12号",
    "occurred": "上周起",
    "caller_name": "张建华",
    "caller_phone": "13800000001",
    "callback_phone": "13900001234",
    "confidential": False,
    "want_reply": True,
    "lead_department": "D-CG",
}

RESULT: dict[str, Any] = {
    "fact_finding": "TRUE",
    "demand_finding": "REASONABLE",
    "outcome": "SOLVED",
    "unresolved_reason": "",
    "public_answer": "您好，三盏路灯已于今日更换灯具，恢复照明。",
    "internal_note": "备件已领用，控制箱需要年底更换。",
    "evidence": "维修记录〔2026〕12号，存市政股",
    "head": "严建新",
}

GOOD_FOLLOW_UP: dict[str, Any] = {
    "reached": True,
    "contacted": True,
    "solved": "SOLVED",
    "satisfaction": "VERY_SATISFIED",
    "service_satisfaction": "SATISFIED",
    "note": "市民表示感谢",
    "evidence": "热线座机8812399，20日10时拨打",
}


async def open_order(browser: Browser, **changes: Any) -> dict[str, Any]:
    """Take a demand in; gives the order."""
    answer = await browser.post("/api/orders", FORM | changes)
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


async def act(browser: Browser, order: dict[str, Any], action: str, **fields: Any) -> Answer:
    """Any further action on the order as this page last saw it."""
    body = {"expected_version": order["version"], **fields}
    return await browser.post(f"/api/orders/{order['id']}/{action}", body)


async def done(browser: Browser, order: Order, action: str, **fields: Any) -> Order:
    """An action that must succeed; gives the order after it."""
    answer = await act(browser, order, action, **fields)
    assert answer.status == 200, answer.body
    changed: Order = answer.body
    return changed


async def full_marks(browser: Browser) -> dict[str, Any]:
    """An auditor's sheets with full marks everywhere."""
    rules = (await browser.get("/api/assessment-rules")).body
    return {
        sheet: {item["code"]: item["max"] for item in rules[sheet]}
        for sheet in ("quality_items", "process_items")
    }


async def submitted(house: House) -> dict[str, Any]:
    """An order whose unit has handed in its result."""
    order = await open_order(await house.signed_in("agent"))
    dispatcher, clerk = await house.signed_in("dispatcher"), await house.signed_in("clerk")
    order = await done(dispatcher, order, "dispatch", department="D-CG", note="请尽快处理")
    order = await done(clerk, order, "sign_for")
    contact = {"person": "张先生", "reached": True, "evidence": "座机8812345，20日10时拨打"}
    order = await done(clerk, order, "first_contact", **contact)
    return await done(clerk, order, "submit_result", **RESULT)
