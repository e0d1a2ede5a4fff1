"""Call-back tasks: who is owed a call, and calling them."""

from __future__ import annotations

from pydantic import Field

from agent_console.call_views import Dialled
from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.floor.callback_views import CallbackPage, CallbackView
from dispatch.floor.callbacks import Box
from models.errors import HotlineError

routes = Routes("回拨任务")


class CallbackQuery(Body):
    """Which tasks."""

    state: Box = "open"
    cursor: str | None = Field(None, max_length=20)
    limit: int = Field(50, ge=1, le=200)


class OtherNumber(Body):
    """A number that the citizen has left."""

    number: str = Field(min_length=1, max_length=24, title="号码")


class TakeCallback(Body):
    """The task as the agent saw it."""

    expected_version: int = Field(title="版本")


class FinishCallback(Body):
    """What came of it."""

    note: str = Field("", max_length=500, title="回拨情况")
    reached: bool = Field(title="是否接通")


class CancelCallback(Body):
    """Why nobody needs to be called."""

    reason: str = Field(min_length=1, max_length=500, title="原因")


@routes.route("GET", "/api/callbacks", summary="回拨任务", permission="floor.callback")
async def list_callbacks(ask: Ask, query: CallbackQuery) -> CallbackPage:
    """Who booked a call-back first, in the order of the line; then who has told of danger; then
    what was lost first.
    """
    return await ask.console.callbacks.page(
        ask.person.actor(),
        query.state,
        clear=_clear(ask),
        cursor=query.cursor,
        limit=query.limit,
    )


@routes.route(
    "POST", "/api/callbacks/next", summary="领取下一个回拨任务", permission="floor.callback"
)
async def take_next_callback(ask: Ask) -> CallbackView:
    """The first one whose time has come, or the one in hand. 404 when there is none."""
    return await _view(ask, await ask.console.callbacks.next(ask.person.actor()))


@routes.route(
    "POST", "/api/callbacks/{callback_id}/take", summary="领取回拨任务", permission="floor.callback"
)
async def take_callback(ask: Ask, callback_id: str, body: TakeCallback) -> CallbackView:
    """Of two who take it at the same moment one is refused."""
    book = ask.console.callbacks
    await book.take(ask.person.actor(), callback_id, body.expected_version)
    return await _view(ask, callback_id)


@routes.route(
    "POST", "/api/callbacks/{callback_id}/call", summary="回拨", permission="floor.callback"
)
async def call_back(ask: Ask, callback_id: str) -> Dialled:
    """Rings the agent's phone, then the citizen. An answered call closes the task by itself."""
    return await call_for_task(ask, callback_id)


async def call_for_task(ask: Ask, callback_id: str) -> Dialled:
    """Call the citizen of a task; the number need not be seen to be called.

    :raises TransitionRefused: when somebody else has the task, or it is not open.
    """
    book, person = ask.console.callbacks, ask.person
    person.require("call.seat")
    await ask.console.surge.refuse_call_out(None, callback_id)
    number = await book.begin_for(person.staff_id, callback_id)
    try:
        call_id = await ask.console.calls.call_out(person.staff_id, number, None, callback_id)
    except HotlineError:
        await book.not_called(callback_id)
        raise
    await book.called(callback_id, call_id)
    return Dialled(call_id=call_id)


@routes.route(
    "POST",
    "/api/callbacks/{callback_id}/number",
    summary="改用其他号码回拨",
    permission="call.dial",
)
async def use_other_number(ask: Ask, callback_id: str, body: OtherNumber) -> CallbackView:
    """Of a task that one has taken and whose number may not be dialled: the citizen has left
    another one, in a message or in the talk. Nobody can check that, so it takes the permission to
    dial any number.
    """
    ask.person.require("floor.callback")
    await ask.console.callbacks.use_number(ask.person.actor(), callback_id, body.number)
    return await _view(ask, callback_id)


@routes.route(
    "POST",
    "/api/callbacks/{callback_id}/release",
    summary="退回回拨任务",
    permission="floor.callback",
)
async def release_callback(ask: Ask, callback_id: str) -> CallbackView:
    """Anybody may take it again."""
    await ask.console.callbacks.release(ask.person.actor(), callback_id)
    return await _view(ask, callback_id)


@routes.route(
    "POST",
    "/api/callbacks/{callback_id}/finish",
    summary="完成回拨任务",
    permission="floor.callback",
)
async def finish_callback(ask: Ask, callback_id: str, body: FinishCallback) -> CallbackView:
    """What came of it. Not reached: the task comes again after a pause, a few times."""
    book = ask.console.callbacks
    await book.finish(ask.person.actor(), callback_id, body.note, body.reached)
    return await _view(ask, callback_id)


@routes.route(
    "POST",
    "/api/callbacks/{callback_id}/cancel",
    summary="取消回拨任务",
    permission="floor.callback",
)
async def cancel_callback(ask: Ask, callback_id: str, body: CancelCallback) -> CallbackView:
    """Nobody needs to be called."""
    await ask.console.callbacks.cancel(ask.person.actor(), callback_id, body.reason)
    return await _view(ask, callback_id)


async def _view(ask: Ask, callback_id: str) -> CallbackView:
    return await ask.console.callbacks.one(callback_id, clear=_clear(ask))


def _clear(ask: Ask) -> bool:
    return ask.person.may("caller.clear")
