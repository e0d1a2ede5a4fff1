"""A unit gets an order for a second time in the same round: what it was promised counts on.

Moved there and back, or merged and parted, nobody gains time by it. A redo, and an order that was
opened again, are rounds of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from dispatch.back_in_hand import LATE, late_since
from dispatch.promises import Promise, Source
from models.tables import Task
from models.task_tree import same_hands

if TYPE_CHECKING:
    from dispatch.step import Step

#: What a unit reads that has the order for the second time.
_WORDS = "该单位此前已承办本工单，时限不重新计算。"


def as_before(step: Step, fresh: Promise, before: Task | None) -> Promise:
    """What the unit was promised when it had the order last, with what was granted it then.

    Unless the order has become stricter: more urgent, or merged with one that is due sooner; or
    another system has moved its deadline.
    """
    if before is None or fresh.name not in before.clocks:
        return fresh
    old = Promise.from_json(before.clocks[fresh.name])
    given = old.source is fresh.source is Source.EXTERNAL and not step.order.merged_count
    stricter = fresh.policy != old.policy or fresh.source is Source.WITHIN
    if given or (stricter and fresh.due < old.due):
        return fresh
    words = old.explanation.removesuffix(_WORDS) + _WORDS
    return replace(old, explanation=words)


def count_lateness(clocks: Mapping[str, Promise], before: Task | None) -> dict[str, Promise]:
    """Late already or almost, nobody is supervised for it before they must have signed."""
    handle, sign = clocks["handle"], clocks["sign"]
    since = max(late_since(before) if before else handle.due, sign.due)
    return {LATE: replace(handle, name=LATE, due=since)} if since > handle.due else {}


def keep_what_was_done(step: Step, task: Task, before: Task) -> None:
    """The citizen need not be called again, nor the first report be given again; and a level of
    supervision that the unit was at is not reached again."""
    if before.first_contact is not None:
        task.first_contact = before.first_contact
    task.contact_tries = list(before.contact_tries)
    step.change_task(
        task,
        first_contacted_at=before.first_contacted_at,
        contact_excused_at=before.contact_excused_at,
        first_progress_at=before.first_progress_at,
        highest_supervision=before.highest_supervision,
    )


def first_promise(step: Step, task: Task) -> Promise:
    """What its unit was promised when it was given the order for the first time."""
    clocks = same_hands(task, step.tasks)[0].clocks
    return Promise.from_json(clocks.get("handle.1", clocks["handle"]))
