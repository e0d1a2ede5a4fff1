"""撤单: the citizen's own wish, shown, and confirmed by somebody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dispatch.commands import Amend, AskWithdrawal, DecideWithdrawal
from dispatch.order_timers import OrderTimers
from dispatch.timers import Timekeeper
from models.clock import ManualClock
from models.errors import InvalidInput, TransitionRefused
from models.guards import Actor
from models.store import Store
from models.vocabulary import OrderState, RequestKind, RequestState, TaskState
from tests.dispatch.calls import call_with
from tests.dispatch.desk import Desk
from tests.dispatch.reading import local, order_of, requests_of, task_at

pytestmark = pytest.mark.store

SAID = "张晓明，11月20日来电同意"
YES = DecideWithdrawal(granted=True, reason="情况属实")


def wish(**changes: Any) -> AskWithdrawal:
    """The citizen says that the lamp is lit again."""
    return AskWithdrawal.model_validate({"reason": "灯已亮", "consent": SAID, **changes})


async def test_one_asks_and_another_strikes_off(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    await desk.act("huawu1", order_id, wish())
    (asked,) = await requests_of(store, order_id)
    assert (asked.kind, local(asked.due_at)) == (RequestKind.WITHDRAWAL, "11-23 23:59")
    assert (await order_of(store, order_id)).state is OrderState.DISPATCHED, "work goes on"
    await desk.act("banzhang", order_id, YES)
    assert (await order_of(store, order_id)).state is OrderState.WITHDRAWN
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.CANCELLED


async def test_nobody_confirms_what_they_asked_for(desk: Desk, store: Store) -> None:
    order_id = await desk.dispatched()
    await desk.act("banzhang", order_id, wish())
    with pytest.raises(TransitionRefused, match="不能审定本人提出"):
        await desk.act("banzhang", order_id, YES)
    await desk.act("zhuren", order_id, YES)
    assert (await order_of(store, order_id)).state is OrderState.WITHDRAWN


async def test_who_took_a_demand_in_does_not_strike_it_off(desk: Desk) -> None:
    order_id = (await desk.open("banzhang")).order_id
    await desk.act("paidan", order_id, wish())
    with pytest.raises(TransitionRefused, match="不能审定本人受理"):
        await desk.act("banzhang", order_id, YES)
    await desk.act("zhuren", order_id, YES)


async def test_only_a_shift_leader_takes_the_protection_from_an_order_and_then_not_the_order(
    desk: Desk, store: Store
) -> None:
    order_id = (await desk.open(request_type="REPORT", urgency="CRITICAL")).order_id
    for change in ({"request_type": "HELP"}, {"urgency": "NORMAL"}, {"confidential": False}):
        command = Amend.model_validate({"reason": "更正", **change})
        with pytest.raises(TransitionRefused, match="只能由班长操作"):
            await desk.act("paidan", order_id, command)
    await desk.act("paidan", order_id, Amend(reason="补充地点", place="蒸湘北路18号"))
    eased: dict[str, Any] = {"request_type": "HELP", "urgency": "NORMAL", "confidential": False}
    with pytest.raises(InvalidInput, match="更正诉求类型、紧急程度、是否保密的，请写明理由"):
        await desk.act("banzhang", order_id, Amend.model_validate({"reason": "非举报", **eased}))
    eased["reason"] = "经核实不属于举报，也不紧急"
    await desk.act("banzhang", order_id, Amend.model_validate(eased))
    await desk.act("paidan", order_id, wish())
    with pytest.raises(TransitionRefused, match="本人更正过性质的工单"):
        await desk.act("banzhang", order_id, YES)
    await desk.act("zhuren", order_id, YES)
    assert (await order_of(store, order_id)).state is OrderState.WITHDRAWN


@pytest.mark.parametrize(
    "change",
    [
        {"want_reply": False},
        {"confidential": True},
        {"urgency": "NORMAL"},
    ],
)
async def test_what_makes_it_easier_for_a_unit_is_not_the_units_to_change(
    desk: Desk, people: dict[str, Actor], change: dict[str, Any]
) -> None:
    order_id = (await desk.open(urgency="URGENT")).order_id
    command = Amend.model_validate({"reason": "诉求人来电要求更正", **change})
    for who in ("huawu1", "paidan"):
        with pytest.raises(TransitionRefused, match="只能由班长操作"):
            await desk.act(who, order_id, command)
    of_the_unit = replace(people["banzhang"], department="D-CG")
    with pytest.raises(TransitionRefused, match="承办单位的人员不能降低"):
        await desk.service.act(of_the_unit, order_id, command)
    await desk.act("banzhang", order_id, command)


async def test_how_hard_it_is_the_dispatcher_judges(desk: Desk) -> None:
    order_id = (await desk.open()).order_id
    harder = Amend.model_validate({"reason": "诉求涉及多个部门", "difficulty": "HARD"})
    with pytest.raises(TransitionRefused, match="只能由班长操作"):
        await desk.act("huawu1", order_id, harder)
    await desk.act("paidan", order_id, harder)


async def test_an_informant_is_kept_secret_at_once(desk: Desk, store: Store) -> None:
    order_id = (await desk.open()).order_id
    told = {"request_type": "REPORT", "confidential": True, "reason": "实为举报"}
    await desk.act("paidan", order_id, Amend.model_validate(told))
    assert (await order_of(store, order_id)).confidential


@pytest.mark.parametrize("consent", ["无", "诉求人已经同意撤单", "2026", "诉求人说了不用再办理了"])
async def test_consent_that_nobody_could_check_is_none(desk: Desk, consent: str) -> None:
    order_id = (await desk.open()).order_id
    with pytest.raises(InvalidInput, match="何人何时"):
        await desk.act("paidan", order_id, wish(consent=consent))


async def test_the_recording_of_the_citizens_call_is_consent(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    order_id = (await desk.open()).order_id
    stranger = await call_with(store, clock, "13900000000")
    missed = await call_with(store, clock, "13800001234", answered=False)
    for call_id in (stranger, missed, "nothing"):
        with pytest.raises(InvalidInput):
            await desk.act("huawu1", order_id, wish(consent="", call_id=call_id))
    own = await call_with(store, clock, "13800001234")
    await desk.act("huawu1", order_id, wish(consent="", call_id=own))
    (asked,) = await requests_of(store, order_id)
    assert asked.evidence["call_id"] == own


async def test_refused_or_forgotten_the_order_goes_on(
    desk: Desk, store: Store, clock: ManualClock
) -> None:
    refused, forgotten = await desk.signed(), await desk.signed()
    for order_id in (refused, forgotten):
        await desk.act("huawu1", order_id, wish())
    await desk.act("banzhang", refused, DecideWithdrawal(granted=False, reason="诉求人否认"))
    desk.later(days=4)
    timers = OrderTimers(desk.service)
    await Timekeeper(store, clock, timers.handlers, timers.lock).fire_due()
    for order_id, state in [(refused, RequestState.REFUSED), (forgotten, RequestState.LAPSED)]:
        assert (await requests_of(store, order_id))[0].state is state
        assert (await order_of(store, order_id)).state is OrderState.DISPATCHED


async def test_with_a_result_there_is_nothing_to_call_off(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    await desk.act("huawu1", order_id, wish())
    await desk.submit(order_id)
    assert (await requests_of(store, order_id))[0].state is RequestState.WITHDRAWN
    with pytest.raises(TransitionRefused, match="撤单"):
        await desk.act("banzhang", order_id, YES)
