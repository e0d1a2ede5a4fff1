"""Recordings of a call: the files, one stereo file of all, legal holds, and who has listened."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_console.call_queries import visible_call
from agent_console.people import Person
from agent_console.recording_voices import Voices, voices_of
from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.floor.call_mix import Part
from dispatch.floor.retention import HoldView
from dispatch.views.cursors import decode_cursor, encode_cursor
from dispatch.views.privacy import mask_phone
from models.errors import NotFound
from models.tables import AccessLog, Call, LegalHold, Recording
from models.vocabulary import AccessKind, Leg

routes = Routes("录音")

_NOT_HERE = "没有这段录音，或您无权收听"


class RecordingView(BaseModel):
    """One party's file. ``offset_s``: where it begins in call time, as the transcript counts."""

    id: str
    leg: Leg
    #: Whose voice in words: a leader and an expert are told apart, unlike by ``leg``.
    leg_label: str
    party_name: str
    offset_s: float
    seconds: float
    bytes: int
    sha256: str
    keep_until: datetime
    #: Under a legal hold.
    held: bool
    deleted_at: datetime | None
    url: str


class HoldReason(Body):
    """Why."""

    reason: str = Field(min_length=2, max_length=500, title="理由")


class AccessQuery(Body):
    """Which readings."""

    subject: str | None = Field(None, max_length=64)
    staff: str | None = Field(None, max_length=64)
    since: AwareDatetime | None = Field(None, alias="from")
    until: AwareDatetime | None = Field(None, alias="to")
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(50, ge=1, le=200)


class AccessView(BaseModel):
    """One reading of private data."""

    at: datetime
    staff_name: str
    what: str
    subject: str
    address: str
    reason: str


class AccessPage(BaseModel):
    """Newest first."""

    items: list[AccessView]
    next_cursor: str | None


@routes.route(
    "GET", "/api/calls/{call_id}/recordings", summary="通话的录音", permission="call.transcript"
)
async def list_recordings(ask: Ask, call_id: str) -> list[RecordingView]:
    """In the order of their beginning; empty while the call lasts.

    What a leader left who only listened is for those who watch over the floor.
    """
    async with ask.console.store.read() as session:
        call = await visible_call(session, call_id, ask.person)
    await ask.console.recordings.enter_call(call_id)
    async with ask.console.store.read() as session:
        voices = await voices_of(session, call_id)
        rows = voices.audible(await _of_call(session, call_id), ask.person)
        held = await _is_held(session, call_id)
    return [_view(row, call, voices, held) for row in rows]


@routes.route(
    "GET",
    "/api/recordings/{recording_id}.wav",
    summary="一段录音",
    permission="call.transcript",
    produces="audio/wav",
)
async def get_recording_file(ask: Ask, recording_id: str) -> web.StreamResponse:
    """One file, of a call or a message. Ranges are served; each listening is written down."""
    async with ask.console.store.read() as session:
        row = await session.get(Recording, recording_id)
        if row is None:
            raise NotFound(_NOT_HERE)
        await _require_access(session, ask, row)
    path = _file(ask, row)
    await ask.console.access.note(
        ask.person, f"recording.{row.leg.value.lower()}", row.call_id or row.contact_id or row.id
    )
    return web.FileResponse(path, headers={"Content-Type": "audio/wav"})


@routes.route(
    "GET",
    "/api/calls/{call_id}/mix.wav",
    summary="双声道通话录音",
    permission="call.transcript",
    produces="audio/wav",
)
async def get_mix(ask: Ask, call_id: str) -> web.StreamResponse:
    """The citizen left, everybody else right, in call time. Each listening is written down."""
    async with ask.console.store.read() as session:
        call = await visible_call(session, call_id, ask.person)
    await ask.console.recordings.enter_call(call_id)
    async with ask.console.store.read() as session:
        voices = await voices_of(session, call_id)
        found = voices.audible(await _of_call(session, call_id), ask.person)
    rows = [row for row in found if row.deleted_at is None]
    parts = [
        Part(path=path, leg=row.leg, offset_s=_offset(row, call))
        for row in rows
        if (path := _path(ask, row)).is_file()
    ]
    if not parts:
        raise NotFound("这通电话没有录音，或尚未生成", call_id=call_id)
    await ask.console.access.note(ask.person, "recording.mix", call_id)
    mix = await ask.console.mixes.of(call_id, parts)
    return web.FileResponse(mix, headers={"Content-Type": "audio/wav"})


@routes.route("GET", "/api/calls/{call_id}/legal-holds", summary="法定保留")
async def list_holds(ask: Ask, call_id: str) -> list[HoldView]:
    """For those who may place them, and for who may open the call."""
    if not ask.person.may("recording.hold"):
        ask.person.require("call.transcript")
        async with ask.console.store.read() as session:
            await visible_call(session, call_id, ask.person)
    return await ask.console.holds.of_call(call_id)


