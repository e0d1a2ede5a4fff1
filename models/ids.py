"""Identifiers that sort by time of making."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id() -> str:
    """A ULID in lower case: 26 letters, 48 bits of milliseconds and 80 of chance.

    Lower case because these ids also name Asterisk channels, bridges and recording folders.
    """
    value = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))
