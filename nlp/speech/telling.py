"""What was heard is handed over one by one, in order, to a listener who may be slow."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

import structlog

from models.speech import LegMode, Utterance

log = structlog.get_logger(__name__)

#: Called for each utterance in order, partial or final.
OnUtterance = Callable[[Utterance], Awaitable[None] | None]
#: Called when a leg of a call is recognised less, or more again.
OnMode = Callable[[LegMode], Awaitable[None] | None]

#: Partials are skipped while this many utterances wait for a slow listener.
_FULL_QUEUE = 200


class Teller:
    """A queue between the workers and whoever listens."""

    def __init__(self, on_utterance: OnUtterance, on_mode: OnMode | None) -> None:
        self._on_utterance = on_utterance
        self._on_mode = on_mode
        self._queue: asyncio.Queue[Utterance | LegMode | asyncio.Future[None]] = asyncio.Queue()

    def heard(self, utterance: Utterance) -> None:
        """Tell this next; interim text may be passed over."""
        if utterance.final or self._queue.qsize() < _FULL_QUEUE:
            self._queue.put_nowait(utterance)

    def mode(self, now: LegMode) -> None:
        """Tell that a leg is recognised less, or more again."""
        if self._on_mode:
            self._queue.put_nowait(now)

    def all_told(self, done: asyncio.Future[None]) -> None:
        """Set ``done`` when everything up to here is told."""
        self._queue.put_nowait(done)

    async def run(self) -> None:
        """Tell until cancelled. A listener that fails does not stop the others."""
        while True:
            item = await self._queue.get()
            if isinstance(item, asyncio.Future):
                if not item.done():
                    item.set_result(None)
                continue
            try:
                result = self._hand_over(item)
                if inspect.isawaitable(result):
                    await result
            except Exception:
                log.exception("what was heard was not taken", call_id=item.call_id)

    def _hand_over(self, item: Utterance | LegMode) -> Awaitable[None] | None:
        if isinstance(item, Utterance):
            return self._on_utterance(item)
        return self._on_mode(item) if self._on_mode else None
