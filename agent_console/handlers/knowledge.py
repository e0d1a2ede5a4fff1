"""The knowledge base: search, what a talk needs, writing and reviewing, what was found wrong."""

from __future__ import annotations

from pydantic import Field

from agent_console.call_queries import rings_at, visible_call
from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.knowledge.reading import ArticleFilter
from dispatch.knowledge.shapes import (
    ArticleCard,
    ArticleDetail,
    ArticleHistory,
    ArticlePage,
    Draft,
    ReportView,
)

routes = Routes("知识库")

_VIEW, _WRITE = "knowledge.view", "knowledge.write"
_REVIEW, _WITHDRAW = "knowledge.review", "knowledge.withdraw"


class ArticleQuery(Body, ArticleFilter):
    """Words, shelf, unit, category."""


class QuickQuery(Body):
    """Words as an agent types them."""

    q: str = Field(min_length=1, max_length=300, title="检索词")


class NewText(Body):
    """The text of an article. ``revision``: of the draft that was read; 0: there was none."""

    draft: Draft = Field(title="条目")
    revision: int = Field(0, ge=0, title="修订号")


class Revision(Body):
    """The draft that was read."""

    revision: int = Field(ge=1, title="修订号")


class Decision(Revision):
    """What the reviewer says of it."""

    note: str = Field("", max_length=1000, title="审核意见")


class Refusal(Revision):
    """What is to be mended."""

    note: str = Field(min_length=2, max_length=1000, title="退回意见")


class Withdrawal(Body):
    """Why nobody is to be answered by it any more."""

    reason: str = Field(min_length=2, max_length=500, title="下架原因")


class Helped(Body):
    """In which call."""

    call_id: str | None = Field(None, max_length=26)


class Problem(Helped):
    """What is wrong with it."""

    problem: str = Field(min_length=4, max_length=1000, title="有误之处")


class ReportAnswer(Body):
    """Whether it was wrong, and what was done."""

    upheld: bool = Field(title="是否属实")
    answer: str = Field(min_length=2, max_length=1000, title="答复")


# --- reading -----------------------------------------------------------------------------------


@routes.route("GET", "/api/knowledge", summary="检索知识条目", permission=_VIEW)
async def list_articles(ask: Ask, query: ArticleQuery) -> ArticlePage:
    """By words, by shelf; the likeliest first. What does not hold today is on its own shelf."""
    return await ask.console.knowledge.reader.page(ask.person.actor(), query)


@routes.route("GET", "/api/knowledge/quick", summary="通话中检索知识条目", permission=_VIEW)
async def quick_search(ask: Ask, query: QuickQuery) -> list[ArticleCard]:
    """The few likeliest that hold at this moment."""
    shown = ask.console.services.rules.knowledge.shown
    return await ask.console.knowledge.reader.quick(query.q, shown)


@routes.route(
    "GET", "/api/calls/{call_id}/knowledge", summary="通话中推荐的知识条目", permission=_VIEW
)
async def suggested(ask: Ask, call_id: str) -> list[ArticleCard]:
    """For what the citizen has said so far; ``KnowledgeSuggested`` tells of a change. Also while
    the call only rings.
    """
    at_hand = rings_at(ask.console, ask.person, call_id)
    async with ask.console.store.read() as session:
        await visible_call(session, call_id, ask.person, at_hand=at_hand)
    return await ask.console.knowledge.reader.suggested(call_id)


@routes.route("GET", "/api/knowledge/reports", summary="待答复的纠错", permission=_VIEW)
async def list_reports(ask: Ask) -> list[ReportView]:
    """The reader's own and those that the reader is to answer, the most pressing first."""
    return await ask.console.knowledge.reports.open_reports(ask.person.actor())


@routes.route("GET", "/api/knowledge/{number}", summary="一条知识", permission=_VIEW)
async def get_article(ask: Ask, number: str) -> ArticleDetail:
    """With what the reader may do."""
    return await ask.console.knowledge.reader.article(ask.person.actor(), number)


