"""What every command stands on: settings, secrets, rules, database, bus, clock."""

from __future__ import annotations

from dataclasses import dataclass

from config.secrets import Secrets, load_or_create_secrets
from config.settings import Settings
from dispatch.rules import Rules, load_rules
from models.bus import Bus, InProcessBus
from models.clock import Clock, SystemClock
from models.redis_bus import RedisBus
from models.store import Store


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Built once per process by :func:`lay_ground`."""

    settings: Settings
    secrets: Secrets
    rules: Rules
    store: Store
    bus: Bus
    clock: Clock


def lay_ground(settings: Settings) -> Ground:
    """Build it. Nothing is started and nothing connected yet.

    :raises ConfigurationError: for a wrong setting or rule file.
    """
    clock = SystemClock()
    return Ground(
        settings=settings,
        secrets=load_or_create_secrets(settings),
        rules=load_rules(settings),
        store=Store(settings.effective_database_url, clock),
        bus=RedisBus(settings.redis_url) if settings.redis_url else InProcessBus(),
        clock=clock,
    )
