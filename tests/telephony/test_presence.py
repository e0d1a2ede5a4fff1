"""What agents may do, and what the clock does to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.queues import StateRules
from models.clock import ManualClock
from models.errors import TransitionRefused
from models.ports import NoAlerts
from models.vocabulary import AgentState, AlertKind
from telephony.agents import CHOSEN, Agent, Before
from telephony.presence import PresenceBoard
from telephony.state_watch import StateWatch

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Desk:
    """A board with one agent, and everything it told."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.told: list[Agent] = []
        self.board = PresenceBoard(self.clock, lambda before, after: self.told.append(after))
        self.board.sign_in("a", "王芳", "1001")
        self.board.phone("1001", True)

    @property
    def agent(self) -> Agent:
        return self.board.need("a")

    def ready(self) -> None:
        self.board.choose("a", AgentState.READY)


def test_signing_in_makes_busy_and_again_changes_nothing() -> None:
    desk = Desk()
    assert (desk.agent.state, desk.agent.reason) == (AgentState.BUSY, "签入")
    desk.ready()
    desk.clock.advance(timedelta(minutes=5))
    desk.board.sign_in("a", "王芳", "1001")
    assert desk.agent.state is AgentState.READY
    assert desk.agent.since == START


def test_a_call_goes_through_ringing_talking_and_wrap_up() -> None:
    desk = Desk()
    desk.ready()
    assert desk.board.reserve("a", "call-1")
    assert not desk.board.reserve("a", "call-2")
    assert desk.board.move("a", "call-1", AgentState.TALKING)
    desk.clock.advance(timedelta(minutes=3))
    desk.board.release(
        "a", "call-1", AgentState.WRAP_UP, lasting=timedelta(seconds=60), talked=True
    )
    assert desk.agent.until == START + timedelta(minutes=4)
    assert desk.agent.idle_since == START + timedelta(minutes=3)
    desk.clock.advance(timedelta(seconds=59))
    desk.board.wrap_up_over("a")
    assert desk.agent.state is AgentState.WRAP_UP
    desk.clock.advance(timedelta(seconds=1))
    desk.board.wrap_up_over("a")
    assert desk.agent.state is AgentState.READY
    assert desk.agent.until is None


def test_breaks_and_busy_times_are_no_idleness() -> None:
    """The clock of the longest idle stands still: a meal gains no place, a busy loses none."""
    desk = Desk()
    desk.clock.advance(timedelta(minutes=1))
    desk.ready()
    assert desk.agent.idle_since == desk.clock.now(), "signing in is no idleness either"
    desk.clock.advance(timedelta(minutes=10))
    desk.board.choose("a", AgentState.BUSY)
    desk.clock.advance(timedelta(minutes=2))
    desk.board.choose("a", AgentState.MEAL)
    desk.clock.advance(timedelta(minutes=40))
    desk.ready()
    assert desk.clock.now() - desk.agent.idle_since == timedelta(minutes=10)
    desk.board.sign_in("a", "王芳", "1001")  # the page is loaded anew
    desk.board.reserve("a", "call-1")
    desk.clock.advance(timedelta(seconds=15))
    desk.board.release("a", "call-1", AgentState.BUSY, "未接来电")
    desk.clock.advance(timedelta(minutes=5))
    desk.ready()
    assert desk.clock.now() - desk.agent.idle_since == timedelta(minutes=10, seconds=15)


def test_another_calls_end_does_not_touch_the_agent() -> None:
    desk = Desk()
    desk.ready()
    desk.board.reserve("a", "call-1")
    desk.board.release("a", "call-2", AgentState.READY)
    assert not desk.board.move("a", "call-2", AgentState.TALKING)
    assert (desk.agent.state, desk.agent.call_id) == (AgentState.RINGING, "call-1")


@pytest.mark.parametrize("state", [state for state in AgentState if state not in CHOSEN])
def test_states_of_the_system_cannot_be_chosen(state: AgentState) -> None:
    desk = Desk()
    with pytest.raises(TransitionRefused, match="不能自行切换"):
        desk.board.choose("a", state)


@pytest.mark.parametrize("state", sorted(CHOSEN))
def test_nothing_can_be_chosen_during_a_call(state: AgentState) -> None:
    desk = Desk()
    desk.ready()
    desk.board.reserve("a", "call-1")
    with pytest.raises(TransitionRefused, match="当前为“振铃”"):
        desk.board.choose("a", state)
    with pytest.raises(TransitionRefused, match="不能签出"):
        desk.board.sign_out("a")


def test_choosing_the_same_twice_is_one_change() -> None:
    desk = Desk()
    desk.board.choose("a", AgentState.REST, "喝水")
    count = len(desk.told)
    desk.board.choose("a", AgentState.REST, "喝水")
    assert len(desk.told) == count


