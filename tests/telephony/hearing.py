"""How much of what was said is there: packets compared one by one."""

from __future__ import annotations

import subprocess
from pathlib import Path

#: The phones here are Python on a busy machine, and may not say all in time.
#: A tap on the wrong side, in the wrong byte order or mixed, and packets taken for late ones, would
#: score nothing at all.
NEARLY_ALL = 0.6
#: Bytes of 20 ms.
PACKET = 320


def as_pcm(ulaw: Path) -> bytes:
    """What a phone's µ-law sounds like."""
    decode = ["sox", "-t", "ul", "-r", "8000", "-c", "1", ulaw]
    raw = ["-t", "raw", "-e", "signed", "-b", "16", "-L", "-"]
    return subprocess.run([*decode, *raw], check=True, capture_output=True).stdout


def share_heard(said: bytes, heard: bytes) -> float:
    """How many of the packets that were said are there, unchanged and in order."""
    place, found = 0, 0
    pieces = [said[start : start + PACKET] for start in range(0, len(said) - PACKET, PACKET)]
    loud = [piece for piece in pieces if len(set(piece)) > 40]
    for piece in loud:
        at = heard.find(piece, place)
        if at >= 0:
            place, found = at, found + 1
    return found / len(loud)
