"""The stored transcript of a call: final utterances, once each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

import structlog
from sqlalchemy import delete, select

from models.bus import Bus
from models.errors import NotFound
from models.events import UtteranceHeard
from models.speech import Correction, Utterance
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

    async def set_correction(
        self, call_id: str, utterance_id: str, index: int, *, undone: bool
    ) -> UtteranceRow:
        """Take a correction back, or make it again; the same twice changes nothing.

        :raises NotFound: when there is no such utterance or correction.
        """
        async with self._store.transaction() as work:
            row = await work.session.get(UtteranceRow, utterance_id, with_for_update=True)
            if row is None or row.call_id != call_id or not 0 <= index < len(row.corrections):
                raise NotFound("没有这处更正，转写可能已经更新，请刷新页面。")
            made = [Correction(**one) for one in row.corrections]
            text, now = _with_correction(row.text, made, index, undone)
            row.text, row.corrections = text, [asdict(one) for one in now]
            return row

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


def _with_correction(
    text: str, made: list[Correction], index: int, undone: bool
) -> tuple[str, list[Correction]]:
    """The text with one correction taken back or made again, and where all of them stand then."""
    old, new = made[index], replace(made[index], undone=undone)
    end = old.start + len(old.shown)
    moved = len(new.shown) - len(old.shown)
    later = [replace(one, start=one.start + moved) for one in made[index + 1 :]]
    return text[: old.start] + new.shown + text[end:], [*made[:index], new, *later]


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
        corrections=[asdict(correction) for correction in utterance.corrections],
    )
