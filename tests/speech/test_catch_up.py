"""A call whose live transcript has holes is heard again from its recordings: all who took part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.settings import load_settings
from models.bus import InProcessBus
from models.events import CallEnded
from models.sound_files import seconds_of
from models.speech import Speaker, SpeechProfile, Utterance
from models.store import Store
from models.tables import Call, CallEventRow, CallParty, Recording, Staff, UtteranceRow
from models.vocabulary import (
    CallDirection,
    CallEventKind,
    CallState,
    ContactOutcome,
    Leg,
    PartyKind,
)
from nlp.catch_up import CatchUp, Period, voices_of
from nlp.speech.files import transcribe_file
from nlp.speech.service import SpeechService
from nlp.transcripts import TranscriptStore
from tests.speech.sounds import RATE, silence, spoken, write_wav

pytestmark = [pytest.mark.speech, pytest.mark.timeout(120)]

AGENT = Speaker(party_id="agent", kind=PartyKind.AGENT, name="王芳")
START = datetime(2026, 11, 2, 3, tzinfo=UTC)
SAID = {
    "caller.wav": "我家楼下的路灯坏了",
    "agent.wav": "请您稍等我为您转接",
    "agent-2.wav": "请您稍等我为您转接",
    "party-1.wav": "我是城管局的工作人员",
    "party-2.wav": "您好我是接替的坐席",
}


def at(seconds: float) -> datetime:
    """So long after the call began."""
    return START + timedelta(seconds=seconds)


def party(kind: PartyKind, file: str, joined: float, **more: Any) -> CallParty:
    return CallParty(
        call_id="c1",
        kind=kind,
        recording=file,
        joined_at=at(joined),
        recording_at=at(joined),
        **more,
    )


async def a_call_with_holes(store: Store, folder: Path, *also: object) -> None:
    """The agent's line was lost once, an expert was asked, a colleague has the call at last."""
    for file, text in SAID.items():
        write_wav(folder / file, silence(0.5) + spoken(text) + silence(0.5))
    async with store.transaction() as work:
        work.session.add(
            Call(
                id="c1",
                direction=CallDirection.INBOUND,
                state=CallState.ENDED,
                outcome=ContactOutcome.SERVED,
                started_at=START,
                answered_at=at(5),
                ended_at=at(90),
                citizen_recording="caller.wav",
                agent_recording="agent.wav",
                agent_recording_at=at(5),
                transcript_incomplete=True,
            )
        )
        await work.session.flush()
        work.session.add_all([
            party(PartyKind.AGENT, "agent-2.wav", 5, id="agent"),
            party(PartyKind.EXPERT, "party-1.wav", 30, id="expert"),
            party(PartyKind.AGENT, "party-2.wav", 60, id="colleague"),
            *also,
        ])  # fmt: skip


async def heard_again(store: Store, folder: Path) -> Sequence[UtteranceRow]:
    settings = load_settings(var=folder, speech={"model": "practice", "workers": 1})
    speech = SpeechService(settings, lambda _: None)
    await speech.start()

    async def transcribe(path: Path, profile: SpeechProfile) -> list[Utterance]:
        return await transcribe_file(speech, path, profile=profile)

    transcripts = TranscriptStore(store)
    catch_up = CatchUp(store, InProcessBus(), transcripts, transcribe, folder, lambda: "practice")
    try:
        assert await catch_up.work_off() == 1
        assert await catch_up.pending() == []
    finally:
        await speech.stop()
    return await transcripts.of_call("c1")


