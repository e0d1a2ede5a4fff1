"""A call center in a process of its own, to be killed: ``python -m tests.telephony.driver``.

Its argument is JSON: ``{"settings": …, "database": …}``. It reads commands from standard input, a
JSON list each, and answers and tells events on standard output, a JSON object each.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict
from typing import Any

from config.secrets import load_or_create_secrets
from config.self_service import load_self_service
from config.settings import load_settings
from dispatch.floor.progress import PhoneProgress
from dispatch.rules import load_rules
from models.bus import InProcessBus
from models.clock import SystemClock
from models.events import DomainEvent, event_to_dict
from models.ports import PartyChoice
from models.store import Store
from models.vocabulary import AgentState, SupervisionKind, TransferKind
from telephony.asterisk.prompts import make_prompts
from telephony.call_center import CallCenter
from telephony.inbound import InboundCall
from telephony.parties import PartyLines
from tests.telephony.floor import Ear


def say(content: dict[str, Any]) -> None:
    """To the test."""
    print("=" + json.dumps(content, default=str, ensure_ascii=False), flush=True)


def dies_before_ringing(calls: CallCenter) -> None:
    """A fault: the process is killed after reserving a party and before ringing it."""

    async def die(*_args: object, **_how: object) -> None:
        await calls.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    PartyLines.ring = die


def dies_when_called() -> None:
    """A fault: the process is killed when it is told of a caller, before anything is written."""

    async def die(_session: InboundCall) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    InboundCall.begin = die


async def obey(calls: CallCenter, ear: Ear, words: list[str]) -> Any:
    """One command."""
    match words:
        case ["sign_in", agent]:
            await calls.sign_in(agent)
        case ["set_state", agent, state, *reason]:
            await calls.set_state(agent, AgentState(state), *reason)
        case ["hang_up", call, agent]:
            await calls.hang_up(call, agent)
        case ["hold", call, agent]:
            await calls.hold(call, agent)
        case ["resume", call, agent]:
            await calls.resume(call, agent)
        case ["consult", call, agent, expert]:
            return await calls.desk.consult(call, agent, PartyChoice(expert=expert))
        case ["consult_colleague", call, agent, colleague]:
            return await calls.desk.consult(call, agent, PartyChoice(agent_id=colleague))
        case ["die_before_ringing"]:
            dies_before_ringing(calls)
        case ["die_when_called"]:
            dies_when_called()
        case ["conference", call, agent]:
            await calls.desk.conference(call, agent)
        case ["leave", call, agent]:
            await calls.desk.leave_conference(call, agent)
        case ["swap", call, agent]:
            await calls.desk.swap(call, agent)
        case ["end_consultation", call, agent]:
            await calls.desk.end_consultation(call, agent)
        case ["transfer", call, agent, expert]:
            choice = PartyChoice(expert=expert)
            await calls.desk.transfer(call, agent, TransferKind.BLIND, choice)
        case ["pass_on", call, agent, colleague]:
            choice = PartyChoice(agent_id=colleague)
            await calls.desk.transfer(call, agent, TransferKind.BLIND, choice)
        case ["call_out", agent, number]:
            return await calls.call_out(agent, number)
        case ["supervise", call, leader, kind, reason]:
            seat = calls.presence(leader)
            await calls.leaders.supervise(call, seat, SupervisionKind(kind), reason)
        case ["presence", agent]:
            return asdict(calls.presence(agent))
        case ["floor"]:
            return asdict(calls.floor())
        case ["heard"]:
            return {f"{one.call_id} {one.leg}": len(one.pcm) for one in ear.streams}
        case _:
            raise ValueError(words)
    return None


async def main(settings_json: dict[str, Any], database: str) -> None:
    """Run until standard input ends."""
    settings = load_settings(**settings_json)
    secrets, prompts = load_or_create_secrets(settings), await make_prompts(settings)
    store, bus, ear = Store(database), InProcessBus(), Ear()

    async def tell(event: DomainEvent) -> None:
        say(event_to_dict(event))

    bus.subscribe("driver", tell, DomainEvent)
    await bus.start()
    clock = SystemClock()
    wording = load_self_service(settings.rules)
    progress = PhoneProgress(store, clock, load_rules(settings), wording)
    calls = CallCenter(settings, secrets, store, bus, ear, clock, prompts, progress=progress)
    await calls.start()
    say({"type": "started"})
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await reader.readline():
        say({"type": "answer", "content": await obey(calls, ear, json.loads(line))})
    await calls.stop()


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(main(given["settings"], given["database"]))
