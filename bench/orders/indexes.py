"""Indexes are taken away while very many rows are written, and built at once afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bench.orders.connecting import connect

#: Everything but primary keys: a name, how it is made, and its constraint where it is one's.
_FOUND = """
SELECT i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS of_table,
  pg_get_indexdef(i.indexrelid) AS made, c.conname, pg_get_constraintdef(c.oid) AS constrained
FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype = 'u'
WHERE i.indrelid::regclass::text = ANY($1) AND NOT i.indisprimary ORDER BY 2, 1
"""
#: On the same table, too: but for constraints, which wait for each other.
_AT_ONCE = 2
_MEMORY = "SET maintenance_work_mem = '1GB'"


@asynccontextmanager
async def without_indexes(url: str, tables: Sequence[str]) -> AsyncIterator[None]:
    """Inside, these tables have none but their primary keys."""
    connections = [await connect(url) for _ in range(_AT_ONCE)]
    try:
        found = await connections[0].fetch(_FOUND, list(tables))
        for row in found:
            await connections[0].execute(_drop(row))
        yield  # after a failure nobody uses what is half filled
        waiting = list(found)
        await asyncio.gather(*(_make_all(one, waiting) for one in connections))
    finally:
        for one in connections:
            await one.close()


async def _make_all(connection: Any, waiting: list[Any]) -> None:
    """One after the other, as long as any is left."""
    await connection.execute(_MEMORY)
    while waiting:
        await connection.execute(_make(waiting.pop()))


def _drop(row: Any) -> str:
    if row["conname"]:
        return f'ALTER TABLE {row["of_table"]} DROP CONSTRAINT "{row["conname"]}"'
    return f"DROP INDEX {row['name']}"


def _make(row: Any) -> str:
    if row["conname"]:
        named = f'"{row["conname"]}" {row["constrained"]}'
        return f"ALTER TABLE {row['of_table']} ADD CONSTRAINT {named}"
    return str(row["made"])
