"""Reading articles: search, cards for a talk, lists for those who keep them, one with all of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.directory.rights import may
from dispatch.knowledge.book import OPEN, open_version, wrote
from dispatch.knowledge.reports import report_views
from dispatch.knowledge.rights import REVIEW, WITHDRAW, WRITE, answers_for, may_for
from dispatch.knowledge.rows import LIVE, article_row, card, holds_on, not_over, version_view
from dispatch.knowledge.shapes import (
    ArticleCard,
    ArticleDetail,
    ArticleEventView,
    ArticleHistory,
    ArticlePage,
    ArticleRow,
    ArticleUse,
    MayDo,
    ReportView,
)
from dispatch.rules import Rules
from dispatch.scope import sees_all
from models.clock import Clock
from models.errors import NotFound
from models.guards import Actor
from models.knowledge import FoundArticle, KnowledgePort
from models.store import Store
from models.tables import (
    Article,
    ArticleEvent,
    ArticleMark,
    ArticleReport,
    ArticleVersion,
    WorkOrder,
)
from models.vocabulary import ArticleState

#: live: may be given as an answer today; soon: its last day is near; over: it is past; waits: its
#: first day is to come; open: being written; review: waits for review; off: taken off.
Shelf = Literal["live", "soon", "over", "waits", "open", "review", "off"]

#: A hit so much weaker than the best one is noise.
_FAINT = 0.4
#: Hits that are asked for, so that enough remain when some do not hold any more.
_SPARE = 3


class ArticleFilter(BaseModel):
    """Which articles. Words are searched in what may be given as an answer."""

    q: str = Field("", max_length=300)
    shelf: Shelf = "live"
    unit: str = Field("", max_length=32)
    category: str = Field("", max_length=32)
    #: Only what came with the program and was not checked yet.
    example: bool = False
    offset: int = Field(0, ge=0)
    limit: int = Field(20, ge=1, le=100)


class KnowledgeReader:
    """Reads for one person at a time."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, port: KnowledgePort) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._port = port

    @property
    def today(self) -> date:
        """The city's day."""
        return self._clock.now().astimezone(self._rules.zone).date()

    # --- for those who talk with citizens ----------------------------------------------------

    async def suggested(self, call_id: str) -> list[ArticleCard]:
        """For what the citizen has said so far."""
        return await self.cards(await self._port.suggested(call_id))

    async def quick(self, text: str, limit: int) -> list[ArticleCard]:
        """What answers these words, the likeliest first."""
        found = _worth_a_look(await self._port.search(text, limit * _SPARE))
        return (await self.cards([*self._named(text), *found]))[:limit]

    async def cards(self, numbers: Iterable[str]) -> list[ArticleCard]:
        """In this order; without those that do not hold at this moment."""
        wanted = list(dict.fromkeys(numbers))
        query = _live().where(ArticleVersion.number.in_(wanted), holds_on(self.today))
        async with self._store.read() as session:
            rows = {row.number: row for row in await session.scalars(query)}
        return [card(rows[number], self._rules) for number in wanted if number in rows]

    # --- lists -------------------------------------------------------------------------------

    async def page(self, actor: Actor, wanted: ArticleFilter) -> ArticlePage:
        """Articles on a shelf; drafts only of units that the reader keeps articles for."""
        async with self._store.read() as session:
            if wanted.q.strip() and wanted.shelf == "live":
                return await self._search(session, wanted)
            query = self._narrowed(self._on_shelf(actor, wanted), wanted)
            total = await session.scalar(select(func.count()).select_from(query.subquery()))
            some = query.offset(wanted.offset).limit(wanted.limit)
            rows = (await session.scalars(some)).all()
        return ArticlePage(items=self._rows(rows), total=total or 0)

    async def _search(self, session: AsyncSession, wanted: ArticleFilter) -> ArticlePage:
        """The likeliest first; where the search finds nothing, titles that hold the words."""
        most = (wanted.offset + wanted.limit) * _SPARE
        hits = _worth_a_look(await self._port.search(wanted.q, most))
        numbers = list(dict.fromkeys([*self._named(wanted.q), *hits]))
        sought: ColumnElement[bool] = ArticleVersion.number.in_(numbers)
        if not numbers:
            sought = ArticleVersion.title.contains(wanted.q.strip(), autoescape=True)
        query = self._narrowed(_live().where(holds_on(self.today), sought), wanted)
        found = {row.number: row for row in await session.scalars(query)}
        ordered = [found[one] for one in (numbers or sorted(found)) if one in found]
        page = ordered[wanted.offset : wanted.offset + wanted.limit]
        return ArticlePage(items=self._rows(page), total=len(ordered))

    def _on_shelf(self, actor: Actor, wanted: ArticleFilter) -> Select[ArticleVersion]:
        today = self.today
        soon = today + timedelta(days=self._rules.knowledge.remind_days)
        version = ArticleVersion
        live: dict[str, ColumnElement[bool]] = {
            "live": holds_on(today),
            "soon": and_(holds_on(today), version.valid_to <= soon),
            "over": version.valid_to < today,
            "waits": and_(version.valid_from > today, not_over(today)),
        }
        if wanted.shelf in live:
            order = version.number if wanted.shelf == "live" else version.valid_to
            return _live().where(live[wanted.shelf]).order_by(order, version.number)
        if wanted.shelf == "off":
            return self._withdrawn(actor)
        states = (ArticleState.IN_REVIEW,) if wanted.shelf == "review" else OPEN
        query = select(version).where(version.state.in_(states), self._kept(actor))
        return query.order_by(version.submitted_at.is_(None), version.submitted_at, version.number)

    def _withdrawn(self, actor: Actor) -> Select[ArticleVersion]:
        """The last published text of those that nobody is answered by any more."""
        version = ArticleVersion
        newest = (
            select(func.max(ArticleVersion.version))
            .where(ArticleVersion.number == Article.number)
            .where(ArticleVersion.published_at.is_not(None))
            .correlate(Article)
            .scalar_subquery()
        )
        last = and_(version.number == Article.number, version.version == newest)
        query = select(version).join(Article, last).where(Article.live.is_(None))
        return query.where(self._kept(actor)).order_by(version.ended_at.desc(), version.number)

    def _kept(self, actor: Actor) -> ColumnElement[bool]:
        """Articles that the reader keeps."""
        if not (may(self._rules, actor, WRITE) or may(self._rules, actor, REVIEW)):
            return ArticleVersion.number.is_(None)
        if sees_all(actor, self._rules):
            return ArticleVersion.number.is_not(None)
        return ArticleVersion.unit.in_(sorted(self._rules.subtree(actor.department)))

    def _narrowed(
        self, query: Select[ArticleVersion], wanted: ArticleFilter
    ) -> Select[ArticleVersion]:
        if wanted.unit:
            query = query.where(ArticleVersion.unit.in_(sorted(self._rules.subtree(wanted.unit))))
        if wanted.example:
            query = query.where(ArticleVersion.example.is_(True))
        if wanted.category:
            # A list of codes in JSON: each stands in quotation marks.
            text = cast(ArticleVersion.categories, Text)
            query = query.where(text.contains(f'"{wanted.category}', autoescape=True))
        return query

    def _rows(self, rows: Sequence[ArticleVersion]) -> list[ArticleRow]:
        return [article_row(row, self._rules, self.today) for row in rows]

    def _named(self, text: str) -> list[str]:
        """A number that was typed."""
        word = text.strip().upper()
        return [word] if word[:1] == "K" and word[1:].isdecimal() else []

    # --- one ---------------------------------------------------------------------------------

    async def article(self, actor: Actor, number: str) -> ArticleDetail:
        """With what the reader may know and do.

        :raises NotFound: when there is none, or it is only a draft of others.
        """
        async with self._store.read() as session:
            article = await session.get(Article, number)
            shown = await self._shown(session, article) if article else None
            fresh = await open_version(session, number) if article else None
            keeps = article is not None and self._keeps(actor, article.unit)
            row = shown or (fresh if keeps else None)
            if article is None or row is None:
                raise NotFound(f"没有编号为 {number} 的知识条目，或您无权查看", number=number)
            return ArticleDetail(
                card=article_row(row, self._rules, self.today),
                shown=version_view(row, self._rules, self.today),
                open=version_view(fresh, self._rules, self.today) if fresh and keeps else None,
                use=await self._use(session, number),
                may=await self._may(session, actor, article, fresh),
                reports=await self._reports(session, actor, number),
            )

    async def history(self, actor: Actor, number: str) -> ArticleHistory:
        """Everything it ever said, and who did what; of drafts only to those who keep it."""
        await self.article(actor, number)
        versions = select(ArticleVersion).where(ArticleVersion.number == number)
        events = select(ArticleEvent).where(ArticleEvent.number == number)
        async with self._store.read() as session:
            article = await session.get(Article, number)
            keeps = article is not None and self._keeps(actor, article.unit)
            if not keeps:
                versions = versions.where(ArticleVersion.published_at.is_not(None))
            rows = await session.scalars(versions.order_by(ArticleVersion.version.desc()))
            deeds = await session.scalars(
                events.order_by(ArticleEvent.at.desc(), ArticleEvent.id.desc())
            )
            return ArticleHistory(
                versions=[version_view(row, self._rules, self.today) for row in rows],
                events=[_event_view(deed) for deed in deeds],
            )

    def _keeps(self, actor: Actor, unit: str) -> bool:
        return any(may_for(self._rules, actor, one, unit) for one in (WRITE, REVIEW))

    async def _shown(self, session: AsyncSession, article: Article) -> ArticleVersion | None:
        """The live version; without one the last that was."""
        query = select(ArticleVersion).where(
            ArticleVersion.number == article.number, ArticleVersion.published_at.is_not(None)
        )
        if article.live is not None:
            query = query.where(ArticleVersion.version == article.live)
        found: ArticleVersion | None = await session.scalar(
            query.order_by(ArticleVersion.version.desc()).limit(1)
        )
        return found

    async def _use(self, session: AsyncSession, number: str) -> ArticleUse:
        counts = [
            select(func.count()).where(WorkOrder.knowledge_id == number),
            select(func.count()).where(ArticleMark.number == number),
            select(func.count()).where(
                ArticleReport.number == number, ArticleReport.answered_at.is_(None)
            ),
        ]
        orders, helpful, open_reports = [await session.scalar(query) or 0 for query in counts]
        return ArticleUse(orders=orders, helpful=helpful, open_reports=open_reports)

    async def _may(
        self, session: AsyncSession, actor: Actor, article: Article, fresh: ArticleVersion | None
    ) -> MayDo:
        rules, unit = self._rules, article.unit
        waits = fresh is not None and fresh.state is ArticleState.IN_REVIEW
        own = fresh is not None and await wrote(session, fresh, actor)
        review = waits and may_for(rules, actor, REVIEW, unit)
        return MayDo(
            write=may_for(rules, actor, WRITE, unit),
            review=review and not own,
            withdraw=article.live is not None and may_for(rules, actor, WITHDRAW, unit),
            review_hint="本人参与起草，须由其他人审核" if review and own else "",
        )

    async def _reports(self, session: AsyncSession, actor: Actor, number: str) -> list[ReportView]:
        query = select(ArticleReport).where(ArticleReport.number == number)
        query = query.order_by(ArticleReport.made_at.desc(), ArticleReport.id.desc()).limit(20)
        rows = (await session.scalars(query)).all()
        return await report_views(session, rows, actor, self._rules, self._clock.now())

    # --- how much waits ----------------------------------------------------------------------

    async def waiting(self, actor: Actor) -> int:
        """Texts to review, reports to answer."""
        rules = self._rules
        total = 0
        async with self._store.read() as session:
            if may(rules, actor, REVIEW):
                query = select(ArticleVersion).where(
                    ArticleVersion.state == ArticleState.IN_REVIEW, self._kept(actor)
                )
                rows = (await session.scalars(query)).all()
                total += sum([not await wrote(session, row, actor) for row in rows])
            if may(rules, actor, WRITE):
                units = select(ArticleReport.unit).where(ArticleReport.answered_at.is_(None))
                found = (await session.scalars(units)).all()
                total += sum(answers_for(rules, actor, unit) for unit in found)
        return total


def _worth_a_look(hits: Sequence[FoundArticle]) -> list[str]:
    """Without the long tail that shares a word or two with the question."""
    best = hits[0].score if hits else 0.0
    return [hit.number for hit in hits if hit.score >= _FAINT * best]


def _live() -> Select[ArticleVersion]:
    return select(ArticleVersion).join(Article, LIVE)


def _event_view(row: ArticleEvent) -> ArticleEventView:
    return ArticleEventView(
        at=row.at,
        action=row.action,
        action_label=row.action.label,
        version=row.version,
        actor_name=row.actor_name,
        note=row.note,
    )
