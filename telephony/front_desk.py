"""Between the greeting and the line: the nuisance list, the incident greeting, self-service."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from config.nuisance import ScreeningRules, load_screening
from config.queues import load_queues
from config.self_service import SelfServiceRules, load_self_service
from config.settings import Settings
from config.surge import load_surge
from config.urgency import UrgencyRules, load_urgency
from config.waiting import load_waiting
from models.bus import Bus, Reach
from models.clock import Clock
from models.errors import ConfigurationError
from models.events import UtteranceHeard
from models.progress import ProgressDesk
from models.store import Store
from models.vocabulary import CallState, ContactOutcome, Leg
from telephony.block_list import BlockList
from telephony.player import Player
from telephony.screening import HUNG_UP, Screening
from telephony.self_service import SelfService
from telephony.surge_mode import SurgeMode

if TYPE_CHECKING:
    from telephony.exchange import Exchange, Sounds
    from telephony.inbound import InboundCall

_KEY_WORDS = dict(zip("0123456789*", [*"零一二三四五六七八九", "星号"], strict=True))


@dataclass(frozen=True, kw_only=True)
class FrontParts:
    """What all front desks work with."""

    blocks: BlockList
    surge: SurgeMode
    #: None: nobody can look orders up.
    progress: ProgressDesk | None
    self_service: SelfServiceRules
    screening: ScreeningRules
    urgency: UrgencyRules

    @classmethod
    def built(
        cls,
        settings: Settings,
        store: Store,
        bus: Bus,
        clock: Clock,
        sounds: Sounds,
        progress: ProgressDesk | None,
    ) -> FrontParts:
        """By the rule files.

        :raises ConfigurationError: when one is wrong.
        """
        service = load_self_service(settings.rules)
        _refuse_same_keys(settings, service)
        return cls(
            blocks=BlockList(store, bus, clock),
            surge=SurgeMode(store, bus, sounds, load_surge(settings.rules)),
            progress=progress,
            self_service=service,
            screening=load_screening(settings.rules),
            urgency=load_urgency(settings.rules),
        )

    def listen(self, bus: Bus, exchange: Exchange) -> None:
        """Let those who are screened be heard."""

        async def heard(event: UtteranceHeard) -> None:
            said = event.utterance
            session = exchange.sessions.get(said.call_id)
            front: FrontDesk | None = getattr(session, "front", None)
            if session is None or front is None or said.leg is not Leg.CALLER:
                return
            if front.screening is not None and front.screening.open:
                session.post(partial(front.screening.heard, said.text, final=said.final))

        bus.subscribe("screening", heard, UtteranceHeard, reach=Reach.HERE)

    async def start(self) -> None:
        """Read what calls must know before the first one comes."""
        await self.blocks.start()
        await self.surge.start()

    async def stop(self) -> None:
        """No more."""
        await self.surge.stop()
        await self.blocks.stop()

    def is_self_service(self, dialled: str) -> bool:
        """Whether the number that was dialled leads straight to self-service."""
        digits = re.sub(r"\D", "", dialled)
        return any(digits.endswith(number) for number in self.self_service.access_numbers)


class FrontDesk:
    """One caller's."""

    def __init__(self, session: InboundCall, parts: FrontParts) -> None:
        self._session = session
        self._parts = parts
        self._passed = False
        self._told = False
        self._player = Player(session, "incident")
        self.screening: Screening | None = None
        self.self_service = SelfService(session, parts)

    async def after_greeting(self) -> None:
        """The greeting is through, or could not be played; once."""
        session = self._session
        session.cancel_timer("greeting")
        if self._passed or session.call.state is not CallState.GREETING:
            return
        self._passed = True
        block = self._parts.blocks.match(session.call.citizen_number)
        if block is None:
            await self._tell_of_incident()
        else:
            self.screening = Screening(session, self._parts, block, self._in)
            await self.screening.begin()

    async def _tell_of_incident(self) -> None:
        greeting = self._parts.surge.greeting
        if greeting:
            await self._player.play(greeting, then=self._in)
        else:
            await self._in()

    async def _in(self) -> None:
        if self._parts.is_self_service(self._session.call.access_number):
            await self.self_service.begin(from_line=False)
        else:
            await self._session.queue()

    async def on_playback_finished(self, playback_id: str) -> bool:
        """Whether it was a sound of ours."""
        screening = self.screening
        return (
            await self._player.on_playback_finished(playback_id)
            or (screening is not None and await screening.on_playback_finished(playback_id))
            or await self.self_service.on_playback_finished(playback_id)
        )

    async def on_key(self, digit: str) -> bool:
        """Whether the key was meant for us."""
        session, service = self._session, self.self_service
        if service.active:
            await service.on_key(digit)
            return True
        waits = session.call.state is CallState.QUEUED and session.call.id in session.exchange.line
        if waits and digit and digit == self._parts.self_service.key:
            await service.begin(from_line=True)
            return True
        return False

    def offers(self) -> list[tuple[str, dict[str, int | str]]]:
        """What the waiting announcement adds, once: the key that leads to self-service."""
        key, told = self._parts.self_service.key, self._told
        self._told = True
        return [("progress_offer", {"key": _KEY_WORDS[key]})] if key and not told else []

    async def step_aside(self) -> None:
        """An agent is rung."""
        await self.self_service.step_aside()

    async def over(self) -> None:
        """An agent has answered."""
        await self.self_service.over()

    @property
    def screens(self) -> bool:
        """Whether the caller is on the nuisance list and still being asked what the matter is."""
        return self.screening is not None and self.screening.open

    def ending(self) -> tuple[ContactOutcome, str] | None:
        """How the contact of one who hangs up here has ended; None: not here."""
        if self.screens:
            return ContactOutcome.BLOCKED, HUNG_UP
        if self._session.call.state is CallState.SELF_SERVICE:
            return self.self_service.ending()
        return None


def _refuse_same_keys(settings: Settings, service: SelfServiceRules) -> None:
    """One key leads to one thing while waiting.

    :raises ConfigurationError: naming key and files.
    """
    taken = {load_waiting(settings.rules).callback_key: "waiting.yaml 的 callback_key"}
    taken |= dict.fromkeys(load_queues(settings.rules).keys, "queues.yaml 的 keys")
    if service.key and service.key in taken:
        raise ConfigurationError(
            f"self_service.yaml 的按键 {service.key} 已被 {taken[service.key]} 使用"
        )
