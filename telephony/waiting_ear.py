"""We listen to callers who wait: one who tells of danger goes before all others."""

from __future__ import annotations

import structlog

from config.queues import QueueRules
from config.urgency import UrgencyRule, UrgencyRules
from models.bus import Bus, Reach
from models.events import UtteranceHeard
from models.vocabulary import Leg, PriorityReason
from telephony.exchange import Exchange
from telephony.inbound import InboundCall

log = structlog.get_logger(__name__)


class WaitingEar:
    """Raises the priority of callers by their words. Every final utterance counts, with all that
    was said before it while waiting: a sentence may be cut in two. One waits until an agent
    answers: also while one is rung, who may not answer, and in self-service.
    """

    def __init__(
        self, bus: Bus, exchange: Exchange, rules: QueueRules, urgency: UrgencyRules
    ) -> None:
        self._exchange = exchange
        ear = rules.listen_while_waiting
        self._rules: tuple[UrgencyRule, ...] = ()
        if ear is not None:
            self._rules = tuple(one for one in urgency.rules if one.level.rank >= ear.level.rank)
            bus.subscribe("waiting-ear", self._heard, UtteranceHeard, reach=Reach.HERE)

    async def _heard(self, event: UtteranceHeard) -> None:
        said = event.utterance
        session = self._exchange.sessions.get(said.call_id)
        if not said.final or said.leg is not Leg.CALLER or not isinstance(session, InboundCall):
            return
        if not session.waits:
            return
        session.said_while_waiting.append(said.text)
        found = self._triggered("".join(session.said_while_waiting))
        if found:
            log.info("call.emergency_words", call_id=said.call_id, reason=found)
            session.post(lambda: session.raise_priority(PriorityReason.EMERGENCY_WORDS, found))

    def _triggered(self, text: str) -> str:
        """Why, and by which word; empty when nothing was said that counts."""
        for rule in self._rules:
            if word := rule.spoken_by(text):
                return f"{rule.reason}（{word}）"
        return ""
