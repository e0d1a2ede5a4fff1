"""A queue of steps that belong to one thing: in order, one at a time, with timers.

Steps await Asterisk; whatever comes meanwhile waits its turn, so a step never sees the thing change
under its hands. A line that is gone makes a step fail with ``ARINotFound``; the event that tells so
is next in the queue.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from models.errors import TransitionRefused
from models.vocabulary import CallState
from telephony.ari import ARIError

log = structlog.get_logger(__name__)

Step = Callable[[], Awaitable[None]]


class StepQueue:
    """Runs steps until :meth:`finish_with` has named the last one."""

    def __init__(self, name: str) -> None:
        self.name = name
        #: Nothing new is taken any more.
        self.closing = False
        self._steps: asyncio.Queue[tuple[Step, asyncio.Future[None] | None]] = asyncio.Queue()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self, first: Step) -> None:
        """Begin with a step."""
        self.post(first)
        self._task = asyncio.create_task(self._run(), name=self.name)

    def post(self, step: Step) -> None:
        """Do this when everything before it is done."""
        if not self.closing:
            self._steps.put_nowait((step, None))

    async def ask(self, step: Step) -> None:
        """The same, and wait for it; its error is raised here.

        :raises TransitionRefused: when it is over.
        """
        if self.closing:
            raise _refusal()
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._steps.put_nowait((step, answer))
        await answer

    def finish_with(self, last: Step) -> None:
        """Drop whatever waits, do this, and be over."""
        self.closing = True
        self.cancel_timers()
        while not self._steps.empty():
            _, answer = self._steps.get_nowait()
            if answer is not None and not answer.done():
                answer.set_exception(_refusal())
        self._steps.put_nowait((last, None))

    async def cancel(self) -> None:
        """Stop at once, in the middle of whatever is being done."""
        self.cancel_timers()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    # --- timers ---------------------------------------------------------------------------------

    def after(self, seconds: float, timer: str, step: Step) -> None:
        """Do a step later; one timer of a name at a time."""
        self.cancel_timer(timer)
        loop = asyncio.get_running_loop()
        self._timers[timer] = loop.call_later(seconds, self._due, timer, step)

    def awaits(self, timer: str) -> bool:
        """Whether a timer runs."""
        return timer in self._timers

    def cancel_timer(self, timer: str) -> None:
        """Not any more."""
        handle = self._timers.pop(timer, None)
        if handle is not None:
            handle.cancel()

    def cancel_timers(self) -> None:
        """None of them."""
        for timer in list(self._timers):
            self.cancel_timer(timer)

    def _due(self, timer: str, step: Step) -> None:
        self._timers.pop(timer, None)
        self.post(step)

    # --- inside ---------------------------------------------------------------------------------

    async def _run(self) -> None:
        while not (self.closing and self._steps.empty()):
            step, answer = await self._steps.get()
            await self._do(step, answer)

    async def may_act(self) -> None:
        """Wait until the next step may be taken."""

    async def _do(self, step: Step, answer: asyncio.Future[None] | None) -> None:
        await self.may_act()
        try:
            await step()
        except Exception as error:
            if answer is not None and not answer.done():
                answer.set_exception(error)
            elif isinstance(error, ARIError):
                log.info("step.line_gone", of=self.name, error=str(error))
            else:
                log.exception("step.failed", of=self.name)
        else:
            if answer is not None and not answer.done():
                answer.set_result(None)


def _refusal() -> TransitionRefused:
    return TransitionRefused("通话已结束", state=CallState.ENDED)
