"""Files of orders: sending them in, and opening them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

from aiohttp import web
from pydantic import Field

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.attachments import AttachmentView, attachments_of
from models.tables import WorkOrder
from models.vocabulary import AccessKind, AttachmentKind

routes = Routes("工单材料")

_PIECE = 64 * 1024


class UploadQuery(Body):
    """What the file is called, and what it shows."""

    name: str = Field(min_length=1, max_length=255, title="文件名")
    kind: AttachmentKind = AttachmentKind.HANDLING


@routes.route(
    "POST",
    "/api/orders/{order_id}/attachments",
    summary="上传工单材料",
    takes="application/octet-stream",
)
async def upload_attachment(ask: Ask, order_id: str, query: UploadQuery) -> AttachmentView:
    """The file is the body as it is. It lies ready until a step of the order names it."""
    pieces: AsyncIterator[bytes] = ask.request.content.iter_chunked(_PIECE)
    actor = ask.person.actor()
    return await ask.console.attachments.upload(actor, order_id, query.name, query.kind, pieces)


@routes.route("GET", "/api/orders/{order_id}/attachments", summary="工单材料")
async def list_attachments(ask: Ask, order_id: str) -> list[AttachmentView]:
    """Those that the reader may open, the oldest first."""
    actor, rules = ask.person.actor(), ask.console.services.rules
    await ask.console.details.order(actor, order_id)  # whoever may not see it, learns nothing
    async with ask.console.store.read() as session:
        order = await session.get_one(WorkOrder, order_id)
        return await attachments_of(session, order, actor, rules)


@routes.route(
    "GET",
    "/api/attachments/{attachment_id}",
    summary="下载工单材料",
    produces="application/octet-stream",
)
async def download_attachment(ask: Ask, attachment_id: str) -> web.StreamResponse:
    """Always as a file to be saved: what others sent is not shown as part of this site. Each
    opening is written down."""
    found = await ask.console.attachments.download(ask.person.actor(), attachment_id)
    await ask.console.access.note(ask.person, AccessKind.ATTACHMENT, found.order_id)
    headers = {
        "Content-Type": found.media_type,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
        "X-Content-Type-Options": "nosniff",
    }
    return web.FileResponse(found.path, headers=headers)
