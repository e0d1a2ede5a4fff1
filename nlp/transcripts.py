"""The stored transcript of a call: final utterances, once each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import structlog
from sqlalchemy import delete, select

from models.bus import Bus
from models.events import UtteranceHeard
from models.speech import Utterance
from models.store import Store
from models.tables import UtteranceRow
from models.vocabulary import Leg

log = structlog.get_logger(__name__)


class TranscriptStore:
    """Writes final utterances as they come over the bus, and reads transcripts back."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def subscribe(self, bus: Bus) -> None:
        """Listen for utterances."""
        bus.subscribe("transcripts", self._on_utterance, UtteranceHeard)

    async def _on_utterance(self, event: UtteranceHeard) -> None:
        if event.utterance.final and event.utterance.text:
            await self.add(event.utterance)

    async def add(self, utterance: Utterance) -> None:
        """Keep one; the same id again replaces it."""
        async with self._store.transaction() as work:
            await work.session.merge(_row(utterance))

    async def replace(
        self, call_id: str, utterances: Sequence[Utterance], kept: Sequence[str] = ()
    ) -> None:
        """Put a transcript made from the recording in place of what was heard live, but for the
        utterances ``kept``.
        """
        old = (UtteranceRow.call_id == call_id, UtteranceRow.id.not_in(kept))
        async with self._store.transaction() as work:
            await work.session.execute(delete(UtteranceRow).where(*old))
            work.session.add_all(_row(item) for item in utterances)

    async def of_call(self, call_id: str) -> list[UtteranceRow]:
        """All utterances of a call by time."""
        query = (
            select(UtteranceRow).where(UtteranceRow.call_id == call_id).order_by(UtteranceRow.start)
        )
        async with self._store.read() as session:
            return list(await session.scalars(query))

    async def words_of(self, call_id: str, leg: Leg) -> str:
        """What one side said, as one text."""
        return "\n".join(row.text for row in await self.of_call(call_id) if row.leg is leg)


def _row(utterance: Utterance) -> UtteranceRow:
    return UtteranceRow(
        id=utterance.utterance_id,
        call_id=utterance.call_id,
        leg=utterance.leg,
        party_id=utterance.speaker.party_id if utterance.speaker else None,
        start=utterance.start,
        end=utterance.end,
        text=utterance.text,
        raw=utterance.raw,
        confidence=utterance.confidence,
        words=[asdict(word) for word in utterance.words],
    )
