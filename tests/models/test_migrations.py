"""The migrations make exactly the tables that the code speaks of, and can be taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, select
from sqlalchemy.ext.asyncio import create_async_engine

from models import text_index
from models.clock import SystemClock
from models.events import CallQueued
from models.store import Store
from models.tables import Base, Call, OutboxRow, Staff
from models.vocabulary import CallDirection, CallState, ContactOutcome
from tests.support.postgres import Postgres

pytestmark = pytest.mark.store


def _compare(path: Path) -> list[object]:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        difference = compare_metadata(context, Base.metadata)
    engine.dispose()
    return list(difference)


async def test_migrated_tables_are_those_of_the_code(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    store = Store(f"sqlite+aiosqlite:///{path}")
    await store.migrate()
    await store.close()
    assert _compare(path) == []


async def test_migrations_go_down_to_nothing_and_up_again(tmp_path: Path) -> None:
    path = tmp_path / "down.db"
    store = Store(f"sqlite+aiosqlite:///{path}")
    await store.migrate()
    await asyncio.to_thread(command.downgrade, store.alembic_config(), "base")
    engine = create_engine(f"sqlite:///{path}")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    await store.migrate()
    await store.close()
    assert _compare(path) == []


def _of_the_code(_item: object, name: str | None, kind: str, *_further: object) -> bool:
    """No class stands for the index of texts."""
    return not (kind == "table" and name == text_index.TABLE)


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": False, "include_object": _of_the_code}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Base.metadata))


async def test_postgresql_gets_the_same_tables_and_keeps_what_is_written(
    postgres: Postgres,
) -> None:
    url = postgres.database("migrated")
    store = Store(url)
    await store.migrate()
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    await engine.dispose()

    now = SystemClock().now()
    async with store.transaction() as work:
        work.session.add(
            Staff(
                id="s1",
                username="wf",
                name="王芳",
                password_hash="-",
                roles=["AGENT"],
                department="D-HL",
                created_at=now,
                skills={"general": 2},
            )
        )
        await work.session.flush()
        work.session.add(
            Call(
                id="c1",
                direction=CallDirection.INBOUND,
                state=CallState.QUEUED,
                started_at=now,
                outcome=ContactOutcome.IN_PROGRESS,
                agent_id="s1",
                priority_reasons=["ELDERLY"],
            )
        )
        work.record(CallQueued(call_id="c1"))
    async with store.read() as session:
        call = await session.get_one(Call, "c1")
        assert (call.state, call.started_at) == (CallState.QUEUED, now)
        assert call.priority_reasons == ["ELDERLY"]
        assert (await session.scalars(select(OutboxRow))).one().payload["call_id"] == "c1"
    await store.close()
