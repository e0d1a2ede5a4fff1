"""A scripted agent: a desk phone that is really rung, and the console's API beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from hotline.demo.client import Client
from hotline.demo.story import Story, answered_on_the_spot
from hotline.demo.taken import TakenCalls
from hotline.simulation.sip_agent import Ring, SipAgent
from hotline.simulation.sound import spoken_ulaw

log = structlog.get_logger(__name__)

#: How long the transcript may take after the caller has hung up.
SETTLE_SECONDS = 20.0
#: A citizen who is still there after so long has been cut off by nobody: the agent hangs up.
LONGEST_CALL_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class OpenedOrder:
    """What came of a call."""

    order_id: str
    department: str
    #: As the order was left by the agent.
    state: str
    #: How far the story takes it: ``ANSWERED`` or one of ``story.DESTINATIONS``.
    destination: str


class ScriptedAgent:
    """Takes one call after the other until told to stop."""

    def __init__(
        self,
        client: Client,
        phone: SipAgent,
        story: Story,
        taken: TakenCalls,
        on_order: Callable[[OpenedOrder], Awaitable[None]],
        default_department: str,
    ) -> None:
        self._client = client
        self._phone = phone
        self._story = story
        self._taken = taken
        self._on_order = on_order
        self._default_department = default_department

    async def work(self) -> None:
        """Sign in, be ready, and take calls for ever; cancel to end the shift."""
        await self._client.post("/api/agent/state", {"state": "READY"})
        while True:
            ring = await self._phone.rung(within=86_400)
            try:
                await self._take(ring)
            finally:
                await self._taken.end(ring.number)
            await self._client.post("/api/agent/wrap-up-done")

    async def _take(self, ring: Ring) -> None:
        call_id = await self._current_call()
        await asyncio.sleep(0.5)
        self._phone.answer(ring)
        await self._taken.begin(ring.number)
        self._phone.voice.say(spoken_ulaw(self._story.greeting))
        try:
            await ring.ends(within=LONGEST_CALL_SECONDS)
        except TimeoutError:
            await self._phone.hang_up(ring)
        if call_id:
            await self._write_down(call_id)

    async def _current_call(self) -> str | None:
        desk = await self._client.get("/api/agent")
        return desk["call"]["call_id"] if desk["call"] else None

    async def _write_down(self, call_id: str) -> None:
        """Accept what the machine proposes, as an agent in a hurry would."""
        call = await self._understood(call_id)
        proposal = call["understanding"]
        if proposal is None:
            log.warning("nothing was understood, no order opened", call_id=call_id)
            return
        kind, urgency = proposal["request_types"][0]["code"], proposal["urgency"]
        on_the_spot = answered_on_the_spot(kind, urgency)
        destination = "ANSWERED" if on_the_spot else self._story.destination()
        form = self._order_form(call, proposal, destination)
        order = await self._client.post("/api/orders", form)
        await self._on_order(
            OpenedOrder(
                order_id=order["id"],
                department=order["lead_department"],
                state=order["state"],
                destination=destination,
            )
        )

    async def _understood(self, call_id: str) -> dict[str, Any]:
        """The call with its proposal, once the last words have been transcribed."""
        deadline = asyncio.get_running_loop().time() + SETTLE_SECONDS
        while True:
            call: dict[str, Any] = await self._client.get(f"/api/calls/{call_id}")
            late = asyncio.get_running_loop().time() > deadline
            if (call["understanding"] and not call["call"]["transcript_incomplete"]) or late:
                return call
            await asyncio.sleep(0.5)

    def _order_form(
        self, call: dict[str, Any], proposal: dict[str, Any], destination: str
    ) -> dict[str, Any]:
        request_type = proposal["request_types"][0]["code"]
        on_the_spot = destination == "ANSWERED"
        to_unit = "dispatch_queue" if destination == "DISPATCH" else "dispatch_now"
        facts = {fact["kind"]: fact for fact in reversed(proposal["facts"])}
        said = "".join(line["text"] for line in call["utterances"] if line["leg"] == "CALLER")
        departments = proposal["departments"]
        department = departments[0]["code"] if departments else self._default_department
        return {
            "mode": "answered" if on_the_spot else to_unit,
            "call_id": call["call"]["call_id"],
            "request_type": request_type,
            "category": proposal["categories"][0]["code"],
            "urgency": proposal["urgency"],
            "title": proposal["title"] or said[:30],
            "content": said,
            "demand": facts["demand"]["text"] if "demand" in facts else "",
            "place": facts["place"]["value"] if "place" in facts else "",
            "occurred": facts["time"]["text"] if "time" in facts else "",
            "caller_phone": call["call"]["caller_number"],
            "public_answer": self._story.spot_answer if on_the_spot else "",
            "lead_department": department,
            "department": department,
            "proposal": proposal,
        }
