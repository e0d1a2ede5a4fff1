"""Others in a call: consult, swap, three-way, hand on, keys; and a call's own history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator
from sqlalchemy import select

from agent_console.call_queries import names_of, visible_call
from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from models.phone_numbers import normal_number
from models.ports import BookEntry, PartyChoice, Presence
from models.tables import CallEventRow
from models.vocabulary import AgentState, CallEventKind, TransferKind

routes = Routes("通话中的第三方")

_CHOICES = ("agent_id", "expert", "emergency", "number")


def _plain(value: object) -> object:
    return normal_number(value) if isinstance(value, str) else value


#: Typed in any dress, ``+86 139 0000 0000`` or ``0734-8123456``; what is dialled has one form.
_Number = Annotated[str, BeforeValidator(_plain), Field(pattern=r"^\+?[0-9]{3,20}$")]


class Colleague(BaseModel):
    """Another agent, who may be asked when not in a call."""

    agent_id: str
    name: str
    extension: str
    state: AgentState
    groups: list[str]


class PhoneBook(BaseModel):
    """Whom one may fetch into a call."""

    colleagues: list[Colleague]
    experts: list[BookEntry]
    emergency: list[BookEntry]


class Whom(Body):
    """Exactly one of them."""

    agent_id: str | None = Field(None, max_length=26, title="同事")
    expert: str | None = Field(None, max_length=32, title="部门专家")
    emergency: str | None = Field(None, max_length=32, title="紧急号码")
    number: _Number | None = Field(None, title="号码")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(getattr(self, name) is not None for name in _CHOICES) != 1:
            raise ValueError("请选择一位同事、一位部门专家、一个紧急号码或填写一个号码")
        return self

    def choice(self) -> PartyChoice:
        """As telephony takes it."""
        return PartyChoice(**{name: getattr(self, name) for name in _CHOICES})


class Transfer(Body):
    """BLIND to exactly one of them; ATTENDED to the one who is consulted."""

    kind: TransferKind = Field(title="转接方式")
    agent_id: str | None = Field(None, max_length=26, title="同事")
    queue: str | None = Field(None, max_length=32, title="队列")
    expert: str | None = Field(None, max_length=32, title="部门专家")
    emergency: str | None = Field(None, max_length=32, title="紧急号码")
    number: _Number | None = Field(None, title="号码")

    @model_validator(mode="after")
    def _one(self) -> Self:
        chosen = sum(getattr(self, name) is not None for name in (*_CHOICES, "queue"))
        if chosen != (1 if self.kind is TransferKind.BLIND else 0):
            raise ValueError("直接转接请选择一个对象；咨询后转接的对象就是正在咨询的一方")
        return self

    def choice(self) -> PartyChoice:
        """As telephony takes it."""
        return PartyChoice(**{name: getattr(self, name) for name in (*_CHOICES, "queue")})


class Keys(Body):
    """What to press."""

    digits: str = Field(pattern=r"^[0-9*#A-D]{1,32}$", title="按键")


class PartyRung(BaseModel):
    """Who is being rung."""

    party_id: str


class CallEventView(BaseModel):
    """One line of a call's history."""

    at: datetime
    kind: CallEventKind
    kind_label: str
    #: Staff id, ``citizen`` or ``system``.
    actor: str
    actor_name: str
    reason: str
    detail: dict[str, Any]


@routes.route("GET", "/api/phone-book", summary="电话簿", permission="call.seat")
async def get_phone_book(ask: Ask) -> PhoneBook:
    """Colleagues who are signed in, experts of departments, emergency services."""
    calls = ask.console.calls
    book = calls.desk.phone_book()
    agents = [one for one in calls.floor().agents if _is_colleague(one, ask.person.staff_id)]
    return PhoneBook(
        colleagues=[_colleague(one) for one in agents],
        experts=list(book.experts),
        emergency=list(book.emergency),
    )


def _is_colleague(agent: Presence, me: str) -> bool:
    return agent.agent_id != me and agent.state is not AgentState.OFFLINE


