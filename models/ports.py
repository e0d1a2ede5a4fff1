"""What one part offers another without knowing it: protocols, wired in ``hotline``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from models.speech import Speaker, SpeechStatus
from models.vocabulary import (
    AgentState,
    AlertKind,
    CallDirection,
    CallState,
    Leg,
    PartyKind,
    PriorityReason,
    Satisfaction,
    SupervisionKind,
    TransferKind,
)


class SpeechStream(Protocol):
    """Live recognition of one leg."""

    def feed(self, pcm: bytes) -> None:
        """Take sound: 8 kHz, mono, signed 16 bit little endian. Never blocks."""
        ...

    async def close(self) -> None:
        """Flush the last final utterance. Safe to call twice."""
        ...

    @property
    def complete(self) -> bool:
        """False once any sound was dropped."""
        ...


class SpeechPort(Protocol):
    """Where telephony sends sound. Results come back as ``UtteranceHeard`` on the bus."""

    @property
    def status(self) -> SpeechStatus:
        """Whether it works now, and if not, why."""
        ...

    def open(
        self, call_id: str, leg: Leg, offset_s: float = 0.0, speaker: Speaker | None = None
    ) -> SpeechStream:
        """Begin a leg whose first sound lies ``offset_s`` seconds after the call's start.

        :raises SpeechUnavailable: when there is no model.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Presence:
    """What one agent is doing."""

    agent_id: str
    agent_name: str
    extension: str
    state: AgentState
    since: datetime
    reason: str = ""
    call_id: str | None = None
    #: When the present state ends by itself (wrap-up countdown).
    until: datetime | None = None
    #: The browser's phone is registered.
    phone_online: bool = False
    #: Skill group of config/queues.yaml → level, 1 is the best. Empty: what the file gives all.
    skills: Mapping[str, int] = field(default_factory=dict, hash=False)
    #: Skill groups by which calls come, those given to all included.
    groups: tuple[str, ...] = ()
    calls_today: int = 0
    #: When a break should be over.
    break_limit_at: datetime | None = None
    #: The break has lasted too long.
    overrun: bool = False
    wrap_up_extended: bool = False
    wrap_up_extendable: bool = False


@dataclass(frozen=True, kw_only=True)
class SeatAccount:
    """What a seat's phone needs to register."""

    extension: str
    password: str
    #: SIP domain, used in URIs only.
    domain: str
    #: False: the seat has a desk phone; the browser must not register in its place.
    browser: bool = True


@dataclass(frozen=True, kw_only=True)
class PartyView:
    """Someone in a call besides the citizen and the agent whose call it is."""

    party_id: str
    kind: PartyKind
    name: str
    number: str
    #: ``ringing``, ``joined`` or ``held``.
    state: str
    since: datetime
    #: A colleague; None for all others.
    agent_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class CallView:
    """A call as it is now."""

    call_id: str
    contact_id: str | None
    direction: CallDirection
    state: CallState
    caller_number: str
    agent_id: str | None
    started_at: datetime
    #: Name of the agent whose call it is; empty when nobody's, and once the call is over.
    agent_name: str = ""
    #: The agent has gone, and citizen and third party talk on without.
    agent_left: bool = False
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    order_id: str | None = None
    #: Code of config/queues.yaml where the caller waits, or waited last.
    queue: str = ""
    priority: int = 0
    priority_reasons: tuple[PriorityReason, ...] = ()
    parties: tuple[PartyView, ...] = ()
    transfers: int = 0
    satisfaction: Satisfaction | None = None
    callback_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class WaitingView(CallView):
    """A caller who waits. ``queued_at``: this time; who has talked already keeps an older place."""

    #: Place in the own queue, from 1.
    position: int = 0
    #: None: cannot be told.
    expected_wait_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Floor:
    """The call floor at one moment. ``waiting`` in the order in which they will be served."""

    agents: tuple[Presence, ...]
    calls: tuple[CallView, ...]
    waiting: tuple[WaitingView, ...]
    exchange_online: bool
    #: Places in each queue's line that are kept for those who will be called back.
    booked: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class ActiveSupervision:
    """A shift leader at another's call now."""

    call_id: str
    supervisor_id: str
    supervisor_name: str
    kind: SupervisionKind
    since: datetime


