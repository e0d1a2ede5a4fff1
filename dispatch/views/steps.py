"""What a reader may do with an order now, what not and why, and what is asked for."""

from __future__ import annotations

from datetime import datetime

from dispatch.possible import Facts, why_not
from dispatch.rules import Rules
from dispatch.views.choices import choices_of
from dispatch.views.forms import Known, form_of
from dispatch.views.privacy import Veil
from dispatch.views.step_shapes import (
    AllowedAction,
    RefusedAction,
    RequestView,
)
from dispatch.waiting import waiting_light
from models.tables import OrderRequest, Task
from models.vocabulary import ALL, Light, RequestKind, RequestState
from models.workflow import AllowedStep, RefusedStep, allowed_steps, refused_steps

#: The set of reasons of each kind of request.
REASONS = {
    RequestKind.RETURN: "ReturnReason",
    RequestKind.EXTENSION: "ExtensionReason",
    RequestKind.SUSPENSION: "SuspensionReason",
    RequestKind.SUPERVISION: "SupervisionReason",
    RequestKind.REDO: "RedoReason",
    RequestKind.PANEL: "RedoReason",
    RequestKind.REOPENING: "ReopeningReason",
    RequestKind.EXCLUSION: "ExclusionReason",
}


def reason_label(kind: RequestKind, code: str) -> str:
    """A reason's Chinese name; the code itself where the kind has no set of reasons."""
    if not code or kind not in REASONS:
        return code
    return ALL[REASONS[kind]](code).label


#: How far an order that was given out has come: nobody decides it here.
_TRANSFER = {
    RequestState.OPEN: "等待对方答复",
    RequestState.GRANTED: "已答复",
    RequestState.REFUSED: "对方退回",
    RequestState.WITHDRAWN: "已收回",
}


def state_label(request: OrderRequest) -> str:
    """How far a request has come."""
    words = _TRANSFER if request.kind is RequestKind.TRANSFER else {}
    return words.get(request.state, request.state.label)


class Steps:
    """Reads the table for one reader of one order."""

    def __init__(self, facts: Facts, known: Known) -> None:
        self._rules, self._known, self._facts = facts.rules, known, facts
        self._asked = (facts.order, facts.tasks, facts.actor, facts.requests, facts.now)
        #: What the table allows, each with what stands against it all the same.
        self._here = [
            (step, why_not(step.transition.action, facts, step.task))
            for step in allowed_steps(*self._asked)
        ]

    def allowed(self) -> list[AllowedAction]:
        """What the reader may do, each action once for each task and request it concerns."""
        return [self._allowed(step) for step, reason in self._here if not reason]

    def refused(self) -> list[RefusedAction]:
        """What state and post would allow, with what stands against it."""
        found = [self._refused(step, step.reason) for step in refused_steps(*self._asked)]
        return found + [self._refused(step, reason) for step, reason in self._here if reason]

    def _refused(self, step: AllowedStep | RefusedStep, reason: str) -> RefusedAction:
        return RefusedAction(
            action=step.transition.action,
            label=step.transition.label,
            task_id=step.task.id if step.task else None,
            unit=self._unit(step.task),
            reason=reason,
        )

    def _allowed(self, step: AllowedStep) -> AllowedAction:
        row = step.transition
        return AllowedAction(
            action=row.action,
            label=row.label,
            needs=list(row.needs),
            task_id=step.task.id if step.task else None,
            request_id=step.request.id if step.request else None,
            unit=self._unit(step.task),
            effect=row.effect,
            fields=form_of(row.action, self._rules, self._known, choices_of(step, self._facts)),
        )

    def _unit(self, task: Task | None) -> str:
        return self._rules.unit_name(task.department) if task else ""


def request_view(found: OrderRequest, veil: Veil, rules: Rules, now: datetime) -> RequestView:
    """One request as a reader may see it, all that people wrote in it scrubbed."""
    plain = (
        "id",
        "task_id",
        "kind",
        "state",
        "asked_at",
        "asked_by_name",
        "reason_code",
        "due_at",
        "decided_at",
        "decided_by_name",
    )
    words = {name: veil.scrub(getattr(found, name)) for name in ("reason", "decision_reason")}
    written = {
        name: veil.scrub_all(getattr(found, name)) for name in ("evidence", "wanted", "granted")
    }
    waiting = found.state in (RequestState.OPEN, RequestState.AGREED)
    light = Light.NONE
    if waiting:
        light = waiting_light(found.asked_at, found.due_at, rules, now)
    return RequestView(
        **{name: getattr(found, name) for name in plain},
        **words,
        **written,
        state_label=state_label(found),
        asked_department_name=rules.unit_name(found.asked_department),
        reason_label=reason_label(found.kind, found.reason_code),
        light=light,
        overdue=light is Light.RED,
    )


__all__ = ["REASONS", "RefusedStep", "Steps", "reason_label", "request_view"]
