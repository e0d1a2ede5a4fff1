"""What a transaction writes with its last statement: rows that nothing in it reads or refers to.

Each statement is a way to the database and back, and most of what a command costs. PostgreSQL takes
all these rows in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Table, TextClause, bindparam, delete, insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from models.tables import Base

#: So many rows go into one statement; more are many orders', and sent in one go for each table.
_AT_ONCE = 25


class _Part(NamedTuple):
    """Rows of one table with the same columns filled; none filled: rows to delete, by id."""

    table: Table
    columns: tuple[str, ...]
    size: int


class LastRows:
    """Gathers them. Rows given here are never added to the session."""

    def __init__(self) -> None:
        self._new: list[Base] = []
        self._gone: list[tuple[type[Base], str]] = []

    def __bool__(self) -> bool:
        return bool(self._new or self._gone)

    def add(self, row: Base) -> None:
        """A new row; what is None is left to the database."""
        self._new.append(row)

    def delete(self, kind: type[Base], row_id: str) -> None:
        """A row that is to be no more."""
        self._gone.append((kind, row_id))

    async def write(self, session: AsyncSession) -> None:
        """Write all of them, after everything else that waits in the session."""
        groups = self._groups()
        self._new, self._gone = [], []
        await session.flush()
        rows = sum(len(found) for found in groups.values())
        if session.get_bind().dialect.name == "postgresql" and rows <= _AT_ONCE:
            await _write_at_once(session, groups)
        else:
            await _write_by_table(session, groups)

    def _groups(self) -> dict[_Part, list[dict[str, Any]]]:
        """Values by what is filled; how many there are is not known yet."""
        found: dict[_Part, list[dict[str, Any]]] = {}
        for kind, row_id in self._gone:
            found.setdefault(_Part(_table(kind), (), 0), []).append({"id": row_id})
        for row in self._new:
            values = _values(row)
            part = _Part(_table(type(row)), tuple(values), 0)
            found.setdefault(part, []).append(values)
        return found


def _table(kind: type[Base]) -> Table:
    found = kind.__table__
    assert isinstance(found, Table)
    return found


def _values(row: Base) -> dict[str, Any]:
    """By column. Names of columns and attributes are the same in all our tables."""
    values = ((column.name, getattr(row, column.name)) for column in _table(type(row)).columns)
    return {name: value for name, value in values if value is not None}


async def _write_by_table(session: AsyncSession, groups: dict[_Part, list[dict[str, Any]]]) -> None:
    for part, rows in groups.items():
        if part.columns:
            await session.execute(insert(part.table), rows)
        else:
            ids = [row["id"] for row in rows]
            await session.execute(delete(part.table).where(part.table.c.id.in_(ids)))


async def _write_at_once(session: AsyncSession, groups: dict[_Part, list[dict[str, Any]]]) -> None:
    shape = tuple(part._replace(size=len(rows)) for part, rows in groups.items())
    values = {
        _name(number, at, column): value
        for number, rows in enumerate(groups.values())
        for at, row in enumerate(rows)
        for column, value in row.items()
    }
    await session.execute(_statement(shape), values)


@lru_cache(maxsize=500)
def _statement(shape: tuple[_Part, ...]) -> TextClause:
    """All parts as one statement: every part but the last goes before it."""
    *first, last = [_sql(number, part) for number, part in enumerate(shape)]
    before = ", ".join(f"w{number} AS ({sql})" for number, sql in enumerate(first))
    return text(f"WITH {before} {last}" if first else last).bindparams(*_binds(shape))


def _sql(number: int, part: _Part) -> str:
    if not part.columns:
        ids = ", ".join(f":{_name(number, at, 'id')}" for at in range(part.size))
        return f"DELETE FROM {part.table.name} WHERE id IN ({ids})"
    rows = (
        ", ".join(f":{_name(number, at, column)}" for column in part.columns)
        for at in range(part.size)
    )
    values = ", ".join(f"({row})" for row in rows)
    return f"INSERT INTO {part.table.name} ({_names(part)}) VALUES {values}"


def _names(part: _Part) -> str:
    return ", ".join(f'"{column}"' for column in part.columns)


def _binds(shape: Sequence[_Part]) -> Iterable[Any]:
    for number, part in enumerate(shape):
        for at in range(part.size):
            for column in part.columns or ("id",):
                yield bindparam(_name(number, at, column), type_=part.table.c[column].type)


def _name(number: int, at: int, column: str) -> str:
    return f"p{number}_{at}_{column}"
