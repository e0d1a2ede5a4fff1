"""Texts with values become sound when they are needed, and something is heard in any case."""

from __future__ import annotations

import asyncio
import os
import time
import wave
from collections.abc import Sequence
from pathlib import Path

import pytest

from config.settings import load_settings
from telephony.asterisk.numerals import digit_by_digit, in_words
from telephony.asterisk.prompts import Prompts, make_prompts
from telephony.asterisk.spoken import SpokenTexts
from telephony.asterisk.voice import Voice

pytestmark = pytest.mark.unit

TEMPLATES = {"position": "您前面还有{ahead}位，预计等待{minutes}分钟。"}


def _files(media: str) -> list[Path]:
    return [Path(part.removeprefix("sound:") + ".wav") for part in media.split(",")]


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (8000, 1)
        return sound.getnframes() / sound.getframerate()


def _speaking_with(command: Sequence[str], prompts: Prompts, folder: Path) -> SpokenTexts:
    """The prompts are there; the voice is another one now."""
    return SpokenTexts(Voice(command=command), folder, TEMPLATES, _paths(prompts))


def _paths(prompts: Prompts) -> dict[str, Path]:
    names = {"position": "queue_position"}
    pieces = {f"position_{i}": prompts.path(f"{names['position']}_{i}") for i in range(3)}
    return {**prompts.paths, **pieces}


async def test_a_text_with_values_is_made_once(tmp_path: Path) -> None:
    prompts = await make_prompts(load_settings(var=tmp_path))
    media = await prompts.say("queue_position", ahead=3, minutes=2)
    (file,) = _files(media)
    assert _seconds(file) > 2
    made = file.stat().st_ino
    again = await asyncio.gather(
        *(prompts.say("queue_position", ahead=3, minutes=2) for _ in range(5))
    )
    assert set(again) == {media}
    assert file.stat().st_ino == made
    assert await prompts.say("queue_position", ahead=4, minutes=2) != media


async def test_many_who_want_the_same_new_words_start_one_program(tmp_path: Path) -> None:
    prompts = await make_prompts(load_settings(var=tmp_path))
    counting = ["sh", "-c", f"echo x >> {tmp_path}/starts; exec espeak-ng -w {{file}} --stdin"]
    texts = _speaking_with(counting, prompts, tmp_path / "spoken")
    media = await asyncio.gather(*(texts.spoken("您好") for _ in range(20)))
    assert len(set(media)) == 1
    assert (tmp_path / "starts").read_text() == "x\n"


async def test_when_the_voice_fails_pieces_and_numerals_are_put_together(tmp_path: Path) -> None:
    prompts = await make_prompts(load_settings(var=tmp_path))
    texts = _speaking_with(["sh", "-c", "exit 3"], prompts, tmp_path / "spoken")
    files = _files(await texts.say("position", ahead=12, minutes=2))
    names = [file.name.rpartition("-")[0] for file in files]
    assert names == [
        "queue_position_0", "numeral_10", "numeral_2",
        "queue_position_1", "numeral_liang", "queue_position_2",
    ]  # fmt: skip
    assert all(_seconds(file) > 0.1 for file in files)


async def test_when_nothing_can_be_put_together_a_neutral_prompt_is_heard(tmp_path: Path) -> None:
    prompts = await make_prompts(load_settings(var=tmp_path))
    texts = _speaking_with(["no-such-voice"], prompts, tmp_path / "spoken")
    assert await texts.spoken("承办单位正在办理") == prompts.uri("please_wait")
    assert await texts.spoken("承办单位", prompts.uri("goodbye")) == prompts.uri("goodbye")
    assert await texts.say("position", ahead="很多", minutes=1) == prompts.uri("please_wait")


