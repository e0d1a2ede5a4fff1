"""The articles of the database in the index: read at the start, and when something changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date

import structlog
from sqlalchemy import and_, func, or_, select

from models.bus import Bus, Reach
from models.events import KnowledgeChanged
from models.store import Store
from models.tables import Article, ArticleEvent, ArticleVersion
from nlp.knowledge.index import Entry, KnowledgeIndex

log = structlog.get_logger(__name__)


class ArticleShelf:
    """Keeps the index in step with the database. One per process."""

    def __init__(
        self, store: Store, bus: Bus, index: KnowledgeIndex, today: Callable[[], date]
    ) -> None:
        self.index = index
        self._store = store
        self._today = today
        self._seen: tuple[tuple[int, str | None], date] | None = None
        self._reading = asyncio.Lock()
        bus.subscribe("knowledge-index", self._on_change, KnowledgeChanged, reach=Reach.ALL)

    async def refresh(self) -> int:
        """Read anew if anything was done with an article, or a day is over; how many there are."""
        async with self._reading:
            seen = (await self._deeds(), self._today())
            if seen != self._seen:
                entries = await self._entries(seen[1])
                await asyncio.to_thread(self.index.replace, entries)
                self._seen = seen
                log.info("knowledge.read", articles=len(entries))
        return len(self.index)

    async def _on_change(self, _event: KnowledgeChanged) -> None:
        await self.refresh()

    async def _deeds(self) -> tuple[int, str | None]:
        """How many there are, and the last: ids of one millisecond come in any order."""
        query = select(func.count(ArticleEvent.id), func.max(ArticleEvent.id))
        async with self._store.read() as session:
            count, last = (await session.execute(query)).one()
        return count, last

    async def _entries(self, today: date) -> list[Entry]:
        """What may be given as an answer today."""
        live = and_(Article.number == ArticleVersion.number, Article.live == ArticleVersion.version)
        query = (
            select(ArticleVersion)
            .join(Article, live)
            .where(ArticleVersion.valid_from <= today)
            .where(or_(ArticleVersion.valid_to.is_(None), ArticleVersion.valid_to >= today))
        )
        async with self._store.read() as session:
            return [_entry(row) for row in await session.scalars(query)]


def _entry(row: ArticleVersion) -> Entry:
    return Entry(
        number=row.number,
        questions=(row.title, *row.questions),
        spoken=row.spoken,
        text=row.text,
    )
