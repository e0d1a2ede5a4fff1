"""Which phones our own Asterisk knows: the agents' seats and the practice citizens' phones."""

from __future__ import annotations

import re

from config.settings import TelephonySettings

_FIRST_SEAT = 1001
_FIRST_DESK_PHONE = 1901


def seat_names(telephony: TelephonySettings) -> list[str]:
    """The SIP accounts of the agents' seats: ``1001``, ``1002`` …"""
    return [str(_FIRST_SEAT + index) for index in range(telephony.seats)]


def desk_phone_names(telephony: TelephonySettings) -> list[str]:
    """The SIP accounts of the desk phones: ``1901``, ``1902`` …"""
    return [str(_FIRST_DESK_PHONE + index) for index in range(telephony.desk_phones)]


def practice_phone_numbers(telephony: TelephonySettings) -> dict[str, str]:
    """Account name → caller number of the practice citizens' phones: ``citizen1`` …"""
    return {
        f"citizen{index}": number for index, number in enumerate(telephony.practice_phones, start=1)
    }


def may_be_rung(telephony: TelephonySettings, number: str) -> bool:
    """Whether the hotline may dial a citizen's number: a practice phone's, or one that the settings
    allow.
    """
    allowed = re.fullmatch(telephony.outbound_numbers, number) is not None
    return allowed or number in telephony.practice_phones
