"""What shows that a thing was done: calls, files, the head, coded reasons; who is watched."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from dispatch.commands import Unwatch, Watch
from dispatch.directory.heads import heads_for
from dispatch.rules import Rules
from models.errors import InvalidInput, TransitionRefused
from models.ids import new_id
from models.store import Store
from models.tables import Absence, Attachment, AuditReview
from models.vocabulary import AttachmentKind
from tests.dispatch.desk import RESULT, Desk, back, called
from tests.dispatch.reading import order_of, task_at

pytestmark = pytest.mark.store


async def test_a_contact_that_nothing_shows_is_none(desk: Desk, store: Store) -> None:
    order_id = await desk.signed()
    for reached in (True, False):
        with pytest.raises(InvalidInput, match="写明用哪个电话、何时联系"):
            await desk.act("chengguan", order_id, called(reached, evidence=""))
    with pytest.raises(InvalidInput, match="没有与这个工单的诉求人的这通电话"):
        await desk.act("chengguan", order_id, called(evidence="", call_id="no-such"))
    task = await task_at(store, order_id, "D-CG")
    assert task.contact_tries == []


async def test_a_result_is_shown_by_something_and_seen_by_the_head(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    clerk = desk.people["chengguan"].name
    for wrong, field in (
        ({"evidence": ""}, "佐证"),
        ({"head": ""}, "须经本单位负责人审核"),
        ({"head": clerk}, "负责人不能是经办人本人"),
        ({"head": "谢芳"}, r"登记的负责人中没有“谢芳”，请从.*严建新"),  # a colleague
    ):
        with pytest.raises(InvalidInput, match=field):
            await desk.submit(order_id, **wrong)
    await desk.submit(order_id)
    task = await task_at(store, order_id, "D-CG")
    assert (task.reviewed_by, task.evidence["text"]) == ("严建新", RESULT["evidence"])


@pytest.mark.parametrize("evidence", ["照片一张，存市政股", "2026", "已经修好了，居民可以作证"])
async def test_words_that_nobody_could_look_up_are_no_proof_of_a_result(
    desk: Desk, evidence: str
) -> None:
    order_id = await desk.signed()
    with pytest.raises(InvalidInput, match="请上传材料，或写明文书名称和编号"):
        await desk.submit(order_id, evidence=evidence)


async def test_a_file_proves_what_it_was_handed_in_with_and_that_done_again(
    desk: Desk, store: Store
) -> None:
    order_id, other = await desk.signed(), await desk.signed()
    photo, stranger = [await ready(desk, store, one) for one in (order_id, other)]
    for wrong in ([stranger], ["no-such"]):
        with pytest.raises(InvalidInput, match="有材料不存在、不是您上传的"):
            await desk.submit(order_id, evidence="", files=wrong)
    await desk.submit(order_id, evidence="", files=[photo])
    await desk.act("shenhe", order_id, back("没有回应修复时间"))
    await desk.submit(order_id, evidence="")
    task = await task_at(store, order_id, "D-CG")
    assert task.evidence["files"] == {photo: "修复后.jpg"}
    with pytest.raises(InvalidInput, match="请上传材料"):
        await desk.submit(other, evidence="")


async def ready(desk: Desk, store: Store, order_id: str) -> str:
    """A photograph that the clerk has uploaded for the order."""
    clerk = desk.people["chengguan"]
    photo = Attachment(
        id=new_id(),
        order_id=order_id,
        kind=AttachmentKind.HANDLING,
        name="修复后.jpg",
        media_type="image/jpeg",
        bytes=3,
        sha256="",
        path="",
        uploaded_at=desk.clock.now(),
        uploaded_by=clerk.id,
        department=clerk.department,
    )
    async with store.transaction() as work:
        work.session.add(photo)
    return photo.id


async def test_the_head_of_a_unit_needs_nobody_to_look_at_the_result(
    desk: Desk, store: Store
) -> None:
    order_id = await desk.signed()
    await desk.submit(order_id, who="juzhang", head="")
    task = await task_at(store, order_id, "D-CG")
    assert task.reviewed_by == desk.people["juzhang"].name


async def test_who_leads_a_unit_stands_in_the_directory(
    desk: Desk, store: Store, rules: Rules
) -> None:
    async def names(unit: str) -> list[str]:
        async with store.read() as session:
            return [one.name for one in await heads_for(session, rules, unit, desk.clock.now())]

    own = await names("D-CG")
    assert own == sorted([desk.people["juzhang"].name, desk.people["chengguanju"].name])
    assert await names("D-CG-SZ-1") == own  # a section's leaders are those of the unit above
    assert await names("D-ZJ") == []  # nobody is entered there: any name is taken
    clerk, head = desk.people["chengguan2"].id, desk.people["chengguanju"].id
    async with store.transaction() as work:
        work.session.add(absence(head, clerk, desk.clock.now()))
    assert desk.people["chengguan2"].name in await names("D-CG")
    desk.later(hours=2)
    assert await names("D-CG") == own


def absence(staff_id: str, deputy_id: str, now: datetime) -> Absence:
    """Away for an hour."""
    return Absence(
        staff_id=staff_id,
        deputy_id=deputy_id,
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        made_by=staff_id,
        made_at=now,
    )


async def test_a_result_is_sent_back_for_reasons_of_the_list(desk: Desk, store: Store) -> None:
    order_id = await desk.submitted()
    with pytest.raises(ValidationError):
        back("没有回应诉求人提出的修复时间", faults=[])
    command = back("没有回应修复时间", faults=["NOT_ANSWERED", "NO_EVIDENCE"])
    await desk.act("shenhe", order_id, command)
    async with store.read() as session:
        review = await session.scalar(select(AuditReview).where(AuditReview.order_id == order_id))
    assert review is not None
    assert review.faults == ["NOT_ANSWERED", "NO_EVIDENCE"]


async def test_what_is_watched_says_why_until_it_is_not(desk: Desk, store: Store) -> None:
    order_id = await desk.dispatched()
    await desk.act("huawu1", order_id, Watch(reason="媒体关注"))
    order = await order_of(store, order_id)
    assert (order.watched_at, order.watch_reason) == (desk.clock.now(), "媒体关注")
    with pytest.raises(TransitionRefused):
        await desk.act("huawu1", order_id, Unwatch(reason="已平息"))
    await desk.act("banzhang", order_id, Unwatch(reason="已平息"))
    assert (await order_of(store, order_id)).watched_at is None
