"""Writing, reviewing, publishing and taking off articles. Each deed is one transaction."""

from __future__ import annotations

from datetime import date, datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.knowledge.checking import check_days, check_draft, check_questions
from dispatch.knowledge.ledger import Doer, note
from dispatch.knowledge.rights import REVIEW, WITHDRAW, WRITE, needs_for
from dispatch.knowledge.shapes import Draft
from dispatch.rules import Rules
from models.clock import Clock
from models.errors import Conflict, Forbidden, NotFound, TransitionRefused
from models.events import KnowledgeChanged
from models.guards import Actor
from models.ids import new_id
from models.store import Store, UnitOfWork
from models.tables import Article, ArticleEvent, ArticleVersion
from models.vocabulary import ArticleAction, ArticleState

log = structlog.get_logger(__name__)

OPEN = (ArticleState.DRAFT, ArticleState.IN_REVIEW)
#: What makes a person an author of a version.
_WRITING = (ArticleAction.DRAFT, ArticleAction.EDIT)


class KnowledgeBook:
    """Keeps the articles."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    @property
    def today(self) -> date:
        """The city's day."""
        return self._clock.now().astimezone(self._rules.zone).date()

    # --- writing --------------------------------------------------------------------------------

    async def create(self, actor: Actor, draft: Draft) -> str:
        """A new article, as a draft; its number.

        :raises InvalidInput: naming each wrong field.
        """
        self._check(actor, draft)
        for _ in range(5):
            try:
                async with self._store.transaction() as work:
                    number = await next_number(work.session)
                    work.session.add(Article(number=number, unit=draft.unit, live=None))
                    await work.session.flush()
                    self._add(work, number, 1, draft, Doer.of(actor))
                return number
            except IntegrityError:
                log.info("knowledge.number_taken")  # somebody else was faster
        raise Conflict("同时新建的条目太多，请再试一次")

    async def save(self, actor: Actor, number: str, draft: Draft, revision: int) -> int:
        """Keep the text of the draft; without one (``revision`` 0) begin it. The new revision.

        :raises Conflict: somebody else has saved it since it was read.
        :raises TransitionRefused: it is being reviewed.
        """
        self._check(actor, draft)
        try:
            async with self._store.transaction() as work:
                article = await self._article(work.session, number)
                needs_for(self._rules, actor, WRITE, article.unit)
                row = await open_version(work.session, number)
                if row is None:
                    return await self._begin(work, actor, number, draft, revision)
                return self._edit(work, actor, row, draft, revision)
        except IntegrityError as error:
            raise Conflict("其他人刚开始修改该条目，请刷新后再改", number=number) from error

    async def _begin(
        self, work: UnitOfWork, actor: Actor, number: str, draft: Draft, revision: int
    ) -> int:
        if revision:
            raise Conflict("这份草稿已审核或已放弃，请刷新", number=number)
        versions = select(ArticleVersion.version).where(ArticleVersion.number == number)
        newest = max(await work.session.scalars(versions), default=0)
        self._add(work, number, newest + 1, draft, Doer.of(actor))
        await work.session.flush()
        return 1

    def _edit(
        self, work: UnitOfWork, actor: Actor, row: ArticleVersion, draft: Draft, revision: int
    ) -> int:
        if row.state is not ArticleState.DRAFT:
            raise TransitionRefused("该条目正在审核，退回后才能修改", number=row.number)
        _check_revision(row, revision)
        for name, value in draft.model_dump(mode="json", exclude=_DATES).items():
            setattr(row, name, value)
        row.valid_from, row.valid_to = draft.valid_from, draft.valid_to
        row.revision += 1
        row.made_by, row.made_by_name = actor.id, actor.name
        row.made_at = self._clock.now()
        self._note(work, row, ArticleAction.EDIT, actor, draft.note)
        return row.revision

    async def submit(self, actor: Actor, number: str, revision: int) -> None:
        """Hand the draft in for review.

        :raises InvalidInput: when a question leads to another article already.
        """
        async with self._store.transaction() as work:
            row = await self._open(work.session, number, ArticleState.DRAFT, revision)
            needs_for(self._rules, actor, WRITE, row.unit)
            check_days(row, self.today)
            await check_questions(work.session, row, self.today)
            row.state, row.submitted_at = ArticleState.IN_REVIEW, self._clock.now()
            row.review_note = ""
            row.revision += 1
            self._note(work, row, ArticleAction.SUBMIT, actor, row.note)

    async def discard(self, actor: Actor, number: str, revision: int) -> None:
        """Give the draft up. It stays in the history."""
        async with self._store.transaction() as work:
            row = await self._open(work.session, number, ArticleState.DRAFT, revision)
            needs_for(self._rules, actor, WRITE, row.unit)
            row.state, row.ended_at = ArticleState.WITHDRAWN, self._clock.now()
            self._note(work, row, ArticleAction.DISCARD, actor)

    # --- reviewing ------------------------------------------------------------------------------

    async def publish(self, actor: Actor, number: str, revision: int, words: str = "") -> None:
        """What waits is the answer from now on.

        :raises Forbidden: to whoever wrote any of it.
        """
        async with self._store.transaction() as work:
            row = await self._reviewed(work, actor, number, revision)
            check_days(row, self.today)
            await check_questions(work.session, row, self.today)
            await publish(work, row, self._clock.now())
            _review(row, actor, words, self._clock)
            self._note(work, row, ArticleAction.PUBLISH, actor, words)

    async def send_back(self, actor: Actor, number: str, revision: int, words: str) -> None:
        """It is a draft again, with what is to be mended."""
        async with self._store.transaction() as work:
            row = await self._reviewed(work, actor, number, revision)
            row.state = ArticleState.DRAFT
            _review(row, actor, words, self._clock)
            self._note(work, row, ArticleAction.SEND_BACK, actor, words)

    async def withdraw(self, actor: Actor, number: str, reason: str) -> None:
        """Nobody may be answered by it from now on. Safe to repeat."""
        async with self._store.transaction() as work:
            article = await self._article(work.session, number)
            needs_for(self._rules, actor, WITHDRAW, article.unit)
            if article.live is None:
                return
            row = await _version(work.session, number, article.live)
            row.state, row.ended_at = ArticleState.WITHDRAWN, self._clock.now()
            article.live = None
            self._note(work, row, ArticleAction.WITHDRAW, actor, reason)
            work.record(KnowledgeChanged(numbers=(number,)))
        log.info("knowledge.withdrawn", number=number, by=actor.id)

    # --- inside ---------------------------------------------------------------------------------

    def _check(self, actor: Actor, draft: Draft) -> None:
        check_draft(draft, self._rules)
        needs_for(self._rules, actor, WRITE, draft.unit)

    def _add(self, work: UnitOfWork, number: str, version: int, draft: Draft, doer: Doer) -> None:
        now = self._clock.now()
        row = new_version(number, version, draft)
        row.made_by, row.made_by_name, row.made_at = doer.id or None, doer.name, now
        work.session.add(row)
        note(work.session, number, version, ArticleAction.DRAFT, doer, now, draft.note)

    def _note(
        self,
        work: UnitOfWork,
        row: ArticleVersion,
        action: ArticleAction,
        actor: Actor,
        words: str = "",
    ) -> None:
        doer = Doer.of(actor)
        note(work.session, row.number, row.version, action, doer, self._clock.now(), words)

    async def _article(self, session: AsyncSession, number: str) -> Article:
        query = select(Article).where(Article.number == number).with_for_update()
        article = await session.scalar(query)
        if article is None:
            raise NotFound(f"没有编号为 {number} 的知识条目", number=number)
        return article

    async def _open(
        self, session: AsyncSession, number: str, state: ArticleState, revision: int
    ) -> ArticleVersion:
        await self._article(session, number)
        row = await open_version(session, number)
        if row is None or row.state is not state:
            raise TransitionRefused(f"该条目没有{state.label}的内容，请刷新", number=number)
        _check_revision(row, revision)
        return row

    async def _reviewed(
        self, work: UnitOfWork, actor: Actor, number: str, revision: int
    ) -> ArticleVersion:
        row = await self._open(work.session, number, ArticleState.IN_REVIEW, revision)
        needs_for(self._rules, actor, REVIEW, row.unit)
        if await wrote(work.session, row, actor):
            raise Forbidden("起草和修改的人不能审核自己的内容，请由其他人审核", number=number)
        return row


