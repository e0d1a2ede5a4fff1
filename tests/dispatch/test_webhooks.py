"""Programs hear of orders: signed, for days, at least once, and again on demand."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError

from dispatch.commands import Dispatch, SignFor, Urge
from dispatch.notices.pending import LEASE, take
from dispatch.platform.intake import GiveOrder, OrderIntake
from dispatch.platform.systems import PartnerRegister, partner_of
from dispatch.rules import Rules
from dispatch.webhooks.sender import PER_ADDRESS, WebhookSender
from models.clock import ManualClock, SystemClock
from models.errors import InvalidInput, NotFound
from models.store import Store
from models.tables import WebhookDelivery
from tests.dispatch.desk import LAMP, Desk
from tests.dispatch.notices import KEY, Telling, listening, telling

pytestmark = pytest.mark.store


@pytest.fixture
def tells(store: Store, clock: ManualClock, rules: Rules) -> Telling:
    return telling(store, clock, rules)


async def deliveries(store: Store) -> list[WebhookDelivery]:
    async with store.read() as session:
        found = select(WebhookDelivery).order_by(WebhookDelivery.created_at)
        return list(await session.scalars(found))


async def told(desk: Desk, tells: Telling) -> str:
    """An order that a unit has got, and that its system is to hear of."""
    order_id = await desk.dispatched()
    await tells.news.tell()
    return order_id


async def test_a_units_system_hears_of_its_orders_with_a_signature_that_anybody_can_check(
    desk: Desk, tells: Telling, store: Store, rules: Rules
) -> None:
    async with listening() as there:
        endpoint = await tells.webhooks.add(there.url, department="D-CG")
        order_id = await told(desk, tells)
        # The standard's own library knows the machine's clock only.
        sender = WebhookSender(store, SystemClock(), rules, KEY)
        assert await sender.send_due() == 1
        assert await sender.send_due() == 0
    [heard] = there.heard
    checked = Webhook(tells.webhooks.secret(endpoint)).verify(heard.body, heard.headers)
    assert checked["type"] == "order.dispatch"
    assert checked["data"]["order_id"] == order_id
    assert [task["department"] for task in checked["data"]["tasks"]] == ["D-CG"]
    assert "13800001234" not in heard.body and "张晓明" not in heard.body
    with pytest.raises(WebhookVerificationError):
        Webhook(tells.webhooks.secret(endpoint)).verify(heard.body + " ", heard.headers)
    [row] = await deliveries(store)
    assert (row.last_status, row.next_at, row.attempts) == (204, None, 1)


async def test_a_unit_hears_nothing_of_others_orders_nor_of_events_it_did_not_ask_for(
    desk: Desk, tells: Telling, store: Store
) -> None:
    async with listening() as there:
        await tells.webhooks.add(there.url, department="D-ZJ")
        await tells.webhooks.add(there.url, department="D-CG", events=["order.urge"])
        order_id = await told(desk, tells)
        assert await deliveries(store) == []
        await desk.act("huawu1", order_id, Urge(reason="市民再次来电"))
        await tells.news.tell()
        assert [one.event for one in await deliveries(store)] == ["order.urge"]


async def test_the_system_that_gave_an_order_hears_of_it_by_its_own_number(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock, rules: Rules
) -> None:
    city = partner_of(await PartnerRegister(store, clock, rules).add("city", "衡阳市12345平台"))
    intake = OrderIntake(store, clock, rules, desk.service)
    given = await intake.give(city, "HY-1", GiveOrder.model_validate(LAMP))
    await tells.webhooks.add("https://city/hook", system="city")
    await intake.act(city, "HY-1", Urge(reason="市民再次来电"))
    await desk.act("paidan", given.order_id, Dispatch(department="D-CG"))
    await desk.dispatched()  # another order, which is none of the city's business
    await tells.news.tell()
    [told_of] = await deliveries(store)  # of what others did; its own urging it knows
    data = json.loads(told_of.body)["data"]
    assert (told_of.event, data["given"]["external_id"]) == ("order.dispatch", "HY-1")
    assert data["given"]["state"] == "DISPATCHED" and data["given"]["result"] is None
    assert "13800001234" not in told_of.body


async def test_a_system_that_is_down_for_two_days_misses_nothing(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock
) -> None:
    async with listening(*[503] * 7) as there:
        await tells.webhooks.add(there.url, department="D-CG")
        await told(desk, tells)
        begun, sent = clock.now(), 0
        while not sent:
            [row] = await deliveries(store)
            assert row.next_at is not None
            clock.set(row.next_at)
            sent = await tells.sender.send_due()
    assert clock.now() - begun > timedelta(days=1)
    assert len(there.heard) == 8
    assert len({one.headers["webhook-id"] for one in there.heard}) == 1
    assert len({one.body for one in there.heard}) == 1
    assert len({one.headers["webhook-timestamp"] for one in there.heard}) == 8


async def test_what_was_given_up_is_sent_again_on_demand_under_the_same_id(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock
) -> None:
    begun = clock.now()
    async with listening(*[302] * 10) as there:  # a redirect is no answer: it is not followed
        endpoint = await tells.webhooks.add(there.url, department="D-CG")
        await told(desk, tells)
        while (row := (await deliveries(store))[0]).next_at is not None:
            clock.set(row.next_at)
            await tells.sender.send_due()
        assert row.given_up_at and row.last_status == 302
        assert clock.now() - begun > timedelta(days=3)

        assert await tells.webhooks.replay(endpoint.id, begun, only_failed=True) == 1
        assert await tells.sender.send_due() == 1
        assert await tells.webhooks.replay(endpoint.id, begun, only_failed=True) == 0
        assert await tells.webhooks.replay(endpoint.id, begun, only_failed=False) == 1
        assert await tells.sender.send_due() == 1
    assert len({one.headers["webhook-id"] for one in there.heard}) == 1
    counts = await tells.webhooks.counts(endpoint.id)
    assert counts == {"done": 1, "waiting": 0, "given_up": 0}


async def test_a_sender_that_dies_with_a_delivery_in_hand_has_it_sent_by_the_next(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock
) -> None:
    async with listening() as there:
        await tells.webhooks.add(there.url, department="D-CG")
        await told(desk, tells)
        [row] = await deliveries(store)
        [taken] = await take(store, clock, WebhookDelivery, [row.id])  # and dies
        assert taken.id == row.id
        assert await tells.sender.send_due() == 0
        clock.advance(LEASE)
        assert await tells.sender.send_due() == 1
    assert len(there.heard) == 1


async def test_two_senders_at_once_send_each_delivery_once(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock, rules: Rules
) -> None:
    async with listening() as there:
        await tells.webhooks.add(there.url, department="D-CG")
        for _ in range(PER_ADDRESS * 2):
            await told(desk, tells)
        other = WebhookSender(store, clock, rules, KEY)
        sent = await asyncio.gather(tells.sender.send_due(), other.send_due())
    assert sum(sent) == len(there.heard) == PER_ADDRESS * 2


async def test_an_address_that_is_gone_is_closed_and_can_be_opened_again(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock
) -> None:
    async with listening(410) as there:
        endpoint = await tells.webhooks.add(there.url, department="D-CG")
        order_id = await told(desk, tells)
        assert await tells.sender.send_due() == 0
        closed = await tells.webhooks.get(endpoint.id)
        assert closed.disabled_at and "410" in closed.disabled_because
        await desk.act("chengguan", order_id, SignFor())
        await tells.news.tell()
        assert len(await deliveries(store)) == 1  # nothing more is even written
        with pytest.raises(InvalidInput, match="停用"):
            await tells.webhooks.replay(endpoint.id, clock.now(), only_failed=True)

        await tells.webhooks.enable(endpoint.id)
        since = clock.now() - timedelta(hours=1)
        assert await tells.webhooks.replay(endpoint.id, since, only_failed=True) == 1
        assert await tells.sender.send_due() == 1


async def test_a_new_secret_takes_over_within_a_day(
    desk: Desk, tells: Telling, clock: ManualClock
) -> None:
    def fits(secret: str, number: int) -> bool:
        heard = there.heard[number]
        signature = Webhook(secret).sign(heard.headers["webhook-id"], clock.now(), heard.body)
        return signature in heard.headers["webhook-signature"].split()

    async with listening() as there:
        endpoint = await tells.webhooks.add(there.url, department="D-CG")
        old = tells.webhooks.secret(endpoint)
        new = tells.webhooks.secret(await tells.webhooks.renew(endpoint.id))
        assert old != new
        await told(desk, tells)
        await tells.sender.send_due()
        assert fits(old, 0) and fits(new, 0)
        clock.advance(timedelta(hours=25))
        await told(desk, tells)
        await tells.sender.send_due()
        assert fits(new, 1) and not fits(old, 1)


async def test_a_dead_address_does_not_hold_up_the_others(
    desk: Desk, tells: Telling, store: Store
) -> None:
    async with listening() as there:
        await tells.webhooks.add("http://127.0.0.1:9/hook", department="D-CG")
        for _ in range(PER_ADDRESS + 2):
            await told(desk, tells)
        await tells.webhooks.add(there.url, department="D-CG")
        await told(desk, tells)
        assert await tells.sender.send_due() == 1
    failed = [one for one in await deliveries(store) if one.last_error]
    assert len(failed) == PER_ADDRESS + 3
    assert all(one.last_status is None and one.next_at for one in failed)


@pytest.mark.parametrize(
    ("url", "owner", "events"),
    [
        ("ftp://there/hook", {"department": "D-CG"}, []),
        ("there/hook", {"department": "D-CG"}, []),
        ("https://user:word@there/hook", {"department": "D-CG"}, []),
        ("https://there/hook", {"department": "D-NOWHERE"}, []),
        ("https://there/hook", {"system": "nobody"}, []),
        ("https://there/hook", {}, []),
        ("https://there/hook", {"department": "D-CG"}, ["order.dance"]),
    ],
)
async def test_what_makes_no_sense_is_not_entered(
    tells: Telling, url: str, owner: dict[str, str], events: list[str]
) -> None:
    with pytest.raises(InvalidInput):
        await tells.webhooks.add(url, events=events, **owner)
    assert await tells.webhooks.all() == []
    with pytest.raises(NotFound):
        await tells.webhooks.renew("01nosuchaddress")


async def test_old_deliveries_are_dropped_and_waiting_ones_never(
    desk: Desk, tells: Telling, store: Store, clock: ManualClock
) -> None:
    async with listening(500) as there:
        await tells.webhooks.add(there.url, department="D-CG")
        order_id = await told(desk, tells)
        await tells.sender.send_due()
        await desk.act("chengguan", order_id, SignFor())
        await tells.news.tell()
        await tells.sender.send_due()
        clock.advance(timedelta(days=91))
        assert await tells.webhooks.forget_old() == 1
        [left] = await deliveries(store)
        assert json.loads(left.body)["type"] == "order.dispatch"
