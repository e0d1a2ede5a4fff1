"""Figures made of other figures: shares, means, and shares of the agents' time, each in words."""

from __future__ import annotations

from dataclasses import dataclass

from config.figures import FigureRules
from dispatch.floor.measures import ALL, By, Figure


@dataclass(frozen=True, kw_only=True)
class Share(Figure):
    """One count, or a sum of seconds, of another (of ``of`` without ``less``)."""

    hits: str
    of: str
    less: str = ""


@dataclass(frozen=True, kw_only=True)
class Mean(Figure):
    """Sums of microseconds divided by a count."""

    sums: tuple[str, ...]
    of: str


@dataclass(frozen=True, kw_only=True)
class Longest(Figure):
    """The greatest of a length."""

    length: str


def shares(rules: FigureRules) -> tuple[Share, ...]:
    """All shares of calls."""
    soon = f"{rules.service_seconds:g}秒"
    return (
        Share(
            code="service_level",
            label=f"{soon}接通率",
            words=f"进入排队后{soon}内接听的来电数÷接听量",
            hits="in_time",
            of="answered",
        ),
        Share(
            code="service_level_offered",
            label=f"{soon}接通率（按呼入）",
            words=f"进入排队后{soon}内接听的来电数÷（呼入量－速挂）",
            hits="in_time",
            of="offered",
            less="short",
        ),
        Share(
            code="connection",
            label="接通率",
            words="接听量÷（呼入量－速挂），即剔除速挂后的24小时接通率",
            hits="answered",
            of="offered",
            less="short",
        ),
        Share(
            code="connection_all",
            label="接通率（含速挂）",
            words="接听量÷呼入量",
            hits="answered",
            of="offered",
        ),
        Share(
            code="abandon_rate",
            label="呼损率",
            words="放弃量÷呼入量",
            hits="abandoned",
            of="offered",
        ),
        Share(
            code="transfer_rate",
            label="转接率",
            words="转接量÷接听量",
            hits="transferred",
            of="answered",
            rows=ALL,
        ),
        Share(
            code="repeat_rate",
            label="重复来电率",
            words="重复来电÷呼入量",
            hits="again",
            of="offered",
        ),
        Share(
            code="satisfaction",
            label="满意率",
            words="（非常满意＋满意）÷参评量；这是对话务服务的评价，与办理结果的满意率分开",
            hits="satisfied",
            of="rated",
            rows=ALL,
        ),
        Share(
            code="rated_share",
            label="参评率",
            words="参评量÷接听量；按坐席统计时，参评量只计由其最后服务的来电",
            hits="rated",
            of="answered",
            rows=ALL,
        ),
        Share(
            code="callback_rate",
            label="按时回拨率",
            words="时限内了结的回拨任务÷已了结或已到时限的回拨任务",
            hits="callbacks_in_time",
            of="callbacks_decided",
        ),
    )


def means() -> tuple[Mean, ...]:
    """All means, and what is made of the ledger's seconds."""
    return (
        Mean(
            code="asa",
            label="平均应答时长",
            words="经排队接听的来电，从进入排队到接听的平均时长",
            sums=("wait_us",),
            of="answered_queued",
        ),
        Mean(
            code="abandon_time",
            label="平均放弃时长",
            words="进入排队以后放弃的来电，从进入排队到挂断的平均时长",
            sums=("abandon_us",),
            of="abandoned_waited",
        ),
        Mean(
            code="handle_time",
            label="平均处理时长",
            words="（通话＋保持＋整理）÷接听量，取自坐席状态台账；尚未结束的计到统计时刻",
            sums=("talk_us", "hold_us", "wrap_us"),
            of="answered",
            rows=ALL,
        ),
        Mean(
            code="talk_time",
            label="平均通话",
            words="坐席处于通话、咨询、三方通话状态的时长÷接听量",
            sums=("talk_us",),
            of="answered",
            rows=ALL,
        ),
        Mean(
            code="hold_time",
            label="平均保持",
            words="坐席处于保持状态的时长÷接听量",
            sums=("hold_us",),
            of="answered",
            rows=ALL,
        ),
        Mean(
            code="wrap_time",
            label="平均整理",
            words="通话后整理状态的时长÷接听量",
            sums=("wrap_us",),
            of="answered",
            rows=ALL,
        ),
    )


def longest() -> Longest:
    """The longest wait."""
    return Longest(
        code="longest_wait",
        label="最长等候",
        words="进入排队的来电，从进入排队到接听或挂断的最长时长；仍在等候的计到统计时刻",
        length="wait_us",
    )


def time_shares(rules: FigureRules) -> tuple[Share, ...]:
    """Shares of agents' time in the period itself."""
    cap = f"{rules.staffing.occupancy_cap * 100:g}%"
    rows: tuple[By, ...] = ("half_hour", "day", "agent")
    work = "通话、保持、咨询、三方、外呼、整理"
    return (
        Share(
            code="occupancy",
            label="坐席占用率",
            words=f"（{work}）时长÷（上述时长＋示闲＋振铃）时长，按台账逐秒计算，宜不高于{cap}",
            hits="work_us",
            of="available_us",
            rows=rows,
        ),
        Share(
            code="utilisation",
            label="工时利用率",
            words=f"（{work}）时长÷签入时长，按台账逐秒计算",
            hits="work_us",
            of="signed_us",
            rows=rows,
        ),
    )


def missed_count() -> Figure:
    """Rings that an agent did not answer."""
    return Figure(
        code="missed",
        label="未接",
        words="在该坐席话机振铃而未接或拒接的来电数",
        rows=("agent",),
    )


def signed_in() -> Figure:
    """Time at the seat."""
    return Figure(
        code="signed",
        label="签入时长",
        words="期内签入的总时长（除签出以外的全部状态）",
        rows=("half_hour", "day", "agent"),
    )
