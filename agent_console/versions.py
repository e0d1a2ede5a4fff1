"""Two people on one order: its version as ETag, commands with If-Match, what changed between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from aiohttp import hdrs, web
from pydantic import BaseModel

from agent_console.routing import Ask
from dispatch.commands import OrderCommand
from models.errors import Conflict, InvalidInput

C = TypeVar("C", bound=OrderCommand)

_TAG = re.compile(r'(?:W/)?"(\d{1,9})"')


def tag(ask: Ask, version: int) -> None:
    """Send the version along."""

    def add(response: web.Response) -> None:
        response.headers[hdrs.ETAG] = f'"{version}"'

    ask.on_response(add)


def with_version(ask: Ask, command: C) -> C:
    """The command with the version that the sender saw, from the body or from If-Match.

    :raises InvalidInput: neither says it, the two differ, or the header is none of our tags.
    """
    found = maybe_version(ask, command)
    if found.expected_version is None:
        raise _wrong("expected_version", "必填：您看到的工单版本，也可写在请求头 If-Match 中")
    return found


def maybe_version(ask: Ask, command: C) -> C:
    """The same for programs that may act without having looked: the version may be missing."""
    seen = _if_match(ask)
    if seen is not None and command.expected_version not in (None, seen):
        raise _wrong("If-Match", "与 expected_version 不一致")
    return command.model_copy(update={"expected_version": seen or command.expected_version})


def _if_match(ask: Ask) -> int | None:
    given = ask.request.headers.get(hdrs.IF_MATCH)
    if given is None:
        return None
    found = _TAG.fullmatch(given.strip())
    if found is None:
        raise _wrong("If-Match", '应是读取工单时得到的 ETag，如 "7"')
    return int(found[1])


def _wrong(field: str, message: str) -> InvalidInput:
    return InvalidInput(f"{field}：{message}", [{"field": field, "message": message}])


def tell_changes(conflict: Conflict, events: Sequence[BaseModel]) -> None:
    """Put what happened since on the error, so that nobody has to look for it."""
    conflict.details["changes"] = [event.model_dump(mode="json") for event in events]
