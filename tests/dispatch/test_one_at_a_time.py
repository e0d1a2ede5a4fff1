"""Two at once, sent twice, died in between: one command, one transaction, one event."""

from __future__ import annotations

import asyncio
import multiprocessing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from config.demo_staff import load_demo_staff
from config.settings import Settings
from dispatch.chain import ChainVerifier
from dispatch.commands import Note, SignFor, SubmitResult
from dispatch.rules import Rules, load_rules
from dispatch.service import HANDLERS, OrderService
from models.clock import ManualClock, SystemClock
from models.errors import Conflict, InvalidInput, TransitionRefused
from models.guards import Actor
from models.store import Store
from models.tables import OrderEvent, OutboxRow, WorkOrder
from models.vocabulary import Action, OrderState
from tests.dispatch.desk import RESULT, Desk

pytestmark = pytest.mark.store


async def versions(store: Store, order_id: str) -> tuple[int, int]:
    """Version of the order, and how many events it has."""
    async with store.read() as session:
        order = await session.get_one(WorkOrder, order_id)
        query = select(func.count()).select_from(OrderEvent)
        count = await session.scalar(query.where(OrderEvent.order_id == order_id))
    return order.version, count or 0


async def test_who_saw_an_older_version_is_told_so(desk: Desk, store: Store) -> None:
    order_id = await desk.dispatched()
    await desk.act("chengguan", order_id, SignFor(expected_version=2))
    with pytest.raises(Conflict, match="已被更新，请刷新后再操作") as conflict:
        await desk.act("chengguan2", order_id, Note(text="我来办", expected_version=2))
    assert conflict.value.details["current_version"] == 3
    assert await versions(store, order_id) == (3, 3)


