"""Asterisk dies, is stopped, or gets another configuration."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.support.ports import free_ports
from tests.support.sipp import calling

pytestmark = pytest.mark.asterisk


@pytest.fixture
def own() -> Iterator[RunningAsterisk]:
    """An Asterisk for one test, which may do anything to it."""
    with running_asterisk() as running:
        yield running


async def test_after_its_death_it_is_started_anew(own: RunningAsterisk) -> None:
    first = own.process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert await own.process.ensure_running() is False
    assert own.process.pid not in (None, first)
    assert await own.channels() == []


async def test_stopping_ends_a_call_and_stopping_twice_is_harmless(own: RunningAsterisk) -> None:
    async with calling(own) as phone:
        await phone.reaches("answered")
        await own.process.stop()
        await phone.finished()
        assert phone.ended_as == "hung up by the other side"
    await own.process.stop()
    assert not own.process.is_running


async def test_a_new_seat_is_there_without_a_restart_and_calls_go_on(own: RunningAsterisk) -> None:
    more = replace(own.secrets, seats={**own.secrets.seats, "1009": "secret"})
    later = replace(own.process, secrets=more)
    async with calling(own) as phone:
        await phone.reaches("answered")
        assert await later.ensure_running() is True
        assert later.pid == own.process.pid
        await _appears(own, "1009")
        assert len(await own.channels()) == 1
        await phone.hang_up()


async def _appears(asterisk: RunningAsterisk, phone: str) -> None:
    for _ in range(200):
        if phone in {item["resource"] for item in await asterisk.ari("GET", "endpoints")}:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"no account {phone}")


async def test_another_port_takes_a_restart(own: RunningAsterisk) -> None:
    first = own.process.pid
    asterisk = own.settings.asterisk.model_copy(update={"http_port": free_ports(1)[0]})
    settings = own.settings.model_copy(update={"asterisk": asterisk})
    later = replace(own.process, settings=settings)
    assert await later.ensure_running() is False
    assert later.pid not in (None, first)


async def test_a_pid_that_went_to_another_program_is_left_alone(own: RunningAsterisk) -> None:
    await own.process.stop()
    pid_file = own.settings.asterisk_run_dir / "run" / "asterisk.pid"
    pid_file.write_text(str(os.getpid()))
    assert not own.process.is_running
    await own.process.stop()
    assert await own.process.ensure_running() is False


async def test_one_that_has_not_written_its_pid_yet_is_found_all_the_same(
    own: RunningAsterisk,
) -> None:
    pid = own.process.pid
    (own.settings.asterisk_run_dir / "run" / "asterisk.pid").unlink()
    assert replace(own.process).pid == pid
    await own.process.stop()
    assert not own.process.is_running
