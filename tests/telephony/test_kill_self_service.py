"""Our process dies while a caller from the line is in self-service, and the caller hangs up before
the next is there: the call ends as it would have while we lived.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from dispatch.commands import Dispatch, OpenOrder
from dispatch.rules import load_rules
from dispatch.service import OrderService
from models.bus import InProcessBus
from models.clock import SystemClock
from models.guards import Actor
from models.tables import Call, Callback
from models.vocabulary import CallbackReason, ContactOutcome, Role
from tests.dispatch.desk import LAMP
from tests.support.rtp import Voice
from tests.support.sipp import calling
from tests.telephony.clean import clean
from tests.telephony.killing import Site
from tests.telephony.line import owed_calls, rules_with
from tests.telephony.sounds import hears, hears_music

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]

NUMBER = "13800000702"


async def order_of_the_caller(site: Site) -> None:
    """An order that a unit works on."""
    orders = OrderService(site.store, SystemClock(), load_rules(site.asterisk.settings))
    roles = frozenset({Role.AGENT, Role.DISPATCHER})
    actor = Actor(id=site.agent, name="王芳", roles=roles, department="D-HL")
    command = OpenOrder.model_validate({**LAMP, "caller_phone": NUMBER})
    opened = await orders.open_order(actor, command)
    await orders.act(actor, opened.order_id, Dispatch(department="D-CG"))


@asynccontextmanager
async def died_in_self_service(site: Site, told: str) -> AsyncIterator[None]:
    """A caller went there from the line and heard this; we died, and the caller hung up."""
    sounds = site.asterisk.prompts
    async with (
        await Voice.open() as voice,
        site.driver() as first,
        calling(site.asterisk, number=NUMBER, media_port=voice.port, talks_for=120) as caller,
    ):
        await first.tells("CallQueued")
        await voice.press("8")
        await hears(voice, sounds.uri(told), within=40)
        await first.kill()
        await hears_music(voice, sounds)
        await caller.hang_up()
        async with site.driver() as second:
            await second.tells("CallEnded")
            await clean(site.asterisk)
        yield


async def end_and_tasks(site: Site, folder: Path) -> tuple[Call, Sequence[Callback]]:
    """How the call ended, and who is owed a call, however short the wait was."""
    rules = rules_with(folder / "rules", {}, {"callbacks": {"short_abandon_seconds": 0}})
    await owed_calls(site.store, InProcessBus(), rules).look()
    async with site.store.read() as session:
        call = (await session.scalars(select(Call))).one()
        return call, list(await session.scalars(select(Callback)))


async def test_who_had_heard_of_no_order_yet_is_owed_a_call(site: Site, tmp_path: Path) -> None:
    async with died_in_self_service(site, "progress_none_found"):
        call, tasks = await end_and_tasks(site, tmp_path)
    assert call.outcome is ContactOutcome.ABANDONED_QUEUE
    (task,) = tasks
    assert (task.reason, task.citizen_number) == (CallbackReason.ABANDONED, NUMBER)


async def test_who_had_heard_of_an_order_was_served(site: Site, tmp_path: Path) -> None:
    await order_of_the_caller(site)
    async with died_in_self_service(site, "progress_key_urge"):
        call, tasks = await end_and_tasks(site, tmp_path)
    assert (call.outcome, tasks) == (ContactOutcome.SELF_SERVED, [])
