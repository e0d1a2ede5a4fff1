"""Progress and urging by key. A caller from the line keeps the place, and an agent who becomes free
gets the caller at once; whoever does not get on, presses nothing or presses 0 goes back to people.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog

from models.events import CallStateChanged
from models.progress import OrderProgress, ProgressDesk
from models.vocabulary import CallEventKind, CallState, ContactOutcome
from telephony.ari.tidy import tidily
from telephony.player import Player

if TYPE_CHECKING:
    from telephony.front_desk import FrontParts
    from telephony.inbound import InboundCall

log = structlog.get_logger(__name__)
T = TypeVar("T")

_HUMAN, _URGE, _BY_CODE, _NEXT, _AGAIN = "0", "1", "2", "#", "*"
_ORDER_NO_DIGITS, _CODE_DIGITS = 19, 6
#: A lookup that takes longer is announced, and one that takes much longer given up.
_LOOKING_SECONDS, _PATIENCE_SECONDS = 0.7, 5.0
#: Noted when a caller has heard of an order: who hangs up then has been served.
TOLD = "播报工单进度"
#: Said so often to one who presses nothing.
_ASKED = 2


class _Stage(Enum):
    OFF = auto()
    #: Something is looked up; keys wait for its end.
    LOOKING = auto()
    #: An order is told, and what may be done with it.
    MENU = auto()
    ORDER_NO = auto()
    CODE = auto()


class SelfService:
    """One caller's. Its steps run in the call's own queue of steps."""

    def __init__(self, session: InboundCall, parts: FrontParts) -> None:
        self._session = session
        self._parts = parts
        self._rules = parts.self_service
        self._player = Player(session, "progress")
        self._stage = _Stage.OFF
        self._from_line = False
        self._orders: list[OrderProgress] = []
        self._at = 0
        self._digits = ""
        self._order_no = ""
        self._wrong = 0
        self._asked = 0
        self._asking: asyncio.Task[None] | None = None
        #: An urge that is being written down: never cut off.
        self._urging: asyncio.Task[str] | None = None
        #: The last entry was taken as it had all its digits: a ``#`` after it says nothing new.
        self._taken = False
        #: The caller has heard of an order.
        self.served = False

    @property
    def active(self) -> bool:
        """Whether the caller is here now."""
        return self._stage is not _Stage.OFF

    # --- coming and going -----------------------------------------------------------------------

    async def begin(self, *, from_line: bool) -> None:
        """Look for orders of the calling number first. ``from_line``: the place is kept."""
        session = self._session
        self._from_line, self._wrong, self._asked, self._at = from_line, 0, 0, 0
        if from_line:
            await self._leave_music()
        session.enter(CallState.SELF_SERVICE)
        session.save(CallStateChanged(**session.facts, state=CallState.SELF_SERVICE))
        self._note("进入工单进度自助查询")
        number = session.call.citizen_number
        await self._look_up(lambda desk: desk.of_number(number), self._found_by_number)

    async def step_aside(self) -> None:
        """An agent is free: politely to an end; music follows until the answer."""
        if not self.active and not self._player.busy:
            return
        self._stop("坐席空闲，结束自助查询")
        media = self._session.exchange.sounds.uri("progress_agent_free")
        await self._player.play(media, then=self._session.play_music)

    async def over(self) -> None:
        """An agent has answered: nothing of ours is heard any more."""
        await self._player.stop()

    async def on_playback_finished(self, playback_id: str) -> bool:
        """Whether it was a sound of ours."""
        return await self._player.on_playback_finished(playback_id)

    async def to_people(self, prompt: str = "progress_to_people") -> None:
        """Into the line, or back to the place in it."""
        if self.active:
            self._stop("返回人工服务")
            media = self._session.exchange.sounds.uri(prompt)
            await self._player.play(media, then=self._in_line)

    async def _in_line(self) -> None:
        session = self._session
        if session.call.state is not CallState.SELF_SERVICE:
            return
        if not self._from_line:
            await session.queue()
            return
        session.enter(CallState.QUEUED)
        session.save(CallStateChanged(**session.facts, state=CallState.QUEUED))
        session.waiting.begin(again=True)
        await tidily(session.play_music())

    async def _leave_music(self) -> None:
        """The place stays; what is heard while waiting does not."""
        session = self._session
        session.waiting.over()
        await session.waiting.step_aside()
        await tidily(session.exchange.ari.channels.stop_moh(session.call.citizen_channel))

    def ending(self) -> tuple[ContactOutcome, str]:
        """How the contact of one who hangs up here has ended."""
        if self.served:
            return ContactOutcome.SELF_SERVED, "市民自助查询后挂断"
        if self._from_line:
            return ContactOutcome.ABANDONED_QUEUE, "市民在排队中自助查询时挂断，未查到工单"
        return ContactOutcome.ABANDONED_GREETING, "市民在自助查询中挂断，未查到工单"

    def _stop(self, why: str) -> None:
        self._stage, self._digits = _Stage.OFF, ""
        for timer in ("progress", "looking"):
            self._session.cancel_timer(timer)
        if self._asking is not None:
            self._asking.cancel()
        self._note(why)

    # --- keys -----------------------------------------------------------------------------------

    async def on_key(self, digit: str) -> None:
        """A key cuts off whatever is being said. While something is looked up only the way to
        people is open.
        """
        taken, self._taken = self._taken, False
        if self._stage is _Stage.LOOKING:
            if digit == _HUMAN:
                await self.to_people()
            return
        if taken and digit == "#":
            return
        self._session.cancel_timer("progress")
        self._asked = 0
        if self._stage is _Stage.MENU:
            await self._chosen(digit)
        else:
            await self._digit(digit)

    async def _chosen(self, digit: str) -> None:
        order = self._orders[self._at]
        if digit == _HUMAN:
            await self.to_people()
        elif digit == _URGE and order.open:
            await self._urge(order)
        elif digit == _BY_CODE:
            await self._ask_order_no("progress_ask_order_no")
        elif digit == _NEXT and len(self._orders) > 1:
            self._at = (self._at + 1) % len(self._orders)
            await self._tell()
        elif digit == _AGAIN:
            await self._tell()
        else:
            await self._menu()

    async def _digit(self, digit: str) -> None:
        """Of an order number or a query code. No order number begins with 0: it leads to people."""
        await self._player.stop()
        if digit == _HUMAN and self._stage is _Stage.ORDER_NO and not self._digits:
            await self.to_people()
            return
        if digit == "*":
            self._digits = ""
        elif digit != "#":
            self._digits += digit
        wanted = _ORDER_NO_DIGITS if self._stage is _Stage.ORDER_NO else _CODE_DIGITS
        if digit == "#" or len(self._digits) >= wanted:
            self._taken = digit != "#"
            await self._entered()
        else:
            self._session.after(self._pause(), "progress", self._entered)

    def _pause(self) -> float:
        """Until the entry counts as complete. Long numbers are read off paper, piece by piece; a
        single 0 may be a wish for people.
        """
        alone = self._digits == _HUMAN
        return self._rules.digit_seconds if alone else self._rules.long_entry_seconds

    async def _entered(self) -> None:
        entered, self._digits = self._digits, ""
        self._session.cancel_timer("progress")
        if entered in ("", _HUMAN):
            await (self.to_people() if entered else self._silent())
        elif self._stage is _Stage.ORDER_NO:
            await self._order_no_entered(entered)
        elif self._stage is _Stage.CODE:
            order_no = self._order_no
            await self._look_up(lambda desk: desk.of_code(order_no, entered), self._found_by_code)

    # --- by calling number ----------------------------------------------------------------------

    async def _found_by_number(self, orders: list[OrderProgress]) -> None:
        self._orders = orders
        self._note("按来电号码查询", found=len(orders))
        if orders:
            await self._tell()
        else:
            await self._ask_order_no("progress_none_found")

    # --- by order number and query code ---------------------------------------------------------

    async def _ask_order_no(self, prompt: str) -> None:
        self._stage, self._digits = _Stage.ORDER_NO, ""
        await self._ask(prompt)

    async def _order_no_entered(self, digits: str) -> None:
        desk = self._parts.progress
        if desk is None or not desk.is_order_no(digits):
            await self._mistaken("progress_wrong_number")
            return
        self._order_no, self._stage = digits, _Stage.CODE
        await self._ask("progress_ask_code")

    async def _found_by_code(self, order: OrderProgress | None) -> None:
        self._note("按工单编号查询", found=int(order is not None))
        if order is None:
            await self._mistaken("progress_wrong_code")
            return
        self._orders, self._at = [order], 0
        await self._tell()

    async def _mistaken(self, prompt: str) -> None:
        self._wrong += 1
        if self._wrong >= self._rules.attempts:
            self._note("多次输入有误")
            await self.to_people("progress_too_many")
        else:
            await self._ask_order_no(prompt)

    # --- telling and urging ---------------------------------------------------------------------

    async def _tell(self) -> None:
        order, self._stage = self._orders[self._at], _Stage.MENU
        self.served = True
        self._note(TOLD, order_no=order.order_no)
        await self._player.speak(self._told(order.spoken), then=self._wait_for_key)

    async def _menu(self) -> None:
        await self._player.play(*self._choices(), then=self._wait_for_key)

    async def _told(self, *texts: str) -> list[str]:
        sounds = self._session.exchange.sounds
        sorry = sounds.uri("progress_cannot_tell")
        return [*[await sounds.spoken(text, sorry) for text in texts], *self._choices()]

    def _choices(self) -> list[str]:
        order = self._orders[self._at]
        names = [
            *(["progress_key_urge"] if order.open else []),
            *(["progress_key_next"] if len(self._orders) > 1 else []),
            "progress_keys",
        ]
        return [self._session.exchange.sounds.uri(one) for one in names]

    async def _urge(self, order: OrderProgress) -> None:
        async def urge(desk: ProgressDesk) -> str:
            answer = await desk.urge(order.order_id, self._session.call.id)
            self._note("催办" if answer.done else "已催办过", order_no=order.order_no)
            return answer.spoken

        async def ask(desk: ProgressDesk) -> str:
            self._urging = asyncio.create_task(urge(desk))
            # Who goes on to people has urged all the same.
            return await asyncio.shield(self._urging)

        async def done(spoken: str) -> None:
            self._stage = _Stage.MENU
            await self._player.speak(self._told(spoken), then=self._wait_for_key)

        await self._look_up(ask, done)

    # --- waiting for the caller, and for the desk -----------------------------------------------

    async def _ask(self, prompt: str) -> None:
        media = self._session.exchange.sounds.uri(prompt)
        await self._player.play(media, then=self._wait_for_key)

    async def _wait_for_key(self) -> None:
        self._session.after(self._rules.wait_seconds, "progress", self._silent)

    async def _silent(self) -> None:
        """Nothing was pressed: asked once more, then to people."""
        self._asked += 1
        if self._asked >= _ASKED:
            await self.to_people()
        elif self._stage is _Stage.MENU:
            await self._menu()
        else:
            code = self._stage is _Stage.CODE
            await self._ask("progress_ask_code" if code else "progress_ask_order_no")

    async def _look_up(
        self,
        ask: Callable[[ProgressDesk], Awaitable[T]],
        then: Callable[[T], Awaitable[None]],
    ) -> None:
        """Ask the desk beside the call's steps. Whatever fails there leads to people."""
        self._stage = _Stage.LOOKING
        await self._player.stop()
        self._session.after(_LOOKING_SECONDS, "looking", self._still_looking)
        self._asking = asyncio.create_task(self._answer(ask, then))

    async def _answer(
        self,
        ask: Callable[[ProgressDesk], Awaitable[T]],
        then: Callable[[T], Awaitable[None]],
    ) -> None:
        desk = self._parts.progress
        step: Callable[[], Awaitable[None]] = self._unavailable
        try:
            if desk is not None:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    step = partial(then, await ask(desk))
        except Exception as error:  # of a database that is away, or an order closed meanwhile
            log.warning("self_service.failed", call_id=self._session.call.id, error=repr(error))
        self._session.post(partial(self._if_looking, step))

    async def _if_looking(self, step: Callable[[], Awaitable[None]]) -> None:
        self._session.cancel_timer("looking")
        if self._stage is _Stage.LOOKING:
            await step()

    async def _still_looking(self) -> None:
        if self._stage is _Stage.LOOKING:
            media = self._session.exchange.sounds.uri("progress_looking")
            await self._player.play(media, then=_nothing)

    async def _unavailable(self) -> None:
        await self.to_people("progress_unavailable")

    def _note(self, reason: str, **detail: object) -> None:
        self._session.note(
            CallEventKind.SELF_SERVICE, actor="citizen", reason=reason, detail=dict(detail)
        )


async def _nothing() -> None:
    """What follows comes by itself."""
