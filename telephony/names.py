"""Names that we give to what we make in Asterisk, so that it is known again after anything."""

from __future__ import annotations

#: Kinds of channels and bridges that are ours. An id is ``<kind>-<call id>[-<more>]``.
AGENT = "agent"
CITIZEN = "citizen"
PARTY = "party"
SNOOP = "snoop"
MEDIA = "media"
TALK = "call"
CONSULT = "consult"
TAP = "tap"
#: Playbacks.
TONE = "tone"
ANNOUNCEMENT = "announcement"
#: A shift leader's line, what it hears with, and the rooms for hearing and whispering.
SUPERVISOR = "supervisor"
SPY = "spy"
EAR = "ear"
WHISPER = "whisper"

CHANNEL_KINDS = frozenset({AGENT, CITIZEN, PARTY, SNOOP, MEDIA, SUPERVISOR, SPY})
BRIDGE_KINDS = frozenset({TALK, CONSULT, TAP, EAR, WHISPER})
_ALL = CHANNEL_KINDS | BRIDGE_KINDS | {ANNOUNCEMENT, TONE}


def name(kind: str, call_id: str, *more: object) -> str:
    """An id for Asterisk."""
    return "-".join([kind, call_id, *map(str, more)])


def kind_of(asterisk_id: str) -> str:
    """The kind of an id of ours; empty for any other."""
    kind, _, rest = asterisk_id.partition("-")
    return kind if rest and kind in _ALL else ""


def call_of(asterisk_id: str) -> str | None:
    """The call that an id of ours belongs to."""
    return asterisk_id.split("-")[1] if kind_of(asterisk_id) else None
