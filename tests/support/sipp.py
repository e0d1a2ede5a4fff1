"""Real phones for tests: SIPp calls the hotline, or is the citizen whom the hotline rings.

    async with calling(asterisk, said=spoken_ulaw("我要反映路灯不亮。")) as phone:
        await phone.reaches("answered")
        ...
    assert phone.ended_as == "hung up"

A phone that does not do what its scenario says makes the test fail with SIPp's own report.
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

from tests.support.asterisk import RunningAsterisk
from tests.support.ports import free_ports

_SCENARIOS = Path(__file__).parent / "sipp"

#: A phone that is still there after this time is stuck.
_PATIENCE_SECONDS = 10.0


class PhoneError(AssertionError):
    """The call did not go the way of the scenario."""


class _Template(string.Template):
    delimiter = "%"


@dataclass(kw_only=True)
class Phone:
    """One SIPp at work."""

    program: asyncio.subprocess.Process
    folder: Path
    control_port: int

    @property
    def steps(self) -> list[str]:
        """What has happened so far, e.g. ``["invited", "ringing", "answered", "hung up"]``."""
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
            await asyncio.wait_for(self.program.wait(), within)
        except TimeoutError:
            raise PhoneError(f"still on the phone after {self.steps}\n{self.report()}") from None
        if self.program.returncode:
            raise PhoneError(f"failed after {self.steps}\n{self.report()}")

    async def hang_up(self) -> None:
        """Hang up now: BYE when answered, else CANCEL. The scenario counts as ended by us."""
        with socket.socket(type=socket.SOCK_DGRAM) as control:
            for _ in range(2):  # the first "q" lets calls end by themselves, the second ends them
                control.sendto(b"q", ("127.0.0.1", self.control_port))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.program.wait(), _PATIENCE_SECONDS)

    def vanish(self) -> None:
        """The battery is empty: no BYE, no sound, nothing."""
        self.program.kill()

    def report(self) -> str:
        """SIPp's own words about what went wrong."""
        parts = [self.folder / "errors.log", self.folder / "messages.log"]
        return "\n".join(part.read_text(errors="replace") for part in parts if part.exists())


@asynccontextmanager
async def calling(
    asterisk: RunningAsterisk,
    *,
    number: str = "13800138000",
    dials: str = "12345",
    said: Path | None = None,
    media_port: int | None = None,
    gives_up_after: float = 30.0,
    talks_for: float = 30.0,
) -> AsyncIterator[Phone]:
    """A citizen calls.

    :param said: raw µ-law that the citizen speaks, again and again, once answered.
    :param media_port: instead, the port of a :class:`tests.support.rtp.Voice`, which also hears.
    :param gives_up_after: seconds after which an unanswered call is cancelled.
    :param talks_for: seconds from the answer until the citizen hangs up, unless the hotline does.
    """
    values = {
        "number": number,
        "sound": _sound(said),
        "media_port": str(media_port or "[rtpstream_audio_port]"),
        "give_up_ms": _milliseconds(gives_up_after),
        "talk_ms": _milliseconds(talks_for),
    }
    options = [asterisk.sip_address, "-s", dials]
    async with _phone("caller", values, options) as phone:
        yield phone


@asynccontextmanager
async def citizen(
    asterisk: RunningAsterisk,
    behaviour: str = "answers",
    *,
    said: Path | None = None,
    media_port: int | None = None,
    rings_for: float = 0.5,
    talks_for: float = 30.0,
) -> AsyncIterator[Phone]:
    """A citizen whom the hotline can ring, at the address of its carrier.

    :param behaviour: ``answers``, ``busy``, or ``does_not_answer``.
    """
    values = {
        "sound": _sound(said),
        "media_port": str(media_port or "[rtpstream_audio_port]"),
        "ring_ms": _milliseconds(rings_for),
        "talk_ms": _milliseconds(talks_for),
    }
    port = asterisk.settings.telephony.trunk_outbound.rpartition(":")[2]
    async with _phone(f"citizen_{behaviour}", values, ["-p", port]) as phone:
        yield phone


@asynccontextmanager
async def _phone(scenario: str, values: dict[str, str], options: list[str]) -> AsyncIterator[Phone]:
    folder = Path(tempfile.mkdtemp(prefix="hotline-sipp-"))
    template = _Template((_SCENARIOS / f"{scenario}.xml").read_text())
    (folder / "scenario.xml").write_text(template.substitute(values))
    phone = await _start(folder, options)
    try:
        yield phone
    finally:
        if phone.program.returncode is None:
            await phone.hang_up()
        if phone.program.returncode is None:
            phone.program.kill()
            await phone.program.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def _start(folder: Path, options: list[str]) -> Phone:
    control_port = free_ports(1, kind="udp")[0]
    # fmt: off
    command = [
        "sipp", *options, "-sf", "scenario.xml", "-m", "1", "-nostdin",
        "-i", "127.0.0.1", "-mi", "127.0.0.1", "-cp", str(control_port),
        "-trace_logs", "-log_file", "steps.log",
        "-trace_err", "-error_file", "errors.log",
        "-trace_msg", "-message_file", "messages.log",
    ]
    # fmt: on
    program = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"TERM": "dumb"},
    )
    return Phone(program=program, folder=folder, control_port=control_port)


def _sound(said: Path | None) -> str:
    """SIPp's order to send a file as RTP without end; else something that does nothing."""
    return f'<exec rtp_stream="{said},-1,0"/>' if said else '<log message="listening"/>'


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
