"""What the telephone says."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
import yaml

from config.rules import SHIPPED, read_yaml
from config.settings import PROJECT_ROOT, Settings, load_settings
from telephony.asterisk import tones
from telephony.asterisk.prompts import make_prompts
from tests.telephony.floor import until

pytestmark = pytest.mark.unit


@pytest.fixture(scope="session")
def spoken_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All shipped prompts: to speak some sixty of them takes a while."""
    var = tmp_path_factory.mktemp("spoken")
    asyncio.run(make_prompts(load_settings(var=var)))
    return var


@pytest.fixture
def var(tmp_path: Path, spoken_once: Path) -> Path:
    """A folder where the shipped prompts have been made before."""
    return shutil.copytree(spoken_once, tmp_path / "var")


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


def test_every_prompt_is_played_somewhere() -> None:
    """Else somebody would record or change a sentence that nobody ever hears."""
    book = read_yaml(SHIPPED / "prompts.yaml")
    code = "".join(file.read_text("utf-8") for file in (PROJECT_ROOT / "telephony").rglob("*.py"))
    queues = read_yaml(SHIPPED / "queues.yaml")
    greetings = {row.get("greeting") for row in queues["queues"] + queues["access_numbers"]}
    names = {*book["prompts"], *book["with_values"]} - greetings
    assert [name for name in sorted(names) if f'"{name}"' not in code] == []


async def test_programs_that_start_together_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    settings = load_settings(var=tmp_path)
    first, second = await asyncio.gather(make_prompts(settings), make_prompts(settings))
    assert first == second
    assert all(first.seconds(name) > 1 for name in first.texts)


async def test_a_deep_folder_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / "热线 系统" / ("x" * 120) / ("y" * 120)
    prompts = await make_prompts(load_settings(var=deep))
    assert prompts.seconds("greeting") > 1


async def test_the_greeting_says_that_the_call_is_recorded_and_is_short(var: Path) -> None:
    prompts = await make_prompts(load_settings(var=var))
    assert "录音" in prompts.texts["greeting"]
    assert prompts.seconds("greeting") <= 6


async def test_a_second_start_makes_nothing_anew(var: Path) -> None:
    settings = load_settings(var=var)
    first = await make_prompts(settings)
    made = {file: file.stat().st_mtime_ns for file in settings.sounds_dir.rglob("*.wav")}
    assert await make_prompts(settings) == first
    assert {f: f.stat().st_mtime_ns for f in settings.sounds_dir.rglob("*.wav")} == made


async def test_the_citys_own_recording_and_text_take_the_place_of_ours(
    tmp_path: Path, var: Path
) -> None:
    rules = tmp_path / "rules"
    (rules / "sounds").mkdir(parents=True)
    tones.write_wave(rules / "sounds" / "greeting.wav", tones.beep())
    shipped = await make_prompts(load_settings(var=var))
    ours = await make_prompts(load_settings(var=var, rules=rules))
    assert ours.path("greeting") != shipped.path("greeting")
    assert ours.seconds("greeting") == pytest.approx(0.35, abs=0.01)
    assert ours.path("goodbye") == shipped.path("goodbye")


def city(tmp_path: Path, book: str) -> Settings:
    """A city with its own prompts.yaml."""
    rules = tmp_path / "rules"
    (rules / "sounds").mkdir(parents=True, exist_ok=True)
    (rules / "prompts.yaml").write_text(book, "utf-8")
    return load_settings(var=tmp_path / "var", rules=rules)


@pytest.mark.parametrize(
    ("voice", "words"),
    [
        ("[no-such-voice]", "no-such-voice"),
        ("[sh, -c, 'echo out of breath >&2; exit 3']", "out of breath"),
        ("[sh, -c, 'true']", "spoken.wav"),  # says it is done, and has made nothing
    ],
    ids=["missing", "failing", "lying"],
)
async def test_a_voice_that_fails_stops_nothing_and_is_told_in_its_own_words(
    voice: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = city(tmp_path, f"voice: {voice}\nprompts: {{greeting: 您好}}\n")
    prompts = await make_prompts(settings)
    assert words in capsys.readouterr().out
    for name in ("greeting", "voicemail", "queue"):
        assert prompts.path(name).name.startswith("shipped-")
        assert 1 < prompts.seconds(name) < 3  # “请您稍候。”, not silence
    said = await prompts.say("queue_position", ahead=3, minutes=2)
    assert said == prompts.uri("greeting")
    assert await prompts.spoken("承办单位正在办理") == said


async def test_a_voice_that_hangs_holds_the_start_up_a_moment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telephony.asterisk.voice._LONGEST_SECONDS", 0.2)
    tried = tmp_path / "tried"
    settings = city(tmp_path, f"voice: [sh, -c, 'echo >> {tried}; sleep 60']\nprompts: {{}}\n")
    prompts = await make_prompts(settings)
    assert prompts.path("greeting").name.startswith("shipped-")
    assert len(tried.read_text().splitlines()) <= 4  # not once for each of some fifty sounds


async def test_a_voice_that_is_back_speaks_from_the_next_call_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telephony.asterisk.making.RETRY_SECONDS", 0.0)
    shipped = read_yaml(SHIPPED / "prompts.yaml")["voice"]
    script = f"test -e {tmp_path}/well || exit 1; {shlex.join(shipped)}"
    settings = city(tmp_path, yaml.safe_dump({"voice": ["sh", "-c", script], "prompts": {}}))
    prompts = await make_prompts(settings)
    assert prompts.path("greeting").name.startswith("shipped-")
    (tmp_path / "well").touch()
    await until(lambda: prompts.path("goodbye").name.startswith("goodbye-"), within=60)


@pytest.mark.usefixtures("var")
async def test_a_recording_that_cannot_be_read_is_spoken_instead(tmp_path: Path) -> None:
    settings = city(tmp_path, "prompts: {goodbye: 再会}\n")
    assert settings.rules is not None
    (settings.rules / "sounds" / "greeting.wav").write_text("this is no sound")
    prompts = await make_prompts(settings)
    assert prompts.path("greeting").name.startswith("greeting-")
    assert prompts.seconds("greeting") > 2
    assert (prompts.texts["goodbye"], "录音" in prompts.texts["greeting"]) == ("再会", True)


async def test_a_prompt_that_nobody_has_written_is_a_neutral_one(var: Path) -> None:
    prompts = await make_prompts(load_settings(var=var))
    assert prompts.uri("no_such_prompt") == prompts.uri("please_wait")
    prompts.paths["greeting"] = var / "has-vanished"
    assert prompts.seconds("greeting") > 0


def test_the_music_has_no_seam_and_no_jumps() -> None:
    tune = tones.music()
    steps = np.abs(np.diff(np.concatenate([tune, tune[:1]])))
    assert steps[-1] <= steps.max()
    assert float(np.abs(tune).max()) < 0.5
    assert 20 < len(tune) / tones.SAMPLE_RATE < 60
