"""The migrations make exactly the tables that the code speaks of, and can be taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from models.store import Store
from models.tables import Base

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
