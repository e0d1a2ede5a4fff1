"""Booked call-backs in the line: what telephony asks of the call-back desk without knowing it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.vocabulary import PriorityReason


def is_nuisance_unheard(reasons: Collection[PriorityReason | str]) -> bool:
    """Whether a caller with these reasons of priority is on the nuisance list, was made to wait
    behind all others and told of no danger. When such a caller gives up, nobody is owed a call.
    """
    return PriorityReason.NUISANCE in reasons and PriorityReason.EMERGENCY_WORDS not in reasons


@dataclass(frozen=True, kw_only=True)
class BookedPlace:
    """A place that somebody keeps who has hung up."""

    callback_id: str
    queue: str
    priority: int
    queued_at: datetime


class CallbackDesk(Protocol):
    """Keeps the call-back tasks."""

    async def booked(self) -> Sequence[BookedPlace]:
        """Places whose citizens can be called now; none when agents take the tasks themselves."""
        ...

    async def begin_for(self, agent_id: str, callback_id: str) -> str:
        """The agent is about to call; returns the number. Counted as an attempt from now on.

        :raises TransitionRefused: when somebody else has the task, or it is not open.
        """
        ...

    async def called(self, callback_id: str, call_id: str) -> None:
        """The call that is made for it."""
        ...

    async def not_called(self, callback_id: str) -> None:
        """It could not be made: as if nobody had tried."""
        ...


class NoCallbacks:
    """Where nobody keeps call-back tasks."""

    async def booked(self) -> Sequence[BookedPlace]:
        """See :meth:`CallbackDesk.booked`."""
        return ()

    async def begin_for(self, agent_id: str, callback_id: str) -> str:
        """See :meth:`CallbackDesk.begin_for`; never asked, as there is no place."""
        raise NotImplementedError

    async def called(self, callback_id: str, call_id: str) -> None:
        """See :meth:`CallbackDesk.called`."""

    async def not_called(self, callback_id: str) -> None:
        """See :meth:`CallbackDesk.not_called`."""
