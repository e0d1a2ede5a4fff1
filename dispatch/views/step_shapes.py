"""Shapes of what may be done with an order, and of what was asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from dispatch.views.forms import FormField
from models.vocabulary import Action, Light, RequestKind, RequestState


class AllowedAction(BaseModel):
    """Something the reader may do now. ``needs``: fields of the command."""

    action: Action
    label: str
    needs: list[str]
    #: What it is about, to be sent with the command; and the unit of the task, in words.
    task_id: str | None = None
    request_id: str | None = None
    unit: str = ""
    #: What it brings about, in words.
    effect: str = ""
    #: What its form asks for.
    fields: list[FormField] = []


class RefusedAction(BaseModel):
    """What post and state would allow the reader, and why it is not possible now."""

    action: Action
    label: str
    task_id: str | None
    unit: str
    reason: str


class RequestView(BaseModel):
    """Something that was asked for and is decided by somebody else."""

    id: str
    task_id: str | None
    kind: RequestKind
    state: RequestState
    #: In the words of its kind.
    state_label: str
    asked_at: datetime
    asked_by_name: str
    asked_department_name: str
    reason_code: str
    reason_label: str
    reason: str
    evidence: dict[str, Any]
    wanted: dict[str, Any]
    due_at: datetime | None
    #: Yellow when the end of the time is near, red after it; NONE once it is decided.
    light: Light
    overdue: bool
    decided_at: datetime | None
    decided_by_name: str
    decision_reason: str
    granted: dict[str, Any]
