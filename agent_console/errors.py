"""Errors that only a web server has. The rest are in ``models.errors``."""

from __future__ import annotations

from models.errors import HotlineError


class MalformedRequest(HotlineError):
    """The bytes sent are not what the address expects: broken JSON, wrong encoding."""

    code = "malformed-request"
    title = "请求格式不正确"


class UnsupportedMediaType(HotlineError):
    """A body that is not JSON."""

    code = "unsupported-media-type"
    title = "请求内容应为 JSON"


class TooManyAttempts(HotlineError):
    """Too many tries in a short time. Details: ``retry_after`` in seconds."""

    code = "too-many-attempts"
    title = "尝试次数过多，请稍后再试"


class SeatElsewhere(HotlineError):
    """Another page of the same person has the seat's telephone."""

    code = "seat-elsewhere"
    title = "坐席正在别处使用"


class HandedOn(HotlineError):
    """The call, and its draft with it, is in somebody else's hands now.

    Details: ``holder``, the name; empty while the call waits to be answered.
    """

    code = "handed-on"
    title = "通话已由他人接听"
