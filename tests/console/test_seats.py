"""One seat, one page: who signs in later has the telephone, and the earlier page is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent_console.seats import Seats
from tests.console.browser import Browser
from tests.console.house import House
from tests.console.stream import listening
from tests.console.test_calls import staff_id

pytestmark = pytest.mark.store


async def sits_down(browser: Browser) -> tuple[str, str]:
    """The page's ticket and the way of its phone."""
    seat = (await browser.post("/api/agent/sign-in")).body
    return seat["seat"], seat["sip_path"]


async def test_the_earlier_page_is_told_and_others_are_not(house: House) -> None:
    first, other = await house.signed_in("agent"), await house.signed_in("agent2")
    async with listening(first) as told, listening(other) as elsewhere:
        ticket, _ = await sits_down(await house.signed_in("agent"))
        assert (await told.next("SeatTaken")).data["ticket"] == ticket
        theirs, _ = await sits_down(other)
        assert (await elsewhere.next("SeatTaken")).data["ticket"] == theirs


async def test_a_page_that_is_loaded_anew_takes_the_seat_only_from_itself(house: House) -> None:
    agent = await house.signed_in("agent")
    ticket, _ = await sits_down(agent)
    me = await staff_id(house, "agent")
    house.calls.agents[me] = replace(house.calls.agents[me], phone_online=True)
    again = await agent.post("/api/agent/sign-in", {"resume": True, "seat": ticket})
    assert again.status == 200
    for former in (ticket, ""):
        stale = await agent.post("/api/agent/sign-in", {"resume": True, "seat": former})
        assert (stale.status, stale.body["code"]) == (409, "seat-elsewhere")
    house.calls.agents[me] = replace(house.calls.agents[me], phone_online=False)
    gone = await agent.post("/api/agent/sign-in", {"resume": True, "seat": ""})
    assert gone.status == 200


async def test_after_a_restart_the_latest_ticket_wins_in_whatever_order_they_come(
    house: House,
) -> None:
    before = Seats(house.services.bus)
    first, second = await before.take("wang"), await before.take("wang")
    after = Seats(house.services.bus)
    after.refuse_phone("wang", first)
    after.refuse_phone("wang", second)
    assert after.latest("wang") == second
