"""A made-up past of the call floor: calls, queue, agents and their ledger, as they might have been.

Callers come by chance along the hours of the day, wait in one line a queue, give up, are answered
by the agent who has been free longest, are put on hold, passed on, written up; some rate, some
call again. Everything is drawn from a seed: the same seed makes the same past.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from models.store import Store
from models.tables import AgentStateLogRow, Call, Callback, CallEventRow
from models.vocabulary import (
    AgentState,
    CallbackReason,
    CallbackState,
    CallDirection,
    CallEventKind,
    CallState,
    ContactOutcome,
    Satisfaction,
)

ZONE = ZoneInfo("Asia/Shanghai")
#: Share of a day's calls by hour.
HOURS = (8, 5, 4, 3, 3, 5, 10, 30, 75, 98, 92, 70, 45, 55, 80, 88, 76, 60, 48, 42, 38, 30, 22, 13)
GRADES = (
    [Satisfaction.VERY_SATISFIED] * 14
    + [Satisfaction.SATISFIED] * 4
    + [Satisfaction.NEUTRAL, Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED]
)

Row = dict[str, Any]


@dataclass(kw_only=True)
class Past:
    """Rows ready to be written."""

    calls: list[Row] = field(default_factory=list)
    ledger: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    callbacks: list[Row] = field(default_factory=list)

    async def write(self, store: Store) -> None:
        """Put them into the database."""
        tables = (
            (Call, self.calls),
            (AgentStateLogRow, self.ledger),
            (CallEventRow, self.events),
            (Callback, self.callbacks),
        )
        async with store.transaction() as work:
            for table, rows in tables:
                for start in range(0, len(rows), 20_000):
                    await work.session.execute(insert(table), rows[start : start + 20_000])


class Maker:
    """Makes a past day by day."""

    def __init__(self, agents: Sequence[str], seed: int, queues: Sequence[str] = ("general",)):
        self._chance = random.Random(seed)
        self._agents = list(agents)
        self._queues = list(queues)
        self._numbers = [f"139{self._chance.randrange(10**8):08d}" for _ in range(40)]
        self._last = 0
        self.past = Past()
        #: Present state of each agent: (state, since, call), open in the ledger.
        self._now: dict[str, tuple[AgentState, datetime, str | None]] = {}

    def day(self, day: date, calls: float, *, level: float = 1.0, until: datetime | None = None,
            on_duty: int | None = None) -> None:  # fmt: skip
        """One local day with about so many calls; what lies after ``until`` has not happened."""
        begin = datetime.combine(day, time(), ZONE).astimezone(UTC)
        limit = until or datetime.max.replace(tzinfo=UTC)
        crew = self._agents[: on_duty or len(self._agents)]
        for agent in crew:
            self._enter(agent, AgentState.READY, begin)
        free = [(begin, agent) for agent in crew]
        heapq.heapify(free)
        for at in self._arrivals(begin, calls * level):
            if at < limit:
                self._call(at, free, limit)
        end = begin + timedelta(days=1)
        for ready_at, agent in free:
            if max(end, ready_at) < limit:
                self._enter(agent, AgentState.OFFLINE, max(end, ready_at))

    def finish(self) -> Past:
        """Write down what agents are doing now, as open lines."""
        for agent, (state, since, call) in self._now.items():
            self._line(agent, state, since, None, call)
        self._now.clear()
        return self.past

    # --- callers --------------------------------------------------------------------------------

    def _arrivals(self, begin: datetime, calls: float) -> Iterable[datetime]:
        whole = sum(HOURS)
        found = []
        for hour, share in enumerate(HOURS):
            mean = calls * share / whole
            count = max(0, round(self._chance.gauss(mean, mean**0.5)))
            found += [hour * 3600 + self._chance.uniform(0, 3600) for _ in range(count)]
        # Some calls begin on the boundary itself, to the microsecond.
        if found:
            found[0] = found[0] // 1800 * 1800
        return [begin + timedelta(seconds=second) for second in sorted(found)]

    def _number(self) -> str:
        if self._chance.random() < 0.15:
            return self._chance.choice(self._numbers)
        return "" if self._chance.random() < 0.01 else f"138{self._chance.randrange(10**8):08d}"

    def _call(self, at: datetime, free: list[tuple[datetime, str]], limit: datetime) -> None:
        chance, draw = self._chance, self._chance.random()
        row: Row = {
            "id": self._id("c"), "direction": CallDirection.INBOUND, "state": CallState.ENDED,
            "citizen_number": self._number(), "started_at": at, "outcome": None, "reason": "",
            "queue": "", "transfers": 0, "agent_id": None, "queued_at": None,
            "ringing_at": None, "answered_at": None, "ended_at": None, "satisfaction": None,
            "rating_asked_at": None,
        }  # fmt: skip
        self.past.calls.append(row)
        if draw < 0.01:
            self._end(row, at + timedelta(seconds=1), ContactOutcome.BLOCKED, limit)
        elif draw < 0.04:
            gone = at + timedelta(seconds=chance.uniform(0.5, 7))
            self._end(row, gone, ContactOutcome.ABANDONED_GREETING, limit)
        elif draw < 0.08:
            gone = at + timedelta(seconds=chance.uniform(20, 80))
            self._end(row, gone, ContactOutcome.SELF_SERVED, limit)
        else:
            self._queue(row, at + timedelta(seconds=7), free, limit)

    def _queue(
        self, row: Row, at: datetime, free: list[tuple[datetime, str]], limit: datetime
    ) -> None:
        chance = self._chance
        row["queue"] = chance.choice(self._queues)
        if at >= limit:
            return self._running(row, CallState.GREETING)
        row["queued_at"] = at
        patience = timedelta(seconds=chance.expovariate(1 / 90) + 3)
        ready_at, agent = free[0]
        rings = max(ready_at, at)
        if rings - at > patience or rings >= limit:
            return self._lost(row, at + patience, limit)
        pick_up = rings + timedelta(seconds=chance.uniform(1.5, 7))
        row["ringing_at"] = rings
        heapq.heappop(free)
        if chance.random() < 0.01:
            return self._hung_up_ringing(row, rings, pick_up, agent, free, limit)
        if chance.random() < 0.01 and free:
            rings = self._missed(row, rings, agent, free)
            ready_at, agent = heapq.heappop(free)
            rings = max(rings, ready_at)
            pick_up = rings + timedelta(seconds=3)
        done = self._talk(row, rings, pick_up, agent, free, limit)
        heapq.heappush(free, (done, agent))
        return None

    def _missed(
        self, row: Row, rings: datetime, agent: str, free: list[tuple[datetime, str]]
    ) -> datetime:
        over = rings + timedelta(seconds=15)
        self._enter(agent, AgentState.RINGING, rings, row["id"])
        self._enter(agent, AgentState.BUSY, over)
        back = over + timedelta(seconds=60)
        self._enter(agent, AgentState.READY, back)
        heapq.heappush(free, (back, agent))
        self._note(row, over, agent, CallEventKind.MISSED)
        return over

    def _hung_up_ringing(
        self, row: Row, rings: datetime, gone: datetime, agent: str,
        free: list[tuple[datetime, str]], limit: datetime,
    ) -> None:  # fmt: skip
        self._enter(agent, AgentState.RINGING, rings, row["id"])
        self._enter(agent, AgentState.READY, gone)
        heapq.heappush(free, (gone, agent))
        row["agent_id"] = agent
        self._end(row, gone, ContactOutcome.ABANDONED_RINGING, limit)

    def _lost(self, row: Row, gone: datetime, limit: datetime) -> None:
        draw = self._chance.random()
        outcome, reason = ContactOutcome.ABANDONED_QUEUE, CallbackReason.ABANDONED
        if draw < 0.25:
            outcome, reason = ContactOutcome.CALLBACK_BOOKED, CallbackReason.BOOKED
        elif draw < 0.3:
            outcome, reason = ContactOutcome.VOICEMAIL_LEFT, CallbackReason.VOICEMAIL
        elif draw < 0.31:
            outcome, reason = ContactOutcome.FAILED, CallbackReason.INTERRUPTED
        self._end(row, gone, outcome, limit)
        if row["ended_at"] is not None:
            self._owe(row, gone, reason, limit)

    def _owe(self, row: Row, lost: datetime, reason: CallbackReason, limit: datetime) -> None:
        due = lost + timedelta(minutes=30)
        done = lost + timedelta(minutes=self._chance.expovariate(1 / 14))
        cancelled = self._chance.random() < 0.02
        over = done < limit
        self.past.callbacks.append({
            "id": self._id("b"), "reason": reason, "citizen_number": row["citizen_number"],
            "call_id": row["id"], "queue": row["queue"], "lost_at": lost, "due_at": due,
            "state": (CallbackState.CANCELLED if cancelled else
                      CallbackState.DONE if over else CallbackState.OPEN),
            "done_at": done if over else None,
        })  # fmt: skip

    # --- agents ---------------------------------------------------------------------------------

    def _talk(
        self, row: Row, rings: datetime, answer: datetime, agent: str,
        free: list[tuple[datetime, str]], limit: datetime,
    ) -> datetime:  # fmt: skip
        """Returns when the agent is free again."""
        chance, call = self._chance, row["id"]
        self._enter(agent, AgentState.RINGING, rings, call)
        if answer >= limit:
            self._running(row, CallState.RINGING)
            return answer
        row["answered_at"], row["agent_id"] = answer, agent
        self._enter(agent, AgentState.TALKING, answer, call)
        at = answer + timedelta(seconds=chance.lognormvariate(5.0, 0.55))
        if chance.random() < 0.12:
            self._enter(agent, AgentState.HOLD, at, call)
            at += timedelta(seconds=chance.uniform(10, 60))
            self._enter(agent, AgentState.TALKING, at, call)
            at += timedelta(seconds=chance.uniform(10, 60))
        if chance.random() < 0.04 and free and free[0][0] < at < limit:
            at = self._pass_on(row, at, agent, free)
            wrapped = at + timedelta(seconds=5)
        else:
            wrapped = at + timedelta(seconds=chance.uniform(5, 60))
            self._enter(agent, AgentState.WRAP_UP, at, call)
        self._enter(agent, AgentState.READY, wrapped)
        if at >= limit:
            self._running(row, CallState.TALKING)
        else:
            self._rate(row, at)
            self._end(row, row["ended_at"] or at, ContactOutcome.SERVED, limit)
        return wrapped

    def _pass_on(
        self, row: Row, at: datetime, agent: str, free: list[tuple[datetime, str]]
    ) -> datetime:
        """To the agent free longest; returns when the first is out of the call."""
        ready_at, second = heapq.heappop(free)
        joined, ended = at + timedelta(seconds=4), at + timedelta(seconds=120)
        self._enter(second, AgentState.RINGING, max(at, ready_at), row["id"])
        self._enter(second, AgentState.TALKING, joined, row["id"])
        self._enter(second, AgentState.WRAP_UP, ended, row["id"])
        done = ended + timedelta(seconds=20)
        self._enter(second, AgentState.READY, done)
        heapq.heappush(free, (done, second))
        self._enter(agent, AgentState.WRAP_UP, joined, row["id"])
        row["transfers"], row["agent_id"], row["ended_at"] = 1, second, ended
        self._note(row, joined, agent, CallEventKind.TRANSFERRED)
        return joined

    def _note(self, row: Row, at: datetime, agent: str, kind: CallEventKind) -> None:
        self.past.events.append({
            "id": self._id("e"), "call_id": row["id"], "at": at, "actor": agent,
            "kind": kind, "actor_name": "", "reason": "", "detail": {},
        })  # fmt: skip

    def _rate(self, row: Row, at: datetime) -> None:
        if self._chance.random() < 0.7:
            row["rating_asked_at"] = at
            if self._chance.random() < 0.55:
                row["satisfaction"] = self._chance.choice(GRADES)

    # --- writing --------------------------------------------------------------------------------

    def _end(self, row: Row, at: datetime, outcome: ContactOutcome, limit: datetime) -> None:
        if at >= limit:
            self._running(row, CallState.QUEUED if row["queued_at"] else CallState.GREETING)
        else:
            row["ended_at"], row["outcome"] = at, outcome

    def _running(self, row: Row, state: CallState) -> None:
        row.update(state=state, ended_at=None, outcome=ContactOutcome.IN_PROGRESS)
        row["satisfaction"] = row["rating_asked_at"] = None

    def _enter(self, agent: str, state: AgentState, at: datetime, call: str | None = None) -> None:
        before = self._now.get(agent)
        if before is not None:
            old, since, old_call = before
            self._line(agent, old, since, max(since, at), old_call)
            at = max(since, at)
        self._now[agent] = (state, at, call)

    def _line(
        self, agent: str, state: AgentState, since: datetime, until: datetime | None,
        call: str | None,
    ) -> None:  # fmt: skip
        self.past.ledger.append({
            "id": self._id("l"), "agent_id": agent, "state": state, "reason": "",
            "since": since, "until": until, "call_id": call,
        })  # fmt: skip

    def _id(self, kind: str) -> str:
        self._last += 1
        return f"{kind}{self._last:025d}"
