"""Words that a shift leader must know of while the caller still speaks, or once a message is read.

What only a recording holds, above all a message, is looked through when it has been transcribed.
The call-back task of a call with such words goes before others.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from config.urgency import UrgencyRule, UrgencyRules
from dispatch.floor.owed_calls import UNDONE, changed
from models.bus import Bus
from models.clock import Clock
from models.events import CallEnded, TranscriptCompleted, UtteranceHeard
from models.ports import AlertPort
from models.speech import Utterance
from models.store import Store
from models.tables import Call, Callback, FloorAlert, UtteranceRow
from models.vocabulary import AlertKind, CallbackState, ContactOutcome, Leg, Urgency

#: Calls whose last words are remembered; more than can live at once.
_CALLS = 2000


@dataclass
class _Said:
    """What is remembered of a call that goes on."""

    #: The last finished sentence: the next may be its second half.
    before: str = ""
    #: The sentence that is being spoken, and the reasons that its last interim text held.
    utterance_id: str = ""
    reasons: frozenset[str] = frozenset()
    #: Reasons raised from interim text; each further one would ask the database again.
    raised: set[str] = field(default_factory=set)


class RiskWords:
    """Listens to what citizens say. Raises each reason once for a call.

    A long sentence is final only when it ends, too late for who is in danger. So its interim text
    counts as well, once two of them in a row hold the same reason: the recogniser often changes
    its mind about the newest word.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        alerts: AlertPort,
        clock: Clock,
        rules: UrgencyRules,
        level: Urgency,
    ) -> None:
        self._store = store
        self._alerts = alerts
        self._clock = clock
        self._rules = [rule for rule in rules.rules if rule.level.rank >= level.rank]
        self._said: OrderedDict[str, _Said] = OrderedDict()
        bus.subscribe("risk-words", self._on_event, UtteranceHeard, CallEnded)
        bus.subscribe("risk-words-recorded", self._on_transcribed, TranscriptCompleted)

    # --- while they speak -----------------------------------------------------------------------

    async def _on_event(self, event: UtteranceHeard | CallEnded) -> None:
        if isinstance(event, CallEnded):
            self._said.pop(event.call_id, None)
        elif event.utterance.leg is Leg.CALLER:
            said = self._said_in(event.utterance.call_id)
            await (self._hear if event.utterance.final else self._overhear)(event.utterance, said)

    def _said_in(self, call_id: str) -> _Said:
        said = self._said.setdefault(call_id, _Said())
        self._said.move_to_end(call_id)
        if len(self._said) > _CALLS:
            self._said.popitem(last=False)
        return said

    async def _hear(self, utterance: Utterance, said: _Said) -> None:
        found = list(self._found(said.before + utterance.text))
        said.before, said.reasons = utterance.text, frozenset()
        for rule, word in found:
            await self._tell(utterance, rule, word)

    async def _overhear(self, utterance: Utterance, said: _Said) -> None:
        """Interim text."""
        found = list(self._found(said.before + utterance.text))
        again = said.reasons if said.utterance_id == utterance.utterance_id else frozenset()
        said.utterance_id = utterance.utterance_id
        said.reasons = frozenset(rule.reason for rule, _ in found)
        for rule, word in found:
            if rule.reason in again and rule.reason not in said.raised:
                said.raised.add(rule.reason)
                await self._tell(utterance, rule, word)

    async def _tell(self, utterance: Utterance, rule: UrgencyRule, word: str) -> None:
        told = f"市民提到“{word}”（{rule.reason}，{rule.level.label}）"
        await self._raise(utterance.call_id, utterance.utterance_id, rule, word, told)

    def _found(self, text: str) -> Iterator[tuple[UrgencyRule, str]]:
        for rule in self._rules:
            if word := rule.spoken_by(text):
                yield rule, word

    async def _raise(
        self, call_id: str, utterance_id: str, rule: UrgencyRule, word: str, text: str
    ) -> bool:
        async with self._store.read() as session:
            query = select(Call.agent_id, Call.queue).where(Call.id == call_id)
            call = (await session.execute(query)).first()
        raised = await self._alerts.raise_alert(
            AlertKind.RISK_WORDS,
            _matter(call_id, rule),
            text,
            call_id=call_id,
            agent_id=call.agent_id if call else None,
            queue=call.queue if call else "",
            detail={"word": word, "reason": rule.reason, "utterance_id": utterance_id},
        )
        return raised is not None

    # --- once a recording is transcribed --------------------------------------------------------

    async def _on_transcribed(self, event: TranscriptCompleted) -> None:
        """Words of a call for which the citizen is still owed one. Told again, or transcribed anew,
        they are not raised a second time, though somebody has acknowledged them meanwhile.
        """
        async with self._store.read() as session:
            call = await session.get(Call, event.call_id)
            owed = select(Callback.state).where(Callback.call_id == event.call_id)
            state = await session.scalar(owed)
            said = await _words_of(session, event.call_id)
            raised = select(FloorAlert.matter).where(FloorAlert.call_id == event.call_id)
            known = set(await session.scalars(raised))
        if call is None or not _is_waited_for(call, state):
            return
        where = "留言" if call.outcome is ContactOutcome.VOICEMAIL_LEFT else "来电录音"
        before, new = "", False
        for row in said:
            for rule, word in self._found(before + row.text):
                if (matter := _matter(call.id, rule)) not in known:
                    known.add(matter)
                    danger = f"“{word}”（{rule.reason}，{rule.level.label}）"
                    told = f"{where}中提到{danger}，回拨任务已提前"
                    new |= await self._raise(call.id, row.id, rule, word, told)
            before = row.text
        if new:
            await self._tell_of_order(call.id)

    async def _tell_of_order(self, call_id: str) -> None:
        """Pages that show the tasks are to read them again. The task is as it was, and may be taken
        by whoever has it before the eyes.
        """
        async with self._store.transaction() as work:
            query = select(Callback).where(Callback.call_id == call_id)
            task = await work.session.scalar(query)
            if task is not None:
                work.record(changed(task, self._clock.now()))


def told_of_danger(call_id: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    """Whether the shift leader was called for words of danger in this call."""
    return exists().where(FloorAlert.call_id == call_id, _OF_WORDS).correlate(call_id.class_)


async def dangers_of(session: AsyncSession, call_ids: Collection[str]) -> dict[str, str]:
    """What was alarming in these calls, in words: ``起火（“着火”）、有人被困（“被困”）``."""
    query = select(FloorAlert.call_id, FloorAlert.detail).where(
        FloorAlert.call_id.in_(call_ids), _OF_WORDS
    )
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for call_id, detail in await session.execute(query.order_by(FloorAlert.at, FloorAlert.id)):
        if call_id:
            found[call_id][f"{detail['reason']}（“{detail['word']}”）"] = None
    return {call_id: "、".join(words) for call_id, words in found.items()}


_OF_WORDS = FloorAlert.kind == AlertKind.RISK_WORDS


def _matter(call_id: str, rule: UrgencyRule) -> str:
    return f"risk:{call_id}:{rule.reason}"


def _is_waited_for(call: Call, task: CallbackState | None) -> bool:
    """Whether somebody has still to call back. ``task``: None when there is none, or not yet."""
    if task is None:
        return call.outcome is ContactOutcome.VOICEMAIL_LEFT
    return task in UNDONE


async def _words_of(session: AsyncSession, call_id: str) -> Sequence[UtteranceRow]:
    query = select(UtteranceRow).where(
        UtteranceRow.call_id == call_id, UtteranceRow.leg == Leg.CALLER
    )
    return list(await session.scalars(query.order_by(UtteranceRow.start, UtteranceRow.id)))
