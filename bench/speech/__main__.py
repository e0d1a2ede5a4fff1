"""``python -m bench.speech`` (``make bench-speech``): live recognition with any installed model.

python -m bench.speech                        everything with the model in use, some ten minutes
python -m bench.speech --model small          with another
python -m bench.speech streams memory         some parts
python -m bench.speech --quick                in small
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

import structlog
import uvloop

from bench import transcript
from bench.figures import Row, load_average, machine, table
from bench.floor import make_agents, plenty_of_media_ports
from bench.speech import loop_delay, resources, streams
from config.settings import load_settings
from nlp.speech.models import find_model
from tests.support.hotline import running_hotline

PARTS = ("streams", "memory", "catch_up", "delays", "loop")


def measures(model: Path, quick: bool) -> dict[str, Callable[[], list[Row]]]:
    """Each part by name."""
    extent = streams.Extent(seconds=6, warm_up=1, compared_calls=2) if quick else streams.Extent()
    return {
        "streams": lambda: streams.measure(model, extent),
        "memory": lambda: [
            resources.memory_of_calls(model),
            resources.memory_over_hours(model, 0.2 if quick else 2.0),
        ],
        "catch_up": lambda: [resources.catch_up(model)],
        "delays": lambda: uvloop.run(delays(model, 4 if quick else 32)),
        "loop": lambda: uvloop.run(loop(model, 4 if quick else 24, 5.0 if quick else 30.0)),
    }


async def delays(model: Path, sentences: int) -> list[Row]:
    """In real calls, up to the agent's page."""
    telephony = {"desk_phones": 3, "wrap_up_seconds": 0}
    async with running_hotline(speech={"model": str(model)}, telephony=telephony) as hotline:
        await make_agents(hotline, 1)
        return await transcript.measure(hotline, sentences)


async def loop(model: Path, talks: int, seconds: float) -> list[Row]:
    """Call control beside recognisers that have more to do than the machine carries."""
    telephony = {"desk_phones": talks + 2, "wrap_up_seconds": 0}
    async with running_hotline(
        speech={"model": str(model)}, telephony=telephony, asterisk=plenty_of_media_ports()
    ) as hotline:
        await make_agents(hotline, talks)
        return await loop_delay.measure(hotline, talks, seconds)


def main() -> None:
    """Print the machine and the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.speech", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--model", default="", help="name or folder; left out: the one in use")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    settings = load_settings(speech={"model": arguments.model}) if arguments.model else None
    model = find_model(settings or load_settings())
    described = machine()
    rows: list[Row] = []
    chosen = measures(model.path, arguments.quick)
    for part in arguments.parts or PARTS:
        started, load = time.monotonic(), load_average()
        found = chosen[part]()
        rows += found
        print(f"{part}: {time.monotonic() - started:.0f} s, {load}", file=sys.stderr)
        # Should a later part fail, this one has not been measured in vain.
        print(table(found), file=sys.stderr)
    print(f"{described}\n\nModel: {model.label}, {model.megabytes:.0f} MB\n\n{table(rows)}")


if __name__ == "__main__":
    main()
