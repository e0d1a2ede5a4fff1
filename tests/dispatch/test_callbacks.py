"""Call-back tasks: who is owed a call, in what order, by whom it is made, and how it ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from config.settings import TelephonySettings
from config.urgency import load_urgency
from config.waiting import CallbackRules
from dispatch.commands import SaveDraft
from dispatch.drafts import Drafts
from dispatch.floor.alerts import AlertBook, Alerts
from dispatch.floor.callbacks import CallbackBook
from dispatch.floor.messages import MessageDrafts
from dispatch.floor.owed_calls import OwedCalls
from dispatch.floor.risk_words import RiskWords
from dispatch.rules import Rules
from models.bus import InProcessBus
from models.clock import ManualClock
from models.errors import Forbidden, InvalidInput, NotFound, TransitionRefused
from models.events import (
    CallAnswered,
    CallbackChanged,
    CallEnded,
    RequestUnderstood,
    TranscriptCompleted,
    event_from_dict,
)
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import Call, Callback, Contact, Draft, OutboxRow, UtteranceRow
from models.understanding import Fact, Span, Understanding
from models.vocabulary import (
    CallbackReason,
    CallbackState,
    CallDirection,
    CallState,
    Channel,
    ContactOutcome,
    Leg,
    Light,
    Urgency,
)

pytestmark = pytest.mark.store

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Floor:
    """The call-back desk, and a telephone exchange that only writes down how calls ended."""

    def __init__(
        self, store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]
    ) -> None:
        self.store, self.clock, self.zone = store, clock, rules.zone
        self.rules: CallbackRules = rules.callers.callbacks
        self.bus = InProcessBus()
        self.alerts = Alerts(store, self.bus, clock)
        self.book = CallbackBook(store, clock, self.rules, TelephonySettings())
        self.owed = self.watcher()
        self.drafts = Drafts(store, clock)
        self.messages = MessageDrafts(store, self.bus, clock)
        self.risk_words = RiskWords(
            store, self.bus, self.alerts, clock, load_urgency(), Urgency.CRITICAL
        )
        self.first, self.second = people["huawu1"], people["huawu2"]
        self.third, self.leader = people["huawu3"], people["banzhang"]

    def watcher(self) -> OwedCalls:
        """As a new process has it."""
        return OwedCalls(self.store, InProcessBus(), self.clock, self.rules, self.alerts, self.zone)

    async def call(self, number: str = "13800000101", **facts: Any) -> Call:
        """A call that has just ended; by default one that hung up after a minute in the queue."""
        now = self.clock.now()
        outcome = facts.setdefault("outcome", ContactOutcome.ABANDONED_QUEUE)
        call_id = new_id()
        values = {
            "id": call_id,
            "contact_id": call_id,
            "direction": CallDirection.INBOUND,
            "state": CallState.ENDED,
            "citizen_number": number,
            "started_at": now - MINUTE - 5 * SECOND,
            "queued_at": now - MINUTE,
            "ended_at": now,
            "priority_reasons": [],
        } | facts
        async with self.store.transaction() as work:
            if values["contact_id"] is not None:
                work.session.add(
                    Contact(
                        id=call_id,
                        channel=Channel.PHONE,
                        citizen_number=number,
                        started_at=values["started_at"],
                        ended_at=values["ended_at"],
                        outcome=outcome,
                    )
                )
                await work.session.flush()
            call = Call(**values)
            work.session.add(call)
        return call

    async def told(self, call: Call) -> None:
        """The end of the call comes over the bus."""
        await self.owed._on_call_ended(CallEnded(call_id=call.id, outcome=call.outcome))

    async def lost(self, number: str = "13800000101", **facts: Any) -> Callback:
        """A lost call's task."""
        call = await self.call(number, **facts)
        await self.told(call)
        return await self.task_of(call)

    async def message(self, number: str, *said: str) -> Callback:
        """The task of a message, once these words of it are transcribed."""
        task = await self.lost(number, outcome=ContactOutcome.VOICEMAIL_LEFT)
        await self.transcribed(task, *said)
        return task

    async def transcribed(self, task: Callback, *said: str) -> None:
        """The recording of a lost call was read; an earlier reading is replaced."""
        assert task.call_id is not None
        async with self.store.transaction() as work:
            old = delete(UtteranceRow).where(UtteranceRow.call_id == task.call_id)
            await work.session.execute(old)
            for number, text in enumerate(said):
                row = UtteranceRow(
                    id=new_id(), call_id=task.call_id, leg=Leg.CALLER, start=number, end=number + 1,
                    text=text, raw=text, confidence=0.9, words=[],
                )  # fmt: skip
                work.session.add(row)
        await self.risk_words._on_transcribed(TranscriptCompleted(call_id=task.call_id))

    async def call_out(self, task_id: str, **facts: Any) -> None:
        """Our call to the citizen, which has ended like this."""
        now = self.clock.now()
        known = {
            "direction": CallDirection.OUTBOUND,
            "contact_id": None,
            "callback_id": task_id,
            "queued_at": None,
            "started_at": now,
            "ringing_at": now,
            "outcome": ContactOutcome.NOT_REACHED,
        }
        await self.told(await self.call(**known | facts))

    async def tasks(self) -> list[Callback]:
        async with self.store.read() as session:
            return list(await session.scalars(select(Callback).order_by(Callback.lost_at)))

    async def task_of(self, call: Call) -> Callback:
        return next(task for task in await self.tasks() if task.call_id == call.id)

    async def task(self, task_id: str) -> Callback:
        return next(task for task in await self.tasks() if task.id == task_id)

    async def in_order(self) -> list[str]:
        page = await self.book.page(self.first, "open", clear=True)
        return [item.citizen_number for item in page.items]


