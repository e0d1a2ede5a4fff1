"""Copies of an order's rows: other ids, words and times, and a chain of events that is sound.

Everything that a copy says otherwise is looked up once in its pattern and has a number there: a
copy is a list of values by that number, and every text of every row a template over that list.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

import asyncpg
from sqlalchemy import JSON

from bench.orders.demands import Demand
from bench.orders.patterns import MARKS
from bench.orders.people import clerk_id, unit_code, unit_name
from dispatch.chain import GENESIS, canonical_json
from models.ids import new_id
from models.tables import Base

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
#: Stands for the hash of the event before.
_PREVIOUS = "<previous>"
#: What an event's hash does not cover.
_NOT_HASHED = {"hash"}

_Row = list[Any]
#: What a copy says, by the numbers of the pattern.
_Values = list[str]
_Text = Callable[[_Values], str]


class Slots:
    """Numbers for what every copy says itself: words, and moments as text and as values."""

    def __init__(self, marks: Iterable[str]) -> None:
        self.words = [_PREVIOUS, *marks]
        self._split = re.compile(f"({'|'.join([*map(re.escape, self.words), _MOMENT])})")
        self._numbers = {word: number for number, word in enumerate(self.words)}
        self._moments: list[datetime] = []
        self._times: dict[datetime, int] = {}

    def text(self, text: str) -> _Text | None:
        """The text as a template; None: it is the same in every copy."""
        parts = self._split.split(text)  # every second one was found
        if len(parts) == 1:
            return None
        template = "%s".join(part.replace("%", "%%") for part in parts[::2])
        pick = itemgetter(*map(self._number, parts[1::2]))
        return lambda values: template % pick(values)

    def time(self, moment: datetime) -> int:
        """The number of a value that is a time."""
        return self._times.setdefault(moment, len(self._times))

    def _number(self, found: str) -> int:
        if found not in self._numbers:
            self._numbers[found] = len(self._numbers)
            self._moments.append(datetime.fromisoformat(found))
        return self._numbers[found]

    def values(self, words: Mapping[str, str], later: timedelta) -> _Values:
        """What one copy says."""
        found = [words[word] for word in self.words]
        found += [(moment + later).isoformat() for moment in self._moments]
        return found

    def times(self, later: timedelta) -> list[datetime]:
        """The times of one copy."""
        return [moment + later for moment in self._times]


class Mould:
    """One row. A copy of it is a list of the values of its columns."""

    def __init__(self, record: Mapping[str, Any], slots: Slots, json_names: set[str]) -> None:
        self.columns = list(record)
        self._values: _Row = []
        self._texts: list[tuple[int, _Text]] = []
        self._times: list[tuple[int, int]] = []
        for index, (name, value) in enumerate(record.items()):
            if name in json_names and value is not None:
                value = canonical_json(json.loads(value))
            self._values.append(value)
            if isinstance(value, datetime):
                self._times.append((index, slots.time(value)))
            elif isinstance(value, str) and (text := slots.text(value)):
                self._texts.append((index, text))

    def copy(self, values: _Values, times: Sequence[datetime]) -> _Row:
        """The row as another order has it."""
        row = list(self._values)
        for index, text in self._texts:
            row[index] = text(values)
        for index, number in self._times:
            row[index] = times[number]
        return row


class EventMould(Mould):
    """One event: it hangs on the one before it."""

    def __init__(self, record: Mapping[str, Any], slots: Slots, json_names: set[str]) -> None:
        super().__init__({**record, "previous_hash": _PREVIOUS}, slots, json_names)
        self._hash = self.columns.index("hash")
        body = {name: _told(record[name]) for name in record if name not in _NOT_HASHED}
        body |= {"changes": json.loads(record["changes"]), "previous_hash": _PREVIOUS}
        text = slots.text(canonical_json(body))
        assert text is not None, "an event tells of its order"
        self._body = text

    def copy(self, values: _Values, times: Sequence[datetime]) -> _Row:
        """The same; what comes after it in the chain finds its hash in ``values``."""
        row = super().copy(values, times)
        row[self._hash] = found = hashlib.sha256(self._body(values).encode()).hexdigest()
        values[0] = found
        return row


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


class Pattern:
    """All rows of one order."""

    def __init__(self, rows: Mapping[str, list[asyncpg.Record]]) -> None:
        self._ids = [row["id"] for found in rows.values() for row in found]
        self._order_no: str = rows["orders"][0]["order_no"]
        self._slots = Slots([*self._ids, self._order_no, *_words(MARKS, 0)])
        self._moulds = [
            (table, _mould(table, dict(row), self._slots))
            for table, found in rows.items()
            for row in found
        ]
        self.columns = {table: mould.columns for table, mould in self._moulds}

    def copy(
        self, demand: Demand, order_no: str, unit: int, later: timedelta, ids: Ids
    ) -> Iterator[tuple[str, _Row]]:
        """Rows of another order, each with its table."""
        words = {old: ids.next() for old in self._ids}
        words |= {_PREVIOUS: GENESIS, self._order_no: order_no, **_words(demand, unit)}
        values, times = self._slots.values(words, later), self._slots.times(later)
        for table, mould in self._moulds:
            yield table, mould.copy(values, times)


class Ids:
    """Ids as ``models.ids`` makes them, much sooner: each comes after the one before."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._begin = new_id()[:10]
        self._made = 0

    def next(self) -> str:
        """Hexadecimal digits are among the letters of an id."""
        self._made += 1
        return f"{self._begin}{self._made:07x}{self._chance.getrandbits(36):09x}"


def _mould(table: str, record: Mapping[str, Any], slots: Slots) -> Mould:
    kind = EventMould if table == "order_events" else Mould
    return kind(record, slots, _json_names(table))


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
