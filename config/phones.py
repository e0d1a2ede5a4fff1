"""Which phones our own Asterisk knows: the agents' seats and the practice citizens' phones."""

from __future__ import annotations

import re

from config.settings import TelephonySettings
from models.phone_numbers import WITHHELD, normal_number, whole_number

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


def why_not_rung(telephony: TelephonySettings, number: str) -> str:
    """Why the hotline may not dial a citizen's number, in words; empty: it may."""
    plain = normal_number(number)
    if plain == WITHHELD:
        return "来电人未显示号码"
    if may_be_rung(telephony, plain):
        return ""
    if plain.startswith("+") and not plain.startswith("+86"):
        return "境外号码不在允许外呼的范围内"
    if re.fullmatch(r"[48]00\d{7}", plain):
        return "400、800 号码不在允许外呼的范围内"
    if plain.startswith("+") or not whole_number(plain):
        return "号码是短号或不完整"
    return "该号码不在允许外呼的范围内"
