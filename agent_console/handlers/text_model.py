"""The text model as the manager sees it: versions, who switched, acceptance and drift."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel

from agent_console.routing import Ask, Routes
from agent_console.services import ConsoleServices
from models.errors import NotFound
from models.vocabulary import RequestType
from nlp.text.drift import Drift, Shift, Week, drift
from nlp.text.understander import models_dir
from nlp.text.versions import REPORT, Switch, history, in_use, versions

routes = Routes("文本模型")

#: Versions and switches shown, the newest.
_SHOWN = 20


class VersionView(BaseModel):
    """One version. ``figures``: by task, reached on rows kept for testing."""

    version: str
    trained_at: datetime
    rows: int
    #: Of these, the city's own: orders and imported tables.
    own_rows: int
    figures: dict[str, dict[str, float]]
    in_use: bool
    has_report: bool


class SwitchView(BaseModel):
    """Who put a version in use."""

    at: datetime
    version: str
    before: str
    by: str
    reason: str


class FieldView(BaseModel):
    """What people made of the proposals for one field."""

    accepted: int
    edited: int
    ignored: int
    abstained: int


class WeekView(BaseModel):
    """One week, from a sample of ``looked_at`` of its orders."""

    begins: date
    orders: int
    looked_at: int
    fields: dict[str, FieldView]
    model_versions: list[str]


class MoveView(BaseModel):
    """A class and its shares, 0–1."""

    code: str
    name: str
    before: float
    late: float


class ShiftView(BaseModel):
    """How far what comes in has moved. ``index``: population stability index."""

    index: float
    moved: list[MoveView]


class TextModelPage(BaseModel):
    """Everything for the page. ``known_words_trained``: on rows kept for testing."""

    version: str | None
    versions: list[VersionView]
    switches: list[SwitchView]
    weeks: list[WeekView]
    request_types: ShiftView | None
    categories: ShiftView | None
    known_words: float | None
    known_words_trained: float | None


@routes.route("GET", "/api/text-model", summary="文本模型及其变化", permission="report.view")
async def get_text_model(ask: Ask) -> TextModelPage:
    """Versions, switches, acceptance by week, and how far what comes in has moved."""
    services = ask.console.services
    settings = services.settings
    folder = models_dir(settings)
    kept = await asyncio.to_thread(_versions, folder)
    made = await asyncio.to_thread(history, folder)
    found = await drift(
        services.store,
        services.rules.taxonomy,
        services.clock.now(),
        ZoneInfo(settings.timezone),
        services.known_words,
    )
    running = services.text_model()
    manifest = next((m for m in kept if m["version"] == running), {})
    return TextModelPage(
        version=running,
        versions=[_version(folder, one) for one in kept],
        switches=[_switch(one) for one in reversed(made[-_SHOWN:])],
        weeks=[_week(week) for week in found.weeks],
        request_types=_types(found),
        categories=_categories(services, found),
        known_words=found.known_words,
        known_words_trained=manifest.get("known_words"),
    )


@routes.route(
    "GET", "/api/text-model/{version}/report", summary="文本模型评测报告", permission="report.view"
)
async def get_report(ask: Ask, version: str) -> web.StreamResponse:
    """The page that training wrote beside the version."""
    folder = models_dir(ask.console.services.settings)
    known = {one["version"] for one in await asyncio.to_thread(versions, folder)}
    path = folder / version / REPORT
    if version not in known or not path.is_file():
        raise NotFound(f"没有版本 {version} 的评测报告")
    # It is a page of its own: no script runs in it whatever a citizen's text holds.
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    return web.FileResponse(path, headers=headers)


def _versions(folder: Path) -> list[dict[str, Any]]:
    return versions(folder)[::-1][:_SHOWN]


def _version(folder: Path, manifest: dict[str, Any]) -> VersionView:
    version = manifest["version"]
    return VersionView(
        version=version,
        trained_at=manifest["trained_at"],
        rows=manifest["rows"]["trained"],
        own_rows=manifest["rows"].get("own", 0),
        figures=manifest["held_out"],
        in_use=version == in_use(folder),
        has_report=(folder / version / REPORT).is_file(),
    )


def _switch(one: Switch) -> SwitchView:
    return SwitchView(
        at=datetime.fromisoformat(one.at),
        version=one.version,
        before=one.before,
        by=one.by,
        reason=one.reason,
    )


def _week(week: Week) -> WeekView:
    fields = {
        name: FieldView(
            accepted=fate.accepted,
            edited=fate.edited,
            ignored=fate.ignored,
            abstained=week.abstained.get(name, 0),
        )
        for name, fate in week.fields.items()
    }
    return WeekView(
        begins=week.begins,
        orders=week.orders,
        looked_at=week.looked_at,
        fields=fields,
        model_versions=week.model_versions,
    )


def _types(found: Drift) -> ShiftView | None:
    names = {kind.value: kind.label for kind in RequestType}
    return _shift(found.request_types, names)


def _categories(services: ConsoleServices, found: Drift) -> ShiftView | None:
    names = {one.code: one.name for one in services.rules.taxonomy.children()}
    return _shift(found.categories, names)


def _shift(found: Shift | None, names: dict[str, str]) -> ShiftView | None:
    if found is None:
        return None
    moved = [
        MoveView(code=code, name=names.get(code, code), before=before, late=late)
        for code, before, late in found.moved
    ]
    return ShiftView(index=found.index, moved=moved)
