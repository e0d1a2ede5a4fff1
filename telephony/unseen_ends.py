"""How a call ended that nobody saw end: our process was dead then, or Asterisk was started anew."""

from __future__ import annotations

from models.vocabulary import CallDirection, CallState, ContactOutcome, PriorityReason
from telephony.call import LiveCall
from telephony.recording import Recordings
from telephony.screening import HUNG_UP
from telephony.snapshot import Snapshot
from telephony.waiting import BOOKED_REASON, MESSAGE_LEFT

_ENDED_UNSEEN = "系统重启期间通话已结束"
_EXCHANGE_RESTARTED = "电话交换机重启，通话中断"

#: Outcome by the last known state.
_OUTCOMES = {
    CallState.GREETING: ContactOutcome.ABANDONED_GREETING,
    CallState.QUEUED: ContactOutcome.ABANDONED_QUEUE,
    CallState.RINGING: ContactOutcome.ABANDONED_RINGING,
    CallState.DIALLING: ContactOutcome.NOT_REACHED,
    CallState.TALKING: ContactOutcome.SERVED,
    CallState.HELD: ContactOutcome.SERVED,
    CallState.MESSAGE: ContactOutcome.ABANDONED_QUEUE,
}

#: An answered caller is without anybody: waits for another, or for a transfer to be taken.
_WAITS_AGAIN = frozenset({CallState.QUEUED, CallState.RINGING, CallState.DIALLING})


def unseen_end(
    call: LiveCall,
    now: Snapshot,
    recordings: Recordings,
    *,
    served: bool = False,
    screened: bool = False,
) -> tuple[ContactOutcome, str]:
    """Outcome and reason, as a living process would have had them.

    :param served: the caller has heard in self-service how an order stands.
    :param screened: the caller is on the nuisance list, and was asked what the matter is.
    """
    restarted = now.is_younger_than(call)
    reason = _EXCHANGE_RESTARTED if restarted else _ENDED_UNSEEN
    if call.outcome is ContactOutcome.CALLBACK_BOOKED:
        return call.outcome, BOOKED_REASON
    if call.state is CallState.MESSAGE and recordings.has_message(call.message_recording):
        return ContactOutcome.VOICEMAIL_LEFT, MESSAGE_LEFT
    if call.answered_at is not None:
        call.interrupted = restarted or call.state in _WAITS_AGAIN
        return ContactOutcome.SERVED, reason
    told_of_danger = PriorityReason.EMERGENCY_WORDS in call.priority_reasons
    if screened and call.state is CallState.GREETING and not told_of_danger:
        return ContactOutcome.BLOCKED, HUNG_UP
    if restarted and call.direction is CallDirection.INBOUND:
        return ContactOutcome.FAILED, reason
    # Who was still in the greeting when we died would have been asked to wait: we cut that off.
    call.interrupted = call.state is CallState.GREETING
    if call.state is CallState.SELF_SERVICE and served:
        return ContactOutcome.SELF_SERVED, reason
    if call.state is CallState.SELF_SERVICE and call.queued_at is None:
        return ContactOutcome.ABANDONED_GREETING, reason  # came by its number and heard of no order
    # Also who had come to self-service from the line, and had heard of no order yet.
    return _OUTCOMES.get(call.state, ContactOutcome.ABANDONED_QUEUE), reason
