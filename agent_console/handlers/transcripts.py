"""Readers' say on a transcript: a name that was put right is taken back, or put right again."""

from __future__ import annotations

from pydantic import BaseModel, Field

from agent_console.call_queries import visible_call
from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from models.speech import Correction
from nlp.transcripts import TranscriptStore

routes = Routes("通话文字")


class CorrectionChoice(Body):
    """Whether the words are to stand as they were heard."""

    undone: bool = Field(title="按听到的原样显示")


class Corrected(BaseModel):
    """How the utterance reads now."""

    text: str
    corrections: list[Correction]


@routes.route(
    "PUT",
    "/api/calls/{call_id}/utterances/{utterance_id}/corrections/{index}",
    summary="撤回或恢复一处更正",
    permission="call.transcript",
)
async def choose_correction(
    ask: Ask, call_id: str, utterance_id: str, index: str, body: CorrectionChoice
) -> Corrected:
    """``index`` counts the corrections of the utterance from 0. Safe to repeat."""
    place = int(index) if index.isdecimal() else -1
    async with ask.console.store.read() as session:
        await visible_call(session, call_id, ask.person)
    store = TranscriptStore(ask.console.store)
    row = await store.set_correction(call_id, utterance_id, place, undone=body.undone)
    return Corrected(text=row.text, corrections=[Correction(**one) for one in row.corrections])
