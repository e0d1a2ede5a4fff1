"""Telling others what happens to orders: started with the house, stopped with it."""

from __future__ import annotations

from contextlib import AsyncExitStack

from dispatch.floor.duties import Duty, FloorDuties
from dispatch.notices.board import NoticeBoard
from dispatch.notices.digest import DigestDesk
from dispatch.notices.file_gateway import FileGateway
from dispatch.notices.lights import LightWatch
from dispatch.notices.news import NewsDesk
from dispatch.notices.post_office import PostOffice
from dispatch.notices.waiting import WaitingWatch
from dispatch.platform.comparing import DailyComparison
from dispatch.webhooks.endpoints import WebhookDesk
from dispatch.webhooks.sender import WebhookSender
from hotline.ground import Ground
from models.gateway import MessageGateway

#: Seconds between two looks, by how soon people notice.
SOON, NOW_AND_THEN, HOURLY = 1.0, 60.0, 3600.0


def signature(ground: Ground) -> str:
    """Who signs messages."""
    settings = ground.settings
    return f"{settings.area_name}{settings.telephony.hotline_number}"


def duties_of(ground: Ground, gateway: MessageGateway) -> list[tuple[float, list[Duty]]]:
    """What is done how often. What may take long stands by itself."""
    store, clock, rules = ground.store, ground.clock, ground.rules
    key, sender = ground.secrets.webhook_key, signature(ground)
    board = NoticeBoard(rules, sender)
    return [
        (SOON, [NewsDesk(store, clock, rules, board).tell]),
        (SOON, [WebhookSender(store, clock, rules, key).send_due]),
        (SOON, [PostOffice(store, clock, rules, gateway).send_due]),
        (
            NOW_AND_THEN,
            [
                LightWatch(store, clock, rules, board).look,
                WaitingWatch(store, clock, rules, board).look,
                DigestDesk(store, clock, rules, sender).look,
            ],
        ),
        (
            HOURLY,
            [
                WebhookDesk(store, clock, rules, key).forget_old,
                DailyComparison(store, clock, rules).look,
            ],
        ),
    ]


async def start_telling(
    ground: Ground, stack: AsyncExitStack, gateway: MessageGateway | None = None
) -> None:
    """Begin. ``gateway`` None: messages become files."""
    through = gateway or FileGateway(ground.settings.messages_dir)
    for seconds, duties in duties_of(ground, through):
        running = FloorDuties(duties, every_seconds=seconds)
        await running.start()
        stack.push_async_callback(running.stop)
