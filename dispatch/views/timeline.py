"""Events as people read them: one sentence each, and the fields that changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from dispatch.due_words import due_text
from dispatch.rules import Rules
from dispatch.views import office_sentences, unit_sentences
from dispatch.views.privacy import Veil
from dispatch.views.shapes import Change, TimelineEntry
from dispatch.wording import field_label
from models.tables import OrderEvent
from models.vocabulary import (
    ALL,
    Action,
    CloseReason,
    OrderState,
    Outcome,
    RequestKind,
    Role,
    Satisfaction,
    SolvedByCaller,
)

#: Which closed set a field's codes belong to.
_VOCABULARIES = {
    "request_type": "RequestType",
    "urgency": "Urgency",
    "difficulty": "Difficulty",
    "channel": "Channel",
    "state": "TaskState",
    "close_reason": "CloseReason",
    "fact_finding": "FactFinding",
    "demand_finding": "DemandFinding",
    "outcome": "Outcome",
    "solved": "SolvedByCaller",
    "satisfaction": "Satisfaction",
    "service_satisfaction": "Satisfaction",
    "card": "CardColour",
    "finding": "PanelFinding",
    "role": "TaskRole",
    "way": "FollowUpWay",
    "requests.kind": "RequestKind",
    "requests.state": "RequestState",
}
_NAMES = {"caller_name", "person"}
_PHONES = {"caller_phone", "callback_phone", "phone"}
#: Ids and links that say nothing to a reader.
_SILENT = {
    *("call_id", "contact_id", "signed_by", "handler_id", "submitted_by"),
    *("due_provisional", "internal", "decided_by", "reason_code", "too_soon"),
}


class Teller:
    """Tells one reader the events of one order."""

    def __init__(self, rules: Rules, veil: Veil, sees_internal: bool, department: str) -> None:
        self._rules = rules
        self._veil = veil
        self._sees_internal = sees_internal
        self._department = department
        self._departments: dict[str, str] = {}

    def tell(
        self, events: Sequence[OrderEvent], departments: dict[str, str]
    ) -> list[TimelineEntry]:
        """The timeline. ``departments``: unit of each task, to know whose inner notes are whose."""
        self._departments = departments
        shown = (event for event in events if self._shows(event))
        return [self._entry(event, departments) for event in shown]

    def _shows(self, event: OrderEvent) -> bool:
        internal = event.changes.get("internal", [None, False])[1]
        return self._sees_internal or not internal

    def _entry(self, event: OrderEvent, departments: dict[str, str]) -> TimelineEntry:
        own = departments.get(event.task_id or "") == self._department
        action = Action(event.action)
        who = f"{event.actor_name}（{event.actor_role.label}）"
        said = _SENTENCES.get(action, _plainly)(self, event)
        sentence = f"{who}{said}".rstrip("。") + "。"
        return TimelineEntry(
            seq=event.seq,
            at=event.at,
            action=action,
            actor_name=event.actor_name,
            actor_role=event.actor_role,
            actor_department=event.actor_department,
            from_state=OrderState(event.from_state),
            to_state=OrderState(event.to_state),
            sentence=self._veil.scrub(sentence),
            reason=self._veil.scrub(event.reason),
            changes=self._changes(event, own),
        )

    def _changes(self, event: OrderEvent, own: bool) -> list[Change]:
        found = []
        for path, (before, after) in event.changes.items():
            name = path.rpartition(".")[2]
            if name in _SILENT or (name == "internal_note" and not (own or self._sees_internal)):
                continue
            kind = f"requests.{name}" if path.startswith("requests.") else name
            texts = (self.text(kind, before), self.text(kind, after))
            if any(texts):
                label = self._label(path)
                found.append(Change(field=path, label=label, before=texts[0], after=texts[1]))
        return found

    def _label(self, path: str) -> str:
        """The field's name; for a task that moves along, with its unit."""
        whose, _, rest = path.partition(".")
        if whose != "tasks":
            return field_label(path)
        return f"{self.unit_of(rest.partition('.')[0])}：{field_label(path)}"

    def text(self, name: str, value: Any) -> str:
        """A value of a field in words, covered where it must be."""
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return "是" if value else "否"
        if name in _NAMES:
            return self._veil.show_name(str(value))
        if name in _PHONES:
            return self._veil.show_phone(str(value))
        if name in _VOCABULARIES:
            return ALL[_VOCABULARIES[name]](value).label
        if name in ("department", "lead_department", "area"):
            return self.unit(str(value))
        if name == "category":
            return self._rules.category_name(str(value))
        if name.endswith(("_at", "_due")):
            return self.moment(value)
        return self._veil.scrub(f"{value:g}" if isinstance(value, float) else str(value))

    def unit(self, code: str) -> str:
        """A unit's short name."""
        return self._rules.unit_name(code)

    def unit_of(self, task_id: str | None) -> str:
        """Short name of the unit that has, or had, a task."""
        return self.unit(self._departments.get(task_id or "", ""))

    def moment(self, iso: str) -> str:
        """A stored time on the city's clock."""
        local = datetime.fromisoformat(iso).astimezone(self._rules.zone)
        return f"{local.year}年{due_text(local)}"

    def after(self, event: OrderEvent, path: str) -> str:
        """What a field became, in words; empty when the event does not touch it."""
        return self.text(path.rpartition(".")[2], event.changes.get(path, [None, None])[1])


