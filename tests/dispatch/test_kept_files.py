"""Files of orders: deleted when their time is over, held, and found when they are not whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from dispatch.attachments import AttachmentStore, AttachmentView
from dispatch.commands import Attach
from dispatch.floor.retention import LegalHolds
from dispatch.kept_files import KeptFiles
from dispatch.rules import Rules
from models.clock import ManualClock
from models.errors import NotFound
from models.store import Store
from models.tables import Attachment, Call
from models.vocabulary import AttachmentKind, CallDirection, CallState, ContactOutcome
from tests.dispatch.desk import Desk

pytestmark = pytest.mark.store

TEN_YEARS = timedelta(days=3650)
PHOTO = b"\xff\xd8\xff\xe0" + bytes(2000)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var=tmp_path / "var")


@pytest.fixture
def files(store: Store, clock: ManualClock, rules: Rules, settings: Settings) -> AttachmentStore:
    return AttachmentStore(store, clock, rules, settings.attachments_dir)


@pytest.fixture
def kept(store: Store, clock: ManualClock, rules: Rules, settings: Settings) -> KeptFiles:
    return KeptFiles(store, clock, settings, rules)


async def hand_in(desk: Desk, files: AttachmentStore, order_id: str) -> AttachmentView:
    """A photograph of the unit."""

    async def pieces() -> AsyncIterator[bytes]:
        yield PHOTO

    clerk = desk.people["chengguan"]
    sent = await files.upload(clerk, order_id, "现场.jpg", AttachmentKind.HANDLING, pieces())
    await desk.act("chengguan", order_id, Attach(files=[sent.id], note="现场情况"))
    return sent


async def path_of(store: Store, settings: Settings, sent: AttachmentView) -> Path:
    async with store.read() as session:
        row = await session.get_one(Attachment, sent.id)
        return settings.attachments_dir / row.path


async def test_files_go_with_their_order_and_not_before(
    desk: Desk, store: Store, files: AttachmentStore, kept: KeptFiles, settings: Settings
) -> None:
    over, open_still = await desk.signed(), await desk.signed()
    sent = [await hand_in(desk, files, one) for one in (over, open_still)]
    first, second = [await path_of(store, settings, one) for one in sent]
    await desk.withdrawn(over)
    desk.clock.advance(TEN_YEARS - timedelta(days=1))
    assert (await kept.run()).deleted == ()
    desk.clock.advance(timedelta(days=2))
    assert len((await kept.run(dry=True)).deleted) == 1
    assert first.is_file()
    await kept.run()
    assert (first.exists(), second.is_file()) == (False, True)
    with pytest.raises(NotFound, match="材料已过保存期限"):
        await files.download(desk.people["shenhe"], sent[0].id)
    assert await kept.verify() == [], "what was deleted in due time is no fault"
    assert (await kept.run()).deleted == ()


async def test_a_legal_hold_on_the_call_keeps_the_files(
    desk: Desk, store: Store, files: AttachmentStore, kept: KeptFiles, clock: ManualClock
) -> None:
    async with store.transaction() as work:
        work.session.add(
            Call(
                id="c1",
                direction=CallDirection.INBOUND,
                state=CallState.ENDED,
                started_at=clock.now(),
                outcome=ContactOutcome.SERVED,
            )
        )
    order_id = await desk.signed(call_id="c1")
    await hand_in(desk, files, order_id)
    await desk.withdrawn(order_id)
    holds, leader = LegalHolds(store, clock), desk.people["banzhang"]
    hold = await holds.place(leader, "c1", "诉讼需要")
    clock.advance(TEN_YEARS + timedelta(days=1))
    done = await kept.run()
    assert (len(done.deleted), len(done.held)) == (0, 1)
    await holds.release(leader, hold.id, "诉讼已结束")
    assert len((await kept.run()).deleted) == 1


async def test_a_hold_that_comes_after_the_run_has_begun_keeps_the_files(
    desk: Desk,
    store: Store,
    files: AttachmentStore,
    kept: KeptFiles,
    clock: ManualClock,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with store.transaction() as work:
        work.session.add(
            Call(
                id="c1",
                direction=CallDirection.INBOUND,
                state=CallState.ENDED,
                started_at=clock.now(),
                outcome=ContactOutcome.SERVED,
            )
        )
    order_id = await desk.signed(call_id="c1")
    sent = await hand_in(desk, files, order_id)
    await desk.withdrawn(order_id)
    clock.advance(TEN_YEARS + timedelta(days=1))
    delete = kept._delete

    async def placed_meanwhile(row: Attachment) -> bool:
        await LegalHolds(store, clock).place(desk.people["banzhang"], "c1", "诉讼需要")
        return await delete(row)

    monkeypatch.setattr(kept, "_delete", placed_meanwhile)
    done = await kept.run()
    assert (len(done.deleted), len(done.held)) == (0, 1)
    assert (await path_of(store, settings, sent)).is_file()


async def test_a_file_that_is_lost_short_or_changed_is_named(
    desk: Desk, store: Store, files: AttachmentStore, kept: KeptFiles, settings: Settings
) -> None:
    order_id = await desk.signed()
    sent = [await hand_in(desk, files, order_id) for _ in range(4)]
    _, lost, short, changed = [await path_of(store, settings, one) for one in sent]
    assert await kept.verify() == []
    lost.unlink()
    short.write_bytes(PHOTO[:100])
    changed.write_bytes(PHOTO[:-1] + b"x")
    messages = {fault.message for fault in await kept.verify()}
    size = len(PHOTO)
    assert messages == {
        "文件不在原处",
        f"文件大小应为{size}字节，现为100字节",
        "文件内容被改动，与校验和不符",
    }
