"""What the office does about orders, one sentence each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from models.tables import OrderEvent
from models.vocabulary import (
    Action,
    CardColour,
    CloseReason,
    OrderState,
    PanelFinding,
    RequestKind,
)

if TYPE_CHECKING:
    from dispatch.views.timeline import Teller

Sentence = Callable[["Teller", OrderEvent], str]


def _told(event: OrderEvent, name: str) -> str:
    value = event.changes.get(name, [None, None])[1]
    return "" if value is None else str(value)


def _answer_due(tell: Teller, event: OrderEvent) -> str:
    due = tell.after(event, "answer_due")
    return f"，请在{due}前答复" if due else ""


def _supervision(tell: Teller, event: OrderEvent) -> str:
    """What was begun as part of a step: level, letter, card."""
    name = _told(event, "supervision")
    if not name:
        return ""
    letter = f"（{number}）" if (number := _told(event, "number")) else ""
    card = f"，{CardColour(code).label}" if (code := _told(event, "card")) else ""
    return f"，发出{name}{letter}{card}" + _answer_due(tell, event)


def _urge(tell: Teller, event: OrderEvent) -> str:
    who = "应诉求人要求催办" if event.changes["by_caller"][1] else "催办"
    merged = f"（并入的工单{number}）" if (number := _told(event, "order")) else ""
    return f"{who}{merged}：{event.reason.rstrip('。')}" + _answer_due(tell, event)


def _lapse_urge(tell: Teller, event: OrderEvent) -> str:
    return event.reason + _supervision(tell, event)


def _lapse_progress(tell: Teller, event: OrderEvent) -> str:
    return f"{event.reason}，系统催办" + _answer_due(tell, event)


def _lapse_supervision(tell: Teller, event: OrderEvent) -> str:
    asked = any(path.endswith(".kind") for path in event.changes)
    return event.reason + _supervision(tell, event) + ("，提请领导督办" if asked else "")


def _supervise(tell: Teller, event: OrderEvent) -> str:
    return _supervision(tell, event).removeprefix("，") + f"：{event.reason}"


def _decide_supervision(tell: Teller, event: OrderEvent) -> str:
    begun = _supervision(tell, event)
    return (f"同意{begun}" if begun else "不同意提级督办") + f"：{event.reason}"


def _settle_supervision(tell: Teller, event: OrderEvent) -> str:
    due = _answer_due(tell, event)
    verdict = f"不认可督办答复{due}" if due else "认可督办答复，督办销号"
    return f"{verdict}：{event.reason}"


def _raise_urgency(tell: Teller, event: OrderEvent) -> str:
    return f"将紧急程度提升为{tell.after(event, 'urgency')}：{event.reason}"


def _merge(_tell: Teller, event: OrderEvent) -> str:
    if into := _told(event, "into"):
        return f"并入工单{into}：{event.reason}"
    return f"工单{_told(event, 'order')}并入本工单：{event.reason}"


def _suggest_merge(_tell: Teller, event: OrderEvent) -> str:
    return f"建议并入工单{_told(event, 'into')}：{event.reason}"


def _decide_merge(tell: Teller, event: OrderEvent) -> str:
    if event.to_state == OrderState.MERGED:
        return f"同意并单，{_merge(tell, event)}"
    return f"不同意并单：{event.reason}"


def _unmerge(_tell: Teller, event: OrderEvent) -> str:
    if into := _told(event, "into"):
        return f"解除并入工单{into}：{event.reason}"
    return f"解除工单{_told(event, 'order')}的并单：{event.reason}"


def _answer_merged(_tell: Teller, event: OrderEvent) -> str:
    if into := _told(event, "into"):
        return f"以主单{into}的办理结果答复本工单"
    return f"将办理结果答复并入的{_told(event, 'orders')}件工单"


def _redo(tell: Teller, event: OrderEvent) -> str:
    if event.to_state == OrderState.REDO:
        start = f"同意重办，转{tell.after(event, 'task.department')}"
        return start + _supervision(tell, event) + f"：{event.reason}"
    if event.to_state != OrderState.CLOSED:
        return f"不予重办，继续回访诉求人：{event.reason}"
    return f"不予重办，{_closing(tell, event)}：{event.reason}"


def _ask_redo(_tell: Teller, event: OrderEvent) -> str:
    panel = any(change[1] == RequestKind.PANEL for change in event.changes.values())
    asked = "办理结果不实，重办次数已满，提请会商" if panel else "办理结果不实，提请重办"
    return f"{asked}：{event.reason}（核实情况：{_told(event, 'verification')}）"


def _closing(tell: Teller, event: OrderEvent) -> str:
    reason = CloseReason(event.changes["close_reason"][1]).label
    return f"工单以“{reason}”办结，办结评估{tell.after(event, 'score')}分"


def _panel(tell: Teller, event: OrderEvent) -> str:
    finding = PanelFinding(_told(event, "finding")).label
    start = f"会商认定：{finding}"
    if event.to_state == OrderState.CLOSED:
        start += f"，{_closing(tell, event)}"
    return start + _supervision(tell, event) + f"（{event.reason}）"


def _refusal(_tell: Teller, event: OrderEvent) -> str:
    accepted = event.to_state == OrderState.TO_DISPATCH
    return ("改为受理" if accepted else "维持不予受理") + f"：{event.reason}"


def _decided(event: OrderEvent, yes: str, no: str) -> str:
    states = [
        change[1]
        for path, change in event.changes.items()
        if path.startswith("requests.") and path.endswith(".state")
    ]
    granted = any(state in ("GRANTED", "AGREED") for state in states)
    return (yes if granted else no) + f"：{event.reason}"


def _transfer_out(_tell: Teller, event: OrderEvent) -> str:
    number = f"（对方编号{text}）" if (text := _told(event, "external_no")) else ""
    return f"转往{_told(event, 'target')}办理{number}：{event.reason}"


def _refer_transfer(_tell: Teller, event: OrderEvent) -> str:
    return f"登记对方编号{_told(event, 'external_no')}"


def _answer_transfer(_tell: Teller, event: OrderEvent) -> str:
    source = f"（{event.reason}）" if event.reason else ""
    return f"转出单位已答复，工单办结{source}"


def _return_transfer(_tell: Teller, event: OrderEvent) -> str:
    refused = any(change[1] == "REFUSED" for change in event.changes.values())
    return ("退回转出的工单" if refused else "收回转出的工单") + f"，转派单：{event.reason}"


def _shelf(_tell: Teller, event: OrderEvent) -> str:
    return _decided(event, "同意列入疑难挂账", "不同意列入疑难挂账")


def _withdrawal(_tell: Teller, event: OrderEvent) -> str:
    return _decided(event, "同意撤单", "不同意撤单")


def _reopening(_tell: Teller, event: OrderEvent) -> str:
    return _decided(event, "同意恢复办理，转派单", "不同意恢复办理")


def _exclusion(_tell: Teller, event: OrderEvent) -> str:
    return _decided(event, "同意不计入统计，报热线办负责人复核", "不同意不计入统计")


def _exclusion_confirmed(_tell: Teller, event: OrderEvent) -> str:
    return _decided(event, "复核同意，不计入统计", "复核不同意，仍计入统计")


SENTENCES: dict[Action, Sentence] = {
    Action.URGE: _urge,
    Action.LAPSE_URGE: _lapse_urge,
    Action.LAPSE_PROGRESS: _lapse_progress,
    Action.LAPSE_SUPERVISION: _lapse_supervision,
    Action.SUPERVISE: _supervise,
    Action.DECIDE_SUPERVISION: _decide_supervision,
    Action.SETTLE_SUPERVISION: _settle_supervision,
    Action.RAISE_URGENCY: _raise_urgency,
    Action.MERGE: _merge,
    Action.SUGGEST_MERGE: _suggest_merge,
    Action.DECIDE_MERGE: _decide_merge,
    Action.UNMERGE: _unmerge,
    Action.ANSWER_MERGED: _answer_merged,
    Action.ASK_REDO: _ask_redo,
    Action.DECIDE_REDO: _redo,
    Action.DECIDE_PANEL: _panel,
    Action.DECIDE_REFUSAL: _refusal,
    Action.DECIDE_OBJECTION: _refusal,
    Action.DECIDE_SHELF: _shelf,
    Action.DECIDE_REOPENING: _reopening,
    Action.DECIDE_WITHDRAWAL: _withdrawal,
    Action.TRANSFER_OUT: _transfer_out,
    Action.REFER_TRANSFER: _refer_transfer,
    Action.ANSWER_TRANSFER: _answer_transfer,
    Action.RETURN_TRANSFER: _return_transfer,
    Action.DECIDE_EXCLUSION: _exclusion,
    Action.CONFIRM_EXCLUSION: _exclusion_confirmed,
}
