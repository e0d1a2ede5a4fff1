"""The state machine of an order, as one table: who may do what, from where, to where.

The service in ``dispatch`` acts by it, the console draws its buttons from it, and
``docs/state-machine.md`` is made from it. A row is one edge; the rows stand in one module per
subject and are joined in ``table``. Rows of the same action differ by the states they start from,
by the level and part of the task, or by ``case``: what was decided (``answered`` or ``to_unit``),
named by the service from the command's data, so that the table holds no logic but the guards.
"""

from models.states import (
    ACTIVE_TASK,
    HOTLINE_ROLES,
    IN_HAND,
    OFFICE,
    OPEN_STATES,
    UNIT,
    UNIT_AT_WORK,
    WORKABLE,
)
from models.task_tree import first_lead_task, lead_task
from models.workflow.permits import (
    AllowedStep,
    Permit,
    RefusedStep,
    allowed_actions,
    allowed_steps,
    names_of,
    open_cases,
    permit,
    refused_steps,
    subject_task,
)
from models.workflow.shapes import Case, Level, Transition
from models.workflow.table import TRANSITIONS, rows_of

__all__ = [
    "ACTIVE_TASK",
    "HOTLINE_ROLES",
    "IN_HAND",
    "OFFICE",
    "OPEN_STATES",
    "TRANSITIONS",
    "UNIT",
    "UNIT_AT_WORK",
    "WORKABLE",
    "AllowedStep",
    "Case",
    "Level",
    "Permit",
    "RefusedStep",
    "Transition",
    "allowed_actions",
    "allowed_steps",
    "first_lead_task",
    "lead_task",
    "names_of",
    "open_cases",
    "permit",
    "refused_steps",
    "rows_of",
    "subject_task",
]
