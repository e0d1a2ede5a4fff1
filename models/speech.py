"""What was said, by whom and when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.vocabulary import Leg, PartyKind, SpeechMode


class SpeechProfile(StrEnum):
    """How long a pause ends an utterance."""

    #: Two people take turns: soon.
    DIALOGUE = "dialogue"
    #: One speaks alone, and stops to think: a message, a note.
    DICTATION = "dictation"


@dataclass(frozen=True, kw_only=True)
class Word:
    """One recognised word. Times in seconds since the call began; confidence 0–1."""

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """Who spoke, of all besides the citizen: one time on the line, a row of ``call_parties``."""

    party_id: str
    kind: PartyKind
    name: str


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A name of the district in place of words that sound like it, at ``start`` of the text."""

    start: int
    heard: str
    written: str
    #: A reader took it back: the text holds ``heard`` again.
    undone: bool = False

    @property
    def shown(self) -> str:
        """What stands in the text."""
        return self.heard if self.undone else self.written


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """A stretch of speech of one speaker.

    While ``final`` is false it may still change; the final one carries the same ``utterance_id``.
    ``start`` and ``end`` are seconds since the call began, ``confidence`` is 0–1.
    """

    call_id: str
    leg: Leg
    utterance_id: str
    start: float
    end: float
    #: For reading: joined, numbers as digits, punctuated.
    text: str
    #: As the engine gave it.
    raw: str
    final: bool
    confidence: float = 0.0
    words: tuple[Word, ...] = ()
    #: None: the citizen, or not known.
    speaker: Speaker | None = None
    #: In the order of the text.
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LegMode:
    """How far one side of a call is recognised now."""

    call_id: str
    leg: Leg
    mode: SpeechMode


@dataclass(frozen=True, kw_only=True)
class SpeechStatus:
    """Whether live recognition works, and if not, why (for the agent to read)."""

    available: bool
    model: str = ""
    #: A model that only understands synthetic voices; the console must say so.
    practice: bool = False
    reason: str = ""
