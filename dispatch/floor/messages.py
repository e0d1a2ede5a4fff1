"""The draft of a message: what a caller said to the voicemail, laid out for whoever calls back.

It is a draft like any other, keyed by the call, but nobody's yet (see decision 4). The first agent
who saves it takes it up; until then a better transcript replaces it.
"""

from __future__ import annotations

import re
from typing import Any

import structlog
from sqlalchemy import select

from models.bus import Bus
from models.clock import Clock
from models.events import RequestUnderstood
from models.phone_numbers import WITHHELD, normal_number
from models.store import Store
from models.tables import Call, Draft, UtteranceRow
from models.understanding import Understanding
from models.vocabulary import ContactOutcome, Leg

log = structlog.get_logger(__name__)

_TITLE_LENGTH = 50


class MessageDrafts:
    """Writes a draft once a message has been transcribed and understood."""

    def __init__(self, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        bus.subscribe("message-drafts", self._on_understood, RequestUnderstood)

    async def _on_understood(self, event: RequestUnderstood) -> None:
        async with self._store.read() as session:
            call = await session.get(Call, event.call_id)
            said = select(UtteranceRow.text).where(
                UtteranceRow.call_id == event.call_id, UtteranceRow.leg == Leg.CALLER
            )
            words = list(await session.scalars(said.order_by(UtteranceRow.start)))
        if call is None or call.outcome is not ContactOutcome.VOICEMAIL_LEFT or not words:
            return
        content = draft_content(event.understanding, "".join(words), call.citizen_number)
        async with self._store.transaction() as work:
            draft = await work.session.get(Draft, call.id)
            if draft is None:
                draft = Draft(id=call.id, agent_id=None, order_id=None)
                work.session.add(draft)
            elif draft.agent_id is not None:
                return  # somebody works on it
            draft.content, draft.updated_at = content, self._clock.now()
        log.info("message.drafted", call_id=call.id)


def draft_content(understanding: Understanding, text: str, number: str) -> dict[str, Any]:
    """The order form as the browser keeps it; ``origins`` says which fields a machine has filled.

    Type and category are left for a person to choose among the proposals.
    """
    facts = {
        kind: fact for kind in ("place", "time", "phone", "demand")
        if (fact := understanding.first(kind))
    }  # fmt: skip
    phone = re.sub(r"[^\d+]", "", facts["phone"].value) if "phone" in facts else ""
    filled = {
        "title": understanding.title[:_TITLE_LENGTH],
        "content": text,
        "place": facts["place"].value or facts["place"].text if "place" in facts else "",
        "occurred": facts["time"].text if "time" in facts else "",
        "demand": facts["demand"].text if "demand" in facts else "",
        "callback_phone": phone if phone != number else "",
    }
    form = {name: value for name, value in filled.items() if value}
    origins = dict.fromkeys(form, "machine")
    if normal_number(number) != WITHHELD:
        form["caller_phone"], origins["caller_phone"] = number, "line"
    return {**form, "origins": origins}
