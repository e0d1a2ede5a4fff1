"""The chain of events: whoever changes, removes, adds or reorders a row is found out."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from dispatch.assessment.record import verify_scores
from dispatch.chain import ChainVerifier
from dispatch.rules import Rules
from models.store import Store
from models.tables import ClosureScore
from tests.dispatch.desk import HAPPY, Desk

pytestmark = pytest.mark.store


async def tamper(store: Store, statement: str) -> None:
    """What someone with access to the database could do."""
    async with store.transaction() as work:
        await work.session.execute(text(statement))


async def messages(store: Store) -> list[str]:
    return [fault.message for fault in await ChainVerifier(store).verify_all()]


@pytest.fixture
async def closed(desk: Desk) -> str:
    order_id = await desk.approved()
    await desk.follow_up(order_id, **HAPPY)
    await desk.dispatched()  # another order, which stays whole
    return order_id


async def test_untouched_orders_are_whole(closed: str, store: Store) -> None:
    assert await messages(store) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "UPDATE order_events SET reason = '改过' WHERE seq = 3 AND order_id = '{id}'",
            ["第 3 条流程记录的内容被改动"],
        ),
        (
            "UPDATE order_events SET actor_name = '别人' WHERE seq = 7 AND order_id = '{id}'",
            ["第 7 条流程记录的内容被改动"],
        ),
        (
            "UPDATE order_events SET at = '2026-11-19 02:00:00.000000' "
            "WHERE seq = 2 AND order_id = '{id}'",
            ["第 2 条流程记录的内容被改动"],
        ),
        (
            "UPDATE order_events SET changes = '{{}}' WHERE seq = 5 AND order_id = '{id}'",
            ["第 5 条流程记录的内容被改动"],
        ),
        (
            "DELETE FROM order_events WHERE seq = 4 AND order_id = '{id}'",
            ["缺少第 4 条流程记录"],
        ),
        (
            "DELETE FROM order_events WHERE seq = 7 AND order_id = '{id}'",
            ["流程记录有 6 条，工单版本为 7"],
        ),
        (
            "UPDATE orders SET state = 'TO_FOLLOW_UP' WHERE id = '{id}'",
            ["工单状态与最后一条流程记录不一致"],
        ),
        (
            "UPDATE order_events SET hash = 'x' WHERE seq = 3 AND order_id = '{id}'",
            ["第 3 条流程记录的内容被改动", "第 4 条流程记录与前一条不衔接"],
        ),
    ],
)
async def test_tampering_is_found_and_placed(
    closed: str, store: Store, statement: str, expected: list[str]
) -> None:
    await tamper(store, statement.format(id=closed))
    assert await messages(store) == expected


async def test_swapped_rows_are_found(closed: str, store: Store) -> None:
    for old, new in ((3, 99), (4, 3), (99, 4)):
        await tamper(
            store,
            f"UPDATE order_events SET seq = {new} WHERE seq = {old} AND order_id = '{closed}'",
        )
    found = await messages(store)
    assert "第 3 条流程记录与前一条不衔接" in found
    assert "第 3 条流程记录的内容被改动" in found


async def test_fault_names_the_order(closed: str, store: Store) -> None:
    await tamper(store, f"DELETE FROM order_events WHERE seq = 1 AND order_id = '{closed}'")
    (fault,) = await ChainVerifier(store).verify_all()
    assert fault.order_id == closed
    assert fault.order_no.startswith("430408261120000001")
    assert fault == (await ChainVerifier(store).verify_chain(closed))[0]


async def test_changed_score_is_found(closed: str, store: Store, rules: Rules) -> None:
    assert await verify_scores(store, rules) == []
    await tamper(store, "UPDATE closure_scores SET score = 100")
    (fault,) = await verify_scores(store, rules)
    assert "评估分存为100分，重新计算为" in fault.message


async def test_changed_facts_are_found(closed: str, store: Store, rules: Rules) -> None:
    async with store.transaction() as work:
        score = (await work.session.scalars(select(ClosureScore))).one()
        facts = {**score.explanation["facts"], "late_units": 3}
        score.explanation = {**score.explanation, "facts": facts}
        score.score = 82.1
    (fault,) = await verify_scores(store, rules)
    assert fault.message == "评估依据的事实被改动"
    assert fault.order_id == closed


async def test_lost_facts_are_found(closed: str, store: Store, rules: Rules) -> None:
    await tamper(store, "UPDATE closure_scores SET explanation = '{}'")
    (fault,) = await verify_scores(store, rules)
    assert fault.message == "评估依据的事实无法读取"