@routes.route(
    "POST",
    "/api/calls/{call_id}/legal-holds",
    summary="设置法定保留",
    permission="recording.hold",
)
async def place_hold(ask: Ask, call_id: str, body: HoldReason) -> HoldView:
    """The recordings of this call stay until the hold is released."""
    return await ask.console.holds.place(ask.person.actor(), call_id, body.reason)


@routes.route(
    "POST",
    "/api/legal-holds/{hold_id}/release",
    summary="解除法定保留",
    permission="recording.hold",
)
async def release_hold(ask: Ask, hold_id: str, body: HoldReason) -> HoldView:
    """The ordinary time of keeping counts again."""
    return await ask.console.holds.release(ask.person.actor(), hold_id, body.reason)


@routes.route("GET", "/api/access-log", summary="调阅记录", permission="access.view")
async def access_log(ask: Ask, query: AccessQuery) -> AccessPage:
    """Who listened to, or saw, what. ``staff``: an id, or part of a name."""
    async with ask.console.store.read() as session:
        found = list(await session.scalars(_readings(query)))
    last = found[query.limit - 1] if len(found) > query.limit else None
    return AccessPage(
        items=[_reading(row, ask.person) for row in found[: query.limit]],
        next_cursor=encode_cursor(last.at, last.id) if last else None,
    )


async def _of_call(session: AsyncSession, call_id: str) -> list[Recording]:
    query = select(Recording).where(Recording.call_id == call_id)
    return list(await session.scalars(query.order_by(Recording.started_at, Recording.path)))


async def _is_held(session: AsyncSession, call_id: str) -> bool:
    holds = select(LegalHold.id).where(
        LegalHold.call_id == call_id, LegalHold.released_at.is_(None)
    )
    return await session.scalar(holds.limit(1)) is not None


async def _require_access(session: AsyncSession, ask: Ask, row: Recording) -> None:
    """A call's file as the call; a message without a call for those who call back, and the floor.

    :raises NotFound: without saying whether there is one.
    """
    if row.call_id:
        await visible_call(session, row.call_id, ask.person)
        if not (await voices_of(session, row.call_id)).may_hear(row, ask.person):
            raise NotFound(_NOT_HERE)
        return
    query = select(Call.id).where(Call.contact_id == row.contact_id).limit(1)
    if call_id := await session.scalar(query):
        await visible_call(session, call_id, ask.person)
    elif not (ask.person.may("floor.callback") or ask.person.may("call.floor")):
        raise NotFound(_NOT_HERE)


def _path(ask: Ask, row: Recording) -> Path:
    folder = ask.console.services.settings.recordings_dir.resolve()
    path = (folder / row.path).resolve()
    if not path.is_relative_to(folder):
        raise NotFound(_NOT_HERE)
    return path


def _file(ask: Ask, row: Recording) -> Path:
    path = _path(ask, row)
    if row.deleted_at is not None:
        raise NotFound("这段录音已过保存期限，按规定删除", recording_id=row.id)
    if not path.is_file():
        raise NotFound("录音文件不在原处，请报告系统管理员", recording_id=row.id)
    return path


def _offset(row: Recording, call: Call) -> float:
    return round((row.started_at - call.started_at).total_seconds(), 3)


def _view(row: Recording, call: Call, voices: Voices, held: bool) -> RecordingView:
    return RecordingView(
        id=row.id,
        leg=row.leg,
        leg_label=voices.label(row),
        party_name=row.party_name,
        offset_s=_offset(row, call),
        seconds=row.seconds,
        bytes=row.bytes,
        sha256=row.sha256,
        keep_until=row.keep_until,
        held=held,
        deleted_at=row.deleted_at,
        url=f"/api/recordings/{row.id}.wav",
    )


def _reading(row: AccessLog, person: Person) -> AccessView:
    """A caller's file is named by the number, which not every reader of this list may see."""
    view = AccessView.model_validate(row, from_attributes=True)
    if row.what == AccessKind.CALLER_PROFILE and not person.may("caller.clear"):
        view.subject = mask_phone(row.subject)
    return view


def _readings(query: AccessQuery) -> Select[AccessLog]:
    chosen = select(AccessLog).order_by(AccessLog.at.desc(), AccessLog.id.desc())
    if query.subject:
        chosen = chosen.where(AccessLog.subject == query.subject)
    if query.staff:
        by = or_(
            AccessLog.staff_id == query.staff,
            AccessLog.staff_name.contains(query.staff, autoescape=True),
        )
        chosen = chosen.where(by)
    if query.since:
        chosen = chosen.where(AccessLog.at >= query.since)
    if query.until:
        chosen = chosen.where(AccessLog.at < query.until)
    if query.cursor:
        at, entry_id = decode_cursor(query.cursor)
        older = and_(AccessLog.at == at, AccessLog.id < entry_id)
        chosen = chosen.where(or_(AccessLog.at < at, older))
    return chosen.limit(query.limit + 1)