async def test_two_clerks_sign_at_the_same_moment(desk: Desk, store: Store) -> None:
    order_id = await desk.dispatched()
    outcomes = await asyncio.gather(
        desk.act("chengguan", order_id, SignFor(expected_version=2)),
        desk.act("chengguan2", order_id, SignFor(expected_version=2)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
    assert await versions(store, order_id) == (3, 3)


async def test_two_clerks_without_versions_are_kept_apart_by_the_table(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.dispatched()
    outcomes = await asyncio.gather(
        *(desk.act(who, order_id, SignFor()) for who in ("chengguan", "chengguan2")),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, TransitionRefused) for outcome in outcomes) == 1
    assert await versions(store, order_id) == (3, 3)


async def test_one_key_on_two_orders_at_the_same_moment_is_done_on_one(
    desk: Desk, store: Store
) -> None:
    orders = [await desk.dispatched() for _ in range(2)]
    outcomes = await asyncio.gather(
        *(desk.act("chengguan", one, SignFor(idempotency_key="same-key")) for one in orders),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, InvalidInput) for outcome in outcomes) == 1
    assert sorted([await versions(store, one) for one in orders]) == [(2, 2), (3, 3)]


async def test_many_open_at_once_and_every_number_is_its_own(desk: Desk, store: Store) -> None:
    opened = await asyncio.gather(*(desk.open(title=f"第{n}件") for n in range(30)))
    numbers = sorted(result.order_no[12:18] for result in opened)
    assert numbers == [f"{n:06d}" for n in range(1, 31)]


def _notes_from_another_process(url: str, order_id: str, username: str, count: int) -> None:
    person = next(item for item in load_demo_staff() if item.username == username)
    actor = Actor(
        id=f"staff-{username}",
        name=person.name,
        roles=frozenset(person.roles),
        department=person.department,
    )

    async def write() -> None:
        store = Store(url)
        rules = load_rules(Settings(var=Path("/nonexistent")))
        service = OrderService(store, SystemClock(), rules)
        for number in range(count):
            await service.act(actor, order_id, Note(text=f"{username} {number}"))
        await store.close()

    asyncio.run(write())


async def test_two_processes_write_one_unbroken_chain(desk: Desk, store: Store) -> None:
    order_id = await desk.dispatched()
    spawn = multiprocessing.get_context("spawn")
    writers = [
        spawn.Process(target=_notes_from_another_process, args=(store.url, order_id, who, 15))
        for who in ("chengguan", "paidan")
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        await asyncio.to_thread(writer.join, 120)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert await versions(store, order_id) == (32, 32)
    assert await ChainVerifier(store).verify_all() == []


async def test_repeated_command_is_done_once_and_answered_alike(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    command = SubmitResult.model_validate({**RESULT, "idempotency_key": "s-1"})
    first = await desk.act("chengguan", order_id, command)
    again = await desk.act("chengguan", order_id, command)
    assert again == first.model_copy(update={"replayed": True})
    assert first.state is OrderState.TO_AUDIT
    assert await versions(store, order_id) == (4, 4)


async def test_key_is_bound_to_order_and_content(desk: Desk) -> None:
    one, other = await desk.dispatched(), await desk.dispatched()
    await desk.act("chengguan", one, Note(text="已电话通知", idempotency_key="n-1"))
    with pytest.raises(InvalidInput, match="幂等键"):
        await desk.act("chengguan", other, Note(text="已电话通知", idempotency_key="n-1"))
    with pytest.raises(InvalidInput, match="幂等键"):
        await desk.act("chengguan", one, Note(text="另一句", idempotency_key="n-1"))


async def test_refused_command_leaves_its_key_free(desk: Desk) -> None:
    order_id = await desk.dispatched()
    command = SubmitResult.model_validate({**RESULT, "idempotency_key": "s-1"})
    with pytest.raises(TransitionRefused):
        await desk.act("chengguan", order_id, command)
    await desk.act("chengguan", order_id, SignFor())
    assert not (await desk.act("chengguan", order_id, command)).replayed


async def test_old_keys_are_forgotten(desk: Desk, clock: ManualClock) -> None:
    order_id = await desk.dispatched()
    note = Note(text="已电话通知", idempotency_key="n-1")
    await desk.act("chengguan", order_id, note)
    assert await desk.service.forget_done(clock.now()) == 0
    desk.later(days=8)
    assert await desk.service.forget_done(clock.now()) == 1
    assert not (await desk.act("chengguan", order_id, note)).replayed


class _Died(Exception):
    """Injected: the process dies at this point."""


async def test_dying_in_the_middle_leaves_nothing_half_done(
    desk: Desk, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = await desk.signed()
    before = await versions(store, order_id)
    done = HANDLERS[Action.SUBMIT_RESULT]

    async def half(step: object, command: object) -> None:
        await done(step, command)  # type: ignore[arg-type]  # passed through as it came
        raise _Died

    monkeypatch.setitem(HANDLERS, Action.SUBMIT_RESULT, half)
    with pytest.raises(_Died):
        await desk.submit(order_id)
    assert await versions(store, order_id) == before
    async with store.read() as session:
        order = await session.get_one(WorkOrder, order_id)
        told = await session.scalar(select(func.count()).select_from(OutboxRow))
    assert order.state is OrderState.DISPATCHED
    assert order.public_answer == ""
    assert told == 3
    monkeypatch.undo()
    await desk.submit(order_id)


async def test_each_command_tells_exactly_one_event(desk: Desk, store: Store, rules: Rules) -> None:
    order_id = await desk.approved()
    async with store.read() as session:
        rows = list(await session.scalars(select(OutboxRow).order_by(OutboxRow.id)))
    told = [(row.payload["action"], row.payload["version"]) for row in rows]
    assert told == [
        ("open", 1),
        ("dispatch", 2),
        ("sign_for", 3),
        ("first_contact", 4),
        ("submit_result", 5),
        ("approve_result", 6),
    ]
    assert {row.payload["order_id"] for row in rows} == {order_id}
    assert rows[-1].payload["departments"] == ["D-CG"]
