"""The list of calls: all, one's own, or those behind a figure or a number of the nuisance list."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator
from sqlalchemy import ColumnElement, Select, func, or_, select

from agent_console.call_queries import before, call_rows
from agent_console.call_views import CallPage
from agent_console.handlers.nuisance import shown_number
from agent_console.people import Person
from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.reports.opened import OpenedFigure
from dispatch.views.cursors import decode_cursor, encode_cursor
from models.errors import Forbidden
from models.phone_numbers import HIDDEN, WITHHELD, spellings
from models.tables import Call, CallParty
from models.vocabulary import ContactOutcome, PartyKind

routes = Routes("通话")


class CallFilter(Body):
    """What to list. Dates are local days, both included."""

    since: date | None = Field(None, alias="from")
    until: date | None = Field(None, alias="to")
    outcome: ContactOutcome | None = None
    #: Beginning or end of the citizen's number.
    number: str | None = Field(None, pattern=r"^\+?\d{3,20}$")
    #: A number of the floor's figures, its ``cell``: the calls behind it. Needs the period too.
    figures_cell: str = Field("", max_length=200)
    #: Code of the figure that was opened, where it is made of that count.
    figure: str = Field("", max_length=40)
    #: A line of the nuisance list, its id: the calls of its number.
    nuisance: str = Field("", max_length=26)
    #: Only one's own, for those who see all; also those of which one had a part.
    mine: bool = False
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(50, ge=1, le=200)

    @model_validator(mode="after")
    def _period(self) -> Self:
        if self.figures_cell and not (self.since and self.until):
            raise ValueError("打开话务报表数字时请给出报表的起止日期 from、to")
        return self


@routes.route("GET", "/api/calls", summary="通话记录")
async def list_calls(ask: Ask, query: CallFilter) -> CallPage:
    """Newest first: all for those who watch over the floor, else one's own, also for a part."""
    person = ask.person
    if not person.may("call.floor"):
        person.require("call.transcript")
    blocked = await _blocked_number(ask, query.nuisance) if query.nuisance else ""
    chosen = _select(ask, query)
    if blocked:
        chosen = chosen.where(_is_number(blocked))
    async with ask.console.store.read() as session:
        found = list(await session.scalars(chosen))
        rows = await call_rows(session, found[: query.limit], person)
    more = len(found) > query.limit
    last = found[query.limit - 1] if more else None
    return CallPage(
        items=rows,
        next_cursor=encode_cursor(last.started_at, last.id) if last else None,
        figure=await _figure(ask, query),
        number=shown_number(blocked, person),
    )


async def _figure(ask: Ask, query: CallFilter) -> OpenedFigure | None:
    if not query.figures_cell:
        return None
    return await ask.console.floor_figures.name_of(query.figures_cell, query.figure)


async def _blocked_number(ask: Ask, block_id: str) -> str:
    """For who proposes and who decides; the number itself need not be seen for that."""
    ask.person.require("nuisance.propose", "nuisance.decide")
    return await ask.console.nuisance.number_of(block_id)


def _is_number(number: str) -> ColumnElement[bool]:
    """Whatever dress it came in."""
    if number == WITHHELD:
        return func.lower(Call.citizen_number).in_(sorted(HIDDEN))
    return Call.citizen_number.in_(sorted(spellings(number)))


def _select(ask: Ask, query: CallFilter) -> Select[Call]:
    person, zone = ask.person, _zone(ask)
    chosen = select(Call).order_by(Call.started_at.desc(), Call.id.desc()).limit(query.limit + 1)
    if query.mine or not person.may("call.floor"):
        chosen = chosen.where(_is_own(person))
    if query.figures_cell and query.since and query.until:
        ids = ask.console.floor_figures.opened(
            person.actor(), query.since, query.until, query.figures_cell
        )
        chosen = chosen.where(Call.id.in_(ids))
    if query.since:
        chosen = chosen.where(Call.started_at >= datetime.combine(query.since, time(), zone))
    if query.until:
        end = datetime.combine(query.until + timedelta(days=1), time(), zone)
        chosen = chosen.where(Call.started_at < end)
    if query.outcome:
        chosen = chosen.where(Call.outcome == query.outcome)
    if query.number:
        chosen = _with_number(chosen, query.number, person)
    return chosen.where(before(decode_cursor(query.cursor))) if query.cursor else chosen


def _is_own(person: Person) -> ColumnElement[bool]:
    """One's own, also for a part of it: a call that was handed on, or about which one was asked.
    Who only watched over it as a shift leader has no part in it.
    """
    took_part = select(CallParty.call_id).where(
        CallParty.agent_id == person.staff_id,
        CallParty.joined_at.is_not(None),
        CallParty.kind != PartyKind.SUPERVISOR,
    )
    return or_(Call.agent_id == person.staff_id, Call.id.in_(took_part))


def _with_number(chosen: Select[Call], number: str, person: Person) -> Select[Call]:
    # Searching tells numbers as surely as reading them does.
    if not person.may("caller.clear"):
        raise Forbidden("您的岗位不能按号码检索", permission="caller.clear")
    return chosen.where(
        Call.citizen_number.startswith(number) | Call.citizen_number.endswith(number)
    )


def _zone(ask: Ask) -> ZoneInfo:
    return ZoneInfo(ask.console.services.settings.timezone)
