"""A real console over a real SQLite database and the real rules; only telephony is a stand-in."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from argon2 import PasswordHasher

from agent_console.app import create_app
from agent_console.services import ConsoleServices
from config.secrets import load_or_create_secrets
from config.settings import Settings, load_settings
from dispatch.rules import Rules, load_rules
from models.bus import InProcessBus
from models.clock import ManualClock
from models.outbox import OutboxRelay
from models.store import Store
from models.tables import Staff
from nlp.knowledge.index import KnowledgeIndex
from nlp.knowledge.live import LiveKnowledge
from nlp.knowledge.shelf import ArticleShelf
from nlp.similar.orders import OrderIndex
from nlp.transcripts import TranscriptStore
from tests.console.house import PASSWORD, PEOPLE, House
from tests.console.stand_in_calls import StandInCalls

#: A Monday morning in China.
START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(var=tmp_path / "var", web={"port": 36080})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture(scope="session")
def staffed_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one account per post, to be copied: hashing passwords takes its time."""
    path = tmp_path_factory.mktemp("console") / "hotline.db"
    asyncio.run(_make_database(path))
    return path


async def _make_database(path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{path}")
    await store.migrate()
    # Real accounts have costly hashes; a cheap one is checked just the same, and much faster.
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    async with store.transaction() as work:
        for person in PEOPLE:
            work.session.add(
                Staff(
                    username=person.username,
                    name=person.name,
                    password_hash=cheap,
                    roles=list(person.roles),
                    department=person.department,
                    extension=person.extension,
                    created_at=START,
                )
            )
    await store.close()


@pytest.fixture(scope="session")
def rules() -> Rules:
    """The shipped rule files, read once."""
    return load_rules(load_settings())


@pytest.fixture
async def house(
    settings: Settings, clock: ManualClock, staffed_database: Path, rules: Rules
) -> AsyncIterator[House]:
    """Everything the console stands on."""
    settings.var.mkdir(parents=True)
    shutil.copy(staffed_database, settings.var / "hotline.db")
    store = Store(settings.effective_database_url, clock)
    bus = InProcessBus()
    shelf = ArticleShelf(
        store, bus, KnowledgeIndex(), lambda: clock.now().astimezone(rules.zone).date()
    )
    transcripts = TranscriptStore(store)
    services = ConsoleServices(
        settings=settings,
        secrets=load_or_create_secrets(settings),
        store=store,
        bus=bus,
        rules=rules,
        call_control=StandInCalls(clock),
        clock=clock,
        alike=OrderIndex(store, bus, settings.var / "similar"),
        knowledge=LiveKnowledge(shelf, transcripts, bus, shown=3, least=0.1),
        demo=True,
        web_dist=settings.var / "dist",
        heartbeat_seconds=0.2,
    )
    relay = OutboxRelay(store, bus, clock)
    server = TestServer(create_app(services))
    await bus.start()
    await relay.start()
    await server.start_server()
    yield House(services=services, server=server, clock=clock)
    await server.close()
    await relay.stop()
    await bus.stop()
    await store.close()
