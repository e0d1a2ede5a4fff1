"""Numbers fetched into a call: allowed or not, and counted as those that are called by click."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from config.phone_book import FILE, load_phone_book
from models.errors import InvalidInput, TransitionRefused
from models.ports import PartyChoice
from models.vocabulary import AgentState, PartyKind, TransferKind
from tests.support.asterisk import RunningAsterisk
from tests.support.tones import hears_only
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.three import (
    AGENT,
    ALL,
    EMERGENCY,
    EXPERT,
    Talk,
    outsider,
    parties_of,
    talking,
)

pytestmark = pytest.mark.asterisk

NUMBER, OTHER = "13812345678", "13912345678"


@pytest.fixture
async def strict(short_asterisk: RunningAsterisk, tmp_path: Path) -> AsyncIterator[CallFloor]:
    """Two calls a day, to a number and by an agent."""
    assert short_asterisk.settings.rules
    rules = tmp_path / "rules"
    shutil.copytree(short_asterisk.settings.rules, rules)
    book = load_phone_book().model_dump(mode="json")
    limits = {"per_number_a_day": 2, "per_agent_a_day": 2}
    (rules / FILE).write_text(
        yaml.safe_dump(book | {"limits": limits}, allow_unicode=True), "utf-8"
    )
    async with call_floor(short_asterisk, tmp_path, rules=rules) as floor:
        yield floor
        assert await short_asterisk.is_empty()


async def consulted(talk: Talk, choice: PartyChoice, nth: int) -> None:
    """Somebody is asked, answers, and is let go."""
    desk = talk.floor.calls.desk
    async with outsider(talk.floor) as (phone, _):
        await desk.consult(talk.call_id, talk.agent_id, choice)
        await talk.party("joined", nth)
        await desk.end_consultation(talk.call_id, talk.agent_id)
        await phone.finished()


async def test_a_number_fetched_into_a_call_counts_for_the_day(strict: CallFloor) -> None:
    desk = strict.calls.desk
    async with talking(strict) as talk:
        mine = (talk.call_id, talk.agent_id)
        with pytest.raises(InvalidInput, match="不在允许外呼的范围内"):
            await desk.consult(*mine, PartyChoice(number="00852123456"))
        await consulted(talk, PartyChoice(number=NUMBER), 1)
        await consulted(talk, PartyChoice(number=f"0{NUMBER}"), 2)
        with pytest.raises(TransitionRefused, match="今天已呼叫该号码 2 次"):
            await desk.consult(*mine, PartyChoice(number=NUMBER))
        with pytest.raises(TransitionRefused, match="今天已呼叫该号码 2 次"):
            await desk.transfer(*mine, TransferKind.BLIND, PartyChoice(number=NUMBER))
        with pytest.raises(TransitionRefused, match="您今天已外呼 2 次"):
            await desk.consult(*mine, PartyChoice(number=OTHER))
        assert await hears_only(talk.voice, AGENT, of=ALL), "the talk goes on"
        await consulted(talk, EXPERT, 3)
        await consulted(talk, EMERGENCY, 4)
        await strict.calls.hang_up(*mine)
        call, _ = await strict.ended()
        await strict.state(talk.agent_id, AgentState.READY)
        with pytest.raises(TransitionRefused, match="今天已呼叫该号码 2 次"):
            await strict.calls.call_out(talk.agent_id, NUMBER)
    others = [row for row in await parties_of(strict, call.id) if row.agent_id is None]
    outside = [PartyKind.OUTSIDE, PartyKind.OUTSIDE, PartyKind.EXPERT, PartyKind.EMERGENCY]
    assert [row.kind for row in others] == outside
    assert {row.rung_by for row in others} == {talk.agent_id}


async def test_a_call_by_click_counts_for_what_is_fetched_into_calls(strict: CallFloor) -> None:
    async with strict.agent("李娜", "1902") as (second, phone):
        for nth in (1, 2):
            call_id = await strict.calls.call_out(second, NUMBER)
            phone.answer(await phone.rung())
            await strict.calls.hang_up(call_id, second)
            await strict.ended(nth)
            await strict.state(second, AgentState.READY)
        await strict.calls.set_state(second, AgentState.BUSY)
        async with talking(strict) as talk:
            with pytest.raises(TransitionRefused, match="今天已呼叫该号码 2 次"):
                await strict.calls.desk.consult(
                    talk.call_id, talk.agent_id, PartyChoice(number=NUMBER)
                )
            await talk.citizen.hang_up()
            await strict.ended(3)
