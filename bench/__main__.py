"""``python -m bench``: measure, and print a table in Markdown.

python -m bench                      everything, under eight minutes
python -m bench --quick              everything in small, under two minutes
python -m bench screen_pop cpu       some parts
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
import uvloop

from bench import call_rate, cpu, floor_figures, screen_pop, transcript
from bench.figures import Row, load_average, machine, table
from bench.floor import make_agents, plenty_of_media_ports
from tests.support.hotline import RunningHotline, running_hotline

PARTS = ("screen_pop", "call_rate", "cpu", "transcript", "figures")


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much is measured."""

    screen_pops: int = 20
    rates: tuple[int, ...] = (4, 10, 20, 30, 40, 60, 80)
    rate_seconds: float = 4.0
    conversations: int = 8
    talk_seconds: float = 20.0
    idle_seconds: float = 10.0
    sentences: int = 16
    figure_days: int = 30
    figure_calls: int = 3400


QUICK = Extent(
    screen_pops=3,
    rates=(4,),
    rate_seconds=2.0,
    conversations=2,
    talk_seconds=4.0,
    idle_seconds=2.0,
    sentences=3,
    figure_days=3,
    figure_calls=500,
)


async def measure(parts: list[str], extent: Extent) -> list[Row]:
    """Start the product, measure these parts one after the other, stop it."""
    telephony = {"desk_phones": extent.conversations + 2, "wrap_up_seconds": 0}
    rows: list[Row] = []
    async with running_hotline(telephony=telephony, asterisk=plenty_of_media_ports()) as hotline:
        await make_agents(hotline, extent.conversations)
        for part in parts:
            started, load = time.monotonic(), load_average()
            measured = await _measures(hotline, extent)[part]()
            rows += measured
            _tell(f"{part}: {time.monotonic() - started:.0f} s, {load}")
            for row in measured:
                _tell(f"  {row.name}: {row.value} {row.unit}, {row.alternative}: {row.beside}")
    return rows


def _measures(
    hotline: RunningHotline, extent: Extent
) -> dict[str, Callable[[], Awaitable[list[Row]]]]:
    return {
        "screen_pop": lambda: screen_pop.measure(hotline, extent.screen_pops),
        "call_rate": lambda: call_rate.measure(hotline, extent.rates, extent.rate_seconds),
        "cpu": lambda: cpu.measure(
            hotline, extent.conversations, extent.talk_seconds, extent.idle_seconds
        ),
        "transcript": lambda: transcript.measure(hotline, extent.sentences),
        "figures": lambda: floor_figures.measure(extent.figure_days, extent.figure_calls),
    }


def _tell(text: str) -> None:
    """How it goes, apart from the result."""
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure this machine.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="in small, under two minutes")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return arguments


def main() -> None:
    """Print the machine and the table."""
    arguments = _arguments()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    described = machine()
    rows = uvloop.run(
        measure(arguments.parts or list(PARTS), QUICK if arguments.quick else Extent())
    )
    print(f"{described}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
