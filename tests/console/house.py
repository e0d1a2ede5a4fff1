"""The people of the tests, and the parts a test may reach for."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp.test_utils import TestServer

from agent_console.accounts import NewStaff
from agent_console.live import LiveHub
from agent_console.services import CONSOLE, ConsoleServices
from models.clock import ManualClock
from models.store import Store
from models.vocabulary import Role
from tests.console.browser import Browser
from tests.console.stand_in_calls import StandInCalls

PASSWORD = "correct horse 12"

PEOPLE = (
    NewStaff(
        username="agent", name="李晓梅", roles=[Role.AGENT], department="D-HL", extension="1001"
    ),
    NewStaff(
        username="agent2", name="王志强", roles=[Role.AGENT], department="D-HL", extension="1002"
    ),
    NewStaff(username="leader", name="陈建国", roles=[Role.SHIFT_LEADER], department="D-HL"),
    NewStaff(username="dispatcher", name="周敏", roles=[Role.DISPATCHER], department="D-HL"),
    NewStaff(username="auditor", name="黄丽娟", roles=[Role.AUDITOR], department="D-HL"),
    NewStaff(username="follow_up", name="唐雅琴", roles=[Role.FOLLOW_UP], department="D-HL"),
    NewStaff(username="manager", name="罗文斌", roles=[Role.MANAGER], department="D-HL"),
    NewStaff(username="admin", name="何俊", roles=[Role.ADMIN], department="D-HL"),
    NewStaff(username="clerk", name="彭海波", roles=[Role.UNIT_CLERK], department="D-CG"),
    NewStaff(username="other_clerk", name="曾庆华", roles=[Role.UNIT_CLERK], department="D-ZJ"),
)


@dataclass(frozen=True, kw_only=True)
class House:
    """One running console."""

    services: ConsoleServices
    server: TestServer
    clock: ManualClock

    @property
    def store(self) -> Store:
        return self.services.store

    @property
    def calls(self) -> StandInCalls:
        control = self.services.call_control
        assert isinstance(control, StandInCalls)
        return control

    @property
    def live(self) -> LiveHub:
        return self.server.app[CONSOLE].live

    def browser(self) -> Browser:
        """A browser that nobody has signed in with yet."""
        return Browser(self.server)

    async def signed_in(self, username: str) -> Browser:
        """A browser in which this person has signed in."""
        browser = self.browser()
        answer = await browser.post("/api/session", {"username": username, "password": PASSWORD})
        assert answer.status == 200, answer.body
        return browser
