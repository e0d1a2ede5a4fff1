"""What agents type while they listen, saved every few seconds so that nothing is lost."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from dispatch.commands import SaveDraft
from models.clock import Clock
from models.errors import Forbidden
from models.guards import Actor
from models.store import Store
from models.tables import Draft
from models.vocabulary import Role


class DraftView(BaseModel):
    """A draft as it was saved last."""

    id: str
    #: None: written by the system, of a message; nobody has taken it up yet.
    agent_id: str | None
    content: dict[str, Any]
    updated_at: datetime
    #: The order that was opened from it, if one was.
    order_id: str | None


class Drafts:
    """Saves and gives back drafts. A draft belongs to the agent who began it, or took it up."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def save_draft(self, actor: Actor, command: SaveDraft) -> DraftView:
        """Keep what is typed now.

        :raises Forbidden: for another agent's draft.
        """
        async with self._store.transaction() as work:
            draft = await work.session.get(Draft, command.id)
            if draft is None:
                draft = Draft(id=command.id, agent_id=actor.id, order_id=None)
                work.session.add(draft)
            _check_owner(draft, actor)
            draft.agent_id = actor.id
            draft.content = command.content
            draft.updated_at = self._clock.now()
            return _view(draft)

    async def get_draft(self, actor: Actor, draft_id: str) -> DraftView | None:
        """The draft of a call, or None. A shift leader may read everybody's."""
        async with self._store.read() as session:
            draft = await session.get(Draft, draft_id)
        if draft is None:
            return None
        if Role.SHIFT_LEADER not in actor.usable_roles:
            _check_owner(draft, actor)
        return _view(draft)

    async def unopened(self, actor: Actor) -> list[DraftView]:
        """The agent's drafts that no order was opened from, newest first."""
        query = (
            select(Draft)
            .where(Draft.agent_id == actor.id, Draft.order_id.is_(None))
            .order_by(Draft.updated_at.desc())
        )
        async with self._store.read() as session:
            return [_view(draft) for draft in await session.scalars(query)]


def _check_owner(draft: Draft, actor: Actor) -> None:
    if draft.agent_id not in (actor.id, None):
        raise Forbidden("这份草稿是其他话务员的", draft_id=draft.id)


def _view(draft: Draft) -> DraftView:
    return DraftView.model_validate(draft, from_attributes=True)
