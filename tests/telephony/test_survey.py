"""After the talk the citizen grades the service by key, unless already gone."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from models.events import CallAnswered, CallRated, CallStateChanged
from models.vocabulary import AgentState, CallState, ContactOutcome, Satisfaction
from telephony.citizen_sound import CitizenSound
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.telephony.floor import CallFloor
from tests.telephony.sounds import hears
from tests.telephony.three import Talk, parties_of, talking

pytestmark = pytest.mark.asterisk

KEYS = "12345"
#: Of the five citizens, but for its last digit.
NUMBER = "1380000020"


@pytest.fixture(autouse=True)
def asked(floor: CallFloor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor.asterisk.settings.telephony, "survey", True)


async def hang_up(floor: CallFloor, talk: Talk) -> None:
    """The agent hangs up; the question begins."""
    await floor.calls.hang_up(talk.call_id, talk.agent_id)
    assert (await floor.happened(CallStateChanged)).state is CallState.SURVEY
    await talk.ring.ends()


async def test_the_agent_is_free_while_the_citizen_grades(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        talk.voice.forget()
        await hang_up(floor, talk)
        await floor.state(talk.agent_id, AgentState.READY)
        await hears(talk.voice, floor.asterisk.prompts.uri("survey"))
        await talk.voice.press("92")  # 9 is no grade
        rated = await floor.happened(CallRated)
        assert (rated.satisfaction, rated.agent_id) == (Satisfaction.SATISFIED, talk.agent_id)
        call, _ = await floor.ended()
        await talk.citizen.finished()
    assert (call.satisfaction, call.outcome) == (Satisfaction.SATISFIED, ContactOutcome.SERVED)
    assert call.rating_asked_at is not None
    (agent,) = await parties_of(floor, call.id)
    assert agent.left_at and call.ended_at and agent.left_at < call.ended_at


async def test_each_of_five_keys_is_its_grade(floor: CallFloor) -> None:
    """Five citizens at the same time; each presses a key first that is no grade."""
    async with AsyncExitStack() as stack:
        voices = {key: await stack.enter_async_context(await Voice.open()) for key in KEYS}
        phones = [
            (await stack.enter_async_context(floor.agent(f"坐席{key}", f"190{key}")))[1]
            for key in KEYS
        ]
        for key, voice in voices.items():
            caller = calling(floor.asterisk, number=NUMBER + key, media_port=voice.port)
            await stack.enter_async_context(caller)
        for phone in phones:
            phone.answer(await phone.rung())
        await floor.happened(CallAnswered, len(KEYS))
        for talk in floor.all(CallAnswered):
            assert talk.agent_id
            await floor.calls.hang_up(talk.call_id, talk.agent_id)
        await asyncio.gather(*(voice.press(wrong + key) for (key, voice), wrong
                               in zip(voices.items(), "06789", strict=True)))  # fmt: skip
        rows = [(await floor.ended(nth))[0] for nth in range(1, len(KEYS) + 1)]
    graded = {row.citizen_number.removeprefix(NUMBER): row.satisfaction for row in rows}
    assert graded == {
        "1": Satisfaction.VERY_SATISFIED,
        "2": Satisfaction.SATISFIED,
        "3": Satisfaction.FAIRLY,
        "4": Satisfaction.DISSATISFIED,
        "5": Satisfaction.VERY_DISSATISFIED,
    }


async def test_a_citizen_who_is_gone_is_not_asked(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        await talk.citizen.hang_up()
        call, _ = await floor.ended()
        assert call.rating_asked_at is None


async def test_nobody_is_kept_who_presses_nothing(
    floor: CallFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked once more, then goodbye is said: nobody is thanked for a grade not given."""
    said: list[str] = []
    play = CitizenSound.play

    async def noted(sound: CitizenSound, playback_id: str, media: str) -> None:
        said.append(media)
        await play(sound, playback_id, media)

    async with talking(floor) as talk:
        monkeypatch.setattr(CitizenSound, "play", noted)
        await talk.phone.hang_up(talk.ring)  # by the phone's own button
        call, contact = await floor.ended()
        await talk.citizen.finished()
        assert contact is not None and contact.reason == "坐席挂断"
        assert call.satisfaction is None and call.rating_asked_at is not None
    prompts, rules = floor.asterisk.prompts, floor.calls.exchange.survey
    assert rules.repeats == 1
    assert said == [*[prompts.uri("survey")] * 2, prompts.uri("goodbye")]


async def test_hanging_up_during_the_question(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        await hang_up(floor, talk)
        await talk.citizen.hang_up()
        call, _ = await floor.ended()
        assert (call.outcome, call.satisfaction) == (ContactOutcome.SERVED, None)


async def test_an_agent_may_end_without_the_question(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        await floor.calls.hang_up(talk.call_id, talk.agent_id, survey=False)
        call, _ = await floor.ended()
        assert call.rating_asked_at is None
