"""Errors as RFC 9457 problem+json. The one place where errors become HTTP status codes."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from agent_console.errors import (
    HandedOn,
    MalformedRequest,
    SeatElsewhere,
    TooManyAttempts,
    UnsupportedMediaType,
)
from models.errors import (
    AlreadyGiven,
    ConfigurationError,
    Conflict,
    DraftChanged,
    Forbidden,
    HotlineError,
    InvalidInput,
    NotFound,
    NotSignedIn,
    RoleRefused,
    SpeechUnavailable,
    TelephonyUnavailable,
    TransitionRefused,
)

log = structlog.get_logger(__name__)

#: The first class that fits decides. A subclass without an entry takes its parent's status.
STATUS: dict[type[HotlineError], HTTPStatus] = {
    MalformedRequest: HTTPStatus.BAD_REQUEST,
    NotSignedIn: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    # One code and status for every refusal of the transition table; the title tells them apart.
    RoleRefused: HTTPStatus.CONFLICT,
    TransitionRefused: HTTPStatus.CONFLICT,
    HandedOn: HTTPStatus.CONFLICT,
    SeatElsewhere: HTTPStatus.CONFLICT,
    DraftChanged: HTTPStatus.CONFLICT,
    Conflict: HTTPStatus.PRECONDITION_FAILED,
    AlreadyGiven: HTTPStatus.CONFLICT,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    TelephonyUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    SpeechUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    ConfigurationError: HTTPStatus.INTERNAL_SERVER_ERROR,
    HotlineError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

#: aiohttp's own refusals, in the reader's language.
HTTP_TITLES = {
    HTTPStatus.BAD_REQUEST: "请求格式不正确",
    HTTPStatus.FORBIDDEN: "没有权限",
    HTTPStatus.NOT_FOUND: "没有这个地址",
    HTTPStatus.METHOD_NOT_ALLOWED: "这个地址不支持该操作",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "提交的内容过大",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "请求头过大",
}


#: Members that every problem has.
_OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "code"})


def status_of(error: HotlineError) -> HTTPStatus:
    """The HTTP status of an error."""
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def problem(status: int, code: str, title: str, detail: str = "", **more: Any) -> web.Response:
    """A problem+json response. ``more``: extension members."""
    body = {
        **more,
        "type": f"/problems/{code}",
        "title": title,
        "status": int(status),
        "detail": detail or title,
        "code": code,
    }
    headers = {"Retry-After": str(more["retry_after"])} if "retry_after" in more else None
    return web.Response(
        status=int(status),
        body=json.dumps(body, ensure_ascii=False, default=str).encode(),
        content_type="application/problem+json",
        headers=headers,
    )


def from_error(error: HotlineError) -> web.Response:
    """The problem that tells this error."""
    # What a detail is called must not get in the way of the problem's own members.
    more = {name: value for name, value in error.details.items() if name not in _OWN_MEMBERS}
    return problem(status_of(error), error.code, error.title, str(error), **more)


@web.middleware
async def problems_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong below into a problem; internals go to the log only."""
    try:
        return await handler(request)
    except HotlineError as error:
        if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.warning("request failed", path=request.path, code=error.code, reason=str(error))
        return from_error(error)
    except web.HTTPException as error:
        return _from_http(error)
    except (asyncio.CancelledError, ConnectionError):
        raise
    except Exception:
        log.exception("unexpected error", method=request.method, path=request.path)
        return problem(500, "internal", "系统内部错误", "系统出现意外错误，已记录，请稍后重试。")


def _from_http(error: web.HTTPException) -> web.StreamResponse:
    if error.status < HTTPStatus.BAD_REQUEST:
        raise error
    status = HTTPStatus(error.status)
    response = problem(
        status, status.phrase.lower().replace(" ", "-"), HTTP_TITLES.get(status, "请求未能完成")
    )
    if allow := error.headers.get("Allow"):
        response.headers["Allow"] = allow
    return response
