"""Sending the messages: through the gateway, until it takes them."""

from __future__ import annotations

import structlog

from dispatch.notices.pending import due_ids, settle, take
from dispatch.rules import Rules
from models.clock import Clock
from models.gateway import GatewayMessage, MessageGateway
from models.store import Store
from models.tables.notices import OutgoingMessage

log = structlog.get_logger(__name__)

BATCH = 50


class PostOffice:
    """Hands messages over. Sent twice (the process died in between) they carry the same id."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, gateway: MessageGateway) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._gateway = gateway

    async def send_due(self) -> int:
        """Send what is due; returns how many the gateway took."""
        sent = 0
        while ids := await due_ids(self._store, self._clock, OutgoingMessage, BATCH):
            taken = await take(self._store, self._clock, OutgoingMessage, ids)
            sent += sum([await self._send(message) for message in taken])
            if not taken:  # all in the hands of other processes
                break
        return sent

    async def _send(self, message: OutgoingMessage) -> bool:
        error = await self._hand_over(message)
        async with self._store.transaction() as work:
            row = await work.session.get_one(OutgoingMessage, message.id)
            settle(row, self._clock.now(), self._rules.notices.sending, error, final=False)
        return not error

    async def _hand_over(self, message: OutgoingMessage) -> str:
        """What went wrong; empty: nothing."""
        try:
            await self._gateway.send(
                GatewayMessage(
                    id=message.id,
                    channel=message.channel,
                    address=message.address,
                    subject=message.subject,
                    text=message.text,
                )
            )
        except Exception as error:  # whatever a gateway may meet with
            log.warning("message.failed", message_id=message.id, error=repr(error))
            return repr(error)
        return ""
