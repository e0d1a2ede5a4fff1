"""What belongs to an order, asked for only where there is any: most orders have little of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables import (
    AuditReview,
    ClosureScore,
    FollowUp,
    OrderRequest,
    Oversight,
    UnitCard,
    WorkOrder,
)

_ID: Any = bindparam("order_id", type_=WorkOrder.id.type)
_KINDS = (AuditReview, FollowUp, OrderRequest, ClosureScore, Oversight, UnitCard)
_MERGED = "merged"
#: One question in place of seven.
_THERE = select(
    *(exists().where(kind.order_id == _ID).label(kind.__tablename__) for kind in _KINDS),
    exists().where(WorkOrder.merged_into == _ID).label(_MERGED),
)
_Row = TypeVar("_Row", AuditReview, FollowUp, OrderRequest, ClosureScore, Oversight, UnitCard)


class Belonging:
    """Reads what belongs to one order."""

    def __init__(self, session: AsyncSession, order_id: str) -> None:
        self._session = session
        self._order_id = order_id
        self._there: frozenset[str] = frozenset()

    async def look(self) -> None:
        """See what there is; comes first."""
        row = (await self._session.execute(_THERE, {"order_id": self._order_id})).one()
        self._there = frozenset(name for name, found in row._mapping.items() if found)

    @property
    def merged(self) -> bool:
        """Whether other orders are merged into it."""
        return _MERGED in self._there

    async def rows(self, kind: type[_Row], *order: Any) -> Sequence[_Row]:
        """All of one kind, in this order."""
        if kind.__tablename__ not in self._there:
            return ()
        query = select(kind).where(kind.order_id == self._order_id)
        return (await self._session.scalars(query.order_by(*order))).all()
