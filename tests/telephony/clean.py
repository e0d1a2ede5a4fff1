"""After a fault: everything is clean again within a stated time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from telephony.agents import IN_CALL
from tests.support.asterisk import RunningAsterisk
from tests.telephony.floor import CallFloor

#: After a fault is over, everything must be clean again within this time.
CLEAN_SECONDS = 20.0
#: 127.0.0.1, as the kernel writes it.
_LOOPBACK = "0100007F"


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What may be left over, seen at one moment; everything that is left must be empty or none."""

    channels: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()
    #: Recordings that Asterisk holds open.
    files: tuple[str, ...] = ()
    #: Sockets for sound that Asterisk holds open.
    sockets: int = 0
    #: Calls, lines of recognition and steps that we still hold.
    calls: tuple[str, ...] = ()
    #: Agents who are in a call, by our own word.
    agents: tuple[str, ...] = ()
    #: Unwritten changes of calls.
    unwritten: bool = False


async def traces(asterisk: RunningAsterisk, floor: CallFloor | None = None) -> Traces:
    """Look now; ``floor``: also at what the call center holds."""
    pid = asterisk.process.pid
    assert pid is not None
    recordings = str(asterisk.settings.recordings_dir.resolve())
    channels = await asterisk.channels()
    bridges = await asterisk.bridges()
    return Traces(
        channels=tuple(one["id"] for one in channels),
        bridges=tuple(one["id"] for one in bridges),
        files=tuple(one for one in _open_by(pid) if one.startswith(recordings)),
        sockets=_sound_sockets(pid, asterisk),
        calls=_held(floor) if floor else (),
        agents=_in_calls(floor) if floor else (),
        unwritten=floor is not None and not floor.calls.exchange.records.all_stored,
    )


async def clean(
    asterisk: RunningAsterisk, floor: CallFloor | None = None, within: float = CLEAN_SECONDS
) -> None:
    """Wait until nothing is left of any call.

    :raises AssertionError: naming what is, when the time is over.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while (left := await traces(asterisk, floor)) != Traces():
        assert loop.time() < deadline, f"after {within} s there is still: {left}"
        await asyncio.sleep(0.1)


def _held(floor: CallFloor) -> tuple[str, ...]:
    exchange = floor.calls.exchange
    tasks = (task.get_name() for task in asyncio.all_tasks() if not task.done())
    steps = [name for name in tasks if name.startswith("call-")]
    return (*exchange.sessions, *steps, *(f"line {port}" for port in exchange.media.attached))


def _in_calls(floor: CallFloor) -> tuple[str, ...]:
    return tuple(one.agent_name for one in floor.calls.exchange.board if one.state in IN_CALL)


def _open_by(pid: int) -> list[str]:
    """What the descriptors of a process lead to."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(str(link.readlink()))
        except FileNotFoundError:  # closed in this moment
            continue
    return found


def _sound_sockets(pid: int, asterisk: RunningAsterisk) -> int:
    """UDP sockets of Asterisk on the address and ports of its calls' sound. (It keeps one
    more, on any address, for looking names up.)
    """
    own, settings = set(_open_by(pid)), asterisk.settings.asterisk
    sound = range(settings.rtp_start, settings.rtp_end + 1)
    rows = [row.split() for row in _read_lines(Path("/proc/net/udp"))]
    addresses = [row[1].partition(":") for row in rows if f"socket:[{row[9]}]" in own]
    return sum(host == _LOOPBACK and int(port, 16) in sound for host, _, port in addresses)


def _read_lines(path: Path) -> list[str]:
    return path.read_text().splitlines()[1:]
