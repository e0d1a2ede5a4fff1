"""An agent as the board holds one, and the groups of states that matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from config.queues import BREAKS
from models.ports import Presence
from models.vocabulary import WITH_CITIZEN, AgentState

#: States that an agent may choose.
CHOSEN = frozenset({
    AgentState.READY, AgentState.BUSY, AgentState.REST, AgentState.MEAL,
    AgentState.TRAINING, AgentState.MEETING,
})  # fmt: skip
#: States in which a call is in the agent's hands.
IN_CALL = frozenset({
    AgentState.RINGING, AgentState.TALKING, AgentState.HOLD, AgentState.OUTBOUND,
    AgentState.CONSULT, AgentState.CONFERENCE,
})  # fmt: skip
#: Reasons that the system gives.
EXTENDED = "已延长"
PHONE_AWAY = "话机离线"


@dataclass(frozen=True, kw_only=True)
class Before:
    """What an agent did when a call came, and does again after it."""

    state: AgentState
    reason: str = ""
    #: Of a state with a time limit, which goes on during the call.
    until: datetime | None = None

    @classmethod
    def columns(cls, before: Before | None) -> dict[str, Any]:
        """Of the agent's row."""
        if before is None:
            return {"before_state": None, "before_reason": "", "before_until": None}
        return {
            "before_state": before.state,
            "before_reason": before.reason,
            "before_until": before.until,
        }


@dataclass(frozen=True, kw_only=True)
class Agent(Presence):
    """An agent's presence with what distribution needs."""

    #: Last end of a call (or signing in), moved on by all breaks since: who has been idle longest.
    idle_since: datetime
    #: While a call is in the agent's hands, or written down; None: there is nothing to go back to.
    before: Before | None = None
    #: Given a call on this board; with a shared floor the claim must follow.
    reserved: bool = False
    #: The day of ``calls_today``.
    counted_on: date | None = None
    #: A call that is in ``calls_today`` already, or does not belong there.
    counted_call: str | None = None

    def counting(self, call_id: str, state: AgentState, today: date) -> Agent:
        """With this state of a call: each citizen's call counts once, whoever had it before, and
        also when it comes back.
        """
        if state not in WITH_CITIZEN or call_id == self.counted_call:
            return self
        calls = self.calls_today + 1 if self.counted_on == today else 1
        return replace(self, calls_today=calls, counted_on=today, counted_call=call_id)

    def idle_from(self, now: datetime) -> datetime:
        """``idle_since`` as the present state ends. A break is no idleness, and the clock stands
        still meanwhile: nobody gains or loses a place by one, nor by a missed ring that made busy.
        """
        away = self.state in CHOSEN and self.state is not AgentState.READY
        return self.idle_since + (now - self.since) if away else self.idle_since

    @property
    def free(self) -> bool:
        """Whether a call can be given to this agent now."""
        return self.state is AgentState.READY and self.phone_online

    @property
    def goes_back_to(self) -> Before | None:
        """What an agent whom a call takes away goes back to; of two calls, before the first."""
        if self.before is not None or self.state not in CHOSEN:
            return self.before
        return Before(state=self.state, reason=self.reason, until=self.until)

    @property
    def on_break(self) -> bool:
        """Whether in a state with a time limit."""
        return self.state in BREAKS

    @property
    def extended(self) -> bool:
        """Whether the wrap-up was lengthened."""
        return self.state is AgentState.WRAP_UP and self.reason == EXTENDED

    def has(self, call_id: str) -> bool:
        """Whether this call is in the agent's hands, not only still being written down."""
        return self.call_id == call_id and self.state in IN_CALL

    @property
    def reachable(self) -> bool:
        """Whether a call that comes back may ring here."""
        here = (AgentState.READY, AgentState.BUSY, AgentState.WRAP_UP)
        return self.state in here and self.phone_online

    def overdue(self, now: datetime) -> bool:
        """Whether the present state should have ended by itself."""
        return self.until is not None and self.until <= now


#: Told the agent before and after each change.
Listener = Callable[[Agent | None, Agent], None]
