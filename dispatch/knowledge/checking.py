"""Whether the text of an article fits the units and categories of today."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.knowledge import same_question
from dispatch.commands import invalid
from dispatch.knowledge.rows import LIVE, not_over
from dispatch.knowledge.shapes import Draft
from dispatch.rules import Rules
from models.tables import Article, ArticleVersion


def faults_of(draft: Draft, rules: Rules) -> list[dict[str, str]]:
    """Everything that is wrong with it, field by field."""
    found = []
    if draft.unit not in rules.departments:
        found.append(_fault("unit", "责任单位", f"没有编码为 {draft.unit} 的单位"))
    for code in draft.categories:
        if code not in rules.taxonomy:
            found.append(_fault("categories", "诉求分类", f"没有编码为 {code} 的诉求分类"))
        elif rules.taxonomy.get(code).level == 1:
            name = rules.taxonomy.get(code).name
            found.append(_fault("categories", "诉求分类", f"“{name}”是一级分类，请选二级或三级"))
    asked = [same_question(question) for question in draft.questions]
    if len(set(asked)) < len(asked):
        found.append(_fault("questions", "常见问法", "有两个问法相同"))
    return found


def check_draft(draft: Draft, rules: Rules) -> None:
    """:raises InvalidInput: naming each wrong field."""
    if found := faults_of(draft, rules):
        raise invalid(found)


def check_days(row: ArticleVersion, today: date) -> None:
    """:raises InvalidInput: when it would never hold."""
    if row.valid_to is not None and row.valid_to < today:
        raise invalid([_fault("valid_to", "失效日期", "失效日期已过，发布后也不能使用")])


async def check_questions(session: AsyncSession, row: ArticleVersion, today: date) -> None:
    """One question must not lead to two answers.

    :raises InvalidInput: naming the other article.
    """
    others = await asked_elsewhere(session, row.number, today)
    for question in row.questions:
        if other := others.get(same_question(question)):
            message = f"问法“{question}”已在 {other} 中，请改写或合并"
            raise invalid([_fault("questions", "常见问法", message)])


async def asked_elsewhere(session: AsyncSession, number: str, today: date) -> dict[str, str]:
    """Every question of the other articles, with the number of its article."""
    query = (
        select(ArticleVersion.number, ArticleVersion.questions)
        .join(Article, LIVE)
        .where(ArticleVersion.number != number, not_over(today))
    )
    rows = await session.execute(query)
    return {same_question(question): other for other, asked in rows for question in asked}


def _fault(field: str, label: str, message: str) -> dict[str, str]:
    return {"field": field, "label": label, "message": message}
