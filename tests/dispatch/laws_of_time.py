"""What holds of clocks, lights and dates whatever happens.

Worked out again from the events and the rules they were made by, beside what stands in the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from dispatch.promises import Promise
from dispatch.rules import Rules
from dispatch.running import ORDER_CLOCKS
from dispatch.terms import promise_for, terms_of
from models.states import IN_HAND
from models.tables import OrderEvent, Task, WorkOrder
from models.task_tree import lead_task, parent_of
from models.vocabulary import OrderState, TaskRole
from tests.dispatch.order_file import File

#: Clock of a task, and the column that shows its end.
_COLUMNS = {
    "sign": "sign_due",
    "first_contact": "first_contact_due",
    "progress": "progress_due",
    "handle": "due_at",
}
_CLOCKS = {column: name for name, column in _COLUMNS.items()}
_MERGING = ("merge", "decide_merge")
#: Another unit leads from then on, perhaps one that had the order before, and has less time.
_MOVING = ("reassign", "decide_return", "settle_dispute")
#: Limits within another one's are rounded to the minute.
_MINUTE = timedelta(minutes=1)


def check(file: File, rules: Rules) -> None:
    """All of them."""
    lights_are_those_of_the_clock_that_runs(file)
    every_promise_is_kept_beside_the_next(file)
    first_promises_follow_from_the_rules(file, rules)
    no_promise_is_shortened(file, rules)
    nobody_gains_time_by_moving(file)
    the_dispatchers_clock_goes_on(file)
    time_is_left_above(file)


def lights_are_those_of_the_clock_that_runs(file: File) -> None:
    """[7] And none while none runs."""
    order, promise = file.order, running(file)
    lights = (order.light_yellow_at, order.light_orange_at, order.light_red_at)
    if promise is None:
        assert lights == (None, None, None), order.state
        return
    assert lights == (promise.yellow_at, promise.orange_at, promise.due), order.state
    assert promise.yellow_at <= promise.orange_at <= promise.due
    if order.state in IN_HAND:
        assert order.due_provisional == promise.provisional
    if order.state is OrderState.TO_DISPATCH:
        assert order.dispatch_due == promise.due


def running(file: File) -> Promise | None:
    """The clock that counts for the order now: of two, the one that ends first."""
    order = file.order
    if order.suspended_at is not None:
        return None
    if name := ORDER_CLOCKS.get(order.state):
        names = [name]
        if order.state is OrderState.TO_FOLLOW_UP and order.follow_up_started_at is None:
            names.append("follow_up_start")
        ends = [Promise.from_json(order.clocks[one]) for one in names]
        return min(ends, key=lambda one: one.due)
    lead = lead_task(file.tasks) if order.state in IN_HAND else None
    return Promise.from_json(lead.clocks["handle"]) if lead else None


def every_promise_is_kept_beside_the_next(file: File) -> None:
    """[4, 7] What the events say was promised, one after the other, stands in the clocks; the last
    is what is due."""
    for task in file.tasks:
        last = promises(task, "handle")[-1]
        assert (task.light_yellow_at, task.light_orange_at) == (last.yellow_at, last.orange_at)
        for name, column in _COLUMNS.items():
            if name not in task.clocks:  # not every policy wants a first report
                assert getattr(task, column) is None
                continue
            promised = [one.due for one in promises(task, name)]
            assert getattr(task, column) == promised[-1], (name, column)
            told = list(_told(file, task, column))
            if _shared(file, task):
                told = told[-1:]
                promised = promised[-1:]
            assert (told[0], told[-1]) == (promised[0], promised[-1]), (name, told, promised)
            assert set(told) <= set(promised), (name, told, promised)


def promises(task: Task, name: str) -> list[Promise]:
    """All that was promised of one clock, the newest last."""
    earlier = sorted((key for key in task.clocks if key.startswith(f"{name}.")), key=_number)
    return [Promise.from_json(task.clocks[key]) for key in (*earlier, name)]


def _number(key: str) -> int:
    return int(key.rpartition(".")[2])


def _told(file: File, task: Task, column: str) -> Iterator[datetime]:
    for _event, due in _told_at(file, task, column):
        yield due


def _told_at(file: File, task: Task, column: str) -> list[tuple[OrderEvent, datetime]]:
    """Since it was last taken away, as a first report is that is not wanted any more."""
    found: list[tuple[OrderEvent, datetime]] = []
    for event in file.events:
        for path, (_before, after) in event.changes.items():
            if file.place(path, event) == (task.id, column):
                found = [*found, (event, datetime.fromisoformat(after))] if after else []
    return found


def _shared(file: File, task: Task) -> bool:
    """Of a merged order: the lead order's task, as this one's own."""
    return any(
        event.action == "answer_merged" and (task.id, "due_at") == file.place(path, event)
        for event in file.events
        for path in event.changes
    )


def first_promises_follow_from_the_rules(file: File, rules: Rules) -> None:
    """[7] Reckoned again from the day the task was given, by the order as it was then, every limit
    and light is the same."""
    sooner = False
    for event in file.events:
        # Callers of orders that were merged in before there was a unit may have been promised an
        # earlier end.
        sooner = sooner or "handle_due" in event.changes
        for task in _begun(file, event):
            order = file.as_of(event)
            if task.parent_id is None and task.role is TaskRole.LEAD:
                _handled_as_ruled(file, event, task, order, rules, sooner)
            _begun_as_ruled(file, event, task, order, rules)


def _begun(file: File, event: OrderEvent) -> list[Task]:
    """Tasks that an event has made."""
    if event.action == "answer_merged":
        return []
    fresh = [path for path, (before, _) in event.changes.items() if before is None]
    places = [file.place(path, event) for path in fresh]
    return [task for task in file.tasks if (task.id, "department") in places]


def _handled_as_ruled(
    file: File, event: OrderEvent, task: Task, order: WorkOrder, rules: Rules, sooner: bool
) -> None:
    clock = "redo" if event.to_state == OrderState.REDO else "handle"
    made, ruled = promises(task, "handle")[0], promise_for(order, rules, clock, event.at)
    if sooner and made.due < ruled.due:
        return
    if made.due in _had(file, event, task, "due_at"):
        return
    assert (made.due, made.yellow_at, made.orange_at) == (
        ruled.due,
        ruled.yellow_at,
        ruled.orange_at,
    ), (event.action, clock)


def _begun_as_ruled(
    file: File, event: OrderEvent, task: Task, order: WorkOrder, rules: Rules
) -> None:
    """A first report fits into the time for handling; below and beside all else does, too."""
    within = task.parent_id is not None or task.role is TaskRole.JOINT
    reports = not within and terms_of(order, rules).has("progress")
    reports = reports and not _taken_away(file, event, task, "progress_due")
    for name in ("sign", "first_contact", *["progress"] * reports):
        ruled = promise_for(order, rules, name, event.at).due
        if within or name == "progress":
            ruled = min(ruled, promises(task, "handle")[0].due)
        # Signing is done anew; all else goes on.
        had = _had(file, event, task, _COLUMNS[name]) if name != "sign" else []
        assert promises(task, name)[0].due in {ruled, *had}, (event.action, name)


def _taken_away(file: File, event: OrderEvent, task: Task, column: str) -> bool:
    """Whether what was promised is not wanted any more since: a first report, once the order whose
    urgency asked for it is parted from this one. A later one is another promise."""
    return any(
        file.place(path, one) == (task.id, column) and before and not after
        for one in file.events
        if one.seq > event.seq
        for path, (before, after) in one.changes.items()
    )


def _had(file: File, event: OrderEvent, task: Task, column: str) -> list[datetime]:
    """What the unit had been promised whenever it had the order before in this round."""
    found = []
    for one in file.had_before(task):
        told = [due for other, due in _told_at(file, one, column) if other.seq < event.seq]
        found += told[-1:]
    return found


def nobody_gains_time_by_moving(file: File) -> None:
    """[10] Moved there and back, or merged and parted, a unit has the time it had, if no less."""
    for event in file.events:
        for task in _begun(file, event):
            had = _had(file, event, task, "due_at")
            if had and file.as_of(event).external_due is None:
                assert promises(task, "handle")[0].due <= max(had), event.action


def the_dispatchers_clock_goes_on(file: File) -> None:
    """Asking the citizen for what is missing gives the dispatcher no more time than it took."""
    asked = None
    for event in file.events:
        if event.action == "ask_supplement":
            asked = event.at
        elif event.action == "supplement" and "dispatch_due" in event.changes:
            before, after = map(datetime.fromisoformat, event.changes["dispatch_due"])
            assert asked is not None
            assert after - before <= max(event.at - asked, timedelta(0)) + _MINUTE


def time_is_left_above(file: File) -> None:
    """[2] Who is to end sooner because the order got urgent leaves time to whom it serves."""
    for event in file.events:
        if event.action != "raise_urgency" or event.from_state == OrderState.TO_DISPATCH:
            continue
        ends = dict(_ends(file, event))
        for task, due in ends.items():
            above = parent_of(task, file.tasks) if task.parent_id else None
            if above in ends and not task.submitted_at and event.at < ends[above]:
                assert due <= ends[above] - 0.09 * (ends[above] - event.at)


def _ends(file: File, event: OrderEvent) -> Iterator[tuple[Task, datetime]]:
    for path, (_before, after) in event.changes.items():
        row, column = file.place(path, event)
        task = file.task(row)
        if task is not None and column == "due_at":
            yield task, datetime.fromisoformat(after)


def no_promise_is_shortened(file: File, rules: Rules) -> None:
    """[10] Whatever is promised anew is promised for later.

    Unless it became more urgent, and then it is what the new urgency asks for; or another citizen
    was promised it sooner, and then it is that.
    """
    for event in file.events:
        for path, (before, after) in event.changes.items():
            row, column = file.place(path, event)
            if column.endswith(("_due", "due_at")) and None not in (before, after):
                due = datetime.fromisoformat(after)
                if due < datetime.fromisoformat(before):
                    reasons = list(_sooner(file, event, row, column, rules))
                    assert reasons, f"{event.action} shortens {path}: {before} to {after}"
                    assert due >= min(reasons), (event.action, path, before, after)


def _sooner(
    file: File, event: OrderEvent, row: str, column: str, rules: Rules
) -> Iterator[datetime]:
    """What may bring a promise forward, and how far."""
    order, task = file.as_of(event), file.task(row)
    if task is None and column == "due_at":  # the order shows what its lead task owes
        yield from _of_leads(file, event)
        return
    if clock := _CLOCKS.get(column) if task else _order_clock(column):
        if event.changes.keys() & {"urgency", "external_due"}:
            yield promise_for(order, rules, clock, event.at).due
            if task is not None and not _leads_all(task):  # it ends before whom it serves
                yield min([event.at, *_of_leads(file, event)]) - _MINUTE
        if event.action == "amend":  # corrected, it has waited all the time
            yield from (
                promise_for(order, rules, clock, one.at).due for one in _waited(file, event)
            )
        if task is None and event.from_state != event.to_state:  # another wait, not the same one
            yield promise_for(order, rules, clock, event.at).due
    if event.action in _MOVING and task is not None and not _leads_all(task):
        yield from (min(event.at, due) - _MINUTE for due in _of_leads(file, event))
    if event.action in _MERGING and "order" in event.changes:
        yield from file.merged[event.changes["order"][1]].get(column, ())
        if task is not None and not _leads_all(task):
            yield min([event.at, *_of_leads(file, event)]) - _MINUTE


def _order_clock(column: str) -> str | None:
    name = column.removesuffix("_due")
    return name if name in ORDER_CLOCKS.values() else None


def _leads_all(task: Task) -> bool:
    return task.parent_id is None and task.role is TaskRole.LEAD


def _of_leads(file: File, event: OrderEvent) -> Iterator[datetime]:
    """What top lead tasks owe since an event."""
    for path, (_before, after) in event.changes.items():
        row, column = file.place(path, event)
        task = file.task(row)
        if task is not None and _leads_all(task) and column == "due_at":
            yield datetime.fromisoformat(after)


def _waited(file: File, event: OrderEvent) -> Iterator[OrderEvent]:
    """The events that brought the order into the state in which another one found it: what comes
    back to the dispatcher has not come anew."""
    before = [one for one in file.events if one.seq < event.seq]
    for one in reversed(before):
        if one.from_state != one.to_state and one.to_state == event.from_state:
            yield one
            if one.from_state not in ("TO_SUPPLEMENT", "MERGED"):
                return


class Kept:
    """[10] For clocks whose end stands on no event: as one look after another has found them."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], tuple[int, datetime]] = {}

    def look(self, file: File) -> None:
        """While an order stays in a state, the end of that state's clock comes no nearer."""
        name = ORDER_CLOCKS.get(file.order.state)
        if name is None:
            return
        entered = next(one for one in reversed(file.events) if one.from_state != one.to_state)
        due = Promise.from_json(file.order.clocks[name]).due
        key, last = (file.order.id, entered.seq), file.events[-1].seq
        seq, before = self._seen.get(key, (last, due))
        since = [one for one in file.events if one.seq > seq]
        if not any(_may_hurry(one) for one in since):
            assert due >= before, f"{name} of {file.order.order_no}"
        self._seen[key] = (last, due)


def _may_hurry(event: OrderEvent) -> bool:
    """What ``no_promise_is_shortened`` looks at more closely."""
    return event.action == "amend" or "urgency" in event.changes or event.action in _MERGING
