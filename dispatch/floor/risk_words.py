"""Words in the live transcript that a shift leader must know of while the caller still speaks."""

from __future__ import annotations

from collections import OrderedDict

from sqlalchemy import select

from config.urgency import UrgencyRule, UrgencyRules
from models.bus import Bus
from models.events import CallEnded, UtteranceHeard
from models.ports import AlertPort
from models.speech import Utterance
from models.store import Store
from models.tables import Call
from models.vocabulary import AlertKind, Leg, Urgency

#: Calls whose last words are remembered; more than can live at once.
_CALLS = 2000


class RiskWords:
    """Listens to what citizens say. Raises each reason once for a call."""

    def __init__(
        self, store: Store, bus: Bus, alerts: AlertPort, rules: UrgencyRules, level: Urgency
    ) -> None:
        self._store = store
        self._alerts = alerts
        self._rules = [rule for rule in rules.rules if rule.level.rank >= level.rank]
        #: Call → what was said last: a sentence may be cut in two.
        self._before: OrderedDict[str, str] = OrderedDict()
        bus.subscribe("risk-words", self._on_event, UtteranceHeard, CallEnded)

    async def _on_event(self, event: UtteranceHeard | CallEnded) -> None:
        if isinstance(event, CallEnded):
            self._before.pop(event.call_id, None)
        elif event.utterance.final and event.utterance.leg is Leg.CALLER:
            await self._hear(event.utterance)

    async def _hear(self, utterance: Utterance) -> None:
        call_id = utterance.call_id
        text = self._before.get(call_id, "") + utterance.text
        self._before[call_id] = utterance.text
        self._before.move_to_end(call_id)
        if len(self._before) > _CALLS:
            self._before.popitem(last=False)
        for rule in self._rules:
            if word := rule.spoken_by(text):
                await self._raise(utterance, rule, word)

    async def _raise(self, utterance: Utterance, rule: UrgencyRule, word: str) -> None:
        async with self._store.read() as session:
            query = select(Call.agent_id, Call.queue).where(Call.id == utterance.call_id)
            call = (await session.execute(query)).first()
        await self._alerts.raise_alert(
            AlertKind.RISK_WORDS,
            f"risk:{utterance.call_id}:{rule.reason}",
            f"市民提到“{word}”（{rule.reason}，{rule.level.label}）",
            call_id=utterance.call_id,
            agent_id=call.agent_id if call else None,
            queue=call.queue if call else "",
            detail={"word": word, "reason": rule.reason, "utterance_id": utterance.utterance_id},
        )
