"""Typed routes: a handler's signature says what it takes and gives, and is the API description.

A handler is ``async def name(ask: Ask, …) -> Result``. Further parameters by name:

- ``body``: a pydantic model, read from the JSON body;
- ``query``: a pydantic model, read from the query string;
- ``idempotency_key``: the request header of that name, required;
- any name that stands in the path in braces.

Routes with ``partner`` are for other systems: by their own key, never by a session.

``Result`` is whatever pydantic can serialise, ``None`` (204), or an aiohttp response, which is
sent as it is. The same facts make the OpenAPI document, see ``agent_console.openapi``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, get_type_hints

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from agent_console.errors import UnsupportedMediaType
from agent_console.identity import PARTNER, PERSON
from agent_console.people import Person
from agent_console.services import CONSOLE, Console
from agent_console.validation import read_json, read_query
from dispatch.platform.systems import Partner
from models.errors import InvalidInput, NotFound, NotSignedIn

H = TypeVar("H", bound=Callable[..., Awaitable[Any]])

IDEMPOTENCY_HEADER = "Idempotency-Key"

_PATH_NAME = re.compile(r"{(\w+)}")
_PATH_VALUE = re.compile(r"[\w.+\-]{1,64}")
_KEY = re.compile(r"[\w\-]{8,64}")


@dataclass(frozen=True, kw_only=True)
class Route:
    """One address with what it takes and gives."""

    method: str
    path: str
    handler: Callable[..., Awaitable[Any]]
    tag: str
    summary: str
    #: One of these is needed to be let in; none: any signed-in person.
    permissions: tuple[str, ...]
    #: Also without signing in.
    public: bool
    #: For other systems, by key.
    partner: bool
    #: Media type of a result that is not JSON.
    produces: str
    #: Media type of a body that is not JSON, and that the handler reads itself.
    takes: str
    hints: dict[str, Any] = field(repr=False)

    @property
    def path_names(self) -> list[str]:
        """Names in braces."""
        return _PATH_NAME.findall(self.path)

    @property
    def body(self) -> type[BaseModel] | None:
        """Model of the JSON body."""
        return self.hints.get("body")

    @property
    def query(self) -> type[BaseModel] | None:
        """Model of the query string."""
        return self.hints.get("query")

    @property
    def needs_key(self) -> bool:
        """Whether the idempotency header is required."""
        return "idempotency_key" in self.hints

    @property
    def result(self) -> Any:
        """Type of the JSON result; None for no content and for ready responses."""
        kind = self.hints.get("return")
        ready = isinstance(kind, type) and issubclass(kind, (web.StreamResponse, type(None)))
        return None if ready else kind

    @cached_property
    def adapter(self) -> TypeAdapter[Any] | None:
        """Turns the result into JSON."""
        return TypeAdapter(self.result) if self.result is not None else None


class Ask:
    """One request: who asks, and the parts of the house that can answer."""

    def __init__(self, request: web.Request) -> None:
        self.request = request
        self.console: Console = request.app[CONSOLE]
        self.finishing: list[Callable[[web.Response], None]] = []

    def on_response(self, change: Callable[[web.Response], None]) -> None:
        """Change the response before it goes: cookies."""
        self.finishing.append(change)

    @property
    def person(self) -> Person:
        """Who asks.

        :raises NotSignedIn: nobody.
        """
        if PERSON not in self.request:
            raise NotSignedIn
        return self.request[PERSON]

    @property
    def partner(self) -> Partner:
        """Which system asks.

        :raises NotSignedIn: none that has a key.
        """
        if PARTNER not in self.request:
            raise NotSignedIn("密钥缺失、有误或已吊销，请求头应为 Authorization: Bearer 密钥")
        return self.request[PARTNER]

    @property
    def address(self) -> str:
        """IP address of the other side."""
        return self.request.remote or ""


class Routes:
    """Collects the routes of one subject. ``tag`` names it in the API description."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self.all: list[Route] = []

    def route(
        self,
        method: str,
        path: str,
        *,
        summary: str,
        permission: str | tuple[str, ...] = (),
        public: bool = False,
        partner: bool = False,
        produces: str = "application/json",
        takes: str = "",
    ) -> Callable[[H], H]:
        """Register a handler. Of several permissions one is enough."""
        needed = (permission,) if isinstance(permission, str) else permission

        def register(handler: H) -> H:
            self.all.append(
                Route(
                    method=method,
                    path=path,
                    handler=handler,
                    tag=self._tag,
                    summary=summary,
                    permissions=needed,
                    public=public,
                    partner=partner,
                    produces=produces,
                    takes=takes,
                    hints=_hints(handler, path),
                )
            )
            return handler

        return register


def mount(app: web.Application, routes: list[Route]) -> None:
    """Let aiohttp serve the routes."""
    for route in routes:
        app.router.add_route(route.method, route.path, _endpoint(route))


def _hints(handler: Callable[..., Any], path: str) -> dict[str, Any]:
    hints = get_type_hints(handler)
    given = {"ask", "body", "query", "idempotency_key", *_PATH_NAME.findall(path)}
    if unknown := set(inspect.signature(handler).parameters) - given:
        raise TypeError(f"{handler.__name__}: nobody gives {', '.join(sorted(unknown))}")
    return hints


def _endpoint(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    wanted = set(inspect.signature(route.handler).parameters) - {"ask"}

    async def endpoint(request: web.Request) -> web.StreamResponse:
        ask = Ask(request)
        _check_door(route, ask)
        arguments = await _arguments(route, wanted, request)
        result = await route.handler(ask, **arguments)
        return _response(ask, result, route.adapter)

    return endpoint


def _check_door(route: Route, ask: Ask) -> None:
    if route.partner:
        _ = ask.partner
    elif not route.public:
        person = ask.person
        if route.permissions:
            person.require(*route.permissions)


async def _arguments(route: Route, wanted: set[str], request: web.Request) -> dict[str, Any]:
    arguments: dict[str, Any] = {name: _path_value(request, name) for name in route.path_names}
    if route.needs_key:
        arguments["idempotency_key"] = _idempotency_key(request)
    if route.query:
        arguments["query"] = read_query(route.query, request.query)
    if route.body:
        arguments["body"] = read_json(route.body, await _json_bytes(request))
    return {name: value for name, value in arguments.items() if name in wanted}


def _path_value(request: web.Request, name: str) -> str:
    value = request.match_info[name]
    if not _PATH_VALUE.fullmatch(value):
        raise NotFound("没有找到该地址所指的内容")
    return value


def _idempotency_key(request: web.Request) -> str:
    key = request.headers.get(IDEMPOTENCY_HEADER, "")
    if not _KEY.fullmatch(key):
        message = f"请求头 {IDEMPOTENCY_HEADER} 必填，8 至 64 位字母、数字或连字符"
        raise InvalidInput(message, [{"field": IDEMPOTENCY_HEADER, "message": message}])
    return key


async def _json_bytes(request: web.Request) -> bytes:
    raw = await request.read()
    if raw and request.content_type != "application/json":
        raise UnsupportedMediaType(content_type=request.content_type)
    return raw


def _response(ask: Ask, result: Any, adapter: TypeAdapter[Any] | None) -> web.StreamResponse:
    if isinstance(result, web.StreamResponse):
        return result
    if adapter is None:
        response = web.Response(status=204)
    else:
        response = web.Response(body=adapter.dump_json(result), content_type="application/json")
    for change in ask.finishing:
        change(response)
    return response
