"""The dispatch catalogue: its versions and rules, who owned what, and bringing in a new one."""

from __future__ import annotations

import base64
import binascii
from datetime import date
from typing import Literal
from urllib.parse import quote

from aiohttp import web
from pydantic import Field
from sqlalchemy import select

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from config.catalogue import Catalogue
from dispatch.directory.catalogue_book import rule_of
from dispatch.directory.catalogue_import import ImportReport
from dispatch.directory.catalogue_views import CatalogueView, OwnerQuery, OwnerView, VersionView
from dispatch.scope import visible
from models.errors import InvalidInput, NotFound
from models.tables import WorkOrder
from models.vocabulary import RequestType

routes = Routes("派单目录")

_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class WhichCatalogue(Body):
    """By version or by day; neither: today's."""

    version: str = Field("", max_length=32, title="版本")
    day: date | None = Field(None, title="日期")


class WhichFile(WhichCatalogue):
    """As what it is written."""

    kind: Literal["xlsx", "csv"] = "xlsx"


class Matter(Body):
    """A matter and a day."""

    category: str = Field(min_length=1, max_length=32, title="诉求分类")
    text: str = Field("", max_length=400, title="诉求")
    place: str = Field("", max_length=200, title="地点")
    request_type: RequestType = RequestType.OTHER
    day: date | None = Field(None, title="日期")


class NewCatalogue(Body):
    """A file. ``check``: only say what would become of it."""

    file_name: str = Field(min_length=1, max_length=200, title="文件名")
    #: Base64.
    content: str = Field(min_length=1, title="文件")
    valid_from: date = Field(title="生效日期")
    note: str = Field("", max_length=500, title="说明")
    check: bool = False


@routes.route(
    "GET", "/api/catalogue/versions", summary="派单目录的版本", permission="catalogue.view"
)
async def list_versions(ask: Ask) -> list[VersionView]:
    """The one that holds latest first."""
    return await ask.console.directory.views.versions()


@routes.route("GET", "/api/catalogue", summary="一版派单目录", permission="catalogue.view")
async def get_catalogue(ask: Ask, query: WhichCatalogue) -> CatalogueView:
    """With the names that units and categories had then."""
    return await ask.console.directory.views.catalogue(query.version, query.day)


@routes.route("GET", "/api/catalogue/owner", summary="某日某事归谁办", permission="catalogue.view")
async def get_owner(ask: Ask, query: Matter) -> OwnerView:
    """And by which rule of which version."""
    return await ask.console.directory.views.owner(OwnerQuery(**query.model_dump()))


@routes.route(
    "GET",
    "/api/orders/{order_id}/owner",
    summary="工单按派单目录归谁办",
    permission="catalogue.view",
)
async def get_owner_of_order(ask: Ask, order_id: str) -> OwnerView:
    """By the catalogue of today, from the order's category, words and place."""
    person, rules = ask.person, ask.console.services.rules
    query = select(WorkOrder).where(WorkOrder.id == order_id, visible(person.actor(), rules))
    async with ask.console.store.read() as session:
        order = await session.scalar(query)
    if order is None:
        raise NotFound("没有这个工单，或您无权查看", order_id=order_id)
    return await ask.console.directory.views.owner_today(order)


@routes.route(
    "GET",
    "/api/catalogue/file",
    summary="下载派单目录",
    permission="catalogue.view",
    produces=_EXCEL,
)
async def get_file(ask: Ask, query: WhichFile) -> web.Response:
    """To be edited and brought in again."""
    directory = ask.console.directory
    version = await (
        directory.book.version(query.version)
        if query.version
        else directory.book.on(query.day or directory.book.today)
    )
    rules = tuple(rule_of(row) for row in await directory.book.rules(version.id))
    catalogue = Catalogue(version=version.version, rules=rules)
    sheet, excel = directory.door.sheet, query.kind == "xlsx"
    name = quote(f"派单目录-{version.version}.{query.kind}")
    return web.Response(
        body=sheet.write_excel(catalogue) if excel else sheet.write_csv(catalogue),
        content_type=_EXCEL if excel else "text/csv",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


@routes.route(
    "POST", "/api/catalogue/import", summary="导入派单目录", permission="catalogue.import"
)
async def import_catalogue(ask: Ask, body: NewCatalogue) -> ImportReport:
    """All of the file or nothing; ``faults`` names every bad cell and what would be right."""
    door, content = ask.console.directory.door, _content(body)
    if body.check:
        return await door.check(body.file_name, content, body.valid_from)
    return await door.enter(
        ask.person.actor(),
        body.file_name,
        content,
        valid_from=body.valid_from,
        note=body.note,
    )


def _content(body: NewCatalogue) -> bytes:
    try:
        return base64.b64decode(body.content, validate=True)
    except (binascii.Error, ValueError):
        message = "文件内容应以 Base64 编码"
        raise InvalidInput(message, [{"field": "content", "message": message}]) from None
