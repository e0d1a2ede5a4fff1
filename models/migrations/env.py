"""Alembic's entry: runs the migrations on the URL that the store hands over."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from models.tables import Base
from models.tables.base import Code, UtcDateTime


def _plain_types(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our decorated types as what they are in the database: a migration never changes."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Code):
        return "sa.String(length=32)"
    return False


def _compare_types(
    _context: Any, _inspected: Any, _metadata: Any, _kind: Any, item: Any
) -> bool | None:
    """SQLite keeps our times as numbers in columns of whatever name: that is no difference."""
    return False if isinstance(item, UtcDateTime) else None


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=_plain_types,
        compare_type=_compare_types,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _main() -> None:
    engine = create_async_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(_main())
