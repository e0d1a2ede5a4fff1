"""A reader takes back what the machine put right in a transcript."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from sqlalchemy import select, update

from models.speech import Correction
from models.tables import UtteranceRow
from models.vocabulary import Leg
from tests.console.browser import Answer, Browser
from tests.console.house import House
from tests.console.test_calls import past_call

pytestmark = pytest.mark.store


async def test_a_name_is_taken_back_and_put_right_again(house: House) -> None:
    call = await past_call(house)
    made = [
        Correction(start=0, heard="整箱北路", written="蒸湘北路"),
        Correction(start=5, heard="低报", written="低保"),
    ]
    async with house.store.transaction() as work:
        caller = (UtteranceRow.call_id == call.id, UtteranceRow.leg == Leg.CALLER)
        utterance_id = await work.session.scalar(select(UtteranceRow.id).where(*caller))
        values = {"text": "蒸湘北路的低保户。", "corrections": [asdict(one) for one in made]}
        await work.session.execute(update(UtteranceRow).where(*caller).values(values))
    agent = await house.signed_in("agent")
    corrections = f"/api/calls/{call.id}/utterances/{utterance_id}/corrections"

    async def choose(by: Browser, index: str, undone: bool) -> Answer:
        return await by.request("PUT", f"{corrections}/{index}", body={"undone": undone})

    for _ in range(2):  # a double click
        taken = (await choose(agent, "0", True)).body
        assert taken["text"] == "整箱北路的低保户。"
    both = (await choose(agent, "1", True)).body
    assert both["text"] == "整箱北路的低报户。"
    again = (await choose(agent, "0", False)).body
    assert again["text"] == "蒸湘北路的低报户。"
    said = (await agent.get(f"/api/calls/{call.id}")).body["utterances"][1]
    assert said["text"] == "蒸湘北路的低报户。"
    assert [one["undone"] for one in said["corrections"]] == [False, True]

    for index in ("2", "-1", "x"):
        refused = await choose(agent, index, True)
        assert refused.status == 404
    other = await house.signed_in("agent2")
    assert (await choose(other, "0", True)).status == 404
