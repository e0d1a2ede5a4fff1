"""A real Chromium, with a microphone that plays a file."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    async_playwright,
    expect,
)

from tests.support.cable import Cable

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

#: An address of the documentation range: on a machine that has only the loopback interface, ICE
#: finds no candidate it may use.
_ADDRESS = "192.0.2.123/32"

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
]

#: What a page must never write to the browser's console.
_FAULTS = ("Content Security Policy", "status of 404")

#: How long a page may take to show what a test expects. Playwright's own five seconds are about the
#: page; ours also has a server behind it, all on a machine that others may be using.
expect.set_options(timeout=30_000)

#: Keeps every peer connection, so that a test can ask what it has received.
_WATCH_CONNECTIONS = """
window.peerConnections = [];
const Original = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Original {
  constructor(...args) { super(...args); window.peerConnections.push(this); }
};
"""

_RECEIVED = """
async () => {
  let bytes = 0, energy = 0;
  for (const connection of window.peerConnections) {
    for (const report of (await connection.getStats()).values()) {
      if (report.type === 'inbound-rtp' && report.kind === 'audio') {
        bytes += report.bytesReceived;
        energy += report.totalAudioEnergy || 0;
      }
    }
  }
  return [bytes, energy];
}
"""


@asynccontextmanager
async def chromium(microphone: Path) -> AsyncIterator[Browser]:
    """A browser whose microphone hears the WAV file again and again."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: make test installs it"
    _give_the_machine_an_address()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program,
            args=[*_ARGUMENTS, f"--use-file-for-fake-audio-capture={microphone}"],
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def person(
    browser: Browser, url: str, username: str = "", password: str = ""
) -> AsyncIterator[Page]:
    """Someone at a browser of their own; signed in when a name is given.

    Anything the content security policy refuses, any address that is not there, and any error of
    the page fails the test.
    """
    context = await browser.new_context(base_url=url, viewport=DESK, locale="zh-CN")
    complaints = _listen(context)
    try:
        await context.add_init_script(_WATCH_CONNECTIONS)
        page = await context.new_page()
        if username:
            await _sign_in(page, username, password)
        yield page
    finally:
        # Also after a failure: a page that stays open keeps its telephone, and the next test's
        # calls would ring there.
        await context.close()
    assert not complaints, complaints


async def _sign_in(page: Page, username: str, password: str) -> None:
    await page.goto("/login")
    await page.get_by_test_id("login-username").fill(username)
    await page.get_by_test_id("login-password").fill(password)
    await page.get_by_test_id("login-submit").click()
    await page.get_by_test_id("me").wait_for()


async def received(page: Page) -> tuple[int, float]:
    """Bytes of sound that the page has received, and their energy (0: silence)."""
    count, energy = await page.evaluate(_RECEIVED)
    return count, energy


async def hears(page: Page, wanted: int, within: float = 30.0) -> None:
    """Wait until the page has received so many bytes of sound that is not silence.

    :raises AssertionError: when it does not.
    """
    count, energy = await received(page)
    deadline = time.monotonic() + within
    while count < wanted or not energy:
        assert time.monotonic() < deadline, f"only {count} bytes, energy {energy}"
        await asyncio.sleep(0.1)
        count, energy = await received(page)


@asynccontextmanager
async def cut_off(page: Page, cable: Cable) -> AsyncIterator[None]:
    """The page has no way to the hotline: no new request, and every open connection broke off.

    Sound has a way of its own, which this does not reach.
    """
    cable.pull()
    await page.context.set_offline(True)
    yield
    cable.put_in()
    await page.context.set_offline(False)


def _listen(context: BrowserContext) -> list[str]:
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if any(words in message.text for words in _FAULTS):
            complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def on_page(page: Page) -> None:
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", on_console)

    context.on("page", on_page)
    return complaints


def _give_the_machine_an_address() -> None:
    listed = subprocess.run(["ip", "-4", "-o", "addr"], capture_output=True, text=True, check=True)
    if all(" lo " in line and " 127." in line for line in listed.stdout.splitlines()):
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        subprocess.run([*sudo, "ip", "addr", "add", _ADDRESS, "dev", "lo"], check=True)
