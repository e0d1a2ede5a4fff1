"""The browser app's files, and the page that says how to get them."""

from __future__ import annotations

import gzip

import pytest

from models.vocabulary import SupervisionKind
from tests.console.house import House

pytestmark = pytest.mark.store

INDEX = "<!doctype html><title>12345</title>"


def build(house: House) -> None:
    """What the build leaves."""
    dist = house.services.web_dist
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text(INDEX)
    (dist / "favicon.svg").write_text("<svg/>")
    (dist / "assets" / "app-1a2b.js").write_text("let a")
    (dist / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(b"let a"))


@pytest.mark.parametrize("path", ["/", "/login", "/desk", "/orders/01abc", "/phone", "/strange"])
async def test_every_page_is_the_start_page_and_always_fresh(house: House, path: str) -> None:
    build(house)
    answer = await house.browser().get(path)
    assert (answer.status, answer.raw.decode()) == (200, INDEX)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_hashed_files_are_kept_for_ever_and_sent_compressed(house: House) -> None:
    build(house)
    browser = house.browser()
    answer = await browser.get("/assets/app-1a2b.js", **{"Accept-Encoding": "gzip"})
    assert answer.raw == b"let a"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "javascript" in answer.headers["Content-Type"]
    assert (await browser.get("/favicon.svg")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone.js",
        "/../settings.yaml",
        "/%2e%2e/hotline.db",
        "/assets/%2e%2e/%2e%2e/secrets.json",
        "/a%00.js",
    ],
)
async def test_nothing_but_the_build_is_given_out(house: House, path: str) -> None:
    build(house)
    answer = await house.browser().get(path)
    assert answer.status == 404


async def test_before_the_build_the_page_says_what_to_do(house: House) -> None:
    answer = await house.browser().get("/desk")
    assert answer.status == 503
    assert "make run" in answer.raw.decode() and "zh-CN" in answer.raw.decode()


async def test_health_and_status_answer_without_signing_in(house: House) -> None:
    browser = house.browser()
    assert (await browser.get("/healthz")).body["status"] == "ok"
    status = (await browser.get("/api/status")).body
    assert status["area_name"] and status["hotline_number"] == "12345"
    assert status["practice_phones"] and status["demo"]
    assert {"huawu1", "paidan"} <= {item["username"] for item in status["demo_accounts"]}


async def test_demo_passwords_are_not_told_to_other_machines(house: House) -> None:
    status = await house.browser().get("/api/status", **{"X-Forwarded-For": "203.0.113.7"})
    assert status.body["demo"] and status.body["demo_accounts"] == []


async def test_words_units_and_categories_come_from_their_one_place(house: House) -> None:
    browser = await house.signed_in("agent")
    words = (await browser.get("/api/vocabulary")).body
    assert {"code": "COMPLAINT", "label": "投诉"} in words["RequestType"]
    assert {"code": "sign_for", "label": "签收"} in words["Action"]
    units = (await browser.get("/api/departments")).body
    assert {"D-HL", "D-CG"} <= {unit["code"] for unit in units}
    tree = (await browser.get("/api/taxonomy")).body
    leaf = tree["nodes"][0]["children"][0]["children"][0]
    assert leaf["code"] == "C010101" and leaf["children"] == []
    reasons = (await browser.get("/api/reasons")).body
    assert "填写工单" in reasons["busy"] and "反复拨打不说话" in reasons["nuisance"]
    assert set(reasons["supervision"]) == {kind.value for kind in SupervisionKind}
