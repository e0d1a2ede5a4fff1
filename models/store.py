"""The database: one transaction per command, its events told after it is safe.

SQLite by default (WAL, one writer at a time, ``BEGIN IMMEDIATE``), PostgreSQL by URL.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Executable, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from models.clock import Clock, SystemClock
from models.events import DomainEvent, event_to_dict
from models.last_rows import LastRows
from models.tables import OutboxRow
from models.text_index import make_text_index

MIGRATIONS = Path(__file__).parent / "migrations"
#: Reports sort in memory, not in files that wait for a busy disk. Cache: 32 MB a connection.
_PRAGMAS = (
    *("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"),
    *("temp_store=MEMORY", "cache_size=-32768"),
)


class UnitOfWork:
    """One transaction. Use ``session`` for rows and :meth:`record` for what happened.

    ``last``: rows that nothing in this transaction reads or refers to.
    """

    def __init__(
        self, session: AsyncSession, clock: Clock, apart: AsyncEngine | None = None
    ) -> None:
        """``apart``: runs single statements, each in a transaction of its own."""
        self.session = session
        self.last = LastRows()
        self._clock = clock
        self._apart = apart
        self.recorded: list[DomainEvent] = []

    async def settle(self) -> None:
        """Write what waits to be written last, so that it can be read."""
        if self.last:
            await self.last.write(self.session)

    async def drawn(self, statement: Executable, values: dict[str, Any]) -> Any:
        """The one value of a statement that others wait for, such as the next number of a series.

        Where several may write it is committed at once, and stands even if this transaction fails.
        """
        if self._apart is None:
            return (await self.session.execute(statement, values)).scalar_one()
        async with self._apart.connect() as connection:
            return (await connection.execute(statement, values)).scalar_one()

    def record(self, happened: DomainEvent) -> None:
        """Tell this event once the transaction is committed, even if the process dies between."""
        self.recorded.append(happened)
        self.last.add(
            OutboxRow(
                event_id=happened.event_id,
                payload=event_to_dict(happened),
                created_at=self._clock.now(),
            )
        )


class Store:
    """Gives transactions and read sessions on one database."""

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self.url = url
        self._clock = clock or SystemClock()
        self._sqlite = make_url(url).get_backend_name() == "sqlite"
        #: For single statements that are committed at once; None where one writes at a time.
        self._apart: AsyncEngine | None = None
        if self._sqlite:
            self._write_engine = _sqlite_engine(url, "BEGIN IMMEDIATE", 1)
            self._read_engine = _sqlite_engine(url, "BEGIN", 8)
        else:
            self._write_engine = _postgres_engine(url, 20)
            # Lists differ too much by who asks for what to share one plan.
            self._read_engine = _postgres_engine(url, 10, plan_cache_mode="force_custom_plan")
            # Of its own: who holds a connection of the others must not wait for one of them.
            self._apart = _postgres_engine(url, 2).execution_options(isolation_level="AUTOCOMMIT")
        #: Called after each commit that recorded events (the outbox relay wakes up).
        self.on_commit: Callable[[], None] = lambda: None

    @property
    def many_writers(self) -> bool:
        """Whether several transactions may write at the same time."""
        return not self._sqlite

    @property
    def finds_texts(self) -> bool:
        """Whether orders are found by their text without reading them (``models.text_index``)."""
        return not self._sqlite

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[UnitOfWork]:
        """A read-write transaction: committed at the end of the block, rolled back on error."""
        async with AsyncSession(self._write_engine, expire_on_commit=False) as session:
            work = UnitOfWork(session, self._clock, self._apart)
            async with session.begin():
                yield work
                await work.settle()
        if work.recorded:
            self.on_commit()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A consistent read-only view."""
        async with AsyncSession(self._read_engine, expire_on_commit=False) as session:
            yield session

    async def migrate(self) -> None:
        """Bring the tables to the newest shape."""
        if self._sqlite and (name := make_url(self.url).database):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(command.upgrade, self.alembic_config(), "head")
        if not self._sqlite:
            await make_text_index(self._write_engine)

    def alembic_config(self) -> Config:
        """Alembic's configuration for this database."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["url"] = self.url
        return config

    async def close(self) -> None:
        """Give the connections back."""
        await self._write_engine.dispose()
        await self._read_engine.dispose()
        if self._apart is not None:
            await self._apart.dispose()


def _postgres_engine(url: str, pool_size: int, **settings: str) -> AsyncEngine:
    """``settings``: of the server, for these connections."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        # Several processes share one server, whose connections are counted (docs/operations.md).
        max_overflow=0,
        connect_args={
            # No plan of ours is worth compiling.
            "server_settings": {"jit": "off", **settings},
            "prepared_statement_cache_size": 500,
        },
    )


def _sqlite_engine(url: str, begin: str, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        url, pool_size=pool_size, max_overflow=0, pool_timeout=30, connect_args={"timeout": 30}
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver's own BEGIN is deferred and would deadlock two writers: we send ours below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
