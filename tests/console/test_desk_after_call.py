"""What the desk reads from the records while a call that is over is still before the eyes."""

from __future__ import annotations

import pytest

from models.vocabulary import PriorityReason
from tests.console.house import House
from tests.console.test_calls import past_call, staff_id

pytestmark = pytest.mark.store


@pytest.mark.filterwarnings("error::UserWarning")
async def test_a_call_in_wrap_up_says_why_it_went_before_others(house: House) -> None:
    """Read back from JSON, the reasons are reasons again: anything else is warned of."""
    agent = await house.signed_in("agent")
    await agent.post("/api/agent/sign-in")
    call = await past_call(house, priority=1000, priority_reasons=[PriorityReason.INTERRUPTED])
    house.calls.wrap_up(await staff_id(house, "agent"), call.id)
    desk = await agent.get("/api/agent")
    assert desk.status == 200
    assert desk.body["call"]["priority_reasons"] == ["INTERRUPTED"]
