"""What lies in which box of a desk: lists and badges ask here, so that they agree."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, union_all
from sqlalchemy.orm import aliased

from dispatch.commands import invalid
from models.tables import OrderRequest, Task, WorkOrder
from models.vocabulary import OPEN_REQUEST, OrderState, RequestKind, TaskState
from models.workflow import UNIT_AT_WORK

#: Boxes of a unit's inbox that are states of its tasks.
UNIT_BOXES: dict[str, tuple[TaskState, ...]] = {
    "to_sign": (TaskState.TO_SIGN,),
    "in_hand": (TaskState.SIGNED,),
    "sent_back": (TaskState.SENT_BACK,),
    "delegated": (TaskState.DELEGATED,),
    "returning": (TaskState.RETURN_REQUESTED,),
    "submitted": (TaskState.SUBMITTED,),
    "open": UNIT_AT_WORK,
}
#: The box of results that units below have handed in: the reader's unit audits them.
BELOW = "below"
#: What the unit itself has to do something about now; its badge counts the same.
TO_DO = "to_do"
#: The boxes that it is made of.
TO_DO_BOXES = ("to_sign", "in_hand", "sent_back", BELOW)
_OWN_TO_DO = (TaskState.TO_SIGN, TaskState.SIGNED, TaskState.SENT_BACK)
_ASKED = (RequestKind.REDO, RequestKind.PANEL)
_Above = aliased(Task)
_Lying = aliased(Task)


def in_box(box: str, department: str) -> ColumnElement[bool]:
    """Tasks that lie in a box of the unit's.

    :raises InvalidInput: for a box that there is not.
    """
    if box == BELOW:
        return and_(Task.state == TaskState.SUBMITTED, Task.parent_id.in_(_at_work(department)))
    if box == TO_DO:
        return Task.id.in_(_to_do(department))
    if box not in UNIT_BOXES:
        names = "、".join([TO_DO, *UNIT_BOXES, BELOW])
        raise invalid([{"field": "box", "message": f"应为 {names} 之一"}])
    return and_(Task.department == department, Task.state.in_(UNIT_BOXES[box]))


def to_be_asked() -> ColumnElement[bool]:
    """Orders whose citizen is to be asked: not while a redo or a panel is being decided on."""
    undecided = exists().where(
        OrderRequest.order_id == WorkOrder.id,
        OrderRequest.kind.in_(_ASKED),
        OrderRequest.state.in_(OPEN_REQUEST),
    )
    return and_(WorkOrder.state == OrderState.TO_FOLLOW_UP, ~undecided)


def found_by(words: str) -> ColumnElement[bool]:
    """Orders of a desk's list that a search in it finds."""
    columns = (WorkOrder.title, WorkOrder.place, WorkOrder.order_no)
    return or_(*(column.icontains(words, autoescape=True) for column in columns))


def _at_work(department: str) -> Select[str]:
    """Tasks of the unit that may have others below them."""
    return select(_Above.id).where(_Above.department == department, _Above.state.in_(UNIT_AT_WORK))


def _to_do(department: str) -> Select[str]:
    # Two questions, each by its own index, and not one with an "or" that reads every task.
    own = select(Task.id).where(Task.department == department, Task.state.in_(_OWN_TO_DO))
    lying = select(_Lying.id).where(
        _Lying.state == TaskState.SUBMITTED, _Lying.parent_id.in_(_at_work(department))
    )
    both = union_all(own.correlate(None), lying).subquery()
    return select(both.c.id)
