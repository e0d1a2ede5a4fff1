"""Whether one order may be merged into another one, as that other one stands."""

from __future__ import annotations

from models.tables import WorkOrder
from models.vocabulary import OrderState
from models.workflow.merging import MAY_LEAD


def why_not_taken_in(order: WorkOrder, lead: WorkOrder) -> str:
    """What stands against it; empty: nothing."""
    if lead.id == order.id:
        return "不能并入本工单自己"
    if lead.state is OrderState.MERGED:
        return f"工单 {lead.order_no} 已并入其他工单，请并入它的主单"
    if lead.state not in MAY_LEAD:
        return f"工单 {lead.order_no} 现在是“{lead.state.label}”，不能再并入其他工单"
    if lead.suspended_at is not None:
        return f"工单 {lead.order_no} 已挂起，请先解除挂起"
    if lead.disputed_at is not None:
        return f"工单 {lead.order_no} 的承办单位争议正在裁定，裁定后再并入"
    if order.confidential != lead.confidential:
        return "保密件和非保密件不能并单"
    return ""
