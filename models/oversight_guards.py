"""Conditions on what the office does about orders: urging, supervising, merging, reopening."""

from __future__ import annotations

from models.guards import Guard, Situation
from models.vocabulary import RequestKind, RequestState, Role, SupervisionLevel, Urgency


def none_pending(*kinds: RequestKind) -> Guard:
    """No undecided request of these kinds on the order."""
    names = "、".join(kind.label for kind in kinds)
    return Guard(
        name="none_pending_" + "_".join(kind.value.lower() for kind in kinds),
        refusal=f"该工单的{names}申请正在等待审定",
        holds=lambda s: not s.open_requests(*kinds),
    )


def not_own(kind: RequestKind) -> Guard:
    """Nobody decides what they asked for, nor decides it twice."""
    return Guard(
        name=f"not_own_{kind.value.lower()}",
        refusal=f"不能审定本人提出或本人已经审定的{kind.label}申请，请由其他人员审定",
        holds=lambda s: _decides_for_others(s, kind),
    )


def _decides_for_others(s: Situation, kind: RequestKind) -> bool:
    asked = s.pending(kind)
    return asked is None or s.actor.selves.isdisjoint({asked.asked_by, asked.agreed_by})


def milder_than(level: SupervisionLevel) -> Guard:
    """A supervision goes up, never down."""
    return Guard(
        name=f"milder_than_{level.value}",
        refusal=f"该承办任务已在{level.label}或更高级别的督办之中",
        holds=lambda s: (
            s.task is not None
            and (not s.task.open_supervision or s.task.open_supervision > level.rank)
        ),
    )


URGED = Guard(
    name="urged",
    refusal="该承办任务没有等待答复的催办",
    holds=lambda s: s.task is not None and (s.task.open_urges or 0) > 0,
    silent=True,
)
SUPERVISED = Guard(
    name="supervised",
    refusal="该承办任务没有在督办",
    holds=lambda s: s.task is not None and (s.task.open_supervision or 0) > 0,
    silent=True,
)
SETTLED_BY_ITS_LEVEL = Guard(
    name="settled_by_its_level",
    refusal=f"{SupervisionLevel.ONE.label}由{Role.MANAGER.label}审核销号",
    holds=lambda s: (
        s.task is not None
        and (
            s.task.open_supervision != SupervisionLevel.ONE.rank
            or Role.MANAGER in s.actor.usable_roles
        )
    ),
)
MAY_RISE = Guard(
    name="may_rise",
    refusal="已是最高的紧急程度",
    holds=lambda s: s.order is not None and s.order.urgency is not Urgency.CRITICAL,
)
NOTHING_MERGED = Guard(
    name="nothing_merged",
    refusal="有其他工单并入本工单，请先解除并单，或等它们得到答复",
    holds=lambda s: s.order is not None and not s.order.merged_count,
)
NOT_WATCHED = Guard(
    name="not_watched",
    refusal="该工单已列为特别关注",
    holds=lambda s: s.order is not None and s.order.watched_at is None,
    silent=True,
)
WATCHED = Guard(
    name="watched",
    refusal="该工单没有列为特别关注",
    holds=lambda s: s.order is not None and s.order.watched_at is not None,
    silent=True,
)
COUNTED = Guard(
    name="counted",
    refusal="该工单已不计入统计",
    holds=lambda s: s.order is not None and s.order.excluded_at is None,
)


def _stage(s: Situation) -> RequestState | None:
    asked = s.pending(RequestKind.EXCLUSION)
    return asked.state if asked else None


NOT_AGREED = Guard(
    name="not_agreed",
    refusal="热线已同意，等待热线办负责人复核",
    holds=lambda s: _stage(s) is not RequestState.AGREED,
    silent=True,
)
AGREED = Guard(
    name="agreed",
    refusal="热线尚未审定",
    holds=lambda s: _stage(s) is RequestState.AGREED,
    silent=True,
)
