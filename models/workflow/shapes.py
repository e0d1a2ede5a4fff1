"""What a row of the table says."""

from __future__ import annotations

from dataclasses import dataclass

from models.guards import Guard
from models.vocabulary import (
    Action,
    Labelled,
    OrderState,
    RequestKind,
    Role,
    TaskRole,
    TaskState,
)


class Case(Labelled):
    """What the data of a command decided: chooses among rows of the same action."""

    ANY = "any", ""
    ANSWERED = "answered", "直接答复"
    TO_UNIT = "to_unit", "需要承办单位办理"
    REPLY_WANTED = "reply_wanted", "诉求人需要回访"
    NO_REPLY_WANTED = "no_reply_wanted", "诉求人不需要回访"
    NOT_ASKED = "not_asked", "保密件，或未抽中回访的"
    CLOSE = "close", "已接通，可以办结"
    REDO = "redo", "要求重办：未解决且不满意，或办理结果不实"
    TRY_AGAIN = "try_again", "未接通，尚未满足停止回访的次数和时段"
    GIVE_UP = "give_up", "未接通，已满足停止回访的次数和时段"
    GRANTED = "granted", "同意"
    REFUSED = "refused", "不同意"
    FIRST_UNIT = "first_unit", "尚无其他单位退过单"
    NEXT_UNIT = "next_unit", "已有其他单位退过单"
    IN_TIME = "in_time", "没有超期，也没有在督办"
    LATE = "late", "已超期或正在督办"
    STAYS = "stays", "仍由现承办单位办理"
    MOVES = "moves", "改由其他单位办理"
    NOT_ACCEPTED = "not_accepted", "不属于受理范围"
    PANEL = "panel", "要求重办，重办次数已满"
    NOT_HEARD = "not_heard", "不同意，诉求人尚未回访"
    SHELVE = "shelve", "列入疑难挂账"
    LEVEL_3 = "level_3", "三级"
    LEVEL_2 = "level_2", "二级"
    LEVEL_1 = "level_1", "一级"
    CORRECTED = "corrected", "一般更正"
    EASED = "eased", "举报改类、降低紧急程度、改变保密、取消回访，或非派单员调高难易程度"
    INTO = "into", "并入其他工单的"
    TAKE_IN = "take_in", "作为主单的"


class Level(Labelled):
    """Where in the tree of tasks a row applies."""

    ANY = "any", ""
    TOP = "top", "热线派给的任务"
    BELOW = "below", "上级单位下派的任务"


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One edge. ``None`` for a target means that state stays.

    ``from_task`` empty: the action needs no task. ``needs`` names fields of the command, for the
    document and the console.
    """

    action: Action
    from_order: tuple[OrderState, ...]
    to_order: OrderState | None
    roles: tuple[Role, ...]
    case: Case = Case.ANY
    from_task: tuple[TaskState, ...] = ()
    to_task: TaskState | None = None
    #: State of the task that the action makes.
    new_task: TaskState | None = None
    level: Level = Level.ANY
    #: Only a task with this part in the order.
    part: TaskRole | None = None
    #: An undecided request of one of these kinds must be there; it is what is decided.
    pending: tuple[RequestKind, ...] = ()
    guards: tuple[Guard, ...] = ()
    needs: tuple[str, ...] = ()
    #: The reasons that ``reason_code`` is taken from.
    reasons: type[Labelled] | None = None
    #: Name of the time limit that this step must keep (``config/service_levels.yaml``).
    limit: str = ""
    effect: str = ""

    @property
    def label(self) -> str:
        """The action's Chinese name."""
        return self.action.label
