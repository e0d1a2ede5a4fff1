"""What a reader may do with an order now, what not and why, and what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispatch.follow_up_links import NO_PAGE
from dispatch.rules import Rules
from dispatch.views.forms import Known, form_of
from dispatch.views.step_shapes import (
    AllowedAction,
    RefusedAction,
    RequestView,
)
from dispatch.waiting import waiting_light
from models.guards import Actor
from models.tables import OrderRequest, Task, WorkOrder
from models.vocabulary import ALL, Action, Light, OrderState, RequestKind, RequestState
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

    def __init__(
        self,
        order: WorkOrder,
        tasks: Sequence[Task],
        requests: Sequence[OrderRequest],
        actor: Actor,
        rules: Rules,
        now: datetime,
        known: Known,
    ) -> None:
        self._asked = (order, tasks, actor, requests, now)
        self._several = sum(task.parent_id is not None for task in tasks) + len(tasks) > 1
        self._rules = rules
        self._known = known

    def allowed(self) -> list[AllowedAction]:
        """What the reader may do, each action once for each task and request it concerns."""
        steps = allowed_steps(*self._asked)
        return [self._allowed(step) for step in steps if not self._not_set_up(step)]

    def refused(self) -> list[RefusedAction]:
        """What state and post would allow, with what stands against it."""
        found = [self._refused(step, step.reason) for step in refused_steps(*self._asked)]
        if self._asked[0].state is OrderState.TO_FOLLOW_UP:
            here = allowed_steps(*self._asked)
            found += [self._refused(step, NO_PAGE) for step in here if self._not_set_up(step)]
        return found

    def _not_set_up(self, step: AllowedStep) -> bool:
        """This house cannot do it, whoever asks."""
        links = step.transition.action is Action.INVITE_FOLLOW_UP
        return links and not self._rules.handling.follow_up.link

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
            fields=form_of(row.action, self._rules, self._known),
        )

    def _unit(self, task: Task | None) -> str:
        return self._rules.unit_name(task.department) if task else ""


def request_view(found: OrderRequest, rules: Rules, now: datetime) -> RequestView:
    """One request as shown."""
    plain = (
        "id",
        "task_id",
        "kind",
        "state",
        "asked_at",
        "asked_by_name",
        "reason_code",
        "reason",
        "evidence",
        "wanted",
        "due_at",
        "decided_at",
        "decided_by_name",
        "decision_reason",
        "granted",
    )
    waiting = found.state in (RequestState.OPEN, RequestState.AGREED)
    light = Light.NONE
    if waiting:
        light = waiting_light(found.asked_at, found.due_at, rules, now)
    return RequestView(
        **{name: getattr(found, name) for name in plain},
        state_label=state_label(found),
        asked_department_name=rules.unit_name(found.asked_department),
        reason_label=reason_label(found.kind, found.reason_code),
        light=light,
        overdue=light is Light.RED,
    )


__all__ = ["REASONS", "RefusedStep", "Steps", "reason_label", "request_view"]
