"""The page behind the link in a citizen's message: open to whoever has the code."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.follow_up_links import hash_of
from models.ids import new_id
from models.tables import FollowUpLink, Staff, Task
from tests.console.house import House
from tests.console.orders import done, full_marks, submitted

pytestmark = pytest.mark.store

CODE = "a-code-that-nobody-guesses"
PAGE = f"/api/citizen/follow-up/{CODE}"


async def sent(house: House) -> str:
    """A link for an order whose result has passed; as the message would carry it."""
    auditor = await house.signed_in("auditor")
    order = await done(
        auditor, await submitted(house), "approve_result", **await full_marks(auditor)
    )
    now = house.clock.now()
    async with house.store.transaction() as work:
        task = (await work.session.scalars(select(Task.id))).one()
        sender = await work.session.scalar(select(Staff.id).where(Staff.username == "follow_up"))
        work.session.add(
            FollowUpLink(
                id=new_id(),
                order_id=order["id"],
                task_id=task,
                secret_hash=hash_of(CODE),
                staff_id=sender,
                sent_at=now,
                expires_at=now + timedelta(days=3),
            )
        )
    return str(order["id"])


async def test_a_citizen_reads_the_answer_and_says_how_it_was(house: House) -> None:
    order_id = await sent(house)
    telephone = house.browser()  # nobody has signed in there
    page = (await telephone.get(PAGE)).body
    assert page["public_answer"]
    assert page["over"] is False
    assert "13800000001" not in str(page)
    said = {"contacted": True, "solved": "SOLVED", "satisfaction": "VERY_SATISFIED"}
    assert (await telephone.post(PAGE, {**said, "solved": "VERY"})).fields() == ["solved"]
    assert (await telephone.post(PAGE, said)).status == 204
    assert (await telephone.post(PAGE, said)).status == 409
    order = (await (await house.signed_in("manager")).get(f"/api/orders/{order_id}")).body
    assert (order["state"], order["follow_ups"][0]["way"]) == ("CLOSED", "WEB")
    assert "诉求人通过短信链接评价" in order["events"][-1]["sentence"]


async def test_without_the_code_there_is_nothing(house: House) -> None:
    await sent(house)
    answer = await house.browser().get("/api/citizen/follow-up/another-code")
    assert answer.status == 404
    assert "链接不存在或已过期" in answer.body["detail"]
