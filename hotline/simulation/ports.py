"""Ports for programs that run beside each other."""

from __future__ import annotations

import socket
from contextlib import ExitStack


def free_ports(count: int, *, kind: str = "tcp") -> list[int]:
    """``count`` different ports on 127.0.0.1 that nobody uses at this moment."""
    types = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(type=types[kind])) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def free_udp_range(length: int, *, lowest: int = 40000, highest: int = 60000) -> range:
    """A run of UDP ports that are all free, for one Asterisk's media."""
    for start in range(lowest, highest, length):
        ports = range(start, start + length)
        if all(_is_free(port) for port in ports):
            return ports
    raise AssertionError("no run of free UDP ports")


def _is_free(port: int) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True
