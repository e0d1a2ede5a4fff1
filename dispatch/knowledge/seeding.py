"""The starter set: articles of the rule files, entered once into an empty knowledge base."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from config import knowledge
from dispatch.knowledge.book import new_version
from dispatch.knowledge.ledger import PROGRAM, note
from dispatch.knowledge.shapes import Draft
from dispatch.rules import Rules
from models.clock import Clock
from models.store import Store
from models.tables import Article, ArticleVersion
from models.vocabulary import ArticleAction, ArticleState

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
            now = clock.now()
            work.session.add_all(
                Article(number=article.id, unit=article.unit, live=1) for article in starter
            )
            await work.session.flush()
            for article in starter:
                work.session.add(_first_version(article, now))
                note(work.session, article.id, 1, ArticleAction.SEED, PROGRAM, now)
    except IntegrityError:
        return 0  # another process was faster
    log.info("knowledge.seeded", articles=len(starter))
    return len(starter)


def _first_version(article: knowledge.Article, now: datetime) -> ArticleVersion:
    names = Draft.model_fields.keys() & vars(article).keys()
    row = new_version(article.id, 1, Draft(**{name: getattr(article, name) for name in names}))
    row.example, row.state = article.example, ArticleState.PUBLISHED
    row.made_by_name, row.made_at, row.published_at = PROGRAM.name, now, now
    return row