async def test_a_voice_that_failed_is_left_alone_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = await make_prompts(load_settings(var=tmp_path))
    failing = ["sh", "-c", f"echo x >> {tmp_path}/starts; exit 1"]
    texts = _speaking_with(failing, prompts, tmp_path / "spoken")
    for number in range(5):
        await texts.spoken(f"您好{number}")
    assert (tmp_path / "starts").read_text() == "x\n"
    monkeypatch.setattr("telephony.asterisk.spoken.REST_SECONDS", 0.0)
    texts = _speaking_with(failing, prompts, tmp_path / "spoken")
    await texts.spoken("您好")
    await texts.spoken("您好")
    assert (tmp_path / "starts").read_text() == "x\n" * 3


async def test_nobody_waits_for_a_slow_voice_and_the_next_one_has_its_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = await make_prompts(load_settings(var=tmp_path))
    monkeypatch.setattr("telephony.asterisk.spoken.WAIT_SECONDS", 0.05)
    gate = tmp_path / "go"
    slow = [
        "sh",
        "-c",
        f"while [ ! -e {gate} ]; do sleep 0.05; done; espeak-ng -w {{file}} --stdin",
    ]
    texts = _speaking_with(slow, prompts, tmp_path / "spoken")
    assert await texts.spoken("您好") == prompts.uri("please_wait")
    gate.touch()
    monkeypatch.setattr("telephony.asterisk.spoken.WAIT_SECONDS", 10.0)
    (file,) = _files(await texts.spoken("您好"))
    assert file.parent == tmp_path / "spoken"


async def test_the_folder_is_bounded_and_what_was_used_last_is_kept(tmp_path: Path) -> None:
    prompts = await make_prompts(load_settings(var=tmp_path))
    folder = tmp_path / "spoken"
    command = ["espeak-ng", "-w", "{file}", "--stdin"]
    texts = SpokenTexts(Voice(command=command), folder, TEMPLATES, prompts.paths, kept=3)
    first, second, third = [_files(await texts.spoken(f"第{n}"))[0] for n in range(3)]
    long_ago = time.time() - 3600
    for index, file in enumerate((second, third, first)):
        os.utime(file, (long_ago + index, long_ago + index))
    await texts.spoken("第四")
    assert {first, third} < set(folder.glob("*.wav"))
    assert not second.exists()
    await texts.spoken("第五")  # the first is older than the fourth, which may still be playing
    assert not third.exists()


async def test_the_citys_recorded_pieces_take_the_place_of_the_voice(tmp_path: Path) -> None:
    sounds = tmp_path / "rules" / "sounds"
    sounds.mkdir(parents=True)
    shipped = await make_prompts(load_settings(var=tmp_path))
    for index in range(3):
        source = Path(f"{shipped.path(f'queue_position_{index}')}.wav")
        (sounds / f"queue_position_{index}.wav").write_bytes(source.read_bytes())
    prompts = await make_prompts(load_settings(var=tmp_path, rules=tmp_path / "rules"))
    assert len(_files(await prompts.say("queue_position", ahead=3, minutes=2))) == 5
    assert len(_files(await prompts.say("queue_position_only", ahead=3))) == 1


async def test_a_citys_file_need_only_say_what_differs(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "prompts.yaml").write_text("with_values: {queue_position: '前面{ahead}位'}\n")
    prompts = await make_prompts(load_settings(var=tmp_path, rules=rules))
    assert prompts.seconds("greeting") > 1
    assert prompts.on_demand is not None
    assert prompts.on_demand.text("queue_position", ahead=20, minutes=1) == "前面二十位"
    assert prompts.on_demand.text("callback_offer", key="一").endswith("请按一。")


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "零"), (1, "一"), (2, "两"), (10, "十"), (12, "十二"), (20, "二十"), (21, "二十一"),
     (100, "一百"), (102, "一百零二"), (110, "一百一十"), (215, "二百一十五"), (1000, "一千"),
     (1005, "一千零五"), (1050, "一千零五十"), (9999, "九千九百九十九")],
)  # fmt: skip
def test_numbers_are_said_as_one_says_them(number: int, words: str) -> None:
    assert in_words(number) == words


def test_telephone_numbers_are_said_digit_by_digit() -> None:
    assert digit_by_digit("138-0500") == "幺三八零五零零"
    with pytest.raises(ValueError, match="-1"):
        in_words(-1)
