"""What the system does by itself about orders that units are late with, and about closed ones."""

from __future__ import annotations

from collections.abc import Callable

from dispatch.commands import (
    AnswerMerged,
    Archive,
    DecideObjection,
    DecideRedo,
    DecideRefusal,
    LapseSupervision,
    LapseUrge,
    OrderCommand,
    ProposeSupervision,
    Supervise,
)
from dispatch.oversight_timers import ANSWER, ARCHIVE, FOR_CITIZEN, MERGED, SUPERVISE, URGE
from dispatch.service import OrderService
from dispatch.timers import Handler, Timer
from models.guards import Actor
from models.store import UnitOfWork
from models.vocabulary import RequestKind, SupervisionLevel, SupervisionReason

_SILENCE = "逾期未审定，由系统按有利于诉求人的方式处理"
#: Which way is the citizen's: a refusal that nobody confirms does not stand.
_IN_FAVOUR: dict[RequestKind, Callable[[str], OrderCommand]] = {
    RequestKind.REDO: lambda id: DecideRedo(request_id=id, granted=True, reason=_SILENCE),
    RequestKind.REFUSAL: lambda id: DecideRefusal(request_id=id, granted=False, reason=_SILENCE),
    RequestKind.OBJECTION: lambda id: DecideObjection(request_id=id, granted=True, reason=_SILENCE),
}


class OfficeTimers:
    """Each timer as the command that the system gives."""

    def __init__(self, orders: OrderService, system: Actor) -> None:
        self._orders = orders
        self._system = system

    @property
    def handlers(self) -> dict[str, Handler]:
        """By kind, for the timekeeper."""
        return {
            URGE: self._by(lambda t: LapseUrge(oversight_id=t.data["oversight_id"])),
            ANSWER: self._by(lambda t: LapseSupervision(oversight_id=t.data["oversight_id"])),
            SUPERVISE: self._by(self._supervise),
            FOR_CITIZEN: self._by(
                lambda t: _IN_FAVOUR[RequestKind(t.data["wanted"])](t.data["request_id"])
            ),
            MERGED: self._by(lambda _: AnswerMerged()),
            ARCHIVE: self._by(lambda _: Archive()),
        }

    def _by(self, command: Callable[[Timer], OrderCommand]) -> Handler:
        async def handle(work: UnitOfWork, timer: Timer) -> None:
            await self._orders.act_in(work, self._system, timer.subject_id, command(timer))

        return handle

    def _supervise(self, timer: Timer) -> OrderCommand:
        """By itself, or by asking a leader: as the rules say for the level."""
        rule = self._orders.rules.oversight.level(int(timer.data["level"]))
        late = rule.overdue
        reason = f"办结时限已过{late.limit.text}" if late.amount else "办结时限已过"
        task_id, code = timer.data["task_id"], SupervisionReason.OVERDUE
        if not rule.automatic:
            return ProposeSupervision(task_id=task_id, reason_code=code, reason=reason)
        level = SupervisionLevel(str(rule.level))
        return Supervise(task_id=task_id, level=level, reason_code=code, reason=reason)
