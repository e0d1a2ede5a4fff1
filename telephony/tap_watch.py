"""Sees a tap that hears nothing while its phone's sound arrives.

The people talk, and neither recording nor transcript gets a word: nobody notices by themselves.
Asterisk as Debian builds it does so when a phone numbers its packets anew (decision 8).

A tap brings packets of zeros then, as it does for a phone with a muted microphone. The two are told
apart by the phone's packets: they go on coming, and their numbers jumped when the silence began.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from models.vocabulary import AlertKind, Leg
from telephony.ari import ARIError
from telephony.ari.objects import RTPstat
from telephony.exchange import Exchange
from telephony.media import LegSound
from telephony.session import CallSession

log = structlog.get_logger(__name__)

_EVERY_SECONDS = 4.0
#: So many packets of the phone between two looks are sound, or could be: half a second.
_SOUND_PACKETS = 25
#: More numbers left out between two looks than a phone could have used.
_JUMP = 1000


@dataclass(kw_only=True)
class _Seen:
    """One tap, at the last look."""

    #: Packets with sound in them.
    sounding: int
    now: RTPstat
    #: Of the look before the one that last heard something.
    reference: RTPstat
    told: bool = False


class TapWatch:
    """Looks at all taps again and again."""

    def __init__(self, exchange: Exchange, every_seconds: float = _EVERY_SECONDS) -> None:
        self._exchange = exchange
        self._every = every_seconds
        self._seen: dict[tuple[str, str], _Seen] = {}

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.look()
            except Exception:  # an alarm that fails must not be the last one
                log.exception("tap_watch.failed")

    async def look(self) -> None:
        """Once, at every tap."""
        living: set[tuple[str, str]] = set()
        for session in list(self._exchange.sessions.values()):
            for leg, channel_id, sound in list(session.taps.sounds()):
                key = (session.call.id, channel_id)
                living.add(key)
                await self._look_at(session, leg, channel_id, sound)
        for key in self._seen.keys() - living:
            del self._seen[key]

    async def _look_at(
        self, session: CallSession, leg: Leg, channel_id: str, sound: LegSound
    ) -> None:
        try:
            now = await self._exchange.ari.channels.rtp_statistics(channel_id)
        except ARIError:
            return  # gone, or without sound yet
        key = (session.call.id, channel_id)
        seen = self._seen.get(key)
        if seen is None:
            self._seen[key] = _Seen(sounding=sound.sounding, now=now, reference=now)
        elif sound.sounding > seen.sounding:
            if seen.told:
                await self._exchange.alerts.settle(_matter(session, leg))
            self._seen[key] = _Seen(sounding=sound.sounding, now=now, reference=seen.now)
        else:
            arrives = now.rxcount - seen.now.rxcount >= _SOUND_PACKETS
            seen.now = now
            if arrives and _jumped(seen.reference, now) and not seen.told:
                seen.told = True
                await self._tell(session, leg, channel_id)

    async def _tell(self, session: CallSession, leg: Leg, channel_id: str) -> None:
        log.error("tap.silent", call_id=session.call.id, channel=channel_id)
        session.taps.complete = False
        await self._exchange.alerts.raise_alert(
            AlertKind.TAP_SILENT,
            _matter(session, leg),
            f"{leg.label}的声音已到达，但录音和转写收不到，请提醒坐席做好手工记录",
            call_id=session.call.id,
            agent_id=session.call.agent_id,
            detail={"leg": leg.value},
        )


def _jumped(before: RTPstat, now: RTPstat) -> bool:
    return now.remote_ssrc != before.remote_ssrc or now.rxploss - before.rxploss > _JUMP


def _matter(session: CallSession, leg: Leg) -> str:
    return f"tap-silent:{session.call.id}:{leg.value}"
