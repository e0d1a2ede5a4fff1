"""Tries to reach a citizen for the follow-up: which of them count, and when they suffice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dispatch.rules import Rules


def counted(moments: Sequence[datetime], rules: Rules) -> list[datetime]:
    """Of failed tries those that lie far enough from the one before that counts."""
    apart = timedelta(minutes=rules.handling.follow_up.minutes_apart)
    found: list[datetime] = []
    for moment in sorted(moments):
        if not found or moment - found[-1] >= apart:
            found.append(moment)
    return found


def counts_from(moments: Sequence[datetime], rules: Rules) -> datetime | None:
    """Since when one more try would count; None: at once."""
    earlier = counted(moments, rules)
    apart = timedelta(minutes=rules.handling.follow_up.minutes_apart)
    return earlier[-1] + apart if earlier else None


def tried_enough(moments: Sequence[datetime], rules: Rules) -> bool:
    """Whether failed tries at these times suffice to stop trying: so many, at different hours, in
    different parts of the day."""
    rule, tries = rules.service_levels.follow_up, counted(moments, rules)
    parts = {rule.part_of(rules.counter.local(moment).time()).name for moment in tries}
    return len(tries) >= rule.attempts and len(parts) >= rule.bands
