"""Plays one thing after another to a citizen who is not waiting in the line: words, then a step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING

import structlog

from telephony.ari import ARIError, ARINotFound
from telephony.steps import Step

if TYPE_CHECKING:
    from telephony.session import CallSession

log = structlog.get_logger(__name__)

#: Beyond a sound's own length, should the event of its end be lost.
_MARGIN_SECONDS = 3.0


class Player:
    """One at a time: a new sound ends the one before it. ``purpose`` keeps timers apart."""

    def __init__(self, session: CallSession, purpose: str) -> None:
        self._session = session
        self._timer = f"{purpose} played"
        self._playing = ""
        self._then: Step | None = None
        self._making: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is heard, or about to be."""
        return bool(self._playing) or self._making is not None

    async def play(self, *media: str, then: Step) -> None:
        """Play sounds, then take the step; without the sound the step is taken all the same."""
        session = self._session
        await self.stop()
        self._playing = session.sound.next_id()
        self._then = then
        joined = ",".join(media)
        limit = session.exchange.sounds.media_seconds(joined) + _MARGIN_SECONDS
        session.after(limit, self._timer, self._over)
        try:
            await session.sound.play(self._playing, joined)
        except ARINotFound:
            raise
        except ARIError as error:
            log.warning("call.not_played", call_id=session.call.id, error=str(error))
            await self._over()

    async def speak(self, making: Awaitable[list[str]], *, then: Step) -> None:
        """The same for sounds that are still to be made: beside the call's queue of steps."""
        await self.stop()
        self._making = asyncio.create_task(self._make(making, then))

    async def stop(self) -> None:
        """Silence; the step is not taken."""
        making, self._making = self._making, None
        if making is not None:
            making.cancel()
        playing, self._playing, self._then = self._playing, "", None
        self._session.cancel_timer(self._timer)
        if playing:
            await self._session.sound.hush()

    async def on_playback_finished(self, playback_id: str) -> bool:
        """A sound has ended: whether it was ours."""
        if not playback_id or playback_id != self._playing:
            return False
        await self._over()
        return True

    async def _over(self) -> None:
        then, self._then, self._playing = self._then, None, ""
        self._session.cancel_timer(self._timer)
        await self._session.sound.hush()  # the event of its end may have been lost
        if then is not None:
            await then()

    async def _make(self, making: Awaitable[list[str]], then: Step) -> None:
        try:
            media = await making
        except Exception:  # of whatever was to be said: the call goes on
            log.exception("call.not_spoken", call_id=self._session.call.id)
            media = [self._session.exchange.sounds.uri("please_wait")]
        self._making = None
        self._session.post(partial(self.play, *media, then=then))
