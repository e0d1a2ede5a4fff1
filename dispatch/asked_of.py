"""Whether a citizen is asked about a result, and the reason when not."""

from __future__ import annotations

import hashlib

from dispatch.rules import Rules
from models.tables import WorkOrder
from models.vocabulary import CloseReason
from models.workflow import Case

_CASES = {
    CloseReason.NO_REPLY_WANTED: Case.NO_REPLY_WANTED,
    CloseReason.CONFIDENTIAL: Case.NOT_ASKED,
    CloseReason.NOT_SAMPLED: Case.NOT_ASKED,
}


def why_not_asked(order: WorkOrder, rules: Rules) -> CloseReason | None:
    """None: the citizen is asked."""
    rule = rules.handling.follow_up
    if not order.want_reply:
        return CloseReason.NO_REPLY_WANTED
    if order.confidential and not rule.confidential:
        return CloseReason.CONFIDENTIAL
    share = rule.sample.get(order.request_type, 1.0)
    again = order.redo_count or order.reopen_count
    return None if again or _drawn(order, share) else CloseReason.NOT_SAMPLED


def case_of(reason: CloseReason | None) -> Case:
    """The row of the table."""
    return _CASES[reason] if reason else Case.REPLY_WANTED


def _drawn(order: WorkOrder, share: float) -> bool:
    """The same each time it is looked at, and not to be known without the citizen's query code."""
    lot = hashlib.sha256(f"{order.id}:{order.query_code}".encode()).digest()
    return int.from_bytes(lot[:8]) < share * 2**64
