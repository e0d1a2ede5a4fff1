"""From dispatch's shapes to those of the pages."""

from __future__ import annotations

from collections.abc import Sequence

from agent_console.order_views import (
    Badges,
    EventView,
    OrderCall,
    OrderDetail,
    OrderRow,
    ScoreDeduction,
    ScorePart,
    ScoreView,
    SuggestionView,
    TaskView,
)
from dispatch.rules import Rules
from dispatch.views import shapes
from dispatch.views.rows import worst
from models.tables import Call, Suggestion


def row(found: shapes.OrderRow) -> OrderRow:
    """A line of an ordinary list."""
    return OrderRow(**found.model_dump())


def inbox_row(found: shapes.UnitTaskRow) -> OrderRow:
    """A line of a unit's inbox: the order, with the dates of the unit's own task."""
    task = found.model_dump(exclude={"order", "department", "dispatched_at", "first_contacted_at"})
    return OrderRow(**{**found.order.model_dump(), **task})


def audit_row(found: shapes.AuditRow) -> OrderRow:
    """A line of the auditors' queue."""
    extra = {"own": found.own, "sent_back_count": found.sent_back_count}
    return OrderRow(**found.order.model_dump(), **extra)


def follow_up_row(found: shapes.FollowUpRow) -> OrderRow:
    """A line of the follow-up desk's queue."""
    extra = found.model_dump(include={"attempts", "last_attempt_at", "advice"})
    return OrderRow(**found.order.model_dump(), **extra)


def badges(found: shapes.Badges) -> Badges:
    """Numbers beside the menu."""
    boxes = (found.to_sign, found.in_hand, found.sent_back, found.below)
    return Badges(
        dispatch=found.to_dispatch or 0,
        supplement=found.to_supplement or 0,
        inbox=sum(count or 0 for count in boxes),
        audit=found.to_audit or 0,
        follow_up=found.to_follow_up or 0,
        drafts=found.drafts,
        to_sign=found.to_sign,
        in_hand=found.in_hand,
        sent_back=found.sent_back,
        below=found.below,
        overdue=found.overdue,
    )


def detail(
    found: shapes.OrderDetail,
    rules: Rules,
    calls: Sequence[Call],
    suggestion: Suggestion | None,
    query_code: str | None = None,
) -> OrderDetail:
    """One order."""
    replaced = {"caller", "tasks", "timeline", "score", "accepted_by", "sla_version"}
    plain = {name: getattr(found, name) for name in type(found).model_fields.keys() - replaced}
    tasks = [_task(task) for task in found.tasks]
    return OrderDetail(
        **plain,
        query_code=query_code,
        caller_visibility=found.caller.visibility,
        caller_name=found.caller.name,
        caller_phone=found.caller.phone,
        callback_phone=found.caller.callback_phone,
        category_path=_path(found.category, rules),
        dispatch_due=next((c.due for c in found.clocks if c.name == "dispatch"), None),
        due_provisional=_provisional(found),
        tasks=tasks,
        events=[_event(entry, rules) for entry in found.timeline],
        score=_score(found.score) if found.score else None,
        calls=[_call(call) for call in calls],
        suggestion=_suggestion(suggestion) if suggestion else None,
    )


def _path(category: str, rules: Rules) -> list[str]:
    taxonomy = rules.taxonomy
    return list(taxonomy.get(category).path) if category in taxonomy else [category]


def _provisional(found: shapes.OrderDetail) -> bool:
    """Whether a promise of the newest task reaches beyond the loaded calendar."""
    return bool(found.tasks) and any(clock.provisional for clock in found.tasks[-1].clocks)


def _task(found: shapes.TaskView) -> TaskView:
    clocks = {clock.name: clock for clock in found.clocks}
    plain = {name: getattr(found, name) for name in type(found).model_fields}
    return TaskView(
        **plain,
        sign_due=clocks["sign"].due,
        first_contact_due=clocks["first_contact"].due if "first_contact" in clocks else None,
        due_at=clocks["handle"].due,
        due_explanation=clocks["handle"].explanation,
        light=worst(clock.light for clock in found.clocks),
    )


def _event(entry: shapes.TimelineEntry, rules: Rules) -> EventView:
    plain = entry.model_dump(exclude={"actor_department", "changes"})
    return EventView(
        **plain,
        changes=entry.changes,
        department_name=rules.unit_name(entry.actor_department),
        action_label=entry.action.label,
    )


def _score(found: shapes.ScoreView) -> ScoreView:
    return ScoreView(
        score=found.score,
        revision=found.revision,
        rule_version=found.rule_version,
        at=found.at,
        parts=[
            ScorePart(
                code=part.code,
                name=part.label,
                points=part.points or 0.0,
                max=part.full,
                applicable=part.points is not None,
                sentence=part.sentence,
            )
            for part in found.parts
        ],
        deductions=[
            ScoreDeduction(
                code=item.code,
                name=item.label,
                points=item.points,
                count=item.count,
                sentence=item.sentence,
            )
            for item in found.deductions
        ],
        summary=_summary(found),
    )


def _summary(found: shapes.ScoreView) -> str:
    """How the parts became the score: what is not already said with each of them."""
    said = {part.sentence for part in found.parts} | {item.sentence for item in found.deductions}
    return "".join(sentence for sentence in found.explanation if sentence not in said)


def _call(call: Call) -> OrderCall:
    return OrderCall(
        id=call.id,
        direction=call.direction,
        started_at=call.started_at,
        answered_at=call.answered_at,
        outcome=call.outcome,
    )


def _suggestion(found: Suggestion) -> SuggestionView:
    return SuggestionView(
        model_version=found.model_version, proposed=found.proposed, decisions=found.decisions
    )