@pytest.fixture
def floor(store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]) -> Floor:
    return Floor(store, clock, rules, people)


@pytest.mark.parametrize(
    ("facts", "reason", "minutes"),
    [
        ({}, CallbackReason.ABANDONED, 30),
        ({"outcome": ContactOutcome.ABANDONED_RINGING}, CallbackReason.ABANDONED, 30),
        ({"outcome": ContactOutcome.CALLBACK_BOOKED}, CallbackReason.BOOKED, 30),
        ({"outcome": ContactOutcome.VOICEMAIL_LEFT}, CallbackReason.VOICEMAIL, 60),
        ({"outcome": ContactOutcome.FAILED}, CallbackReason.INTERRUPTED, 30),
        ({"outcome": ContactOutcome.SERVED, "interrupted": True}, CallbackReason.INTERRUPTED, 30),
    ],
)
async def test_whoever_was_lost_is_owed_a_call_by_a_time(
    floor: Floor, facts: dict[str, Any], reason: CallbackReason, minutes: int
) -> None:
    task = await floor.lost(**facts)
    assert (task.reason, task.state) == (reason, CallbackState.OPEN)
    assert task.due_at - task.lost_at == minutes * MINUTE


@pytest.mark.parametrize(
    "facts",
    [
        {"outcome": ContactOutcome.SERVED},
        {"outcome": ContactOutcome.ABANDONED_GREETING},
        {"outcome": ContactOutcome.SELF_SERVED},
        {"outcome": ContactOutcome.BLOCKED},
        {"direction": CallDirection.OUTBOUND, "outcome": ContactOutcome.NOT_REACHED},
        {"number": "anonymous"},
    ],
)
async def test_others_are_not(floor: Floor, facts: dict[str, Any]) -> None:
    await floor.told(await floor.call(**facts))
    await floor.owed.look()
    assert await floor.tasks() == []


async def test_who_hangs_up_at_once_has_not_waited(floor: Floor) -> None:
    now = floor.clock.now()
    await floor.told(await floor.call(queued_at=now - 4 * SECOND))
    assert await floor.tasks() == []
    await floor.told(await floor.call(queued_at=now - 5 * SECOND))
    assert len(await floor.tasks()) == 1


async def test_a_message_without_a_number_must_be_listened_to_but_cannot_be_called(
    floor: Floor,
) -> None:
    task = await floor.lost("anonymous", outcome=ContactOutcome.VOICEMAIL_LEFT)
    assert task.citizen_number == ""
    with pytest.raises(TransitionRefused, match="收听留言"):
        await floor.book.begin_for(floor.first.id, task.id)
    await floor.book.finish(floor.first, task.id, "已按留言建单", reached=True)
    assert (await floor.task(task.id)).state is CallbackState.DONE


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("4001234567", "400、800 号码"),
        ("+8529123456", "境外号码"),
        ("00447911123456", "境外号码"),
        ("12306", "短号或不完整"),
        ("+86400123", "短号或不完整"),
    ],
)
async def test_a_number_that_may_not_be_dialled_is_owed_a_call_and_said_not_to_be_rung(
    floor: Floor, number: str, why: str
) -> None:
    """Nothing is lost, nobody is sent to a button that refuses, and the line does not try it."""
    task = await floor.lost(number, outcome=ContactOutcome.CALLBACK_BOOKED)
    (view,) = (await floor.book.page(floor.first, "open", clear=True)).items
    assert why in view.cannot_call and "其他号码" in view.cannot_call
    assert await floor.book.booked() == [], "the automatic call-back leaves it to people"
    assert await floor.book.next(floor.first) == task.id
    with pytest.raises(TransitionRefused, match=why):
        await floor.book.begin_for(floor.first.id, task.id)
    assert (await floor.task(task.id)).attempts == 0
    await floor.book.cancel(floor.first, task.id, "境外来电，无法联系")
    assert (await floor.book.one(task.id, clear=True)).cannot_call == "", "it is over"


