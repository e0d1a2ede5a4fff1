"""What is played to one citizen: one sound at a time, and after it never silence.

Every sound is followed, in the same order to the exchange, by what comes meanwhile (music, a word,
in the end a ringing tone). While we live, we stop it as soon as it begins; when our process has
died, it is what the citizen hears until the next one is there.

A line does nothing else while a sound is played on it: music, a bridge and the dialplan wait until
it is over. So :meth:`CitizenSound.hush` comes before all of these.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from telephony.ari import ARIError, ARINotFound
from telephony.ari.objects import Playback
from telephony.names import ANNOUNCEMENT, name

if TYPE_CHECKING:
    from telephony.session import CallSession

log = structlog.get_logger(__name__)

#: Names are used again after so many sounds: a process that follows us must be able to stop
#: whatever is being played without being told of it. It then uses the other of two sets, as the
#: end of what it has stopped is still to be told.
_NAMES, _SETS = 6, 2


class CitizenSound:
    """One citizen's ear. Every method is a step of the call."""

    def __init__(self, session: CallSession) -> None:
        self._session = session
        self._played = 0
        self._set = 0
        self._playing = ""
        #: The last sound that has ended: told twice is told once.
        self._over = ""

    def next_id(self) -> str:
        """Name for the next sound."""
        self._played += 1
        return self._names(self._set)[self._played % _NAMES]

    async def play(self, playback_id: str, media: str) -> None:
        """Play sounds; the session's ``on_playback_finished`` tells when they are through."""
        await self.hush()
        self._playing, self._over = playback_id, ""
        exchange, channel = self._session.exchange, self._session.call.citizen_channel
        whole = f"{media},{exchange.sounds.meanwhile}"
        await exchange.ari.channels.play(channel, playback_id, media=whole)

    async def hush(self) -> None:
        """Whatever is being played ends. When that cannot be asked for now, the next time tries."""
        if not self._playing:
            return
        try:
            await self._session.exchange.ari.playbacks.stop(self._playing)
        except ARINotFound:
            pass  # has just ended
        except ARIError as error:
            log.warning("call.not_hushed", call_id=self._session.call.id, error=str(error))
            return
        self._playing = ""

    async def hush_earlier(self) -> None:
        """The same for what an earlier process has begun."""
        for number in range(_SETS):
            stopped = await asyncio.gather(*map(self._stopped, self._names(number)))
            if any(stopped):
                self._set = (number + 1) % _SETS

    async def _stopped(self, playback_id: str) -> bool:
        """Whether this was being played."""
        try:
            await self._session.exchange.ari.playbacks.stop(playback_id)
        except ARIError:
            return False
        return True

    async def on_next(self, playback: Playback) -> None:
        """Of several sounds the next begins: what comes meanwhile, when ours are through."""
        meanwhile = self._session.exchange.sounds.meanwhile.partition(",")[0]
        begins = playback.next_media_uri == meanwhile
        if playback.id == self._over and not begins:  # our order came between two sounds
            await self._stopped(playback.id)
        elif begins and playback.id != self._over:
            self._playing = playback.id
            await self.hush()
            await self.on_over(playback.id)

    async def on_over(self, playback_id: str) -> None:
        """A sound has ended."""
        if playback_id == self._playing:
            self._playing = ""
        if playback_id != self._over:
            self._over = playback_id
            await self._session.on_playback_finished(playback_id)

    def _names(self, number: int) -> list[str]:
        call_id = self._session.call.id
        return [name(ANNOUNCEMENT, call_id, number, nth) for nth in range(_NAMES)]
