"""What Asterisk received of each telephone's sound, by the lines of its dialplan when a leg ends.

A telephone of the measurement that the machine does not let run sends less than it should; what it
has sent must be in the recording all the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from bench.heard import Heard
from bench.left_over import Check
from models.tables import Call
from models.vocabulary import Leg

_LINE = re.compile(r"sound of (?P<file>\S+): (?P<came>\d+) packets came and (?P<lost>\d+) got lost")
_PACKET_SECONDS = 0.02
#: A recording of less than this share of what was sent has holes; its edges lie in buffers.
_RECORDED_SHARE = 0.97
_EDGE_SECONDS = 0.5
_WAVE_BYTES_PER_SECOND = 16_000
_HEADER_BYTES = 44


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One leg's sound."""

    came: int
    #: Missing between those that came.
    lost: int

    @property
    def seconds(self) -> float:
        """What the telephone sent."""
        return (self.came + self.lost) * _PACKET_SECONDS


def sent_by_file(log: Path, recordings: Path) -> dict[str, Sent]:
    """By the recording's path below ``recordings``, from Asterisk's log."""
    found = {}
    for match in _LINE.finditer(log.read_text(errors="replace")):
        path = Path(match["file"])
        if path.is_relative_to(recordings):
            sent = Sent(came=int(match["came"]), lost=int(match["lost"]))
            found[str(path.relative_to(recordings))] = sent
    return found


def recorded_check(
    sent: dict[str, Sent],
    heard: dict[tuple[str, Leg], Heard],
    served: Collection[Call],
    recordings: Path,
) -> Check:
    """Whether all that the two telephones of each call sent was recorded.

    Sometimes a leg's media is gone before its dialplan asks for the numbers, which are then empty.
    What the tap heard of such a leg must be recorded.
    """
    lacks: list[tuple[float, str]] = []
    untold, unknown = 0, []
    for call in served:
        for leg, file in ((Leg.CALLER, call.citizen_recording), (Leg.AGENT, call.agent_recording)):
            tapped = heard.get((call.id, leg))
            untold += file not in sent
            if file in sent:
                lacks.append((_lack(sent[file].seconds, recordings / file), file))
            elif tapped is not None:
                lacks.append((_lack(tapped.seconds, recordings / file), file))
            else:
                unknown.append(file)
    short = sorted(((lack, file) for lack, file in lacks if lack > 0), reverse=True)
    found = f"{len(short)} of {2 * len(served)} files are short"
    found += "".join(f", {_name(file)} by {lack:.1f} s" for lack, file in short[:3])
    found += f"; {untold} are held against the tap" if untold > len(unknown) else ""
    found += f"; of {len(unknown)} nobody tells anything" if unknown else ""
    found += "".join(f", {_name(file)}" for file in unknown[:3])
    return Check(
        name="both legs of every answered call are recorded whole",
        held=not short and not unknown,
        found=found,
    )


def _name(file: str) -> str:
    return str(Path(*Path(file).parts[-2:]))


def _lack(sent: float, file: Path) -> float:
    """Seconds missing; below 0: none."""
    recorded = 0.0
    if file.exists():
        recorded = (file.stat().st_size - _HEADER_BYTES) / _WAVE_BYTES_PER_SECOND
    return (sent - _EDGE_SECONDS) * _RECORDED_SHARE - recorded


def sent_share(sent: dict[str, Sent], served: Collection[Call], talk: float) -> float:
    """Of the sound that the citizens' telephones owed in calls of ``talk`` seconds."""
    calls = [
        sent[call.citizen_recording].seconds for call in served if call.citizen_recording in sent
    ]
    return sum(calls) / max(1.0, len(calls) * talk)


def lost_share(sent: dict[str, Sent]) -> float:
    """Packets of all telephones that did not reach Asterisk."""
    lost = sum(one.lost for one in sent.values())
    return lost / max(1, lost + sum(one.came for one in sent.values()))
