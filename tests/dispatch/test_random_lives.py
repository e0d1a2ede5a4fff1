"""Orders that live at random: whoever does whatever whenever, what must hold always holds."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from dispatch.assessment.record import score_fault
from dispatch.chain import ChainVerifier
from dispatch.commands import COMMANDS, OpenOrder, OrderCommand
from dispatch.promises import light_at
from dispatch.rules import Rules
from dispatch.service import OrderService
from dispatch.step import plain
from models.clock import ManualClock
from models.errors import Conflict, InvalidInput, NotFound, TransitionRefused
from models.guards import Actor
from models.store import Store
from models.tables import (
    AuditReview,
    ClosureScore,
    FollowUp,
    OrderEvent,
    OutboxRow,
    Task,
    WorkOrder,
)
from models.vocabulary import (
    Action,
    CloseReason,
    Light,
    OrderState,
    Role,
    Satisfaction,
    SolvedByCaller,
    TaskState,
)
from models.workflow import ACTIVE_TASK, OPEN_STATES
from tests.dispatch.conftest import url_of
from tests.dispatch.desk import FRIDAY, LAMP, PROCESS, QUALITY, RESULT

pytestmark = pytest.mark.store

T = TypeVar("T")

#: People who try things; the last one holds posts that must not check each other.
WHO = ("huawu1", "banzhang", "paidan", "chengguan", "renshe", "shenhe", "huifang", "zhuren", "both")

_BODIES: dict[Action, st.SearchStrategy[dict[str, Any]]] = {
    Action.AMEND: st.fixed_dictionaries(
        {"reason": st.just("更正")},
        optional={
            "title": st.sampled_from(["路灯坏了", LAMP["title"]]),
            "urgency": st.sampled_from(["NORMAL", "URGENT", "CRITICAL"]),
            "category": st.sampled_from(["C010102", "C020101", "C01"]),
            "want_reply": st.booleans(),
        },
    ),
    Action.DISPATCH: st.fixed_dictionaries(
        {"department": st.sampled_from(["D-CG", "D-RS", "D-HL", "D-NO"])}
    ),
    Action.SIGN_FOR: st.just({}),
    Action.FIRST_CONTACT: st.fixed_dictionaries(
        {"person": st.just("张先生"), "reached": st.booleans()}
    ),
    Action.SUBMIT_RESULT: st.fixed_dictionaries(
        {"outcome": st.sampled_from(["SOLVED", "PLANNED"])}
    ).map(lambda changes: {**RESULT, **changes}),
    Action.APPROVE_RESULT: st.just({"quality_items": QUALITY, "process_items": PROCESS}),
    Action.SEND_BACK: st.just({"reason": "没有回应诉求"}),
    Action.RECORD_FOLLOW_UP: st.one_of(
        st.just({"reached": False}),
        st.fixed_dictionaries(
            {
                "reached": st.just(True),
                "contacted": st.booleans(),
                "solved": st.sampled_from([item.value for item in SolvedByCaller]),
                "satisfaction": st.sampled_from([item.value for item in Satisfaction]),
            }
        ),
        st.just(
            {
                "reached": True,
                "contacted": True,
                "solved": "UNSOLVED",
                "satisfaction": "DISSATISFIED",
                "redo": True,
                "redo_reason": "灯还是不亮",
            }
        ),
    ),
    Action.URGE: st.just({"reason": "请尽快"}),
    Action.NOTE: st.fixed_dictionaries({"text": st.just("记录"), "internal": st.booleans()}),
    Action.WITHDRAW: st.just({"reason": "撤回", "consent": "录音"}),
}
#: What those who do it right do.
_USUAL: dict[Action, st.SearchStrategy[dict[str, Any]]] = {
    Action.DISPATCH: st.sampled_from(["D-CG", "D-RS"]).map(lambda unit: {"department": unit}),
    Action.SUBMIT_RESULT: st.just(dict(RESULT)),
}
_DEMANDS = st.fixed_dictionaries(
    {
        "request_type": st.sampled_from(["HELP", "REPORT", "CONSULTATION"]),
        "urgency": st.sampled_from(["NORMAL", "URGENT"]),
        "want_reply": st.booleans(),
    }
) | st.just({"answered": True, "public_answer": "可在社区办理。"})


@st.composite
def commands(draw: st.DrawFn) -> OrderCommand:
    """Any command, well formed."""
    action = draw(st.sampled_from(list(_BODIES)))
    return COMMANDS[action].model_validate(draw(_BODIES[action]))


class Lives(RuleBasedStateMachine):
    """Some orders, many hands, a clock that also jumps back."""

    template: ClassVar[Path]
    rules_in_force: ClassVar[Rules]
    people: ClassVar[dict[str, Actor]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="lives-"))
        shutil.copy(self.template, self.folder / "hotline.db")
        self.clock = ManualClock(FRIDAY)
        self.store = Store(url_of(self.folder / "hotline.db"), self.clock)
        self.service = OrderService(self.store, self.clock, self.rules_in_force)
        self.order_ids: list[str] = []
        self.done = 0

    def teardown(self) -> None:
        """Give everything back."""
        self.run(self.store.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        """Wait for it."""
        return self.runner.run(what)

    @initialize(want_reply=st.lists(st.booleans(), min_size=2, max_size=3))
    def morning(self, want_reply: list[bool]) -> None:
        """A few citizens have called."""
        for wanted in want_reply:
            self._open("huawu1", {"want_reply": wanted})

    @rule(kind=st.sampled_from(["go_on", "go_on", "act", "stale", "wait", "call"]), drawn=st.data())
    def something_happens(self, kind: str, drawn: st.DataObject) -> None:
        """One rule for all, so that no run of the test leaves a kind of act out."""
        match kind:
            case "go_on":
                self._go_on(drawn, drawn.draw(st.integers(1, 8)))
            case "act":
                self._try(self._who(drawn), self._which(drawn), drawn.draw(commands()))
            case "stale":
                self._act_on_an_old_version(drawn)
            case "wait":
                # The clock may also be set back.
                hours = drawn.draw(st.sampled_from([-5, 1, 8, 30, 200]))
                self.clock.advance(timedelta(hours=hours))
            case "call":
                self._open(self._who(drawn), drawn.draw(_DEMANDS))

    def _open(self, who: str, demand: dict[str, Any]) -> None:
        try:
            command = OpenOrder.model_validate({**LAMP, **demand})
            opened = self.run(self.service.open_order(self.people[who], command))
        except TransitionRefused:
            assert not self.people[who].roles & {Role.AGENT, Role.SHIFT_LEADER}
            return
        self.order_ids.append(opened.order_id)
        self.done += 1

    def _go_on(self, drawn: st.DataObject, steps: int) -> None:
        """Those whose turn it is do it, so that orders get far."""
        order_id = self._which(drawn)
        for _ in range(steps):
            self.clock.advance(timedelta(hours=drawn.draw(st.sampled_from([0, 1, 7]))))
            who, action = self.run(self._next(order_id))
            if action is None:
                return
            body = drawn.draw(_USUAL.get(action, _BODIES[action]))
            self._try(who, order_id, COMMANDS[action].model_validate(body))
            self.run(self._check(order_id))

    def _act_on_an_old_version(self, drawn: st.DataObject) -> None:
        """Someone whose page is out of date."""
        order_id, command = self._which(drawn), drawn.draw(commands())
        version = self.run(self._order(order_id)).version
        if version > 1:
            stale = command.model_copy(update={"expected_version": version - 1})
            with pytest.raises((Conflict, NotFound)):
                self.run(self.service.act(self.people[self._who(drawn)], order_id, stale))

    def _who(self, drawn: st.DataObject) -> str:
        return drawn.draw(st.sampled_from(WHO))

    def _which(self, drawn: st.DataObject) -> str:
        return drawn.draw(st.sampled_from(self.order_ids))

    def _try(self, who: str, order_id: str, command: OrderCommand) -> None:
        try:
            self.run(self.service.act(self.people[who], order_id, command))
        except (TransitionRefused, InvalidInput, NotFound):
            return
        self.done += 1

    async def _next(self, order_id: str) -> tuple[str, Action | None]:
        order, tasks = await self._order(order_id), await self._tasks(order_id)
        active = next((task for task in tasks if task.state in ACTIVE_TASK), None)
        clerk = "renshe" if active and active.department == "D-RS" else "chengguan"
        match order.state:
            case OrderState.TO_DISPATCH:
                return "paidan", Action.DISPATCH
            case OrderState.TO_AUDIT:
                return "shenhe", Action.APPROVE_RESULT
            case OrderState.TO_FOLLOW_UP:
                return "huifang", Action.RECORD_FOLLOW_UP
            case OrderState.DISPATCHED | OrderState.REDO if active:
                signing = active.state is TaskState.TO_SIGN
                return clerk, Action.SIGN_FOR if signing else Action.SUBMIT_RESULT
            case _:
                return "", None

    # --- what must always hold ---------------------------------------------------------------

    @invariant()
    def chains_are_whole_and_each_success_told_once(self) -> None:
        """One event and one outbox row for each thing done; nothing for what was refused."""
        assert self.run(ChainVerifier(self.store).verify_all()) == []
        assert self.run(self._count(OrderEvent)) == self.done
        assert self.run(self._count(OutboxRow)) == self.done

    @invariant()
    def every_order_makes_sense(self) -> None:
        """State, tasks, clock, reason and score fit together."""
        for order_id in self.order_ids:
            self.run(self._check(order_id))

    async def _check(self, order_id: str) -> None:
        order, tasks = await self._order(order_id), await self._tasks(order_id)
        events = await self._rows(OrderEvent, order_id)
        events.sort(key=lambda event: event.seq)
        _check_tasks(order, tasks)
        _check_clock(order, self.clock)
        _check_replay(order, tasks, events)
        await self._check_closing(order, tasks)
        await self._check_audits(order_id, tasks)

    async def _check_closing(self, order: WorkOrder, tasks: list[Task]) -> None:
        asked = await self._rows(FollowUp, order.id)
        scores = await self._rows(ClosureScore, order.id)
        closed = order.state is OrderState.CLOSED
        assert (order.close_reason is not None) == (order.closed_at is not None) == closed
        assert len(scores) == int(closed and bool(tasks))
        for stored in scores:
            assert score_fault(stored, self.rules_in_force) is None
            assert 0 <= stored.score <= 100
        match order.close_reason:
            case CloseReason.ANSWERED:
                assert order.public_answer
                assert not tasks
            case CloseReason.FOLLOWED_UP:
                assert any(attempt.reached for attempt in asked)
            case CloseReason.UNREACHABLE:
                assert sum(not attempt.reached for attempt in asked) >= 3
            case CloseReason.NO_REPLY_WANTED:
                assert not order.want_reply

    async def _check_audits(self, order_id: str, tasks: list[Task]) -> None:
        submitter = {task.id: task.submitted_by for task in tasks}
        for review in await self._rows(AuditReview, order_id):
            assert review.auditor_id != submitter[review.task_id]

    async def _order(self, order_id: str) -> WorkOrder:
        async with self.store.read() as session:
            return await session.get_one(WorkOrder, order_id)

    async def _tasks(self, order_id: str) -> list[Task]:
        return await self._rows(Task, order_id)

    async def _rows(self, table: Any, order_id: str) -> list[Any]:
        async with self.store.read() as session:
            return list(await session.scalars(select(table).where(table.order_id == order_id)))

    async def _count(self, table: Any) -> int:
        async with self.store.read() as session:
            return await session.scalar(select(func.count()).select_from(table)) or 0


def _check_tasks(order: WorkOrder, tasks: list[Task]) -> None:
    active = [task for task in tasks if task.state in ACTIVE_TASK]
    at_units = order.state in (OrderState.DISPATCHED, OrderState.REDO, OrderState.TO_AUDIT)
    assert len(active) == int(at_units), (order.state, [task.state for task in tasks])
    if order.state is OrderState.TO_AUDIT:
        assert active[0].state is TaskState.SUBMITTED
    if active:
        assert active[0].department == order.lead_department
        assert active[0].due_at == order.due_at
    assert order.redo_count == sum(task.redo_of is not None for task in tasks) <= 2


def _check_clock(order: WorkOrder, clock: ManualClock) -> None:
    light = light_at(clock.now(), order.light_yellow_at, order.light_orange_at, order.light_red_at)
    assert (light is not Light.NONE) == (order.state in OPEN_STATES)


def _check_replay(order: WorkOrder, tasks: list[Task], events: list[OrderEvent]) -> None:
    """Everything that the events say became so, is so, and states follow each other."""
    state = OrderState.DRAFT.value
    after: dict[tuple[str, str], Any] = {}
    for event in events:
        assert event.from_state == state
        state = event.to_state
        for path, (_before, value) in event.changes.items():
            owner = event.task_id if path.startswith("task.") else order.id
            after[str(owner), path.removeprefix("task.")] = value
    assert state == order.state.value
    rows: dict[str, WorkOrder | Task] = {order.id: order, **{task.id: task for task in tasks}}
    for (owner, name), value in after.items():
        if hasattr(rows[owner], name):
            assert plain(getattr(rows[owner], name)) == value, name


def test_orders_keep_their_promises_whatever_happens(
    empty_database: Path, rules: Rules, people: dict[str, Actor]
) -> None:
    both = Actor(
        id=people["chengguan"].id,
        name="一人多岗",
        roles=frozenset({Role.UNIT_CLERK, Role.AUDITOR}),
        department="D-CG",
    )
    Lives.template, Lives.rules_in_force = empty_database, rules
    Lives.people = {**people, "both": both}
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis leaves it untyped
        Lives,
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
