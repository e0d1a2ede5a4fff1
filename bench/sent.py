"""What Asterisk received of each telephone's sound, by the lines of its dialplan when a leg ends.

A telephone of the measurement that the machine does not let run sends less than it should; what it
has sent must be in the recording all the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from bench.left_over import Check
from models.tables import Call

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


def recorded_check(sent: dict[str, Sent], served: Collection[Call], recordings: Path) -> Check:
    """Whether all that the two telephones of each call sent was recorded."""
    files = [path for call in served for path in (call.citizen_recording, call.agent_recording)]
    unknown = [Path(file) for file in files if file not in sent]
    lacks = {file: _lack(sent[file], recordings / file) for file in files if file in sent}
    short = sorted(((lack, file) for file, lack in lacks.items() if lack > 0), reverse=True)
    named = "".join(f", {Path(file).name} by {lack:.1f} s" for lack, file in short[:3])
    but = f"; of {len(unknown)} Asterisk tells nothing" if unknown else ""
    but += "".join(f", {file.parent.name}/{file.name}" for file in unknown[:3])
    return Check(
        name="both legs of every answered call are recorded whole",
        held=not short and not unknown,
        found=f"{len(short)} of {len(files)} files are short{named}{but}",
    )


def _lack(sent: Sent, file: Path) -> float:
    """Seconds missing; below 0: none."""
    recorded = 0.0
    if file.exists():
        recorded = (file.stat().st_size - _HEADER_BYTES) / _WAVE_BYTES_PER_SECOND
    return (sent.seconds - _EDGE_SECONDS) * _RECORDED_SHARE - recorded


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