def test_who_is_not_signed_in_can_do_nothing() -> None:
    desk = Desk()
    desk.board.sign_out("a")
    desk.board.sign_out("a")
    for agent_id in ("a", "stranger"):
        with pytest.raises(TransitionRefused, match="请先签入"):
            desk.board.choose(agent_id, AgentState.READY)
    assert not desk.board.reserve("a", "call-1")


def test_without_a_phone_no_call() -> None:
    desk = Desk()
    desk.ready()
    desk.board.phone("1001", False)
    assert not desk.board.reserve("a", "call-1")
    with pytest.raises(TransitionRefused, match="电话未在线"):
        desk.board.call_out("a", "call-1")
    assert desk.board.phone("1001", True) is not None
    assert desk.board.phone("1001", True) is None
    assert desk.board.reserve("a", "call-1")


def test_a_phone_known_before_its_agent() -> None:
    board = PresenceBoard(ManualClock(START), lambda before, after: None)
    board.phone("1001", True)
    assert board.sign_in("a", "王芳", "1001").phone_online


# --- back to before -------------------------------------------------------------------------------


def test_after_a_call_and_its_wrap_up_one_is_back_where_one_was() -> None:
    desk = LimitedDesk()
    desk.board.choose("a", AgentState.REST, "喝水")
    limit = desk.agent.until
    desk.board.invite("a", "call-1")
    desk.board.move("a", "call-1", AgentState.CONSULT)
    desk.board.move("a", "call-1", AgentState.TALKING)
    desk.board.release("a", "call-1", AgentState.WRAP_UP, lasting=timedelta(seconds=60))
    assert desk.agent.before == Before(state=AgentState.REST, reason="喝水", until=limit)
    desk.later(60)
    assert (desk.agent.state, desk.agent.reason, desk.agent.until) == (
        AgentState.REST,
        "喝水",
        limit,
    )
    assert desk.agent.before is None


def test_what_is_chosen_while_wrapping_up_counts() -> None:
    desk = LimitedDesk()
    desk.wrap_up()
    desk.board.choose("a", AgentState.MEAL)
    desk.later(3600)
    assert (desk.agent.state, desk.agent.before) == (AgentState.MEAL, None)


def test_a_leader_is_back_where_one_was_also_after_taking_the_call_over() -> None:
    desk = LimitedDesk()
    desk.board.choose("a", AgentState.MEETING, "晨会")
    desk.board.watch("a", "监听")
    desk.board.rename_watch("a", "耳语")
    desk.board.turn_away("a")
    desk.board.turn_away("a")
    assert (desk.agent.state, desk.agent.reason) == (AgentState.MEETING, "晨会")
    desk.board.watch("a", "监听")
    desk.board.hand_over("a", "call-1", AgentState.TALKING)
    desk.board.go_back("a", "call-1", talked=True)
    assert (desk.agent.state, desk.agent.reason) == (AgentState.MEETING, "晨会")


# --- limits -----------------------------------------------------------------------------------


RULES = StateRules(
    wrap_up_extension=timedelta(seconds=60),
    phone_away=timedelta(seconds=30),
    limits={AgentState.REST: timedelta(minutes=15), AgentState.MEAL: timedelta(minutes=45)},
)