async def test_another_number_that_the_citizen_has_left_is_called_instead(floor: Floor) -> None:
    task = await floor.lost("4001234567")
    other = await floor.lost("13800000101")
    assert (await floor.book.one(other.id, clear=True)).cannot_call == ""
    with pytest.raises(TransitionRefused, match="先领取"):
        await floor.book.use_number(floor.first, task.id, "13800000102")
    await floor.book.take(floor.first, task.id, task.version)
    await floor.book.take(floor.first, other.id, other.version)
    with pytest.raises(InvalidInput):
        await floor.book.use_number(floor.first, task.id, "+8529123456")
    with pytest.raises(TransitionRefused, match="可以回拨"):
        await floor.book.use_number(floor.first, other.id, "13800000102")
    with pytest.raises(TransitionRefused, match="先领取"):
        await floor.book.use_number(floor.second, task.id, "13800000102")
    await floor.book.use_number(floor.first, task.id, "+86 138-0000-0102")
    view = await floor.book.one(task.id, clear=True)
    assert (view.citizen_number, view.cannot_call) == ("13800000102", "")
    assert "其他号码" in view.note and view.taken_by == floor.first.id
    assert await floor.book.begin_for(floor.first.id, task.id) == "13800000102"
    answered = floor.clock.now()
    await floor.call_out(task.id, answered_at=answered, outcome=ContactOutcome.SERVED)
    assert (await floor.task(task.id)).state is CallbackState.DONE


async def test_one_loss_is_one_task_however_often_it_is_told(floor: Floor) -> None:
    call = await floor.call()
    await asyncio.gather(*(floor.told(call) for _ in range(5)))
    await asyncio.gather(floor.owed.look(), floor.watcher().look())
    assert len(await floor.tasks()) == 1


async def test_a_process_that_died_before_it_made_the_task_makes_it_at_its_start(
    floor: Floor,
) -> None:
    lost = await floor.call("13800000101")
    cut = await floor.call("13800000102", outcome=ContactOutcome.SERVED, interrupted=True)
    yesterday = floor.clock.now() - timedelta(days=1, seconds=1)
    await floor.call("13800000103", ended_at=yesterday, queued_at=yesterday - MINUTE)
    await floor.watcher().look()
    assert {task.call_id for task in await floor.tasks()} == {lost.id, cut.id}


