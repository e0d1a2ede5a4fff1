"""Orders as rows of the corpus: what people made of the machine's proposals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select

from config.departments import Departments
from config.taxonomy import Taxonomy
from models.store import Store
from models.tables import Suggestion, WorkOrder
from models.vocabulary import OrderState
from nlp.text.corpus import ORDER_ID, LabelledText

#: The newest so many orders are learned from.
NEWEST = 8_000
#: Shorter texts say nothing.
_SHORTEST = 6


@dataclass(frozen=True, kw_only=True)
class OrderRows:
    """Rows to learn from, and how many orders were passed over, by reason."""

    rows: list[LabelledText]
    passed_over: dict[str, int]


async def rows_of_orders(
    store: Store, taxonomy: Taxonomy, departments: Departments, newest: int = NEWEST
) -> OrderRows:
    """Orders for which the machine had proposed something, with their labels as they stand now."""
    query = (
        select(WorkOrder)
        .where(WorkOrder.id.in_(select(Suggestion.order_id)))
        .where(WorkOrder.confidential.is_(False))
        .order_by(WorkOrder.accepted_at.desc(), WorkOrder.id)
        .limit(newest)
    )
    async with store.read() as session:
        orders = list(await session.scalars(query))
    reasons = {order.id: _useless(order, taxonomy, departments) for order in orders}
    return OrderRows(
        rows=[_row(order) for order in orders if not reasons[order.id]],
        passed_over=dict(Counter(reason for reason in reasons.values() if reason)),
    )


def _useless(order: WorkOrder, taxonomy: Taxonomy, departments: Departments) -> str:
    """Why an order teaches nothing; empty where it does."""
    if order.merged_into or order.excluded_at or order.state is OrderState.WITHDRAWN:
        return "已并单、已撤单或不计入统计"
    if order.disputed_at:
        return "承办单位有争议"
    if order.category not in taxonomy or not taxonomy.get(order.category).is_leaf:
        return "分类已不在现行分类中"
    if order.lead_department not in departments or order.lead_department == departments.hotline:
        return "没有承办单位"
    return "正文太短" if len(order.content.strip()) < _SHORTEST else ""


def _row(order: WorkOrder) -> LabelledText:
    return LabelledText(
        id=f"{ORDER_ID}{order.id}",
        text=order.content,
        request_type=order.request_type,
        category=order.category,
        department=order.lead_department,
        urgency=order.urgency,
    )
