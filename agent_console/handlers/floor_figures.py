"""The floor's figures, of a period and of now. ``GET /api/calls?figures_cell=…`` opens a number."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.floor.counting import Chosen
from dispatch.floor.figures import FigureTable
from dispatch.floor.measures import By
from dispatch.floor.now import FloorNow
from dispatch.floor.seat_time import SeatTime

routes = Routes("话务报表")


class FiguresQuery(Body):
    """Local days, both included, and what the rows are."""

    first: date = Field(alias="from", title="起始日期")
    last: date = Field(alias="to", title="截止日期")
    by: By = "half_hour"
    #: Only calls of one queue, or of one agent.
    queue: str = Field("", max_length=32)
    agent: str = Field("", max_length=26)


@routes.route("GET", "/api/floor-figures", summary="话务报表", permission="floor.figures")
async def get_floor_figures(ask: Ask, query: FiguresQuery) -> FigureTable:
    """Every number has a ``cell``; each figure comes with its definition in words."""
    chosen = Chosen(queue=query.queue, agent=query.agent)
    return await ask.console.floor_figures.table(
        ask.person.actor(), query.first, query.last, query.by, chosen
    )


class SeatTimeQuery(Body):
    """A number of seat time, and the local days of its table, both included."""

    first: date = Field(alias="from", title="起始日期")
    last: date = Field(alias="to", title="截止日期")
    cell: str = Field(min_length=1, max_length=200)


@routes.route(
    "GET", "/api/floor-figures/seat-time", summary="坐席时长构成", permission="floor.figures"
)
async def get_seat_time(ask: Ask, query: SeatTimeQuery) -> SeatTime:
    """What an occupancy, a utilisation or a time signed in is made of, by state and agent; of one
    agent also each line of the ledger.
    """
    return await ask.console.seat_times.opened(
        ask.person.actor(), query.first, query.last, query.cell
    )


@routes.route("GET", "/api/floor-figures/now", summary="话务实时", permission="floor.figures")
async def get_floor_now(ask: Ask) -> FloorNow:
    """The floor at this moment; numbers of today open like those of the report."""
    return await ask.console.floor_wall.now(ask.person.actor())
