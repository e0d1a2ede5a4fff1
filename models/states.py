"""Groups of states, and of posts, that rules speak of."""

from __future__ import annotations

from models.vocabulary import OrderState, Role, TaskState

S, T, R = OrderState, TaskState, Role

#: States in which the order is not finished and a clock of its own runs. One merged into another
#: is not finished either; that one's clock runs.
OPEN_STATES = (
    S.TO_SUPPLEMENT,
    S.TO_DISPATCH,
    S.DISPATCHED,
    S.TO_AUDIT,
    S.TO_FOLLOW_UP,
    S.REDO,
    S.SHELVED,
    S.TRANSFERRED_OUT,
)
#: States in which a unit works.
IN_HAND = (S.DISPATCHED, S.REDO)
#: States of a task that the unit still owes something on.
UNIT_AT_WORK = (T.TO_SIGN, T.SIGNED, T.RETURN_REQUESTED, T.DELEGATED, T.SENT_BACK)
#: States of a task that is not over.
ACTIVE_TASK = (*UNIT_AT_WORK, T.SUBMITTED)
#: States in which the unit itself can go on with its task.
WORKABLE = (T.SIGNED, T.SENT_BACK)
#: Posts of the hotline itself.
HOTLINE_ROLES = (R.AGENT, R.SHIFT_LEADER, R.DISPATCHER, R.AUDITOR, R.FOLLOW_UP, R.MANAGER)
#: The hotline's office: decides what units ask for.
OFFICE = (R.SHIFT_LEADER, R.MANAGER)
#: Posts of a unit.
UNIT = (R.UNIT_CLERK, R.UNIT_HEAD)
