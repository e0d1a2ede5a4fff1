"""What was done with articles, written in the transaction of the deed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.guards import Actor
from models.ids import new_id
from models.tables import ArticleEvent
from models.vocabulary import ArticleAction


@dataclass(frozen=True, kw_only=True)
class Doer:
    """Who did it. Without an id: by name on the command line, or the program itself."""

    id: str = ""
    name: str = ""
    address: str = ""

    @classmethod
    def of(cls, actor: Actor) -> Doer:
        """A signed-in person."""
        return cls(id=actor.id, name=actor.name, address=actor.address)


#: The program itself.
PROGRAM = Doer(name="系统")


def note(
    session: AsyncSession,
    number: str,
    version: int | None,
    action: ArticleAction,
    doer: Doer,
    at: datetime,
    words: str = "",
) -> None:
    """One line."""
    session.add(
        ArticleEvent(
            id=new_id(),
            number=number,
            version=version,
            action=action,
            at=at,
            actor_id=doer.id,
            actor_name=doer.name,
            address=doer.address,
            note=words,
        )
    )
