"""What the telephone says."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from config.settings import load_settings
from models.errors import ConfigurationError
from telephony.asterisk import tones
from telephony.asterisk.prompts import make_prompts

pytestmark = pytest.mark.unit


async def test_every_prompt_becomes_telephone_sound(tmp_path: Path) -> None:
    prompts = await make_prompts(load_settings(var=tmp_path))
    for name in prompts.texts:
        with wave.open(f"{prompts.path(name)}.wav") as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (
                8000,
                1,
                2,
            )
        assert prompts.seconds(name) > 1
    assert list(prompts.music_dir.glob("*.wav"))
    assert {file.parent.name for file in (tmp_path / "sounds").rglob("*.wav")} == {"sounds", "moh"}


async def test_programs_that_start_together_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    settings = load_settings(var=tmp_path)
    first, second = await asyncio.gather(make_prompts(settings), make_prompts(settings))
    assert first == second
    assert all(first.seconds(name) > 1 for name in first.texts)


async def test_a_deep_folder_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / "热线 系统" / ("x" * 120) / ("y" * 120)
    prompts = await make_prompts(load_settings(var=deep))
    assert prompts.seconds("greeting") > 1


async def test_the_greeting_says_that_the_call_is_recorded_and_is_short(tmp_path: Path) -> None:
    prompts = await make_prompts(load_settings(var=tmp_path))
    assert "录音" in prompts.texts["greeting"]
    assert prompts.seconds("greeting") <= 6


async def test_a_second_start_makes_nothing_anew(tmp_path: Path) -> None:
    settings = load_settings(var=tmp_path)
    first = await make_prompts(settings)
    made = {file: file.stat().st_mtime_ns for file in settings.sounds_dir.rglob("*.wav")}
    assert await make_prompts(settings) == first
    assert {f: f.stat().st_mtime_ns for f in settings.sounds_dir.rglob("*.wav")} == made


async def test_the_citys_own_recording_and_text_take_the_place_of_ours(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    (rules / "sounds").mkdir(parents=True)
    tones.write_wave(rules / "sounds" / "greeting.wav", tones.beep())
    shipped = await make_prompts(load_settings(var=tmp_path))
    ours = await make_prompts(load_settings(var=tmp_path, rules=rules))
    assert ours.path("greeting") != shipped.path("greeting")
    assert ours.seconds("greeting") == pytest.approx(0.35, abs=0.01)
    assert ours.path("goodbye") == shipped.path("goodbye")


async def test_a_voice_that_is_not_installed_is_named(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "prompts.yaml").write_text("voice: [no-such-voice]\nprompts: {greeting: 您好}\n")
    with pytest.raises(ConfigurationError, match="no-such-voice"):
        await make_prompts(load_settings(var=tmp_path, rules=rules))


async def test_a_voice_that_fails_is_told_in_its_own_words(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "prompts.yaml").write_text(
        "voice: [sh, -c, 'echo out of breath >&2; exit 3']\nprompts: {greeting: 您好}\n"
    )
    with pytest.raises(ConfigurationError, match="out of breath"):
        await make_prompts(load_settings(var=tmp_path, rules=rules))


async def test_a_prompt_that_the_book_lacks_is_named(tmp_path: Path) -> None:
    prompts = await make_prompts(load_settings(var=tmp_path))
    with pytest.raises(ConfigurationError, match="no_such_prompt"):
        prompts.path("no_such_prompt")


def test_the_music_has_no_seam_and_no_jumps() -> None:
    tune = tones.music()
    steps = np.abs(np.diff(np.concatenate([tune, tune[:1]])))
    assert steps[-1] <= steps.max()
    assert float(np.abs(tune).max()) < 0.5
    assert 20 < len(tune) / tones.SAMPLE_RATE < 60