class AlertPort(Protocol):
    """Where a shift leader is called. A failure here is the caller's to swallow, never a call's."""

    async def raise_alert(
        self,
        kind: AlertKind,
        matter: str,
        text: str,
        *,
        call_id: str | None = None,
        agent_id: str | None = None,
        queue: str = "",
        detail: dict[str, Any] | None = None,
    ) -> str | None:
        """Raise an alert; its id, or None while the same ``matter`` is open or was just now."""
        ...

    async def settle(self, matter: str) -> bool:
        """The matter is over; whether it was open."""
        ...


class NoAlerts:
    """Where nobody watches over the floor."""

    async def raise_alert(
        self,
        kind: AlertKind,
        matter: str,
        text: str,
        *,
        call_id: str | None = None,
        agent_id: str | None = None,
        queue: str = "",
        detail: dict[str, Any] | None = None,
    ) -> str | None:
        """See :meth:`AlertPort.raise_alert`."""
        return None

    async def settle(self, matter: str) -> bool:
        """See :meth:`AlertPort.settle`."""
        return False


@dataclass(frozen=True, kw_only=True)
class AlikeOrder:
    """An order whose text is like a given one."""

    order_id: str
    #: 1: the same text; 0: nothing in common.
    likeness: float


class AlikePort(Protocol):
    """Search for orders by what they say. It knows neither readers nor rights."""

    @property
    def ready(self) -> bool:
        """False while older orders are still being read in."""
        ...

    async def alike(self, text: str, limit: int = 30) -> list[AlikeOrder]:
        """The orders most alike, the likest first; also one that has just been opened."""
        ...


class NothingAlike:
    """Where nothing compares texts."""

    ready = False

    async def alike(self, text: str, limit: int = 30) -> list[AlikeOrder]:
        """See :meth:`AlikePort.alike`."""
        return []


@dataclass(frozen=True, kw_only=True)
class PartyChoice:
    """Whom to ring: exactly one. ``queue`` for a transfer only."""

    agent_id: str | None = None
    #: Codes of config/phone_book.yaml.
    expert: str | None = None
    emergency: str | None = None
    number: str | None = None
    queue: str | None = None


@dataclass(frozen=True, kw_only=True)
class BookEntry:
    """Somebody outside who can be fetched into a call."""

    code: str
    name: str
    number: str
    #: Code of the unit; empty for the emergency services.
    department: str = ""


@dataclass(frozen=True, kw_only=True)
class PhoneBookView:
    """Everybody outside; colleagues are on the floor."""

    experts: tuple[BookEntry, ...]
    emergency: tuple[BookEntry, ...]


class CallDesk(Protocol):
    """What an agent does with others in the call in hand. Raises as :class:`CallControl` does."""

    def phone_book(self) -> PhoneBookView:
        """Whom one may fetch."""
        ...

    async def consult(self, call_id: str, agent_id: str, choice: PartyChoice) -> str:
        """The citizen hears music, the agent talks with another. Returns the party's id."""
        ...

    async def end_consultation(self, call_id: str, agent_id: str) -> None:
        """Back to the citizen; the other leaves."""
        ...

    async def swap(self, call_id: str, agent_id: str) -> None:
        """Talk with the one who hears music; the other hears it now."""
        ...

    async def conference(self, call_id: str, agent_id: str) -> None:
        """All three together."""
        ...

    async def leave_conference(self, call_id: str, agent_id: str) -> None:
        """The agent leaves; citizen and party go on. A colleague has the call then."""
        ...

    async def drop_party(self, call_id: str, agent_id: str, party_id: str) -> None:
        """Hang up on the party."""
        ...

    async def transfer(
        self, call_id: str, agent_id: str, kind: TransferKind, choice: PartyChoice
    ) -> None:
        """BLIND: at once, to whom is chosen. ATTENDED: to the one who is consulted."""
        ...

    async def press_keys(self, call_id: str, agent_id: str, digits: str) -> None:
        """Keys to whom the agent talks with."""
        ...


