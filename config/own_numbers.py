"""Numbers of our own: the hotline's and those of the people we call on the citizens' behalf."""

from __future__ import annotations

from config.self_service import load_self_service
from config.settings import Settings


def own_numbers(settings: Settings) -> frozenset[str]:
    """As they are written in settings and rule files.

    :raises ConfigurationError: when a rule file is wrong.
    """
    telephony = settings.telephony
    return frozenset({
        telephony.hotline_number,
        *load_self_service(settings.rules).access_numbers,
    })  # fmt: skip
