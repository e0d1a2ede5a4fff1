"""The dispatcher's desk: correcting what was taken in, and giving it to a unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dispatch.carried import check_may_move, last_taken_back, supervision_goes_on
from dispatch.checks import Faults
from dispatch.commands import Amend, Dispatch
from dispatch.own_work import check_owner
from dispatch.running import new_joint_task, new_lead_task, run_clock
from dispatch.step import Handler, Step
from dispatch.wording import field_label
from models.guards import Actor
from models.tables import WorkOrder
from models.task_tree import unit_task
from models.vocabulary import Action, Difficulty, RequestType, Role, Urgency
from models.workflow import Case

_STEERS_CLOCK = {"request_type", "category", "urgency", "area"}
#: Of what eases an order: fewer signs are no reason.
SHORTEST_REASON = 5


async def amend(step: Step, command: Amend) -> None:
    """Correct what was taken in, before it is dispatched."""
    given = command.facts().items()
    wanted = {name: value for name, value in given if name != "reason" and value is not None}
    eased = _eased(step.order, wanted, step.actor)
    step.follow(Case.EASED if eased else Case.CORRECTED)
    wanted = _checked_amendment(step, wanted, eased, command.reason)
    step.reason = command.reason
    if "category" in wanted:
        step.order.taxonomy_version = step.rules.taxonomy.version
    step.change(**wanted)
    order = step.order
    step.change(area=step.rules.areas.street_of(order.place, order.content) or "")
    if _STEERS_CLOCK & step.changes.keys():
        run_clock(step)


def _eased(order: WorkOrder, wanted: dict[str, Any], actor: Actor) -> set[str]:
    """Names of what would be eased. That an informant is kept secret eases nothing, and how hard it
    is (which makes limits longer) is the dispatcher's to judge."""
    found = {name for name, value in wanted.items() if eases(name, getattr(order, name), value)}
    if wanted.get("request_type", order.request_type) is RequestType.REPORT and wanted.get(
        "confidential"
    ):
        found.discard("confidential")
    if Role.DISPATCHER in actor.usable_roles:
        found.discard("difficulty")
    return found


def eases(name: str, before: Any, after: Any) -> bool:
    """Whether a change takes something from the citizen or the case, or makes it easier for a unit:
    less protection, a longer limit, nobody to be called or asked."""
    match name:
        case "request_type":
            return bool(before == RequestType.REPORT and after != before)
        case "urgency":
            return Urgency(after).rank < Urgency(before).rank
        case "difficulty":
            return Difficulty(after).rank > Difficulty(before).rank
        case "confidential":
            return bool(after) != bool(before)
        case "want_reply":
            return bool(before) and not after
        case _:
            return False


def _checked_amendment(
    step: Step, wanted: dict[str, Any], eased: set[str], reason: str
) -> dict[str, Any]:
    faults = Faults(step.rules)
    if eased and len(reason) < SHORTEST_REASON:
        names = "、".join(field_label(name) for name in wanted if name in eased)
        faults.add("reason", f"更正{names}的，请写明理由，至少{SHORTEST_REASON}字")
    if "category" in wanted:
        faults.category("category", wanted["category"])
    for name in ("caller_phone", "callback_phone"):
        if name in wanted:
            wanted[name] = faults.phone(name, wanted[name])
    after = {
        name: wanted.get(name, getattr(step.order, name))
        for name in ("want_reply", "caller_phone", "callback_phone")
    }
    if after["want_reply"] and not (after["caller_phone"] or after["callback_phone"]):
        faults.add("callback_phone", "需要回访的工单不能没有联系电话")
    if not any(getattr(step.order, name) != value for name, value in wanted.items()):
        faults.add("reason", "没有任何内容被更正")
    faults.raise_any()
    return wanted


async def dispatch(step: Step, command: Dispatch) -> None:
    """Give the order to its lead unit; its clocks start now."""
    step.follow()
    check_units(step, command.department, command.joint)
    check_owner(step, command.department)
    await check_may_move(step, command.department)
    step.reason = command.note
    step.change(dispatched_at=step.now)
    if command.difficulty is not None:
        step.change(difficulty=command.difficulty)
    step.turn_to(None)  # a task of an earlier dispatch, which was taken back
    task = new_lead_task(step, command.department, command.note)
    await supervision_goes_on(step, last_taken_back(step, task.redo_of), task)
    for unit in command.joint:
        new_joint_task(step, task, unit, command.note)
    run_clock(step)
    step.result["task_id"] = task.id


def check_units(step: Step, department: str, joint: Sequence[str] = ()) -> None:
    """Units that are to take part: they exist, are named once, and have no task already.

    :raises InvalidInput: naming every wrong one.
    """
    faults = Faults(step.rules)
    for field, unit in [("department", department), *(("joint", unit) for unit in joint)]:
        faults.department(field, unit)
        if unit_task(step.tasks, unit):
            faults.add(field, f"{step.rules.unit_name(unit)}已在办理该工单")
    if len({department, *joint}) <= len(joint):
        faults.add("joint", "同一个单位只能选一次")
    faults.raise_any()


HANDLERS: dict[Action, Handler] = {Action.AMEND: amend, Action.DISPATCH: dispatch}