class LeaderDesk(Protocol):
    """What a shift leader may do with others' calls and seats. Errors as for ``CallControl``;
    ``InvalidInput`` without a reason.
    """

    def active(self) -> tuple[ActiveSupervision, ...]:
        """Who listens to, whispers into or has come into whose call."""
        ...

    async def supervise(
        self, call_id: str, leader: Presence, kind: SupervisionKind, reason: str
    ) -> None:
        """Any kind but FORCE_STATE. All but FORCE_HANG_UP ring the leader's phone, which answers
        by itself; ``CallSupervised`` tells when it is done. ``leader``: id and name are read.
        """
        ...

    async def switch(self, call_id: str, leader_id: str, kind: SupervisionKind) -> None:
        """Between LISTEN, WHISPER and BARGE_IN, on the same line."""
        ...

    async def stop(self, call_id: str, leader_id: str) -> None:
        """The leader goes, the call goes on. Safe to repeat."""
        ...

    async def force_state(
        self, agent_id: str, leader_name: str, state: AgentState, reason: str
    ) -> Presence:
        """Put an agent into a state an agent may choose, or sign out (OFFLINE). Not in a call."""
        ...


class CallControl(Protocol):
    """What the console may ask of telephony.

    Every method raises ``TelephonyUnavailable`` when the exchange does not answer,
    ``TransitionRefused`` when the state does not allow it, ``NotFound`` for a call or seat that
    does not exist.
    """

    @property
    def desk(self) -> CallDesk:
        """What an agent does with others in a call."""
        ...

    @property
    def leaders(self) -> LeaderDesk:
        """What a shift leader does with others' calls and seats."""
        ...

    def floor(self) -> Floor:
        """The present picture."""
        ...

    def presence(self, agent_id: str) -> Presence:
        """One agent's; OFFLINE when never seen."""
        ...

    async def sign_in(self, agent_id: str) -> SeatAccount:
        """Give the agent a seat; repeated calls give the same one. State becomes BUSY (签入)."""
        ...

    async def sign_out(self, agent_id: str) -> None:
        """Leave the seat. Refused during a call."""
        ...

    async def set_state(self, agent_id: str, state: AgentState, reason: str = "") -> Presence:
        """An agent's own change: READY, BUSY, REST, MEAL, TRAINING, MEETING."""
        ...

    async def extend_wrap_up(self, agent_id: str) -> Presence:
        """More time for writing down, once after each call."""
        ...

    def give_skills(self, agent_id: str, skills: Mapping[str, int]) -> None:
        """What is stored in the person's account has changed. Not signed in: nothing to do."""
        ...

    async def hang_up(self, call_id: str, agent_id: str, survey: bool = True) -> None:
        """End the call for both; with ``survey`` the citizen is asked for a grade. A colleague in
        another's call leaves it. Safe to repeat.
        """
        ...

    async def hold(self, call_id: str, agent_id: str) -> None:
        """Put the citizen on hold with music."""
        ...

    async def resume(self, call_id: str, agent_id: str) -> None:
        """Take the citizen off hold."""
        ...

    async def call_out(
        self,
        agent_id: str,
        number: str,
        order_id: str | None = None,
        callback_id: str | None = None,
    ) -> str:
        """Ring the agent's phone, then the citizen. Returns the call id.

        :raises InvalidInput: for a number that may not be called.
        :raises TransitionRefused: also when this number or this agent has had enough for today.
        """
        ...

    def practice_phone(self, number: str) -> SeatAccount:
        """The SIP account of a practice citizen phone."""
        ...
