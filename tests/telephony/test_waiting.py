"""What a waiting caller hears and may do; and that nobody who was lost is forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from models.events import (
    CallAnswered,
    CallbackChanged,
    CallEnded,
    CallQueued,
    CallRinging,
    CallStateChanged,
)
from models.tables import Call
from models.vocabulary import (
    AgentState,
    CallbackReason,
    CallbackState,
    CallEventKind,
    CallState,
    Channel,
    ContactOutcome,
    Leg,
)
from tests.support.asterisk import RunningAsterisk
from tests.support.rtp import Voice
from tests.support.sipp import Phone, calling
from tests.support.sound import spoken_ulaw
from tests.telephony.floor import CallFloor, call_floor, until
from tests.telephony.line import (
    caller,
    history,
    opened,
    presses_twice,
    rules_with,
    said,
    the_task,
    wait_of,
)
from tests.telephony.sounds import hears

pytestmark = pytest.mark.asterisk

MESSAGE = "我姓张，门口的路灯坏了。"


async def test_who_waits_hears_the_place_and_music_before_and_after(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with opened(short_asterisk, tmp_path, announce_every=2) as floor:
        async with (
            caller(floor) as (first, voice, first_id),
            caller(floor, "13800000102", 2) as (
                second,
                second_voice,
                second_id,
            ),
        ):
            assert await voice.hears(0.5), "music from the first moment"
            await hears(voice, said(floor, "queue_next"))
            one_ahead = await short_asterisk.prompts.say("queue_position_only", ahead=1)
            await hears(second_voice, one_ahead)
            voice.forget()
            assert await voice.hears(0.5), "and music again"
            await hears(voice, said(floor, "queue_next"))
            await first.hang_up()
            second_voice.forget()
            await hears(second_voice, said(floor, "queue_next"))
            await second.hang_up()
        await floor.ended(2)
        assert (await history(floor, first_id, CallEventKind.ANNOUNCED))[0] == {
            "place": 1,
            "expected_wait_s": None,
        }
        places = [one["place"] for one in await history(floor, second_id, CallEventKind.ANNOUNCED)]
        assert (places[0], places[-1]) == (2, 1)


async def test_a_call_back_is_booked_by_key_and_keeps_the_place(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    times = {"announce_every": 600.0, "callback_from": 1.5}
    async with opened(short_asterisk, tmp_path, **times) as floor:
        async with caller(floor) as (citizen, voice, call_id):
            await voice.press("1")  # nothing was offered yet
            prompts = short_asterisk.prompts
            await hears(voice, await prompts.say("callback_offer", key="一"))
            await voice.press("5")  # not the key
            await voice.press("1")
            await hears(voice, await prompts.say("callback_confirm", key="一"))
            assert [view.call_id for view in floor.calls.floor().waiting] == [call_id]
            await voice.press("1")
            await hears(voice, said(floor, "callback_booked"))
            assert floor.calls.floor().waiting == ()
            await citizen.finished()
            assert citizen.ended_as == "hung up by the other side"
        call, contact = await floor.ended()
        assert contact is not None
        assert contact.outcome is ContactOutcome.CALLBACK_BOOKED
        task = await the_task(floor)
        assert (task.reason, task.state) == (CallbackReason.BOOKED, CallbackState.OPEN)
        assert (task.call_id, task.queued_at) == (call_id, call.queued_at)
        assert await history(floor, call_id, CallEventKind.CALLBACK_BOOKED) == [{}]


async def test_who_does_not_confirm_waits_on(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    """Where the place would not be kept it is not promised either."""
    times = {"callback_from": 1.0, "confirm_seconds": 1.0}
    async with opened(short_asterisk, tmp_path, **times, auto=False) as floor:
        async with caller(floor) as (citizen, voice, call_id):
            prompts = short_asterisk.prompts
            await hears(voice, await prompts.say("callback_offer_later", key="一"))
            await voice.press("1")
            await hears(voice, await prompts.say("callback_confirm", key="一"))
            waiting = wait_of(floor, call_id)
            await floor.until(lambda: not waiting._confirming)
            await voice.press("1")  # asks again
            await floor.until(lambda: waiting._confirming)
            assert [view.call_id for view in floor.calls.floor().waiting] == [call_id]
            await citizen.hang_up()
        _, contact = await floor.ended()
        assert contact is not None
        assert contact.outcome is ContactOutcome.ABANDONED_QUEUE


async def test_an_agent_who_becomes_free_gets_the_caller_in_mid_announcement(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with (
        opened(short_asterisk, tmp_path, announce_every=1, callback_from=1) as floor,
        floor.agent("王芳", "1901") as (agent, phone),
    ):
        await floor.calls.set_state(agent, AgentState.BUSY)
        async with caller(floor) as (citizen, voice, call_id):
            await hears(voice, said(floor, "queue_next"))
            playing = wait_of(floor, call_id)
            assert playing._playing, "the offer is still being read out"
            await floor.calls.set_state(agent, AgentState.READY)
            ring = await phone.rung()
            assert not playing._playing
            phone.answer(ring)
            await floor.happened(CallAnswered)
            voice.say(spoken_ulaw(MESSAGE))
            (ear,) = floor.ear.of(call_id, Leg.CALLER)[-1:]
            await floor.until(lambda: len(ear.pcm) > 16000)
            voice.forget()
            assert await voice.hears_silence(0.5), "neither music nor announcement"
            await citizen.hang_up()
        await floor.ended()


async def test_a_missed_ring_goes_on_with_the_wait(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with (
        opened(short_asterisk, tmp_path, announce_every=2) as floor,
        floor.agent("王芳", "1901") as (_, phone),
        caller(floor) as (citizen, voice, _),
    ):
        ring = await phone.rung()
        await ring.ends()
        voice.forget()
        await hears(voice, said(floor, "queue_next"))
        await citizen.hang_up()
        await floor.ended()


async def test_a_page_loaded_anew_while_it_rings_is_rung_again(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with (
        opened(short_asterisk, tmp_path) as floor,
        floor.agent("王芳", "1901") as (agent, phone),
        caller(floor) as (citizen, _, _),
    ):
        await phone.rung()
        await phone.reload()
        phone.answer(await phone.rung())
        answered = await floor.happened(CallAnswered)
        assert answered.agent_id == agent
        await citizen.hang_up()
        await floor.ended()
        assert len(await history(floor, answered.call_id, CallEventKind.RINGING)) == 2


async def test_who_is_lost_is_owed_a_call_until_served(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with opened(short_asterisk, tmp_path) as floor:
        async with calling(short_asterisk, number="13800000101") as citizen:
            await floor.happened(CallQueued)
            await citizen.hang_up()
        task = await the_task(floor)
        assert (task.reason, task.citizen_number) == (CallbackReason.ABANDONED, "13800000101")
        async with floor.agent("王芳", "1901") as (_, phone):
            async with calling(short_asterisk, number="13800000101") as citizen:
                ring = await phone.rung()
                phone.answer(ring)
                await floor.happened(CallAnswered)
                await citizen.hang_up()
            await floor.ended(2)
        settled = await floor.happened(CallbackChanged, 2)
        assert (settled.callback_id, settled.state) == (task.id, CallbackState.SETTLED)


async def test_a_talk_that_broke_off_is_owed_a_call(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with opened(short_asterisk, tmp_path) as floor:
        async with floor.agent("王芳", "1901") as (agent, phone):
            async with calling(short_asterisk, number="13800000101") as citizen:
                phone.answer(await phone.rung())
                await floor.happened(CallAnswered)
                session = next(iter(floor.calls.exchange.sessions.values()))
                await phone.register(0)
                await floor.until(lambda: not floor.calls.presence(agent).phone_online)
                await short_asterisk.ari("DELETE", f"channels/{session.call.agent_channel}")
                await floor.happened(CallStateChanged)
                await citizen.hang_up()
            call, _ = await floor.ended()
        assert (call.outcome, call.interrupted) == (ContactOutcome.SERVED, True)
        assert (await the_task(floor)).reason is CallbackReason.INTERRUPTED


async def leaves_message(
    citizen: Phone, voice: Voice, floor: CallFloor, sorry: str = "all_busy"
) -> None:
    """Speaks after the beep, and is silent: the dialplan says goodbye."""
    await hears(voice, said(floor, sorry))
    await hears(voice, said(floor, "beep"))
    voice.say(spoken_ulaw(MESSAGE))
    await citizen.finished()
    assert citizen.ended_as == "hung up by the other side"


async def test_agents_who_have_all_closed_their_pages_are_not_waited_for(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with opened(short_asterisk, tmp_path, nobody_seconds=0.5) as floor:
        async with floor.agent("王芳", "1901") as (agent, phone):
            await floor.calls.set_state(agent, AgentState.BUSY)
            await phone.register(expires=0)
        await floor.until(lambda: not floor.calls.presence(agent).phone_online)
        assert floor.calls.presence(agent).state is AgentState.BUSY, "never signed out"
        async with caller(floor) as (citizen, voice, _):
            await leaves_message(citizen, voice, floor)
        _, contact = await floor.ended()
        assert contact is not None
        assert contact.outcome is ContactOutcome.VOICEMAIL_LEFT


@pytest.mark.parametrize(
    ("limit", "number", "sorry"),
    [
        ("max_wait", "13800000101", "all_busy"),
        ("nobody_seconds", "anonymous", "all_busy_unknown"),
    ],
)
async def test_at_the_very_last_a_message_is_taken(
    short_asterisk: RunningAsterisk, tmp_path: Path, limit: str, number: str, sorry: str
) -> None:
    """Who hides the number is not told that it was written down."""
    async with opened(short_asterisk, tmp_path, **{limit: 1}) as floor:
        async with caller(floor, number) as (citizen, voice, call_id):
            await floor.until(
                lambda: any(
                    event.state is CallState.MESSAGE for event in floor.all(CallStateChanged)
                )
            )
            assert floor.calls.floor().waiting == ()
            await leaves_message(citizen, voice, floor, sorry)
        call, contact = await floor.ended()
        assert contact is not None
        assert (contact.outcome, contact.channel) == (
            ContactOutcome.VOICEMAIL_LEFT,
            Channel.VOICEMAIL,
        )
        assert floor.recording(contact.recording).stat().st_size > 20000
        assert call.transcript_incomplete, "it is to be transcribed"
        assert (await the_task(floor)).reason is CallbackReason.VOICEMAIL
        assert len(await history(floor, call_id, CallEventKind.MESSAGE_LEFT)) == 1


async def test_who_hangs_up_before_the_beep_is_owed_a_call_all_the_same(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with opened(short_asterisk, tmp_path, max_wait=1) as floor:
        async with caller(floor) as (citizen, voice, _):
            await hears(voice, said(floor, "all_busy"))
            await citizen.hang_up()
        _, contact = await floor.ended()
        assert contact is not None
        assert contact.outcome is ContactOutcome.ABANDONED_QUEUE
        assert contact.recording == ""
        assert (await the_task(floor)).reason is CallbackReason.ABANDONED


async def test_with_agents_at_work_nobody_is_sent_to_the_voicemail_early(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    async with (
        opened(short_asterisk, tmp_path, nobody_seconds=0.2) as floor,
        floor.agent("王芳", "1901") as (agent, phone),
    ):
        await floor.calls.set_state(agent, AgentState.BUSY)
        async with caller(floor) as (citizen, voice, _):
            assert await voice.hears(1.5)
            assert not floor.all(CallRinging)
            await floor.calls.set_state(agent, AgentState.READY)
            phone.answer(await phone.rung())
            await floor.happened(CallAnswered)
            await citizen.hang_up()
        await floor.ended()
        assert not [one for one in floor.all(CallStateChanged) if one.state is CallState.MESSAGE]


@pytest.mark.parametrize("moment", ["booked", "recording"])
async def test_we_go_away_in_the_middle_and_come_back(
    short_asterisk: RunningAsterisk, tmp_path: Path, moment: str
) -> None:
    """Stopped, the calls stay in Asterisk; the next process finds them where they are."""
    booking = moment == "booked"
    times = {"callback_from": 1.0} if booking else {"max_wait": 1.0}
    async with AsyncExitStack() as lines:
        voice = await lines.enter_async_context(await Voice.open())
        async with unfinished(short_asterisk, tmp_path, **times) as floor:
            line = calling(short_asterisk, media_port=voice.port, talks_for=60)
            citizen = await lines.enter_async_context(line)
            queued = await floor.happened(CallQueued)
            if booking:
                offer = await short_asterisk.prompts.say("callback_offer", key="一")
                await hears(voice, offer)
                await presses_twice(voice, short_asterisk)
                await hears(voice, said(floor, "callback_booked"))
            else:
                await hears(voice, said(floor, "beep"))
        if not booking:
            voice.say(spoken_ulaw(MESSAGE))
        async with opened(short_asterisk, tmp_path, **times) as floor:
            await citizen.finished()
            _, contact = await floor.ended(within=30)
            assert contact is not None
            wanted = ContactOutcome.CALLBACK_BOOKED if booking else ContactOutcome.VOICEMAIL_LEFT
            assert contact.outcome is wanted
            assert (await the_task(floor)).call_id == queued.call_id


@asynccontextmanager
async def unfinished(
    asterisk: RunningAsterisk, folder: Path, **times: float
) -> AsyncIterator[CallFloor]:
    """A floor that is left while calls go on."""
    waiting = {"announce_every": 600, "callback_from": 600, "max_wait": 600} | times
    callers = {"message": {"nobody_seconds": 600, "silence_seconds": 1}}
    rules = rules_with(folder / "rules", waiting, callers)
    async with call_floor(asterisk, folder, rules=rules) as floor:
        yield floor


async def test_a_message_of_the_time_when_we_were_down_is_transcribed_and_called_back(
    short_asterisk: RunningAsterisk, tmp_path: Path
) -> None:
    folder = short_asterisk.settings.recordings_dir / "voicemail"
    said_ulaw = spoken_ulaw(MESSAGE)
    async with calling(short_asterisk, number="13912345678", said=said_ulaw) as citizen:
        await citizen.reaches("answered")
        await until(lambda: any(path.stat().st_size > 20000 for path in folder.glob("*.wav")), 60)
        await citizen.hang_up()
    async with opened(short_asterisk, tmp_path) as floor:
        ended = await floor.happened(CallEnded)
        assert ended.transcript_incomplete, "whoever transcribes is told"
        task = await the_task(floor)
        assert (task.reason, task.citizen_number) == (CallbackReason.VOICEMAIL, "13912345678")
        async with floor.store.read() as session:
            call = await session.get_one(Call, task.call_id)
        assert call.citizen_recording
        assert call.transcript_incomplete
