"""Recordings become transcripts through the same workers as live calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.settings import load_settings
from models.errors import InvalidInput, SpeechUnavailable
from models.speech import SpeechProfile
from nlp.speech.files import to_json, transcribe_file, transcribe_wav
from nlp.speech.service import SpeechService
from tests.speech.sounds import COMPLAINT, PHONE, silence, spoken, write_wav

pytestmark = pytest.mark.speech


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[SpeechService]:
    settings = load_settings(var=tmp_path, speech={"model": "practice", "workers": 2})
    running = SpeechService(settings, lambda _: None)
    await running.start()
    yield running
    await running.stop()


async def test_a_mono_recording(service: SpeechService, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", silence(1) + spoken(COMPLAINT) + silence(1))
    progress: list[float] = []
    heard = await transcribe_file(service, path, progress.append)
    rows = to_json(heard, speakers_known=False)
    assert "烧烤店半夜噪音扰民" in "".join(row["text"] for row in rows)
    assert 0.9 < rows[0]["start"] < rows[0]["end"]
    assert set(rows[0]) == {"start", "end", "text", "raw", "confidence"}
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


async def test_two_channels_are_two_speakers(service: SpeechService, tmp_path: Path) -> None:
    caller = silence(4) + spoken(PHONE) + silence(1)
    agent = spoken("请问您的联系电话是多少") + silence(8)
    heard = await transcribe_file(service, write_wav(tmp_path / "a.wav", caller, agent))
    rows = to_json(heard, speakers_known=True)
    assert [row["speaker"] for row in rows] == ["agent", "caller"]
    assert "13800138000" in rows[1]["text"]
    assert len({each.utterance_id for each in heard}) == len(heard)


async def test_a_recording_at_another_rate(tmp_path: Path) -> None:
    settings = load_settings(var=tmp_path, speech={"model": "practice", "workers": 1})
    slow = spoken("您好我要投诉")
    doubled = b"".join(slow[k : k + 2] * 2 for k in range(0, len(slow), 2))
    path = write_wav(tmp_path / "a.wav", doubled, rate=16000)
    heard, speakers_known = await transcribe_wav(path, settings)
    assert not speakers_known
    assert "投诉" in "".join(each.text for each in heard)


async def test_who_dictates_may_stop_to_think(service: SpeechService, tmp_path: Path) -> None:
    said = spoken("您好我要投诉") + silence(1.5) + spoken("小区楼下的烧烤店半夜噪音扰民")
    path = write_wav(tmp_path / "a.wav", silence(1) + said + silence(4) + spoken(PHONE))
    turns = await transcribe_file(service, path)
    first, second = await transcribe_file(service, path, profile=SpeechProfile.DICTATION)
    assert len(turns) == 3, "in a dialogue the same pause ends an utterance"
    assert first.raw == f"{turns[0].raw} {turns[1].raw}"
    assert (first.start, first.end) == (turns[0].start, turns[1].end)
    assert [word.start for word in first.words] == sorted(word.start for word in first.words)
    assert "13800138000" in second.text


async def test_silence_has_no_transcript(service: SpeechService, tmp_path: Path) -> None:
    assert await transcribe_file(service, write_wav(tmp_path / "a.wav", silence(30))) == []


async def test_what_is_no_recording_is_refused(service: SpeechService, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_text("hello")
    with pytest.raises(InvalidInput, match="不是 WAV"):
        await transcribe_file(service, path)


async def test_without_a_model_the_reason_is_told(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", silence(1))
    settings = load_settings(var=tmp_path, speech={"model": "none"})
    with pytest.raises(SpeechUnavailable, match="配置中关闭"):
        await transcribe_wav(path, settings)