def _open(tell: Teller, event: OrderEvent) -> str:
    if event.to_state == OrderState.CLOSED:
        return "受理诉求并直接答复，工单办结"
    if event.to_state == OrderState.REFUSED:
        return f"登记诉求，不予受理：{event.reason}"
    unit = tell.after(event, "lead_department")
    return "受理诉求，转派单" + (f"，建议由{unit}承办" if unit else "")


def _amend(_tell: Teller, event: OrderEvent) -> str:
    names = [field_label(path) for path in event.changes if path != "dispatch_due"]
    return f"更正{'、'.join(names)}：{event.reason}"


def _dispatch(tell: Teller, event: OrderEvent) -> str:
    unit, due = tell.after(event, "task.department"), tell.after(event, "task.due_at")
    helped = unit_sentences.joint_units(tell, event)
    kind = tell.after(event, "difficulty")
    helped += f"，按{kind}件办理" if kind else ""
    because = f"：{event.reason}" if event.reason else ""
    return f"派单给{unit}，办结时限{due}{helped}{because}"


def _sign_for(tell: Teller, event: OrderEvent) -> str:
    unit = tell.unit_of(event.task_id)
    by_itself = event.actor_role is Role.SYSTEM
    return f"因签收时限已过，自动为{unit}签收" if by_itself else f"代表{unit}签收"


def _first_contact(_tell: Teller, event: OrderEvent) -> str:
    reached = event.changes["first_contact.reached"][1]
    return f"先行联系诉求人，{'已联系上' if reached else '未联系上'}" + _because(event)


def _submit_result(tell: Teller, event: OrderEvent) -> str:
    outcome = event.changes.get("task.outcome", [None, None])[1]
    said = f"：{Outcome(outcome).label}" if outcome else ""
    return f"提交办理结果{said}"


def _approve_result(tell: Teller, event: OrderEvent) -> str:
    marks = f"答复质量{tell.after(event, 'quality')}分，办理过程{tell.after(event, 'process')}分"
    return f"审核通过，{marks}" + _closed(tell, event) + _because(event)


def _send_back(_tell: Teller, event: OrderEvent) -> str:
    count = event.changes["task.sent_back_count"][1]
    faults = event.changes.get("faults", [None, ""])[1]
    return f"审核退回（第{count}次{'，' + faults if faults else ''}）：{event.reason}"


def _record_follow_up(tell: Teller, event: OrderEvent) -> str:
    told = event.changes
    by_link = "，诉求人通过短信链接评价" if "way" in told else ""
    start = f"第{told['attempt'][1]}次回访{by_link}"
    if not told["reached"][1]:
        uncounted = "，距上次过近，不计次数" if "too_soon" in told else ""
        return f"{start}，未接通{uncounted}" + _closed(tell, event) + _because(event)
    solved = SolvedByCaller(told["solved"][1]).label
    grade = Satisfaction(told["satisfaction"][1]).label
    said = f"{start}，诉求人表示{solved}、{grade}"
    if asked := _asked(event):
        untrue = "认为办理结果不实，" if "verification" in told else ""
        return f"{said}，{untrue}提请{asked}：{event.reason}"
    return said + _closed(tell, event) + _because(event)


def _asked(event: OrderEvent) -> str:
    """What was asked for as part of a step."""
    kinds = (change[1] for path, change in event.changes.items() if path.endswith(".kind"))
    return next((RequestKind(kind).label for kind in kinds), "")


def _closed(tell: Teller, event: OrderEvent) -> str:
    if event.to_state != OrderState.CLOSED:
        return ""
    reason = CloseReason(event.changes["close_reason"][1]).label
    return f"，工单以“{reason}”办结，办结评估{tell.after(event, 'score')}分"


def _note(_tell: Teller, event: OrderEvent) -> str:
    return f"备注：{event.reason}"


def _withdraw(tell: Teller, event: OrderEvent) -> str:
    return f"撤单：{event.reason}（{tell.after(event, 'consent')}）"


def _ask_withdrawal(tell: Teller, event: OrderEvent) -> str:
    shown = [tell.after(event, name) for name in ("consent", "files")]
    proof = "；".join(text for text in shown if text) or "通话录音"
    return f"申请撤单：{event.reason}（{proof}）"


def _attach(tell: Teller, event: OrderEvent) -> str:
    return f"补充材料：{tell.after(event, 'files')}" + _because(event)


def _invite(tell: Teller, event: OrderEvent) -> str:
    return f"向诉求人发送短信评价链接，{tell.moment(event.changes['until'][1])}前有效"


def _plainly(_tell: Teller, event: OrderEvent) -> str:
    return Action(event.action).label + (f"：{event.reason}" if event.reason else "")


def _because(event: OrderEvent) -> str:
    return f"（{event.reason}）" if event.reason else ""


_SENTENCES: dict[Action, Callable[[Teller, OrderEvent], str]] = {
    Action.OPEN: _open,
    Action.AMEND: _amend,
    Action.DISPATCH: _dispatch,
    Action.SIGN_FOR: _sign_for,
    Action.FIRST_CONTACT: _first_contact,
    Action.SUBMIT_RESULT: _submit_result,
    Action.APPROVE_RESULT: _approve_result,
    Action.SEND_BACK: _send_back,
    Action.RECORD_FOLLOW_UP: _record_follow_up,
    Action.NOTE: _note,
    Action.WITHDRAW: _withdraw,
    Action.ATTACH: _attach,
    Action.INVITE_FOLLOW_UP: _invite,
    Action.ASK_WITHDRAWAL: _ask_withdrawal,
    **unit_sentences.SENTENCES,
    **office_sentences.SENTENCES,
}
