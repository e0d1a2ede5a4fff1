"""A house that tells: what the tests of notices and webhooks stand on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from aiohttp import web
from aiohttp.test_utils import TestServer

from config.notices import Contacts
from dispatch.notices.board import NoticeBoard
from dispatch.notices.book import NoticeBook
from dispatch.notices.digest import DigestDesk
from dispatch.notices.lights import LightWatch
from dispatch.notices.news import NewsDesk
from dispatch.notices.waiting import WaitingWatch
from dispatch.rules import Rules
from dispatch.webhooks.endpoints import WebhookDesk
from dispatch.webhooks.sender import WebhookSender
from models.clock import Clock
from models.store import Store

SENDER = "蒸湘区12345"
#: An installation's key of secrets.
KEY = "5e" * 32
SMS, MAIL = "13700000000", "chengguan@example.gov.cn"


def with_contacts(rules: Rules) -> Rules:
    """The shipped rules, and the addresses of one unit."""
    known = {"D-CG": Contacts(sms=(SMS,), email=(MAIL,))}
    return replace(rules, notices=rules.notices.model_copy(update={"contacts": known}))


@dataclass(frozen=True, kw_only=True)
class Telling:
    """Every part that tells."""

    store: Store
    news: NewsDesk
    book: NoticeBook
    digests: DigestDesk
    lights: LightWatch
    waiting: WaitingWatch
    webhooks: WebhookDesk
    sender: WebhookSender


def telling(store: Store, clock: Clock, rules: Rules) -> Telling:
    """Put together as the house does."""
    board = NoticeBoard(rules, SENDER)
    return Telling(
        store=store,
        news=NewsDesk(store, clock, rules, board),
        book=NoticeBook(store, clock),
        digests=DigestDesk(store, clock, rules, SENDER),
        lights=LightWatch(store, clock, rules, board),
        waiting=WaitingWatch(store, clock, rules, board),
        webhooks=WebhookDesk(store, clock, rules, KEY),
        sender=WebhookSender(store, clock, rules, KEY),
    )


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One request at the other side."""

    headers: dict[str, str]
    body: str


@dataclass
class Listener:
    """The other side. ``answers``: statuses to give in turn, then 204."""

    answers: Sequence[int] = ()
    heard: list[Heard] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.heard.append(Heard(headers=headers, body=await request.text()))
        past = len(self.heard)
        status = self.answers[past - 1] if past <= len(self.answers) else 204
        return web.Response(status=status, headers={"Location": "/elsewhere"})


@asynccontextmanager
async def listening(*answers: int) -> AsyncIterator[Listener]:
    """Another system's address for webhooks."""
    listener = Listener(answers=answers)
    app = web.Application()
    app.router.add_post("/hook", listener.take)
    server = TestServer(app)
    await server.start_server()
    listener.url = str(server.make_url("/hook"))
    yield listener
    await server.close()
