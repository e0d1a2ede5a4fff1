"""The stage of the call floor's stories: one hotline, agents in real browsers, phones that ring."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from playwright.async_api import Browser, Locator, Page, expect
from sqlalchemy import func, select

from hotline.demo.client import RequestFailed
from hotline.simulation.rtp import Voice
from hotline.simulation.sip_agent import SipAgent
from hotline.simulation.sound import spoken_ulaw
from models.tables import Call, Recording, UtteranceRow
from models.vocabulary import Leg
from tests.support import sip_agent
from tests.support.browser import person, received
from tests.support.hotline import RunningHotline
from tests.support.sipp import Phone, calling, citizen

NUMBER = "13907341234"
WORDS = "你好，我要反映小区停水的问题，希望尽快处理。"

#: How long a rest may last, and how often a number may be called in a day, on this stage.
BREAK_SECONDS = 5
CALLS_A_DAY = 1

#: Of a page's sound, in Chromium's measure: half a second of somebody who speaks.
_A_VOICE = 0.001

#: Two seconds of G.711, or of what a browser makes of it.
_SOME_SOUND = 6_000


@dataclass(kw_only=True)
class Citizen:
    """Someone who calls: the phone, and the voice at it."""

    phone: Phone
    voice: Voice


@dataclass(kw_only=True)
class Stage:
    """What the stories of one module share."""

    hotline: RunningHotline
    browser: Browser

    @asynccontextmanager
    async def agent(
        self, username: str, page_of: str = "/desk", url: str = ""
    ) -> AsyncIterator[Page]:
        """Somebody at a browser, signed in to the own seat, telephone registered.

        :param url: another way to the hotline than the straight one.
        """
        try:
            async with person(
                self.browser, url or self.hotline.url, username, self.hotline.password
            ) as page:
                await page.goto(page_of)
                await page.get_by_test_id("agent-sign-in").click()
                await _registered(page)
                yield page
        finally:
            await self._sign_out(username)

    async def _sign_out(self, username: str) -> None:
        """Free the seat for the next story, however this one ended."""
        async with self.hotline.signed_in(username) as client, asyncio.timeout(15):
            while (await client.get("/api/agent"))["presence"]["state"] != "OFFLINE":
                with contextlib.suppress(RequestFailed):  # in a call that is just ending
                    await client.post("/api/agent/sign-out", {})
                await asyncio.sleep(0.2)

    @asynccontextmanager
    async def colleague(
        self, username: str = "moni1", seat: str = "1901"
    ) -> AsyncIterator[SipAgent]:
        """A scripted agent at a desk phone: signed in, 示忙, to be asked but given no calls."""
        async with (
            self.hotline.signed_in(username) as client,
            sip_agent.SipAgent.on_seat(self.hotline.asterisk, seat) as phone,
        ):
            await client.post("/api/agent/sign-in", {})
            yield phone
        await self._sign_out(username)

    @asynccontextmanager
    async def citizen(self, number: str = NUMBER) -> AsyncIterator[Citizen]:
        """Someone calls; hangs up at the end if still there."""
        async with (
            await Voice.open() as voice,
            calling(
                self.hotline.asterisk, number=number, media_port=voice.port, talks_for=240
            ) as phone,
        ):
            await phone.reaches("answered")
            yield Citizen(phone=phone, voice=voice)
            await phone.hang_up()

    @asynccontextmanager
    async def outsider(self) -> AsyncIterator[Citizen]:
        """Whoever is rung outside answers and speaks: an expert, 110, a citizen."""
        async with (
            await Voice.open() as voice,
            citizen(
                self.hotline.asterisk, media_port=voice.port, talks_for=240, rings_for=0.5
            ) as phone,
        ):
            voice.say(spoken_ulaw(WORDS))
            yield Citizen(phone=phone, voice=voice)

    @asynccontextmanager
    async def server_killed(self) -> AsyncIterator[None]:
        """The server dies without a word; at the end another one is there."""
        await self.hotline.kill()
        try:
            yield
        finally:
            await self.hotline.start()

    @contextmanager
    def exchange_frozen(self) -> Iterator[None]:
        """Asterisk does nothing; at the end it goes on where it was."""
        pid = self.hotline.asterisk.process.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    async def over(self, number: str, recordings: int) -> Call:
        """The only call of this number, when it has ended and its recordings are entered."""
        async with self.hotline.database() as store, asyncio.timeout(60):
            while True:
                async with store.read() as session:
                    (call,) = await session.scalars(
                        select(Call).where(Call.citizen_number == number)
                    )
                    files = select(func.count()).where(Recording.call_id == call.id)
                    entered = await session.scalar(files)
                if call.ended_at is not None and entered == recordings:
                    return call
                await asyncio.sleep(0.2)

    async def has_said(self, call_id: str, words: str) -> None:
        """The citizen's words, as recognition writes them."""
        said = UtteranceRow(
            id=f"{call_id}-said",
            call_id=call_id,
            leg=Leg.CALLER,
            start=0.0,
            end=4.0,
            text=words,
            raw=words,
            confidence=0.9,
            words=[],
        )
        async with self.hotline.database() as store, store.transaction() as work:
            work.session.add(said)

    @asynccontextmanager
    async def talk(self, page: Page, number: str = NUMBER) -> AsyncIterator[Citizen]:
        """A citizen's call that the agent at the page has answered."""
        await be_ready(page)
        async with self.citizen(number) as citizen:
            await expect(bar(page)).to_have_attribute("data-phase", "ringing")
            await page.get_by_test_id("answer").click()
            await in_state(page, "TALKING")
            yield citizen


