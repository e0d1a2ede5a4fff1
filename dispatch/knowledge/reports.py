"""What those who use articles say of them: it helped, or it is wrong and the owner must look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from config.limits import Limit
from dispatch.directory.rights import may
from dispatch.knowledge.ledger import Doer, note
from dispatch.knowledge.rights import WRITE, answers_for, may_for, needs_for
from dispatch.knowledge.shapes import ReportView
from dispatch.rules import Rules
from models.clock import Clock
from models.errors import NotFound
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import Article, ArticleMark, ArticleReport, ArticleVersion
from models.vocabulary import ArticleAction, LimitUnit


class KnowledgeReports:
    """Takes them, and gives them to the owners."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def helped(self, actor: Actor, number: str, call_id: str | None) -> None:
        """Counted once for each call, without a call once a day. Safe to repeat."""
        now = self._clock.now()
        subject = call_id or f"{now.astimezone(self._rules.zone):%Y-%m-%d}"
        try:
            async with self._store.transaction() as work:
                article = await _article(work.session, number)
                work.session.add(
                    ArticleMark(
                        id=new_id(),
                        number=number,
                        version=article.live or 0,
                        staff_id=actor.id,
                        subject=subject,
                        at=now,
                    )
                )
        except IntegrityError:
            return

    async def report(
        self, actor: Actor, number: str, problem: str, call_id: str | None
    ) -> ArticleReport:
        """A task for the owner."""
        now = self._clock.now()
        days = Limit(amount=self._rules.knowledge.report_working_days, unit=LimitUnit.WD)
        async with self._store.transaction() as work:
            article = await _article(work.session, number)
            row = ArticleReport(
                id=new_id(),
                number=number,
                version=article.live or 0,
                unit=article.unit,
                problem=problem,
                call_id=call_id,
                made_by=actor.id,
                made_by_name=actor.name,
                made_at=now,
                due_at=self._rules.counter.due(now, days).at,
                answer="",
                answered_by_name="",
            )
            work.session.add(row)
            doer = Doer.of(actor)
            note(work.session, number, article.live, ArticleAction.REPORT, doer, now, problem)
        return row

    async def answer(self, actor: Actor, report_id: str, upheld: bool, words: str) -> None:
        """The owner's word on it. Said twice, the first stays.

        :raises NotFound: when there is no such report.
        """
        now = self._clock.now()
        async with self._store.transaction() as work:
            query = select(ArticleReport).where(ArticleReport.id == report_id).with_for_update()
            row = await work.session.scalar(query)
            if row is None:
                raise NotFound("没有这条纠错", report_id=report_id)
            needs_for(self._rules, actor, WRITE, row.unit)
            if row.answered_at is not None:
                return
            row.upheld, row.answer, row.answered_at = upheld, words, now
            row.answered_by, row.answered_by_name = actor.id, actor.name
            said = f"{'属实' if upheld else '不属实'}：{words}"
            doer = Doer.of(actor)
            note(work.session, row.number, row.version, ArticleAction.ANSWER, doer, now, said)

    async def open_reports(self, actor: Actor) -> list[ReportView]:
        """What the reader must answer, and what the reader has asked; the most pressing first."""
        query = select(ArticleReport).where(ArticleReport.answered_at.is_(None))
        query = query.order_by(ArticleReport.due_at, ArticleReport.id)
        async with self._store.read() as session:
            keeps = may(self._rules, actor, WRITE)
            rows = [
                row
                for row in await session.scalars(query)
                if row.made_by == actor.id or (keeps and answers_for(self._rules, actor, row.unit))
            ]
            return await report_views(session, rows, actor, self._rules, self._clock.now())


async def report_views(
    session: AsyncSession,
    rows: Sequence[ArticleReport],
    actor: Actor,
    rules: Rules,
    now: datetime,
) -> list[ReportView]:
    """With the title that the article had then."""
    numbers = {row.number for row in rows}
    query = select(ArticleVersion.number, ArticleVersion.version, ArticleVersion.title)
    found = await session.execute(query.where(ArticleVersion.number.in_(numbers)))
    titles = {(number, version): title for number, version, title in found}
    return [
        ReportView(
            id=row.id,
            number=row.number,
            title=titles.get((row.number, row.version), row.number),
            version=row.version,
            unit=row.unit,
            unit_name=rules.unit_name(row.unit),
            problem=row.problem,
            made_by_name=row.made_by_name,
            made_at=row.made_at,
            due_at=row.due_at,
            late=(row.answered_at or now) > row.due_at,
            upheld=row.upheld,
            answer=row.answer,
            answered_by_name=row.answered_by_name,
            answered_at=row.answered_at,
            may_answer=row.answered_at is None and may_for(rules, actor, WRITE, row.unit),
        )
        for row in rows
    ]


async def _article(session: AsyncSession, number: str) -> Article:
    article = await session.get(Article, number)
    if article is None:
        raise NotFound(f"没有编号为 {number} 的知识条目", number=number)
    return article
