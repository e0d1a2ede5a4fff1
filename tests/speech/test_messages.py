"""What was said to the voicemail while we were down becomes a draft: heard and understood. Danger
in it puts its call-back first.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from config.rules import SHIPPED
from config.settings import TelephonySettings, load_settings
from config.urgency import load_urgency
from config.waiting import load_waiting
from dispatch.floor.alerts import Alerts
from dispatch.floor.callbacks import CallbackBook
from dispatch.floor.messages import MessageDrafts
from dispatch.floor.risk_words import RiskWords
from hotline.text_model import load_understander
from models.bus import InProcessBus
from models.clock import SystemClock
from models.guards import Actor
from models.outbox import OutboxRelay
from models.speech import SpeechProfile, Utterance
from models.store import Store
from models.tables import Call, Callback, Draft
from models.understanding import Understanding
from models.vocabulary import Role, Urgency
from nlp.catch_up import CatchUp
from nlp.live import LiveUnderstanding
from nlp.speech.files import transcribe_file
from nlp.speech.service import SpeechService
from nlp.transcripts import TranscriptStore
from telephony.recording import Recordings
from telephony.voicemail import FOLDER, Voicemail
from tests.speech.sounds import COMPLAINT, silence, spoken, write_wav
from tests.telephony.line import owed_calls

pytestmark = [pytest.mark.speech, pytest.mark.timeout(120)]


DANGER = "救命啊，我们楼上起火了，有人被困在里面"


async def test_messages_are_transcribed_understood_and_drafted(tmp_path: Path) -> None:
    settings = load_settings(var=tmp_path, speech={"model": "practice", "workers": 1})
    store, bus, clock = Store(f"sqlite+aiosqlite:///{tmp_path}/x.db"), InProcessBus(), SystemClock()
    await store.migrate()
    speech = SpeechService(settings, lambda _: None)
    await speech.start()
    understander = await asyncio.to_thread(load_understander, settings)

    async def transcribe(path: Path, profile: SpeechProfile) -> list[Utterance]:
        return await transcribe_file(speech, path, profile=profile)

    def understand(text: str, now: datetime) -> Understanding:
        return understander.understand(text, now=now)

    transcripts = TranscriptStore(store)
    recordings = Recordings(settings.recordings_dir, settings.timezone)
    catch_up = CatchUp(store, bus, transcripts, transcribe, recordings.folder, lambda: "practice")
    LiveUnderstanding(understand, transcripts, bus, clock)
    MessageDrafts(store, bus, clock)
    alerts = Alerts(store, bus, clock)
    RiskWords(store, bus, alerts, clock, load_urgency(), Urgency.CRITICAL)
    owed_calls(store, bus, SHIPPED)
    relay = OutboxRelay(store, bus, clock)
    await bus.start()
    await relay.start()
    await catch_up.start()
    left_in_the_dialplan(recordings.folder / FOLDER, "1.1", "13912345678", COMPLAINT)
    left_in_the_dialplan(recordings.folder / FOLDER, "1.2", "13912345679", DANGER)
    assert await Voicemail(store, recordings).take_in(()) == 2

    drafts = await the_drafts(store)
    for part in (catch_up, relay, bus, speech):
        await part.stop()
    async with store.read() as session:
        calls = {one.citizen_number: one for one in await session.scalars(select(Call))}
    rules = load_waiting(SHIPPED).callbacks
    book = CallbackBook(store, clock, rules, TelephonySettings())
    agent = Actor(id="a", name="李晓梅", roles=frozenset({Role.AGENT}))
    tasks = (await book.page(agent, "open", clear=True)).items
    raised = (await alerts.page()).items
    await store.close()
    calm, danger = calls["13912345678"], calls["13912345679"]
    draft = drafts[calm.id]
    assert not calm.transcript_incomplete
    assert "烧烤店半夜噪音扰民" in draft.content["content"]
    assert draft.content["title"]
    assert draft.content["caller_phone"] == "13912345678"
    assert draft.agent_id is None
    assert [task.call_id for task in tasks] == [danger.id, calm.id]
    assert tasks[0].danger and not tasks[1].danger
    assert {one.call_id for one in raised} == {danger.id}
    assert all(one.text.startswith("留言中提到") for one in raised)


def left_in_the_dialplan(folder: Path, channel: str, number: str, words: str) -> None:
    """A note and a message, as the dialplan writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    epoch = int(datetime(2026, 11, 2, 3, tzinfo=UTC).timestamp())
    (folder / f"{channel}.txt").write_text(f"{channel} {epoch} {number} 12345 /x/caller.wav\n")
    write_wav(folder / f"{channel}.wav", silence(0.5) + spoken(words) + silence(0.5))


async def the_drafts(store: Store) -> dict[str, Draft]:
    """Wait for both, and the tasks; by call."""
    async with asyncio.timeout(100):
        while True:
            async with store.read() as session:
                drafts = {one.id: one for one in await session.scalars(select(Draft))}
                tasks = list(await session.scalars(select(Callback.id)))
            if len(drafts) == len(tasks) == 2:
                return drafts
            await asyncio.sleep(0.1)
