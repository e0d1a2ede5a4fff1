"""Signing in and out, passwords, and what happens to those who guess."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from agent_console.accounts import (
    NewStaff,
    create_staff,
    demo_accounts,
    seed_demo_staff,
    set_password,
)
from agent_console.attempts import SignInGuard
from agent_console.errors import TooManyAttempts
from models.clock import ManualClock
from models.errors import InvalidInput, NotFound
from models.tables import Session, Staff
from models.vocabulary import Role
from tests.console.house import PASSWORD, House

pytestmark = pytest.mark.store

NEW_PASSWORD = "another horse 34"


async def test_an_agent_signs_in_sees_who_she_is_and_signs_out(house: House) -> None:
    browser = house.browser()
    assert (await browser.get("/api/session")).status == 401

    answer = await browser.post("/api/session", {"username": "agent", "password": PASSWORD})
    assert answer.status == 200
    assert answer.body["staff"]["name"] == "李晓梅"
    assert answer.body["staff"]["department_name"]
    assert "call.seat" in answer.body["permissions"]
    assert (await browser.get("/api/session")).body == answer.body

    assert (await browser.request("DELETE", "/api/session")).status == 204
    refused = await browser.get("/api/session")
    assert (refused.status, refused.body["code"]) == (401, "not-signed-in")
    assert refused.headers["Content-Type"] == "application/problem+json"


async def test_the_cookie_is_out_of_reach_of_scripts_and_its_token_is_stored_as_a_hash_only(
    house: House,
) -> None:
    browser = house.browser()
    answer = await browser.post("/api/session", {"username": "agent", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    token = browser.cookies["hotline_session"]
    async with house.store.read() as session:
        hashes = list(await session.scalars(select(Session.token_hash)))
    assert len(hashes) == 1 and token not in hashes[0]


async def test_signing_in_again_ends_the_earlier_session_of_the_same_browser(house: House) -> None:
    browser = await house.signed_in("agent")
    first = browser.cookies["hotline_session"]
    await browser.post("/api/session", {"username": "leader", "password": PASSWORD})
    stale = house.browser()
    stale.cookies["hotline_session"] = first
    assert (await stale.get("/api/session")).status == 401


async def test_a_session_ends_after_its_hours(house: House) -> None:
    browser = await house.signed_in("agent")
    house.clock.advance(timedelta(hours=house.services.settings.web.session_hours))
    assert (await browser.get("/api/session")).status == 401


async def test_an_account_that_is_closed_is_out_at_once(house: House) -> None:
    browser = await house.signed_in("agent")
    async with house.store.transaction() as work:
        staff = await work.session.scalar(select(Staff).where(Staff.username == "agent"))
        assert staff
        staff.active = False
    assert (await browser.get("/api/session")).status == 401
    again = await browser.post("/api/session", {"username": "agent", "password": PASSWORD})
    assert again.status == 401


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(house: House) -> None:
    browser = house.browser()
    wrong = [{"username": "agent", "password": "x"}, {"username": "nobody", "password": "x"}]
    answers = [await browser.post("/api/session", body) for body in wrong]
    assert [answer.status for answer in answers] == [401, 401]
    assert answers[0].body == answers[1].body


async def test_five_wrong_passwords_lock_the_account_for_ten_minutes(house: House) -> None:
    browser = house.browser()
    right = {"username": "agent", "password": PASSWORD}
    for _ in range(5):
        wrong = await browser.post("/api/session", {"username": "agent", "password": "x"})
        assert wrong.status == 401
    locked = await browser.post("/api/session", right)
    assert (locked.status, locked.body["code"]) == (429, "too-many-attempts")
    assert int(locked.headers["Retry-After"]) > 0
    assert "锁定" in locked.body["detail"]
    # Others at the same address are not punished for it.
    assert (await house.signed_in("leader")).cookies

    house.clock.advance(timedelta(minutes=10))
    assert (await browser.post("/api/session", right)).status == 200


def test_a_flood_of_sign_ins_from_one_address_is_slowed_down(clock: ManualClock) -> None:
    guard = SignInGuard(clock)
    for number in range(60):
        guard.admit(f"somebody{number}", "10.0.0.7")
    with pytest.raises(TooManyAttempts) as refused:
        guard.admit("somebody else", "10.0.0.7")
    assert refused.value.details["retry_after"] == 60
    guard.admit("somebody else", "10.0.0.8")
    clock.advance(timedelta(minutes=1))
    guard.admit("somebody else", "10.0.0.7")


async def test_a_new_password_ends_all_other_sessions(house: House) -> None:
    here, elsewhere = await house.signed_in("agent"), await house.signed_in("agent")
    change = {"old": PASSWORD, "new": NEW_PASSWORD}
    assert (await here.post("/api/session/password", change)).status == 204
    assert (await here.get("/api/session")).status == 200
    assert (await elsewhere.get("/api/session")).status == 401
    signing_in = {"username": "agent", "password": NEW_PASSWORD}
    assert (await elsewhere.post("/api/session", signing_in)).status == 200


@pytest.mark.parametrize(
    ("old", "new", "field", "word"),
    [
        ("not mine at all", NEW_PASSWORD, "old", "原密码"),
        (PASSWORD, "short1", "new", "10"),
        (PASSWORD, "allthesamekind", "new", "两种"),
        (PASSWORD, "my-agent-password-1", "new", "用户名"),
    ],
)
async def test_a_password_that_cannot_be_changed_names_the_field(
    house: House, old: str, new: str, field: str, word: str
) -> None:
    browser = await house.signed_in("agent")
    answer = await browser.post("/api/session/password", {"old": old, "new": new})
    assert answer.status == 422
    assert answer.fields() == [field]
    assert word in answer.body["detail"]


async def test_an_administrator_sets_a_forgotten_password_on_the_command_line(house: House) -> None:
    browser = await house.signed_in("agent")
    await set_password(house.store, "agent", NEW_PASSWORD)
    assert (await browser.get("/api/session")).status == 401
    with pytest.raises(NotFound):
        await set_password(house.store, "nobody", NEW_PASSWORD)


async def test_names_and_extensions_are_given_once(house: House) -> None:
    async def add(username: str, extension: str | None) -> None:
        new = NewStaff(
            username=username,
            name="某某",
            roles=[Role.AGENT],
            department="D-HL",
            extension=extension,
        )
        await create_staff(house.store, new, PASSWORD, house.clock)

    with pytest.raises(InvalidInput, match="用户名"):
        await add("agent", None)
    with pytest.raises(InvalidInput, match="分机"):
        await add("agent9", "1001")


async def test_demo_people_are_made_once_and_keep_their_changed_password(house: House) -> None:
    settings = house.services.settings
    async with house.store.transaction() as work:  # the seats are wanted by the demo people
        await work.session.execute(update(Staff).values(extension=None))
    made = await seed_demo_staff(house.store, PASSWORD, settings, house.clock)
    await set_password(house.store, made[0].username, NEW_PASSWORD)
    again = await seed_demo_staff(house.store, PASSWORD, settings, house.clock)

    assert again == made == demo_accounts(settings)
    seats = [person.extension for person in made if person.extension]
    assert seats[:2] == ["1001", "1002"] and len(set(seats)) == len(seats)
    browser = house.browser()
    changed = {"username": made[0].username, "password": NEW_PASSWORD}
    assert (await browser.post("/api/session", changed)).status == 200
