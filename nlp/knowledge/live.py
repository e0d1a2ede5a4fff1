"""Articles for what a citizen says, while it is being said."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from models.bus import Bus, Reach
from models.events import CallEnded, KnowledgeSuggested, UtteranceHeard
from models.knowledge import FoundArticle
from models.vocabulary import Leg
from nlp.knowledge.shelf import ArticleShelf
from nlp.transcripts import TranscriptStore

log = structlog.get_logger(__name__)

#: Characters of a talk that are asked for, the latest; and of them those that count more.
_REMEMBERED = 600
_LATEST = 60
#: Articles that are looked at so that those shown can be compared with them.
_COMPARED = 12
#: A shown article stays unless another is better by this factor.
_CLEARLY = 1.3


class LiveKnowledge:
    """Implements :class:`models.knowledge.KnowledgePort`. One per process."""

    def __init__(
        self,
        shelf: ArticleShelf,
        transcripts: TranscriptStore,
        bus: Bus,
        *,
        shown: int,
        least: float,
    ) -> None:
        self._shelf = shelf
        self._transcripts = transcripts
        self._bus = bus
        self._shown, self._least = shown, least
        self._said: dict[str, dict[str, str]] = {}
        self._latest: dict[str, tuple[str, ...]] = {}
        bus.subscribe("knowledge-talk", self._on_utterance, UtteranceHeard, reach=Reach.HERE)
        bus.subscribe("knowledge-forget", self._on_ended, CallEnded, reach=Reach.HERE)

    async def search(self, text: str, limit: int) -> list[FoundArticle]:
        """See :meth:`models.knowledge.KnowledgePort.search`."""
        return await asyncio.to_thread(self._shelf.index.search, text, limit)

    async def refresh(self) -> int:
        """Take in what was done with articles; how many there are."""
        return await self._shelf.refresh()

    async def suggested(self, call_id: str) -> tuple[str, ...]:
        """See :meth:`models.knowledge.KnowledgePort.suggested`."""
        if call_id in self._latest:
            return self._latest[call_id]
        text = await self._transcripts.words_of(call_id, Leg.CALLER)
        return await self._choose(text.splitlines(), ()) if text else ()

    async def _on_utterance(self, event: UtteranceHeard) -> None:
        heard = event.utterance
        if not heard.final or heard.leg is not Leg.CALLER or not heard.text:
            return
        said = await self._said_so_far(heard.call_id)
        said[heard.utterance_id] = heard.text
        before = self._latest.get(heard.call_id, ())
        now = await self._choose(said.values(), before)
        self._latest[heard.call_id] = now
        if now != before:
            await self._bus.publish(KnowledgeSuggested(call_id=heard.call_id, numbers=now))

    async def _said_so_far(self, call_id: str) -> dict[str, str]:
        """From memory, or after a restart from the stored transcript."""
        if call_id not in self._said:
            rows = await self._transcripts.of_call(call_id)
            self._said[call_id] = {row.id: row.text for row in rows if row.leg is Leg.CALLER}
        return self._said[call_id]

    async def _choose(self, said: Iterable[str], before: tuple[str, ...]) -> tuple[str, ...]:
        text = "\n".join(said)[-_REMEMBERED:]
        found = await asyncio.to_thread(
            self._shelf.index.search, text, _COMPARED, latest=text[-_LATEST:]
        )
        likely = {one.number: one.score for one in found if one.score >= self._least}
        return steady(before, likely, self._shown)

    async def _on_ended(self, event: CallEnded) -> None:
        self._said.pop(event.call_id, None)
        # The agent still fills in the form after hang-up; ``suggested`` reads the store then.
        self._latest.pop(event.call_id, None)


def steady(before: tuple[str, ...], likely: dict[str, float], shown: int) -> tuple[str, ...]:
    """The articles to show, so that what is being read does not jump: one that was shown keeps its
    place while it is likely at all, unless another is clearly better."""
    places = [number if number in likely else "" for number in before][:shown]
    places += [""] * (shown - len(places))
    for number in sorted(likely, key=lambda one: (-likely[one], one)):
        if number in places:
            continue
        if "" in places:
            places[places.index("")] = number
            continue
        weakest = min(places, key=likely.__getitem__)
        if likely[number] > _CLEARLY * likely[weakest]:
            places[places.index(weakest)] = number
    return tuple(number for number in places if number)
