"""The ARI client under faults: strange events, broken sockets, refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

import telephony.ari.websocket
from models.errors import TelephonyUnavailable
from telephony.ari import (
    ARIBadRequest,
    ARIClient,
    ARIConflict,
    ARIError,
    ARINotFound,
    ARIPreconditionFailed,
    ARIUnprocessable,
    ARIUnreachable,
)
from telephony.ari.events import Event, StasisStart
from tests.support.faulty_ari import FaultyARI
from tests.telephony.floor import until

pytestmark = pytest.mark.unit


@dataclass
class Listener:
    """What a client heard."""

    events: list[Event] = field(default_factory=list)
    connects: int = 0
    breaks: int = 0

    def on_event(self, event: Event) -> None:
        if event.type == "Explode":
            raise RuntimeError("a handler that fails")
        self.events.append(event)

    async def on_connect(self) -> None:
        self.connects += 1

    def on_disconnect(self) -> None:
        self.breaks += 1

    @property
    def kinds(self) -> list[str]:
        return [event.type for event in self.events]


@asynccontextmanager
async def listening(ari: FaultyARI) -> AsyncIterator[Listener]:
    client = ARIClient(ari.url, "hotline", "secret", "hotline")
    heard = Listener()
    stream = client.events(
        on_event=heard.on_event, on_connect=heard.on_connect, on_disconnect=heard.on_disconnect
    )
    await stream.start()
    await stream.wait_connected()
    yield heard
    await stream.stop()
    await client.close()


@pytest.fixture
async def ari() -> AsyncIterator[FaultyARI]:
    async with FaultyARI().serving() as server:
        yield server


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telephony.ari.websocket, "_FIRST_PAUSE", 0.01)


async def test_what_it_does_not_know_does_not_stop_it(ari: FaultyARI) -> None:
    async with listening(ari) as heard:
        await ari.send("SomethingOfTomorrow", weather={"rain": True})
        await ari.send_text("no json")
        await ari.send_text("[1, 2]")
        await ari.send("StasisStart", args=["caller"])  # without its channel
        await ari.send("Explode")
        await ari.caller()
        await until(lambda: "StasisStart" in heard.kinds)
    assert heard.kinds[0] == "SomethingOfTomorrow"
    assert len(heard.kinds) == 5
    start = heard.events[-1]
    assert isinstance(start, StasisStart)
    assert start.channel.caller.number == "13800138000"
    assert heard.breaks == 1  # only our own stop


async def test_a_storm_of_events_arrives_whole_and_in_order(ari: FaultyARI) -> None:
    async with listening(ari) as heard:
        for number in range(5000):
            await ari.send(f"Event{number}")
        await until(lambda: len(heard.events) == 5000)
    assert heard.kinds == [f"Event{number}" for number in range(5000)]


async def test_a_cut_socket_is_found_again_each_time(ari: FaultyARI) -> None:
    async with listening(ari) as heard:
        for cut in range(1, 4):
            await ari.cut()
            await until(lambda cut=cut: heard.connects == cut + 1)  # type: ignore[misc]
            await ari.send(f"After{cut}")
            await until(lambda cut=cut: heard.kinds[-1:] == [f"After{cut}"])  # type: ignore[misc]
        assert heard.breaks == 3
    assert heard.kinds == ["After1", "After2", "After3"]


async def test_a_socket_that_falls_silent_is_given_up(
    ari: FaultyARI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telephony.ari.websocket, "HEARTBEAT_SECONDS", 0.2)
    async with listening(ari) as heard:
        await ari.fall_silent()
        await until(lambda: heard.connects == 2)


async def test_a_connect_hook_that_fails_is_tried_again(ari: FaultyARI) -> None:
    client = ARIClient(ari.url, "hotline", "secret", "hotline")
    tries = 0

    async def on_connect() -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ARIError("not yet")

    stream = client.events(on_event=lambda event: None, on_connect=on_connect)
    await stream.start()
    await stream.wait_connected()
    assert tries == 3
    await stream.stop()
    await client.close()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ARIBadRequest),
        (404, ARINotFound),
        (409, ARIConflict),
        (412, ARIPreconditionFailed),
        (422, ARIUnprocessable),
        (500, ARIError),
        (503, ARIError),
    ],
)
async def test_refusals_are_errors_of_the_house(
    ari: FaultyARI, status: int, kind: type[ARIError]
) -> None:
    ari.refusals["answer"] = [status]
    client = ARIClient(ari.url, "hotline", "secret", "hotline")
    with pytest.raises(TelephonyUnavailable) as refused:
        await client.channels.answer("x")
    assert type(refused.value) is kind
    assert refused.value.details["status"] == status
    assert "as ordered" in str(refused.value)
    await client.close()


async def test_nobody_there() -> None:
    client = ARIClient("http://127.0.0.1:9/ari", "hotline", "secret", "hotline")
    with pytest.raises(ARIUnreachable, match="没有应答"):
        await client.asterisk.ping()
    await client.close()
