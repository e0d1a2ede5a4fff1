"""Risk words in the live transcript, and a service level that falls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from config.floor import load_floor
from config.urgency import load_urgency
from dispatch.floor.alerts import Alerts, AlertView
from dispatch.floor.risk_words import RiskWords
from dispatch.floor.service_level_watch import ServiceLevelWatch
from models.bus import InProcessBus
from models.clock import ManualClock
from models.events import AlertRaised, CallEnded, UtteranceHeard
from models.ids import new_id
from models.outbox import OutboxRelay
from models.speech import Utterance
from models.store import Store
from models.tables import Call, CallEventRow
from models.vocabulary import (
    AlertKind,
    CallDirection,
    CallEventKind,
    CallState,
    ContactOutcome,
    Leg,
    Urgency,
)

pytestmark = pytest.mark.store

RULE = load_floor().alerts.service_level


def said(call_id: str, text: str, leg: Leg = Leg.CALLER, final: bool = True) -> Utterance:
    """Somebody speaks."""
    return Utterance(
        call_id=call_id,
        leg=leg,
        utterance_id=new_id(),
        start=0.0,
        end=1.0,
        text=text,
        raw=text,
        final=final,
    )


class Listener:
    """A bus on which citizens speak, and the alerts that come of it."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.bus = InProcessBus()
        self.alerts = Alerts(store, self.bus, clock)
        RiskWords(store, self.bus, self.alerts, clock, load_urgency(), Urgency.CRITICAL)

    async def hears(
        self, *words: tuple[str, str], leg: Leg = Leg.CALLER, final: bool = True
    ) -> None:
        """(call, words) one after another."""
        await self.hears_all(said(call_id, text, leg, final) for call_id, text in words)

    async def hears_all(self, spoken: Iterable[Utterance]) -> None:
        """One after another, interim texts too."""
        await self.bus.start()
        for utterance in spoken:
            await self.bus.publish(UtteranceHeard(utterance=utterance))
        await self.bus.stop()

    async def raised(self) -> list[AlertView]:
        return (await self.alerts.page()).items


@pytest.fixture
def listener(store: Store, clock: ManualClock) -> Listener:
    return Listener(store, clock)


async def test_a_word_of_danger_is_told_once_for_a_call(listener: Listener) -> None:
    await listener.hears(("c1", "我们楼顶上有人要跳楼"), ("c1", "快点，真的要跳楼了"))
    (alert,) = await listener.raised()
    assert (alert.kind, alert.call_id) == (AlertKind.RISK_WORDS, "c1")
    assert alert.text == "市民提到“跳楼”（轻生，特急）"
    assert alert.detail["word"] == "跳楼"


async def test_the_alert_is_told_at_once_and_stands_in_the_calls_history(
    store: Store, clock: ManualClock, listener: Listener
) -> None:
    (call_id,) = await offered(store, clock, 3.0)
    told: list[AlertRaised] = []
    heard = asyncio.Event()

    async def note(event: AlertRaised) -> None:
        told.append(event)
        heard.set()

    listener.bus.subscribe("test", note, AlertRaised)
    relay = OutboxRelay(store, listener.bus, clock)
    await relay.start()
    await listener.bus.start()
    await listener.bus.publish(UtteranceHeard(utterance=said(call_id, "楼下着火了，烟很大")))
    async with asyncio.timeout(10):
        await heard.wait()
    await relay.stop()
    await listener.bus.stop()
    assert {(one.kind, one.call_id) for one in told} == {(AlertKind.RISK_WORDS, call_id)}
    assert len({one.alert_id for one in told}) == 1  # an event may be told twice
    async with store.read() as session:
        (line,) = await session.scalars(select(CallEventRow))
    assert (line.call_id, line.kind) == (call_id, CallEventKind.ALERT)
    assert line.reason == "市民提到“着火”（起火，特急）"


async def test_a_sentence_cut_in_two_is_understood(listener: Listener) -> None:
    await listener.hears(("c1", "我妈在电梯"), ("c2", "你好"), ("c1", "出不来了"))
    (alert,) = await listener.raised()
    assert alert.call_id == "c1"
    assert "电梯困人" in alert.text


