"""What an agent asks to be done with a call in hand; the console's way to a call's steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from config.phone_book import PhoneBook
from models.errors import NotFound, TelephonyUnavailable, TransitionRefused
from models.ports import BookEntry, PartyChoice, PhoneBookView
from models.vocabulary import CallDirection, TransferKind
from telephony.consultation import Consultation
from telephony.conversation import Conversation
from telephony.directory import Directory
from telephony.exchange import Exchange
from telephony.outbound import OutboundCall
from telephony.steps import Step

#: The call of an id; raises as :class:`models.ports.CallControl` says.
NeedCall = Callable[[str], Awaitable[Conversation]]


class AgentDesk:
    """Implements :class:`models.ports.CallDesk`."""

    def __init__(
        self,
        exchange: Exchange,
        directory: Directory,
        need_call: NeedCall,
        online: Callable[[], bool],
    ) -> None:
        self._exchange = exchange
        self._directory = directory
        self._need_call = need_call
        self._online = online

    def phone_book(self) -> PhoneBookView:
        """See :meth:`models.ports.CallDesk.phone_book`."""
        return _public(self._directory.book)

    # --- the call itself ------------------------------------------------------------------------

    async def hang_up(self, call_id: str, agent_id: str, survey: bool = True) -> None:
        """Of the call's own agent: the end. Of a colleague in it: only the colleague leaves."""
        session = await self._need_call(call_id)
        party = session.party_lines.of_agent(agent_id)
        if party is not None and not _is_own(session, agent_id):
            await self._ask(session, lambda: session.consultation.withdraw(party))
            return
        self._need_own(session, agent_id)
        try:
            await self._ask(session, lambda: session.hang_up(survey=survey))
        except TransitionRefused:
            if not session.closing:  # else both hung up at the same moment
                raise

    async def hold(self, call_id: str, agent_id: str) -> None:
        """See :meth:`models.ports.CallControl.hold`."""
        session = await self._own(call_id, agent_id)
        await self._ask(session, session.hold)

    async def resume(self, call_id: str, agent_id: str) -> None:
        """See :meth:`models.ports.CallControl.resume`."""
        session = await self._own(call_id, agent_id)
        await self._ask(session, session.resume)

    async def call_out(
        self,
        agent_id: str,
        number: str,
        order_id: str | None,
        callback_id: str | None,
        *,
        reserved: str = "",
    ) -> str:
        """See :meth:`models.ports.CallControl.call_out`. ``reserved``: what the agent has been
        reserved for until this call is made.
        """
        endpoint = self._directory.way_to(number)
        self._need_exchange()
        self._exchange.board.need(agent_id)
        await self._directory.need_allowance(agent_id, number)
        agent = self._exchange.board.need(agent_id)
        session = OutboundCall.to(
            self._exchange, agent, number, endpoint, order_id, callback_id, reserved
        )
        self._exchange.remember(session)
        session.start(session.begin)
        return session.call.id

    async def press_keys(self, call_id: str, agent_id: str, digits: str) -> None:
        """See :meth:`models.ports.CallDesk.press_keys`."""
        session = await self._own(call_id, agent_id)
        await self._ask(session, lambda: session.consultation.press(digits))

    # --- others ---------------------------------------------------------------------------------

    async def consult(self, call_id: str, agent_id: str, choice: PartyChoice) -> str:
        """See :meth:`models.ports.CallDesk.consult`."""
        session = await self._own(call_id, agent_id)
        target = await self._directory.allowed_target(choice, agent_id)
        await self._ask(session, lambda: session.consultation.consult(target))
        return target.party_id

    async def end_consultation(self, call_id: str, agent_id: str) -> None:
        """See :meth:`models.ports.CallDesk.end_consultation`."""
        await self._with(call_id, agent_id, Consultation.end)

    async def swap(self, call_id: str, agent_id: str) -> None:
        """See :meth:`models.ports.CallDesk.swap`."""
        await self._with(call_id, agent_id, Consultation.swap)

    async def conference(self, call_id: str, agent_id: str) -> None:
        """See :meth:`models.ports.CallDesk.conference`."""
        await self._with(call_id, agent_id, Consultation.conference)

    async def leave_conference(self, call_id: str, agent_id: str) -> None:
        """See :meth:`models.ports.CallDesk.leave_conference`."""
        await self._with(call_id, agent_id, Consultation.leave)

    async def drop_party(self, call_id: str, agent_id: str, party_id: str) -> None:
        """See :meth:`models.ports.CallDesk.drop_party`."""
        session = await self._own(call_id, agent_id)
        await self._ask(session, lambda: session.consultation.drop(party_id))

    async def transfer(
        self, call_id: str, agent_id: str, kind: TransferKind, choice: PartyChoice
    ) -> None:
        """See :meth:`models.ports.CallDesk.transfer`."""
        session = await self._own(call_id, agent_id)
        if kind is TransferKind.ATTENDED:
            await self._ask(session, session.consultation.complete)
        elif choice.queue:
            await self._to_queue(session, choice.queue)
        else:
            target = await self._directory.allowed_target(choice, agent_id)
            await self._ask(session, lambda: session.consultation.transfer(target))

    async def _to_queue(self, session: Conversation, queue: str) -> None:
        if session.call.direction is not CallDirection.INBOUND:
            raise TransitionRefused("外呼不能转到队列", state=session.call.state)
        if queue not in self._exchange.queues.queues:
            raise NotFound("没有这个队列", queue=queue)
        await self._ask(session, lambda: session.consultation.transfer_to_line(queue))

    # --- inside ---------------------------------------------------------------------------------

    async def _with(
        self, call_id: str, agent_id: str, deed: Callable[[Consultation], Awaitable[None]]
    ) -> None:
        session = await self._own(call_id, agent_id)
        await self._ask(session, lambda: deed(session.consultation))

    async def _ask(self, session: Conversation, step: Step) -> None:
        self._need_exchange()
        await session.ask(step)

    async def _own(self, call_id: str, agent_id: str) -> Conversation:
        session = await self._need_call(call_id)
        self._need_own(session, agent_id)
        return session

    def _need_own(self, session: Conversation, agent_id: str) -> None:
        self._need_exchange()
        if not _is_own(session, agent_id):
            raise TransitionRefused("这不是您正在处理的通话", state=session.call.state)

    def _need_exchange(self) -> None:
        if not self._online():
            raise TelephonyUnavailable("电话交换机没有应答，请稍后再试")


def _is_own(session: Conversation, agent_id: str) -> bool:
    return session.agent is not None and session.agent.agent_id == agent_id


def _public(book: PhoneBook) -> PhoneBookView:
    return PhoneBookView(
        experts=tuple(
            BookEntry(code=one.code, name=one.name, number=one.number, department=one.department)
            for one in book.experts
        ),
        emergency=tuple(
            BookEntry(code=one.code, name=one.name, number=one.number) for one in book.emergency
        ),
    )
