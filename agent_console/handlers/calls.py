"""Calls: one call, its recordings, its draft, and what can be done with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from pydantic import AwareDatetime, Field, field_validator, model_validator
from sqlalchemy import select

from agent_console.call_queries import (
    call_facts,
    caller_of,
    names_of,
    need_in_hand,
    rings_at,
    utterances_of,
    visible_call,
    writes_order,
)
from agent_console.call_views import (
    CallDetail,
    Dialled,
    DraftSaved,
)
from agent_console.handlers.callbacks import call_for_task
from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.commands import SaveDraft
from dispatch.drafts import DraftView
from dispatch.scope import visible
from dispatch.views.privacy import mask_phone
from models.errors import InvalidInput, NotFound
from models.tables import Call, WorkOrder
from models.vocabulary import AccessKind, Leg

routes = Routes("通话")

_NUMBER = re.compile(r"\+?\d{3,20}")


class CallOut(Body):
    """Whom to call. With an order the server itself finds the citizen's number."""

    number: str = Field("", max_length=24, title="号码")
    order_id: str | None = Field(None, max_length=26, title="工单")
    callback_id: str | None = Field(None, max_length=26, title="回拨任务")

    @field_validator("number")
    @classmethod
    def _digits(cls, value: str) -> str:
        return re.sub(r"[\s\-]", "", value)

    @model_validator(mode="after")
    def _someone(self) -> Self:
        named = self.order_id or self.callback_id
        if not named and not _NUMBER.fullmatch(self.number):
            raise ValueError("请填写 3 至 20 位的电话号码，或指明工单、回拨任务")
        return self


class HangUp(Body):
    """How the call ends."""

    survey: bool = Field(True, title="请市民评价")


class SaveDraftBody(Body):
    """The form as it is; checked only when the order is opened."""

    content: dict[str, Any]
    #: The ``updated_at`` of the draft that the form began with; null: there was none. Left
    #: out: whatever is stored is replaced.
    based_on: AwareDatetime | None = None


@routes.route("GET", "/api/calls/{call_id}", summary="一通电话", permission="call.transcript")
async def get_call(ask: Ask, call_id: str) -> CallDetail:
    """What was said, what the machine made of it, and who called.

    The citizen's full number is shown to those who may see it; in other people's calls that is
    written down. So is who reads what was said, as listening to it is; but for who has the call in
    hand. Whoever opens a call of others that still lasts gets its words in the live stream.
    """
    console, person = ask.console, ask.person
    # A colleague who is asked in sees what it is about while the telephone rings.
    at_hand = rings_at(console, person, call_id)
    async with console.store.read() as session:
        call = await visible_call(session, call_id, person, at_hand=at_hand)
        names = await names_of(session, [call.agent_id] if call.agent_id else [])
        words = await utterances_of(session, call_id)
        if call.ended_at is None:
            if call.agent_id != person.staff_id and not at_hand:
                await console.access.note(person, AccessKind.CALL_TRANSCRIPT, call_id)
                console.live.opened(call_id, person.staff_id)
        elif words and not at_hand:
            await console.access.note(person, AccessKind.CALL_TRANSCRIPT, call_id)
        number = await _number_for(ask, call)
        now = console.services.clock.now()
        return CallDetail(
            call=call_facts(call, names.get(call.agent_id or ""), number),
            utterances=words,
            understanding=console.live.understanding_of(call_id)
            or await console.services.proposal(call_id),
            speech=console.services.speech_status(),
            speech_modes=dict(console.services.speech_modes(call_id)),
            caller=await caller_of(session, call, number, person, now),
            writes_order=await writes_order(session, call, person),
        )


@routes.route(
    "GET",
    "/api/calls/{call_id}/recording/{leg}.wav",
    summary="通话录音",
    permission="call.transcript",
    produces="audio/wav",
)
async def get_recording(ask: Ask, call_id: str, leg: str) -> web.StreamResponse:
    """One side's voice, ``caller`` or ``agent``. Ranges are served; each listening is logged."""
    async with ask.console.store.read() as session:
        call = await visible_call(session, call_id, ask.person)
    recordings = {
        Leg.CALLER.value.lower(): call.citizen_recording,
        Leg.AGENT.value.lower(): call.agent_recording,
    }
    path = _recording_file(ask, recordings.get(leg, ""))
    await ask.console.access.note(ask.person, f"recording.{leg}", call_id)
    return web.FileResponse(path, headers={"Content-Type": "audio/wav"})


