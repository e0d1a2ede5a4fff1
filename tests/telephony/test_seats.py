"""Seats and phones: who gets which, and what a page needs to register."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import NotFound, TransitionRefused
from models.ids import new_id
from models.vocabulary import AgentState
from tests.support.faulty_ari import FaultyARI
from tests.telephony.test_faults import opened

pytestmark = [pytest.mark.unit, pytest.mark.store]


async def test_an_agent_keeps_the_seat_once_given(tmp_path: Path) -> None:
    async with FaultyARI().serving() as ari, opened(ari, tmp_path) as floor:
        first, second = await floor.hire("王芳"), await floor.hire("李娜")
        account = await floor.calls.sign_in(first)
        assert account.extension == "1001"
        assert len(account.password) > 20
        assert account.browser
        assert (await floor.calls.sign_in(second)).extension == "1002"
        await floor.calls.sign_out(first)
        assert floor.calls.presence(first).state is AgentState.OFFLINE
        assert await floor.calls.sign_in(first) == account
        assert floor.calls.presence(first).agent_name == "王芳"


async def test_a_desk_phone_is_not_a_browsers(tmp_path: Path) -> None:
    async with FaultyARI().serving() as ari, opened(ari, tmp_path) as floor:
        account = await floor.calls.sign_in(await floor.hire("王芳", "1901"))
        assert not account.browser


async def test_more_agents_than_seats(tmp_path: Path) -> None:
    async with FaultyARI().serving() as ari, opened(ari, tmp_path) as floor:
        for number in range(8):
            await floor.calls.sign_in(await floor.hire(f"坐席{number}"))
        late = await floor.hire("赵敏")
        with pytest.raises(TransitionRefused, match="8 个坐席分机都有人在用"):
            await floor.calls.sign_in(late)
        with pytest.raises(NotFound):
            await floor.calls.sign_in(new_id())
        with pytest.raises(NotFound):
            await floor.calls.sign_in(await floor.hire("外人", "7777"))
        assert floor.calls.presence(late).state is AgentState.OFFLINE


async def test_more_people_than_seats_and_not_all_at_work(tmp_path: Path) -> None:
    async with FaultyARI().serving() as ari, opened(ari, tmp_path) as floor:
        shift = [await floor.hire(f"早班{number}") for number in range(8)]
        for agent in shift:
            await floor.calls.sign_in(agent)
        await floor.calls.sign_out(shift[2])
        late = await floor.hire("晚班")
        assert (await floor.calls.sign_in(late)).extension == "1003", "whose user has gone"
        assert (
            floor.calls.presence(late).phone_online == floor.calls.presence(shift[2]).phone_online
        )
        with pytest.raises(TransitionRefused):
            await floor.calls.sign_in(shift[2])
        await floor.calls.sign_out(shift[5])
        assert (await floor.calls.sign_in(shift[2])).extension == "1006"


async def test_practice_phones(tmp_path: Path) -> None:
    async with FaultyARI().serving() as ari, opened(ari, tmp_path) as floor:
        account = floor.calls.practice_phone("13800000001")
        assert account.extension == "citizen1"
        assert account.password
        with pytest.raises(NotFound):
            floor.calls.practice_phone("13900000000")


async def test_presence_outlives_the_process(tmp_path: Path) -> None:
    async with FaultyARI().serving() as ari:
        async with opened(ari, tmp_path) as floor:
            agent = await floor.hire("王芳", "1901")
            await floor.calls.sign_in(agent)
            await floor.calls.set_state(agent, AgentState.MEAL, "午饭")
        async with opened(ari, tmp_path) as floor:
            presence = floor.calls.presence(agent)
            assert (presence.state, presence.reason) == (AgentState.MEAL, "午饭")
            assert presence.phone_online
            assert presence.extension == "1901"
