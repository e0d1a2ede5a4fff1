"""What is wrong, or will soon be, with the articles that are there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from config.knowledge import same_question
from dispatch.knowledge.rows import is_over
from dispatch.rules import Rules
from models.tables import ArticleVersion


def faults(rows: Sequence[ArticleVersion], rules: Rules) -> list[str]:
    """What misleads whoever uses them: units and categories that are gone, questions with two
    answers."""
    found = []
    asked: dict[str, str] = {}
    for row in rows:
        if row.unit not in rules.departments:
            found.append(f"{row.number}《{row.title}》：责任单位 {row.unit} 已不存在")
        if gone := [code for code in row.categories if code not in rules.taxonomy]:
            found.append(f"{row.number}《{row.title}》：分类 {'、'.join(gone)} 已不存在")
        for question in row.questions:
            other = asked.setdefault(same_question(question), row.number)
            if other != row.number:
                found.append(f"{row.number}《{row.title}》：问法“{question}”与 {other} 相同")
    return found


def remarks(rows: Sequence[ArticleVersion], rules: Rules, today: date) -> list[str]:
    """What its owners have to do."""
    soon = today + timedelta(days=rules.knowledge.remind_days)
    found = []
    if examples := sum(row.example for row in rows):
        found.append(f"{examples} 条示例尚未经本地核对")
    for row in rows:
        if is_over(row, today):
            found.append(f"{row.number}《{row.title}》已于 {row.valid_to} 到期")
        elif row.valid_to is not None and row.valid_to <= soon:
            found.append(f"{row.number}《{row.title}》将于 {row.valid_to} 到期")
    return found
