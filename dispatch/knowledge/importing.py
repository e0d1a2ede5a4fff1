"""Bringing articles in from a table: all of it, or nothing and a report."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.sheets import UnreadableTable
from dispatch.directory.catalogue_sheet import RowFault
from dispatch.knowledge.book import new_version, next_number, open_version, publish
from dispatch.knowledge.ledger import Doer, note
from dispatch.knowledge.rows import LIVE
from dispatch.knowledge.shapes import Draft
from dispatch.knowledge.sheet import KnowledgeSheet, ReadArticle, SheetReading
from dispatch.rules import Rules
from models.clock import Clock
from models.store import Store, UnitOfWork
from models.tables import Article, ArticleVersion
from models.vocabulary import ArticleAction, ArticleState


@dataclass(kw_only=True)
class ImportReport:
    """What became of a file."""

    new: int = 0
    changed: int = 0
    same: int = 0
    faults: list[RowFault] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)


class KnowledgeImport:
    """Reads a file, compares it with what there is, and enters it."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self.sheet = KnowledgeSheet(rules)

    async def check(self, name: str, content: bytes) -> ImportReport:
        """What would become of it; nothing is entered."""
        reading = self._read(name, content)
        async with self._store.read() as session:
            return await self._compared(session, reading, [])

    async def enter(
        self, name: str, content: bytes, doer: Doer, *, published: bool
    ) -> ImportReport:
        """Enter it, if nothing in it is wrong: for review, or (under the doer's name) published."""
        reading = self._read(name, content)
        async with self._store.transaction() as work:
            fresh: list[ReadArticle] = []
            report = await self._compared(work.session, reading, fresh)
            if not report.faults:
                for one in fresh:
                    await self._enter(work, one, doer, published)
        return report

    async def rows(self) -> list[ArticleVersion]:
        """All that may be given as an answer, or could be on other days."""
        query = select(ArticleVersion).join(Article, LIVE).order_by(ArticleVersion.number)
        async with self._store.read() as session:
            return list(await session.scalars(query))

    def _read(self, name: str, content: bytes) -> SheetReading:
        try:
            return self.sheet.read(name, content)
        except UnreadableTable as error:
            advice = "另存为 .xlsx 或 UTF-8 编码的 .csv 后再试"
            fault = RowFault(row=0, column="", value="", problem=str(error), advice=advice)
            return SheetReading(faults=[fault])

    async def _compared(
        self, session: AsyncSession, reading: SheetReading, fresh: list[ReadArticle]
    ) -> ImportReport:
        report = ImportReport(faults=list(reading.faults), repairs=reading.repairs)
        query = select(ArticleVersion).join(Article, LIVE)
        live = {row.number: row for row in await session.scalars(query)}
        for one in reading.articles:
            if one.number in live and _draft(live[one.number]) == _without_note(one.draft):
                report.same += 1
                continue
            if one.number and await open_version(session, one.number) is not None:
                report.faults.append(_busy(one))
                continue
            fresh.append(one)
            report.changed += one.number in live
            report.new += one.number not in live
        return report

    async def _enter(self, work: UnitOfWork, one: ReadArticle, doer: Doer, published: bool) -> None:
        now, session = self._clock.now(), work.session
        number = one.number or await next_number(session)
        if await session.get(Article, number) is None:
            session.add(Article(number=number, unit=one.draft.unit, live=None))
            await session.flush()
        versions = select(ArticleVersion.version).where(ArticleVersion.number == number)
        row = new_version(number, max(await session.scalars(versions), default=0) + 1, one.draft)
        row.made_by_name, row.made_at = doer.name, now
        row.state, row.submitted_at = ArticleState.IN_REVIEW, now
        session.add(row)
        await session.flush()
        note(session, number, row.version, ArticleAction.IMPORT, doer, now, one.draft.note)
        if published:
            row.reviewed_by_name, row.reviewed_at = doer.name, now
            await publish(work, row, now)
            note(session, number, row.version, ArticleAction.PUBLISH, doer, now)
        await session.flush()


def _draft(row: ArticleVersion) -> Draft:
    names = Draft.model_fields.keys() - {"note"}
    return Draft.model_validate({name: getattr(row, name) for name in names})


def _without_note(draft: Draft) -> Draft:
    return draft.model_copy(update={"note": ""})


def _busy(one: ReadArticle) -> RowFault:
    problem = "该条目有草稿或待审的内容"
    advice = "先在系统中发布或放弃，再导入"
    return RowFault(row=one.row, column="编号", value=one.number, problem=problem, advice=advice)