@routes.route(
    "GET", "/api/knowledge/{number}/history", summary="一条知识的版本和操作记录", permission=_VIEW
)
async def get_history(ask: Ask, number: str) -> ArticleHistory:
    """The newest first."""
    return await ask.console.knowledge.reader.history(ask.person.actor(), number)


# --- writing and reviewing -----------------------------------------------------------------------


@routes.route("POST", "/api/knowledge", summary="新建知识条目", permission=_WRITE)
async def create_article(ask: Ask, body: NewText) -> ArticleDetail:
    """As a draft; its number is given."""
    number = await ask.console.knowledge.book.create(ask.person.actor(), body.draft)
    return await get_article(ask, number)


@routes.route("PUT", "/api/knowledge/{number}/draft", summary="保存条目草稿", permission=_WRITE)
async def save_article_draft(ask: Ask, number: str, body: NewText) -> ArticleDetail:
    """The live version answers until the draft is published."""
    book = ask.console.knowledge.book
    await book.save(ask.person.actor(), number, body.draft, body.revision)
    return await get_article(ask, number)


@routes.route("POST", "/api/knowledge/{number}/submit", summary="送审", permission=_WRITE)
async def submit_draft(ask: Ask, number: str, body: Revision) -> ArticleDetail:
    """It cannot be changed until it is decided."""
    await ask.console.knowledge.book.submit(ask.person.actor(), number, body.revision)
    return await get_article(ask, number)


@routes.route("POST", "/api/knowledge/{number}/discard", summary="放弃草稿", permission=_WRITE)
async def discard_draft(ask: Ask, number: str, body: Revision) -> None:
    """It stays in the history."""
    await ask.console.knowledge.book.discard(ask.person.actor(), number, body.revision)


@routes.route("POST", "/api/knowledge/{number}/publish", summary="审核通过", permission=_REVIEW)
async def publish_draft(ask: Ask, number: str, body: Decision) -> ArticleDetail:
    """Refused to whoever wrote any of it. It is the answer from now on."""
    book = ask.console.knowledge.book
    await book.publish(ask.person.actor(), number, body.revision, body.note)
    return await get_article(ask, number)


@routes.route("POST", "/api/knowledge/{number}/send-back", summary="审核退回", permission=_REVIEW)
async def send_back_draft(ask: Ask, number: str, body: Refusal) -> ArticleDetail:
    """A draft again."""
    book = ask.console.knowledge.book
    await book.send_back(ask.person.actor(), number, body.revision, body.note)
    return await get_article(ask, number)


@routes.route("POST", "/api/knowledge/{number}/withdraw", summary="下架", permission=_WITHDRAW)
async def withdraw_article(ask: Ask, number: str, body: Withdrawal) -> ArticleDetail:
    """Gone from every page at once. Safe to repeat."""
    await ask.console.knowledge.book.withdraw(ask.person.actor(), number, body.reason)
    return await get_article(ask, number)


# --- what those who use it say -------------------------------------------------------------------


@routes.route("POST", "/api/knowledge/{number}/helped", summary="有帮助", permission=_VIEW)
async def helped(ask: Ask, number: str, body: Helped) -> None:
    """Counted once for each call."""
    await ask.console.knowledge.reports.helped(ask.person.actor(), number, body.call_id)


@routes.route("POST", "/api/knowledge/{number}/reports", summary="提出纠错", permission=_VIEW)
async def report_problem(ask: Ask, number: str, body: Problem) -> None:
    """A task for the unit that answers for it."""
    reports = ask.console.knowledge.reports
    await reports.report(ask.person.actor(), number, body.problem, body.call_id)


@routes.route(
    "POST", "/api/knowledge/reports/{report_id}/answer", summary="答复纠错", permission=_WRITE
)
async def answer_report(ask: Ask, report_id: str, body: ReportAnswer) -> None:
    """The first answer stays."""
    reports = ask.console.knowledge.reports
    await reports.answer(ask.person.actor(), report_id, body.upheld, body.answer)
