"""What a stream keeps for the case that its worker dies, and what it gives up."""

from __future__ import annotations

import asyncio

import pytest

from models.vocabulary import Leg
from nlp.speech.protocol import Heard, Opening, Progress
from nlp.speech.stream import (
    LONGEST_BACKLOG_SECONDS,
    LONGEST_LAG_SECONDS,
    SpeechStream,
    StreamKey,
)

pytestmark = pytest.mark.unit

SECOND = bytes(16000)


def stream() -> tuple[SpeechStream, list[int]]:
    """A stream, and the first samples of the pieces that it sends."""
    sent: list[int] = []
    closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    closed.set_result(None)
    key = StreamKey(call_id="c", leg=Leg.CALLER, offset=2.0, token="t")
    made = SpeechStream(
        1, key, Opening(), lambda _, start, sound: sent.append(start), lambda _: closed
    )
    return made, sent


async def test_sound_is_sent_in_pieces_of_a_tenth_of_a_second() -> None:
    leg, sent = stream()
    for _ in range(15):
        leg.feed(bytes(320))  # 20 ms, as RTP brings it
    assert sent == [0, 800, 1600]
    await leg.close()
    assert leg.complete


async def test_a_successor_begins_where_the_present_utterance_began() -> None:
    leg, _ = stream()
    for _ in range(4):
        leg.feed(SECOND)
    leg.note_heard(Heard(number=0, start=0, end=1, raw="好", text="好。", final=True))
    leg.note_progress(Progress(done=32_000, settled=17_000))
    opening = leg.reopening()
    assert (opening.start, opening.first_utterance) == (16_800, 1)
    assert leg.lag_seconds == 0


async def test_more_than_the_backlog_is_dropped_and_counted() -> None:
    leg, sent = stream()
    for _ in range(int(LONGEST_BACKLOG_SECONDS) + 5):
        leg.feed(SECOND)
    assert leg.lost_seconds == pytest.approx(5, abs=0.2)
    assert not leg.complete
    leg.note_progress(Progress(done=leg.backlog.end, settled=leg.backlog.end))
    leg.feed(SECOND)
    # The clock of the leg goes on over the hole.
    assert sent[-1] == int((LONGEST_BACKLOG_SECONDS + 5) * 8000) + 8000 - 800


async def test_sound_that_kills_worker_after_worker_is_skipped() -> None:
    leg, _ = stream()
    leg.feed(SECOND)
    leg.note_death()
    leg.note_death()
    assert leg.complete
    leg.note_death()
    assert leg.lost_seconds == 1
    assert leg.reopening().start == 8000


async def test_deaths_are_forgiven_once_the_stream_has_moved_on() -> None:
    leg, _ = stream()
    leg.feed(SECOND)
    leg.note_death()
    leg.note_death()
    leg.note_progress(Progress(done=8000, settled=8000))
    leg.feed(SECOND)
    leg.note_death()
    assert leg.complete


async def test_what_is_heard_is_told_in_call_time() -> None:
    leg, _ = stream()
    heard = Heard(number=3, start=1.5, end=2.25, raw="你 好", text="你好。", final=True)
    utterance = leg.key.utterance(heard)
    assert (utterance.utterance_id, utterance.start, utterance.end) == ("t-0003", 3.5, 4.25)


async def test_a_leg_falls_behind_only_while_it_comes_no_nearer() -> None:
    leg, _ = stream()
    for _ in range(int(LONGEST_LAG_SECONDS) + 3):
        leg.feed(SECOND)
    assert not leg.falls_behind()  # the first look
    leg.note_progress(Progress(done=8_000, settled=8_000))
    assert not leg.falls_behind()  # late, but nearer
    assert leg.falls_behind()


async def test_a_leg_that_is_left_takes_nothing_more_and_says_so() -> None:
    leg, sent = stream()
    leg.feed(SECOND)
    leg.leave()
    before = len(sent)
    leg.feed(SECOND)
    assert len(sent) == before
    assert leg.lag_seconds == 0
    assert not leg.complete
    await leg.close()
