"""A stand-in for what an agent does with others in a call: keeps the states, rings nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from models.errors import InvalidInput, TransitionRefused
from models.ids import new_id
from models.ports import BookEntry, CallView, PartyChoice, PartyView, PhoneBookView
from models.vocabulary import CallState, PartyKind, TransferKind

EXPERT = BookEntry(code="rs-sb", name="社保咨询", number="07348800101", department="D-RS")
POLICE = BookEntry(code="110", name="公安报警", number="110")


class StandInDesk:
    """Others in a call, in memory. The other answers at once."""

    def __init__(
        self,
        own: Callable[[str, str], CallView],
        put: Callable[[CallView], None],
        now: Callable[[], datetime],
    ) -> None:
        self._own = own
        self._put = put
        self._now = now
        self.transfers: list[tuple[str, TransferKind, PartyChoice]] = []
        self.pressed: list[tuple[str, str]] = []

    def phone_book(self) -> PhoneBookView:
        return PhoneBookView(experts=(EXPERT,), emergency=(POLICE,))

    async def consult(self, call_id: str, agent_id: str, choice: PartyChoice) -> str:
        call = self._in_state(call_id, agent_id, CallState.TALKING)
        party = PartyView(
            party_id=new_id(),
            kind=PartyKind.EXPERT if choice.expert else PartyKind.EMERGENCY,
            name=EXPERT.name if choice.expert else POLICE.name,
            number="",
            state="joined",
            since=self._now(),
        )
        self._put(replace(call, state=CallState.CONSULTING, parties=(party,)))
        return party.party_id

    async def end_consultation(self, call_id: str, agent_id: str) -> None:
        call = self._in_state(call_id, agent_id, CallState.CONSULTING)
        self._put(replace(call, state=CallState.TALKING, parties=()))

    async def swap(self, call_id: str, agent_id: str) -> None:
        call = self._in_state(call_id, agent_id, CallState.CONSULTING)
        held = call.parties[0].state == "held"
        party = replace(call.parties[0], state="joined" if held else "held")
        self._put(replace(call, parties=(party,)))

    async def conference(self, call_id: str, agent_id: str) -> None:
        call = self._in_state(call_id, agent_id, CallState.CONSULTING)
        self._put(replace(call, state=CallState.CONFERENCE))

    async def leave_conference(self, call_id: str, agent_id: str) -> None:
        call = self._in_state(call_id, agent_id, CallState.CONFERENCE)
        self._put(replace(call, state=CallState.TALKING))

    async def drop_party(self, call_id: str, agent_id: str, party_id: str) -> None:
        call = self._own(call_id, agent_id)
        if party_id not in [one.party_id for one in call.parties]:
            raise InvalidInput("对方已不在通话中")
        self._put(replace(call, state=CallState.TALKING, parties=()))

    async def transfer(
        self, call_id: str, agent_id: str, kind: TransferKind, choice: PartyChoice
    ) -> None:
        self._own(call_id, agent_id)
        self.transfers.append((call_id, kind, choice))

    async def press_keys(self, call_id: str, agent_id: str, digits: str) -> None:
        self._own(call_id, agent_id)
        self.pressed.append((call_id, digits))

    def _in_state(self, call_id: str, agent_id: str, state: CallState) -> CallView:
        call = self._own(call_id, agent_id)
        if call.state is not state:
            raise TransitionRefused(f"通话当前为“{call.state.label}”", state=call.state)
        return call
