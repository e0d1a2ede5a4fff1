"""Ports that a test's programs get before they open them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hotline.simulation import ports
from tests.support.ports import free_ports, free_udp_range

pytestmark = pytest.mark.unit


def test_no_port_is_given_twice_before_it_can_have_been_opened() -> None:
    given = [free_ports(1, kind="udp")[0] for _ in range(200)] + free_ports(200)
    assert len(set(given)) == 400


def test_the_kernel_gives_none_of_them_to_anybody_by_itself() -> None:
    lowest, highest = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    assert not set(free_ports(50)) & set(range(int(lowest), int(highest) + 1))


def test_an_exchange_takes_none_of_them_for_sound() -> None:
    assert max(free_ports(50, kind="udp")) < free_udp_range(1000).start


def test_a_port_that_is_open_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    other, third = free_ports(2, kind="udp")
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        turn = [taken.getsockname()[1], other, third]
        monkeypatch.setattr(ports, "_next_ports", iter(turn))
        assert free_ports(2, kind="udp") == [other, third]