def _colleague(agent: Presence) -> Colleague:
    return Colleague(
        agent_id=agent.agent_id,
        name=agent.agent_name,
        extension=agent.extension,
        state=agent.state,
        groups=list(getattr(agent, "groups", ())),
    )


@routes.route("POST", "/api/calls/{call_id}/consult", summary="咨询", permission="call.seat")
async def consult(ask: Ask, call_id: str, body: Whom) -> PartyRung:
    """The citizen hears music, the agent talks with the other."""
    if body.number:
        ask.person.require("call.dial")
    desk, me = ask.console.calls.desk, ask.person.staff_id
    return PartyRung(party_id=await desk.consult(call_id, me, body.choice()))


@routes.route(
    "POST", "/api/calls/{call_id}/consult/end", summary="结束咨询", permission="call.seat"
)
async def end_consultation(ask: Ask, call_id: str) -> None:
    """Back to the citizen; the other leaves."""
    await ask.console.calls.desk.end_consultation(call_id, ask.person.staff_id)


@routes.route(
    "POST", "/api/calls/{call_id}/consult/swap", summary="切换通话对象", permission="call.seat"
)
async def swap(ask: Ask, call_id: str) -> None:
    """Talk with the one who hears music; the other hears it now."""
    await ask.console.calls.desk.swap(call_id, ask.person.staff_id)


@routes.route("POST", "/api/calls/{call_id}/conference", summary="三方通话", permission="call.seat")
async def conference(ask: Ask, call_id: str) -> None:
    """All three together."""
    await ask.console.calls.desk.conference(call_id, ask.person.staff_id)


@routes.route(
    "POST", "/api/calls/{call_id}/conference/leave", summary="离开三方通话", permission="call.seat"
)
async def leave_conference(ask: Ask, call_id: str) -> None:
    """Citizen and party go on; a colleague has the call then."""
    await ask.console.calls.desk.leave_conference(call_id, ask.person.staff_id)


@routes.route(
    "POST",
    "/api/calls/{call_id}/parties/{party_id}/drop",
    summary="请出第三方",
    permission="call.seat",
)
async def drop_party(ask: Ask, call_id: str, party_id: str) -> None:
    """Hang up on the party."""
    await ask.console.calls.desk.drop_party(call_id, ask.person.staff_id, party_id)


@routes.route("POST", "/api/calls/{call_id}/transfer", summary="转接", permission="call.seat")
async def transfer(ask: Ask, call_id: str, body: Transfer) -> None:
    """Blind to whom is chosen, or attended to the one who is consulted."""
    if body.number:
        ask.person.require("call.dial")
    desk, me = ask.console.calls.desk, ask.person.staff_id
    await desk.transfer(call_id, me, body.kind, body.choice())


@routes.route("POST", "/api/calls/{call_id}/keys", summary="发送按键", permission="call.seat")
async def press_keys(ask: Ask, call_id: str, body: Keys) -> None:
    """To whom the agent talks with: the party's menu, or the citizen's line."""
    await ask.console.calls.desk.press_keys(call_id, ask.person.staff_id, body.digits)


@routes.route(
    "GET", "/api/calls/{call_id}/events", summary="通话经过", permission="call.transcript"
)
async def list_call_events(ask: Ask, call_id: str) -> list[CallEventView]:
    """Who did what when, and why. That somebody listened is for those who may."""
    hidden = () if ask.person.may("floor.supervise") else (CallEventKind.LISTENED,)
    async with ask.console.store.read() as session:
        await visible_call(session, call_id, ask.person)
        query = (
            select(CallEventRow)
            .where(CallEventRow.call_id == call_id, CallEventRow.kind.not_in(hidden))
            .order_by(CallEventRow.at, CallEventRow.id)
        )
        rows = list(await session.scalars(query))
        # Who had gone when something of theirs was done is written down without the name.
        names = await names_of(session, [row.actor for row in rows if not row.actor_name])
        return [
            CallEventView(
                at=row.at,
                kind=row.kind,
                kind_label=row.kind.label,
                actor=row.actor,
                actor_name=row.actor_name or names.get(row.actor, ""),
                reason=row.reason,
                detail=row.detail,
            )
            for row in rows
        ]
