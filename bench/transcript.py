"""From the caller's last sound to the final words on the agent's screen, one sentence at a time."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Row, percentile
from bench.floor import Arrival, Desk, LiveFeed, desk, of_type
from bench.talk import SENTENCES, without_edges
from hotline.simulation.rtp import Voice
from hotline.simulation.sipp import Phone, calling
from hotline.simulation.sound import spoken_ulaw
from tests.support.hotline import RunningHotline

#: Nothing more has come for so long: the sentence is through.
_QUIET_SECONDS = 1.5
_PATIENCE_SECONDS = 20.0
#: Sentences. After two and a half minutes Asterisk asks a telephone whether it is still there
#: (RFC 4028), which the caller's scenario does not know.
_IN_A_CALL = 12


@dataclass(kw_only=True)
class Delays:
    """Seconds, one of each for every sentence; wall clock for ``spoken``, of the call that runs."""

    first_words: list[float] = field(default_factory=list)
    final_words: list[float] = field(default_factory=list)
    spoken: list[float] = field(default_factory=list)
    #: From the end of a sentence to the caller's hanging up: a recording is whole only then.
    to_hang_up: list[float] = field(default_factory=list)
    unheard: int = 0


async def measure(hotline: RunningHotline, sentences: int) -> list[Row]:
    """Say ``sentences`` sentences, a few in each call."""
    delays = Delays()
    said = [SENTENCES[number % len(SENTENCES)] for number in range(sentences)]
    async with desk(hotline, 0) as place:
        for start in range(0, sentences, _IN_A_CALL):
            await _call(hotline, place, said[start : start + _IN_A_CALL], delays)
    return _rows(delays)


async def _call(hotline: RunningHotline, place: Desk, said: Sequence[str], delays: Delays) -> None:
    server = ("127.0.0.1", hotline.settings.asterisk.sip_port)
    before = len(place.feed.arrivals)
    async with (
        await Voice.open() as voice,
        calling(server, media_port=voice.port, talks_for=290) as phone,
    ):
        await _connect(place, before)
        with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
            for words in said:
                await _say(place.feed, voice, _sound(Path(folder), words), delays)
        await _hang_up(place, phone, delays, before)


async def _connect(place: Desk, since: int) -> None:
    ring = await place.phone.rung(within=_PATIENCE_SECONDS)
    place.phone.answer(ring)
    # A phone that sends nothing for half a minute would be taken for lost.
    place.phone.voice.say(spoken_ulaw("您好，请讲。"))
    await place.feed.first(of_type("CallAnswered"), since=since)
    await asyncio.sleep(1.0)  # until the caller's sound is being listened to


async def _hang_up(place: Desk, phone: Phone, delays: Delays, since: int) -> None:
    delays.to_hang_up += [time.time() - ended for ended in delays.spoken]
    delays.spoken.clear()
    await phone.hang_up()
    await place.feed.first(of_type("CallEnded"), since=since)


def _sound(folder: Path, words: str) -> Path:
    path = folder / "said.ulaw"
    path.write_bytes(without_edges(spoken_ulaw(words).read_bytes()))
    return path


async def _say(feed: LiveFeed, voice: Voice, sound: Path, delays: Delays) -> None:
    before = len(feed.arrivals)
    began = time.time()
    voice.say(sound)
    await voice.has_spoken()
    ended = time.time()
    heard = await _what_was_heard(feed, before)
    finals = [arrival for arrival in heard if arrival.event["utterance"]["final"]]
    if not finals:
        delays.unheard += 1
        return
    delays.spoken.append(ended)
    delays.first_words.append(heard[0].at - began)
    delays.final_words.append(finals[-1].at - ended)


async def _what_was_heard(feed: LiveFeed, since: int) -> list[Arrival]:
    """The caller's words from here on, once they are final and nothing follows."""
    started = time.time()
    while True:
        heard = [arrival for arrival in feed.arrivals[since:] if _is_callers(arrival)]
        last = heard[-1] if heard else None
        final = last is not None and last.event["utterance"]["final"]
        quiet = time.time() - (last.at if last else started)
        if (final and quiet > _QUIET_SECONDS) or quiet > _PATIENCE_SECONDS:
            return heard
        await asyncio.sleep(0.05)


def _is_callers(arrival: Arrival) -> bool:
    event = arrival.event
    return event.get("type") == "UtteranceHeard" and event["utterance"]["leg"] == "CALLER"


def _rows(delays: Delays) -> list[Row]:
    said = len(delays.final_words) + delays.unheard
    note = f"{said} sentences, {delays.unheard} not heard"
    return [
        row
        for percent in (50, 95)
        for row in (
            _row("first words after speech begins", delays.first_words, percent, note),
            _row(
                "final words after speech ends",
                delays.final_words,
                percent,
                note,
                alternative="from the recording, at hang-up",
                beside=delays.to_hang_up,
            ),
        )
    ]


def _row(
    name: str,
    values: Sequence[float],
    percent: int,
    note: str,
    alternative: str = "",
    beside: Sequence[float] = (),
) -> Row:
    return Row(
        name=f"{name}, p{percent}",
        value=percentile(values, percent) if values else None,
        unit="s",
        alternative=alternative,
        beside=percentile(beside, percent) if beside else None,
        note=note,
    )
