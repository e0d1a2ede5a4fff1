"""What a shift leader hears of a call, and whom only the agent hears.

Each line's receive side is spied on by a snoop channel of its own, all of them in one bridge with
the leader's line: the leader hears everybody, and nobody hears the leader. To whisper, what the
leader says is taken in the same way and put into the agent's ear, in a second bridge. Switching
between the two leaves what is heard untouched. The send side of a line is never spied on: it goes
silent when a phone's sequence numbers jump.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import structlog

from models.ids import new_id
from telephony.ari import ARIClient, ARIError, ARINotFound
from telephony.ari.tidy import tidily
from telephony.names import EAR, SPY, WHISPER, name

log = structlog.get_logger(__name__)

_START_SECONDS = 3.0


class Listening:
    """The ear, and the mouth at the agent's ear, of one shift leader at one call."""

    def __init__(self, ari: ARIClient, call_id: str, sink: str) -> None:
        """``sink``: address (``host:port``) to which sound goes that nobody needs."""
        self._ari = ari
        self._sink = sink
        self._call_id = call_id
        # A bridge that is just being destroyed cannot be made anew: each one has its own name.
        self._ear = ""
        self._mouth = ""
        #: Line → the snoop channel on it.
        self._spies: dict[str, str] = {}
        #: The agent's line that is whispered to, and the two snoop channels for that.
        self._whispers_to = ""
        self._whisper: tuple[str, ...] = ()
        #: The line that says nothing, and the room it is in.
        self._third = ""
        self._third_in = ""
        self._filled = False
        self._started: dict[str, asyncio.Event] = {}

    def ids(self) -> set[str]:
        """Channels and bridges in use, for telling them from what was left behind."""
        return {*self._started, self._ear, self._mouth}

    def on_stasis_start(self, channel_id: str) -> None:
        """A channel of ours has come into our hands."""
        if channel_id in self._started:
            self._started[channel_id].set()

    async def hear(self, leader: str, lines: Collection[str]) -> None:
        """Let the leader hear exactly these lines.

        :raises ARIError: when the leader's line cannot be put there.
        """
        if not self._ear:
            self._ear = name(EAR, self._call_id, new_id()[-8:])
            await self._ari.bridges.create(self._ear, type="mixing")
        await self.follow(lines)
        await self._ari.bridges.add_channel(self._ear, leader)

    async def follow(self, lines: Collection[str]) -> None:
        """Other lines are in the call now. A line that is just going is left out."""
        gone = [line for line in self._spies if line not in lines]
        await self._remove(*(self._spies.pop(line) for line in gone))
        for line in lines:
            if line not in self._spies:
                await self._spy_on(line)

    async def _spy_on(self, line: str) -> None:
        self._spies[line] = spy = self._new_id()
        try:
            await self._snoop(line, spy, spy="in")
            await self._ari.bridges.add_channel(self._ear, spy)
        except (ARIError, TimeoutError) as error:
            log.info("listening.not_heard", call_id=self._call_id, line=line, error=repr(error))
            await self._remove(self._spies.pop(line))

    async def whisper(self, leader: str, agent: str, *, room: str, alone: bool) -> None:
        """Let the agent hear the leader, and nobody else.

        :param room: the bridge in which the agent is.
        :param alone: nobody else speaks to the agent now.
        :raises ARIError: when it cannot be done.
        """
        if self._whispers_to != agent:
            await self._begin_to_whisper(leader, agent)
        if room != self._third_in:
            await self._bring_third(room)
        if alone != self._filled:
            await self._fill(alone)

    async def _bring_third(self, room: str) -> None:
        channels, bridges = self._ari.channels, self._ari.bridges
        try:
            if not self._third:
                self._third = self._new_id()
                await channels.external_media(
                    self._third, app=self._ari.app, external_host=self._sink, format="slin"
                )
                await self._has_started(self._third)
            await bridges.ensure(room, type="mixing")
            await bridges.add_channel(room, self._third)
            self._third_in = room
        except (ARIError, TimeoutError) as error:  # then only silence is not whispered into
            log.warning("listening.no_third", call_id=self._call_id, error=repr(error))

    async def _fill(self, alone: bool) -> None:
        """With nobody else in the room there is nothing to mix."""
        channels, agent = self._ari.channels, self._whispers_to
        self._filled = alone
        await tidily(channels.start_silence(agent) if alone else channels.stop_silence(agent))

    async def _begin_to_whisper(self, leader: str, agent: str) -> None:
        await self.hush()
        self._whisper = (self._new_id(), self._new_id())
        mouth, ear = self._whisper
        try:
            self._mouth = name(WHISPER, self._call_id, new_id()[-8:])
            await self._ari.bridges.create(self._mouth, type="mixing")
            await self._snoop(leader, mouth, spy="in")
            await self._snoop(agent, ear, whisper="out")
            await self._ari.bridges.add_channel(self._mouth, mouth, ear)
        except (ARIError, TimeoutError) as error:
            await self.hush()
            raise ARINotFound(f"whispering failed: {error!r}") from error
        self._whispers_to = agent

    async def hush(self) -> None:
        """No more whispering."""
        if self._filled:
            await self._fill(False)
        ids, self._whisper, self._whispers_to = self._whisper, (), ""
        mouth, self._mouth = self._mouth, ""
        third, self._third, self._third_in = self._third, "", ""
        await self._remove(*ids, *([third] if third else []))
        if mouth:
            await tidily(self._ari.bridges.destroy(mouth))

    async def close(self) -> None:
        """Remove everything from Asterisk. Safe to call twice."""
        await self.hush()
        await self.follow(())
        ear, self._ear = self._ear, ""
        if ear:
            await tidily(self._ari.bridges.destroy(ear))

    # --- inside ---------------------------------------------------------------------------------

    def _new_id(self) -> str:
        spy = name(SPY, self._call_id, new_id()[-8:])
        self._started[spy] = asyncio.Event()
        return spy

    async def _snoop(self, line: str, snoop_id: str, **sides: str) -> None:
        await self._ari.channels.snoop(line, snoop_id, app=self._ari.app, **sides)
        await self._has_started(snoop_id)

    async def _has_started(self, channel_id: str) -> None:
        async with asyncio.timeout(_START_SECONDS):
            await self._started[channel_id].wait()

    async def _remove(self, *snoop_ids: str) -> None:
        for snoop_id in snoop_ids:
            self._started.pop(snoop_id, None)
        await tidily(*(self._ari.channels.hangup(snoop_id) for snoop_id in snoop_ids))
