"""The OpenAPI 3.1 document, made from the routes and their pydantic models."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from agent_console.identity import COOKIE
from agent_console.routing import IDEMPOTENCY_HEADER, Route
from agent_console.security import REQUESTED_WITH, SAFE_METHODS
from dispatch.commands import OrderCommand

REF = "#/components/schemas/{model}"
Mode = Literal["validation", "serialization"]


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457. ``code`` is stable; further members depend on it."""

    type: str = Field(examples=["/problems/invalid-input"])
    title: str = Field(examples=["填写的内容有误"])
    status: int = Field(examples=[422])
    detail: str
    code: str = Field(examples=["invalid-input"])
    errors: list[FieldProblem] = []


def document(routes: list[Route], version: str) -> dict[str, Any]:
    """The whole description."""
    schemas, components = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, schemas)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "12345 热线接口",
            "version": version,
            "description": "错误一律为 application/problem+json（RFC 9457）。用法见 docs/api.md。",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
                "partner": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _schemas(routes: list[Route]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Schema by (route, part), and the named models they refer to."""
    inputs: list[tuple[Any, Mode, TypeAdapter[Any]]] = [
        ("problem", "serialization", TypeAdapter(Problem))
    ]
    for route in routes:
        if route.body:
            inputs.append(((id(route), "body"), "validation", TypeAdapter(route.body)))
        if route.result is not None:
            inputs.append(((id(route), "result"), "serialization", TypeAdapter(route.result)))
    found, rest = TypeAdapter.json_schemas(inputs, ref_template=REF)
    return {key: schema for (key, _mode), schema in found.items()}, rest.get("$defs", {})


def _operation(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route, schemas),
        "security": _security(route),
    }
    if route.handler.__doc__:
        operation["description"] = route.handler.__doc__.strip()
    if route.permissions:
        operation["x-permission"] = " | ".join(route.permissions)
    if route.body:
        content = {"application/json": {"schema": schemas[id(route), "body"]}}
        operation["requestBody"] = {"required": True, "content": content}
    elif route.takes:
        file = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {"required": True, "content": {route.takes: file}}
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.public:
        return []
    return [{"partner" if route.partner else "session": []}]


def _parameters(route: Route) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in route.path_names
    ]
    if route.query:
        found += _query_parameters(route.query)
    if route.needs_key:
        key = {"type": "string", "minLength": 8, "maxLength": 64, "pattern": r"^[\w\-]+$"}
        found.append({"name": IDEMPOTENCY_HEADER, "in": "header", "required": True, "schema": key})
    if route.body and issubclass(route.body, OrderCommand):
        found.append({"name": "If-Match", "in": "header", "schema": {"type": "string"}})
    if route.method not in SAFE_METHODS and not route.partner:
        own = {"type": "string", "const": "hotline"}
        found.append({"name": REQUESTED_WITH, "in": "header", "required": True, "schema": own})
    return found


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=REF)
    local = schema.get("$defs", {})
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _inline(item, local)}
        for name, item in schema["properties"].items()
    ]


def _inline(schema: Any, local: dict[str, Any]) -> Any:
    """Put enums and the like in place of references: a query has no named models."""
    if isinstance(schema, list):
        return [_inline(item, local) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {**_inline(local[name], local), **rest}
    return {key: _inline(value, local) for key, value in schema.items()}


def _responses(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    problem = {
        "description": "出错",
        "content": {"application/problem+json": {"schema": schemas["problem"]}},
    }
    if route.result is not None:
        content = {route.produces: {"schema": schemas[id(route), "result"]}}
        good = {str(int(HTTPStatus.OK)): {"description": "成功", "content": content}}
    elif route.produces != "application/json":
        content = {route.produces: {"schema": {"type": "string"}}}
        good = {str(int(HTTPStatus.OK)): {"description": "成功", "content": content}}
    else:
        good = {str(int(HTTPStatus.NO_CONTENT)): {"description": "成功，无内容"}}
    return {**good, "default": problem}
