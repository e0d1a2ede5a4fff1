"""SIPp with many callers at a set rate, and its own count of what went wrong."""

from __future__ import annotations

import asyncio
import csv
import math
import os
import string
import tempfile
from asyncio.subprocess import DEVNULL
from dataclasses import dataclass, field
from pathlib import Path

from hotline.simulation.ports import free_ports
from hotline.simulation.sound import spoken_ulaw

_SCENARIO = Path(__file__).with_name("rated_caller.xml")
#: A call that is not answered in this time has failed.
_ANSWER_SECONDS = 2.0
#: RFC 3261's timer F: so long a telephone repeats its BYE. Nobody waits for the answer.
_HANG_UP_SECONDS = 32.0
#: SIPp ends by itself; beyond this it is stuck, and every open call has failed.
_MARGIN_SECONDS = 30.0
#: Exit codes of a SIPp that made its calls: all succeeded, some failed.
_RAN = (0, 1)
_COMPLAINTS = "failed.log"
_SAID = "你好，我要反映小区门口的路灯坏了一个星期。"


class _Template(string.Template):
    delimiter = "%"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one rate."""

    rate: int
    calls: int
    succeeded: int
    #: Seconds from INVITE to 200, of those answered.
    answered_after: list[float]
    #: Seconds from BYE to 200, of those who hung up.
    hung_up_after: list[float] = field(default_factory=list)
    #: Why calls failed, in SIPp's words.
    failures: dict[str, int] = field(default_factory=dict)
    #: What SIPp wrote of single calls that failed.
    complaints: str = ""

    @property
    def failed(self) -> int:
        """Calls that did not go the whole way."""
        return self.calls - self.succeeded


async def call_at_rate(
    sip_port: int,
    *,
    rate: int,
    seconds: float,
    stay: float,
    prefix: str,
    at_once: int = 0,
    lasting: float = 0.0,
) -> Outcome:
    """Let ``rate`` callers a second ring for so long; each stays for ``stay`` seconds.

    Their numbers are ``prefix`` with a running number. With ``at_once`` no more than so many are on
    the line; the next rings when one has left, and all of it takes about ``lasting`` seconds.
    """
    calls = math.ceil(rate * seconds)
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as workshop:
        folder = Path(workshop)
        _write_scenario(folder, stay, prefix)
        command = _command(sip_port, rate, calls, at_once or calls)
        await _run(folder, command, (lasting or seconds + stay) + _MARGIN_SECONDS)
        return _outcome(folder, rate, calls)


async def _run(folder: Path, command: list[str], limit: float) -> None:
    """Until SIPp is through, or is stuck and ended.

    :raises RuntimeError: with its own words, when SIPp could not do its work at all.
    """
    with (folder / "complaints.log").open("wb") as complaints:
        program = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=complaints,
            env=os.environ | {"TERM": "dumb"},
        )
    try:
        async with asyncio.timeout(limit):
            await program.wait()
    except TimeoutError:
        return
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    if program.returncode not in _RAN:
        said = (folder / "complaints.log").read_text(errors="replace")
        raise RuntimeError(f"SIPp ended with {program.returncode}: {said}")


def _write_scenario(folder: Path, stay: float, prefix: str) -> None:
    values = {
        "prefix": prefix,
        "sound": str(spoken_ulaw(_SAID)),
        "stay_ms": str(round(stay * 1000)),
        "answer_ms": str(round(_ANSWER_SECONDS * 1000)),
        "hang_up_ms": str(round(_HANG_UP_SECONDS * 1000)),
    }
    text = _Template(_SCENARIO.read_text()).substitute(values)
    (folder / "scenario.xml").write_text(text)


def _command(sip_port: int, rate: int, calls: int, at_once: int) -> list[str]:
    # fmt: off
    return [
        "sipp", f"127.0.0.1:{sip_port}", "-s", "12345", "-sf", "scenario.xml", "-nostdin",
        "-i", "127.0.0.1", "-p", str(free_ports(1, kind="udp")[0]), "-mi", "127.0.0.1",
        "-r", str(rate), "-rp", "1000", "-m", str(calls), "-l", str(at_once),
        "-trace_stat", "-stf", "counts.csv", "-fd", "1",
        "-trace_rtt", "-rtt_freq", "1", "-trace_err", "-error_file", _COMPLAINTS,
    ]
    # fmt: on


def _outcome(folder: Path, rate: int, calls: int) -> Outcome:
    counts, complaints = _last_counts(folder / "counts.csv"), folder / _COMPLAINTS
    return Outcome(
        rate=rate,
        calls=calls,
        succeeded=int(counts.get("SuccessfulCall(C)") or 0),
        answered_after=_times(folder, "answer"),
        hung_up_after=_times(folder, "hangup"),
        failures={
            name.removesuffix("(C)"): int(count)
            for name, count in counts.items()
            if name and name.startswith("Failed") and name.endswith("(C)") and int(count or 0)
        },
        complaints=complaints.read_text(errors="replace") if complaints.exists() else "",
    )


def _last_counts(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file, delimiter=";"))
    return lines[-1] if lines else {}


def _times(folder: Path, wanted: str) -> list[float]:
    """SIPp's log of times: a line ``date;milliseconds;name`` for each answer."""
    found = []
    for path in folder.glob("*_rtt.csv"):
        for line in path.read_text().splitlines()[1:]:
            _, milliseconds, name = line.split(";")[:3]
            if name.strip().strip('"') == wanted:
                found.append(float(milliseconds) / 1000)
    return found
