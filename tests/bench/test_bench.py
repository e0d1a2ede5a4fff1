"""The benchmark measures something, and shows it. How fast the machine is, no test may say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bench import call_rate, floor_figures
from bench.__main__ import Extent, measure
from bench.figures import Row, machine, percentile, table
from bench.floor import make_agents, plenty_of_media_ports
from bench.left_over import open_files
from bench.orders import timers as order_timers
from bench.talk import without_edges
from tests.support.hotline import running_hotline

SMALLEST = Extent(
    screen_pops=1,
    rates=(1,),
    rate_seconds=1.0,
    conversations=1,
    talk_seconds=2.0,
    idle_seconds=1.0,
    sentences=1,
)


@pytest.mark.e2e
@pytest.mark.asterisk
async def test_a_run_in_its_smallest_form_fills_the_rows() -> None:
    rows = await measure(["screen_pop", "call_rate"], SMALLEST)
    shown = table(rows)
    for name in ("screen pop", "p50", "p95", "calls set up per second"):
        assert name in shown
    pops = [row for row in rows if row.name.startswith("screen pop")]
    assert all(row.value is not None and row.value > 0 and row.ratio for row in pops)
    rate = next(row for row in rows if row.unit == "calls/s")
    assert rate.value in (0, 1), "no other rate was tried"


@pytest.mark.e2e
@pytest.mark.asterisk
async def test_bursts_leave_nothing_behind() -> None:
    """No line, no room, no open file, no call lost, twice or without an end; first come, first
    served; the report's figures are SIPp's.
    """
    async with running_hotline(
        telephony={"desk_phones": 4, "wrap_up_seconds": 0}, asterisk=plenty_of_media_ports()
    ) as hotline:
        await make_agents(hotline, 2)
        await call_rate.measure(hotline, (2,), 1.0)  # what is opened once and kept
        before, since = open_files(hotline), datetime.now(UTC)
        found = await call_rate.bursts(hotline, (12,), 2.0, agents=2)
        checks = await call_rate.checks(hotline, before, since, found)
    assert found.answered.calls > 0, "nobody was served, so that there is no order"
    assert len(checks) == 15
    assert all(one.held for one in checks), checks


@pytest.mark.store
async def test_the_floors_figures_are_measured_beside_the_plain_way() -> None:
    """That both count the same is part of measuring."""
    *rows, pause = await floor_figures.measure(days=1, calls_a_day=60)
    assert len(rows) == 5
    assert all(row.value is not None and row.value > 0 and row.ratio for row in rows)
    assert pause.unit == "ms" and pause.value is not None


@pytest.mark.store
async def test_an_hour_of_timers_is_fired_beside_bare_sql() -> None:
    """That each fired once is part of measuring."""
    rows = await order_timers.measure(count=120)
    assert [row.unit for row in rows] == ["timers/s", "s", "%"]
    assert all(row.value is not None for row in rows)
    assert rows[0].ratio


@pytest.mark.unit
def test_a_percentile_lies_between_its_neighbours() -> None:
    assert percentile([4, 1, 3, 2], 50) == 2.5
    assert percentile([7], 95) == 7
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@pytest.mark.unit
def test_the_table_shows_each_figure_beside_its_alternative() -> None:
    rows = [
        Row(name="pushed", value=20.0, unit="ms", alternative="asked", beside=500.0),
        Row(name="alone", value=0.5, unit="s"),
        Row(name="not measured", value=None, unit="s"),
    ]
    shown = table(rows).splitlines()
    assert shown[2] == "| pushed | 20 ms | asked | 500 ms | 0.04 |  |"
    assert shown[3] == "| alone | 0.5 s |  |  |  |  |"
    assert shown[4] == "| not measured | – |  |  |  |  |"


@pytest.mark.unit
def test_the_machine_is_described_with_its_load() -> None:
    assert "cores" in machine()
    assert "load average" in machine()


@pytest.mark.unit
def test_silence_before_and_after_speech_is_not_speech() -> None:
    silence, speech = b"\xff" * 160, b"\x90" * 160
    assert without_edges(silence * 5 + speech + silence + speech + silence * 9) == (
        speech + silence + speech
    )
