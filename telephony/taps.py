"""The ear of a call: what each party says goes to speech recognition, apart from the other.

A tap is a snoop channel on what the phone sends, in a bridge of its own with an external media
channel that sends RTP to us. Nothing here may harm the call: whatever fails marks the transcript
as incomplete, and the recording catches it up later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import structlog

from models.errors import HotlineError
from models.ids import new_id
from models.ports import SpeechPort, SpeechStream
from models.speech import Speaker
from models.vocabulary import Leg
from telephony.ari import ARIClient, ARIError, ARINotFound
from telephony.ari.objects import Bridge, Channel
from telephony.ari.tidy import tidily
from telephony.level import VoiceMeter
from telephony.media import LegSound, MediaReceiver
from telephony.names import MEDIA, SNOOP, TAP, name

log = structlog.get_logger(__name__)

_START_SECONDS = 3.0
#: Half a second of voice, in pieces of 20 ms: less is a cough or a click.
_VOICED_PIECES = 25
#: Longest wait for the last words when a call is over.
_CLOSE_SECONDS = 3.0

#: Sender, snoop and room, or why there is none.
_Parts: TypeAlias = tuple[Channel | BaseException, Channel | BaseException, Bridge | BaseException]


@dataclass(kw_only=True)
class Tap:
    """One leg's tap and the names of its parts."""

    leg: Leg
    channel_id: str
    snoop_id: str
    media_id: str
    bridge_id: str
    stream: SpeechStream
    meter: VoiceMeter
    port: int | None = None
    sound: LegSound | None = None
    broken: bool = False
    #: The requests that make its parts.
    making: asyncio.Future[_Parts] | None = None
    started: dict[str, asyncio.Event] = field(default_factory=dict)

    def feed(self, pcm: bytes) -> None:
        """Hand sound on; a recogniser that fails is not asked again."""
        self.meter.hear(pcm)
        if self.broken:
            return
        try:
            self.stream.feed(pcm)
        except Exception:
            log.exception("tap.speech_failed", channel=self.channel_id)
            self.broken = True

    @property
    def complete(self) -> bool:
        """Whether everything said was heard by the recogniser."""
        lost = self.sound.lost if self.sound else 0
        return not self.broken and lost == 0 and self.stream.complete


class Exchange(Protocol):
    """What taps need of the surroundings."""

    ari: ARIClient
    media: MediaReceiver
    speech: SpeechPort | None
    #: Peak above which sound counts as a voice.
    voice_level: int


