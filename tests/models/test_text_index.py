"""Orders are found by any part of their text without reading all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from models.ids import new_id
from models.store import Store
from models.text_index import FILL, TABLE, make_text_index
from tests.support.postgres import Postgres

pytestmark = pytest.mark.store

TEXT = "解放路12号旁路灯不亮，请致电13800001234（张）"


@pytest.fixture
async def engine(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    """A migrated database of its own."""
    name = f"texts-{new_id()}"
    url = postgres.database(name)
    store = Store(url)
    await store.migrate()
    await store.close()
    found = create_async_engine(url)
    yield found
    await found.dispose()
    postgres.drop(name)


async def pieces(connection: AsyncConnection, words: str) -> set[str]:
    found = await connection.execute(text("SELECT hotline_pieces(:words)"), {"words": words})
    return set(found.scalar_one())


async def test_whatever_holds_a_text_holds_all_its_pieces(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        whole = await pieces(connection, TEXT)
        for start in range(len(TEXT)):
            for end in range(start + 1, len(TEXT) + 1):
                assert await pieces(connection, TEXT[start:end]) <= whole
        assert await pieces(connection, "路灯不") == {"路灯", "灯不"}
        assert await pieces(connection, "致电13800") == {"致电", "电1", "1380", "3800"}
        assert await pieces(connection, "12") == set()


async def test_it_is_made_once_and_by_one(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"DROP TABLE {TABLE} CASCADE"))
    await asyncio.gather(*(make_text_index(engine) for _ in range(3)))
    async with engine.begin() as connection:
        await connection.execute(text(FILL))
        made = await connection.execute(text("SELECT to_regclass('ix_order_texts_pieces')"))
        assert made.scalar_one() is not None


async def test_one_that_is_made_otherwise_is_made_anew(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"COMMENT ON TABLE {TABLE} IS NULL"))
        await connection.execute(text(f"ALTER TABLE {TABLE} ADD COLUMN of_old int"))
    await make_text_index(engine)
    async with engine.begin() as connection:
        columns = await connection.execute(text(f"SELECT * FROM {TABLE}"))
        assert list(columns.keys()) == ["order_id", "pieces"]
