"""The API description: valid, complete, and kept by what the server really does."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from openapi_spec_validator import validate

from agent_console.handlers import ALL_ROUTES
from dispatch.commands import COMMANDS
from tests.console.house import House

pytestmark = pytest.mark.store

#: Not of the API: pages and files, the document itself, and a websocket, which OpenAPI cannot tell.
UNDESCRIBED = {"/", "/{path}", "/api/openapi.json", "/sip"}


async def described(house: House) -> dict[str, Any]:
    document: dict[str, Any] = (await house.browser().get("/api/openapi.json")).body
    return document


async def test_the_document_is_valid_openapi_3_1(house: House) -> None:
    document = await described(house)
    assert document["openapi"].startswith("3.1")
    validate(document)


async def test_every_address_of_the_server_is_in_it(house: House) -> None:
    paths = (await described(house))["paths"]
    served = {
        (route.resource.canonical, route.method.lower())
        for route in house.server.app.router.routes()
        if isinstance(route, web.AbstractRoute) and route.resource is not None
    }
    missing = {
        (path, method)
        for path, method in served
        if path not in UNDESCRIBED and method != "head" and method not in paths.get(path, {})
    }
    assert not missing
    for action in COMMANDS:
        assert f"/api/orders/{{order_id}}/{action.value}" in paths


async def test_what_people_send_is_described_to_the_field(house: House) -> None:
    document = await described(house)
    schemas = document["components"]["schemas"]
    form = schemas["OpenOrderBody"]
    assert {"mode", "title", "category"} <= set(form["required"])
    assert form["additionalProperties"] is False
    command = schemas["SubmitResultBody"]
    assert "public_answer" in command["required"]
    assert "expected_version" in command["properties"]
    assert "idempotency_key" not in command["properties"]
    parameters = document["paths"]["/api/orders/{order_id}/submit_result"]["post"]["parameters"]
    assert {"Idempotency-Key", "If-Match"} <= {item["name"] for item in parameters}
    parameters = document["paths"]["/api/orders"]["post"]["parameters"]
    assert "Idempotency-Key" in {item["name"] for item in parameters}
    query = {item["name"] for item in document["paths"]["/api/calls"]["get"]["parameters"]}
    assert {"from", "to", "outcome", "number", "cursor"} <= query


async def test_what_may_be_missing_is_described_as_null(house: House) -> None:
    draft = (await described(house))["paths"]["/api/calls/{call_id}/draft"]["get"]
    answer = draft["responses"]["200"]["content"]["application/json"]["schema"]
    assert {"type": "null"} in answer["anyOf"]


def test_each_operation_has_a_name_of_its_own_and_a_chinese_summary() -> None:
    names = [route.handler.__name__ for route in ALL_ROUTES]
    assert len(names) == len(set(names))
    assert all(any("\u4e00" <= char <= "\u9fff" for char in route.summary) for route in ALL_ROUTES)
    assert all(route.handler.__doc__ for route in ALL_ROUTES)
