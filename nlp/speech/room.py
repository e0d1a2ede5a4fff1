"""Who is recognised live on a machine that does not keep up: measured lag decides.

First interim text goes, worker by worker: whole sentences still come. Then whole legs are left to
their recordings, agents' before citizens', of each the newest first. Nothing is dropped silently:
each change of a leg is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from models.speech import LegMode
from models.vocabulary import Leg, SpeechMode
from nlp.speech.crew import Place
from nlp.speech.stream import SpeechStream

#: Told when a leg of a call goes from one mode to another.
OnMode = Callable[[LegMode], None]

#: How often it is looked whether workers keep up.
LOOK_SECONDS = 0.5
#: Interim text goes when a leg is later than this at two looks…
_NO_PARTIALS_SECONDS = 1.0
#: …and comes back when all have been nearer than this for so many looks.
_ROOM_AGAIN_SECONDS, _LOOKS_WITH_ROOM = 0.3, 10
#: A slow worker answers at least so often.
_STUCK_SECONDS = 0.5
#: No further agent's leg is taken while those there are later than this.
_FULL_SECONDS = 2.0


class Room:
    """Watches lag and decides; ``leave`` takes a leg from its worker."""

    def __init__(self, on_mode: OnMode, leave: Callable[[SpeechStream], None]) -> None:
        self._on_mode = on_mode
        self._leave = leave
        self._late_before: set[Place] = set()
        self._looks_with_room: dict[Place, int] = {}

    def admits(self, stream: SpeechStream, there: Sequence[SpeechStream]) -> bool:
        """Whether a new leg is recognised live. A citizen's always is: it displaces an agent's."""
        if not stream.opening.partials or stream.key.leg is Leg.CALLER:
            return True
        admitted = _lag(there) <= _FULL_SECONDS
        if not admitted:
            self._tell(stream, SpeechMode.RECORDING)
        return admitted

    def look(self, place: Place, legs: Sequence[SpeechStream]) -> None:
        """Judge one worker by its live legs."""
        self._weigh_partials(place, _lag(legs))
        late = [stream for stream in legs if stream.falls_behind()]
        # A worker that says nothing at all is not slow but stuck: it will be replaced.
        if late and place.silent_seconds < _STUCK_SECONDS:
            last = max(late, key=_spared_least)
            self._leave(last)
            self._tell(last, SpeechMode.RECORDING)
        mode = SpeechMode.LIVE if place.partials else SpeechMode.SENTENCES
        for stream in legs:
            if not stream.left:
                self._tell(stream, mode)

    def _weigh_partials(self, place: Place, lag: float) -> None:
        late = lag > _NO_PARTIALS_SECONDS
        if late and place in self._late_before and place.partials:
            place.want_partials(False)
        self._late_before.discard(place)
        if late:
            self._late_before.add(place)
        looks = self._looks_with_room.get(place, 0) + 1 if lag < _ROOM_AGAIN_SECONDS else 0
        self._looks_with_room[place] = looks
        if looks >= _LOOKS_WITH_ROOM and not place.partials:
            place.want_partials(True)

    def _tell(self, stream: SpeechStream, mode: SpeechMode) -> None:
        before, stream.mode = stream.mode, mode
        if mode is not before:
            key = stream.key
            self._on_mode(LegMode(call_id=key.call_id, leg=key.leg, mode=mode))


def _lag(legs: Sequence[SpeechStream]) -> float:
    return max((stream.lag_seconds for stream in legs if not stream.left), default=0.0)


def _spared_least(stream: SpeechStream) -> tuple[bool, int]:
    """Citizens' words are what risks are seen by: agents' legs go first, of each the newest."""
    return stream.key.leg is not Leg.CALLER, stream.number
