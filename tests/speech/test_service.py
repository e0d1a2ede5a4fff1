"""Live recognition with real workers: streams, partials, dying workers."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import pytest

from config.settings import Settings, load_settings
from models.errors import SpeechUnavailable
from models.speech import LegMode, Utterance
from models.vocabulary import Leg, SpeechMode
from nlp.speech.install import install
from nlp.speech.models import PRACTICE_MODEL, read_model
from nlp.speech.service import SpeechService
from nlp.speech.stream import SpeechStream
from tests.speech.sounds import COMPLAINT, PHONE, hiss, silence, spoken, through_mu_law
from tests.speech.test_models import add_model

pytestmark = pytest.mark.speech

STEP = 1600  # bytes of 100 ms


class Listener:
    """Collects what is heard."""

    def __init__(self) -> None:
        self.heard: list[Utterance] = []

    async def __call__(self, utterance: Utterance) -> None:
        self.heard.append(utterance)

    def finals(self, leg: Leg = Leg.CALLER) -> list[Utterance]:
        return [each for each in self.heard if each.final and each.leg is leg]

    def text(self, leg: Leg = Leg.CALLER) -> str:
        return "".join(each.text for each in self.finals(leg))


def settings(var: Path, model: str = "practice", workers: int = 2) -> Settings:
    return load_settings(var=var, speech={"model": model, "workers": workers})


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def service(tmp_path: Path, listener: Listener) -> AsyncIterator[SpeechService]:
    running = SpeechService(settings(tmp_path), listener)
    await running.start()
    yield running
    await running.stop()


async def feed(stream: SpeechStream, sound: bytes) -> None:
    """As a call would: piece by piece, but no faster than the workers follow."""
    for begin in range(0, len(sound), STEP):
        await stream.feed_patiently(sound[begin : begin + STEP], 2.0)


async def starve(worker: int) -> None:
    """A fault: the worker gets a small part of the processor's time."""
    while True:
        os.kill(worker, signal.SIGSTOP)
        await asyncio.sleep(0.4)
        os.kill(worker, signal.SIGCONT)
        await asyncio.sleep(0.02)


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that surely comes."""
    for _ in range(1200):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came")


async def test_a_caller_is_understood_over_the_telephone(
    service: SpeechService, listener: Listener
) -> None:
    assert service.status.available
    assert service.status.practice
    stream = service.open("call", Leg.CALLER, offset_s=5.0)
    await feed(stream, silence(1) + through_mu_law(COMPLAINT) + silence(2))
    await feed(stream, through_mu_law(PHONE) + silence(2))
    await stream.close()
    assert "烧烤店半夜噪音扰民" in listener.text()
    assert "我的电话是13800138000" in listener.text()
    assert stream.complete
    first = listener.finals()[0]
    assert first.call_id == "call"
    assert 5.9 < first.start < 6.6
    assert "幺" in listener.finals()[-1].raw
    assert 0.5 < first.confidence <= 1
    assert [word.text for word in first.words] == first.raw.split()
    assert all(one.start <= two.start for one, two in pairwise(first.words))


async def test_partials_change_rarely_and_keep_the_id_of_their_final(
    service: SpeechService, listener: Listener
) -> None:
    stream = service.open("call", Leg.CALLER)
    await feed(stream, spoken(COMPLAINT) + silence(2))
    await stream.close()
    for final in listener.finals():
        partials = [
            each
            for each in listener.heard
            if each.utterance_id == final.utterance_id and not each.final
        ]
        assert partials
        texts = [each.raw for each in partials]
        assert all(one != two for one, two in pairwise(texts))
        ends = [each.end for each in partials]
        assert all(two - one >= 0.299 for one, two in pairwise(ends))
        assert listener.heard.index(partials[-1]) < listener.heard.index(final)
    ids = [each.utterance_id for each in listener.finals()]
    assert len(set(ids)) == len(ids)


async def test_a_hang_up_in_mid_word_still_gives_the_last_words(
    service: SpeechService, listener: Listener
) -> None:
    stream = service.open("call", Leg.CALLER)
    await feed(stream, spoken(COMPLAINT))
    await stream.close()
    await stream.close()
    assert "噪音扰民" in listener.text()


async def test_two_legs_at_once_are_never_mixed(service: SpeechService, listener: Listener) -> None:
    caller, agent = service.open("call", Leg.CALLER), service.open("call", Leg.AGENT)
    await asyncio.gather(
        feed(caller, spoken("小区楼下的烧烤店半夜噪音扰民") + silence(1)),
        feed(agent, spoken("请问您的联系电话是多少") + silence(1)),
    )
    await asyncio.gather(caller.close(), agent.close())
    assert "噪音扰民" in listener.text(Leg.CALLER)
    assert "联系电话" in listener.text(Leg.AGENT)
    assert "联系电话" not in listener.text(Leg.CALLER)


async def test_a_silent_leg_says_nothing(service: SpeechService, listener: Listener) -> None:
    stream = service.open("call", Leg.AGENT)
    await feed(stream, silence(20) + hiss(20, 25))
    await stream.close()
    assert listener.heard == []
    assert stream.complete


async def test_a_long_silence_does_not_shift_the_clock(
    service: SpeechService, listener: Listener
) -> None:
    stream = service.open("call", Leg.CALLER)
    await feed(stream, spoken("您好我要投诉") + silence(60) + spoken("请尽快处理") + silence(2))
    await stream.close()
    first, last = listener.finals()[0], listener.finals()[-1]
    spoken_before = len(spoken("您好我要投诉")) / 16000 + 60
    assert first.start < 1
    assert spoken_before - 0.3 < last.start < spoken_before + 0.7


@pytest.mark.parametrize("everyone", [False, True], ids=["one worker", "all workers"])
async def test_killed_workers_cost_no_word(
    service: SpeechService, listener: Listener, everyone: bool
) -> None:
    streams = [service.open("call", Leg.CALLER), service.open("call", Leg.AGENT)]
    sound = spoken(COMPLAINT + "。" + PHONE) + silence(2)
    middle = len(sound) // 2 // STEP * STEP
    await asyncio.gather(*(feed(stream, sound[:middle]) for stream in streams))
    killed = service.worker_pids if everyone else service.worker_pids[:1]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    for stream in streams:
        stream.feed(sound[middle:])
    await asyncio.gather(*(stream.close() for stream in streams))
    for leg in (Leg.CALLER, Leg.AGENT):
        assert "烧烤店半夜噪音扰民" in listener.text(leg)
        assert "13800138000" in listener.text(leg)
        ids = [each.utterance_id for each in listener.finals(leg)]
        assert len(set(ids)) == len(ids)
    assert all(stream.complete for stream in streams)
    assert not set(killed) & set(service.worker_pids)


async def test_a_full_machine_leaves_the_newest_leg_to_its_recording(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[LegMode] = []
    running = SpeechService(settings(tmp_path, workers=1), listener, modes.append)
    await running.start()
    first, second = running.open("call", Leg.CALLER), running.open("call", Leg.AGENT)
    (worker,) = running.worker_pids
    starving = asyncio.create_task(starve(worker))
    try:
        while not second.left:
            for stream in (first, second):
                stream.feed(spoken(COMPLAINT))
            await asyncio.sleep(0.5)
    finally:
        starving.cancel()
        os.kill(worker, signal.SIGCONT)
    await asyncio.gather(first.close(), second.close())
    await running.stop()
    assert first.complete
    assert "烧烤店半夜噪音扰民" in listener.text()
    assert not second.complete
    assert listener.text(Leg.AGENT) == ""
    assert LegMode(call_id="call", leg=Leg.AGENT, mode=SpeechMode.RECORDING) in modes
    assert LegMode(call_id="call", leg=Leg.CALLER, mode=SpeechMode.RECORDING) not in modes


async def test_a_worker_that_hangs_is_replaced_and_costs_no_word(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlp.speech.crew._HUNG_SECONDS", 3.0)
    running = SpeechService(settings(tmp_path, workers=1), listener)
    await running.start()
    (hung,) = running.worker_pids
    os.kill(hung, signal.SIGSTOP)  # a fault: it lives, and answers nothing
    stream = running.open("call", Leg.CALLER)
    stream.feed(spoken(COMPLAINT) + silence(2))
    await until(lambda: hung not in running.worker_pids and bool(running.worker_pids))
    await until(lambda: "烧烤店半夜噪音扰民" in listener.text())
    await stream.close()
    await running.stop()
    assert stream.complete


async def test_another_model_is_taken_without_a_restart(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlp.speech.service._CHOICE_SECONDS", 0.05)
    chosen = settings(tmp_path, model="")
    running = SpeechService(chosen, listener)
    await running.start()
    old_pids = running.worker_pids
    ongoing = running.open("call", Leg.CALLER)
    await feed(ongoing, spoken(COMPLAINT)[:16_000])

    install(str(PRACTICE_MODEL), chosen)  # stands for the city's own: it is better than none
    (tmp_path / "speech-models" / "practice_model" / "PRACTICE").unlink()
    await until(lambda: running.status.model == "practice_model")
    later = running.open("call 2", Leg.AGENT)
    assert set(old_pids) < set(running.worker_pids)

    os.kill(old_pids[0], signal.SIGKILL)  # the ongoing call keeps its model even so
    await feed(ongoing, spoken(COMPLAINT)[16_000:] + silence(2))
    await feed(later, spoken(PHONE))
    await asyncio.gather(ongoing.close(), later.close())
    await until(lambda: not set(old_pids) & set(running.worker_pids))
    await running.stop()
    assert ongoing.complete
    assert "烧烤店半夜噪音扰民" in listener.text()
    assert "13800138000" in listener.text(Leg.AGENT)


async def test_a_model_that_does_not_load_changes_nothing(
    service: SpeechService, listener: Listener, tmp_path: Path
) -> None:
    with pytest.raises(SpeechUnavailable, match="无法加载"):
        await service.use(read_model(add_model(tmp_path / "broken")))
    stream = service.open("call", Leg.CALLER)
    await feed(stream, spoken(PHONE))
    await stream.close()
    assert "13800138000" in listener.text()


async def test_workers_are_started_again(service: SpeechService, listener: Listener) -> None:
    before = service.worker_pids
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    await until(lambda: len(set(service.worker_pids) - set(before)) == 2)
    await until(lambda: service.status.available)
    stream = service.open("call", Leg.CALLER)
    await feed(stream, spoken(PHONE))
    await stream.close()
    assert "13800138000" in listener.text()


async def test_a_listener_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    told: list[str] = []

    def moody(utterance: Utterance) -> None:
        told.append(utterance.text)
        if len(told) == 1:
            raise RuntimeError("the fault of this test")

    service = SpeechService(settings(tmp_path, workers=1), moody)
    await service.start()
    stream = service.open("call", Leg.CALLER)
    await feed(stream, spoken(COMPLAINT) + silence(2))
    await stream.close()
    await service.stop()
    assert "噪音扰民" in told[-1]


async def test_the_workers_end_with_the_service(tmp_path: Path, listener: Listener) -> None:
    service = SpeechService(settings(tmp_path), listener)
    await service.start()
    pids = service.worker_pids
    stream = service.open("call", Leg.CALLER)
    await feed(stream, spoken(PHONE))
    await service.stop()
    assert "13800138000" in listener.text()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    with pytest.raises(SpeechUnavailable, match="已停止"):
        service.open("call", Leg.CALLER)


async def test_without_a_model_the_reason_is_told(tmp_path: Path, listener: Listener) -> None:
    service = SpeechService(settings(tmp_path, model="none"), listener)
    await service.start()
    assert not service.status.available
    assert "配置中关闭" in service.status.reason
    with pytest.raises(SpeechUnavailable, match="配置中关闭"):
        service.open("call", Leg.CALLER)
    await service.stop()


async def test_a_model_that_does_not_load_is_named(tmp_path: Path, listener: Listener) -> None:
    broken = tmp_path / "broken-model"
    for part in ("am/final.mdl", "conf/fbank.conf", "conf/model.conf", "graph/HCLr.fst"):
        (broken / part).parent.mkdir(parents=True, exist_ok=True)
        (broken / part).write_text("nothing")
    service = SpeechService(settings(tmp_path, model=str(broken), workers=1), listener)
    await service.start()
    assert not service.status.available
    assert "broken-model" in service.status.reason
    await service.stop()
