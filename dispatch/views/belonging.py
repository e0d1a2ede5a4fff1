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
#: What they are sorted by; a score that was corrected comes before the earlier one.
_SORTED: dict[Any, tuple[Any, ...]] = {
    AuditReview: (AuditReview.at,),
    FollowUp: (FollowUp.at,),
    OrderRequest: (OrderRequest.asked_at,),
    ClosureScore: (ClosureScore.revision.desc(),),
    Oversight: (Oversight.issued_at, Oversight.id),
    UnitCard: (UnitCard.at, UnitCard.id),
}
# Statements are put together once: that costs as much as sending them.
_ROWS = {
    kind: select(kind).where(kind.order_id == _ID).order_by(*order)
    for kind, order in _SORTED.items()
}
_MERGED = "merged"
#: One question in place of seven.
_THERE = select(
    *(exists().where(kind.order_id == _ID).label(kind.__tablename__) for kind in _SORTED),
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

    async def rows(self, kind: type[_Row]) -> Sequence[_Row]:
        """All of one kind."""
        if kind.__tablename__ not in self._there:
            return ()
        return (await self._session.scalars(_ROWS[kind], {"order_id": self._order_id})).all()
