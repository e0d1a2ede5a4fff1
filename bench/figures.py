"""Numbers and how they are shown: percentiles, the machine in a line, a table in Markdown."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured thing. ``beside`` is the alternative's value in the same unit."""

    name: str
    value: float | None
    unit: str
    #: The simplest alternative in words, and what it came to.
    alternative: str = ""
    beside: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours divided by the alternative's; None where there is nothing to divide."""
        if self.value is None or not self.beside:
            return None
        return self.value / self.beside


def percentile(values: Sequence[float], percent: float) -> float:
    """Between the two nearest values in proportion.

    :raises ValueError: of nothing.
    """
    if not values:
        raise ValueError("no values were measured")
    return float(np.percentile(np.asarray(values), percent))


def table(rows: Iterable[Row]) -> str:
    """Markdown, one line for each row."""
    lines = [
        "| What | Measured | Simplest alternative | Its value | Ratio | Remarks |",
        "|---|---:|---|---:|---:|---|",
    ]
    for row in rows:
        cells = [
            row.name,
            _with_unit(row.value, row.unit),
            row.alternative,
            _with_unit(row.beside, row.unit) if row.alternative else "",
            f"{row.ratio:.2g}" if row.ratio is not None else "",
            row.note,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def load_average() -> str:
    """Of the last minute: how many processes wanted a core."""
    return f"load average {os.getloadavg()[0]:.1f}"


def machine() -> str:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, "
        f"Linux {platform.release().split('-')[0]}, Python {platform.python_version()}, "
        f"ten million additions in {_yardstick():.1f} s, "
        f"{date.today().isoformat()}, {load_average()} before the run"
    )


def _yardstick() -> float:
    """Seconds of a loop that does nothing: shared machines of one name differ, and by the hour."""
    began = time.perf_counter()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.perf_counter() - began


def _with_unit(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    figures = f"{value:.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.2g}"
    return f"{figures} {unit}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
