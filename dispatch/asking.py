"""What the hotline's own people ask of each other, and of their leaders.

Units ask through ``requests.ask``, which wants their head's consent; deciding is the same for all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispatch.requests import decide, end, put
from dispatch.step import Step
from models.tables import OrderRequest, Task
from models.vocabulary import OPEN_REQUEST, RequestKind, RequestState

__all__ = ["agree", "ask_office", "decide", "withdraw_all"]


def ask_office(
    step: Step,
    kind: RequestKind,
    reason: str,
    due: datetime,
    *,
    task: Task | None = None,
    reason_code: str = "",
    evidence: dict[str, Any] | None = None,
    wanted: dict[str, Any] | None = None,
) -> OrderRequest:
    """Ask for something that somebody else of the hotline decides, by ``due``."""
    return put(
        step,
        kind,
        task=task,
        reason_code=reason_code,
        reason=reason,
        evidence=evidence or {},
        wanted=wanted or {},
        due=due,
        decider=step.rules.departments.hotline,
    )


def agree(step: Step, reason: str) -> None:
    """The first of two decisions was a yes."""
    step.change_request(
        step.decided,
        state=RequestState.AGREED,
        agreed_by=step.actor.id,
        agreed_at=step.now,
        decision_reason=reason,
    )
    step.reason = reason


def withdraw_all(step: Step, why: str) -> None:
    """The order has gone another way: nothing of it is asked for any more."""
    for request in step.requests:
        if request.state in OPEN_REQUEST and request is not step.request:
            end(step, request, RequestState.WITHDRAWN, why)
