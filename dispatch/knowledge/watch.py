"""What time does to articles: owners are reminded, and open pages learn that one is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import structlog
from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.knowledge.ledger import PROGRAM, note
from dispatch.knowledge.rows import LIVE
from dispatch.notices.board import addresses, message_row
from dispatch.rules import Rules
from models.clock import Clock
from models.events import KnowledgeChanged
from models.store import Store
from models.tables import Article, ArticleEvent, ArticleVersion
from models.vocabulary import ArticleAction, NoticeAudience

log = structlog.get_logger(__name__)


class KnowledgeWatch:
    """Looks again and again; each matter is told once for each version."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def look(self) -> int:
        """Tell what is over, remind of what will be; how many articles."""
        today = self._clock.now().astimezone(self._rules.zone).date()
        soon = today + timedelta(days=self._rules.knowledge.remind_days)
        valid_to = ArticleVersion.valid_to
        over = await self._untold(ArticleAction.EXPIRE, valid_to < today)
        near = await self._untold(ArticleAction.REMIND, (valid_to >= today) & (valid_to <= soon))
        if over:
            await self._tell_over([row.number for row in over])
        for row in near:
            await self._remind(row.number, today)
        return len(over) + len(near)

    async def _untold(
        self, action: ArticleAction, when: ColumnElement[bool]
    ) -> Sequence[ArticleVersion]:
        async with self._store.read() as session:
            return (await session.scalars(_untold(action).where(when))).all()

    async def _tell_over(self, numbers: list[str]) -> None:
        now = self._clock.now()
        today = now.astimezone(self._rules.zone).date()
        query = _untold(ArticleAction.EXPIRE).where(
            ArticleVersion.valid_to < today, ArticleVersion.number.in_(numbers)
        )
        async with self._store.transaction() as work:
            await _lock(work.session, numbers)
            rows = (await work.session.scalars(query)).all()
            for row in rows:
                words = f"有效期至{row.valid_to:%Y-%m-%d}"
                action = ArticleAction.EXPIRE
                note(work.session, row.number, row.version, action, PROGRAM, now, words)
            if rows:
                work.record(KnowledgeChanged(numbers=tuple(row.number for row in rows)))
        log.info("knowledge.expired", articles=len(rows))

    async def _remind(self, number: str, today: date) -> None:
        now, action = self._clock.now(), ArticleAction.REMIND
        query = _untold(action).where(
            ArticleVersion.number == number, ArticleVersion.valid_to >= today
        )
        async with self._store.transaction() as work:
            await _lock(work.session, [number])
            row = await work.session.scalar(query)
            if row is None:
                return
            words = (
                f"知识条目{row.number}《{row.title}》将于{row.valid_to:%Y-%m-%d}到期，"
                "到期后即不再使用，请及时更新或延长有效期。"
            )
            note(work.session, row.number, row.version, action, PROGRAM, now, words)
            audience = NoticeAudience.UNIT
            to = await addresses(work.session, self._rules, row.unit, now, audience)
            for channel, address in to:
                key = f"knowledge:{row.id}:{channel.value}:{address}"
                work.session.add(message_row(key, channel, address, row.unit, words, now))


def _untold(action: ArticleAction) -> Select[ArticleVersion]:
    told = exists().where(
        ArticleEvent.number == ArticleVersion.number,
        ArticleEvent.version == ArticleVersion.version,
        ArticleEvent.action == action,
    )
    return select(ArticleVersion).join(Article, LIVE).where(~told)


async def _lock(session: AsyncSession, numbers: list[str]) -> None:
    """Two processes must not tell the same."""
    query = select(Article.number).where(Article.number.in_(numbers))
    await session.execute(query.order_by(Article.number).with_for_update())
