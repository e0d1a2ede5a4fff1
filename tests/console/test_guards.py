"""What every request meets: headers, foreign pages, malformed input, errors as problems."""

from __future__ import annotations

import pytest
from aiohttp import web

from agent_console.problems import STATUS, problems_middleware, status_of
from models.errors import HotlineError, TelephonyUnavailable
from tests.console.house import PASSWORD, House

pytestmark = pytest.mark.store

SIGN_IN = {"username": "agent", "password": PASSWORD}


@pytest.mark.parametrize("path", ["/login", "/api/vocabulary", "/api/session", "/nothing/here"])
async def test_every_answer_carries_the_security_headers(house: House, path: str) -> None:
    answer = await house.browser().get(path)
    policy = dict(
        part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; ")
    )
    host = f"{house.server.host}:{house.server.port}"
    assert policy["default-src"] == "'self'"
    assert policy["connect-src"] == f"'self' ws://{host} wss://{host}"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["media-src"] == "'self' blob:"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Permissions-Policy"].startswith("microphone=(self)")
    assert answer.headers["Referrer-Policy"] == "same-origin"


async def test_a_strange_host_header_does_not_get_into_the_policy(house: House) -> None:
    answer = await house.browser().get("/login", Host="evil.example; script-src *")
    assert "evil" not in answer.headers.get("Content-Security-Policy", "")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Requested-With": ""},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_a_foreign_page_cannot_change_anything(house: House, headers: dict[str, str]) -> None:
    browser = house.browser()
    answer = await browser.request("POST", "/api/session", body=SIGN_IN, headers=headers)
    assert (answer.status, answer.body["code"]) == (403, "forbidden")
    assert not browser.cookies


async def test_a_configured_address_before_us_is_our_own_page(house: House) -> None:
    house.services.settings.web.allowed_origins.append("https://12345.example")
    answer = await house.browser().request(
        "POST", "/api/session", body=SIGN_IN, headers={"Origin": "https://12345.example"}
    )
    assert answer.status == 200


@pytest.mark.parametrize(
    "raw", [b"{", b"nonsense", b"\xff\xfe", b'{"username": "\\ud800"}', b"[1,2", b"{'a': 1}"]
)
async def test_what_is_no_json_is_said_to_be_none(house: House, raw: bytes) -> None:
    answer = await house.browser().request("POST", "/api/session", raw=raw)
    assert (answer.status, answer.body["code"]) == (400, "malformed-request")
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_body_of_another_kind_is_refused(house: House) -> None:
    answer = await house.browser().request(
        "POST", "/api/session", raw=b"username=x", headers={"Content-Type": "text/plain"}
    )
    assert (answer.status, answer.body["code"]) == (415, "unsupported-media-type")


async def test_a_huge_body_is_refused(house: House) -> None:
    answer = await house.browser().request("POST", "/api/session", raw=b" " * 600_000)
    assert (answer.status, answer.body["title"]) == (413, "提交的内容过大")


@pytest.mark.parametrize(
    ("body", "fields", "words"),
    [
        ({}, ["username", "password"], "用户名：必填；密码：必填"),
        ({"username": "a", "password": ""}, ["password"], "密码：不能为空"),
        ({**SIGN_IN, "remember": True}, ["remember"], "不认识的字段"),
        ({"username": 7, "password": []}, ["username", "password"], "应是文字"),
        ({"username": "a\x00", "password": "b"}, ["username"], "无法显示"),
        ([], [""], "应是"),
    ],
)
async def test_wrong_fields_are_named_in_chinese(
    house: House, body: object, fields: list[str], words: str
) -> None:
    answer = await house.browser().post("/api/session", body)
    assert answer.status == 422
    assert answer.fields() == fields
    assert words in answer.body["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nothing", 404), ("PATCH", "/api/session", 405), ("GET", "/api/calls/%00", 401)],
)
async def test_wrong_addresses_are_problems_too(
    house: House, method: str, path: str, status: int
) -> None:
    answer = await house.browser().request(method, path)
    assert answer.status == status
    assert answer.body["type"].startswith("/problems/")


async def test_strange_ids_are_simply_not_found(house: House) -> None:
    browser = await house.signed_in("agent")
    for strange in ("%00", "..%2f..%2fetc", "x" * 300, "一通电话"):
        assert (await browser.get(f"/api/calls/{strange}")).status == 404


async def test_an_unexpected_error_keeps_its_secrets(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode() -> None:
        raise RuntimeError("the password is 1234")

    browser = await house.signed_in("leader")
    monkeypatch.setattr(house.calls, "floor", explode)
    answer = await browser.get("/api/floor")
    assert (answer.status, answer.body["code"]) == (500, "internal")
    assert b"1234" not in answer.raw and b"Traceback" not in answer.raw


def test_each_error_of_the_house_has_its_status() -> None:
    assert status_of(TelephonyUnavailable()) == 503
    kinds = {kind for kind in _all(HotlineError) if kind.__module__.startswith("models")}
    assert kinds <= set(STATUS), "an error without a status of its own"
    assert web.Application(middlewares=[problems_middleware])


def _all(kind: type[HotlineError]) -> set[type[HotlineError]]:
    return {kind}.union(*(_all(sub) for sub in kind.__subclasses__()))
