"""The life of an article: drafted, reviewed by another, given as an answer, over."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from config.knowledge import load_knowledge
from dispatch.knowledge.desk import KnowledgeDesk
from dispatch.knowledge.reading import ArticleFilter, Shelf
from dispatch.knowledge.seeding import seed
from dispatch.knowledge.shapes import Draft
from dispatch.knowledge.watch import KnowledgeWatch
from dispatch.rules import Rules
from models.clock import ManualClock
from models.errors import Conflict, Forbidden, InvalidInput, NotFound, TransitionRefused
from models.guards import Actor
from models.knowledge import NoKnowledge
from models.store import Store
from models.tables import OutboxRow, WorkOrder
from models.vocabulary import ArticleAction, ArticleState
from tests.dispatch.desk import Desk

pytestmark = pytest.mark.store

TODAY = date(2026, 11, 20)
LAMP: dict[str, Any] = {
    "title": "路灯不亮",
    "questions": ["路灯坏了找谁"],
    "spoken": "请说一下是哪条路、第几根灯杆，我马上登记，由城管维修。",
    "text": "登记要点：路名、灯杆编号。",
    "basis": ["城市道路管理条例"],
    "unit": "D-CG",
    "categories": ["C010102"],
    "audience": ["person"],
    "valid_from": TODAY,
    "valid_to": None,
}


def draft(**changes: Any) -> Draft:
    return Draft(**(LAMP | changes))


class Base:
    """The knowledge base with its people."""

    def __init__(
        self, store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]
    ) -> None:
        self.store, self.clock, self.rules = store, clock, rules
        self.desk = KnowledgeDesk(store, clock, rules, NoKnowledge())
        self.clerk, self.head = people["chengguan"], people["chengguanju"]
        self.other, self.agent = people["zhujian"], people["huawu1"]
        self.leader, self.manager = people["banzhang"], people["zhuren"]

    async def published(self, **changes: Any) -> str:
        """An article that the clerk wrote and the head published."""
        number = await self.desk.book.create(self.clerk, draft(**changes))
        await self.desk.book.submit(self.clerk, number, 1)
        await self.desk.book.publish(self.head, number, 2)
        return number

    async def numbers(self, who: Actor, shelf: Shelf = "live") -> list[str]:
        page = await self.desk.reader.page(who, ArticleFilter(shelf=shelf))
        return [row.number for row in page.items]

    async def look(self) -> int:
        return await KnowledgeWatch(self.store, self.clock, self.rules).look()

    async def told(self) -> int:
        """How often open pages were told to read anew."""
        async with self.store.read() as session:
            rows = await session.scalars(select(OutboxRow.payload))
            return sum(row["type"] == "KnowledgeChanged" for row in rows)


@pytest.fixture
def base(store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]) -> Base:
    return Base(store, clock, rules, people)


async def test_the_starter_set_is_entered_once(base: Base) -> None:
    starter = load_knowledge(base.rules.taxonomy, base.rules.departments)
    assert await seed(base.store, base.clock, base.rules, starter) == len(starter)
    assert await seed(base.store, base.clock, base.rules, starter) == 0
    page = await base.desk.reader.page(base.agent, ArticleFilter(limit=1))
    assert page.total == len(starter)
    detail = await base.desk.reader.article(base.agent, "K0408")
    assert detail.shown.example, "shown as an example that nobody here has checked"
    assert detail.card.source == ("（依据：知识库K0408《路灯不亮》，区城管局，2026-01-01起有效）")


async def test_an_article_is_published_by_another_than_its_author(base: Base) -> None:
    book, reader = base.desk.book, base.desk.reader
    number = await book.create(base.clerk, draft())
    assert number == "K0001"
    assert await base.numbers(base.agent) == []
    with pytest.raises(NotFound):
        await reader.article(base.agent, number)
    assert await base.numbers(base.clerk, "open") == [number]
    await book.submit(base.clerk, number, 1)
    with pytest.raises(Forbidden, match="承办单位负责人"):
        await book.publish(base.clerk, number, 2)
    assert await reader.waiting(base.head) == 1
    assert (await reader.article(base.head, number)).may.review
    await book.publish(base.head, number, 2, "已核对")
    assert await base.numbers(base.agent) == [number]
    assert [card.number for card in await reader.cards([number, "K0404"])] == [number]
    history = await reader.history(base.clerk, number)
    assert {(event.action, event.actor_name) for event in history.events} == {
        (ArticleAction.PUBLISH, base.head.name),
        (ArticleAction.SUBMIT, base.clerk.name),
        (ArticleAction.DRAFT, base.clerk.name),
    }


async def test_nobody_reviews_what_they_wrote_any_of(base: Base) -> None:
    book = base.desk.book
    number = await book.create(base.clerk, draft())
    await book.save(base.head, number, draft(title="路灯不亮、常亮"), 1)
    await book.save(base.clerk, number, draft(title="路灯不亮或常亮"), 2)
    await book.submit(base.clerk, number, 3)
    with pytest.raises(Forbidden, match="不能审核自己"):
        await book.publish(base.head, number, 4)
    detail = await base.desk.reader.article(base.head, number)
    assert not detail.may.review and detail.may.review_hint
    assert await base.desk.reader.waiting(base.head) == 0
    await book.publish(base.manager, number, 4)
    assert await base.numbers(base.agent) == [number]


async def test_a_new_version_answers_only_when_it_is_published(base: Base) -> None:
    book, reader = base.desk.book, base.desk.reader
    number = await base.published()
    await book.save(base.clerk, number, draft(spoken="路灯归城管局，请说明位置。"), 0)
    assert (await reader.cards([number]))[0].spoken == LAMP["spoken"]
    await book.submit(base.clerk, number, 1)
    with pytest.raises(TransitionRefused, match="正在审核"):
        await book.save(base.clerk, number, draft(), 2)
    await book.send_back(base.head, number, 2, "请写明时限")
    detail = await reader.article(base.clerk, number)
    assert detail.open is not None and detail.open.review_note == "请写明时限"
    await book.save(base.clerk, number, draft(spoken="路灯归城管局，三天内修。"), 3)
    await book.submit(base.clerk, number, 4)
    await book.publish(base.head, number, 5)
    (card,) = await reader.cards([number])
    assert (card.version, card.spoken) == (2, "路灯归城管局，三天内修。")
    states = [one.state for one in (await reader.history(base.agent, number)).versions]
    assert states == [ArticleState.PUBLISHED, ArticleState.REPLACED]
    assert await base.told() == 2


async def test_two_who_write_at_once_do_not_overwrite_each_other(base: Base) -> None:
    book = base.desk.book
    number = await base.published()
    await book.save(base.clerk, number, draft(title="甲"), 0)
    with pytest.raises(Conflict):
        await book.save(base.head, number, draft(title="乙"), 0)
    await book.discard(base.clerk, number, 1)
    with pytest.raises(Conflict):
        await book.save(base.clerk, number, draft(title="甲"), 1)
    await book.save(base.head, number, draft(title="乙"), 0)
    assert await base.numbers(base.clerk, "open") == [number]


async def test_units_keep_their_own_articles_and_the_hotline_all(base: Base) -> None:
    book = base.desk.book
    number = await base.published()
    with pytest.raises(Forbidden, match="区城管局负责"):
        await book.save(base.other, number, draft(), 0)
    with pytest.raises(Forbidden):
        await book.create(base.other, draft())
    with pytest.raises(Forbidden):
        await book.create(base.agent, draft())
    await book.save(base.leader, number, draft(title="路灯不亮怎么办"), 0)
    assert await base.numbers(base.other, "open") == []
    with pytest.raises(Forbidden):
        await book.withdraw(base.clerk, number, "内容有误")
    await book.withdraw(base.leader, number, "内容有误")
    await book.withdraw(base.leader, number, "内容有误")
    assert await base.numbers(base.agent) == []
    assert await base.numbers(base.clerk, "off") == [number]
    detail = await base.desk.reader.article(base.agent, number)
    assert detail.card.state is ArticleState.WITHDRAWN


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unit": "D-MOON"}, "没有编码为 D-MOON 的单位"),
        ({"categories": ["C99"]}, "没有编码为 C99 的诉求分类"),
        ({"categories": ["C01"]}, "是一级分类"),
        ({"questions": ["路灯坏了", "路灯，坏了？"]}, "有两个问法相同"),
    ],
)
async def test_what_does_not_fit_is_named(
    base: Base, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        await base.desk.book.create(base.manager, draft(**changes))


async def test_one_question_does_not_lead_to_two_answers(base: Base) -> None:
    await base.published()
    number = await base.desk.book.create(base.clerk, draft(questions=["路灯坏了，找谁？"]))
    with pytest.raises(InvalidInput, match=r"已在 K0001 中"):
        await base.desk.book.submit(base.clerk, number, 1)


async def test_on_its_last_day_it_answers_and_on_the_next_it_is_gone(
    base: Base, desk: Desk
) -> None:
    number = await base.published(valid_to=TODAY)
    told = await base.told()
    answered: dict[str, Any] = {
        "answered": True,
        "public_answer": "已告知办理地点及材料",
        "department": "",
        "knowledge_id": number,
    }
    order_id = (await desk.open(**answered)).order_id
    async with base.store.read() as session:
        order = await session.get(WorkOrder, order_id)
    assert order is not None and order.knowledge_id == number
    assert (await base.desk.reader.article(base.agent, number)).use.orders == 1
    base.clock.advance(timedelta(hours=14))  # midnight, by the city's clock
    assert await base.desk.reader.cards([number]) == []
    assert await base.numbers(base.agent) == []
    assert await base.numbers(base.agent, "over") == [number]
    with pytest.raises(InvalidInput, match="不在有效期内"):
        await desk.open(**answered)
    detail = await base.desk.reader.article(base.agent, number)
    assert detail.card.state is ArticleState.EXPIRED
    # Open pages are told once.
    assert await base.look() == 1
    assert await base.look() == 0
    assert await base.told() == told + 1


async def test_an_order_names_only_an_article_that_may_answer(base: Base, desk: Desk) -> None:
    answer: dict[str, Any] = {
        "answered": True,
        "public_answer": "已告知办理地点及材料",
        "department": "",
    }
    with pytest.raises(InvalidInput, match="没有编号为 K7777"):
        await desk.open(**answer, knowledge_id="K7777")
    number = await base.published(valid_from=TODAY + timedelta(days=1))
    assert await base.numbers(base.agent, "waits") == [number]
    with pytest.raises(InvalidInput, match="不在有效期内"):
        await desk.open(**answer, knowledge_id=number)
    with pytest.raises(InvalidInput, match="只有直接答复"):
        await desk.open(knowledge_id=number)
    await base.desk.book.withdraw(base.manager, number, "政策取消")
    with pytest.raises(InvalidInput, match="已下架"):
        await desk.open(**answer, knowledge_id=number)


async def test_its_owner_is_reminded_before_the_end(base: Base) -> None:
    number = await base.published(valid_to=TODAY + timedelta(days=20))
    assert await base.look() == 0
    assert await base.numbers(base.clerk, "soon") == []
    base.clock.advance(timedelta(days=5))
    assert await base.look() == 1
    assert await base.look() == 0
    assert await base.numbers(base.clerk, "soon") == [number]
    events = (await base.desk.reader.history(base.clerk, number)).events
    assert events[0].action is ArticleAction.REMIND


async def test_what_an_agent_finds_wrong_is_a_task_for_the_owner(base: Base) -> None:
    number, reports = await base.published(), base.desk.reports
    await reports.report(base.agent, number, "时限已改为两天", None)
    assert await base.desk.reader.waiting(base.clerk) == 1
    assert await base.desk.reader.waiting(base.other) == 0
    (mine,) = await reports.open_reports(base.agent)
    (task,) = await reports.open_reports(base.clerk)
    assert (mine.id, mine.may_answer, task.may_answer) == (task.id, False, True)
    # Friday morning, one working day: until Monday night.
    assert task.due_at.astimezone(base.rules.zone).date() == TODAY + timedelta(days=3)
    assert await reports.open_reports(base.other) == []
    with pytest.raises(Forbidden):
        await reports.answer(base.other, task.id, True, "已改")
    await reports.answer(base.clerk, task.id, True, "已改为两天")
    await reports.answer(base.head, task.id, False, "没有错")
    (answered,) = (await base.desk.reader.article(base.agent, number)).reports
    assert (answered.upheld, answered.answer) == (True, "已改为两天")
    assert await base.desk.reader.waiting(base.clerk) == 0


async def test_help_is_counted_once_for_each_call(base: Base) -> None:
    number, reports = await base.published(), base.desk.reports
    for call in ("call-1", "call-1", "call-2", None, None):
        await reports.helped(base.agent, number, call)
    assert (await base.desk.reader.article(base.agent, number)).use.helpful == 3
