"""Understanding while the call runs: after each thing the citizen says, a fresh proposal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from models.bus import Bus, Reach
from models.clock import Clock
from models.events import (
    CallEnded,
    RequestUnderstood,
    TranscriptCompleted,
    UtteranceHeard,
)
from models.understanding import Understanding
from models.vocabulary import Leg
from nlp.text.urgency import never_lower
from nlp.transcripts import TranscriptStore

log = structlog.get_logger(__name__)

#: Text and the time it was said at, to a proposal. Called in a thread.
Understand = Callable[[str, datetime], Understanding]


class LiveUnderstanding:
    """Listens to the citizen's final utterances and publishes what they amount to so far.

    The last proposal of each running call is kept for a console that (re)loads the page.
    """

    def __init__(
        self, understand: Understand, transcripts: TranscriptStore, bus: Bus, clock: Clock
    ) -> None:
        self._understand = understand
        self._transcripts = transcripts
        self._bus = bus
        self._clock = clock
        self._said: dict[str, dict[str, str]] = {}
        self._latest: dict[str, Understanding] = {}
        bus.subscribe("understanding", self._on_utterance, UtteranceHeard, reach=Reach.HERE)
        bus.subscribe("understanding-catch-up", self._on_completed, TranscriptCompleted)
        bus.subscribe("understanding-forget", self._on_ended, CallEnded, reach=Reach.HERE)

    async def latest(self, call_id: str) -> Understanding | None:
        """The newest proposal of a call; made anew from the stored transcript when forgotten."""
        if call_id not in self._latest:
            text = await self._transcripts.words_of(call_id, Leg.CALLER)
            if not text:
                return None
            return await self._propose(text)
        return self._latest[call_id]

    async def _on_utterance(self, event: UtteranceHeard) -> None:
        heard = event.utterance
        if not heard.final or heard.leg is not Leg.CALLER or not heard.text:
            return
        said = await self._said_so_far(heard.call_id)
        said[heard.utterance_id] = heard.text
        await self._tell(heard.call_id, "\n".join(said.values()))

    async def _said_so_far(self, call_id: str) -> dict[str, str]:
        """From memory, or after a restart from the stored transcript."""
        if call_id not in self._said:
            rows = await self._transcripts.of_call(call_id)
            self._said[call_id] = {row.id: row.text for row in rows if row.leg is Leg.CALLER}
        return self._said[call_id]

    async def _on_completed(self, event: TranscriptCompleted) -> None:
        text = await self._transcripts.words_of(event.call_id, Leg.CALLER)
        if text:
            await self._tell(event.call_id, text)

    async def _tell(self, call_id: str, text: str) -> None:
        understanding = never_lower(await self._propose(text), self._latest.get(call_id))
        self._latest[call_id] = understanding
        await self._bus.publish(RequestUnderstood(call_id=call_id, understanding=understanding))

    async def _propose(self, text: str) -> Understanding:
        return await asyncio.to_thread(self._understand, text, self._clock.now())

    async def _on_ended(self, event: CallEnded) -> None:
        self._said.pop(event.call_id, None)
        # The agent still fills in the form after hang-up; ``latest`` reads the store then.
        self._latest.pop(event.call_id, None)
