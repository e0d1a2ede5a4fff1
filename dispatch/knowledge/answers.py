"""An order that is answered by an article: it must hold at that moment."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.knowledge.rows import LIVE, holds_on
from models.tables import Article, ArticleVersion


async def cannot_answer(session: AsyncSession, number: str, today: date) -> str:
    """Why nobody may be answered by this article today; empty: they may."""
    query = (
        select(ArticleVersion.version).join(Article, LIVE).where(ArticleVersion.number == number)
    )
    if await session.scalar(query.where(holds_on(today))) is not None:
        return ""
    if await session.scalar(query) is not None:
        return f"知识条目 {number} 今天不在有效期内，不能再作为答复依据，请重新选择"
    if await session.get(Article, number) is not None:
        return f"知识条目 {number} 已下架，不能再作为答复依据，请重新选择"
    return f"没有编号为 {number} 的知识条目"
