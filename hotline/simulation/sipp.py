"""Real phones: SIPp calls the hotline, or is the citizen whom the hotline rings.

    async with calling(("127.0.0.1", 15060), said=spoken_ulaw("我要反映路灯不亮。")) as phone:
        await phone.reaches("answered")
        ...
    assert phone.ended_as == "hung up"

A phone that cannot do what its scenario says raises :class:`PhoneError` with SIPp's own report.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import string
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hotline.simulation.ports import free_ports

_SCENARIOS = Path(__file__).parent / "scenarios"

#: A phone that is still there after this time is stuck.
_PATIENCE_SECONDS = 10.0


_CALL_ID = "call-id "

#: Understood by our scenarios only: INFO makes the phone hang up, MESSAGE press the key in it.
_ORDER = """\
{method} sip:phone@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-hand-{number}
From: <sip:hand@127.0.0.1>;tag=hand
To: <sip:phone@127.0.0.1>
Call-ID: {call_id}
CSeq: {number} {method}
Content-Length: {length}

{key}"""
#: What a phone says of itself that tells its keys by RFC 4733.
_EVENT_PAYLOAD = " 101"
_EVENT_LINES = "\n      a=rtpmap:101 telephone-event/8000\n      a=fmtp:101 0-15"


class PhoneError(AssertionError):
    """The call did not go the way of the scenario."""


class _Template(string.Template):
    delimiter = "%"


@dataclass(kw_only=True)
class Phone:
    """One SIPp at work."""

    program: asyncio.subprocess.Process
    folder: Path
    #: Its SIP port.
    port: int

    @property
    def steps(self) -> list[str]:
        """What has happened so far, e.g. ``["invited", "ringing", "answered", "hung up"]``."""
        return [line for line in self._log if not line.startswith(_CALL_ID)]

    @property
    def _call_id(self) -> str:
        lines = [line for line in self._log if line.startswith(_CALL_ID)]
        return lines[0].removeprefix(_CALL_ID) if lines else ""

    @property
    def _log(self) -> list[str]:
        log = self.folder / "steps.log"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def ended_as(self) -> str:
        """The last step."""
        return self.steps[-1] if self.steps else ""

    async def reaches(self, step: str, within: float = 10.0) -> None:
        """Wait for a step.

        :raises PhoneError: when the call ends without it, or it takes too long.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while step not in self.steps:
            over = self.program.returncode is not None
            if (over and step not in self.steps) or loop.time() > deadline:
                raise PhoneError(f"no {step!r}, only {self.steps}\n{self.report()}")
            await asyncio.sleep(0.02)

    async def finished(self, within: float = 60.0) -> None:
        """Wait until the call has ended as its scenario says.

        :raises PhoneError: when it did not.
        """
        try:
            async with asyncio.timeout(within):
                await self.program.wait()
        except TimeoutError:
            raise PhoneError(f"still on the phone after {self.steps}\n{self.report()}") from None
        if self.program.returncode:
            raise PhoneError(f"failed after {self.steps}\n{self.report()}")

    async def hang_up(self) -> None:
        """Hang up now: BYE when answered, else CANCEL; return when the scenario has ended.

        A program that is still starting gets its order as soon as it has dialled.
        """
        await self._dialled()
        if self.program.returncode is None:
            self._order("INFO")
        await self.finished(_PATIENCE_SECONDS)

    async def press(self, keys: str) -> None:
        """Press keys that are told by SIP INFO, each when the one before has been taken."""
        await self.reaches("answered")
        before = len(self._pressed)
        for number, key in enumerate(keys, start=before + 1):
            self._order("MESSAGE", number + 1, key)
            await self._has_pressed(number)

    def _order(self, method: str, number: int = 1, key: str = "") -> None:
        order = _ORDER.format(
            method=method, call_id=self._call_id, number=number, key=key, length=len(key)
        )
        with socket.socket(type=socket.SOCK_DGRAM) as hand:
            hand.sendto(order.replace("\n", "\r\n").encode(), ("127.0.0.1", self.port))

    @property
    def _pressed(self) -> list[str]:
        return [line for line in self._log if line.startswith("pressed ")]

    async def _has_pressed(self, count: int, within: float = _PATIENCE_SECONDS) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while len(self._pressed) < count:
            if loop.time() > deadline or self.program.returncode is not None:
                raise PhoneError(f"pressed only {self._pressed}\n{self.report()}")
            await asyncio.sleep(0.02)

    async def _dialled(self, within: float = _PATIENCE_SECONDS) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while not self._call_id and self.program.returncode is None:
            if loop.time() > deadline:
                raise PhoneError(f"has not dialled\n{self.report()}")
            await asyncio.sleep(0.02)

    def vanish(self) -> None:
        """The battery is empty: no BYE, no sound, nothing."""
        self.program.kill()

    def report(self) -> str:
        """SIPp's own words about what went wrong."""
        names = ("complaints.log", "errors.log", "messages.log")
        parts = [self.folder / name for name in names]
        return "\n".join(part.read_text(errors="replace") for part in parts if part.exists())


