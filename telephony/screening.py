"""A caller on the nuisance list: told so, and asked whether it is an emergency.

Nobody is turned away unheard: without speech recognition, when it failed while we listened, or when
it made nothing of what was said (dialect, a bad line), the caller waits behind all others instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from models.vocabulary import CallEventKind, ContactOutcome, Leg, PriorityReason, Urgency
from telephony.asterisk.numerals import in_words
from telephony.block_list import Block
from telephony.player import Player
from telephony.steps import Step

if TYPE_CHECKING:
    from telephony.front_desk import FrontParts
    from telephony.inbound import InboundCall

log = structlog.get_logger(__name__)

REASON = "骚扰号码名单拦截"
HUNG_UP = "名单号码，市民在核对中挂断"
#: For the last words to come back from the recogniser.
_LAST_WORDS_SECONDS = 1.0


class Screening:
    """One blocked call. Its steps run in the call's own queue of steps."""

    def __init__(self, session: InboundCall, parts: FrontParts, block: Block, go_on: Step) -> None:
        self._session = session
        self._parts = parts
        self._block = block
        self._go_on = go_on
        self._player = Player(session, "screening")
        self._said: list[str] = []
        self._spoke = False
        #: Still to be decided.
        self.open = True

    async def begin(self) -> None:
        """Say it, and listen from the first moment on."""
        self._parts.blocks.hit(self._block)
        self._note("名单号码来电")
        if not self._session.taps.speech_model:
            await self._let_wait("没有语音识别，放行并排在最后")
            return
        self._session.listen(Leg.CALLER, self._session.call.citizen_channel)
        await self._player.speak(self._notice(), then=self._question_put)

    async def heard(self, text: str, *, final: bool) -> None:
        """The caller has said something; an interim word of danger counts as well."""
        if not self.open:
            return
        found = self._urgency("".join([*self._said, text]))
        if final:
            self._said.append(text)
        if found is None:
            return
        level, why = found
        self._note(f"听到紧急用语，放行：{why}")
        if level is Urgency.CRITICAL:
            await self._session.raise_priority(PriorityReason.EMERGENCY_WORDS, why)
        await self._pass()

    async def on_playback_finished(self, playback_id: str) -> bool:
        """Whether it was a sound of ours."""
        return await self._player.on_playback_finished(playback_id)

    async def stop(self) -> None:
        """The call is over."""
        self.open = False
        await self._player.stop()

    # --- inside ---------------------------------------------------------------------------------

    async def _notice(self) -> list[str]:
        sounds = self._session.exchange.sounds
        zone = ZoneInfo(self._session.exchange.settings.timezone)
        day = self._block.ends_at.astimezone(zone)
        until = await sounds.say("blocked_until", month=_said(day.month), day=_said(day.day))
        return [until, sounds.uri("blocked_emergency")]

    async def _question_put(self) -> None:
        seconds = self._parts.screening.listen_seconds
        self._session.after(seconds, "screening", self._enough)

    async def _enough(self) -> None:
        """Whatever is being said now is recognised; then it is decided."""
        if self.open:
            self._spoke = self._session.taps.has_spoken(Leg.CALLER)
            await self._session.taps.close_leg(Leg.CALLER)
            self._session.after(_LAST_WORDS_SECONDS, "screening", self._decide)

    async def _decide(self) -> None:
        if not self.open:
            return
        if not self._session.taps.complete:
            await self._let_wait("语音识别中断，放行并排在最后")
            return
        if self._spoke and not self._said:
            await self._let_wait("来电人说了话但没有听懂，放行并排在最后")
            return
        goodbye = self._session.exchange.sounds.uri("blocked_goodbye")
        await self._player.play(goodbye, then=self._end)

    async def _end(self) -> None:
        if self.open:
            self.open = False
            await self._session.end(ContactOutcome.BLOCKED, REASON)

    async def _let_wait(self, why: str) -> None:
        """Behind all others: the reason has points below zero."""
        session = self._session
        self._note(why)
        if PriorityReason.NUISANCE not in session.call.priority_reasons:  # of an earlier process
            session.call.priority_reasons += (PriorityReason.NUISANCE,)
        session.save()
        media = session.exchange.sounds.uri("blocked_waits")
        await self._player.play(media, then=self._pass)

    async def _pass(self) -> None:
        if self.open:
            self.open = False
            self._session.cancel_timer("screening")
            await self._player.stop()
            await self._go_on()

    def _urgency(self, text: str) -> tuple[Urgency, str] | None:
        """The highest level whose words were said, and why."""
        found: tuple[Urgency, str] | None = None
        for rule in self._parts.urgency.rules:
            if rule.level.rank < self._parts.screening.level.rank:
                continue
            word = rule.spoken_by(text)
            if word and (found is None or rule.level.rank > found[0].rank):
                found = rule.level, f"{rule.reason}（{word}）"
        return found

    def _note(self, reason: str) -> None:
        detail = {"block_id": self._block.id}
        self._session.note(CallEventKind.SCREENED, reason=reason, detail=detail)


def _said(number: int) -> str:
    """Of a date: 二月, not 两月."""
    return "二" if number == 2 else in_words(number)
