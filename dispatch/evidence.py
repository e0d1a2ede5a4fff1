"""What shows that a thing is so: files, calls of the house, words that name a source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from dispatch.checks import Faults
from dispatch.commands import invalid
from dispatch.step import Step
from models.tables import Attachment, Call

#: Fewer signs than these name no source that somebody else could look up.
SHORTEST = 5


async def attach(step: Step, ids: Sequence[str]) -> dict[str, str]:
    """Uploaded files that a command names belong to the order from this step on: id → name.

    :raises InvalidInput: when one is not there, is somebody else's or was given before.
    """
    if not ids:
        return {}
    query = select(Attachment).where(Attachment.id.in_(ids)).order_by(Attachment.uploaded_at)
    rows = [row for row in await step.session.scalars(query) if _may_give(step, row)]
    if len(rows) != len(set(ids)):
        message = "有材料不存在、不是您上传的或已经提交过，请重新上传"
        raise invalid([{"field": "files", "message": message}])
    for row in rows:
        row.attached_at, row.event_seq = step.now, step.order.version + 1
        row.task_id = step.task.id if step.task else None
    files = {row.id: row.name for row in rows}
    step.told(files="、".join(files.values()))
    return files


def _may_give(step: Step, row: Attachment) -> bool:
    return (
        row.order_id == step.order.id
        and row.attached_at is None
        and row.uploaded_by in step.actor.selves
    )


def with_files(evidence: dict[str, object], files: dict[str, str]) -> dict[str, object]:
    """Evidence as it is kept; without a word of files where there are none."""
    return {**evidence, "files": files} if files else evidence


def names_a_source(text: str) -> bool:
    """Whether somebody else could look it up."""
    return len("".join(text.split())) >= SHORTEST


async def check_call(
    step: Step, call_id: str | None, faults: Faults, *, since: datetime | None, talked: bool
) -> None:
    """A call with the order's citizen: not before ``since``, and answered where ``talked``."""
    if not call_id:
        return
    call = await step.session.get(Call, call_id)
    if call is None or not _with_citizen(step, call):
        faults.add("call_id", "没有与这个工单的诉求人的这通电话")
    elif since is not None and call.started_at < since:
        faults.add("call_id", "这通电话在派单之前，不能作为联系的凭据")
    elif talked and call.answered_at is None:
        faults.add("call_id", "这通电话没有接通")


def _with_citizen(step: Step, call: Call) -> bool:
    order = step.order
    if call.order_id == order.id or call.id == order.call_id:
        return True
    return bool(call.citizen_number) and call.citizen_number in {
        order.caller_phone,
        order.callback_phone,
    }
