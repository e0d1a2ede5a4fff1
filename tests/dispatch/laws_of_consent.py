"""[3] Who may decide what: nobody their own, and only those to whom the domain gives it.

Written down once more, without looking at the table that the product acts by.
"""

from __future__ import annotations

from models.states import HOTLINE_ROLES
from models.tables import OrderEvent, OrderRequest, Task
from models.task_tree import parent_of
from models.vocabulary import RequestKind, RequestState, Role, TaskRole
from tests.dispatch.order_file import File

#: The hotline's own code among the units.
HOTLINE = "D-HL"
_LEADER = {Role.MANAGER}
_OFFICE = {Role.SHIFT_LEADER, Role.MANAGER}
#: What the hotline decides, and by whom. What silence decides is the system's.
_BY_HOTLINE: dict[RequestKind, set[Role]] = {
    RequestKind.RETURN: {Role.DISPATCHER, *_OFFICE},
    RequestKind.DISPUTE: _OFFICE,
    RequestKind.EXTENSION: _OFFICE,
    RequestKind.SUSPENSION: _OFFICE,
    RequestKind.REDO: {*_OFFICE, Role.SYSTEM},
    RequestKind.PANEL: _LEADER,
    RequestKind.SUPERVISION: _LEADER,
    RequestKind.REFUSAL: {*_OFFICE, Role.SYSTEM},
    RequestKind.OBJECTION: {*_OFFICE, Role.SYSTEM},
    RequestKind.MERGE: {Role.DISPATCHER, Role.SHIFT_LEADER},
    RequestKind.SHELF: _LEADER,
    RequestKind.REOPENING: _LEADER,
    RequestKind.EXCLUSION: {Role.AUDITOR, *_OFFICE},
    RequestKind.WITHDRAWAL: _OFFICE,
    RequestKind.TRANSFER: {Role.DISPATCHER, Role.SHIFT_LEADER, Role.FOLLOW_UP},
}
#: What a unit above decides for those below it.
_BY_UNITS = {RequestKind.RETURN, RequestKind.EXTENSION}
_UNIT = {Role.UNIT_CLERK, Role.UNIT_HEAD}
_DECIDED = (RequestState.GRANTED.value, RequestState.REFUSED.value)
_SUBMITS = ("submit_result", "submit_part")
_FOLLOWS_UP = ("record_follow_up", "invite_follow_up", "ask_redo")
_AUDITS = ("approve_result", "send_back", "accept_result")


def check(file: File) -> None:
    """All of them."""
    nobody_decides_their_own(file)
    whoever_has_the_authority_decides(file)
    results_are_passed_on_each_level(file)


def nobody_decides_their_own(file: File) -> None:
    """Neither a request nor a result."""
    for one in file.requests:
        if one.state in (RequestState.GRANTED, RequestState.REFUSED):
            assert one.decided_by not in (None, one.asked_by), one.kind
            assert one.agreed_by is None or one.agreed_by not in (one.decided_by, one.asked_by)
    submitted: dict[str | None, str] = {}
    for event in file.events:
        if event.action in _SUBMITS:
            submitted[event.task_id] = event.actor_id
        elif event.action in _AUDITS and not _is_part(file.task(event.task_id)):
            assert submitted.get(event.task_id) != event.actor_id, event.action
        elif event.action in _FOLLOWS_UP:
            assert event.actor_id not in submitted.values(), event.action
            assert event.actor_department not in {task.department for task in file.tasks}


def _is_part(task: Task | None) -> bool:
    """A lead unit may send a joint one's part back to it, whoever has submitted it."""
    return task is not None and task.role is TaskRole.JOINT


def whoever_has_the_authority_decides(file: File) -> None:
    """The hotline what it was asked for, in the post that may; the unit above what those below
    asked it for, and nothing else."""
    asked = {one.id: one for one in file.requests}
    for event in file.events:
        for path, (_before, after) in event.changes.items():
            row, name = file.place(path, event)
            if row in asked and name == "state":
                _decided_rightly(asked[row], event, after)


def _decided_rightly(one: OrderRequest, event: OrderEvent, after: str) -> None:
    told = (one.kind, event.action, event.actor_role)
    if after == RequestState.AGREED:
        assert event.actor_role in _BY_HOTLINE[one.kind], told
    elif after in _DECIDED and event.actor_role in _UNIT:
        assert one.kind in _BY_UNITS, told
        assert event.actor_department == one.decider != HOTLINE, told
    elif after in _DECIDED:
        assert one.decider == HOTLINE, told
        assert event.actor_role in _BY_HOTLINE[one.kind], told
    elif after == RequestState.LAPSED:
        assert event.actor_role is Role.SYSTEM, told
    if one.kind is RequestKind.EXCLUSION and after == RequestState.GRANTED:
        assert event.actor_role is Role.MANAGER, told
        assert one.agreed_by is not None, "an office has agreed first"


def results_are_passed_on_each_level(file: File) -> None:
    """By an auditor of the hotline at the top, by the unit above further down."""
    for event in file.events:
        task = file.task(event.task_id)
        match event.action:
            case "approve_result":
                assert event.actor_role is Role.AUDITOR
                assert task is not None
                assert task.parent_id is None
            case "accept_result":
                assert task is not None
                assert event.actor_department == _above(task, file)
            case "send_back" if event.actor_role not in HOTLINE_ROLES:
                assert task is not None
                assert event.actor_department in {_above(task, file), *_beside(task, file)}


def _above(task: Task, file: File) -> str | None:
    parent = parent_of(task, file.tasks)
    return parent.department if parent else None


def _beside(task: Task, file: File) -> set[str]:
    """Units that lead or once led beside it."""
    beside = (one for one in file.tasks if one.parent_id == task.parent_id)
    return {one.department for one in beside if one.role is TaskRole.LEAD}
