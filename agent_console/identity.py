"""Who sends a request: the session cookie becomes a :class:`Person`."""

from __future__ import annotations

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from agent_console.people import Person, person_from
from agent_console.security import PLATFORM
from agent_console.services import CONSOLE, Console
from dispatch.platform.systems import Partner

COOKIE = "hotline_session"
#: Who sent the request; absent when nobody is signed in.
PERSON: web.RequestKey[Person] = web.RequestKey("person", Person)
#: Which other system sent it; absent when it has no good key.
PARTNER: web.RequestKey[Partner] = web.RequestKey("partner", Partner)


def token_of(request: web.Request) -> str:
    """The session token; empty when there is none."""
    return request.cookies.get(COOKIE, "")


@web.middleware
async def identity_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Look up the session or the key, where there is one and the address may need it."""
    if request.path.startswith(PLATFORM):
        await _find_partner(request)
    elif token_of(request) and request.path.startswith(("/api/", "/sip")):
        person = await person_of(request.app[CONSOLE], token_of(request), request.remote or "")
        if person is not None:
            request[PERSON] = person
    return await handler(request)


async def _find_partner(request: web.Request) -> None:
    """By key alone: a browser's cookie opens nothing here."""
    kind, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if kind.lower() != "bearer" or not token:
        return
    partner = await request.app[CONSOLE].partners.who(token.strip(), request.remote or "")
    if partner is not None:
        request[PARTNER] = partner


async def person_of(console: Console, token: str, address: str) -> Person | None:
    """The person of a session token; None when it does not count (any more)."""
    found = await console.sessions.who(token)
    if found is None:
        return None
    services = console.services
    # A post that ended meanwhile is not acted in any more: the own one is left.
    post = await console.directory.posts.chosen(found.staff, found.post) if found.post else None
    return person_from(found.staff, services.permissions, services.departments, address, post)


def set_session_cookie(request: web.Request, response: web.Response, token: str) -> None:
    """Keep the token in the browser, out of reach of scripts and other sites."""
    hours = request.app[CONSOLE].services.settings.web.session_hours
    response.set_cookie(
        COOKIE,
        token,
        max_age=hours * 3600,
        httponly=True,
        samesite="Strict",
        secure=is_https(request),
        path="/",
    )


def is_https(request: web.Request) -> bool:
    """Whether the browser came by https, as far as a proxy before us tells."""
    return request.secure or request.headers.get("X-Forwarded-Proto") == "https"
