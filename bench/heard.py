"""What the taps heard of each leg, by the lines that the hotline writes when it stops listening."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.left_over import Check
from models.tables import Call
from models.vocabulary import Leg

_LEGS = (Leg.CALLER, Leg.AGENT)
#: Of a talk at its two ends: a tap is set up and taken down by requests.
_EDGE_SECONDS = 1.5
#: Less of a leg than this is a hole.
_HEARD_SHARE = 0.97


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One leg of one call; where it was tapped several times, all together."""

    seconds: float = 0.0
    received: int = 0
    lost: int = 0

    def __add__(self, other: Heard) -> Heard:
        return Heard(
            seconds=self.seconds + other.seconds,
            received=self.received + other.received,
            lost=self.lost + other.lost,
        )


def heard_by_leg(log: Path) -> dict[tuple[str, Leg], Heard]:
    """By call and leg, from a log in JSON."""
    found: dict[tuple[str, Leg], Heard] = defaultdict(Heard)
    for line in _lines(log):
        if line.get("event") == "tap.heard":
            one = Heard(seconds=line["seconds"], received=line["received"], lost=line["lost"])
            found[line["call_id"], Leg(line["leg"])] += one
    return found


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    for text in log.read_text(errors="replace").splitlines():
        if text.startswith("{"):
            yield json.loads(text)


def heard_check(
    heard: dict[tuple[str, Leg], Heard], served: Collection[Call], talk: float
) -> Check:
    """Whether both sides of every answered call were heard from the answer to the end.

    :param talk: how long SIPp holds each call, from its beginning, in seconds.
    """
    short: list[float] = []
    for call in served:
        assert call.answered_at
        talked = talk - (call.answered_at - call.started_at).total_seconds()
        wanted = (talked - _EDGE_SECONDS) * _HEARD_SHARE
        lacks = [wanted - heard.get((call.id, leg), Heard()).seconds for leg in _LEGS]
        short += [lack for lack in lacks if lack > 0]
    return Check(
        name="both legs of every answered call are tapped whole",
        held=not short,
        found=f"{len(short)} of {2 * len(served)} are not"
        + (f", at worst {max(short):.1f} s too short" if short else ""),
    )


def missed_share(heard: dict[tuple[str, Leg], Heard]) -> float:
    """Packets of all taps that never reached us; silence took their place."""
    lost = sum(one.lost for one in heard.values())
    return lost / max(1, lost + sum(one.received for one in heard.values()))
