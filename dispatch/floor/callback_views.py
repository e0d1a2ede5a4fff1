"""A call-back task as it is read: its light, who has it, and the message that was left."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.phones import why_not_rung
from config.settings import TelephonySettings
from dispatch.floor.owed_calls import UNDONE
from dispatch.floor.risk_words import dangers_of
from dispatch.views.privacy import mask_phone
from models.tables import Callback, Recording, Staff
from models.vocabulary import CallbackReason, CallbackState, Light

#: Share of the limit that is left when a task turns yellow.
_YELLOW_SHARE = 0.25


class CallbackView(BaseModel):
    """A task as an agent reads it."""

    id: str
    reason: CallbackReason
    reason_label: str
    state: CallbackState
    state_label: str
    citizen_number: str
    queue: str
    lost_at: datetime
    due_at: datetime
    light: Light
    priority: int
    attempts: int
    last_attempt_at: datetime | None
    taken_by: str | None
    taken_by_name: str | None
    call_id: str | None
    contact_id: str | None
    outbound_call_id: str | None
    #: Why the number cannot be rung and what can be done instead, in words; empty: it can be.
    cannot_call: str
    #: Recording of a message that was left while the hotline was down: there was no call of ours.
    message_id: str | None
    #: What was alarming in the message or the lost call, in words: the task goes first. Else empty.
    danger: str
    note: str
    version: int


class CallbackCounts(BaseModel):
    """How much is to be done."""

    open: int
    overdue: int
    mine: int


class CallbackPage(BaseModel):
    """Tasks in their order."""

    items: list[CallbackView]
    next_cursor: str | None
    counts: CallbackCounts


async def views_of(
    session: AsyncSession,
    tasks: list[Callback],
    now: datetime,
    telephony: TelephonySettings,
    *,
    clear: bool,
) -> list[CallbackView]:
    """``clear``: with the whole number."""
    ids = {task.taken_by for task in tasks} - {None}
    rows = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    names: dict[str | None, str] = {staff_id: name for staff_id, name in rows}
    messages = await _messages(session, tasks)
    dangers = await dangers_of(session, {task.call_id for task in tasks if task.call_id})
    return [_view(task, names, messages, dangers, now, telephony, clear) for task in tasks]


def against_calling(task: Callback, telephony: TelephonySettings) -> str:
    """Why this task's number cannot be rung, and what can be done instead; empty: it can be."""
    why = why_not_rung(telephony, task.citizen_number)
    if not why:
        return ""
    if task.reason is CallbackReason.VOICEMAIL:
        return f"{why}，无法回拨。请收听留言，改用其中留下的号码，或登记后办结"
    return f"{why}，无法回拨。可改用来电人留下的其他号码，或写明原因后取消任务"


async def _messages(session: AsyncSession, tasks: list[Callback]) -> dict[str | None, str]:
    """Ids of the messages' recordings, by contact."""
    contacts = {task.contact_id for task in tasks if task.call_id is None} - {None}
    query = select(Recording.contact_id, Recording.id).where(
        Recording.contact_id.in_(contacts), Recording.deleted_at.is_(None)
    )
    return {contact: recording for contact, recording in await session.execute(query)}


def _view(
    task: Callback,
    names: dict[str | None, str],
    messages: dict[str | None, str],
    dangers: dict[str, str],
    now: datetime,
    telephony: TelephonySettings,
    clear: bool,
) -> CallbackView:
    number = task.citizen_number
    return CallbackView(
        id=task.id,
        reason=task.reason,
        reason_label=task.reason.label,
        state=task.state,
        state_label=task.state.label,
        citizen_number=number if clear else mask_phone(number),
        queue=task.queue,
        lost_at=task.lost_at,
        due_at=task.due_at,
        light=light_of(task, now),
        priority=task.priority,
        attempts=task.attempts,
        last_attempt_at=task.last_attempt_at,
        taken_by=task.taken_by,
        taken_by_name=names.get(task.taken_by),
        call_id=task.call_id,
        contact_id=task.contact_id,
        outbound_call_id=task.outbound_call_id,
        cannot_call=against_calling(task, telephony) if task.state in UNDONE else "",
        message_id=None if task.call_id else messages.get(task.contact_id),
        danger=dangers.get(task.call_id or "", ""),
        note=task.note,
        version=task.version,
    )


def light_of(task: Callback, now: datetime) -> Light:
    """How near the limit is."""
    if task.state not in UNDONE:
        return Light.NONE
    if now > task.due_at:
        return Light.RED
    left, whole = task.due_at - now, max(task.due_at - task.lost_at, timedelta(seconds=1))
    return Light.YELLOW if left <= whole * _YELLOW_SHARE else Light.GREEN
