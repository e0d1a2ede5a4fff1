"""What was said to the voicemail while we were down becomes a draft: heard and understood."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from config.settings import load_settings
from dispatch.floor.messages import MessageDrafts
from hotline.text_model import load_understander
from models.bus import InProcessBus
from models.clock import SystemClock
from models.outbox import OutboxRelay
from models.speech import SpeechProfile, Utterance
from models.store import Store
from models.tables import Call, Draft
from models.understanding import Understanding
from nlp.catch_up import CatchUp
from nlp.live import LiveUnderstanding
from nlp.speech.files import transcribe_file
from nlp.speech.service import SpeechService
from nlp.transcripts import TranscriptStore
from telephony.recording import Recordings
from telephony.voicemail import FOLDER, Voicemail
from tests.speech.sounds import COMPLAINT, silence, spoken, write_wav

pytestmark = [pytest.mark.speech, pytest.mark.timeout(120)]


async def test_a_message_is_transcribed_understood_and_drafted(tmp_path: Path) -> None:
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
    relay = OutboxRelay(store, bus, clock)
    await bus.start()
    await relay.start()
    await catch_up.start()
    left_in_the_dialplan(recordings.folder / FOLDER)
    assert await Voicemail(store, recordings).take_in(()) == 1

    draft = await the_draft(store)
    for part in (catch_up, relay, bus, speech):
        await part.stop()
    async with store.read() as session:
        call = (await session.scalars(select(Call))).one()
    await store.close()
    assert draft.id == call.id
    assert not call.transcript_incomplete
    assert "烧烤店半夜噪音扰民" in draft.content["content"]
    assert draft.content["title"]
    assert draft.content["caller_phone"] == "13912345678"
    assert draft.agent_id is None


def left_in_the_dialplan(folder: Path) -> None:
    """A note and a message, as the dialplan writes them."""
    folder.mkdir(parents=True)
    epoch = int(datetime(2026, 11, 2, 3, tzinfo=UTC).timestamp())
    (folder / "1.1.txt").write_text(f"1.1 {epoch} 13912345678 12345 /x/caller.wav\n")
    write_wav(folder / "1.1.wav", silence(0.5) + spoken(COMPLAINT) + silence(0.5))


async def the_draft(store: Store) -> Draft:
    """Wait for it."""
    async with asyncio.timeout(100):
        while True:
            async with store.read() as session:
                draft = (await session.scalars(select(Draft))).first()
            if draft is not None:
                return draft
            await asyncio.sleep(0.1)
