"""What must be so of many calls, by their rows alone: whose turn it was, what is there twice."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bench.answering import Answered
from bench.callers import Outcome
from bench.left_over import Check, equal
from dispatch.floor.load_test import CountedCalls, counted_calls
from dispatch.rules import load_rules
from models.clock import SystemClock
from models.tables import AgentStateLogRow, Call, CallEventRow
from models.vocabulary import AgentState, CallEventKind, ContactOutcome
from tests.support.hotline import RunningHotline

#: How long the last call may take to be written to its end.
_WRITTEN_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One caller in the line: by this the line is ordered, and these things happened."""

    queue: str
    priority: int
    #: The place: who queued first is given an agent first.
    since: datetime
    #: When the caller stood in the line (who called is looked up in between).
    in_line: datetime
    #: When an agent was chosen for the first time; None: never.
    chosen: datetime | None
    ended: datetime | None


def overtaken(turns: Collection[Turn]) -> int:
    """Callers who stood in the line while an agent was chosen for one who had come later."""
    chosen = [one for one in turns if one.chosen is not None]
    return sum(any(_passes(other, one) for other in chosen) for one in turns)


def _passes(later: Turn, one: Turn) -> bool:
    """Whether ``later`` came after ``one``, with no more points, and was chosen while it waited."""
    assert later.chosen is not None
    same = (later.queue, later.priority) == (one.queue, one.priority)
    waiting_until = one.chosen or one.ended
    return (
        same
        and later.since > one.since
        and one.in_line < later.chosen
        and (waiting_until is None or later.chosen < waiting_until)
    )


async def turns_of(session: AsyncSession, calls: Iterable[Call]) -> list[Turn]:
    """From the calls' history and the agents' ledger, where the moment of each choice stands."""
    queued = select(CallEventRow.call_id, CallEventRow.at).where(
        CallEventRow.kind == CallEventKind.QUEUED
    )
    rung = select(AgentStateLogRow.call_id, AgentStateLogRow.since).where(
        AgentStateLogRow.state == AgentState.RINGING
    )
    in_line = _first(await session.execute(queued))
    chosen = _first(await session.execute(rung))
    return [
        Turn(
            queue=call.queue,
            priority=call.priority,
            since=call.queued_at,
            in_line=in_line[call.id],
            chosen=chosen.get(call.id),
            ended=call.ended_at,
        )
        for call in calls
        if call.queued_at is not None and call.id in in_line
    ]


