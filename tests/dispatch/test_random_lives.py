"""Orders that live at random: whoever does whatever whenever, what must hold always holds."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from dispatch.chain import ChainVerifier
from dispatch.commands import COMMANDS, OpenOrder, OrderCommand
from dispatch.order_timers import OrderTimers
from dispatch.rules import Rules
from dispatch.service import OrderService
from dispatch.timers import Timekeeper
from dispatch.views.detail import OrderDetails
from dispatch.views.forms import FormField
from models.clock import ManualClock
from models.errors import Conflict, InvalidInput, NotFound, TransitionRefused
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import OrderEvent, OrderRequest, OutboxRow, Oversight, Task, WorkOrder
from models.vocabulary import Action, Role, TaskState
from models.workflow import AllowedStep, allowed_steps
from tests.dispatch import laws, laws_of_time
from tests.dispatch.beginnings import BEGINNINGS, handed_down
from tests.dispatch.conftest import DEEP, url_of
from tests.dispatch.desk import FRIDAY, LAMP, Desk
from tests.dispatch.order_file import read_file
from tests.dispatch.random_bodies import Known, any_command, body_of, needs_a_file
from tests.dispatch.reached import Reached
from tests.support.postgres import Postgres

pytestmark = pytest.mark.store

T = TypeVar("T")

#: People who try things; the last one holds posts that must not check each other.
WHO = (
    *("huawu1", "banzhang", "paidan", "shenhe", "huifang", "zhuren"),
    *("chengguan", "juzhang", "renshe", "zhujian", *DEEP[1:4], "both"),
)
_DEMANDS: list[dict[str, Any]] = [
    {},
    {"urgency": "URGENT"},
    {"request_type": "REPORT"},
    {"request_type": "CONSULTATION", "want_reply": False},
    {"answered": True, "public_answer": "可到社区便民服务中心办理。"},
]
#: What ends an order early, or can always be done.
_SELDOM = frozenset({Action.ASK_WITHDRAWAL, Action.ARCHIVE, Action.MERGE, Action.NOTE})
#: What may happen next; mostly somebody does what they may.
KINDS = (*["allowed"] * 4, "anything", "stale", "wait", "call", "look")
#: Refused or not by what is filled in: the other order, what is corrected.
_DEPENDS = frozenset({Action.MERGE, Action.AMEND})
#: How often in the beginning of a life, and how often at most afterwards.
ROUNDS, MORE_ROUNDS = 8, 4
#: Gives an empty database with the staff in it, to be given back at the end.
Databases = Callable[[], Any]


class Lives(RuleBasedStateMachine):
    """Some orders, many hands, a clock that also jumps back."""

    databases: ClassVar[Databases]
    rules_in_force: ClassVar[Rules]
    people: ClassVar[dict[str, Actor]]
    #: What all lives together have come to.
    reached: ClassVar[Reached]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.database = type(self).databases()
        self.clock = ManualClock(FRIDAY)
        self.store = Store(self.database.__enter__(), self.clock)
        self.service = OrderService(self.store, self.clock, self.rules_in_force)
        timers = OrderTimers(self.service)
        self.keeper = Timekeeper(
            self.store, self.clock, timers.handlers, timers.lock, timers.together
        )
        self.order_ids: list[str] = []
        #: How often each action was tried in this life.
        self.tried: dict[Action, int] = {}
        self.kept = laws_of_time.Kept()

    def teardown(self) -> None:
        """Give everything back."""
        self.run(self._write_down())
        self.run(self.store.close())
        self.runner.close()
        self.database.__exit__(None, None, None)

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        """Wait for it."""
        return self.runner.run(what)

    @initialize(seed=st.integers(0, 2**32))
    def some_weeks(self, seed: int) -> None:
        """A few citizens have called, and much has been done since."""
        random = Random(seed)
        desk = Desk(self.service, self.clock, self.people)
        for begin in (handed_down, *random.sample(BEGINNINGS, 2)):
            self.run(begin(desk, want_reply=random.random() < 0.8))
        self.order_ids = self.run(self._orders())
        for _ in range(ROUNDS):
            self._round(random.choice(KINDS), random)

    @rule(kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32))
    def something_happens(self, kind: str, seed: int) -> None:
        """One rule for all, so that no run of the test leaves a kind of act out."""
        self._round(kind, Random(seed))

    def _round(self, kind: str, random: Random) -> None:
        match kind:
            case "allowed":
                for _ in range(12):
                    self._do_what_is_allowed(random)
            case "anything":
                for _ in range(8):
                    self._try_anything(random)
            case "stale":
                self._act_on_an_old_version(random)
            case "wait":
                # The clock may also be set back.
                hours = random.choice([-5, 1, 8, 30, 60, 200])
                self.clock.advance(timedelta(hours=hours))
                self.run(self.keeper.fire_due())
            case "call":
                self._open(random.choice(WHO), random.choice(_DEMANDS))
            case "look":
                for order_id in self.order_ids:
                    self._nobody_reads_what_is_hidden(order_id)

    async def _orders(self) -> list[str]:
        """All there are."""
        async with self.store.read() as session:
            return list(await session.scalars(select(WorkOrder.id).order_by(WorkOrder.order_no)))

    def _open(self, who: str, demand: dict[str, Any]) -> None:
        try:
            command = OpenOrder.model_validate({**LAMP, **demand})
            opened = self.run(self.service.open_order(self.people[who], command))
        except TransitionRefused:
            assert not self.people[who].roles & {Role.AGENT, Role.SHIFT_LEADER}
            return
        self.order_ids.append(opened.order_id)

    def _do_what_is_allowed(self, random: Random) -> None:
        """Of all that anybody may do with an order, somebody does something."""
        self.clock.advance(timedelta(minutes=random.choice([0, 5, 5, 60])))
        handed_down = self.run(self._handed_down())
        order_id, offers = "", []
        for order_id in random.sample(self.order_ids, min(3, len(self.order_ids))):
            offers = self.run(self._offers(order_id))
            if any(one.transition.action not in _SELDOM for _, one in offers):
                break
        others = [one for one in handed_down if one != order_id]
        seldom = _SELDOM - {Action.MERGE} if others else _SELDOM
        actions = sorted({one.transition.action for _, one in offers})
        action = self._next(actions, seldom, random)
        if others and Action.MERGE in actions and random.random() < 0.2:
            action = Action.MERGE
        if action is None:
            return
        here = [(who, one) for who, one in offers if one.transition.action is action]
        who, step = random.choice(here)
        model, body = COMMANDS[action], body_of(action, random)
        body["task_id"] = step.task.id if step.task else None
        if "request_id" in model.model_fields and step.request:
            body["request_id"] = step.request.id
        if "into" in model.model_fields:
            body["into"] = random.choice(others or self.order_ids)
        command = model.model_validate(body)
        done = self._try(who, order_id, command, offered=True)
        if done and action is Action.MERGE and body["into"] in others:
            self.reached.merged_into_lower_hands += 1

    def _next(
        self, actions: list[Action], seldom: frozenset[Action], random: Random
    ) -> Action | None:
        """Mostly what was tried least: some can always be done, and would drown the rest."""
        if random.random() < 0.9:
            actions = [one for one in actions if one not in seldom] or actions
        if not actions:
            return None
        if random.random() < 0.3:
            return random.choice(actions)
        least = min(self.tried.get(one, 0) for one in actions)
        return random.choice([one for one in actions if self.tried.get(one, 0) == least])

    async def _handed_down(self) -> list[str]:
        """Orders whose lead unit has handed its work down."""
        query = select(Task.order_id).where(
            Task.state == TaskState.DELEGATED, Task.parent_id.is_(None)
        )
        async with self.store.read() as session:
            found = set(await session.scalars(query))
        return [one for one in self.order_ids if one in found]

    async def _offers(self, order_id: str) -> list[tuple[str, AllowedStep]]:
        async with self.store.read() as session:
            order = await session.get_one(WorkOrder, order_id)
            tasks = list(await session.scalars(select(Task).where(Task.order_id == order_id)))
            asked = select(OrderRequest).where(OrderRequest.order_id == order_id)
            requests = list(await session.scalars(asked))
        return [
            (who, step)
            for who in WHO
            for step in allowed_steps(order, tasks, self.people[who], requests, self.clock.now())
            if not needs_a_file(step.transition.action)
        ]

    def _try_anything(self, random: Random) -> None:
        """Mostly refused: then nothing has changed. What belongs to another order always is."""
        known, order_id = self.run(self._known()), random.choice(self.order_ids)
        command = any_command(random, known)
        before = self.run(self._count(OrderEvent))
        done = self._try(random.choice(WHO), order_id, command)
        strange = known.strange(command, order_id)
        self.reached.strange_ids += strange
        assert not (done and strange), command
        if not done:
            assert self.run(self._count(OrderEvent)) == before

    async def _known(self) -> Known:
        async with self.store.read() as session:

            async def owners(table: Any) -> dict[str, str]:
                rows = await session.execute(select(table.id, table.order_id).order_by(table.id))
                return {row: order for row, order in rows}

            return Known(
                orders=self.order_ids,
                tasks=await owners(Task),
                requests=await owners(OrderRequest),
                oversights=await owners(Oversight),
            )

    def _act_on_an_old_version(self, random: Random) -> None:
        """Someone whose page is out of date."""
        order_id, command = (
            random.choice(self.order_ids),
            any_command(random, self.run(self._known())),
        )
        version = self.run(self._version(order_id))
        if version > 1:
            stale = command.model_copy(update={"expected_version": version - 1})
            with pytest.raises((Conflict, NotFound)):
                self.run(self.service.act(self.people[random.choice(WHO)], order_id, stale))

    def _try(
        self, who: str, order_id: str, command: OrderCommand, *, offered: bool = False
    ) -> bool:
        self.tried[command.action] = self.tried.get(command.action, 0) + 1
        try:
            self.run(self.service.act(self.people[who], order_id, command))
        except TransitionRefused as refusal:
            if offered and command.action not in _DEPENDS:
                self._the_page_says_why(who, order_id, command, str(refusal))
            return False
        except (InvalidInput, NotFound):
            return False
        self.run(self._check(order_id))
        return True

    # --- what must always hold ---------------------------------------------------------------

    @invariant()
    def chains_are_whole_and_each_success_told_once(self) -> None:
        """One event and one outbox row for each thing done; nothing for what was refused."""
        assert self.run(ChainVerifier(self.store).verify_all()) == []
        assert self.run(self._count(OrderEvent)) == self.run(self._told())

    @invariant()
    def every_order_keeps_the_laws(self) -> None:
        """State, tasks, requests, clocks, reasons and scores fit together."""
        for order_id in self.order_ids:
            self.run(self._check(order_id))

    async def _check(self, order_id: str) -> None:
        async with self.store.read() as session:
            file = await read_file(session, order_id, self.rules_in_force)
        laws.check(file, self.rules_in_force)
        self.kept.look(file)

    async def _write_down(self) -> None:
        """What has become of these orders, for the count over all lives."""
        async with self.store.read() as session:
            for event in await session.scalars(select(OrderEvent)):
                self.reached.note(event)

    def _the_page_says_why(
        self, who: str, order_id: str, command: OrderCommand, refusal: str
    ) -> None:
        """Nothing is offered that is refused whatever one fills in, nor to choose what would be."""
        details = OrderDetails(self.store, self.clock, self.rules_in_force)
        shown = self.run(details.order(self.people[who], order_id))
        about = (command.action, command.task_id, getattr(command, "request_id", None))
        offers = {(one.action, one.task_id, one.request_id): one for one in shown.allowed_actions}
        if about in offers:
            chosen = _not_there_to_choose(command, offers[about].fields)
            assert chosen, f"{about} is offered to {who}, but: {refusal}"
            return
        reasons = [one.reason for one in shown.refused_actions if one.action is command.action]
        assert any(reason in refusal for reason in reasons), f"{reasons}, but: {refusal}"

    def _nobody_reads_what_is_hidden(self, order_id: str) -> None:
        """Whoever works on a confidential order in a unit does not learn who asked for it."""
        details = OrderDetails(self.store, self.clock, self.rules_in_force)
        for who in ("chengguan", "renshe", "zhujian", *DEEP[1:4]):
            try:
                shown = self.run(details.order(self.people[who], order_id))
            except NotFound:
                continue
            assert shown.lead_department
            if shown.confidential:
                text = shown.model_dump_json()
                assert not any(LAMP[name] in text for name in ("caller_name", "caller_phone"))

    async def _version(self, order_id: str) -> int:
        async with self.store.read() as session:
            return (await session.get_one(WorkOrder, order_id)).version

    async def _count(self, table: Any) -> int:
        async with self.store.read() as session:
            return await session.scalar(select(func.count()).select_from(table)) or 0

    async def _told(self) -> int:
        async with self.store.read() as session:
            payloads = await session.scalars(select(OutboxRow.payload))
            return sum(payload["type"] == "OrderChanged" for payload in payloads)


def _not_there_to_choose(command: OrderCommand, fields: list[FormField]) -> list[str]:
    """Fields in which something else was chosen than the page offers."""
    sent = command.model_dump(mode="json")
    return [
        one.name
        for one in fields
        if one.kind in ("choice", "unit") and one.options and sent.get(one.name) is not None
        if sent[one.name] not in [option.value for option in one.options]
    ]


def live(databases: Databases, rules: Rules, people: dict[str, Actor], examples: int) -> Reached:
    """Let some orders live at random; what they have come to.

    The lives are the same each time, so that they come to the same; with LIVES=200 in the
    environment there are so many others.
    """
    both = Actor(
        id=people["chengguan"].id,
        name="一人多岗",
        roles=frozenset(
            {
                *(Role.UNIT_CLERK, Role.AUDITOR, Role.DISPATCHER),
                *(Role.SHIFT_LEADER, Role.FOLLOW_UP),
            }
        ),
        department="D-CG",
    )
    # The functions lie on the class, where they must not become methods.
    Lives.databases, Lives.rules_in_force = staticmethod(databases), rules
    Lives.people, Lives.reached = {**people, "both": both}, Reached()
    wanted = int(os.environ.get("LIVES", "0"))
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis leaves it untyped
        Lives,
        settings=settings(
            max_examples=wanted or examples,
            derandomize=not wanted,
            database=None,
            stateful_step_count=MORE_ROUNDS,
            deadline=None,
            # Making a failing life shorter takes longer than a test may; its seed is printed.
            phases=(Phase.generate,),
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Lives.reached


def test_orders_keep_their_promises_whatever_happens(
    empty_database: Path, rules: Rules, people: dict[str, Actor]
) -> None:
    @contextmanager
    def database() -> Iterator[str]:
        folder = Path(tempfile.mkdtemp(prefix="lives-"))
        shutil.copy(empty_database, folder / "hotline.db")
        yield url_of(folder / "hotline.db")
        shutil.rmtree(folder)

    live(database, rules, people, examples=8).far_enough(share=0.6)


def test_so_they_do_in_postgresql(
    postgres: Postgres, empty_postgres: str, rules: Rules, people: dict[str, Actor]
) -> None:
    @contextmanager
    def database() -> Iterator[str]:
        name = f"lives-{new_id()}"
        yield postgres.database(name, like=empty_postgres)
        postgres.drop(name)

    live(database, rules, people, examples=4).far_enough(share=0.45)
