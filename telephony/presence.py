"""What each agent is doing. Owned here, in one place, changed only by the methods below.

Every method is an ordinary function: between looking and changing nobody else can run, so one
agent can never be given two calls, nor one call two agents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models.clock import Clock
from models.errors import TransitionRefused
from models.ports import Presence
from models.vocabulary import AgentState

#: States that an agent may choose.
CHOSEN = frozenset({
    AgentState.READY, AgentState.BUSY, AgentState.REST, AgentState.MEAL,
    AgentState.TRAINING, AgentState.MEETING,
})  # fmt: skip
#: States in which a call is in the agent's hands.
IN_CALL = frozenset({
    AgentState.RINGING, AgentState.TALKING, AgentState.HOLD, AgentState.OUTBOUND,
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Agent(Presence):
    """An agent's presence with what distribution needs."""

    #: Last end of a call (or signing in): who has been idle longest.
    idle_since: datetime

    @property
    def free(self) -> bool:
        """Whether a call can be given to this agent now."""
        return self.state is AgentState.READY and self.phone_online

    def overdue(self, now: datetime) -> bool:
        """Whether the present state should have ended by itself."""
        return self.until is not None and self.until <= now


#: Told the agent before and after each change.
Listener = Callable[[Agent | None, Agent], None]


class PresenceBoard:
    """All agents who have signed in, by id."""

    def __init__(self, clock: Clock, listener: Listener) -> None:
        self._clock = clock
        self._listener = listener
        self._agents: dict[str, Agent] = {}
        self._online: set[str] = set()

    def __iter__(self) -> Iterator[Agent]:
        return iter(list(self._agents.values()))

    def get(self, agent_id: str) -> Agent | None:
        """The agent; None when never seen."""
        return self._agents.get(agent_id)

    def need(self, agent_id: str) -> Agent:
        """The agent.

        :raises TransitionRefused: when not signed in.
        """
        agent = self._agents.get(agent_id)
        if agent is None or agent.state is AgentState.OFFLINE:
            raise TransitionRefused("请先签入", state=AgentState.OFFLINE)
        return agent

    def at_extension(self, extension: str) -> Agent | None:
        """Who sits at a phone."""
        return next((one for one in self._agents.values() if one.extension == extension), None)

    def restore(self, agent: Agent) -> None:
        """Take over what an earlier process has written; tells nobody."""
        self._agents[agent.agent_id] = replace(agent, phone_online=agent.extension in self._online)

    # --- the agent's own changes ----------------------------------------------------------------

    def sign_in(self, agent_id: str, name: str, extension: str) -> Agent:
        """Take a seat. Whoever is signed in already keeps the state (a reloaded page)."""
        known = self._agents.get(agent_id)
        if known is not None and known.state is not AgentState.OFFLINE:
            if (known.agent_name, known.extension) != (name, extension):
                self._agents[agent_id] = self._at_phone(
                    replace(known, agent_name=name, extension=extension)
                )
            return self._agents[agent_id]
        now = self._clock.now()
        agent = Agent(
            agent_id=agent_id,
            agent_name=name,
            extension=extension,
            state=AgentState.BUSY,
            reason="签入",
            since=now,
            idle_since=now,
        )
        return self._put(self._at_phone(agent))

    def sign_out(self, agent_id: str) -> None:
        """Leave the seat. Nothing to do for one who is not there.

        :raises TransitionRefused: during a call.
        """
        agent = self._agents.get(agent_id)
        if agent is None or agent.state is AgentState.OFFLINE:
            return
        self._refuse_in_call(agent, "签出")
        self._enter(agent, AgentState.OFFLINE)

    def choose(self, agent_id: str, state: AgentState, reason: str = "") -> Agent:
        """The agent's own change.

        :raises TransitionRefused: during a call, when signed out, or to a state of the system's.
        """
        agent = self.need(agent_id)
        if state not in CHOSEN:
            raise TransitionRefused(
                f"不能自行切换到“{state.label}”",
                state=agent.state,
                action=state,
                allowed_actions=sorted(CHOSEN),
            )
        self._refuse_in_call(agent, state.label)
        if (agent.state, agent.reason) == (state, reason):
            return agent
        return self._enter(agent, state, reason=reason)

    # --- changes by calls -----------------------------------------------------------------------

    def reserve(self, agent_id: str, call_id: str) -> bool:
        """Give a call to a free agent, who is rung. False when not free any more."""
        agent = self._agents.get(agent_id)
        if agent is None or not agent.free:
            return False
        self._enter(agent, AgentState.RINGING, call_id=call_id)
        return True

    def call_out(self, agent_id: str, call_id: str) -> Agent:
        """The agent begins a call; returns what the agent was doing before.

        :raises TransitionRefused: during a call, or without a phone.
        """
        agent = self.need(agent_id)
        self._refuse_in_call(agent, AgentState.OUTBOUND.label)
        if not agent.phone_online:
            raise TransitionRefused("您的电话未在线，请检查话机或刷新页面", state=agent.state)
        self._enter(agent, AgentState.OUTBOUND, call_id=call_id)
        return agent

    def take_up(self, agent_id: str | None, call_id: str, state: AgentState) -> Agent | None:
        """After a restart: the agent of a call that was found again."""
        agent = self._agents.get(agent_id or "")
        if agent is not None and agent.call_id != call_id and agent.state not in IN_CALL:
            return self._enter(agent, state, call_id=call_id)
        return agent

    def move(self, agent_id: str | None, call_id: str, state: AgentState, reason: str = "") -> bool:
        """From one state of a call to another. False when the agent does not have this call."""
        agent = self._holding(agent_id, call_id)
        if agent is None:
            return False
        if agent.state is not state or agent.reason != reason:
            self._enter(agent, state, reason=reason, call_id=call_id)
        return True

    def release(
        self,
        agent_id: str | None,
        call_id: str,
        state: AgentState,
        reason: str = "",
        *,
        lasting: timedelta | None = None,
        talked: bool = False,
    ) -> None:
        """The call has left the agent. ``lasting``: the state ends by itself after this."""
        agent = self._holding(agent_id, call_id)
        if agent is None:
            return
        now = self._clock.now()
        if talked:
            agent = replace(agent, idle_since=now)
        self._enter(agent, state, reason=reason, until=now + lasting if lasting else None)

    def wrap_up_over(self, agent_id: str) -> None:
        """The countdown is through: ready for the next call."""
        agent = self._agents.get(agent_id)
        if agent and agent.state is AgentState.WRAP_UP and agent.overdue(self._clock.now()):
            self._enter(agent, AgentState.READY)

    # --- phones ---------------------------------------------------------------------------------

    def phone(self, extension: str, online: bool) -> Agent | None:
        """A phone registered or went away. The agent concerned, when this is news."""
        if (extension in self._online) == online:
            return None
        (self._online.add if online else self._online.discard)(extension)
        agent = self.at_extension(extension)
        if agent is None:
            return None
        return self._put(replace(agent, phone_online=online))

    # --- inside ---------------------------------------------------------------------------------

    def _holding(self, agent_id: str | None, call_id: str) -> Agent | None:
        agent = self._agents.get(agent_id) if agent_id else None
        return agent if agent and agent.call_id == call_id else None

    def _at_phone(self, agent: Agent) -> Agent:
        return replace(agent, phone_online=agent.extension in self._online)

    def _refuse_in_call(self, agent: Agent, action: str) -> None:
        if agent.state in IN_CALL:
            raise TransitionRefused(
                f"当前为“{agent.state.label}”，不能{action}", state=agent.state, action=action
            )

    def _enter(
        self,
        agent: Agent,
        state: AgentState,
        *,
        reason: str = "",
        call_id: str | None = None,
        until: datetime | None = None,
    ) -> Agent:
        return self._put(
            replace(
                agent,
                state=state,
                reason=reason,
                call_id=call_id,
                until=until,
                since=self._clock.now(),
            )
        )

    def _put(self, agent: Agent) -> Agent:
        before = self._agents.get(agent.agent_id)
        self._agents[agent.agent_id] = agent
        self._listener(before, agent)
        return agent