async def test_a_booked_place_goes_before_what_was_only_lost(floor: Floor) -> None:
    booked, now = ContactOutcome.CALLBACK_BOOKED, floor.clock.now()
    await floor.lost("13800000101")
    floor.clock.advance(MINUTE)
    await floor.lost("13800000102")
    await floor.lost("13800000103", outcome=booked, queued_at=now)
    await floor.lost("13800000104", outcome=booked, queued_at=now - MINUTE)
    await floor.lost("13800000105", outcome=booked, queued_at=now, priority=20)
    assert [number[-1] for number in await floor.in_order()] == ["5", "4", "3", "1", "2"]
    pages, cursor = [], None
    while True:
        page = await floor.book.page(floor.first, "open", clear=True, cursor=cursor, limit=2)
        pages += [item.citizen_number[-1] for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert pages == ["5", "4", "3", "1", "2"]


async def test_a_message_of_danger_goes_before_what_was_lost_first_and_says_why(
    floor: Floor,
) -> None:
    await floor.lost("13800000101")
    calm = await floor.message("13800000102", "路灯坏了三天了，", "希望尽快修理。")
    floor.clock.advance(MINUTE)
    danger = await floor.message("13800000103", "我们楼上着", "火了，有人被困在里面。")
    floor.clock.advance(MINUTE)
    await floor.message("13800000104", "我要跳楼。")
    await floor.lost("13800000105", outcome=ContactOutcome.CALLBACK_BOOKED)
    assert [number[-1] for number in await floor.in_order()] == ["5", "3", "4", "1", "2"]
    view = await floor.book.one(danger.id, clear=True)
    assert view.danger == "起火（“着火”）、有人被困（“被困”）"
    assert view.version == danger.version, "who has it before the eyes may take it"
    assert (await floor.book.one(calm.id, clear=True)).danger == ""
    assert await floor.book.next(floor.first) != danger.id
    assert await floor.book.next(floor.second) == danger.id

    alerts = (await floor.alerts.page()).items
    assert {(one.call_id, one.text) for one in alerts if one.call_id == danger.call_id} == {
        (danger.call_id, "留言中提到“着火”（起火，特急），回拨任务已提前"),
        (danger.call_id, "留言中提到“被困”（有人被困，特急），回拨任务已提前"),
    }
    assert len(alerts) == 3


async def test_danger_is_told_once_however_often_a_message_is_read(floor: Floor) -> None:
    task = await floor.message("13800000101", "楼下着火了，快来人。")
    (alert,) = (await floor.alerts.page()).items
    await floor.alerts.acknowledge(alert.id, floor.leader)
    floor.clock.advance(timedelta(hours=1))
    for words in ("楼下着火了，快来人。", "楼下着火了，快来救人。"):  # also by another model
        await floor.transcribed(task, words)
    assert len((await floor.alerts.page()).items) == 1
    assert (await floor.book.one(task.id, clear=True)).danger == "起火（“着火”）"
    async with floor.store.read() as session:
        events = map(event_from_dict, await session.scalars(select(OutboxRow.payload)))
        told = [one for one in events if isinstance(one, CallbackChanged)]
    assert [one.callback_id for one in told] == [task.id] * 2, "made, and moved to the front"


async def test_danger_in_a_message_that_somebody_has_dealt_with_changes_nothing(
    floor: Floor,
) -> None:
    task = await floor.lost(outcome=ContactOutcome.VOICEMAIL_LEFT)
    await floor.book.take(floor.first, task.id, task.version)
    await floor.book.finish(floor.first, task.id, "已按留言建单", reached=True)
    done = await floor.task(task.id)
    await floor.transcribed(task, "楼下着火了，快来人。")
    again = await floor.task(task.id)
    assert (again.state, again.version, again.done_at) == (done.state, done.version, done.done_at)
    assert (await floor.alerts.page()).items == []


async def test_danger_that_is_read_before_the_task_is_made_counts(floor: Floor) -> None:
    await floor.lost("13800000101")
    floor.clock.advance(MINUTE)
    call = await floor.call("13800000102", outcome=ContactOutcome.VOICEMAIL_LEFT)
    unmade = Callback(call_id=call.id)
    await floor.transcribed(unmade, "楼下着火了，快来人。")
    await floor.told(call)
    assert [number[-1] for number in await floor.in_order()] == ["2", "1"]


async def test_danger_heard_before_the_caller_was_cut_off_counts_as_well(floor: Floor) -> None:
    await floor.lost("13800000101")
    floor.clock.advance(MINUTE)
    cut = await floor.lost("13800000102", outcome=ContactOutcome.FAILED)
    await floor.transcribed(cut, "喂，我家里煤气泄漏了。")
    assert [number[-1] for number in await floor.in_order()] == ["2", "1"]
    (alert,) = (await floor.alerts.page()).items
    assert alert.text.startswith("来电录音中提到“煤气泄漏”")
    served = await floor.call("13800000103", outcome=ContactOutcome.SERVED)
    await floor.transcribed(Callback(call_id=served.id), "楼下着火了")
    assert len((await floor.alerts.page()).items) == 1, "an agent has heard that"


async def test_a_caller_who_is_served_is_not_owed_the_earlier_calls(floor: Floor) -> None:
    lost = await floor.lost("13800000101")
    message = await floor.lost("13800000101", outcome=ContactOutcome.VOICEMAIL_LEFT)
    other = await floor.lost("13800000102")
    floor.clock.advance(MINUTE)
    event = CallAnswered(
        call_id="x", caller_number="+8613800000101", at=floor.clock.now()
    )  # another dress of the same number
    await floor.owed._on_answered(event)
    assert (await floor.task(lost.id)).state is CallbackState.SETTLED
    assert (await floor.task(message.id)).state is CallbackState.OPEN, "it is still to be heard"
    assert (await floor.task(other.id)).state is CallbackState.OPEN


async def test_a_task_made_late_of_a_caller_served_since_is_settled_at_once(floor: Floor) -> None:
    lost = await floor.call("13800000101")
    floor.clock.advance(MINUTE)
    now = floor.clock.now()
    await floor.call("13800000101", outcome=ContactOutcome.SERVED, answered_at=now)
    await floor.owed.look()
    assert (await floor.task_of(lost)).state is CallbackState.SETTLED


async def test_who_calls_in_and_is_served_while_being_called_is_owed_nothing(floor: Floor) -> None:
    lost = await floor.lost("13800000101")
    floor.clock.advance(MINUTE)
    await floor.book.begin_for(floor.first.id, lost.id)
    served = {"outcome": ContactOutcome.SERVED, "answered_at": floor.clock.now()}
    await floor.call("+8613800000101", **served)
    await floor.call_out(lost.id)
    assert (await floor.task(lost.id)).state is CallbackState.SETTLED
    await floor.owed.look()
    assert (await floor.task(lost.id)).state is CallbackState.SETTLED


async def test_a_booked_place_leaves_the_line_while_its_citizen_is_on_it(floor: Floor) -> None:
    booked = await floor.lost("13800000101", outcome=ContactOutcome.CALLBACK_BOOKED)
    assert [one.callback_id for one in await floor.book.booked()] == [booked.id]
    own = {"outcome": ContactOutcome.IN_PROGRESS, "state": CallState.QUEUED, "ended_at": None}
    again = await floor.call("+8613800000101", **own)
    assert not await floor.book.booked()
    async with floor.store.transaction() as work:
        (await work.session.get_one(Call, again.id)).ended_at = floor.clock.now()
    assert [one.callback_id for one in await floor.book.booked()] == [booked.id]


async def test_the_task_of_a_citizen_who_is_on_the_line_is_not_given_out(floor: Floor) -> None:
    task = await floor.lost("13800000101")
    own = {"outcome": ContactOutcome.IN_PROGRESS, "state": CallState.QUEUED, "ended_at": None}
    again = await floor.call("+8613800000101", **own)
    with pytest.raises(NotFound):
        await floor.book.next(floor.first)
    await floor.book.take(floor.first, task.id, task.version)
    with pytest.raises(TransitionRefused, match="正在来电"):
        await floor.book.begin_for(floor.first.id, task.id)
    async with floor.store.transaction() as work:
        (await work.session.get_one(Call, again.id)).ended_at = floor.clock.now()
    assert await floor.book.next(floor.first) == task.id
    await floor.book.begin_for(floor.first.id, task.id)


async def test_two_agents_do_not_deal_with_the_same_number_at_once(floor: Floor) -> None:
    """Each lost call is a task of its own; the citizen is called once."""
    one, two = await floor.lost("13800000101"), await floor.lost("13800000101")
    other = await floor.lost("13800000102")
    assert await floor.book.next(floor.first) == one.id
    assert await floor.book.next(floor.second) == other.id
    with pytest.raises(TransitionRefused, match="同一号码"):
        await floor.book.take(floor.third, two.id, two.version)
    with pytest.raises(TransitionRefused, match="同一号码"):
        await floor.book.begin_for(floor.third.id, two.id)
    await floor.book.begin_for(floor.first.id, one.id)
    with pytest.raises(NotFound):
        await floor.book.next(floor.third)
    await floor.call_out(one.id)
    assert (await floor.task(one.id)).state is CallbackState.OPEN
    with pytest.raises(NotFound):
        await floor.book.next(floor.third)
    floor.clock.advance(floor.rules.pause + SECOND)
    assert await floor.book.next(floor.third) == one.id, "the pause is the number's"


async def test_two_booked_places_of_one_number_have_one_turn(floor: Floor) -> None:
    booked = {"outcome": ContactOutcome.CALLBACK_BOOKED}
    one, two = await floor.lost(**booked), await floor.lost(**booked)
    assert {place.callback_id for place in await floor.book.booked()} == {one.id, two.id}
    await floor.book.begin_for(floor.first.id, one.id)
    assert await floor.book.booked() == []
    with pytest.raises(TransitionRefused, match="同一号码"):
        await floor.book.begin_for(floor.second.id, two.id)
    await floor.call_out(one.id, answered_at=floor.clock.now(), outcome=ContactOutcome.SERVED)
    assert (await floor.task(two.id)).state is CallbackState.SETTLED


async def test_two_agents_cannot_take_the_same_task(floor: Floor) -> None:
    task = await floor.lost()
    takers = [floor.first, floor.second] * 3
    results = await asyncio.gather(
        *(floor.book.take(taker, task.id, task.version) for taker in takers),
        return_exceptions=True,
    )
    kept = (await floor.task(task.id)).taken_by
    won = {taker.id for taker, result in zip(takers, results, strict=True) if result is None}
    assert won == {kept}
    assert all(r is None or isinstance(r, TransitionRefused) for r in results)
    loser = floor.second if kept == floor.first.id else floor.first
    with pytest.raises(TransitionRefused, match="他人领取"):
        await floor.book.begin_for(loser.id, task.id)
    with pytest.raises(Forbidden):
        await floor.book.release(loser, task.id)


async def test_the_next_task_is_given_to_each_one_only_once(floor: Floor) -> None:
    for last in range(3):
        await floor.lost(f"1380000010{last}")
    got = await asyncio.gather(floor.book.next(floor.first), floor.book.next(floor.second))
    assert len(set(got)) == 2
    assert await floor.book.next(floor.first) == got[0], "the one in hand comes first"
    await floor.book.release(floor.first, got[0])
    counts = await floor.book.counts(floor.second)
    assert (counts.open, counts.mine, counts.overdue) == (3, 1, 0)
    await floor.book.take(floor.first, got[0], (await floor.task(got[0])).version)
    await floor.book.next(floor.third)
    with pytest.raises(NotFound):
        await floor.book.next(floor.leader)


async def test_a_changed_task_is_not_taken_unseen(floor: Floor) -> None:
    task = await floor.lost()
    await floor.book.take(floor.first, task.id, task.version)
    await floor.book.release(floor.first, task.id)
    with pytest.raises(TransitionRefused, match="刷新"):
        await floor.book.take(floor.second, task.id, task.version)


async def test_an_answered_call_closes_the_task_and_the_citizens_others(floor: Floor) -> None:
    earlier, task = await floor.lost(), await floor.lost()
    floor.clock.advance(MINUTE)
    assert await floor.book.begin_for(floor.first.id, task.id) == "13800000101"
    assert (await floor.task(task.id)).state is CallbackState.CALLING
    await floor.call_out(task.id, answered_at=floor.clock.now(), outcome=ContactOutcome.SERVED)
    done = await floor.task(task.id)
    assert (done.state, done.attempts) == (CallbackState.DONE, 1)
    assert done.outbound_call_id
    assert (await floor.task(earlier.id)).state is CallbackState.SETTLED
    await floor.book.finish(floor.first, task.id, "已说明办理进度", reached=True)
    page = await floor.book.page(floor.first, "done", clear=False)
    assert {item.citizen_number for item in page.items} == {"138****0101"}
    assert "已说明办理进度" in {item.note for item in page.items}


async def test_who_is_not_reached_is_tried_again_after_a_pause_and_three_times(
    floor: Floor,
) -> None:
    task = await floor.lost()
    for attempt in range(1, 4):
        assert await floor.book.next(floor.first) == task.id
        await floor.book.begin_for(floor.first.id, task.id)
        await floor.call_out(task.id)
        tried = await floor.task(task.id)
        assert tried.attempts == attempt
        assert tried.taken_by is None
        with pytest.raises(NotFound):
            await floor.book.next(floor.first)
        floor.clock.advance(floor.rules.pause + SECOND)
    assert tried.state is CallbackState.UNREACHED
    with pytest.raises(TransitionRefused, match="多次未接通"):
        await floor.book.begin_for(floor.first.id, task.id)


async def test_a_citizen_is_rung_three_times_however_many_calls_were_lost(floor: Floor) -> None:
    tasks = [await floor.lost("13800000101") for _ in range(3)]
    other = await floor.lost("13800000102")
    rings = 0
    while True:
        free = [one for one in await floor.tasks() if one.state is CallbackState.OPEN]
        if {one.id for one in free} == {other.id}:
            break
        task = next(one for one in free if one.id != other.id)
        await floor.book.begin_for(floor.first.id, task.id)
        await floor.call_out(task.id)
        rings += 1
        await floor.book.take(floor.second, other.id, (await floor.task(other.id)).version)
        with pytest.raises(NotFound):
            await floor.book.next(floor.first)
        await floor.book.release(floor.second, other.id)
        floor.clock.advance(floor.rules.pause + SECOND)
    assert rings == 3
    assert {(await floor.task(one.id)).state for one in tasks} == {CallbackState.UNREACHED}
    assert (await floor.task(other.id)).attempts == 0


async def test_attempts_of_a_number_are_those_since_the_call_was_lost(floor: Floor) -> None:
    """And by hand they count alike; an agent's phone that was not answered does not."""
    one, two = await floor.lost("13800000101"), await floor.lost("13800000101")
    await floor.book.begin_for(floor.first.id, one.id)
    await floor.call_out(one.id, ringing_at=None)
    assert (await floor.task(two.id)).attempts == 0
    await floor.book.begin_for(floor.first.id, one.id)
    floor.clock.advance(SECOND)
    later = await floor.lost("13800000101")  # the citizen called while being rung
    await floor.call_out(one.id)
    assert [(await floor.task(each.id)).attempts for each in (one, two, later)] == [1, 1, 0]
    floor.clock.advance(floor.rules.pause + SECOND)
    await floor.book.take(floor.first, two.id, (await floor.task(two.id)).version)
    await floor.book.finish(floor.first, two.id, "未接", reached=False)
    assert [(await floor.task(each.id)).attempts for each in (one, two, later)] == [2, 2, 1]


async def test_a_message_is_not_given_up_unheard_for_other_calls_in_vain(floor: Floor) -> None:
    lost = await floor.lost("13800000101")
    message = await floor.lost("13800000101", outcome=ContactOutcome.VOICEMAIL_LEFT)
    for _ in range(3):
        await floor.book.begin_for(floor.first.id, lost.id)
        await floor.call_out(lost.id)
        floor.clock.advance(floor.rules.pause + SECOND)
    assert (await floor.task(lost.id)).state is CallbackState.UNREACHED
    assert (await floor.task(message.id)).attempts == 2
    assert await floor.book.next(floor.second) == message.id
    await floor.book.begin_for(floor.second.id, message.id)
    await floor.call_out(message.id)
    assert (await floor.task(message.id)).state is CallbackState.UNREACHED


async def test_who_reaches_a_citizen_gets_the_messages_of_the_same_number(floor: Floor) -> None:
    lost, too = await floor.lost("13800000101"), await floor.lost("13800000101")
    message = await floor.lost("13800000101", outcome=ContactOutcome.VOICEMAIL_LEFT)
    other = await floor.lost("13800000102", outcome=ContactOutcome.VOICEMAIL_LEFT)
    floor.clock.advance(MINUTE)
    await floor.book.begin_for(floor.first.id, lost.id)
    now = floor.clock.now()
    await floor.call_out(lost.id, answered_at=now, outcome=ContactOutcome.SERVED)
    assert (await floor.task(too.id)).state is CallbackState.SETTLED
    assert (await floor.task(message.id)).taken_by == floor.first.id
    assert (await floor.task(other.id)).taken_by is None
    assert await floor.book.next(floor.second) == other.id
    assert await floor.book.next(floor.first) == message.id
    floor.clock.advance(floor.rules.taken + SECOND)
    await floor.owed.look()
    assert (await floor.task(message.id)).taken_by is None, "forgotten, it is for all again"


async def test_an_agents_own_phone_that_does_not_answer_is_no_attempt(floor: Floor) -> None:
    task = await floor.lost()
    await floor.book.begin_for(floor.first.id, task.id)
    await floor.call_out(task.id, ringing_at=None)
    again = await floor.task(task.id)
    assert (again.state, again.attempts) == (CallbackState.OPEN, 0)
    assert await floor.book.next(floor.second) == task.id, "no pause: the citizen was not rung"


async def test_a_ring_in_vain_at_the_agents_own_phone_leaves_the_earlier_attempt(
    floor: Floor,
) -> None:
    task = await floor.lost()
    await floor.book.begin_for(floor.first.id, task.id)
    await floor.call_out(task.id)
    tried = (await floor.task(task.id)).last_attempt_at
    floor.clock.advance(floor.rules.pause + SECOND)
    await floor.book.begin_for(floor.first.id, task.id)
    await floor.call_out(task.id, ringing_at=None)
    again = await floor.task(task.id)
    assert (again.attempts, again.last_attempt_at) == (1, tried)


async def test_a_booked_place_that_could_not_be_dialled_rests_and_is_in_the_line_again(
    floor: Floor, rules: Rules
) -> None:
    task = await floor.lost(outcome=ContactOutcome.CALLBACK_BOOKED)
    assert [one.callback_id for one in await floor.book.booked()] == [task.id]
    await floor.book.begin_for(floor.first.id, task.id)
    await floor.book.not_called(task.id)
    assert (await floor.task(task.id)).taken_by is None
    assert await floor.book.booked() == [], "not again and again"
    floor.clock.advance(rules.callers.callbacks.pause + SECOND)
    assert [one.callback_id for one in await floor.book.booked()] == [task.id]


async def test_a_call_that_could_not_be_made_is_no_attempt(floor: Floor) -> None:
    task = await floor.lost()
    await floor.book.begin_for(floor.first.id, task.id)
    await floor.book.not_called(task.id)
    again = await floor.task(task.id)
    assert (again.state, again.attempts, again.taken_by) == (
        CallbackState.OPEN,
        0,
        floor.first.id,
    )


async def test_a_process_that_died_while_calling_finds_out_how_it_went(floor: Floor) -> None:
    reached, never = await floor.lost("13800000101"), await floor.lost("13800000102")
    for task in (reached, never):
        await floor.book.begin_for(floor.first.id, task.id)
    await floor.call(
        direction=CallDirection.OUTBOUND,
        contact_id=None,
        callback_id=reached.id,
        started_at=floor.clock.now(),
        answered_at=floor.clock.now(),
        outcome=ContactOutcome.SERVED,
    )
    await floor.watcher().look()
    assert (await floor.task(reached.id)).state is CallbackState.DONE
    assert (await floor.task(never.id)).state is CallbackState.CALLING
    floor.clock.advance(3 * MINUTE)
    await floor.watcher().look()
    given_back = await floor.task(never.id)
    assert (given_back.state, given_back.attempts) == (CallbackState.OPEN, 0)


async def test_a_task_taken_and_forgotten_goes_back_to_all(floor: Floor) -> None:
    task = await floor.lost()
    await floor.book.take(floor.first, task.id, task.version)
    floor.clock.advance(floor.rules.taken - SECOND)
    await floor.owed.look()
    assert (await floor.task(task.id)).taken_by == floor.first.id
    floor.clock.advance(2 * SECOND)
    await floor.owed.look()
    assert (await floor.task(task.id)).taken_by is None


async def test_the_shift_leader_is_called_once_while_tasks_are_late(floor: Floor) -> None:
    first, second = await floor.lost("13800000101"), await floor.lost("13800000102")
    alerts = AlertBook(floor.store, floor.clock)
    assert (await floor.book.one(first.id, clear=True)).light is Light.GREEN
    floor.clock.advance(25 * MINUTE)
    assert (await floor.book.one(first.id, clear=True)).light is Light.YELLOW
    await floor.owed.look()
    assert await alerts.count_open() == 0
    floor.clock.advance(6 * MINUTE)
    assert (await floor.book.one(first.id, clear=True)).light is Light.RED
    for _ in range(3):
        await floor.owed.look()
    (alert,) = (await alerts.page()).items
    assert alert.text == "有 2 个回拨任务超过时限，最早的应在 10:30 前回拨"
    assert (await floor.book.counts(floor.first)).overdue == 2
    await floor.book.cancel(floor.leader, first.id, "来电人已到窗口办理")
    await floor.book.finish(floor.first, second.id, "", reached=True)
    await floor.owed.look()
    (alert,) = (await alerts.page()).items
    assert alert.ended_at is not None


async def test_of_a_task_of_yesterday_the_shift_leader_is_told_the_day(floor: Floor) -> None:
    task = await floor.lost("13800000101")
    due = task.due_at.astimezone(floor.zone)
    floor.clock.advance(timedelta(days=1))
    await floor.owed.look()
    (alert,) = (await AlertBook(floor.store, floor.clock).page()).items
    assert alert.text.endswith(f"最早的应在 {due.month}月{due.day}日{due:%H:%M} 前回拨")


async def test_a_message_becomes_a_draft_of_whoever_takes_it_up(floor: Floor) -> None:
    call = await floor.call(outcome=ContactOutcome.VOICEMAIL_LEFT)
    words = "蒸湘南路的路灯坏了三天，希望尽快修理。"
    async with floor.store.transaction() as work:
        work.session.add(
            UtteranceRow(
                id=f"{call.id}-1", call_id=call.id, leg=Leg.CALLER, start=0, end=4,
                text=words, raw=words, confidence=0.9, words=[],
            )
        )  # fmt: skip
    understood = Understanding(
        request_types=(), categories=(), departments=(), urgency=Urgency.NORMAL,
        urgency_reason="", title="蒸湘南路路灯不亮", model_version="test",
        facts=(Fact(kind="place", text="蒸湘南路", value="蒸湘南路", span=Span(start=0, end=4)),),
    )  # fmt: skip
    event = RequestUnderstood(call_id=call.id, understanding=understood)
    await floor.messages._on_understood(event)
    draft = await floor.drafts.get_draft(floor.first, call.id)
    assert draft is not None
    assert draft.agent_id is None
    assert draft.content["content"] == words
    assert draft.content["place"] == "蒸湘南路"
    assert draft.content["caller_phone"] == "13800000101"
    assert draft.content["origins"]["title"] == "machine"
    mine = SaveDraft(id=call.id, content={"title": "路灯坏了"})
    assert (await floor.drafts.save_draft(floor.first, mine)).agent_id == floor.first.id
    await floor.messages._on_understood(event)  # told again: what a person typed stays
    with pytest.raises(Forbidden):
        await floor.drafts.save_draft(floor.second, mine)
    async with floor.store.read() as session:
        assert (await session.get_one(Draft, call.id)).content == {"title": "路灯坏了"}


async def test_what_a_waiting_caller_said_is_no_message(floor: Floor) -> None:
    call = await floor.call()
    nothing = Understanding(
        request_types=(), categories=(), departments=(), facts=(), urgency=Urgency.NORMAL,
        urgency_reason="", title="", model_version="test",
    )  # fmt: skip
    event = RequestUnderstood(call_id=call.id, understanding=nothing)
    await floor.messages._on_understood(event)
    assert await floor.drafts.get_draft(floor.first, call.id) is None