async def never(path: Path, profile: SpeechProfile) -> list[Utterance]:
    """Nothing is to be read."""
    raise AssertionError(f"{path} was read")


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    store = Store(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    await store.migrate()
    yield store
    await store.close()


async def test_expert_and_colleague_are_heard_where_they_spoke(
    store: Store, tmp_path: Path
) -> None:
    entered_later = Recording(
        call_id="c1",
        leg=Leg.AGENT,
        path="party-2.wav",
        started_at=at(61),
        seconds=3,
        bytes=1,
        sha256="",
        made_at=at(90),
        keep_until=at(90),
    )
    await a_call_with_holes(store, tmp_path, entered_later)
    lines = await heard_again(store, tmp_path)
    who = [(line.leg, line.start) for line in lines]
    assert [leg for leg, _ in who] == [Leg.CALLER, Leg.AGENT, Leg.THIRD, Leg.AGENT], who
    assert [line.party_id for line in lines] == [None, "agent", "expert", "colleague"]
    for (_, start), begins in zip(who, (0, 5, 30, 61), strict=True):
        assert begins < start < begins + 1.5
    assert "路灯" in lines[0].text
    assert all(line.start <= word["start"] <= line.end for line in lines for word in line.words)


async def test_a_call_tells_how_much_of_it_was_read(store: Store, tmp_path: Path) -> None:
    await a_call_with_holes(store, tmp_path)
    (tmp_path / "caller.wav").unlink()  # a fault: the file is gone
    await heard_again(store, tmp_path)
    async with store.read() as session:
        call = await session.get_one(Call, "c1")
    read = ("agent.wav", "party-1.wav", "party-2.wav")
    lengths = sum(seconds_of(tmp_path / name) for name in read)
    assert call.transcript_coverage == pytest.approx(lengths / (lengths + 90), abs=0.01)


async def test_what_was_read_while_it_was_spoken_is_all_of_it(store: Store, tmp_path: Path) -> None:
    await a_call_with_holes(store, tmp_path)
    bus = InProcessBus()
    CatchUp(store, bus, TranscriptStore(store), never, tmp_path, lambda: "practice")
    await bus.start()
    await bus.publish(CallEnded(call_id="c1", outcome=ContactOutcome.SERVED))
    await bus.stop()
    async with store.read() as session:
        assert (await session.get_one(Call, "c1")).transcript_coverage == 1.0


async def test_calls_of_a_period_are_read_again_by_a_better_model(
    store: Store, tmp_path: Path
) -> None:
    await a_call_with_holes(store, tmp_path)
    transcripts = TranscriptStore(store)
    models = ["practice"]
    catch_up = CatchUp(store, InProcessBus(), transcripts, never, tmp_path, lambda: models[0])
    day = Period(since=at(-60), until=at(60))
    before = Period(since=at(-120), until=at(-60))
    assert [call.id for call in await catch_up.pending(day)] == ["c1"]
    assert await catch_up.pending(before) == []
    async with store.transaction() as work:
        call = await work.session.get_one(Call, "c1")
        call.transcript_incomplete, call.speech_model = False, "practice"
    assert await catch_up.pending(day) == []
    assert await catch_up.pending(day, again=True) == []
    models[0] = "large"
    assert [call.id for call in await catch_up.pending(day, again=True)] == ["c1"]


async def test_a_leader_is_heard_from_the_taking_over_on(store: Store, tmp_path: Path) -> None:
    """What was whispered to the agent before is no part of the talk."""
    leader = Staff(
        username="zhang",
        name="张",
        roles=[],
        password_hash="",
        department="D-HOT",
        created_at=START,
    )
    async with store.transaction() as work:
        work.session.add(leader)
    whispered, said = spoken("你先安抚一下市民的情绪"), spoken("您好我是值班班长")
    write_wav(tmp_path / "supervisor-3.wav", silence(0.5) + whispered + silence(4) + said)
    before = 70 + 0.5 + len(whispered) / 2 / RATE
    await a_call_with_holes(
        store,
        tmp_path,
        party(PartyKind.SUPERVISOR, "supervisor-3.wav", 70, id="leader", agent_id=leader.id),
        CallEventRow(
            call_id="c1", at=at(before + 2), kind=CallEventKind.TAKEN_OVER, actor=leader.id
        ),
    )
    last = (await heard_again(store, tmp_path))[-1]
    assert (last.leg, last.party_id, last.start > before + 2) == (Leg.AGENT, "leader", True)
    assert "班长" in last.text
    assert "安抚" not in last.text


async def test_what_was_heard_live_and_not_recorded_stays(store: Store, tmp_path: Path) -> None:
    """The disk was full: nothing of the agent, and the citizen's file ends early."""
    await a_call_with_holes(store, tmp_path)
    for file in SAID.keys() - {"caller.wav"}:
        (tmp_path / file).unlink()
    heard_live = [(Leg.CALLER, 1.0), (Leg.CALLER, 40.0), (Leg.AGENT, 6.0)]
    transcripts = TranscriptStore(store)
    for leg, start in heard_live:
        await transcripts.add(
            Utterance(
                call_id="c1",
                leg=leg,
                utterance_id=f"live-{start}",
                start=start,
                end=start + 2,
                text="听到的话",
                raw="听到的话",
                final=True,
                speaker=AGENT if leg is Leg.AGENT else None,
            )
        )
    lines = await heard_again(store, tmp_path)
    assert [line.leg for line in lines] == [Leg.CALLER, Leg.AGENT, Leg.CALLER]
    assert "路灯" in lines[0].text
    assert [line.id for line in lines[1:]] == ["live-6.0", "live-40.0"]
    assert [line.party_id for line in lines] == [None, "agent", None]


def test_on_one_recording_each_agents_words_stay_their_own() -> None:
    """Passed on at once: what the second agent said was laid behind what the first one said."""
    call = Call(
        id="c1",
        direction=CallDirection.INBOUND,
        started_at=START,
        citizen_recording="caller.wav",
        agent_recording="agent.wav",
        agent_recording_at=at(5),
    )
    first = party(PartyKind.AGENT, "agent-1.wav", 5, id="first", name="王芳")
    second = party(PartyKind.AGENT, "agent-2.wav", 40, id="second", name="李娜")
    caller, agents = voices_of(call, [second, first], {})
    assert caller.speaker(at(10)) is None
    said = [agents.speaker(at(seconds)) for seconds in (6, 39, 41, 90)]
    assert [one and one.name for one in said] == ["王芳", "王芳", "李娜", "李娜"]
    assert said[0] == Speaker(party_id="first", kind=PartyKind.AGENT, name="王芳")
