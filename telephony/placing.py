"""Where a caller waits, and before whom: by the number dialled, by what is known, by choice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from config.queues import AccessNumber
from models.events import CallQueued
from models.vocabulary import CallEventKind, CallState, PriorityReason
from telephony.callers import CallerFacts

if TYPE_CHECKING:
    from telephony.inbound import InboundCall

log = structlog.get_logger(__name__)

_KEY_WORDS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))


class Place:
    """One caller's queue and priority."""

    def __init__(self, session: InboundCall) -> None:
        self._session = session
        self._call = session.call
        self._rules = session.exchange.queues
        self._facts: asyncio.Task[CallerFacts] | None = None
        self._offered = False

    # --- who calls ------------------------------------------------------------------------------

    def learn(self) -> None:
        """Look the caller up while the greeting plays."""
        callers, call = self._session.exchange.callers, self._call
        self._facts = asyncio.create_task(callers.about(call.citizen_number, call.contact_id))

    async def learned(self) -> CallerFacts:
        """What is known of the caller."""
        if self._facts is None:
            self.learn()
        assert self._facts is not None
        return await self._facts

    @property
    def access(self) -> AccessNumber:
        """What the citizen has dialled."""
        return self._rules.dialled(self._call.access_number)

    def greeting(self) -> str:
        """The prompt of the number that was dialled; the hotline's own when there is none."""
        greeting = self.access.greeting
        if self._session.exchange.sounds.knows(greeting):
            return greeting
        log.warning("call.no_such_greeting", greeting=greeting)
        return "greeting"

    # --- the place ------------------------------------------------------------------------------

    async def find(self) -> None:
        """Set queue and priority of a caller who begins to wait."""
        facts, rules, call = await self.learned(), self._rules, self._call
        call.queue = self._queue_for(facts)
        reasons = {
            PriorityReason.ELDERLY: facts.elderly or call.queue == rules.callers.elderly,
            PriorityReason.ENTERPRISE: facts.enterprise or call.queue == rules.callers.enterprise,
            PriorityReason.REPEAT_CALLER: facts.calls >= rules.repeat_caller.calls,
            PriorityReason.CALLBACK: facts.booked_since is not None,
        }
        known = [reason for reason in call.priority_reasons if not reasons.get(reason)]
        call.priority_reasons = (*known, *(reason for reason, holds in reasons.items() if holds))
        call.priority = rules.points(call.priority_reasons)

    def _queue_for(self, facts: CallerFacts) -> str:
        """A merged line keeps its callers; of the hotline's own, some have a desk of their own."""
        rules, dialled = self._rules, self.access.queue
        own = (
            (facts.elderly, rules.callers.elderly),
            (facts.dialect, rules.callers.dialect),
            (facts.enterprise, rules.callers.enterprise),
        )
        if dialled == rules.first_queue.code:
            return next((queue for holds, queue in own if holds and queue), dialled)
        return dialled

    def stand_in_line(self) -> None:
        """Take the place, or another one after a change. Who has booked a call-back has the place
        that was kept, and need not be called.
        """
        facts = self._facts.result() if self._facts and self._facts.done() else CallerFacts()
        line, since = self._session.exchange.line, self._call.queued_at or self._session.now()
        line.remove(facts.booked)
        line.add(
            self._call.id,
            min(since, facts.booked_since or since),
            queue=self._call.queue,
            priority=self._call.priority,
            last_agent=facts.last_agent,
        )

    def queued(self) -> CallQueued:
        """The event that tells the place."""
        call = self._call
        return CallQueued(
            **self._session.facts,
            queue=call.queue,
            priority=call.priority,
            priority_reasons=call.priority_reasons,
        )

    def in_words(self) -> dict[str, Any]:
        """For the call's history."""
        queue = self._rules.queue(self._call.queue)
        return {
            "queue": queue.code,
            "queue_name": queue.name,
            "priority": self._call.priority,
            "priority_reasons": list(self._call.priority_reasons),
        }

    # --- changes --------------------------------------------------------------------------------

    def raise_priority(self, reason: PriorityReason, why: str = "") -> None:
        """Before others from now on. Each reason counts once."""
        call, session = self._call, self._session
        if reason in call.priority_reasons:
            return
        call.priority_reasons += (reason,)
        call.priority = self._rules.points(call.priority_reasons)
        if call.id in session.exchange.line:
            session.save(self.queued())
            self.stand_in_line()
            session.exchange.distribute()
        else:
            session.save()
        session.note(
            CallEventKind.PRIORITY_RAISED,
            reason=why or reason.label,
            detail={"reason": reason, "priority": call.priority},
        )

    def change_queue(self, code: str, reason: str) -> None:
        """To another queue."""
        self._call.queue = self._rules.queue(code).code
        self._session.save(self.queued())
        self._session.note(CallEventKind.QUEUE_CHANGED, reason=reason, detail=self.in_words())

    async def on_key(self, digit: str) -> bool:
        """Whether the caller has chosen a desk; who is not known as an elder may say so."""
        queue = self._rules.keys.get(digit)
        waits = (
            self._call.state is CallState.QUEUED and self._call.id in self._session.exchange.line
        )
        if queue is None or not waits:
            return False
        if queue != self._call.queue:
            if queue == self._rules.callers.elderly:
                self.raise_priority(PriorityReason.ELDERLY, "市民按键选择")
            await self._session.go_to_queue(queue, "市民按键选择")
        return True

    def offers(self) -> list[tuple[str, dict[str, int | str]]]:
        """What the waiting announcement adds, once: the keys of the desks."""
        if self._offered:
            return []
        self._offered = True
        return [
            ("desk_offer", {"desk": self._rules.queue(queue).name, "key": _KEY_WORDS[key]})
            for key, queue in self._rules.keys.items()
            if queue != self._call.queue
        ]
