"""After the talk the citizen grades the service by key, unless already gone."""

from __future__ import annotations

import pytest

from models.events import CallRated, CallStateChanged
from models.vocabulary import AgentState, CallState, ContactOutcome, Satisfaction
from tests.telephony.floor import CallFloor
from tests.telephony.sounds import hears
from tests.telephony.three import Talk, parties_of, talking

pytestmark = pytest.mark.asterisk


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


async def test_a_citizen_who_is_gone_is_not_asked(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        await talk.citizen.hang_up()
        call, _ = await floor.ended()
        assert call.rating_asked_at is None


async def test_nobody_is_kept_who_presses_nothing(floor: CallFloor) -> None:
    async with talking(floor) as talk:
        await talk.phone.hang_up(talk.ring)  # by the phone's own button
        call, contact = await floor.ended()
        await talk.citizen.finished()
        assert contact is not None and contact.reason == "坐席挂断"
        assert call.satisfaction is None and call.rating_asked_at is not None


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
