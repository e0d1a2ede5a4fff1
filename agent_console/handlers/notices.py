"""Notices to one's unit, and what comparing with other systems has found."""

from __future__ import annotations

from pydantic import BaseModel, Field

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.notices.book import NoticePage
from dispatch.platform.comparing import Comparison

routes = Routes("通知")


class NoticeQuery(Body):
    """Which notices."""

    unread: bool = False
    cursor: str = Field("", max_length=200)
    limit: int = Field(50, ge=1, le=200)


class ReadNotices(Body):
    """Those that were seen; none: all."""

    ids: list[str] = Field([], max_length=200)


class Unread(BaseModel):
    """How many are left."""

    unread: int


@routes.route("GET", "/api/notices", summary="本单位的通知")
async def list_notices(ask: Ask, query: NoticeQuery) -> NoticePage:
    """Newest first, of the last thirty days. What is read is each person's own."""
    return await ask.console.notices.page(
        ask.person.actor(), unread=query.unread, cursor=query.cursor, limit=query.limit
    )


@routes.route("POST", "/api/notices/read", summary="通知已读")
async def read_notices(ask: Ask, body: ReadNotices) -> Unread:
    """These, or all. Safe to repeat."""
    return Unread(unread=await ask.console.notices.mark_read(ask.person.actor(), body.ids))


@routes.route("GET", "/api/comparisons", summary="与外部系统对账的结果", permission="report.view")
async def list_comparisons(ask: Ask) -> list[Comparison]:
    """The newest days first."""
    return await ask.console.comparing.results()
