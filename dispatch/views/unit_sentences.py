"""What is said of the steps among units: handing down, giving back, more time, joint work."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from models.tables import OrderEvent
from models.vocabulary import (
    Action,
    ExtensionReason,
    Labelled,
    ReturnReason,
    SuspensionReason,
    TaskRole,
)

if TYPE_CHECKING:
    from dispatch.views.timeline import Teller

Sentence = Callable[["Teller", OrderEvent], str]


def new_units(tell: Teller, event: OrderEvent, part: TaskRole) -> str:
    """Units that got a task by the event, with this part in the order."""
    codes = [
        str(change[1])
        for path, change in event.changes.items()
        if path.endswith(".department") and change[0] is None
        if event.changes.get(f"{path.removesuffix('department')}role", [None, ""])[1] == part.value
    ]
    return "、".join(tell.unit(code) for code in codes)


def joint_units(tell: Teller, event: OrderEvent) -> str:
    """, 协办：…; empty when nobody helps."""
    units = new_units(tell, event, TaskRole.JOINT)
    return f"，{units}协办" if units else ""


def _because(event: OrderEvent) -> str:
    return f"：{event.reason}" if event.reason else ""


def _to_another(tell: Teller, event: OrderEvent) -> str:
    lead = new_units(tell, event, TaskRole.LEAD)
    return (f"，改由{lead}承办" if lead else "") + joint_units(tell, event)


def _reason(kind: type[Labelled], event: OrderEvent) -> str:
    codes = [c[1] for path, c in event.changes.items() if path.endswith(".reason_code")]
    return f"（{kind(codes[0]).label}）" if codes and codes[0] else ""


def _delegate(tell: Teller, event: OrderEvent) -> str:
    lead = new_units(tell, event, TaskRole.LEAD)
    return f"下派给{lead}{joint_units(tell, event)}{_because(event)}"


def _request_return(_tell: Teller, event: OrderEvent) -> str:
    again = "，已有其他单位退单，转为争议裁定" if "disputed_at" in event.changes else ""
    return f"申请退单{_reason(ReturnReason, event)}{again}{_because(event)}"


def _decide_return(tell: Teller, event: OrderEvent) -> str:
    granted = event.changes["task.state"][1] == "CANCELLED"
    said = "同意退单" + _to_another(tell, event) if granted else "不同意退单"
    lifted = tell.after(event, "lifted")
    return said + (f"，撤销待审定期间发出的{lifted}" if lifted else "") + _because(event)


def _settle(tell: Teller, event: OrderEvent) -> str:
    moved = _to_another(tell, event) if "lead_department" in event.changes else "，承办单位不变"
    helped = "" if "lead_department" in event.changes else joint_units(tell, event)
    return f"裁定承办争议{moved}{helped}{_because(event)}"


def _reassign(tell: Teller, event: OrderEvent) -> str:
    supervision = tell.after(event, "supervision")
    goes_on = f"，{supervision}随单继续" if supervision else ""
    return f"改派{_to_another(tell, event)}{goes_on}{_because(event)}"


def _request_extension(_tell: Teller, event: OrderEvent) -> str:
    return f"申请延期{_reason(ExtensionReason, event)}{_because(event)}"


def _decide_extension(tell: Teller, event: OrderEvent) -> str:
    due = tell.after(event, "task.due_at")
    said = f"同意延期，办结时限延至{due}" if due else "不同意延期"
    lifted = tell.after(event, "lifted")
    return said + (f"，撤销因超期发出的{lifted}" if lifted else "") + _because(event)


def _request_suspension(_tell: Teller, event: OrderEvent) -> str:
    return f"申请挂起{_reason(SuspensionReason, event)}{_because(event)}"


def _decide_suspension(tell: Teller, event: OrderEvent) -> str:
    until = tell.after(event, "suspended_until")
    return (f"同意挂起，至{until}" if until else "不同意挂起") + _because(event)


def _resume(tell: Teller, event: OrderEvent) -> str:
    due = tell.after(event, "due_at")
    return "解除挂起" + (f"，办结时限为{due}" if due else "") + _because(event)


def _of_task(verb: str) -> Sentence:
    """…城管局市政股的任务: said of somebody else's task."""

    def said(tell: Teller, event: OrderEvent) -> str:
        unit = tell.unit_of(event.task_id)
        return f"{verb.format(unit=unit)}{_because(event)}"

    return said


SENTENCES: dict[Action, Sentence] = {
    Action.REASSIGN: _reassign,
    Action.ADD_JOINT: lambda tell, event: "增加" + joint_units(tell, event)[1:] + _because(event),
    Action.DISMISS_JOINT: _of_task("撤销{unit}的协办"),
    Action.DELEGATE: _delegate,
    Action.RECALL: _of_task("收回{unit}的任务"),
    Action.ACCEPT_RESULT: _of_task("认可{unit}的办理结果"),
    Action.SUBMIT_PART: _of_task("代表{unit}提交协办意见"),
    Action.REQUEST_RETURN: _request_return,
    Action.DECIDE_RETURN: _decide_return,
    Action.SETTLE_DISPUTE: _settle,
    Action.REQUEST_EXTENSION: _request_extension,
    Action.DECIDE_EXTENSION: _decide_extension,
    Action.REQUEST_SUSPENSION: _request_suspension,
    Action.DECIDE_SUSPENSION: _decide_suspension,
    Action.RESUME: _resume,
    Action.WITHDRAW_REQUEST: lambda _tell, event: event.reason,
    Action.LAPSE_REQUEST: lambda _tell, event: event.reason,
}
