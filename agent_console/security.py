"""Guards around every request: security headers, and refusing changes asked by other sites."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from models.errors import Forbidden

#: Header that a foreign page cannot send without being asked first (CORS preflight).
REQUESTED_WITH = "X-Requested-With"
#: Addresses for other systems: no cookie counts there, so that no foreign page can abuse one.
PLATFORM = "/api/platform/"
SAFE_METHODS = {hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS}

_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def content_security_policy(host: str) -> str:
    """The policy for pages of this host. Some browsers do not count ws: of the same host as self.

    A host header that is no host name is left out.
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'self'",
            f"connect-src 'self'{sockets}",
            "img-src 'self' data:",
            "media-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler for ``on_response_prepare``, so that no response goes without."""
    if response.status == 101:
        return
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", content_security_policy(request.host))
    if request.path.startswith("/api/"):
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


def origin_allowed(request: web.Request, allowed: list[str]) -> bool:
    """Whether the page that asks is ours: same host, or a configured address."""
    origin = request.headers.get(hdrs.ORIGIN, "")
    if not origin:
        return False
    return origin in allowed or urlsplit(origin).netloc.lower() == request.host.lower()


def same_site_middleware(allowed: list[str]) -> Middleware:
    """Refuse changes that a page of another site asks for."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in SAFE_METHODS and not request.path.startswith(PLATFORM):
            _require_own_page(request, allowed)
        return await handler(request)

    return guard


def _require_own_page(request: web.Request, allowed: list[str]) -> None:
    if request.headers.get(REQUESTED_WITH) != "hotline":
        raise Forbidden(f"缺少请求头 {REQUESTED_WITH}: hotline", header=REQUESTED_WITH)
    # Programs other than browsers send no Origin; they have no cookies to be abused either.
    if hdrs.ORIGIN in request.headers and not origin_allowed(request, allowed):
        raise Forbidden("不接受来自其他网站的操作", origin=request.headers[hdrs.ORIGIN])
