"""Copies of an order's rows: other ids, words and times, and a chain of events that is sound.

A row is taken apart once, at everything that a copy says otherwise; copying puts it together again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import JSON

from bench.orders.demands import Demand
from bench.orders.patterns import MARKS
from bench.orders.people import clerk_id, unit_code, unit_name
from dispatch.chain import GENESIS, canonical_json, event_hash
from models.ids import new_id
from models.tables import Base, OrderEvent
from models.vocabulary import Role

#: Tables of an order, each before those that refer to it, and the column that names the order.
TABLES = {
    "orders": "id",
    "tasks": "order_id",
    "order_events": "order_id",
    "audit_reviews": "order_id",
    "follow_ups": "order_id",
    "closure_scores": "order_id",
    "timers": "subject_id",
}
_MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d"


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """What one copy says: words by what they stand in place of, and how much later it all was."""

    words: Mapping[str, str]
    later: timedelta


_Cell = Callable[[Fresh], Any]
_Row = list[Any]


class Mould:
    """One row. A copy of it is a list of the values of its columns."""

    def __init__(
        self, record: asyncpg.Record, split: re.Pattern[str], json_names: set[str]
    ) -> None:
        self._values: _Row = list(record.values())
        self._cells: list[tuple[int, _Cell]] = []
        for index, (name, value) in enumerate(record.items()):
            if name in json_names and value is not None:
                value = canonical_json(json.loads(value))
                self._values[index] = value
            if cell := _cell(value, split):
                self._cells.append((index, cell))

    def copy(self, fresh: Fresh) -> _Row:
        """The row as another order has it."""
        row = list(self._values)
        for index, cell in self._cells:
            row[index] = cell(fresh)
        return row


def _cell(value: Any, split: re.Pattern[str]) -> _Cell | None:
    """None: the value is the same in every copy."""
    if isinstance(value, datetime):
        return lambda fresh: value + fresh.later
    if not isinstance(value, str):
        return None
    parts = split.split(value)  # every second one was found
    if len(parts) == 1:
        return None
    pieces = [_piece(part) if n % 2 else part for n, part in enumerate(parts) if part]
    # Dropping empty parts moves the others, so what was found is told by its type from here on.
    if len(pieces) == 1 and not isinstance(pieces[0], str):
        return pieces[0]
    return lambda fresh: "".join([p if isinstance(p, str) else p(fresh) for p in pieces])


def _piece(found: str) -> Callable[[Fresh], str]:
    if re.fullmatch(_MOMENT, found):
        moment = datetime.fromisoformat(found)
        return lambda fresh: (moment + fresh.later).isoformat()
    return lambda fresh: fresh.words[found]


class Pattern:
    """All rows of one order."""

    def __init__(self, rows: Mapping[str, list[asyncpg.Record]]) -> None:
        self._ids = [row["id"] for found in rows.values() for row in found]
        self._order_no: str = rows["orders"][0]["order_no"]
        marks = [*self._ids, self._order_no, *_words(MARKS, 0)]
        split = re.compile(f"({'|'.join([*map(re.escape, marks), _MOMENT])})")
        self.columns = {table: list(found[0].keys()) for table, found in rows.items() if found}
        self._moulds = [
            (table, Mould(row, split, _json_names(table)))
            for table, found in rows.items()
            for row in found
        ]

    def copy(
        self, demand: Demand, order_no: str, unit: int, later: timedelta
    ) -> Iterator[tuple[str, _Row]]:
        """Rows of another order, each with its table."""
        words = {old: new_id() for old in self._ids}
        words |= {self._order_no: order_no, **_words(demand, unit)}
        fresh = Fresh(words=words, later=later)
        last = GENESIS
        for table, mould in self._moulds:
            row = mould.copy(fresh)
            if table == "order_events":
                last = _link(self.columns[table], row, last)
            yield table, row


def _words(demand: Demand, unit: int) -> dict[str, str]:
    """The words of a demand and of its unit, by the pattern's."""
    return {
        MARKS.title: demand.title,
        MARKS.content: demand.content,
        MARKS.place: demand.place,
        MARKS.phone: demand.phone,
        unit_code(0): unit_code(unit),
        unit_name(0): unit_name(unit),
        clerk_id(0): clerk_id(unit),
    }


def _json_names(table: str) -> set[str]:
    columns = Base.metadata.tables[table].columns
    return {column.name for column in columns if isinstance(column.type, JSON)}


def _link(columns: list[str], row: _Row, last: str) -> str:
    """Hang the event on the one before it; returns its hash."""
    told = dict(zip(columns, row, strict=True))
    told |= {
        "actor_role": Role(told["actor_role"]),
        "changes": json.loads(told["changes"]),
        "previous_hash": last,
    }
    row[columns.index("previous_hash")] = last
    row[columns.index("hash")] = found = event_hash(OrderEvent(**told))
    return found


async def read_pattern(connection: Any, order_id: str) -> Pattern:
    """The rows of an order, its events in the order of their chain."""
    rows = {}
    for table, column in TABLES.items():
        ordered = " ORDER BY seq" if table == "order_events" else ""
        query = f"SELECT * FROM {table} WHERE {column} = $1{ordered}"  # names of our own
        rows[table] = await connection.fetch(query, order_id)
    return Pattern(rows)


async def forget(connection: Any, order_ids: Iterable[str]) -> None:
    """Take the patterns themselves away again, and what waited to be told of them."""
    for table, column in reversed(TABLES.items()):
        await connection.execute(f"DELETE FROM {table} WHERE {column} = ANY($1)", list(order_ids))
    await connection.execute("TRUNCATE outbox, order_news, day_sequences")
