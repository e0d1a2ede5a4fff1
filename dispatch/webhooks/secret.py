"""Secrets of webhook addresses, and signing with them (Standard Webhooks, ``v1``).

A secret is derived from the installation's key: the database holds none, and whoever reads it can
forge nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from standardwebhooks import Webhook

from models.tables.notices import WebhookEndpoint

#: How long the secret before signs, too, so that the other side can change over in peace.
OVERLAP = timedelta(hours=24)


def secret_of(key: str, endpoint_id: str, generation: int) -> str:
    """The secret of an address, as its owner is told it: ``whsec_…``, 32 bytes."""
    what = f"webhook:{endpoint_id}:{generation}".encode()
    raw = hmac.new(bytes.fromhex(key), what, hashlib.sha256).digest()
    return "whsec_" + base64.b64encode(raw).decode()


def headers_of(
    key: str, endpoint: WebhookEndpoint, message_id: str, now: datetime, body: str
) -> dict[str, str]:
    """The three headers of the standard."""
    generations = [endpoint.generation]
    if endpoint.generation > 1 and now - endpoint.renewed_at < OVERLAP:
        generations.append(endpoint.generation - 1)
    secrets = [secret_of(key, endpoint.id, generation) for generation in generations]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(one).sign(message_id, now, body) for one in secrets),
    }
