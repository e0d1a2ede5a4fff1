"""The newest orders of units, read off each unit's own newest: however many others there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select, tuple_, union
from sqlalchemy.orm import InstrumentedAttribute, aliased

from dispatch.views.cursors import place_after
from dispatch.views.shapes import OrderFilter
from models.tables import Task, WorkOrder

#: Each unit is a part of the statement. Of more units' orders enough are among the newest of all.
MOST_UNITS = 32
#: Conditions speak of tasks, too: of any, not of the one by which the order is found.
_Own = aliased(Task)
_Column = InstrumentedAttribute[Any]


def newest_of(
    units: Sequence[str], conditions: Sequence[ColumnElement[bool]], wanted: OrderFilter, led: bool
) -> Select[WorkOrder]:
    """Orders that the units have or had a task in, the latest accepted first; at least one unit.

    ``led``: or that name one of them as the lead unit, be it only proposed.
    """
    parts = [_cut(part, wanted) for unit in units for part in _of_unit(unit, conditions, led)]
    found = union(*parts).subquery()
    newest = select(found.c.id).order_by(found.c.at.desc(), found.c.id.desc())
    of_all = newest.limit(wanted.limit + 1).subquery()
    orders = select(WorkOrder).join(of_all, of_all.c.id == WorkOrder.id)
    return orders.order_by(WorkOrder.accepted_at.desc(), WorkOrder.id.desc())


def _of_unit(
    unit: str, conditions: Sequence[ColumnElement[bool]], led: bool
) -> Iterator[tuple[Select[Any, Any], _Column, _Column]]:
    """Each with what it is sorted by."""
    tasks = select(_Own.order_id.label("id"), _Own.accepted_at.label("at"))
    tasks = tasks.where(_Own.department == unit).distinct()
    if conditions:
        tasks = tasks.join(WorkOrder, WorkOrder.id == _Own.order_id).where(*conditions)
    yield tasks, _Own.accepted_at, _Own.order_id
    if led:
        orders = select(WorkOrder.id.label("id"), WorkOrder.accepted_at.label("at"))
        orders = orders.where(WorkOrder.lead_department == unit, *conditions)
        yield orders, WorkOrder.accepted_at, WorkOrder.id


def _cut(part: tuple[Select[Any, Any], _Column, _Column], wanted: OrderFilter) -> Select[Any, Any]:
    """No more of one unit than the page holds."""
    query, at, order_id = part
    if wanted.cursor:
        query = query.where(tuple_(at, order_id) < place_after(wanted.cursor))
    first = query.order_by(at.desc(), order_id.desc()).limit(wanted.limit + 1).subquery()
    return select(first.c.id, first.c.at)
