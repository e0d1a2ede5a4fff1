"""What agents may not do when, refused in their words."""

from __future__ import annotations

from models.errors import TransitionRefused
from models.vocabulary import AgentState
from telephony.agents import CHOSEN, IN_CALL, Agent


def refuse_unless_chosen(agent: Agent, state: AgentState) -> None:
    """:raises TransitionRefused: for a state that only the system gives."""
    if state not in CHOSEN:
        raise TransitionRefused(
            f"不能自行切换到“{state.label}”",
            state=agent.state,
            action=state,
            allowed_actions=sorted(CHOSEN),
        )


def refuse_in_call(agent: Agent, action: str, *, watching: bool) -> None:
    """:raises TransitionRefused: during a call. ``watching``: is at another's call as a leader."""
    if watching:
        raise TransitionRefused(
            f"当前正在“{agent.reason}”，请先停止", state=agent.state, action=action
        )
    if agent.state in IN_CALL:
        raise TransitionRefused(
            f"当前为“{agent.state.label}”，不能{action}", state=agent.state, action=action
        )


def need_phone(agent: Agent) -> None:
    """:raises TransitionRefused: without a registered phone."""
    if not agent.phone_online:
        raise TransitionRefused("您的电话未在线，请检查话机或刷新页面", state=agent.state)


def need_free_colleague(agent: Agent | None, *, watching: bool, wrapping_up: bool = False) -> Agent:
    """Someone who can be fetched into a call. ``wrapping_up``: also while writing down the last.

    :raises TransitionRefused: when not signed in, in a call, or without a phone.
    """
    if agent is None or agent.state is AgentState.OFFLINE:
        raise TransitionRefused("对方没有签入", state=AgentState.OFFLINE)
    here = agent.state in CHOSEN or (wrapping_up and agent.state is AgentState.WRAP_UP)
    if not here or watching:
        raise TransitionRefused(
            f"{agent.agent_name}当前为“{agent.state.label}”，不能接听", state=agent.state
        )
    if not agent.phone_online:
        raise TransitionRefused(f"{agent.agent_name}的电话未在线", state=agent.state)
    return agent
