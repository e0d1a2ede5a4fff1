"""The directory through the API: acting in several posts, deputies, leaving, the catalogue."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from agent_console.services import CONSOLE
from config.catalogue_shelf import CatalogueShelf
from config.settings import load_settings
from dispatch.rules import Rules, load_rules
from models.clock import ManualClock
from tests.console.browser import Browser
from tests.console.house import House
from tests.console.orders import RESULT, done, open_order
from tests.dispatch.catalogue_sheets import LAMPS, TOWN, as_excel

pytestmark = pytest.mark.store

TODAY = date(2026, 11, 2)


@pytest.fixture
def rules(clock: ManualClock) -> Rules:
    """Of this test alone: imports add to them."""
    loaded = load_rules(load_settings())

    def today() -> date:
        return clock.now().astimezone(loaded.zone).date()

    return replace(loaded, catalogues=CatalogueShelf(loaded.catalogues.first, today))


async def people(browser: Browser) -> dict[str, str]:
    """Names and ids."""
    return {p["name"]: p["id"] for p in (await browser.get("/api/directory/people")).body}


async def me(browser: Browser) -> dict[str, Any]:
    found: dict[str, Any] = (await browser.get("/api/session")).body
    return found


def posts_of(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(p["key"], p["department_name"], p["for_name"]) for p in found["posts"]]


async def test_units_with_level_hours_duty_and_people(house: House) -> None:
    leader = await house.signed_in("leader")
    rows = {row["code"]: row for row in (await leader.get("/api/directory/units")).body}
    shown = [(rows[c]["level"], rows[c]["kind_label"]) for c in ("D-HL", "D-CG", "D-CG-SZ-1")]
    assert shown == [(1, "区直部门"), (2, "区直部门"), (4, "内设科室")]
    night = {
        "name": "谢芳",
        "phone": "13800000000",
        "starts_at": "2026-11-02T00:00:00Z",
        "ends_at": "2026-11-03T00:00:00Z",
    }
    unit = (await leader.post("/api/directory/units/D-CG/duty", night)).body
    assert unit["row"]["on_duty"] == ["谢芳"] and unit["row"]["open_now"]
    assert unit["hours"] == "工作日 09:00—12:00、13:30—17:30（统一时间）"
    assert unit["to_ring"] == [
        {"department_name": "区城管局", "name": "谢芳", "phone": "13800000000"}
    ]
    below = (await leader.get("/api/directory/units/D-CG-SZ-1")).body
    assert below["to_ring"][0]["department_name"] == "区城管局"
    assert below["above"] == ["城管局市政股", "区城管局", "热线中心"]
    assert [p["name"] for p in unit["people"]] == ["彭海波"]
    (duty,) = unit["duties"]
    other = await house.signed_in("other_clerk")
    assert (await other.post(f"/api/directory/duty/{duty['id']}/cancel")).status == 403
    clerk = await house.signed_in("clerk")
    assert (await clerk.post(f"/api/directory/duty/{duty['id']}/cancel")).status == 204
    assert (await leader.get("/api/directory/units/D-CG")).body["to_ring"] == []


async def test_a_person_with_two_posts_acts_in_one_at_a_time(house: House) -> None:
    admin, clerk = await house.signed_in("admin"), await house.signed_in("clerk")
    clerk_id = (await people(admin))["彭海波"]
    post = {"department": "D-HL", "roles": ["DISPATCHER"], "since": "2026-11-02"}
    given = await admin.post(f"/api/directory/people/{clerk_id}/posts", post)
    assert given.status == 204, given.body
    own, further = posts_of(await me(clerk))
    assert (own, further[1:]) == (("own", "区城管局", ""), ("热线中心", ""))

    order = await open_order(await house.signed_in("agent"))
    assert (await clerk.get(f"/api/orders/{order['id']}")).status == 404
    chosen = (await clerk.post("/api/session/post", {"post": further[0]})).body
    assert (chosen["post"], chosen["staff"]["department"]) == (further[0], "D-HL")
    assert "queue.dispatch" in chosen["permissions"]
    assert "queue.unit" not in chosen["permissions"]
    order = await done(clerk, order, "dispatch", department="D-CG", note="")
    await clerk.post("/api/session/post", {"post": "own"})
    order = await done(clerk, order, "sign_for")
    assert order["tasks"][0]["state"] == "SIGNED"

    (row,) = (await admin.get("/api/directory/units/D-CG")).body["people"]
    assert row["posts"][0]["role_labels"] == ["派单员"]
    await clerk.post("/api/session/post", {"post": further[0]})
    assert (await admin.post(f"/api/directory/posts/{further[0]}/end")).status == 204
    assert (await me(clerk))["post"] == "own"  # what ended is not acted in any more
    assert (await clerk.post("/api/session/post", {"post": further[0]})).status == 422


async def test_a_deputy_acts_under_the_own_name_for_the_one_who_is_away(house: House) -> None:
    admin, deputy = await house.signed_in("admin"), await house.signed_in("other_clerk")
    who = await people(admin)
    away = {
        "staff_id": who["彭海波"],
        "deputy_id": who["曾庆华"],
        "starts_at": "2026-11-02T01:00:00Z",
        "ends_at": "2026-11-02T09:00:00Z",
        "reason": "住院",
    }
    own_wish = await (await house.signed_in("clerk")).post("/api/directory/absences", away)
    assert (own_wish.status, own_wish.fields()) == (422, ["deputy_id"])
    assert (await admin.post("/api/directory/absences", away)).status == 204

    order = await open_order(await house.signed_in("agent"))
    dispatcher = await house.signed_in("dispatcher")
    order = await done(dispatcher, order, "dispatch", department="D-CG", note="")
    key = posts_of(await me(deputy))[1][0]
    chosen = (await deputy.post("/api/session/post", {"post": key})).body
    assert (chosen["for_name"], chosen["staff"]["department"]) == ("彭海波", "D-CG")
    order = await done(deputy, order, "sign_for")
    contact = {"person": "张先生", "reached": True, "evidence": "座机8812345，20日10时拨打"}
    order = await done(deputy, order, "first_contact", **contact)
    await done(deputy, order, "submit_result", **RESULT)
    events = (await dispatcher.get(f"/api/orders/{order['id']}")).body["events"]
    (signed,) = (event for event in events if event["action"] == "sign_for")
    assert (signed["actor_name"], signed["department_name"]) == ("曾庆华（代彭海波）", "区城管局")

    house.clock.advance(timedelta(hours=8))  # the absence is over
    assert (await me(deputy))["post"] == "own"
    assert len(posts_of(await me(deputy))) == 1


async def test_an_administrator_closes_an_account_when_its_work_has_a_successor(
    house: House,
) -> None:
    admin, clerk = await house.signed_in("admin"), await house.signed_in("clerk")
    order = await open_order(await house.signed_in("agent"))
    dispatcher = await house.signed_in("dispatcher")
    order = await done(dispatcher, order, "dispatch", department="D-CG", note="")
    await done(clerk, order, "sign_for")
    going = (await people(admin))["彭海波"]
    work = (await admin.get(f"/api/directory/people/{going}/work")).body
    assert (work["to_hand_over"], work["tasks"][0]["order_no"]) == (1, order["order_no"])
    assert work["colleagues"] == []
    refused = await admin.post(f"/api/directory/people/{going}/leave", {"reason": "调离"})
    assert (refused.status, refused.fields()) == (422, ["successor_id"])
    assert (await clerk.get("/api/session")).status == 200


def sent(*rows: dict[str, str], **changes: Any) -> dict[str, Any]:
    """A workbook as the page sends it."""
    content = base64.b64encode(as_excel(*rows)).decode()
    return {
        "file_name": "目录.xlsx",
        "content": content,
        "valid_from": "2026-11-02",
        "note": "机构改革",
    } | changes


async def test_a_catalogue_is_checked_imported_and_answers_for_each_day(house: House) -> None:
    await house.server.app[CONSOLE].directory.book.enter_file()
    dispatcher, clerk = await house.signed_in("dispatcher"), await house.signed_in("clerk")
    path = "/api/catalogue/import"
    bad = (await dispatcher.post(path, sent(LAMPS, TOWN | {"主办单位": "路灯所"}))).body
    assert (bad["version"], bad["faults"][0]["row"]) == ("", 3)
    assert bad["faults"][0]["text"].startswith("第3行“主办单位”：不认识的单位“路灯所”。")

    later = {"valid_from": "2026-11-05"}
    checked = (await dispatcher.post(path, sent(LAMPS, TOWN, check=True, **later))).body
    assert (checked["version"], checked["rules"]) == ("", 2)
    done_ = (await dispatcher.post(path, sent(LAMPS, TOWN, **later))).body
    assert done_["version"] == "2026-11-05"
    assert (await clerk.post(path, sent(LAMPS))).status == 403
    same = await dispatcher.post(path, sent(LAMPS, TOWN, valid_from="2026-11-06"))
    assert (same.status, same.fields()) == (422, ["file"])
    broken = await dispatcher.post(path, sent(LAMPS, content="%%%"))
    assert (broken.status, broken.fields()) == (422, ["content"])

    async def owner(day: str) -> tuple[str, str]:
        query = f"/api/catalogue/owner?category=C010102&day={day}"
        found = (await clerk.get(query)).body
        return found["unit_name"], found["version"]

    assert await owner("2026-11-04") == ("区城管局", "2026-11")
    assert await owner("2026-11-05") == ("区住建局", "2026-11-05")
    assert (await clerk.get("/api/catalogue/owner?category=C99")).fields() == ["category"]
    stands = [(v["version"], v["stands"]) for v in (await clerk.get(VERSIONS)).body]
    assert stands == [("2026-11-05", "future"), ("2026-11", "present")]
    shown = (await clerk.get("/api/catalogue?version=2026-11-05")).body
    assert [rule["unit_name"] for rule in shown["rules"]] == ["区住建局", "区城管局"]
    assert shown["rules"][0]["keep"] and shown["version"]["imported_by"] == "周敏"
    assert (await clerk.get("/api/catalogue?version=nothing")).status == 404


async def test_a_dispatcher_reads_what_the_catalogue_says_of_an_order(house: House) -> None:
    await house.server.app[CONSOLE].directory.book.enter_file()
    order = await open_order(await house.signed_in("agent"), category="C010401")
    path = f"/api/orders/{order['id']}/owner"
    found = (await (await house.signed_in("dispatcher")).get(path)).body
    assert (found["unit"], found["joint"], found["rule"]["keep"]) == ("D-CG", ["D-ZG"], True)
    clerk = await house.signed_in("clerk")  # it is not theirs yet
    assert (await clerk.get(path)).status == 404


VERSIONS = "/api/catalogue/versions"


async def test_the_file_comes_out_as_it_may_go_in(house: House) -> None:
    await house.server.app[CONSOLE].directory.book.enter_file()
    manager = await house.signed_in("manager")
    for kind in ("xlsx", "csv"):
        file = await manager.get(f"/api/catalogue/file?kind={kind}")
        assert "attachment" in file.headers["Content-Disposition"]
        content = base64.b64encode(file.raw).decode()
        body = sent(file_name=f"目录.{kind}", content=content, check=True)
        report = (await manager.post("/api/catalogue/import", body)).body
        assert (report["faults"], report["changes"], report["rules"]) == ([], [], 52)
