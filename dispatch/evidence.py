"""What shows that a thing is so: files, calls of the house, words that somebody can follow up.

Which of them a step needs stands in ``config/evidence.yaml``. Files and calls are looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from config.evidence import Proof
from dispatch.checks import Faults
from dispatch.commands import invalid
from dispatch.step import Step
from models.phone_numbers import WITHHELD, normal_number
from models.tables import Attachment, Call
from models.task_tree import below
from models.vocabulary import AttachmentKind


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What somebody gives as proof."""

    words: str = ""
    files: Sequence[str] = ()
    call_id: str | None = None
    #: Files given before, by id.
    given: Sequence[str] = ()


def check_proof(
    step: Step, faults: Faults, what: str, shown: Shown, *, field: str = "evidence"
) -> None:
    """One kind of proof at least that the rules take for ``what``: an action, or a finding."""
    rules = step.rules.evidence
    rows = {Proof.CALL: shown.call_id, Proof.FILE: shown.files, Proof.GIVEN: shown.given}
    enough = any(rows.get(kind) for kind in rules.proof[what])
    if not enough and not rules.shown_by(what, shown.words):
        faults.add(field, rules.ask(what))


def require_proof(step: Step, shown: Shown, *, field: str = "evidence") -> None:
    """Of a step that checks nothing else beside it.

    :raises InvalidInput: when nothing shows what is asked for.
    """
    faults = Faults(step.rules)
    check_proof(step, faults, step.action, shown, field=field)
    faults.raise_any()


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


async def given_before(step: Step) -> dict[str, str]:
    """Files about the handling that were given with the subject task or below it: id → name."""
    tasks = [step.subject, *below(step.subject, step.tasks)]
    query = select(Attachment).where(
        Attachment.order_id == step.order.id,
        Attachment.task_id.in_([task.id for task in tasks]),
        Attachment.kind == AttachmentKind.HANDLING,
        Attachment.attached_at.is_not(None),
    )
    with step.session.no_autoflush:  # the step gives its own files after this
        rows = await step.session.scalars(query.order_by(Attachment.uploaded_at, Attachment.id))
    return {row.id: row.name for row in rows}


async def check_call(
    step: Step,
    call_id: str | None,
    faults: Faults,
    *,
    since: datetime | None,
    talked: bool,
    begun: str = "派单",
) -> None:
    """A call with the order's citizen: not before ``since``, when what ``begun`` names was done,
    and answered where they ``talked``."""
    if not call_id:
        return
    call = await step.session.get(Call, call_id)
    if call is None or not _with_citizen(step, call):
        faults.add("call_id", "没有与这个工单的诉求人的这通电话")
    elif since is not None and call.started_at < since:
        faults.add("call_id", f"这通电话在{begun}之前，不能作为联系的凭据")
    elif talked and call.answered_at is None:
        faults.add("call_id", "这通电话没有接通")


def _with_citizen(step: Step, call: Call) -> bool:
    """The call that it came with, or one of that citizen's numbers that is about no other order."""
    order = step.order
    if call.id == order.call_id:
        return True
    if call.order_id not in (None, order.id):
        return False
    numbers = {normal_number(one) for one in (order.caller_phone, order.callback_phone)}
    return normal_number(call.citizen_number) in numbers - {WITHHELD}
