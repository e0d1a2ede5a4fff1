"""A practice phone's pass: a short-lived, signed cookie that opens /sip without signing in."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

from aiohttp import web

from agent_console.identity import is_https
from agent_console.services import CONSOLE

COOKIE = "hotline_practice"
LIFETIME = timedelta(hours=2)


def give_pass(request: web.Request, response: web.Response) -> None:
    """Let this browser use a practice phone for a while."""
    services = request.app[CONSOLE].services
    until = int((services.clock.now() + LIFETIME).timestamp())
    response.set_cookie(
        COOKIE,
        f"{until}.{_signature(services.secrets.web_session_key, until)}",
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="Strict",
        secure=is_https(request),
        path="/sip",
    )


def has_pass(request: web.Request) -> bool:
    """Whether the request carries a pass that counts."""
    services = request.app[CONSOLE].services
    if not services.settings.telephony.practice_phones:
        return False
    until, _, signature = request.cookies.get(COOKIE, "").partition(".")
    if not until.isascii() or not until.isdecimal() or len(until) > 12:
        return False
    right = _signature(services.secrets.web_session_key, int(until)).encode()
    fits = hmac.compare_digest(right, signature.encode("utf-8", "surrogateescape"))
    return fits and services.clock.now().timestamp() < int(until)


def _signature(key: str, until: int) -> str:
    return hmac.new(bytes.fromhex(key), f"practice:{until}".encode(), hashlib.sha256).hexdigest()
