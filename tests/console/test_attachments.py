"""Files of an order, sent in and opened as the browser does."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from models.tables import AccessLog
from tests.console.browser import Browser
from tests.console.house import House
from tests.console.orders import RESULT, act, done, open_order

pytestmark = pytest.mark.store

PHOTO = b"\xff\xd8\xff\xe0" + bytes(200_000)


async def send(browser: Browser, order_id: str, name: str, data: bytes, kind: str = "") -> Any:
    """One file, as the page sends it."""
    query = {"name": name, **({"kind": kind} if kind else {})}
    path = f"/api/orders/{order_id}/attachments?{urlencode(query)}"
    headers = {"Content-Type": "application/octet-stream"}
    return await browser.request("POST", path, raw=data, headers=headers)


async def in_hand(house: House, **fields: Any) -> tuple[Browser, dict[str, Any]]:
    """A clerk, and an order that the clerk's unit has signed for."""
    order = await open_order(await house.signed_in("agent"), **fields)
    dispatcher, clerk = await house.signed_in("dispatcher"), await house.signed_in("clerk")
    order = await done(dispatcher, order, "dispatch", department="D-CG", note="")
    return clerk, await done(clerk, order, "sign_for")


async def test_a_photograph_comes_with_the_result_and_is_opened_by_the_auditor(
    house: House,
) -> None:
    clerk, order = await in_hand(house)
    sent = await send(clerk, order["id"], "修复后 照片.JPG", PHOTO)
    assert sent.status == 200, sent.body
    assert sent.body["sha256"] == hashlib.sha256(PHOTO).hexdigest()
    auditor = await house.signed_in("auditor")
    listing = f"/api/orders/{order['id']}/attachments"
    assert (await auditor.get(listing)).body == []  # not handed in yet
    contact = {"person": "张先生", "reached": True, "evidence": "座机8812345，20日10时拨打"}
    order = await done(clerk, order, "first_contact", **contact)
    body = {**RESULT, "evidence": "", "files": [sent.body["id"]]}
    order = await done(clerk, order, "submit_result", **body)
    [file] = (await auditor.get(listing)).body
    assert (file["name"], file["department_name"]) == ("修复后 照片.JPG", "区城管局")
    opened = await auditor.get(f"/api/attachments/{file['id']}")
    assert (opened.status, opened.raw) == (200, PHOTO)
    assert opened.headers["Content-Disposition"].startswith("attachment;")
    async with house.store.read() as session:
        read = await session.scalars(
            select(AccessLog.subject).where(AccessLog.what == "attachment")
        )
        assert list(read) == [order["id"]]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("病毒.exe", b"MZ", "不能上传这种文件，可以上传：jpg"),
        ("照片.jpg", b"%PDF-1.7", "文件内容与扩展名不符"),
        ("照片.jpg", b"", "文件是空的"),
        ("录像.mp4", bytes(20 * 1024 * 1024 + 1), "文件超过20MB"),
    ],
)
async def test_what_cannot_be_kept_is_refused_in_plain_words(
    house: House, name: str, data: bytes, message: str
) -> None:
    clerk, order = await in_hand(house)
    answer = await send(clerk, order["id"], name, data)
    assert answer.status == 422
    assert message in answer.body["detail"]
    folder = house.services.settings.attachments_dir
    assert not [one for one in folder.rglob("*") if one.is_file()]


async def test_files_are_handed_in_once_and_by_who_sent_them(house: House) -> None:
    clerk, order = await in_hand(house)
    file = (await send(clerk, order["id"], "说明.pdf", b"%PDF-1.7 x")).body["id"]
    leader = await house.signed_in("leader")
    refused = await act(leader, order, "attach", files=[file])
    assert (refused.status, refused.fields()) == (422, ["files"])
    order = await done(clerk, order, "attach", files=[file], note="产权证明")
    assert "补充材料：说明.pdf（产权证明）" in order["events"][-1]["sentence"]
    assert (await act(clerk, order, "attach", files=[file])).status == 422
    other = await house.signed_in("other_clerk")
    assert (await other.get(f"/api/attachments/{file}")).status == 404
    assert (await send(other, order["id"], "说明.pdf", b"%PDF-1.7 x")).status == 404


async def test_a_unit_does_not_learn_from_a_file_who_asked_in_confidence(house: House) -> None:
    clerk, order = await in_hand(house, confidential=True)
    agent = await house.signed_in("agent")
    file = (await send(agent, order["id"], "身份证.png", b"\x89PNG\r\n\x1a\nx", "IDENTITY")).body
    order = (await agent.get(f"/api/orders/{order['id']}")).body
    await done(agent, order, "attach", files=[file["id"]])
    assert (await clerk.get(f"/api/orders/{order['id']}/attachments")).body == []
    assert (await clerk.get(f"/api/attachments/{file['id']}")).status == 404
    assert (await agent.get(f"/api/attachments/{file['id']}")).status == 200
