"""What one caller hears while waiting: music, every so often the position, and an offer.

Music stops for an announcement and goes on after it. An agent who becomes free in the middle of
one gets the caller at once. Texts are made into sound beside the call's queue of steps, so that
nothing waits for a voice.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import structlog

from config.phones import may_be_rung
from config.queues import VOICEMAIL, WaitingRules
from models.events import CallStateChanged
from models.phone_numbers import normal_number
from models.vocabulary import AgentState, CallEventKind, CallState, ContactOutcome
from telephony.ari import ARIConflict, ARIError, ARINotFound
from telephony.ari.tidy import tidily
from telephony.distribution import serves

if TYPE_CHECKING:
    from telephony.agents import Agent
    from telephony.inbound import InboundCall

log = structlog.get_logger(__name__)

BOOKED_REASON = "市民预约回电"
MESSAGE_LEFT, NO_MESSAGE = "无人接听，市民已留言", "转留言后市民未留言挂断"
#: Beyond an announcement's own length, should the event of its end be lost.
_MARGIN_SECONDS = 3.0
#: A caller who is being given to an agent is looked at again so much later.
_LOOK_AGAIN_SECONDS = 2.0
#: A timer may ring a little early.
_EARLY_SECONDS = 0.5
#: So long the question of a call-back must have been heard: a key pressed twice is no answer to it.
_QUESTION_SECONDS = 1.0
#: Name of a text of ``prompts.yaml`` and its values.
Text: TypeAlias = tuple[str, dict[str, int | str]]
_KEY_WORDS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))


class Waiting:
    """One caller's wait. Its steps run in the call's own queue of steps."""

    def __init__(self, session: InboundCall) -> None:
        self._session = session
        self._call = session.call
        self._exchange = session.exchange
        self._rules = session.exchange.caller_rules
        #: Since when, of one who has talked with an agent and waits again.
        self._again: datetime | None = None
        #: Playback that is heard now; empty: music.
        self._playing = ""
        self._offered = False
        #: The caller has pressed the key once.
        self._confirming = False
        #: Since when the question whether a call-back is meant has been heard.
        self._asked_at: datetime | None = None
        self._speaking: asyncio.Task[None] | None = None
        #: Queues in which this caller has waited as long as one may.
        self._overflowed: set[str] = set()
        #: At the last look the phone of nobody who serves this caller could be rung.
        self._out_of_reach = False

    # --- begin and end --------------------------------------------------------------------------

    def begin(self, *, again: bool = False) -> None:
        """The caller is in the line, from now or again: then the old times go on. ``again``: has
        just asked for people, and hears the place before the wait is too long.
        """
        least = 2 * self._limits.announce_every if again else 0.0
        too_long = max(least, self._limits.max_wait - self._waited())
        nobody = self._rules.message.nobody_seconds
        for seconds, timer, step in (
            (self._pause(), "announce", self._announce),
            (too_long, "longest wait", self._waited_too_long),
            (nobody, "nobody", self._anybody_there),
        ):
            if not self._session.awaits(timer):
                self._after(seconds, timer, step)

    def again(self) -> None:
        """After a talk: the place is old, the patience is new."""
        self._again = self._session.now()
        self._overflowed.clear()

    @property
    def since(self) -> datetime | None:
        """Since when, this time."""
        return self._again or self._call.queued_at

    def over(self) -> None:
        """An agent has answered."""
        for timer in ("announce", "announced", "confirm", "longest wait", "nobody"):
            self._session.cancel_timer(timer)
        if self._speaking is not None:
            self._speaking.cancel()

    async def step_aside(self) -> None:
        """An agent is rung: no announcement stands in the way any more."""
        self._confirming = False
        self._session.cancel_timer("confirm")
        if self._playing:
            await self._stop_playing()
            await tidily(self._session.play_music())

    @property
    def booked(self) -> bool:
        """Whether the caller has booked a call-back and is being bidden farewell."""
        return self._call.outcome is ContactOutcome.CALLBACK_BOOKED

    @property
    def _limits(self) -> WaitingRules:
        return self._exchange.queues.queue(self._call.queue).waiting

    def _waited(self) -> float:
        now = self._session.now()
        return (now - (self.since or now)).total_seconds()

    def _after(self, seconds: float, timer: str, step: Callable[[], Awaitable[None]]) -> None:
        self._session.after(seconds, timer, step)

    @property
    def _in_line(self) -> bool:
        """Whether nobody has been given this caller yet, and nothing else has been agreed."""
        return self._call.state is CallState.QUEUED and self._call.id in self._exchange.line

    # --- announcements --------------------------------------------------------------------------

    def _pause(self) -> float:
        """Until the next announcement: in time for the first offer."""
        every, until_offer = (
            self._limits.announce_every,
            self._limits.callback_from - self._waited(),
        )
        return until_offer if 0 < until_offer < every else every

    async def _announce(self) -> None:
        """Say where the caller stands; and from some time on, that one may be called back."""
        self._after(self._pause(), "announce", self._announce)
        if self._in_line and not self._playing and not self._confirming:
            expected = self._exchange.expected(self._call.id)
            place, wait = expected.place, expected.wait
            detail = {"place": place, "expected_wait_s": round(wait) if wait is not None else None}
            self._session.note(CallEventKind.ANNOUNCED, detail=detail)
            front, desks = self._session.front.offers(), self._session.place.offers()
            self._speak(position_text(place, wait), *self._offers(), *front, *desks)

    def _offers(self) -> list[Text]:
        if not self._offer_is_due:
            return []
        self._offered = True
        offer = self._promised("callback_offer", "callback_offer_later")
        return [(offer, {"key": _KEY_WORDS[self._rules.callback_key]})]

    @property
    def _offer_is_due(self) -> bool:
        """Also when an earlier process has made the offer: its key counts from then on."""
        due = self._waited() >= self._limits.callback_from - _EARLY_SECONDS
        return bool(self._rules.callback_key) and due and self._can_be_called

    @property
    def _can_be_called(self) -> bool:
        """Nobody is promised a call to a number that may not be dialled: 400, abroad, hidden."""
        number = normal_number(self._call.citizen_number)
        return may_be_rung(self._exchange.settings.telephony, number)

    def _promised(self, place: str, later: str) -> str:
        """The words of a call-back: a place is promised only where one is kept."""
        return place if self._rules.callbacks.auto else later

    def _speak(self, *texts: Text) -> None:
        """Make the sounds beside the call, then play them."""
        if self._speaking is not None:
            self._speaking.cancel()
        self._speaking = asyncio.create_task(self._make(texts))

    async def _make(self, texts: tuple[Text, ...]) -> None:
        sounds = self._exchange.sounds
        media = [
            await sounds.say(text, **values) if values else sounds.uri(text)
            for text, values in texts
        ]
        self._session.post(partial(self._play, ",".join(media)))

    async def _play(self, media: str) -> None:
        if self._in_line:
            await self._sound(media)
            if self._confirming and self._playing:
                self._asked_at = self._session.now()

    async def _sound(self, media: str) -> None:
        """Music stops, the sound is heard. When it cannot be, the music goes on."""
        ari, channel = self._exchange.ari, self._call.citizen_channel
        await self._stop_playing()
        await tidily(ari.channels.stop_moh(channel))
        self._playing = self._session.sound.next_id()
        limit = self._exchange.sounds.media_seconds(media) + _MARGIN_SECONDS
        self._after(limit, "announced", self._sound_is_over)
        try:
            await self._session.sound.play(self._playing, media)
        except ARINotFound:
            raise
        except ARIError as error:
            log.warning("call.not_announced", call_id=self._call.id, error=str(error))
            await self._sound_is_over()

    async def _stop_playing(self) -> None:
        playing, self._playing = self._playing, ""
        self._session.cancel_timer("announced")
        if playing:
            await self._session.sound.hush()

    async def on_playback_finished(self, playback_id: str) -> None:
        """A sound has ended: ours?"""
        if playback_id and playback_id == self._playing:
            await self._sound_is_over()

    async def _sound_is_over(self) -> None:
        self._playing = ""
        self._session.cancel_timer("announced")
        if self.booked:
            await self._session.end(ContactOutcome.CALLBACK_BOOKED, BOOKED_REASON)
            return
        if self._confirming:
            self._after(self._rules.confirm_seconds, "confirm", self._not_confirmed)
        if self._call.state is CallState.QUEUED:
            await tidily(self._session.play_music())

    # --- a call-back is booked ------------------------------------------------------------------

    async def on_key(self, digit: str) -> None:
        """The caller has pressed a key while waiting."""
        offered = self._offered or self._offer_is_due
        if digit != self._rules.callback_key or not offered or not self._in_line:
            return
        if self._confirming:
            if self._question_heard:
                await self._book()
            return
        self._confirming, self._asked_at = True, None
        self._speak(("callback_confirm", {"key": _KEY_WORDS[digit]}))

    @property
    def _question_heard(self) -> bool:
        since = self._asked_at
        enough = timedelta(seconds=_QUESTION_SECONDS)
        return since is not None and self._session.now() - since >= enough

    async def _not_confirmed(self) -> None:
        self._confirming = False

    async def _book(self) -> None:
        """From here on the place is kept in the call-back task; written before it is promised."""
        self._exchange.line.remove(self._call.id)
        self._call.outcome = ContactOutcome.CALLBACK_BOOKED
        self._call.reason = BOOKED_REASON
        self._confirming = False
        self.over()
        self._session.note(CallEventKind.CALLBACK_BOOKED, actor="citizen")
        self._session.save()
        await self._exchange.records.stored()
        booked = self._promised("callback_booked", "callback_booked_later")
        await self._sound(self._exchange.sounds.uri(booked))

    # --- a message, at the very last ------------------------------------------------------------

    async def _anybody_there(self) -> None:
        """At night nobody who serves this caller is signed in, or all have closed their pages:
        nobody needs to wait for them.
        """
        serving = self._serving(self._call.queue)
        out_of_reach = not any(one.phone_online for one in serving)
        # A page that is being reloaded is back at the next look.
        nobody = not serving or (out_of_reach and self._out_of_reach)
        self._out_of_reach = out_of_reach
        if nobody and self._in_line:
            await self._overflow()
        if self._call.state is not CallState.MESSAGE:
            self._after(self._rules.message.nobody_seconds, "nobody", self._anybody_there)

    def _serving(self, queue: str) -> list[Agent]:
        """Who is signed in and gets callers of this queue, now or after some time: of the groups
        that overflow opens, the first with anybody is open at once.
        """
        rules, everybody = self._exchange.queues, self._exchange.front.surge.all_serve_all
        return [
            one
            for one in self._exchange.board
            if one.state is not AgentState.OFFLINE
            and (everybody or serves(one, rules.queue(queue), rules))
        ]

    async def _waited_too_long(self) -> None:
        if self._in_line:
            await self._overflow()
        elif self._call.state in (CallState.QUEUED, CallState.RINGING) and not self.booked:
            self._after(_LOOK_AGAIN_SECONDS, "longest wait", self._waited_too_long)

    async def _overflow(self) -> None:
        """To the queue that the rules name, once each, and then to the message."""
        self._overflowed.add(self._call.queue)
        target = self._limits.overflow
        if target == VOICEMAIL or target in self._overflowed:
            await self.take_message()
            return
        await self._session.go_to_queue(target, "排队超时转入")
        self._after(self._limits.max_wait, "longest wait", self._waited_too_long)

    async def take_message(self) -> None:
        """The dialplan asks for the message and records it: that goes on even without us."""
        if not self._call.message_recording:
            return  # an exchange that does not tell where it records cannot take one
        self._exchange.line.remove(self._call.id)
        self.over()
        await self._stop_playing()
        self._session.enter(CallState.MESSAGE)
        self._session.save(CallStateChanged(**self._session.facts, state=CallState.MESSAGE))
        await self._exchange.records.stored()
        await self.to_dialplan()

    async def to_dialplan(self) -> None:
        """Hand the caller over for the message; nothing to do for one who is there already."""
        ari, channel, rules = self._exchange.ari, self._call.citizen_channel, self._rules.message
        file = self._exchange.recordings.folder / self._call.message_recording
        try:
            await ari.channels.stop_moh(channel)
            limits = f"{rules.silence_seconds},{rules.message_seconds}"
            await ari.channels.set_variable(channel, "MESSAGE", str(file))
            await ari.channels.set_variable(channel, "MESSAGE_LIMITS", limits)
            if not self._can_be_called:
                sorry = self._exchange.sounds.uri("all_busy_unknown").removeprefix("sound:")
                await ari.channels.set_variable(channel, "SORRY", sorry)
            await ari.channels.continue_in_dialplan(
                channel, context="message", extension="leave", priority=1
            )
        except ARIConflict:
            pass  # not in our hands any more: it is recording

    async def message_outcome(self) -> tuple[ContactOutcome, str]:
        """How a call ended that had come to the message."""
        recordings, file = self._exchange.recordings, self._call.message_recording
        await recordings.is_written(file)
        if recordings.has_message(file):
            return ContactOutcome.VOICEMAIL_LEFT, MESSAGE_LEFT
        return ContactOutcome.ABANDONED_QUEUE, NO_MESSAGE


def position_text(place: int, wait: float | None) -> Text:
    """What is said to the caller at ``place`` (the first is 1) with an expected wait in seconds.

    Minutes are rounded up: to be served earlier than told annoys nobody.
    """
    ahead, minutes = place - 1, math.ceil((wait or 0) / 60)
    if ahead < 1:
        return ("queue_next_minutes", {"minutes": minutes}) if minutes > 1 else ("queue_next", {})
    if wait is None:
        return "queue_position_only", {"ahead": ahead}
    if wait < 60:
        return "queue_position_soon", {"ahead": ahead}
    return "queue_position", {"ahead": ahead, "minutes": minutes}