class LimitedDesk(Desk):
    """The same, where states have limits."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.told: list[Agent] = []
        self.board = PresenceBoard(
            self.clock,
            lambda before, after: self.told.append(after),
            RULES,
            ZoneInfo("Asia/Shanghai"),
        )
        self.board.sign_in("a", "王芳", "1001")
        self.board.phone("1001", True)

    def wrap_up(self) -> None:
        self.ready()
        self.board.reserve("a", "call-1")
        self.board.move("a", "call-1", AgentState.TALKING)
        lasting = timedelta(seconds=60)
        self.board.release("a", "call-1", AgentState.WRAP_UP, lasting=lasting, talked=True)

    def later(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.board.tick()


def test_while_wrapping_up_the_call_stays_before_the_eyes() -> None:
    desk = LimitedDesk()
    desk.wrap_up()
    assert desk.agent.call_id == "call-1"
    assert not desk.board.move("a", "call-1", AgentState.TALKING), "the call itself is over"
    desk.board.release("a", "call-1", AgentState.READY)
    assert desk.agent.state is AgentState.WRAP_UP
    desk.later(60)
    assert (desk.agent.state, desk.agent.call_id) == (AgentState.READY, None)


def test_a_wrap_up_is_lengthened_once_and_not_begun_anew() -> None:
    desk = LimitedDesk()
    desk.wrap_up()
    since = desk.agent.since
    desk.later(50)
    desk.board.extend_wrap_up("a")
    assert (desk.agent.since, desk.agent.until) == (since, since + timedelta(seconds=120))
    assert desk.agent.extended
    with pytest.raises(TransitionRefused, match="已延长过一次"):
        desk.board.extend_wrap_up("a")
    desk.later(69)
    assert desk.agent.state is AgentState.WRAP_UP
    desk.later(1)
    assert (desk.agent.state, desk.agent.reason) == (AgentState.READY, "")
    with pytest.raises(TransitionRefused, match="不在整理状态"):
        desk.board.extend_wrap_up("a")


def test_a_break_has_a_limit_and_the_person_stays_in_it() -> None:
    desk = LimitedDesk()
    desk.board.choose("a", AgentState.REST, "喝水")
    assert desk.agent.until == START + timedelta(minutes=15)
    desk.later(15 * 60)
    assert desk.agent.overdue(desk.clock.now())
    assert (desk.agent.state, desk.agent.reason) == (AgentState.REST, "喝水")
    desk.board.choose("a", AgentState.TRAINING)
    assert desk.agent.until is None


def test_a_phone_that_stays_away_makes_its_ready_agent_busy() -> None:
    desk = LimitedDesk()
    desk.ready()
    desk.board.phone("1001", False)
    desk.later(29)
    assert desk.agent.state is AgentState.READY, "a reloaded page is no reason"
    desk.later(1)
    assert (desk.agent.state, desk.agent.reason) == (AgentState.BUSY, "话机离线")


def test_a_phone_that_is_back_in_time_changes_nothing() -> None:
    desk = LimitedDesk()
    desk.ready()
    for _ in range(3):
        desk.board.phone("1001", False)
        desk.later(20)
        desk.board.phone("1001", True)
        desk.later(20)
    assert desk.agent.state is AgentState.READY


def test_a_break_without_a_phone_stays_a_break() -> None:
    desk = LimitedDesk()
    desk.board.choose("a", AgentState.MEAL)
    desk.board.phone("1001", False)
    desk.later(600)
    assert desk.agent.state is AgentState.MEAL


async def test_a_break_that_lasts_too_long_calls_the_shift_leader_once() -> None:
    desk, alerts = LimitedDesk(), HeardAlerts()
    watch = StateWatch(desk.board, alerts)
    desk.board.choose("a", AgentState.REST)
    for _ in range(4):
        desk.later(300)
        await watch.look(desk.clock.now())
    assert alerts.raised == ["王芳“小休”已超过规定时间"]
    alerts.settled.clear()
    desk.ready()
    await watch.look(desk.clock.now())
    assert alerts.settled == ["overrun:a"]


async def test_an_alert_of_an_earlier_process_ends_when_the_break_is_over() -> None:
    """Else it would stay open for ever, and the next overrun would not be told."""
    desk, alerts = LimitedDesk(), HeardAlerts()
    desk.board.choose("a", AgentState.REST)
    desk.later(901)
    await StateWatch(desk.board, alerts).look(desk.clock.now())
    desk.ready()  # and the process dies before it looks again
    alerts.broken = True
    restarted = StateWatch(desk.board, alerts)
    await restarted.look(desk.clock.now())
    assert alerts.settled == []
    alerts.broken = False
    await restarted.look(desk.clock.now())
    await restarted.look(desk.clock.now())
    assert alerts.settled == ["overrun:a"]


async def test_an_alert_that_could_not_be_raised_is_tried_again() -> None:
    desk, alerts = LimitedDesk(), HeardAlerts()
    watch = StateWatch(desk.board, alerts)
    desk.board.choose("a", AgentState.REST)
    desk.later(900)
    alerts.broken = True
    await watch.look(desk.clock.now())
    alerts.broken = False
    await watch.look(desk.clock.now())
    assert len(alerts.raised) == 1


class HeardAlerts(NoAlerts):
    """Keeps what was raised; ``broken`` injects a database that is away."""

    def __init__(self) -> None:
        self.raised: list[str] = []
        self.settled: list[str] = []
        self.broken = False

    async def raise_alert(
        self, kind: AlertKind, matter: str, text: str, **about: object
    ) -> str | None:
        if self.broken:
            raise ConnectionError("database away")
        assert kind is AlertKind.STATE_OVERRUN
        self.raised.append(text)
        return "id"

    async def settle(self, matter: str) -> bool:
        if self.broken:
            raise ConnectionError("database away")
        self.settled.append(matter)
        return True


def test_a_break_chosen_again_in_other_words_keeps_its_limit() -> None:
    desk = Desk()
    desk.board._rules = StateRules(limits={AgentState.REST: timedelta(minutes=15)})
    desk.ready()
    desk.board.choose("a", AgentState.REST, "喝水")
    until = desk.agent.until
    desk.clock.advance(timedelta(minutes=10))
    desk.board.choose("a", AgentState.REST, "喝茶")
    assert (desk.agent.reason, desk.agent.until) == ("喝茶", until)
    desk.board.call_out("a", "call-1")
    desk.board.release("a", "call-1", AgentState.WRAP_UP, lasting=timedelta(seconds=60))
    desk.board.choose("a", AgentState.REST, "喝水")
    assert desk.agent.until == until, "a call in the middle does not lengthen it"
    desk.ready()
    desk.board.choose("a", AgentState.REST)
    assert desk.agent.until == desk.clock.now() + timedelta(minutes=15)
