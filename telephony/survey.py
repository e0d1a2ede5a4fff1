"""After the talk the citizen grades the service by key, unless already gone.

The agent is let go first: who waits for the next call does not wait for a grade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from models.events import CallRated, CallStateChanged
from models.vocabulary import CallDirection, CallEventKind, CallState, ContactOutcome
from telephony.ari import ARIError, ARINotFound
from telephony.ari.tidy import tidily

if TYPE_CHECKING:
    from telephony.conversation import Conversation

log = structlog.get_logger(__name__)

#: Beyond a sound's own length, should the event of its end be lost.
_MARGIN_SECONDS = 3.0
_REASON = "坐席挂断"


class Survey:
    """The question at the end of one call. Every method is a step of the call."""

    def __init__(self, session: Conversation) -> None:
        self._session = session
        self._rules = session.exchange.survey
        self._asked = 0
        #: The last words are being said.
        self._parting = False
        #: What is being said.
        self._sound = ""

    @property
    def due(self) -> bool:
        """Whether this citizen is to be asked: served by us, and still on the line."""
        session = self._session
        return (
            session.exchange.settings.telephony.survey
            and session.call.direction is CallDirection.INBOUND
            and session.call.answered_at is not None
            and session.call.citizen_channel in session.seen
        )

    async def begin(self) -> None:
        """Let the agent go, and ask."""
        session, ari = self._session, self._session.exchange.ari
        session.count_hold()
        session.enter(CallState.SURVEY)
        session.call.rating_asked_at = session.call.rating_asked_at or session.now()
        session.release_agent(talked=True)
        session.agent = None
        await tidily(
            *(ari.channels.hangup(line) for line in session.let_all_go(_REASON)),
            *(ari.bridges.destroy(room) for room in session.rooms),
            ari.channels.stop_moh(session.call.citizen_channel),
        )
        session.save(CallStateChanged(**session.facts, state=CallState.SURVEY))
        await self.ask()

    async def ask(self) -> None:
        """Put the question; also after a restart of our process."""
        self._asked += 1
        await self._play("survey")

    async def on_playback_finished(self, playback_id: str) -> None:
        """The question is through, and the time for a key begins; or the thanks are."""
        if playback_id != self._sound:
            return
        if self._parting:
            await self._over()
        else:
            self._session.after(self._rules.wait_seconds, "survey", self._no_key)

    async def on_key(self, digit: str) -> None:
        """The first grade counts; other keys mean nothing."""
        session, grade = self._session, self._rules.grades.get(digit)
        if grade is None or self._parting or session.call.satisfaction is not None:
            return
        session.call.satisfaction = grade
        session.save(CallRated(**session.facts, satisfaction=grade))
        session.note(
            CallEventKind.RATED, actor="citizen", reason=grade.label, detail={"key": digit}
        )
        await self._say_goodbye("survey_thanks")

    async def _no_key(self) -> None:
        if self._asked <= self._rules.repeats:
            await self.ask()
        else:
            await self._say_goodbye("goodbye")  # nothing to thank for

    async def _say_goodbye(self, prompt: str) -> None:
        self._session.cancel_timer("survey")
        await self._session.sound.hush()
        self._parting = True
        await self._play(prompt)

    async def _play(self, prompt: str) -> None:
        session, sounds = self._session, self._session.exchange.sounds
        wait = 0.0 if self._parting else self._rules.wait_seconds
        limit = sounds.seconds(prompt) + wait + _MARGIN_SECONDS
        session.after(limit, "survey", self._over if self._parting else self._no_key)
        self._sound = session.sound.next_id()
        try:
            await session.sound.play(self._sound, sounds.uri(prompt))
        except ARINotFound:
            # The event of that is on its way.
            log.info("survey.citizen_gone", call_id=session.call.id)
        except ARIError as error:
            log.warning("survey.not_played", call_id=session.call.id, error=str(error))
            await self._over()

    async def _over(self) -> None:
        await self._session.end(ContactOutcome.SERVED, _REASON)