@asynccontextmanager
async def calling(
    server: tuple[str, int],
    *,
    number: str = "13800138000",
    dials: str = "12345",
    said: Path | None = None,
    media_port: int | None = None,
    gives_up_after: float = 30.0,
    talks_for: float = 30.0,
    telephone_event: bool = True,
) -> AsyncIterator[Phone]:
    """A citizen calls.

    :param said: raw µ-law that the citizen speaks, again and again, once answered.
    :param media_port: instead, the port of a ``Voice`` (see ``rtp``), which also hears.
    :param gives_up_after: seconds after which an unanswered call is cancelled.
    :param talks_for: seconds from the answer until the citizen hangs up, unless the hotline does.
    :param telephone_event: whether the phone knows RFC 4733; else its keys sound as tones.
    """
    values = {
        "number": number,
        "sound": _sound(said),
        "media_port": str(media_port or "[rtpstream_audio_port]"),
        "give_up_ms": _milliseconds(gives_up_after),
        "talk_ms": _milliseconds(talks_for),
        "event_payload": _EVENT_PAYLOAD if telephone_event else "",
        "event_lines": _EVENT_LINES if telephone_event else "",
    }
    port = free_ports(1, kind="udp")[0]
    options = [f"{server[0]}:{server[1]}", "-s", dials]
    async with _phone("caller", values, port, options) as phone:
        yield phone


@asynccontextmanager
async def citizen(
    port: int,
    behaviour: str = "answers",
    *,
    said: Path | None = None,
    media_port: int | None = None,
    rings_for: float = 0.5,
    talks_for: float = 30.0,
) -> AsyncIterator[Phone]:
    """A citizen whom the hotline can ring, on a UDP port where it looks for its carrier.

    :param behaviour: ``answers``, ``busy``, or ``does_not_answer``.
    """
    values = {
        "sound": _sound(said),
        "media_port": str(media_port or "[rtpstream_audio_port]"),
        "ring_ms": _milliseconds(rings_for),
        "talk_ms": _milliseconds(talks_for),
    }
    async with _phone(f"citizen_{behaviour}", values, port, []) as phone:
        yield phone


@asynccontextmanager
async def _phone(
    scenario: str, values: dict[str, str], port: int, options: list[str]
) -> AsyncIterator[Phone]:
    folder = Path(tempfile.mkdtemp(prefix="hotline-sipp-"))
    template = _Template((_SCENARIOS / f"{scenario}.xml").read_text())
    (folder / "scenario.xml").write_text(template.substitute(values))
    phone = await _start(folder, port, options)
    try:
        yield phone
    finally:
        if phone.program.returncode is None:
            with contextlib.suppress(PhoneError):
                await phone.hang_up()
        if phone.program.returncode is None:
            phone.vanish()
            await phone.program.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def _start(folder: Path, port: int, options: list[str]) -> Phone:
    # fmt: off
    command = [
        "sipp", *options, "-sf", "scenario.xml", "-m", "1", "-nostdin",
        "-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1",
        "-trace_logs", "-log_file", "steps.log",
        "-trace_err", "-error_file", "errors.log",
        "-trace_msg", "-message_file", "messages.log",
    ]
    # fmt: on
    with (folder / "complaints.log").open("wb") as complaints:
        program = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=complaints,
            env=os.environ | {"TERM": "dumb"},
        )
    return Phone(program=program, folder=folder, port=port)


def _sound(said: Path | None) -> str:
    """SIPp's order to send a file as RTP without end; else something that does nothing."""
    return f'<exec rtp_stream="{said},-1,0"/>' if said else '<log message="listening"/>'


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