@routes.route("POST", "/api/calls", summary="外呼", permission="call.seat")
async def call_out(ask: Ask, body: CallOut) -> Dialled:
    """Rings the agent's phone, then the citizen.

    With ``order_id`` or ``callback_id`` the number is taken from there, so that it need not be seen
    to be called; any other number takes the permission ``call.dial``.
    """
    if body.callback_id:
        return await call_for_task(ask, body.callback_id)
    await ask.console.surge.refuse_call_out(body.order_id, None)
    if body.order_id:
        number = await _number_of_order(ask, body.order_id)
    else:
        ask.person.require("call.dial")
        number = body.number
    call_id = await ask.console.calls.call_out(ask.person.staff_id, number, body.order_id)
    return Dialled(call_id=call_id)


@routes.route("POST", "/api/calls/{call_id}/hang-up", summary="挂断", permission="call.seat")
async def hang_up(ask: Ask, call_id: str, body: HangUp) -> None:
    """Ends the call for both; the citizen is asked for a grade unless ``survey`` is false. Safe to
    repeat. A colleague in another's call only leaves it.
    """
    await ask.console.calls.hang_up(call_id, ask.person.staff_id, body.survey)


@routes.route("POST", "/api/calls/{call_id}/hold", summary="保持", permission="call.seat")
async def hold_call(ask: Ask, call_id: str) -> None:
    """The citizen hears music."""
    await ask.console.calls.hold(call_id, ask.person.staff_id)


@routes.route("POST", "/api/calls/{call_id}/resume", summary="取回", permission="call.seat")
async def resume_call(ask: Ask, call_id: str) -> None:
    """Back from the music."""
    await ask.console.calls.resume(call_id, ask.person.staff_id)


@routes.route(
    "GET", "/api/calls/{call_id}/draft", summary="通话的工单草稿", permission="order.create"
)
async def get_draft(ask: Ask, call_id: str) -> DraftView | None:
    """One's own, and that of a call one calls back for; a shift leader may read everybody's.
    ``null`` while nothing was typed, which is how every call begins.
    """
    return await ask.console.drafts.get_draft(ask.person.actor(), call_id)


@routes.route(
    "PUT", "/api/calls/{call_id}/draft", summary="保存工单草稿", permission="order.create"
)
async def save_draft(ask: Ask, call_id: str, body: SaveDraftBody) -> DraftSaved:
    """The whole form, as often as one likes. Only for calls in one's own hands, or whose call-back
    task one has taken: who has handed the call on is told who has it now (409, ``handed-on``).
    What somebody else saved since ``based_on`` is not overwritten, but comes with the refusal
    (409, ``draft-changed``).
    """
    async with ask.console.store.read() as session:
        await need_in_hand(session, call_id, ask.person)
    command = SaveDraft(id=call_id, **body.model_dump(exclude_unset=True))
    saved = await ask.console.drafts.save_draft(ask.person.actor(), command)
    return DraftSaved(updated_at=saved.updated_at)


async def _number_for(ask: Ask, call: Call) -> str:
    person = ask.person
    if not person.may("caller.clear"):
        return mask_phone(call.citizen_number)
    if call.agent_id != person.staff_id and call.citizen_number:
        await ask.console.access.note(person, "phone_number", call.id)
    return call.citizen_number


def _recording_file(ask: Ask, name: str) -> Path:
    folder = ask.console.services.settings.recordings_dir.resolve()
    path = (folder / name).resolve()
    if not name or not path.is_relative_to(folder) or not path.is_file():
        raise NotFound("没有这段录音，或尚未生成")
    return path


async def _number_of_order(ask: Ask, order_id: str) -> str:
    """The number to reach the citizen at; nobody needs to see it for that."""
    rules, actor = ask.console.services.rules, ask.person.actor()
    query = select(WorkOrder).where(WorkOrder.id == order_id, visible(actor, rules))
    async with ask.console.store.read() as session:
        order = await session.scalar(query)
    if order is None:
        raise NotFound("没有这个工单，或您无权查看", order_id=order_id)
    number = order.callback_phone or order.caller_phone
    if not number:
        raise InvalidInput(
            "该工单没有留下联系电话", [{"field": "order_id", "message": "没有联系电话"}]
        )
    return number
