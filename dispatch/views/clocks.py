"""The promises of an order and its tasks, as shown: running, kept, missed, and replaced ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from config.limits import CLOCK_LABELS
from dispatch.assessment.contact import tried_too_late
from dispatch.contact_tries import counts_from
from dispatch.due_words import due_text
from dispatch.promises import Promise
from dispatch.rules import Rules
from dispatch.running import FIRST_TRY, ORDER_CLOCKS, running_clocks
from dispatch.views.rows import clock_view, clocks_run, contact_excused, task_done_at
from dispatch.views.shapes import ClockView, EarlierDue
from models.states import IN_HAND
from models.tables import Task, WorkOrder
from models.vocabulary import TaskState

#: Clocks of the order itself that somebody works by; the archive's is the system's own.
_SHOWN = frozenset({"register", *ORDER_CLOCKS.values(), FIRST_TRY})


def order_clocks(order: WorkOrder, audited_at: datetime | None, now: datetime) -> list[ClockView]:
    """Those of the order itself. ``audited_at``: when it was last audited."""
    running = set(running_clocks(order))
    done = {
        "register": order.accepted_at,
        "dispatch": order.dispatched_at,
        "audit": audited_at,
        FIRST_TRY: order.follow_up_started_at,
        "follow_up": order.closed_at,
    }
    return [
        _shown(
            order.clocks, name, None if name in running else done.get(name), name in running, now
        )
        for name in order.clocks
        if name in _SHOWN
    ]


def task_clocks(task: Task, order: WorkOrder, rules: Rules, now: datetime) -> list[ClockView]:
    """Those that the unit is held to, and for its result the one above."""
    runs = clocks_run(task, order)
    found = [_shown(task.clocks, "sign", task_done_at(task, "sign"), runs, now)]
    found += _contact(task, order, runs, rules, now)
    names = ["progress"] if "progress" in task.clocks else []
    # Only who hands work down at all is held to doing so soon.
    names += ["delegate"] if task.delegated_at and "delegate" in task.clocks else []
    names.append("handle")
    found += [_shown(task.clocks, name, task_done_at(task, name), runs, now) for name in names]
    if "resubmit" in task.clocks:
        again = None if task.state is TaskState.SENT_BACK else task.submitted_at
        found.append(_shown(task.clocks, "resubmit", again, runs, now))
    if task.state is TaskState.SUBMITTED and "audit" in task.clocks:  # the unit above looks at it
        found.append(_shown(task.clocks, "audit", None, order.state in IN_HAND, now))
    return found


def _contact(
    task: Task, order: WorkOrder, runs: bool, rules: Rules, now: datetime
) -> list[ClockView]:
    """First contact: no clock of who helps, or whose unit above has called already."""
    tries, excused = len(task.contact_tries), contact_excused(task)
    if excused and not tries:
        return []
    runs = runs and not excused
    view = _shown(task.clocks, "first_contact", task.first_contacted_at, runs, now)
    more: dict[str, Any] = {"note": f"已有{tries}次未联系上" if tries else ""}
    if excused:
        more["note"] += "，不再要求先行联系"
        if tried_too_late(task):
            more |= {"note": f"{more['note']}，已超过时限，按超时联系计", "kept": False}
    elif tries and runs and task.first_contacted_at is None:
        more["counts_from"] = since = counts_from(order, task, rules)
        more["note"] += f"，{_next_try(since, rules, now)}"
    return [view.model_copy(update=more)]


def _next_try(since: datetime | None, rules: Rules, now: datetime) -> str:
    if since is None or since <= now:
        return "现在再拨即可计次"
    return f"{due_text(rules.counter.local(since))}以后再拨才计次数"


def _shown(
    clocks: Mapping[str, Any], name: str, done_at: datetime | None, runs: bool, now: datetime
) -> ClockView:
    promise = Promise.from_json(clocks[name])
    view = clock_view(promise, CLOCK_LABELS[name], done_at, runs, now)
    return view.model_copy(update={"earlier": _earlier(clocks, name)})


def _earlier(clocks: Mapping[str, Any], name: str) -> list[EarlierDue]:
    """What was promised before, the first first: ``handle.1``, ``handle.2`` …"""
    numbers = (int(key.partition(".")[2]) for key in clocks if key.startswith(f"{name}."))
    replaced = (Promise.from_json(clocks[f"{name}.{number}"]) for number in sorted(numbers))
    return [EarlierDue(due=one.due, explanation=one.explanation) for one in replaced]
