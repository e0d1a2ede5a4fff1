"""What each agent is doing. Owned here, in one place, changed only by the methods below.

Every method is an ordinary function: between looking and changing nobody else can run, so one
agent can never be given two calls, nor one call two agents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from config.queues import StateRules
from models.clock import Clock
from models.errors import TransitionRefused
from models.vocabulary import AgentState
from telephony import agent_rules
from telephony.agents import EXTENDED, IN_CALL, PHONE_AWAY, Agent, Before, Listener
from telephony.phones_online import PhonesOnline


class PresenceBoard:
    """All agents who have signed in, by id. ``zone``: where a day begins at midnight."""

    def __init__(
        self,
        clock: Clock,
        listener: Listener,
        rules: StateRules | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        self._clock = clock
        self._listener = listener
        self._rules = rules or StateRules(limits={})
        self._zone = zone
        self._agents: dict[str, Agent] = {}
        self._phones = PhonesOnline(clock)
        #: Other processes have agents too: a phone that was never here may be at theirs.
        self.shared = False
        #: Shift leaders who are at another's call now.
        self._watching: set[str] = set()

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
        """Who sits at a phone; with nobody there, who was the last."""
        known = (one for one in self._agents.values() if one.extension == extension)
        return min(known, key=lambda one: one.state is AgentState.OFFLINE, default=None)

    def restore(self, agent: Agent) -> None:
        """Take over what an earlier process has written; tells nobody."""
        self._agents[agent.agent_id] = self._at_phone(agent)

    # --- the agent's own changes ----------------------------------------------------------------

    def sign_in(
        self,
        agent_id: str,
        name: str,
        extension: str,
        skills: Mapping[str, int] | None = None,
        calls_today: int = 0,
    ) -> Agent:
        """Take a seat. Whoever is signed in already keeps the state (a reloaded page)."""
        known = self._agents.get(agent_id)
        if known is not None and known.state is not AgentState.OFFLINE:
            seated = replace(
                known, agent_name=name, extension=extension, skills=dict(skills or known.skills)
            )
            self._agents[agent_id] = self._at_phone(seated)
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
            skills=dict(skills or {}),
            calls_today=calls_today,
            counted_on=self.today(),
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
        agent_rules.refuse_unless_chosen(agent, state)
        self._refuse_in_call(agent, state.label)
        if (agent.state, agent.reason) == (state, reason):
            return agent
        return self._enter(agent, state, reason=reason, until=self._limit(agent, state))

    def _limit(self, agent: Agent, state: AgentState) -> datetime | None:
        """Until when a state may last. Chosen again without having been back, it goes on."""
        known = Before(state=agent.state, until=agent.until)
        if agent.before is not None and agent.state is AgentState.WRAP_UP:
            known = agent.before
        limit = self._rules.limits.get(state)
        if limit is None:
            return None
        return known.until if known.state is state else self._clock.now() + limit

    def extend_wrap_up(self, agent_id: str) -> Agent:
        """More time to write things down, once.

        :raises TransitionRefused: when not wrapping up, or lengthened already.
        """
        agent = self.need(agent_id)
        if agent.state is not AgentState.WRAP_UP or agent.until is None:
            raise TransitionRefused("当前不在整理状态，不能延长", state=agent.state)
        if agent.extended:
            raise TransitionRefused("整理时间已延长过一次", state=agent.state)
        until = agent.until + self._rules.wrap_up_extension
        return self._put(replace(agent, until=until, reason=EXTENDED))

    def give_skills(self, agent_id: str, skills: Mapping[str, int]) -> None:
        """From now on; nothing to do for one who is not here."""
        agent = self._agents.get(agent_id)
        if agent is not None:
            self._put(replace(agent, skills=dict(skills)))

    # --- a shift leader's changes ---------------------------------------------------------------

    def force(self, agent_id: str, state: AgentState, reason: str) -> Agent:
        """A shift leader puts an agent into a state; OFFLINE signs out.

        :raises TransitionRefused: during a call, when signed out, or to a state of the system's.
        """
        agent = self.need(agent_id)
        if state is not AgentState.OFFLINE:
            return self.choose(agent_id, state, reason)
        self._refuse_in_call(agent, "签出")
        return self._enter(agent, AgentState.OFFLINE, reason=reason)

    def watch(self, agent_id: str, reason: str) -> None:
        """A shift leader turns to another's call.

        Shown as busy; nothing else can be chosen, and no call comes, before :meth:`turn_away`.

        :raises TransitionRefused: during a call, or without a phone.
        """
        agent = self.need(agent_id)
        self._refuse_in_call(agent, reason)
        agent_rules.need_phone(agent)
        self._watching.add(agent_id)
        self._enter(agent, AgentState.BUSY, reason=reason)

    def rename_watch(self, agent_id: str, reason: str) -> None:
        """The leader now does something else at the same call."""
        if self.watches(agent_id):
            self._enter(self._agents[agent_id], AgentState.BUSY, reason=reason)

    def watches(self, agent_id: str) -> bool:
        """Whether a shift leader is at another's call."""
        return agent_id in self._watching

    def turn_away(self, agent_id: str) -> None:
        """Back to what the leader was doing before :meth:`watch`."""
        if self.watches(agent_id):
            self._watching.discard(agent_id)
            self._go_back(self._agents[agent_id])

    def hand_over(
        self, agent_id: str, call_id: str, state: AgentState, *, counts: bool = True
    ) -> Agent | None:
        """A call passes into this agent's hands; None when the agent has another. ``counts``: it
        was a citizen who called.
        """
        agent = self._agents.get(agent_id)
        if agent is None or agent.state in IN_CALL or agent.state is AgentState.OFFLINE:
            return None
        self._watching.discard(agent_id)
        agent = agent.counting(call_id, state, self.today()) if counts else agent
        return self._enter(agent, state, call_id=call_id)

    def claim(self, agent_id: str, call_id: str) -> Agent:
        """Ring someone who has asked for this call, ready or not.

        :raises TransitionRefused: during a call, or without a phone.
        """
        agent = self.need(agent_id)
        self._refuse_in_call(agent, AgentState.RINGING.label)
        agent_rules.need_phone(agent)
        return self._enter(agent, AgentState.RINGING, call_id=call_id, reserved=True)

    # --- changes by calls -----------------------------------------------------------------------

    def invite(
        self, agent_id: str, call_id: str, *, wrapping_up: bool = False, counts: bool = True
    ) -> None:
        """A colleague is asked into a call and rung.

        ``wrapping_up``: also one who still writes down the last call. ``counts``: it was a citizen
        who called.

        :raises TransitionRefused: when not signed in, in a call, or without a phone.
        """
        agent = agent_rules.need_free_colleague(
            self._agents.get(agent_id), watching=self.watches(agent_id), wrapping_up=wrapping_up
        )
        agent = agent if counts else replace(agent, counted_call=call_id)
        self._enter(agent, AgentState.RINGING, call_id=call_id)

    def reserve(self, agent_id: str, call_id: str) -> bool:
        """Give a call to a free agent, who is rung. False when not free any more."""
        agent = self._agents.get(agent_id)
        if agent is None or not agent.free:
            return False
        self._enter(agent, AgentState.RINGING, call_id=call_id, reserved=True)
        return True

    def ring_instead(self, agent_id: str, place: str, call_id: str) -> None:
        """An agent reserved for a booked place is rung, for the call that is made for it.

        :raises TransitionRefused: when not reserved any more.
        """
        agent = self._holding(agent_id, place)
        if agent is None:
            raise TransitionRefused("坐席已不在等待回拨", state=self.need(agent_id).state)
        agent = replace(agent, counted_call=call_id)
        self._enter(agent, AgentState.RINGING, call_id=call_id)

    def call_out(self, agent_id: str, call_id: str) -> None:
        """The agent begins a call.

        :raises TransitionRefused: during a call, or without a phone.
        """
        agent = self.need(agent_id)
        self._refuse_in_call(agent, AgentState.OUTBOUND.label)
        agent_rules.need_phone(agent)
        agent = replace(agent, counted_call=call_id)
        self._enter(agent, AgentState.OUTBOUND, call_id=call_id)

    def take_up(self, agent_id: str | None, call_id: str, state: AgentState) -> Agent | None:
        """After a restart: the agent of a call that was found again."""
        agent = self._agents.get(agent_id or "")
        if agent is not None and agent.state not in IN_CALL:
            return self._enter(agent, state, call_id=call_id)
        return agent

    def move(self, agent_id: str | None, call_id: str, state: AgentState, reason: str = "") -> bool:
        """From one state of a call to another. False when the agent does not have this call."""
        agent = self._holding(agent_id, call_id)
        if agent is None:
            return False
        agent = agent.counting(call_id, state, self.today())
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
        """The call has left the agent. ``lasting``: the state ends by itself after this.

        While wrapping up the agent still has the call before the eyes.
        """
        agent = self._holding(agent_id, call_id)
        if agent is None:
            return
        now = self._clock.now()
        if talked:
            agent = replace(agent, idle_since=now)
        self._enter(
            agent,
            state,
            reason=reason,
            until=now + lasting if lasting else None,
            call_id=call_id if state is AgentState.WRAP_UP else None,
        )

    def go_back(self, agent_id: str | None, call_id: str, *, talked: bool = False) -> None:
        """The call has left the agent, who does again what was done before it."""
        agent = self._holding(agent_id, call_id)
        if agent is not None:
            self._go_back(replace(agent, idle_since=self._clock.now()) if talked else agent)

    def give_back(self, agent_id: str, reason: str) -> None:
        """What the agent was at is no more: on with what was done before, or busy."""
        agent = self._agents[agent_id]
        before = agent.before or Before(state=AgentState.BUSY, reason=reason)
        self._go_back(replace(agent, before=before))

    # --- the clock's changes --------------------------------------------------------------------

    def tick(self) -> None:
        """End what ends by itself; to be called several times a second."""
        for agent in self:
            self.wrap_up_over(agent.agent_id)
            self._phone_stays_away(agent.agent_id)
            self._new_day(agent.agent_id)

    def wrap_up_over(self, agent_id: str) -> None:
        """The countdown is through: on with what was done before the call."""
        agent = self._agents.get(agent_id)
        if agent and agent.state is AgentState.WRAP_UP and agent.overdue(self._clock.now()):
            self._go_back(agent)

    def _phone_stays_away(self, agent_id: str) -> None:
        agent = self._agents[agent_id]
        if agent.state is not AgentState.READY or agent.phone_online:
            return
        if not self.shared:
            self._phones.missed(agent.extension)
        away = self._phones.away_since(agent.extension)
        if away and self._clock.now() - max(agent.since, away) >= self._rules.phone_away:
            self._enter(agent, AgentState.BUSY, reason=PHONE_AWAY)

    def _new_day(self, agent_id: str) -> None:
        agent = self._agents[agent_id]
        if agent.counted_on != self.today():
            self._put(replace(agent, calls_today=0, counted_on=self.today()))

    def today(self) -> date:
        """The present day where the hotline is."""
        return self._clock.now().astimezone(self._zone).date()

    # --- phones ---------------------------------------------------------------------------------

    def phone(self, extension: str, online: bool) -> Agent | None:
        """A phone registered or went away. The agent concerned, when this is news."""
        if not self._phones.told(extension, online):
            return None
        agent = self.at_extension(extension)
        if agent is None:
            return None
        return self._put(replace(agent, phone_online=online))

    # --- inside ---------------------------------------------------------------------------------

    def _holding(self, agent_id: str | None, call_id: str) -> Agent | None:
        agent = self._agents.get(agent_id) if agent_id else None
        held = agent is not None and agent.call_id == call_id and agent.state in IN_CALL
        return agent if held else None

    def _at_phone(self, agent: Agent) -> Agent:
        return replace(agent, phone_online=agent.extension in self._phones)

    def _refuse_in_call(self, agent: Agent, action: str) -> None:
        agent_rules.refuse_in_call(agent, action, watching=self.watches(agent.agent_id))

    def _enter(
        self,
        agent: Agent,
        state: AgentState,
        *,
        reason: str = "",
        call_id: str | None = None,
        until: datetime | None = None,
        reserved: bool = False,
    ) -> Agent:
        now = self._clock.now()
        return self._put(
            replace(
                agent,
                state=state,
                reason=reason,
                call_id=call_id,
                until=until,
                reserved=reserved,
                since=now,
                idle_since=agent.idle_from(now),
                before=agent.goes_back_to if self._occupied(agent.agent_id, state) else None,
            )
        )

    def _go_back(self, agent: Agent) -> None:
        before = agent.before or Before(state=AgentState.READY)
        self._enter(agent, before.state, reason=before.reason, until=before.until)

    def _occupied(self, agent_id: str, state: AgentState) -> bool:
        """Whether in a state that a call has brought about."""
        return state in IN_CALL or state is AgentState.WRAP_UP or self.watches(agent_id)

    def _put(self, agent: Agent) -> Agent:
        before = self._agents.get(agent.agent_id)
        self._agents[agent.agent_id] = agent
        self._listener(before, agent)
        return agent
