"""The port for messages that leave the house by SMS or e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from models.vocabulary import MessageChannel


@dataclass(frozen=True, kw_only=True)
class GatewayMessage:
    """An SMS or e-mail. The same ``id`` again is the same message, sent twice."""

    id: str
    channel: MessageChannel
    address: str
    #: Of an e-mail.
    subject: str
    text: str


class MessageGateway(Protocol):
    """Takes messages: a carrier's SMS gateway, a mail server, a folder."""

    async def send(self, message: GatewayMessage) -> None:
        """Hand it over; whatever is raised, it is tried again later."""
        ...
