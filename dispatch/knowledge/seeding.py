"""The starter set: articles of the rule files, entered once into an empty knowledge base."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from config import knowledge
from dispatch.knowledge.book import new_version, publish
from dispatch.knowledge.ledger import PROGRAM, note
from dispatch.knowledge.shapes import Draft
from dispatch.rules import Rules
from models.clock import Clock
from models.store import Store, UnitOfWork
from models.tables import Article
from models.vocabulary import ArticleAction

log = structlog.get_logger(__name__)


async def is_empty(store: Store) -> bool:
    """Nothing was ever entered."""
    async with store.read() as session:
        return await session.scalar(select(Article.number).limit(1)) is None


async def seed(store: Store, clock: Clock, rules: Rules, starter: knowledge.Knowledge) -> int:
    """Enter them, unless there are any; how many were entered."""
    try:
        async with store.transaction() as work:
            if await work.session.scalar(select(Article.number).limit(1)) is not None:
                return 0
            for article in starter:
                await _enter(work, article, clock.now())
    except IntegrityError:
        return 0  # another process was faster
    log.info("knowledge.seeded", articles=len(starter))
    return len(starter)


async def _enter(work: UnitOfWork, article: knowledge.Article, now: datetime) -> None:
    work.session.add(Article(number=article.id, unit=article.unit, live=None))
    await work.session.flush()
    names = Draft.model_fields.keys() & vars(article).keys()
    row = new_version(article.id, 1, Draft(**{name: getattr(article, name) for name in names}))
    row.example, row.note = article.example, ""
    row.made_by_name, row.made_at = PROGRAM.name, now
    work.session.add(row)
    await work.session.flush()
    await publish(work, row, now)
    note(work.session, article.id, 1, ArticleAction.SEED, PROGRAM, now)
