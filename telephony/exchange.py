"""What a call session works with: built once by the call center, shared by all calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from config.queues import QueueRules
from config.settings import Settings
from config.survey import SurveyRules
from config.waiting import CallerRules
from models.clock import Clock
from models.ports import AlertPort, NoAlerts, SpeechPort
from telephony.agents import Agent
from telephony.ari import ARIClient
from telephony.callers import Callers
from telephony.distribution import WaitingLine
from telephony.expected_wait import Expected, HandlingTimes
from telephony.front_desk import FrontParts
from telephony.media import MediaReceiver
from telephony.presence import PresenceBoard
from telephony.recording import Recordings
from telephony.records import Records
from telephony.trunks import Trunks

if TYPE_CHECKING:
    from telephony.conversation import Conversation
    from telephony.shared_floor import SharedFloor


class Sounds(Protocol):
    """Prompts that can be played (see ``telephony.asterisk.prompts.Prompts``)."""

    def uri(self, name: str) -> str:
        """What ARI's ``play`` takes as media."""
        ...

    def knows(self, name: str) -> bool:
        """Whether such a prompt is written."""
        ...

    def seconds(self, name: str) -> float:
        """How long the sound lasts."""
        ...

    def media_seconds(self, media: str) -> float:
        """How long sounds given as ``play`` takes them last."""
        ...

    @property
    def meanwhile(self) -> str:
        """Media to follow whatever is played: heard only while nobody goes on with the call."""
        ...

    async def say(self, name: str, **values: int | str) -> str:
        """Media of a text with values; never silence."""
        ...

    async def spoken(self, text: str, otherwise: str = "") -> str:
        """Media of any words; ``otherwise``, or a neutral prompt, when they cannot be spoken."""
        ...


@dataclass(kw_only=True)
class Exchange:
    """The parts of the telephone exchange."""

    settings: Settings
    clock: Clock
    ari: ARIClient
    sounds: Sounds
    media: MediaReceiver
    speech: SpeechPort | None
    records: Records
    recordings: Recordings
    board: PresenceBoard
    line: WaitingLine
    queues: QueueRules
    callers: Callers
    #: What comes between greeting and line.
    front: FrontParts
    caller_rules: CallerRules
    handling: HandlingTimes
    #: Where the shift leader is called.
    alerts: AlertPort = field(default_factory=NoAlerts)
    #: How the service is graded after the talk.
    survey: SurveyRules
    #: The ways out.
    trunks: Trunks
    #: Peak, of 32767, above which sound on a line counts as a voice.
    voice_level: int = 400
    #: Told the call and the agent when an agent did not answer.
    missed: Callable[[str, Agent], None] = lambda call_id, agent: None
    #: Living calls by id.
    sessions: dict[str, Conversation] = field(default_factory=dict)
    #: Extension → the user part of where its phone is registered.
    contacts: dict[str, str] = field(default_factory=dict)
    #: Where other processes serve the same agents; None: this one is alone.
    shared_floor: SharedFloor | None = None
    #: Gives waiting callers to free agents; call it whenever either may have changed.
    distribute: Callable[[], None] = lambda: None
    #: What one who waits can be told of it.
    expected: Callable[[str], Expected] = lambda call_id: Expected()

    def comes_to_us(self, *args: str) -> dict[str, str]:
        """Variables with which the dialplan hands a line that we ring over to this process."""
        return {"STASIS_APP": self.ari.app, "STASIS_ARGS": ",".join(args)}

    def remember(self, session: Conversation) -> None:
        """A call lives."""
        self.sessions[session.call.id] = session

    def forget(self, call_id: str) -> None:
        """A call is over."""
        self.sessions.pop(call_id, None)
