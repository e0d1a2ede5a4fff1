"""What a transaction recorded is told, whatever happens in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.bus import InProcessBus
from models.events import TranscriptCompleted
from models.outbox import OutboxRelay
from models.store import Store
from models.tables import OutboxRow

pytestmark = pytest.mark.store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty migrated database."""
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}")
    await store.migrate()
    yield store
    await store.close()


async def _told(store: Store) -> list[str]:
    bus = InProcessBus()
    seen: list[str] = []

    async def keep(event: TranscriptCompleted) -> None:
        seen.append(event.call_id)

    bus.subscribe("keep", keep, TranscriptCompleted)
    await bus.start()
    relay = OutboxRelay(store, bus)
    await relay.start()
    await relay.stop()
    await bus.stop()
    return seen


async def test_events_of_a_committed_transaction_are_told_once_in_order(store: Store) -> None:
    async with store.transaction() as work:
        work.record(TranscriptCompleted(call_id="one"))
        work.record(TranscriptCompleted(call_id="two"))
    assert await _told(store) == ["one", "two"]
    assert await _told(store) == []


async def test_a_rolled_back_transaction_tells_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError, match="injected"):
        async with store.transaction() as work:
            work.record(TranscriptCompleted(call_id="never"))
            await work.session.flush()
            raise RuntimeError("injected fault")
    assert await _told(store) == []
    async with store.read() as session:
        assert await session.scalar(select(func.count()).select_from(OutboxRow)) == 0


async def test_an_unreadable_event_does_not_hold_up_the_rest(store: Store) -> None:
    async with store.transaction() as work:
        work.record(TranscriptCompleted(call_id="before"))
    async with store.transaction() as work:
        row = await work.session.scalar(select(OutboxRow))
        assert row is not None
        row.payload = {**row.payload, "type": "FromTheFuture"}
        work.record(TranscriptCompleted(call_id="after"))
    assert await _told(store) == ["after"]