class CallTaps:
    """The taps of one call."""

    def __init__(self, exchange: Exchange, call_id: str) -> None:
        self._exchange = exchange
        self._call_id = call_id
        self._taps: list[Tap] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False
        #: False once anything was missed.
        self.complete = True

    @property
    def speech_model(self) -> str:
        """Name of the model in use, which says so when it is for practice; empty without one."""
        speech = self._exchange.speech
        if speech is None or not speech.status.available:
            return ""
        return speech.status.model

    @property
    def last_voice(self) -> float | None:
        """When anybody was heard last, on the monotonic clock; None unless we hear both sides."""
        heard = [tap for tap in self._taps if tap.sound is not None]
        if not {Leg.CALLER, Leg.AGENT} <= {tap.leg for tap in heard}:
            return None
        return max(tap.meter.last_voice for tap in heard)

    def ids(self) -> set[str]:
        """Channels and bridges of all taps, for telling them from what was left behind."""
        return {part for tap in self._taps for part in (tap.snoop_id, tap.media_id, tap.bridge_id)}

    def sounds(self) -> Iterator[tuple[Leg, str, LegSound]]:
        """Whose voice, the channel that is tapped, and what has come of it."""
        for tap in self._taps:
            if tap.sound is not None:
                yield tap.leg, tap.channel_id, tap.sound

    def on_stasis_start(self, channel_id: str) -> bool:
        """A snoop or external media channel has come into our hands. False: nobody wants it."""
        wanted = [tap for tap in self._taps if channel_id in tap.started]
        for tap in wanted:
            tap.started[channel_id].set()
        return bool(wanted)

    def open(
        self, leg: Leg, channel_id: str, offset_s: float, speaker: Speaker | None = None
    ) -> None:
        """Begin to listen, in the background; nothing to do where we listen already."""
        if any((tap.leg, tap.channel_id) == (leg, channel_id) for tap in self._taps):
            return
        stream = self._open_stream(leg, offset_s, speaker)
        if stream is None or self._closed:
            return
        mark = new_id()[-8:]
        ids = [name(kind, self._call_id, leg.value.lower(), mark) for kind in (SNOOP, MEDIA, TAP)]
        tap = Tap(
            leg=leg,
            channel_id=channel_id,
            snoop_id=ids[0],
            media_id=ids[1],
            bridge_id=ids[2],
            stream=stream,
            meter=VoiceMeter(self._exchange.voice_level),
            started={ids[0]: asyncio.Event(), ids[1]: asyncio.Event()},
        )
        self._taps.append(tap)
        task = asyncio.create_task(self._set_up(tap), name=tap.bridge_id)
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def has_spoken(self, leg: Leg) -> bool:
        """Whether whoever is listened to on this leg now has said something, understood or not."""
        return any(tap.leg is leg and tap.meter.voiced >= _VOICED_PIECES for tap in self._taps)

    def listens(self, leg: Leg) -> bool:
        """Whether there is a tap on this leg."""
        return any(tap.leg is leg for tap in self._taps)

    async def close_leg(self, leg: Leg) -> None:
        """Stop listening to a leg that is gone (its phone will come back on another channel)."""
        for tap in [tap for tap in self._taps if tap.leg is leg]:
            await self._close(tap)

    def leave(self, channel_id: str) -> None:
        """Stop listening to a channel, in the background: its last words may take a moment."""
        for tap in [tap for tap in self._taps if tap.channel_id == channel_id]:
            task = asyncio.create_task(self._close(tap))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Stop listening and remove everything from Asterisk. Safe to call twice."""
        self._closed = True
        await asyncio.gather(*(self._close(tap) for tap in list(self._taps)), *self._closing)

    async def abandon(self) -> None:
        """Our process stops while the call goes on: flush the words, leave Asterisk alone."""
        self._closed = True
        await asyncio.gather(*self._closing)
        for tap in self._taps:
            self._stop_listening(tap)
            await self._close_stream(tap)

    # --- inside ---------------------------------------------------------------------------------

    def _open_stream(
        self, leg: Leg, offset_s: float, speaker: Speaker | None
    ) -> SpeechStream | None:
        speech = self._exchange.speech
        if speech is None or not speech.status.available:
            self.complete = False
            return None
        try:
            return speech.open(self._call_id, leg, offset_s, speaker)
        except HotlineError as error:
            log.info("tap.no_speech", reason=str(error))
        except Exception:
            log.exception("tap.speech_failed", call_id=self._call_id)
        self.complete = False
        return None

    async def _set_up(self, tap: Tap) -> None:
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._connect(tap)
        except ARINotFound:
            self.complete = False  # the party hung up meanwhile
        except (ARIError, TimeoutError) as error:
            log.warning("tap.not_set_up", call_id=self._call_id, error=repr(error))
            self.complete = False

    async def _connect(self, tap: Tap) -> None:
        ari, media = self._exchange.ari, self._exchange.media
        outside = await self._made(tap)
        port = outside.channelvars.get("UNICASTRTP_LOCAL_PORT") or await ari.channels.get_variable(
            tap.media_id, "UNICASTRTP_LOCAL_PORT"
        )
        tap.port = int(port)
        tap.sound = media.attach(tap.port, tap.feed)
        await asyncio.gather(*(event.wait() for event in tap.started.values()))
        await ari.bridges.add_channel(tap.bridge_id, tap.snoop_id, tap.media_id)

    async def _made(self, tap: Tap) -> Channel:
        """The parts; the channel that sends to us. Where one cannot be made the others still may
        be: each request is let come to its end, so that all that it made can be removed.
        """
        ari, media = self._exchange.ari, self._exchange.media
        tap.making = making = asyncio.gather(
            ari.channels.external_media(
                tap.media_id, app=ari.app, external_host=media.address, format="slin"
            ),
            ari.channels.snoop(tap.channel_id, tap.snoop_id, app=ari.app, spy="in"),
            ari.bridges.create(tap.bridge_id, type="mixing"),
            return_exceptions=True,
        )
        outside, *others = await asyncio.shield(making)
        if isinstance(outside, BaseException):
            raise outside
        for one in others:
            if isinstance(one, BaseException):
                raise one
        return outside

    async def _close(self, tap: Tap) -> None:
        if tap not in self._taps:
            return
        # A request under way could still make what we are about to remove: let it end first.
        for task in [task for task in self._opening if task.get_name() == tap.bridge_id]:
            for event in tap.started.values():
                event.set()
            await asyncio.wait({task})
        if tap.making is not None:
            await asyncio.wait({tap.making})
        if tap not in self._taps:
            return
        self._taps.remove(tap)
        self._stop_listening(tap)
        await asyncio.gather(self._remove(tap), self._close_stream(tap))

    def _stop_listening(self, tap: Tap) -> None:
        if tap.port is not None:
            self._exchange.media.detach(tap.port)
        if tap.sound is not None:
            log.info("tap.heard", call_id=self._call_id, leg=tap.leg.value, **tap.sound.counted())
        self.complete = self.complete and tap.complete

    async def _close_stream(self, tap: Tap) -> None:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await tap.stream.close()
        except Exception as error:  # of a recogniser that fails or hangs
            log.warning("tap.close_failed", call_id=self._call_id, error=repr(error))
            self.complete = False
        self.complete = self.complete and tap.stream.complete

    async def _remove(self, tap: Tap) -> None:
        ari = self._exchange.ari
        await tidily(
            ari.channels.hangup(tap.snoop_id),
            ari.channels.hangup(tap.media_id),
            ari.bridges.destroy(tap.bridge_id),
        )
