"""How long call control keeps others waiting while the recognisers take all they can get.

Somebody asks the server for the least that it answers, over and over, from a process of its own.
What the answer takes holds the waiting for the event loop, and more: it is never less than the
loop's delay.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import sys
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from bench.answering import answering, desks
from bench.callers import call_at_rate
from bench.cpu import spent_by
from bench.figures import Row, percentile
from tests.support.hotline import RunningHotline

#: Between two questions.
_PAUSE_SECONDS = 0.02
_PREFIX = "1860734"
_AIM_MS = 20
#: Of a core for the recognisers together: from here on they are taken for saturated.
_SATURATED_SHARE = 0.5


async def measure(hotline: RunningHotline, talks: int, seconds: float) -> list[Row]:
    """Without calls, then with ``talks`` conversations whose both sides are recognised."""
    async with desks(hotline, talks) as places:
        idle = await _ask(hotline.url, seconds / 2)
        async with answering(places):
            talking = asyncio.create_task(
                call_at_rate(
                    hotline.settings.asterisk.sip_port,
                    rate=4,
                    seconds=talks / 4,
                    stay=seconds + talks / 2,
                    prefix=_PREFIX,
                )
            )
            await asyncio.sleep(talks / 4 + 2)
            async with spent_by(hotline) as spent:
                busy = await _ask(hotline.url, seconds)
            await talking
    used = spent().speech
    enough = "" if used >= _SATURATED_SHARE else "; NOT saturated"
    note = f"{len(busy)} asked, {talks} talks; recognisers used {used:.0%} of a core{enough}"
    return [
        Row(
            name=f"the least that the server answers, p{percent}",
            value=1000 * percentile(busy, percent),
            unit="ms",
            alternative="without calls",
            beside=1000 * percentile(idle, percent),
            note=f"{note}; aim {_AIM_MS} ms" if percent == 99 else note,
        )
        for percent in (50, 99)
    ]


async def _ask(url: str, seconds: float) -> list[float]:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.speech.loop_delay", url, str(seconds),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await program.communicate()
    found: list[float] = json.loads(told)
    return found


def ask(url: str, seconds: float) -> list[float]:
    """Seconds that each answer took."""
    where, found = urlsplit(url), []
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=30)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        connection.request("GET", "/api/agent")  # refused: nobody has signed in
        connection.getresponse().read()
        found.append(time.monotonic() - began)
        time.sleep(_PAUSE_SECONDS)
    connection.close()
    return found


def main(arguments: Sequence[str]) -> None:
    """Of the process that asks."""
    url, seconds = arguments
    print(json.dumps(ask(url, float(seconds))))


if __name__ == "__main__":
    main(sys.argv[1:])
