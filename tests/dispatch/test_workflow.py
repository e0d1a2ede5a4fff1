"""The transition table: complete, drawn, obeyed, and every refusal says why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from dispatch.commands import COMMANDS, OpenOrder
from dispatch.service import HANDLERS
from dispatch.state_machine_document import TARGET, document
from models.errors import TransitionRefused
from models.guards import Actor
from models.tables import OrderRequest, Task, WorkOrder
from models.vocabulary import (
    Action,
    OrderState,
    RequestKind,
    RequestState,
    RequestType,
    Role,
    TaskRole,
    TaskState,
    Urgency,
)
from models.workflow import (
    OPEN_STATES,
    TRANSITIONS,
    Case,
    Level,
    Permit,
    Transition,
    allowed_actions,
    first_lead_task,
    lead_task,
    permit,
    rows_of,
)
from tests.dispatch.desk import FRIDAY

pytestmark = pytest.mark.unit

UNIT = "D-CG"


def order_in(state: OrderState, **changes: object) -> WorkOrder:
    base = {"request_type": RequestType.HELP, "urgency": Urgency.NORMAL}
    return WorkOrder(id="order", state=state, **{**base, **changes})


def task_in(state: TaskState, **changes: object) -> Task:
    base = {"id": "task", "department": UNIT, "role": TaskRole.LEAD, "dispatched_at": FRIDAY}
    base["due_at"] = FRIDAY + timedelta(days=5)
    return Task(state=state, **{**base, **changes})


def actor(role: Role, **changes: object) -> Actor:
    base = {"id": "me", "name": "我", "department": UNIT, "roles": frozenset({role})}
    return Actor(**{**base, **changes})  # type: ignore[arg-type]  # plain keyword arguments


def asked(kind: RequestKind, **changes: object) -> OrderRequest:
    base = {"asked_by": "someone", "asked_department": UNIT, "task_id": "task", "id": kind.value}
    return OrderRequest(kind=kind, **{"state": RequestState.OPEN, **base, **changes})


@dataclass
class Scene:
    """The first state a row starts from, with everything its guards ask for."""

    row: Transition
    order: WorkOrder | None = None
    tasks: list[Task] = field(default_factory=list)
    requests: list[OrderRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        row = self.row
        if row.from_order[0] is OrderState.DRAFT:
            return
        self.order = order_in(row.from_order[0])
        names = {guard.name for guard in row.guards}
        if "has_external_due" in names:
            self.order.external_due = FRIDAY
        if "suspended" in names:
            self.order.suspended_at = FRIDAY
        if "watched" in names:
            self.order.watched_at = FRIDAY
        if row.from_task:
            self._set_tasks()
        concerned = "task" if row.from_task else None
        self.requests = [asked(row.pending[0], task_id=concerned)] if row.pending else []
        if "transferred_to_it" in names:  # of other systems, to the one it went to
            self.requests[0].decider = "me"
        if "agreed" in names:
            self.requests[0].state = RequestState.AGREED
        if "return_refused" in names:
            self.requests = [asked(RequestKind.RETURN, state=RequestState.REFUSED)]

    def _set_tasks(self) -> None:
        row = self.row
        task = task_in(row.from_task[0], role=row.part or TaskRole.LEAD)
        if row.level is Level.BELOW:
            self.tasks.append(task_in(TaskState.DELEGATED, id="parent"))
            task.parent_id = "parent"
        if task.role is TaskRole.JOINT:
            self.tasks.append(task_in(TaskState.SIGNED, id="lead"))
            leads = any(guard.name == "leads_the_part" for guard in row.guards)
            (task if leads else self.tasks[-1]).department = "D-OTHER"
        names = {guard.name for guard in row.guards}
        supervised = not names.isdisjoint({"supervised", "late_or_supervised"})
        task.open_urges, task.open_supervision = int("urged" in names), 2 * supervised
        self.tasks.append(task)

    def permit(self, person: Actor) -> Permit:
        row = self.row
        task = next((task for task in self.tasks if task.id == "task"), None)
        return permit(
            row.action,
            row.case,
            person,
            self.order,
            self.tasks,
            self.requests,
            task=task,
            request=self.requests[0] if row.pending else None,
            now=FRIDAY,
        )


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.action}-{row.case}")
def test_every_row_lets_each_of_its_posts_through(row: Transition) -> None:
    for role in row.roles:
        found = Scene(row).permit(actor(role))
        assert found.transition is row
        assert found.role is role


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.action}-{row.case}")
def test_every_other_post_is_refused_and_told_who_may(row: Transition) -> None:
    scene = Scene(row)
    for role in set(Role) - set(row.roles):
        with pytest.raises(TransitionRefused) as refusal:
            scene.permit(actor(role))
        assert refusal.value.details["because"] == "role"
        assert refusal.value.details["allowed_roles"] == [item.value for item in row.roles]
        assert f"“{row.action.label}”" in str(refusal.value)
        assert row.roles[0].label in str(refusal.value)
        assert f"您的岗位是{role.label}" in str(refusal.value)


@pytest.mark.parametrize("action", Action)
def test_every_other_state_is_refused_and_named(action: Action) -> None:
    rows = rows_of(action)
    starts = {state for row in rows for state in row.from_order}
    everyone = actor(Role.AGENT, roles=frozenset(Role))
    for state in set(OrderState) - starts - {OrderState.DRAFT}:
        with pytest.raises(TransitionRefused) as refusal:
            permit(action, rows[0].case, everyone, order_in(state))
        assert refusal.value.details["because"] == "state"
        assert refusal.value.details["state"] == state.value
        assert f"工单现在是“{state.label}”" in str(refusal.value)


@pytest.mark.parametrize(
    "row", [row for row in TRANSITIONS if row.from_task], ids=lambda row: f"{row.action}-{row.case}"
)
def test_every_other_task_state_is_refused(row: Transition) -> None:
    everyone = actor(Role.UNIT_CLERK, roles=frozenset(Role))
    for state in set(TaskState) - set(row.from_task) - {TaskState.CANCELLED}:
        with pytest.raises(TransitionRefused) as refusal:
            permit(row.action, row.case, everyone, order_in(row.from_order[0]), [task_in(state)])
        assert refusal.value.details["task_state"] == state.value


def test_refusal_reads_like_a_sentence() -> None:
    with pytest.raises(TransitionRefused) as refusal:
        clerk = actor(Role.UNIT_CLERK)
        order = order_in(OrderState.TO_AUDIT)
        permit(Action.SIGN_FOR, Case.ANY, clerk, order, [task_in(TaskState.SUBMITTED)])
    assert str(refusal.value) == (
        "不能“签收”：工单现在是“待办结审核”（承办任务已反馈），"
        "“办理中”、“重办”的工单才可以签收（承办任务须为待签收），由承办单位经办人、承办单位负责人操作。"
    )
    assert refusal.value.details["allowed_actions"] == ["note", "attach"]


@pytest.mark.parametrize("action", [Action.SIGN_FOR, Action.FIRST_CONTACT, Action.SUBMIT_RESULT])
def test_clerk_acts_on_own_unit_only(action: Action) -> None:
    stranger = actor(Role.UNIT_CLERK, department="D-RS")
    with pytest.raises(TransitionRefused, match="不属于您所在的单位") as refusal:
        Scene(rows_of(action)[0]).permit(stranger)
    assert refusal.value.details["because"] == "own_department"


@pytest.mark.parametrize("action", [Action.APPROVE_RESULT, Action.SEND_BACK])
def test_nobody_audits_what_they_submitted(action: Action) -> None:
    both = actor(Role.AUDITOR, roles=frozenset({Role.AUDITOR, Role.UNIT_CLERK}))
    task = task_in(TaskState.SUBMITTED, submitted_by="me")
    with pytest.raises(TransitionRefused, match="不能审核本人提交的办理结果"):
        permit(action, rows_of(action)[0].case, both, order_in(OrderState.TO_AUDIT), [task])
    assert action not in allowed_actions(order_in(OrderState.TO_AUDIT), [task], both)


@pytest.mark.parametrize("case", [row.case for row in rows_of(Action.RECORD_FOLLOW_UP)])
def test_nobody_asks_the_citizen_about_the_own_result(case: Case) -> None:
    both = actor(
        Role.FOLLOW_UP, roles=frozenset({Role.FOLLOW_UP, Role.UNIT_CLERK}), department="D-HL"
    )
    of_the_unit = actor(Role.FOLLOW_UP)
    order = order_in(OrderState.TO_FOLLOW_UP)
    others = task_in(TaskState.DONE, submitted_by="x", department="D-ZJ")
    own = task_in(TaskState.DONE, id="below", submitted_by="me", department="D-RS")
    unit = task_in(TaskState.DONE, id="below", submitted_by="x")
    for who, below in ((both, own), (of_the_unit, unit)):
        with pytest.raises(TransitionRefused, match="不能回访本人或本单位办理的工单"):
            permit(Action.RECORD_FOLLOW_UP, case, who, order, [others, below])
    permit(Action.RECORD_FOLLOW_UP, case, both, order, [others])


@pytest.mark.parametrize(
    "changes", [{"request_type": RequestType.REPORT}, {"urgency": Urgency.CRITICAL}]
)
def test_reports_and_emergencies_cannot_be_withdrawn(changes: dict[str, object]) -> None:
    order = order_in(OrderState.DISPATCHED, **changes)
    with pytest.raises(TransitionRefused, match="不能撤单"):
        permit(Action.ASK_WITHDRAWAL, Case.ANY, actor(Role.DISPATCHER), order, [])


def test_acting_post_limits_a_person_of_many_posts() -> None:
    person = actor(Role.AGENT, roles=frozenset({Role.AGENT, Role.DISPATCHER}), acting=Role.AGENT)
    assert Action.DISPATCH not in allowed_actions(order_in(OrderState.TO_DISPATCH), [], person)


def test_allowed_actions_are_those_a_permit_is_given_for() -> None:
    for state in OPEN_STATES:
        for role in Role:
            order, tasks = order_in(state), [task_in(TaskState.TO_SIGN)]
            allowed = set(allowed_actions(order, tasks, actor(role)))
            permitted = set()
            for row in TRANSITIONS:
                if row.case is Case.TAKE_IN:  # the far end of what is done with another order
                    continue
                try:
                    permit(row.action, row.case, actor(role), order, tasks)
                except TransitionRefused:
                    continue
                permitted.add(row.action)
            assert allowed == permitted


def test_lead_task_is_the_one_not_done_again_whatever_the_clock_said() -> None:
    first = task_in(TaskState.DONE, id="a")
    again = task_in(
        TaskState.TO_SIGN, id="b", redo_of="a", dispatched_at=FRIDAY - timedelta(days=1)
    )
    joint = task_in(TaskState.SIGNED, id="c", role=TaskRole.JOINT)
    assert lead_task([joint, again, first]) is again
    assert first_lead_task([joint, again, first]) is first
    again.state = TaskState.CANCELLED
    assert lead_task([first, again]) is first


def test_every_action_has_a_command_and_a_hand_that_does_it() -> None:
    assert set(COMMANDS) == set(HANDLERS) == set(Action) - {Action.OPEN}
    assert {row.action for row in TRANSITIONS} == set(Action)


def test_needs_are_fields_of_the_commands() -> None:
    for row in TRANSITIONS:
        model = OpenOrder if row.action is Action.OPEN else COMMANDS[row.action]
        assert set(row.needs) <= set(model.model_fields), row.action


def test_closing_happens_only_by_answer_audit_follow_up_or_what_follows_from_them() -> None:
    closing = {row.action for row in TRANSITIONS if row.to_order is OrderState.CLOSED}
    by_hand = {Action.OPEN, Action.APPROVE_RESULT, Action.RECORD_FOLLOW_UP}
    of_others = {Action.ANSWER_MERGED, Action.ANSWER_TRANSFER}
    assert closing == by_hand | {Action.DECIDE_REDO, Action.DECIDE_PANEL} | of_others


def test_document_is_current() -> None:
    assert TARGET.read_text(encoding="utf-8") == document(), (
        "run: python -m dispatch.state_machine_document"
    )
