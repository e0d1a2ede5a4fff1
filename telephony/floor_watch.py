"""Looks at the living calls for the shift leader: silence, long holds and waits, missed rings.

An alert never harms a call: it is raised by a task of its own, and what fails is tried again at the
next look.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from config.floor import AlertRules
from models.vocabulary import AlertKind, CallState
from telephony.agents import Agent
from telephony.conversation import Conversation
from telephony.exchange import Exchange

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Concern:
    """Something that a shift leader should know of."""

    kind: AlertKind
    matter: str
    text: str
    call_id: str
    agent_id: str | None = None
    queue: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


class FloorWatch:
    """The watcher of one process."""

    def __init__(self, exchange: Exchange, rules: AlertRules) -> None:
        self._exchange = exchange
        self._rules = rules
        #: Matters that this process has raised and that last.
        self._open: set[str] = set()
        self._missed: list[Concern] = []
        #: Call → since when it has been a talk without a break, on the monotonic clock.
        self._talking: dict[str, float] = {}

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(self._rules.look_every_seconds)
            try:
                await self.look(self._exchange.clock.now())
            except Exception:
                log.exception("floor_watch.failed")

    def missed(self, call_id: str, agent: Agent) -> None:
        """An agent was rung and did not answer. Never blocks."""
        if self._rules.missed_ring:
            self._missed.append(
                Concern(
                    kind=AlertKind.MISSED_RING,
                    matter=f"missed:{call_id}:{agent.agent_id}",
                    text=f"{agent.agent_name}振铃未接，已置为示忙",
                    call_id=call_id,
                    agent_id=agent.agent_id,
                )
            )

    async def look(self, now: datetime) -> None:
        """Raise what is new, settle what is over."""
        sessions = [one for one in self._exchange.sessions.values() if not one.closing]
        self._note_talks(sessions)
        lasting = {one.matter: one for call in sessions for one in self._concerns(call, now)}
        for matter in self._open - lasting.keys():
            await self._settle(matter)
        for matter in lasting.keys() - self._open:
            if await self._raise(lasting[matter]):
                self._open.add(matter)
        missed, self._missed = self._missed, []
        self._missed += [one for one in missed if not await self._raise(one)]

    def _note_talks(self, sessions: list[Conversation]) -> None:
        """Time on hold is no silence."""
        now = time.monotonic()
        talks = [one.call.id for one in sessions if one.call.state is CallState.TALKING]
        self._talking = {call_id: self._talking.get(call_id, now) for call_id in talks}

    # --- what is the matter ---------------------------------------------------------------------

    def _concerns(self, session: Conversation, now: datetime) -> Iterator[Concern]:
        found = (
            self._silence(session),
            self._long_hold(session, now),
            self._long_wait(session, now),
        )
        yield from (one for one in found if one is not None)

    def _silence(self, session: Conversation) -> Concern | None:
        limit, began = self._rules.silence.seconds, self._talking.get(session.call.id)
        voice = session.taps.last_voice
        if began is None or voice is None or time.monotonic() - max(began, voice) < limit:
            return None
        text = f"通话双方均无声音已超过 {limit:.0f} 秒"
        return self._concern(session, AlertKind.SILENCE, "silence", text)

    def _long_hold(self, session: Conversation, now: datetime) -> Concern | None:
        limit, since = self._rules.long_hold.seconds, session.held_since
        if since is None or (now - since).total_seconds() < limit:
            return None
        text = f"市民已保持等待超过 {limit:.0f} 秒"
        return self._concern(session, AlertKind.LONG_HOLD, "hold", text)

    def _long_wait(self, session: Conversation, now: datetime) -> Concern | None:
        limit, since = self._rules.long_wait.seconds, session.waits_since
        waits = session.call.state in (CallState.QUEUED, CallState.RINGING)
        if not waits or since is None or (now - since).total_seconds() < limit:
            return None
        text = f"市民排队已超过 {limit:.0f} 秒"
        return self._concern(session, AlertKind.LONG_WAIT, "wait", text)

    def _concern(self, session: Conversation, kind: AlertKind, what: str, text: str) -> Concern:
        call = session.call
        return Concern(
            kind=kind,
            matter=f"{what}:{call.id}",
            text=text,
            call_id=call.id,
            agent_id=call.agent_id,
            queue=call.queue,
        )

    # --- telling --------------------------------------------------------------------------------

    async def _raise(self, concern: Concern) -> bool:
        """False: to be tried again."""
        try:
            await self._exchange.alerts.raise_alert(
                concern.kind,
                concern.matter,
                concern.text,
                call_id=concern.call_id,
                agent_id=concern.agent_id,
                queue=concern.queue,
                detail=concern.detail,
            )
        except Exception as error:  # the database may be away for a while
            log.warning("alert.not_raised", matter=concern.matter, error=repr(error))
            return False
        return True

    async def _settle(self, matter: str) -> None:
        try:
            await self._exchange.alerts.settle(matter)
        except Exception as error:
            log.warning("alert.not_settled", matter=matter, error=repr(error))
        else:
            self._open.discard(matter)
