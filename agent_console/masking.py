"""Hiding what a person has no business to read. Done here, never in the browser."""

from __future__ import annotations

MASK = "****"
CONFIDENTIAL = "保密"


def mask_number(number: str) -> str:
    """A telephone number of which only the ends are told: 138****1234."""
    if not number:
        return ""
    if len(number) >= 11:
        return number[:3] + MASK + number[-4:]
    if len(number) >= 7:
        return number[:2] + MASK + number[-2:]
    return MASK


def mask_name(name: str) -> str:
    """A name of which only the first character is told: 张**."""
    return name[:1] + "*" * max(1, len(name) - 1) if name else ""