_DATES = {"valid_from", "valid_to"}


def new_version(number: str, version: int, draft: Draft) -> ArticleVersion:
    """A draft's row, without who made it."""
    return ArticleVersion(
        id=new_id(),
        number=number,
        version=version,
        state=ArticleState.DRAFT,
        revision=1,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        example=False,
        reviewed_by_name="",
        review_note="",
        **draft.model_dump(mode="json", exclude=_DATES),
    )


async def publish(work: UnitOfWork, row: ArticleVersion, now: datetime) -> None:
    """This version takes the place of the one before."""
    article = await work.session.get(Article, row.number)
    assert article is not None, row.number
    if article.live is not None:
        before = await _version(work.session, row.number, article.live)
        before.state, before.ended_at = ArticleState.REPLACED, now
    row.state, row.published_at = ArticleState.PUBLISHED, now
    article.live, article.unit = row.version, row.unit
    work.record(KnowledgeChanged(numbers=(row.number,)))


async def next_number(session: AsyncSession) -> str:
    """The one after the highest."""
    used = [int(number[1:]) for number in await session.scalars(select(Article.number))]
    return f"K{max(used, default=0) + 1:04d}"


async def open_version(session: AsyncSession, number: str) -> ArticleVersion | None:
    """The text that is being written or reviewed."""
    query = select(ArticleVersion).where(
        ArticleVersion.number == number, ArticleVersion.state.in_(OPEN)
    )
    found: ArticleVersion | None = await session.scalar(query)
    return found


async def wrote(session: AsyncSession, row: ArticleVersion, actor: Actor) -> bool:
    """Whether the person, or whom they stand in for, wrote any of the version."""
    query = select(ArticleEvent.id).where(
        ArticleEvent.number == row.number,
        ArticleEvent.version == row.version,
        ArticleEvent.action.in_(_WRITING),
        ArticleEvent.actor_id.in_(actor.selves),
    )
    return row.made_by in actor.selves or await session.scalar(query.limit(1)) is not None


async def _version(session: AsyncSession, number: str, version: int) -> ArticleVersion:
    query = select(ArticleVersion).where(
        ArticleVersion.number == number, ArticleVersion.version == version
    )
    return (await session.scalars(query)).one()


def _check_revision(row: ArticleVersion, revision: int) -> None:
    if row.revision != revision:
        raise Conflict(
            f"{row.made_by_name}在您读取之后修改过该条目，请刷新后再改", number=row.number
        )


def _review(row: ArticleVersion, actor: Actor, words: str, clock: Clock) -> None:
    row.reviewed_by, row.reviewed_by_name = actor.id, actor.name
    row.reviewed_at, row.review_note = clock.now(), words
    row.revision += 1
