"""What a citizen hears of an order by telephone, and urging by key."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from config.rules import SHIPPED
from config.self_service import load_self_service
from dispatch.floor.progress import PhoneProgress
from dispatch.rules import Rules
from models.clock import ManualClock
from models.errors import ConfigurationError, TransitionRefused
from models.store import Store
from models.tables import OrderEvent, WorkOrder
from tests.dispatch.desk import HAPPY, Desk

pytestmark = pytest.mark.store

CALLER = "13800001234"


@pytest.fixture
def progress(store: Store, clock: ManualClock, rules: Rules) -> PhoneProgress:
    return PhoneProgress(store, clock, rules, load_self_service())


async def test_the_calling_number_in_any_dress_finds_its_open_order(
    desk: Desk, progress: PhoneProgress
) -> None:
    order_id = await desk.dispatched()
    for number in (CALLER, f"0{CALLER}", f"+86{CALLER}", f"0086{CALLER}"):
        (found,) = await progress.of_number(number)
        assert found.order_id == order_id and found.open
    assert found.spoken == (
        "您11月20日反映的“蒸湘北路路灯不亮”，承办单位正在办理。承办单位是区城管局。"
        "承诺在11月27日前答复您。"
    )


async def test_the_newest_order_comes_first_and_others_orders_never(
    desk: Desk, progress: PhoneProgress
) -> None:
    old = (await desk.open()).order_id
    desk.later(minutes=5)
    new = (await desk.open(caller_phone="", callback_phone=CALLER)).order_id
    await desk.open(caller_phone="13900000000")
    assert [one.order_id for one in await progress.of_number(CALLER)] == [new, old]
    assert await progress.of_number("anonymous") == await progress.of_number("") == []


async def test_a_confidential_order_is_told_by_its_code_alone(
    desk: Desk, progress: PhoneProgress, store: Store
) -> None:
    opened = await desk.open(confidential=True)
    assert await progress.of_number(CALLER) == []
    assert opened.query_code is not None
    told = await progress.of_code(opened.order_no, opened.query_code)
    assert told is not None and "热线已经受理" in told.spoken


async def test_a_city_may_ask_for_the_code_always(
    desk: Desk, store: Store, clock: ManualClock, rules: Rules
) -> None:
    careful = replace(load_self_service(), by_number=False)
    opened = await desk.open()
    progress = PhoneProgress(store, clock, rules, careful)
    assert await progress.of_number(CALLER) == []
    assert await progress.of_code(opened.order_no, opened.query_code or "") is not None


async def test_a_wrong_code_tells_nothing_and_guessing_is_stopped(
    desk: Desk, progress: PhoneProgress, clock: ManualClock
) -> None:
    opened = await desk.open()
    assert opened.query_code is not None
    wrong = "000000" if opened.query_code != "000000" else "000001"
    for _ in range(10):
        assert await progress.of_code(opened.order_no, wrong) is None
    assert await progress.of_code(opened.order_no[:-1] + "0", wrong) is None
    with pytest.raises(TransitionRefused, match="输错次数过多"):
        await progress.of_code(opened.order_no, opened.query_code)
    clock.advance(timedelta(hours=1, seconds=1))
    assert await progress.of_code(opened.order_no, opened.query_code) is not None
    assert progress.is_order_no(opened.order_no)
    assert not progress.is_order_no(opened.order_no[::-1])


async def test_a_closed_order_is_told_with_its_answer_for_thirty_days(
    desk: Desk, progress: PhoneProgress
) -> None:
    order_id = await desk.approved()
    await desk.follow_up(order_id, **HAPPY)
    (told,) = await progress.of_number(CALLER)
    assert not told.open
    assert "已经办结。办理结果：您好，经现场查看，路灯因线路故障熄灭" in told.spoken
    desk.later(days=31)
    assert await progress.of_number(CALLER) == []


async def test_an_overdue_order_is_not_promised_a_past_day(
    desk: Desk, progress: PhoneProgress
) -> None:
    await desk.dispatched()
    desk.later(days=20)
    (told,) = await progress.of_number(CALLER)
    assert told.spoken.endswith("已超过承诺的答复时间，热线正在督促。")


async def test_a_long_answer_is_cut_at_a_sentence(desk: Desk, progress: PhoneProgress) -> None:
    answer = "已按规定办理到位。" * 60
    opened = await desk.open(answered=True, public_answer=answer)
    told = await progress.of_code(opened.order_no, opened.query_code or "")
    assert told is not None
    assert len(told.spoken) < 400 and told.spoken.endswith("到位。")


async def test_urging_adds_an_urge_once_a_day_and_no_order(
    desk: Desk, progress: PhoneProgress, store: Store
) -> None:
    order_id = await desk.dispatched()
    assert (await progress.urge(order_id, "call-1")).done
    again = await progress.urge(order_id, "call-1")
    assert (again.done, again.spoken) == (
        False,
        "您已于11月20日催办过，承办单位正在处理，请您耐心等待。",
    )
    assert not (await progress.urge(order_id, "call-2")).done
    desk.later(hours=25)
    assert (await progress.urge(order_id, "call-3")).done
    async with store.read() as session:
        urges = list(await session.scalars(select(OrderEvent).where(OrderEvent.action == "urge")))
        orders = list(await session.scalars(select(WorkOrder)))
    assert [one.changes["by_caller"] for one in urges] == [[None, True]] * 2
    assert {one.actor_name for one in urges} == {"诉求人（电话自助）"}
    assert len(orders) == 1


async def test_an_order_withdrawn_meanwhile_cannot_be_urged(
    desk: Desk, progress: PhoneProgress
) -> None:
    order_id = await desk.dispatched()
    await desk.withdrawn(order_id)
    with pytest.raises(TransitionRefused):
        await progress.urge(order_id, "call-1")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"key": "88"}, "key 应是一个按键"),
        ({"attempts": 0}, "attempts 应是大于零的数字"),
        ({"surprise": 1}, "不认识的字段 surprise"),
        ({"sentences": {"urged": "好{hours}"}}, "sentences"),
    ],
)
def test_a_wrong_rule_file_is_named(
    change: dict[str, object], complaint: str, tmp_path: Path
) -> None:
    data = yaml.safe_load((SHIPPED / "self_service.yaml").read_text("utf-8")) | change
    (tmp_path / "self_service.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    with pytest.raises(ConfigurationError, match=complaint):
        load_self_service(tmp_path)
