"""The end of an order: why it was closed, and what that is worth."""

from __future__ import annotations

from dispatch.assessment.record import record_score
from dispatch.step import Step
from models.vocabulary import CloseReason


async def close(step: Step, reason: CloseReason) -> None:
    """Close an order that a unit has handled, and assess it."""
    step.change(closed_at=step.now, close_reason=reason)
    await step.session.flush()
    score = await record_score(step)
    step.told(score=score.score)
    step.result["score"] = score.score
