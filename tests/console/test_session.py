"""Signing in and out."""

from __future__ import annotations

import pytest

from tests.console.house import PASSWORD, House

pytestmark = pytest.mark.store


async def test_an_agent_signs_in_sees_who_she_is_and_signs_out(house: House) -> None:
    browser = house.browser()
    assert (await browser.get("/api/session")).status == 401

    answer = await browser.post("/api/session", {"username": "agent", "password": PASSWORD})
    assert answer.status == 200
    assert answer.body["staff"]["name"] == "李晓梅"
    assert answer.body["staff"]["department_name"]
    assert "call.seat" in answer.body["permissions"]
    assert (await browser.get("/api/session")).body == answer.body

    assert (await browser.request("DELETE", "/api/session")).status == 204
    refused = await browser.get("/api/session")
    assert (refused.status, refused.body["code"]) == (401, "not-signed-in")
    assert refused.headers["Content-Type"] == "application/problem+json"
