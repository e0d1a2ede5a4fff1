"""``python -m bench.calls`` (``make bench-calls``): the call floor under load.

python -m bench.calls                               60 talks at once for 10 minutes, then bursts
python -m bench.calls --agents 6 --minutes 0.5      in small

Prints figures beside the barest possible ARI program in the same run, and what must hold whatever
the machine; ends with 1 when something did not.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
from datetime import UTC, datetime

import structlog
import uvloop

from bench import busy_floor, call_rate
from bench.busy_floor import Report
from bench.figures import machine, table
from bench.floor import make_agents, plenty_of_media_ports
from bench.left_over import Check, open_files
from config.settings import PROJECT_ROOT
from tests.support.hotline import RunningHotline, running_hotline

#: New calls a second that are tried, until one fails.
RATES = (10, 20, 30, 45, 60, 75, 90, 110)
#: So long each rate is held: calls stay for about six seconds, so what only piles up is seen.
_BURST_SECONDS = 10.0
#: Agents who serve who comes first in a burst, one after the other: else there would be no order.
_BURST_AGENTS = 8
#: The barest program's share that ours must reach with everything on.
LEAST_SHARE = 0.5


async def measure(
    agents: int, minutes: float, talk: float, rates: tuple[int, ...], burst_seconds: float
) -> Report:
    """A full floor, then bursts of new calls through greeting and queue."""
    telephony = {"desk_phones": agents + 2, "wrap_up_seconds": 0}
    async with running_hotline(
        telephony=telephony, asterisk=plenty_of_media_ports(), log_format="json"
    ) as hotline:
        await make_agents(hotline, agents)
        full = await busy_floor.measure(hotline, agents, minutes, talk)
        before, since = open_files(hotline), datetime.now(UTC)
        bursts = await call_rate.bursts(hotline, rates, burst_seconds, min(agents, _BURST_AGENTS))
        afterwards = await call_rate.checks(hotline, before, since, bursts)
        checks = [*full.checks, *afterwards]
        if not all(check.held for check in checks):
            keep_logs(hotline, full.complaints)
    share = bursts.rows[0].ratio or 0.0
    enough = Check(
        name=f"bursts reach {LEAST_SHARE:.0%} of the barest program's rate",
        held=share >= LEAST_SHARE,
        found=f"{share:.0%}",
    )
    return Report(rows=full.rows + bursts.rows, checks=[*checks, enough])


def keep_logs(hotline: RunningHotline, complaints: str) -> None:
    """What the three programs wrote, for whoever looks for the reason of a check that failed."""
    folder = PROJECT_ROOT / "var" / "bench" / f"calls-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    folder.mkdir(parents=True)
    for log in (hotline.log_file, hotline.asterisk.process.log_file):
        shutil.copy(log, folder)
    (folder / "sipp.log").write_text(complaints)
    print(f"a check did not hold; the logs are kept in {folder}", file=sys.stderr)


def show(report: Report) -> str:
    """The table, and a line for each check."""
    lines = [f"- {'yes' if c.held else '**NO**'}: {c.name} ({c.found})" for c in report.checks]
    return "\n".join([table(report.rows), "", *lines])


def main() -> None:
    """Print the machine, the figures and the checks."""
    parser = argparse.ArgumentParser(prog="python -m bench.calls", description=__doc__)
    parser.add_argument("--agents", type=int, default=60, help="talks at once")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the floor is full")
    parser.add_argument("--talk", type=float, default=60.0, help="seconds of each call")
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, help="new calls a second")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    described = machine()
    report = uvloop.run(
        measure(
            arguments.agents,
            arguments.minutes,
            arguments.talk,
            tuple(arguments.rates),
            _BURST_SECONDS,
        )
    )
    print(f"{described}\n\n{show(report)}")
    sys.exit(0 if all(check.held for check in report.checks) else 1)


if __name__ == "__main__":
    main()
