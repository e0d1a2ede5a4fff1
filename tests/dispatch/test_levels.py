"""Work handed down over several levels and shared with others: who waits for whom, until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from dispatch.chain import ChainVerifier
from dispatch.commands import (
    AcceptResult,
    AddJoint,
    Delegate,
    DismissJoint,
    Dispatch,
    Recall,
    SignFor,
    SubmitPart,
    SubmitResult,
)
from dispatch.rules import Rules
from dispatch.views.detail import OrderDetails
from dispatch.views.queues import Queues
from models.clock import ManualClock
from models.errors import InvalidInput, TransitionRefused
from models.guards import Actor
from models.store import Store
from models.vocabulary import OrderState, Role, TaskState
from tests.dispatch.conftest import DEEP
from tests.dispatch.desk import HAPPY, RESULT, Desk, back
from tests.dispatch.reading import local, order_of, task_at

pytestmark = pytest.mark.store

SECTION, CREW = DEEP[1], DEEP[2]


async def down(desk: Desk, order_id: str, *units: str) -> None:
    """Each unit signs and hands the work to the next one; the last one signs."""
    for unit, below in pairwise(units):
        await desk.act(unit, order_id, SignFor())
        await desk.act(unit, order_id, Delegate(department=below))
    await desk.act(units[-1], order_id, SignFor())


async def delegated(desk: Desk, *units: str) -> str:
    """区城管局 has signed and handed the work down to its section, and so on."""
    order_id = await desk.signed()
    await desk.act("chengguan", order_id, Delegate(department=SECTION, note="请处理"))
    if units:
        await down(desk, order_id, *units)
    return order_id


async def test_work_goes_down_five_levels_and_the_results_come_up(
    desk: Desk, store: Store, rules: Rules
) -> None:
    order_id = await delegated(desk, *DEEP[1:])
    dues = [(await task_at(store, order_id, unit)).due_at for unit in DEEP]
    assert dues == sorted(dues, reverse=True)
    assert len(set(dues)) == len(DEEP), "each level leaves time to the one above"
    for unit, above in zip(DEEP[:0:-1], DEEP[-2::-1], strict=True):
        assert (await task_at(store, order_id, above)).state is TaskState.DELEGATED
        await desk.submit(order_id, who=unit)
        task = await task_at(store, order_id, unit)
        who = "chengguan" if above == "D-CG" else above
        await desk.act(who, order_id, AcceptResult(task_id=task.id))
        assert (await task_at(store, order_id, above)).state is TaskState.SIGNED
    assert (await order_of(store, order_id)).state is OrderState.DISPATCHED
    await desk.contact(order_id)
    await desk.submit(order_id)
    await desk.approve(order_id)
    closed = await desk.follow_up(order_id, **HAPPY)
    assert closed.state is OrderState.CLOSED
    assert await ChainVerifier(store).verify_chain(order_id) == []


async def test_the_unit_above_stays_responsible_and_cannot_finish_before_those_below(
    desk: Desk, store: Store, rules: Rules, clock: ManualClock, people: dict[str, Actor]
) -> None:
    order_id = await delegated(desk)
    with pytest.raises(TransitionRefused, match="承办任务已下派"):
        await desk.submit(order_id)
    # A result sent back to the unit does not open the way either.
    details = await OrderDetails(store, clock, rules).order(people["chengguan"], order_id)
    assert "submit_result" not in {one.action for one in details.allowed_actions}
    assert [task.level for task in details.tasks] == [1, 2]
    child = await task_at(store, order_id, SECTION)
    recall = next(one for one in details.allowed_actions if one.action == "recall")
    assert (recall.task_id, recall.unit) == (child.id, "城管局市政股")


async def test_a_child_is_due_before_its_parent_or_when_it_is_told(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    parent = await task_at(store, order_id, "D-CG")
    with pytest.raises(InvalidInput, match="下级时限应在现在之后，且不晚于"):
        late = Delegate(department=SECTION, due_at=parent.due_at)
        await desk.act("chengguan", order_id, late)
    soon = desk.clock.now() + timedelta(days=1)
    await desk.act("chengguan", order_id, Delegate(department=SECTION, due_at=soon))
    child = await task_at(store, order_id, SECTION)
    assert child.due_at == soon
    assert child.sign_due <= soon
    assert child.first_contact_due <= soon


async def test_too_late_to_hand_down(desk: Desk) -> None:
    order_id = await desk.signed()
    desk.later(days=30)
    with pytest.raises(TransitionRefused, match="办结时限已到或所剩无几"):
        await desk.act("chengguan", order_id, Delegate(department=SECTION))


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ("D-J-ZX", "蒸湘街道不是区城管局的下级单位"),
        ("D-CG", "已在办理该工单"),
        ("D-NO", "没有编码为 D-NO 的承办单位"),
    ],
)
async def test_only_to_units_below(desk: Desk, unit: str, message: str) -> None:
    order_id = await desk.signed()
    with pytest.raises(InvalidInput, match=message):
        await desk.act("chengguan", order_id, Delegate(department=unit))


async def test_a_departments_own_work_is_not_pushed_to_the_grassroots(
    desk: Desk, rules: Rules
) -> None:
    """A community below the department: what the catalogue keeps there does not go to it."""
    units = [
        replace(unit, parent="D-CG") if unit.code == "D-C-ZB" else unit
        for unit in rules.departments.units
    ]
    desk.service.rules = replace(
        rules, departments=replace(rules.departments, units=tuple(units), _by_code={})
    )
    order_id = await desk.signed(
        title="楼顶违法建设", content="市民反映楼顶违法搭建阳光房。", category="C010401"
    )
    with pytest.raises(InvalidInput, match="派单目录规定由区城管局自行办理"):
        await desk.act("chengguan", order_id, Delegate(department="D-C-ZB"))
    await desk.act("chengguan", order_id, Delegate(department=SECTION))


async def test_not_deeper_than_the_rules_allow(desk: Desk, rules: Rules) -> None:
    shallow = rules.handling.model_copy(update={"depth": 2})
    desk.service.rules = replace(rules, handling=shallow)
    order_id = await delegated(desk, SECTION)
    with pytest.raises(TransitionRefused, match="最多下派到第2级"):
        await desk.act(SECTION, order_id, Delegate(department=CREW))


async def test_one_lead_at_each_level(desk: Desk) -> None:
    order_id = await delegated(desk)
    with pytest.raises(TransitionRefused, match="已下派给城管局市政股，须先收回才能另派"):
        await desk.act("chengguan", order_id, Delegate(department=CREW))


async def test_taken_back_the_work_is_the_own_again(desk: Desk, store: Store) -> None:
    order_id = await delegated(desk, *DEEP[1:4])
    child = await task_at(store, order_id, SECTION)
    recalled = Recall(task_id=child.id, reason="改由本局直接处理")
    with pytest.raises(TransitionRefused, match="不是您所在的单位下派的"):
        await desk.act(SECTION, order_id, recalled)
    await desk.act("chengguan", order_id, recalled)
    for unit in DEEP[1:4]:
        assert (await task_at(store, order_id, unit)).state is TaskState.CANCELLED
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.SIGNED
    await desk.contact(order_id)
    await desk.submit(order_id)


async def test_a_result_from_below_is_sent_back_until_it_is_good(desk: Desk, store: Store) -> None:
    order_id = await delegated(desk, SECTION)
    due = (await task_at(store, order_id, SECTION)).due_at
    await desk.submit(order_id, who=SECTION)
    task = await task_at(store, order_id, SECTION)
    assert "audit" in task.clocks
    await desk.act("chengguan", order_id, back("没有附现场照片", task_id=task.id))
    task = await task_at(store, order_id, SECTION)
    assert (task.state, task.sent_back_count, task.due_at) == (TaskState.SENT_BACK, 1, due)
    await desk.submit(order_id, who=SECTION)
    await desk.act("chengguan", order_id, AcceptResult(task_id=task.id))
    assert (await order_of(store, order_id)).public_answer == "", "only the lead unit answers"


async def test_nobody_accepts_a_result_of_their_own(
    desk: Desk, store: Store, people: dict[str, Actor]
) -> None:
    order_id = await delegated(desk, SECTION)
    two_posts = people[SECTION]
    await desk.submit(order_id, who=SECTION)
    task = await task_at(store, order_id, SECTION)
    above = Actor(
        id=two_posts.id,
        name=two_posts.name,
        roles=frozenset({Role.UNIT_HEAD}),
        department="D-CG",
    )
    with pytest.raises(TransitionRefused, match="不能审核本人提交的办理结果"):
        await desk.service.act(above, order_id, AcceptResult(task_id=task.id))


async def test_joint_units_report_first(desk: Desk, store: Store) -> None:
    order_id = (await desk.open()).order_id
    await desk.act("paidan", order_id, Dispatch(department="D-CG", joint=["D-ZJ", "D-JJ"]))
    lead, joint = await task_at(store, order_id, "D-CG"), await task_at(store, order_id, "D-ZJ")
    assert local(lead.due_at) == "11-27 23:59"
    assert joint.due_at < lead.due_at
    assert "主办单位" in joint.clocks["handle"]["explanation"]
    await desk.act("chengguan", order_id, SignFor())
    await desk.contact(order_id)
    with pytest.raises(TransitionRefused, match="还有下级单位或协办单位的任务没有完成"):
        await desk.submit(order_id)
    await desk.act("zhujian", order_id, SignFor())
    await desk.act("zhujian", order_id, SubmitPart(opinion="灯杆基础完好，无需加固。"))
    dismissed = await task_at(store, order_id, "D-JJ")
    out = DismissJoint(task_id=dismissed.id, reason="不涉及交通管制")
    await desk.act("paidan", order_id, out)
    await desk.submit(order_id)
    assert (await order_of(store, order_id)).state is OrderState.TO_AUDIT


async def test_a_joint_unit_has_no_result_of_its_own(desk: Desk) -> None:
    order_id = (await desk.open()).order_id
    await desk.act("paidan", order_id, Dispatch(department="D-CG", joint=["D-ZJ"]))
    await desk.act("zhujian", order_id, SignFor())
    with pytest.raises(TransitionRefused, match=r"不能“提交办理结果”.*限主办"):
        await desk.act("zhujian", order_id, SubmitResult.model_validate(RESULT))


async def test_the_lead_unit_sends_an_empty_opinion_back(desk: Desk, store: Store) -> None:
    order_id = (await desk.open()).order_id
    await desk.act("paidan", order_id, Dispatch(department="D-CG"))
    await desk.act("chengguan", order_id, SignFor())
    await desk.act("paidan", order_id, AddJoint(department="D-ZJ", note="请核实灯杆权属"))
    await desk.act("zhujian", order_id, SignFor())
    await desk.act("zhujian", order_id, SubmitPart(opinion="情况已经知悉"))
    joint = await task_at(store, order_id, "D-ZJ")
    assert joint.state is TaskState.DONE
    await desk.act("chengguan", order_id, back("请写明权属单位", task_id=joint.id))
    await desk.act("zhujian", order_id, SubmitPart(opinion="灯杆由城管部门管护。"))
    await desk.submit(order_id)


@pytest.mark.parametrize(
    ("joint", "message"),
    [(["D-CG"], "同一个单位只能选一次"), (["D-NO"], "没有编码为 D-NO 的承办单位")],
)
async def test_joint_units_are_checked(desk: Desk, joint: list[str], message: str) -> None:
    order_id = (await desk.open()).order_id
    with pytest.raises(InvalidInput, match=message):
        await desk.act("paidan", order_id, Dispatch(department="D-CG", joint=joint))


async def test_joint_units_below(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    both = Delegate(department=SECTION, joint=[CREW], note="市政股牵头，维护队配合")
    await desk.act("chengguan", order_id, both)
    await desk.act(SECTION, order_id, SignFor())
    with pytest.raises(TransitionRefused, match="还有下级单位或协办单位"):
        await desk.submit(order_id, who=SECTION)
    await desk.act(CREW, order_id, SignFor())
    await desk.act(CREW, order_id, SubmitPart(opinion="已更换灯泡，恢复照明。"))
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.DELEGATED
    await desk.submit(order_id, who=SECTION)
    child = await task_at(store, order_id, SECTION)
    await desk.act("chengguan", order_id, AcceptResult(task_id=child.id))
    assert (await task_at(store, order_id, "D-CG")).state is TaskState.SIGNED


async def test_each_unit_finds_its_part_in_its_boxes(
    desk: Desk, store: Store, rules: Rules, clock: ManualClock, people: dict[str, Actor]
) -> None:
    queues = Queues(store, clock, rules)

    async def box(who: str, name: str) -> list[str]:
        page = await queues.unit_inbox(people[who], name)
        return [row.department for row in page.items]

    order_id = await delegated(desk, SECTION)
    assert await box("chengguan", "delegated") == ["D-CG"]
    assert await box("chengguan", "below") == []
    await desk.submit(order_id, who=SECTION)
    assert await box("chengguan", "below") == [SECTION]
    assert await box("renshe", "below") == []
    with pytest.raises(InvalidInput, match=r"应为 .*below 之一"):
        await box("chengguan", "mine")


async def test_the_story_names_who_handed_what_to_whom(
    desk: Desk, store: Store, rules: Rules, clock: ManualClock, people: dict[str, Actor]
) -> None:
    order_id = (await desk.open()).order_id
    await desk.act("paidan", order_id, Dispatch(department="D-CG", joint=["D-ZJ"]))
    await desk.act("chengguan", order_id, SignFor())
    await desk.act("chengguan", order_id, Delegate(department=SECTION, note="请处理"))
    child = await task_at(store, order_id, SECTION)
    await desk.act("chengguan", order_id, Recall(task_id=child.id, reason="由本局处理"))
    joint = await task_at(store, order_id, "D-ZJ")
    await desk.act("paidan", order_id, DismissJoint(task_id=joint.id, reason="不需要协办"))
    shown = await OrderDetails(store, clock, rules).order(people["paidan"], order_id)
    sentences = [entry.sentence.partition("）")[2] for entry in shown.timeline]
    assert sentences[1].endswith("，区住建局协办。")
    assert sentences[3:] == [
        "下派给城管局市政股：请处理。",
        "收回城管局市政股的任务：由本局处理。",
        "撤销区住建局的协办：不需要协办。",
    ]
    labels = {change.label: change.after for change in shown.timeline[3].changes}
    assert labels["城管局市政股：承办单位"] == "城管局市政股"
    assert labels["状态"] == "已下派"