async def test_what_is_not_the_citizens_or_heard_once_in_passing_is_not_told(
    listener: Listener,
) -> None:
    await listener.hears(("c1", "您是说有人要跳楼吗"), leg=Leg.AGENT)
    await listener.hears(("c1", "有人要跳楼"), final=False)
    await listener.hears(("c1", "我家停水了，什么时候来水"))
    assert await listener.raised() == []


def interim(*texts: str, final: str = "") -> list[Utterance]:
    """One sentence as it grows, and how it ends."""
    whole = said("c1", texts[-1], final=False)
    growing = [replace(whole, text=text, raw=text) for text in texts]
    ended = replace(whole, text=final, raw=final, final=True)
    return [*growing, ended] if final else growing


async def test_danger_is_told_before_a_long_sentence_ends(listener: Listener) -> None:
    await listener.hears_all(interim("我家楼上着火了", "我家楼上着火了烟很大"))
    (alert,) = await listener.raised()
    assert "起火" in alert.text


async def test_danger_in_interim_text_is_told_once(listener: Listener) -> None:
    texts = ("楼上着火了", "楼上着火了烟", "楼上着火了烟很大", "楼上着火了烟很大快来")
    await listener.hears_all(interim(*texts, final="楼上着火了，烟很大，快来。"))
    assert len(await listener.raised()) == 1


@pytest.mark.parametrize(
    "texts",
    [
        ("有人要跳楼", "有人要跳绳"),
        ("楼上着火了", "楼上着火了怎么办"),
    ],
)
async def test_interim_text_that_is_put_right_calls_nobody(
    listener: Listener, texts: tuple[str, ...]
) -> None:
    await listener.hears_all(interim(*texts, final=texts[-1]))
    assert await listener.raised() == []


async def test_interim_texts_of_two_sentences_do_not_bear_each_other_out(
    listener: Listener,
) -> None:
    await listener.hears_all([*interim("有人要跳楼"), *interim("真的有人要跳楼")])
    assert await listener.raised() == []


async def test_words_of_a_past_call_are_forgotten(listener: Listener) -> None:
    await listener.hears(("c1", "我妈在电梯"))
    await listener.bus.start()
    await listener.bus.publish(CallEnded(call_id="c1", outcome=ContactOutcome.SERVED))
    await listener.bus.stop()
    await listener.hears(("c1", "出不来了"))
    assert await listener.raised() == []


async def offered(
    store: Store, clock: ManualClock, *waits: float | None, queue: str = "main"
) -> list[str]:
    """Calls that reached the queue just now; None: waiting still."""
    now = clock.now()
    calls = [
        Call(
            id=new_id(),
            direction=CallDirection.INBOUND,
            state=CallState.QUEUED if wait is None else CallState.TALKING,
            citizen_number="13800000001",
            access_number="12345",
            started_at=now,
            queued_at=now,
            answered_at=None if wait is None else now + timedelta(seconds=wait),
            outcome=ContactOutcome.IN_PROGRESS,
            queue=queue,
        )
        for wait in waits
    ]
    async with store.transaction() as work:
        work.session.add_all(calls)
    return [call.id for call in calls]


async def test_a_falling_service_level_is_told_and_settled(
    store: Store, clock: ManualClock
) -> None:
    alerts = Alerts(store, InProcessBus(), clock)
    watch = ServiceLevelWatch(store, clock, alerts, RULE)
    await offered(store, clock, *[5.0] * 7, *[40.0] * 2)
    await offered(store, clock, *[50.0] * 3, queue="elderly")
    clock.advance(timedelta(minutes=1))
    await watch.look()
    assert (await alerts.page()).items == [], "nine calls say nothing"
    await offered(store, clock, None)
    await watch.look()
    assert (await alerts.page()).items == [], "who has just come is not late yet"
    clock.advance(timedelta(seconds=16))
    await watch.look()
    await watch.look()
    (alert,) = (await alerts.page()).items
    assert (alert.kind, alert.queue) == (AlertKind.SERVICE_LEVEL, "main")
    assert alert.text == (
        "近30分钟排队来电10通（含未接通的，不计15秒内自行挂断的），15秒内接通7通，占排队来电的70%，低于80%"
    )
    anew = ServiceLevelWatch(store, clock, alerts, RULE)
    await offered(store, clock, *[3.0] * 8)
    await anew.look()
    (alert,) = (await alerts.page()).items
    assert alert.ended_at is not None, "a new process settles what the earlier one raised"
