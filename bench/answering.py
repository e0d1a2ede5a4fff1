"""Agents who answer every ring, and what their phones saw."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.floor import Desk, desk
from bench.talk import Conversation, conversations
from tests.support.hotline import RunningHotline

_LONGEST_RING_SECONDS = 3600.0
#: Different conversations; agents beyond them say the same.
_WORDS = 8
_WORDS_SECONDS = 30.0


@dataclass(kw_only=True)
class Answered:
    """What the agents' phones saw."""

    calls: int = 0
    #: Rings that came while the phone was in a call.
    while_busy: int = 0


@asynccontextmanager
async def desks(hotline: RunningHotline, count: int) -> AsyncIterator[list[Desk]]:
    """So many agents, ready."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(desk(hotline, n)) for n in range(count)]


@asynccontextmanager
async def answering(places: list[Desk]) -> AsyncIterator[Answered]:
    """Every agent answers every ring and speaks, until the end of the block."""
    answered = Answered()
    with TemporaryDirectory(prefix="hotline-bench-") as folder:
        words = conversations(Path(folder), max(1, min(len(places), _WORDS)), _WORDS_SECONDS)
        tasks = [
            asyncio.create_task(_answer(place, words[number % len(words)], answered))
            for number, place in enumerate(places)
        ]
        try:
            yield answered
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(place: Desk, words: Conversation, answered: Answered) -> None:
    while True:
        ring = await place.phone.rung(within=_LONGEST_RING_SECONDS)
        if ring.over.is_set():
            continue
        place.phone.answer(ring)
        place.phone.voice.say(words.agent)
        answered.calls += 1
        seen = len(place.phone.rings)
        await ring.ends(within=_LONGEST_RING_SECONDS)
        answered.while_busy += sum(other.answered for other in place.phone.rings[seen:])
        place.phone.voice.forget()