def _first(rows: Iterable[tuple[str | None, datetime]]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for call_id, at in rows:
        if call_id is not None:
            found[call_id] = min(at, found.get(call_id, at))
    return found


def is_over(call: Call) -> bool:
    """Whether a call was written to its end."""
    return call.ended_at is not None and call.outcome is not ContactOutcome.IN_PROGRESS


def overlaps(served: Iterable[Call]) -> int:
    """Pairs of talks of one agent that lie over each other."""
    count = 0
    busy_until: dict[str, datetime] = {}
    whole = [call for call in served if call.answered_at and call.ended_at and call.agent_id]
    for call in sorted(whole, key=lambda each: each.answered_at or each.started_at):
        assert call.answered_at and call.ended_at and call.agent_id
        last = busy_until.get(call.agent_id)
        count += last is not None and call.answered_at < last
        busy_until[call.agent_id] = call.ended_at
    return count


def calls_checks(calls: Collection[Call], turns: Collection[Turn]) -> list[Check]:
    """No call is doubled or orphaned, nobody was passed over."""
    served = [call for call in calls if call.answered_at is not None]
    return [
        equal("no call is there twice", len(calls), len({call.citizen_number for call in calls})),
        equal("every call has an end and a reason", 0, sum(not is_over(call) for call in calls)),
        equal("every call has its contact", 0, sum(call.contact_id is None for call in calls)),
        equal("every answered call names its agent", 0,
               sum(call.agent_id is None for call in served)),
        equal("no agent had two calls at once", 0, overlaps(served)),
        equal(f"who came first was given an agent first ({_choices(turns)} choices)", 0,
               overtaken(turns)),
    ]  # fmt: skip


def _choices(turns: Collection[Turn]) -> int:
    return sum(turn.chosen is not None for turn in turns)


def phones_checks(phones: Answered, calls: Collection[Call]) -> list[Check]:
    """A citizen may hang up in the moment in which the agent lifts the receiver."""
    served = sum(call.answered_at is not None for call in calls)
    crossed = sum(call.outcome is ContactOutcome.ABANDONED_RINGING for call in calls)
    return [
        Check(
            name="answered calls are those that the agents' phones answered",
            held=served <= phones.calls <= served + crossed,
            found=f"{served}; phones {phones.calls}, at most {crossed} crossed by a hang-up",
        ),
        equal("no agent was rung in a call", 0, phones.while_busy),
    ]


def report_checks(
    outcomes: Collection[Outcome], calls: Collection[Call], told: CountedCalls
) -> list[Check]:
    """SIPp's own counts, the database and the floor's report are the same.

    A caller of SIPp who failed may have given up before the hotline heard of the call.
    """
    made = sum(one.calls for one in outcomes)
    failed = sum(one.failed for one in outcomes)
    served = sum(call.answered_at is not None for call in calls)
    gone = told.abandoned + told.served_otherwise
    return [
        _between("calls in the database are SIPp's", len(calls), made, failed),
        _between("offered calls in the report are SIPp's", told.offered, made, failed),
        equal("answered calls in the report are the phones'", served, told.answered),
        equal("the rest of the report's calls hung up", told.offered - served, gone),
    ]


def _between(name: str, found: int, made: int, failed: int) -> Check:
    but = f", of which {failed} failed for SIPp" if failed else ""
    held = made - failed <= found <= made
    return Check(name=name, held=held, found=f"{found} of {made}{but}")


def strays(folder: Path, calls: Collection[Call]) -> Check:
    """Recordings in a folder of no call: a citizen's bears Asterisk's name of the line, an agent's
    the call's.
    """
    known = {Path(call.citizen_recording).parent.name for call in calls}
    known |= {call.id for call in calls}
    files = [path.relative_to(folder) for path in folder.rglob("*.wav")]
    stray = sorted(str(file) for file in files if file.parent.name not in known)
    return Check(
        name="every recording belongs to a call",
        held=not stray,
        found=f"{len(stray)} of {len(files)} do not" + "".join(f", {one}" for one in stray[:3]),
    )


async def settled(hotline: RunningHotline, wanted: ColumnElement[bool]) -> list[Call]:
    """These calls in the order of their coming, once all are written to the end (or the time for
    that is over).
    """
    query = select(Call).where(wanted).order_by(Call.queued_at)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _WRITTEN_SECONDS
    async with hotline.database() as store:
        while True:
            async with store.read() as session:
                calls = list(await session.scalars(query))
            if all(map(is_over, calls)) or loop.time() > deadline:
                return calls
            await asyncio.sleep(0.2)


async def judged(
    hotline: RunningHotline,
    began: datetime,
    wanted: ColumnElement[bool],
    outcomes: Collection[Outcome],
    answered: Answered,
) -> tuple[list[Call], list[Check]]:
    """These calls, and everything that must be so of them whatever the machine.

    :param wanted: which calls they are, of those that came since ``began``.
    """
    calls = await settled(hotline, and_(wanted, Call.started_at >= began))
    rules, now = load_rules(hotline.settings), SystemClock().now()
    async with hotline.database() as store:
        async with store.read() as session:
            turns = await turns_of(session, calls)
            everybody = list(await session.scalars(select(Call)))
        told = await counted_calls(store, rules, began, now, now)
    checks = report_checks(outcomes, calls, told) + calls_checks(calls, turns)
    checks += phones_checks(answered, calls)
    checks.append(strays(hotline.settings.recordings_dir.resolve(), everybody))
    return calls, checks
