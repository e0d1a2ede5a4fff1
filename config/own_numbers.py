"""Numbers of our own: the hotline's, and those of the people it calls on the citizens' behalf."""

from __future__ import annotations

from config.phone_book import load_phone_book
from config.queues import load_queues
from config.self_service import load_self_service
from config.settings import Settings


def own_numbers(settings: Settings) -> frozenset[str]:
    """As they are written in settings and rule files.

    :raises ConfigurationError: when a rule file is wrong.
    """
    rules = settings.rules
    book = load_phone_book(rules)
    return frozenset({
        settings.telephony.hotline_number,
        *(row.number for row in load_queues(rules).access_numbers),
        *load_self_service(rules).access_numbers,
        *(one.number for one in (*book.emergency, *book.experts)),
    })  # fmt: skip