async def _registered(page: Page) -> None:
    await expect(page.get_by_test_id("line-state")).to_have_attribute("data-line", "registered")


async def is_at(page: Page, state: str) -> None:
    """The agent at the page is shown in this state."""
    shown = page.get_by_test_id("agent-state")
    await expect(shown).to_have_attribute("data-state", state)


async def for_a_reason(page: Page, deed: str) -> None:
    """What a shift leader does, with the first of the usual reasons."""
    # Menus of other rows are there, too, and hidden.
    await page.locator(f"[data-testid={deed}]:visible").click()
    await page.get_by_test_id("reason-0").click()
    await page.get_by_test_id("do-reason").click()
    await expect(page.get_by_test_id("reason-dialog")).to_be_hidden()


async def hear_each_other(one: Voice, other: Voice) -> None:
    """Two phones, without any page between.

    :raises AssertionError: when one of them hears nothing.
    """
    for mouth, ear in ((one, other), (other, one)):
        ear.forget()
        mouth.say(spoken_ulaw(WORDS))
        assert await ear.hears(1.0, within=30), "they do not hear each other"


def bar(page: Page) -> Locator:
    """The call bar."""
    return page.get_by_test_id("call-bar")


async def be_ready(page: Page) -> None:
    """From whatever state to 示闲."""
    state = page.get_by_test_id("agent-state")
    if await state.get_attribute("data-state") == "WRAP_UP":
        await page.get_by_test_id("wrap-up-done").click()
    elif await state.get_attribute("data-state") != "READY":
        await page.get_by_test_id("go-ready").click()
    # Where somebody waits, the ring comes at once.
    await expect(state).to_have_attribute("data-state", re.compile("^(READY|RINGING)$"))


async def in_state(page: Page, code: str) -> None:
    """The call shows this state."""
    phase = page.get_by_test_id("call-phase")
    await expect(phase).to_have_attribute("data-state", code)


async def ask_in(page: Page, name: str, purpose: str = "consult", *, click: bool = False) -> None:
    """Look someone up in the telephone book, by keyboard or button, and ring."""
    if click:
        await page.get_by_test_id(purpose).click()
    else:
        await page.keyboard.press("F7" if purpose == "consult" else "F8")
    dialog = page.get_by_test_id("party-dialog")
    await expect(dialog).to_have_attribute("data-purpose", purpose)
    await page.get_by_test_id("party-search").fill(name)
    await expect(dialog.locator(".choice")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()


async def party(page: Page, state: str) -> None:
    """The other one is shown so."""
    shown = page.get_by_test_id("party")
    await expect(shown).to_have_attribute("data-state", state)


async def picks_up(phone: SipAgent) -> sip_agent.Ring:
    """The colleague answers the next ring and speaks."""
    ring = await phone.rung()
    phone.answer(ring)
    phone.voice.say(spoken_ulaw(WORDS))
    return ring


async def listens(page: Page, voice: Voice, within: float = 30.0) -> None:
    """The page receives new sound while ``voice`` speaks.

    :raises AssertionError: when it hears nothing.
    """
    before, energy_before = await received(page)
    voice.say(spoken_ulaw(WORDS))
    deadline = asyncio.get_running_loop().time() + within
    count, energy = before, energy_before
    while count < before + _SOME_SOUND or energy <= energy_before:
        assert asyncio.get_running_loop().time() < deadline, f"only {count - before} bytes"
        await asyncio.sleep(0.1)
        count, energy = await received(page)


async def hears_somebody(page: Page, within: float = 30.0) -> None:
    """The page receives a voice from now on, whosever it is.

    :raises AssertionError: when it does not.
    """
    _, before = await received(page)
    deadline = asyncio.get_running_loop().time() + within
    while (await received(page))[1] < before + _A_VOICE:
        assert asyncio.get_running_loop().time() < deadline, "the page hears nobody"
        await asyncio.sleep(0.1)


async def sound_flows(page: Page, voice: Voice, within: float = 30.0) -> None:
    """Both ways, from now on.

    :raises AssertionError: when one of them hears nothing.
    """
    voice.forget()
    await listens(page, voice, within)
    assert await voice.hears(0.6, within), "the page is not heard"
