"""Ports for programs that run beside each other.

A program gets a port some time before it opens it. Meanwhile nobody else may take it: so it comes
from below those that the kernel hands out by itself and those of Asterisk's sound, and is not given
a second time before all others have been.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from itertools import islice

#: Linux hands out 32768–60999 by itself; the shipped settings of Asterisk have 20000–20999.
_OURS = range(22000, 32000)


def _in_turn() -> Iterator[int]:
    """All of ours, again and again; where it begins differs between processes."""
    start = random.SystemRandom().randrange(len(_OURS))
    while True:
        yield from (*_OURS[start:], *_OURS[:start])


_next_ports = _in_turn()


def free_ports(count: int, *, kind: str = "tcp") -> list[int]:
    """``count`` different ports that nobody uses at this moment, ``kind``: ``tcp`` or ``udp``."""
    type_ = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[kind]
    found: list[int] = []
    for port in islice(_next_ports, len(_OURS)):
        if _is_free(port, type_):
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")


def free_udp_range(length: int, *, lowest: int = 40000, highest: int = 60000) -> range:
    """A run of UDP ports that are all free, for one Asterisk's media."""
    for start in range(lowest, highest, length):
        ports = range(start, start + length)
        if all(_is_free(port, socket.SOCK_DGRAM) for port in ports):
            return ports
    raise AssertionError("no run of free UDP ports")


def _is_free(port: int, type_: socket.SocketKind) -> bool:
    with socket.socket(type=type_) as probe:
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True
