"""What agents type while they listen, saved every few seconds so that nothing is lost."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.commands import SaveDraft
from models.clock import Clock
from models.errors import DraftChanged, Forbidden
from models.guards import Actor
from models.store import Store
from models.tables import Call, Callback, Draft
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
        :raises DraftChanged: somebody else saved it since it was read here.
        """
        async with self._store.transaction() as work:
            draft = await work.session.get(Draft, command.id)
            if draft is None:
                draft = Draft(id=command.id, agent_id=actor.id, order_id=None)
                work.session.add(draft)
            await _check_owner(work.session, draft, actor)
            _check_base(draft, actor, command)
            draft.agent_id = actor.id
            draft.content = command.content
            draft.updated_at = self._clock.now()
            return _view(draft)

    async def get_draft(self, actor: Actor, draft_id: str) -> DraftView | None:
        """The draft of a call, or None. A shift leader may read everybody's."""
        async with self._store.read() as session:
            draft = await session.get(Draft, draft_id)
            if draft is not None and Role.SHIFT_LEADER not in actor.usable_roles:
                await _check_owner(session, draft, actor)
        return _view(draft) if draft else None

    async def unopened(self, actor: Actor) -> list[DraftView]:
        """The agent's drafts that no order was opened from, newest first."""
        query = (
            select(Draft)
            .where(Draft.agent_id == actor.id, Draft.order_id.is_(None))
            .order_by(Draft.updated_at.desc())
        )
        async with self._store.read() as session:
            return [_view(draft) for draft in await session.scalars(query)]


async def _check_owner(session: AsyncSession, draft: Draft, actor: Actor) -> None:
    """With a call that is transferred its draft passes on, too; and to who calls back for it."""
    if draft.agent_id in (actor.id, None):
        return
    call = await session.get(Call, draft.id)
    task = select(Callback.id).where(Callback.call_id == draft.id, Callback.taken_by == actor.id)
    owed = await session.scalar(task.limit(1))
    if owed is None and (call is None or call.agent_id != actor.id):
        raise Forbidden("这份草稿是其他话务员的", draft_id=draft.id)


def _check_base(draft: Draft, actor: Actor, command: SaveDraft) -> None:
    """One's own later text may always replace the earlier; another's only when it was read."""
    if "based_on" not in command.model_fields_set or draft.agent_id == actor.id:
        return
    if draft.updated_at == command.based_on:
        return
    stored = {"content": draft.content, "updated_at": draft.updated_at.isoformat()}
    raise DraftChanged("这份草稿在您读取之后由他人保存过", draft_id=draft.id, **stored)


def _view(draft: Draft) -> DraftView:
    return DraftView.model_validate(draft, from_attributes=True)
