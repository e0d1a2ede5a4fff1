"""Trunks to a telephone company: registration, calls in by number, calls out past dead gateways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.events import CallAnswered, CallPartyChanged, CallQueued
from models.ports import PartyChoice
from models.vocabulary import AgentState, AlertKind, CallDirection
from telephony.asterisk.registrations import registrations
from telephony.trunk_watch import examine
from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.support.carrier import PASSWORD, Carrier, running_carrier
from tests.support.ports import free_ports
from tests.telephony.floor import CallFloor, call_floor

pytestmark = pytest.mark.asterisk

NUMBER = "13812345678"


@pytest.fixture(scope="module")
def carrier() -> Iterator[Carrier]:
    with running_carrier() as running:
        yield running


@pytest.fixture(scope="module")
def hotline(short_rules: Path, carrier: Carrier) -> Iterator[RunningAsterisk]:
    """Four trunks: one that is dead, one with no line free, one that works, one that refuses us."""
    dead = f"127.0.0.1:{free_ports(1, kind='udp')[0]}"
    there, safe = f"127.0.0.1:{carrier.sip_port}", f"127.0.0.1:{carrier.tls_port}"
    account: dict[str, Any] = {"password": PASSWORD, "gateways": [there], "qualify_seconds": 1}
    trunks: list[dict[str, Any]] = [
        {"name": "dead", "gateways": [dead], "hosts": ["192.0.2.1"], "qualify_seconds": 1},
        account | {"name": "full", "user": "full", "transport": "tcp"},
        account
        | {"name": "ims", "user": "ims", "auth_user": "ims@ims.example", "gateways": [safe]}
        | {"transport": "tls", "srtp": True, "codecs": ["alaw"]},
        account | {"name": "wrong", "user": "full", "password": "wrong"},
    ]
    with running_asterisk(
        telephony={
            "trunks": trunks, "practice_trunk": False, "trunk_outbound": "", "desk_phones": 2,
            "wrap_up_seconds": 0,
        },
        asterisk={
            "tls_certificate": carrier.certificate, "tls_key": carrier.key,
            "tls_ca": carrier.certificate, "sip_tls_port": free_ports(1)[0],
        },
        rules=short_rules,
    ) as running:  # fmt: skip
        yield running


@pytest.fixture
async def floor(hotline: RunningAsterisk, tmp_path: Path) -> AsyncIterator[CallFloor]:
    async with call_floor(hotline, tmp_path) as opened:
        yield opened
        assert await hotline.is_empty(within=10)


async def registered(hotline: RunningAsterisk) -> None:
    """Wait until the trunks have signed in, or been refused."""
    wanted = {"trunk-full": "Registered", "trunk-ims": "Registered", "trunk-wrong": "Rejected"}
    found: dict[str, str] = {}
    async with asyncio.timeout(40):
        while found != wanted:
            await asyncio.sleep(0.2)
            found = await registrations(hotline.settings)


async def test_what_is_wrong_with_a_trunk_is_told(floor: CallFloor) -> None:
    await registered(floor.asterisk)
    await floor.until(lambda: floor.calls.exchange.trunks.dead == {"trunk-dead"})
    alerts = await floor.alerted(AlertKind.TRUNK_DOWN, count=2)
    texts = sorted(alert.text for alert in alerts)
    assert texts[0].startswith("中继 dead：网关 127.0.0.1:")
    assert texts[0].endswith("没有应答")
    assert "中继 wrong：向 127.0.0.1:" in texts[1]
    assert "被拒绝，请核对账号和密码" in texts[1]
    found = await examine(floor.asterisk.settings, floor.asterisk.secrets)
    assert sorted(found) == texts


async def test_a_call_comes_in_over_a_registered_trunk_by_the_number_dialled(
    floor: CallFloor, carrier: Carrier
) -> None:
    await registered(floor.asterisk)
    async with floor.agent("王芳", "1901", transport=1) as (agent, phone):
        channel = await carrier.calls("ims", NUMBER, "073412328")
        queued = await floor.happened(CallQueued)
        assert (queued.caller_number, queued.queue) == (NUMBER, "transport")
        phone.answer(await phone.rung())
        await floor.happened(CallAnswered)
        assert await phone.voice.hears(0.5), "encrypted sound does not arrive"
        await carrier.ari("DELETE", f"channels/{channel}")
        call, _ = await floor.ended()
        assert call.access_number == "073412328"
        await floor.state(agent, AgentState.READY)


async def test_a_call_goes_out_past_a_dead_gateway_and_one_without_a_free_line(
    floor: CallFloor, carrier: Carrier
) -> None:
    await registered(floor.asterisk)
    await floor.until(lambda: floor.calls.exchange.trunks.dead == {"trunk-dead"})
    async with floor.agent("王芳", "1901") as (agent, phone):
        call_id = await floor.calls.call_out(agent, NUMBER)
        phone.answer(await phone.rung())
        answered = await floor.happened(CallAnswered)
        assert answered.direction is CallDirection.OUTBOUND
        lines = [one["name"] for one in await carrier.channels()]
        assert [name.partition("-")[0] for name in lines] == ["PJSIP/ims"]
        assert await phone.voice.hears(0.5)
        await floor.calls.hang_up(call_id, agent)
        call, _ = await floor.ended()
        assert floor.recording(call.citizen_recording).stat().st_size > 4000
        await floor.state(agent, AgentState.READY)


async def test_an_expert_is_reached_past_them_too(floor: CallFloor, carrier: Carrier) -> None:
    await registered(floor.asterisk)
    async with floor.agent("王芳", "1901") as (agent, phone):
        channel = await carrier.calls("ims", NUMBER, "12345")
        phone.answer(await phone.rung())
        answered = await floor.happened(CallAnswered)
        party = await floor.calls.desk.consult(
            answered.call_id, agent, PartyChoice(emergency="110")
        )
        await floor.until(
            lambda: any(
                (one.party_id, one.step) == (party, "joined") for one in floor.all(CallPartyChanged)
            )
        )
        await carrier.ari("DELETE", f"channels/{channel}")
        await floor.ended()
        await floor.state(agent, AgentState.READY)
