"""Practice phones: a citizen's telephone in a browser, to try the hotline out."""

from __future__ import annotations

from pydantic import BaseModel

from agent_console.practice_pass import give_pass
from agent_console.routing import Ask, Routes
from models.errors import NotFound
from models.ports import SeatAccount

routes = Routes("练习话机")


class PracticePhone(BaseModel):
    """A phone by the number it calls from."""

    number: str


class PracticeAccount(BaseModel):
    """What the page's phone needs."""

    account: SeatAccount
    sip_path: str
    hotline_number: str


@routes.route("GET", "/api/practice/phones", summary="练习话机列表", public=True)
async def list_practice_phones(ask: Ask) -> list[PracticePhone]:
    """Empty when practice phones are switched off."""
    return [PracticePhone(number=number) for number in _numbers(ask)]


@routes.route("POST", "/api/practice/phones/{number}", summary="使用练习话机", public=True)
async def use_practice_phone(ask: Ask, number: str) -> PracticeAccount:
    """The phone's SIP account, and a short pass for ``/sip``."""
    if number not in _numbers(ask):
        raise NotFound("没有这部练习话机", number=number)
    account = ask.console.calls.practice_phone(number)
    ask.on_response(lambda answer: give_pass(ask.request, answer))
    return PracticeAccount(
        account=account,
        sip_path="/sip",
        hotline_number=ask.console.services.settings.telephony.hotline_number,
    )


def _numbers(ask: Ask) -> list[str]:
    return ask.console.services.settings.telephony.practice_phones
