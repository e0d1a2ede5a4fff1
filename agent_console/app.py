"""The web application: everything put together."""

from __future__ import annotations

import json
from functools import cache

from aiohttp import web
from aiohttp.typedefs import Handler

from agent_console.handlers import ALL_ROUTES, PLATFORM_ROUTES
from agent_console.identity import identity_middleware
from agent_console.openapi import document
from agent_console.pages import mount_pages
from agent_console.problems import problems_middleware
from agent_console.routing import Route, mount
from agent_console.security import add_security_headers, same_site_middleware
from agent_console.services import CONSOLE, Console, ConsoleServices
from agent_console.sip_proxy import OPEN_PHONES, close_phones, sip, sip_context

#: Largest body anybody may send.
MAX_BODY = 512 * 1024


def create_app(services: ConsoleServices) -> web.Application:
    """Build the console. Subscribes to the bus at once; serves when run."""
    app = web.Application(
        middlewares=[
            problems_middleware,
            same_site_middleware(services.settings.web.allowed_origins),
            identity_middleware,
        ],
        client_max_size=MAX_BODY,
    )
    app[CONSOLE] = Console(services)
    app[OPEN_PHONES] = set()
    app.on_response_prepare.append(add_security_headers)
    app.on_shutdown.append(_let_go)
    app.cleanup_ctx.append(sip_context)
    _mount_all(app, services)
    return app


def _mount_all(app: web.Application, services: ConsoleServices) -> None:
    routes = [*ALL_ROUTES, *PLATFORM_ROUTES]
    mount(app, routes)
    app.router.add_get("/sip", sip, allow_head=False)
    app.router.add_get("/api/openapi.json", _describe(routes, services.version))
    mount_pages(app)


def _describe(routes: list[Route], version: str) -> Handler:
    @cache
    def described() -> str:
        return json.dumps(document(routes, version), ensure_ascii=False)

    async def openapi(_request: web.Request) -> web.Response:
        return web.json_response(text=described())

    return openapi


async def _let_go(app: web.Application) -> None:
    """Streams and phones would else hold the server until its patience ends."""
    app[CONSOLE].live.close()
    await close_phones(app)
