"""What Asterisk's REST interface refuses, as errors of the house."""

from __future__ import annotations

from models.errors import TelephonyUnavailable


class ARIError(TelephonyUnavailable):
    """Asterisk did not do what was asked. Details: ``status``, ``operation``."""

    code = "ari-error"
    title = "电话交换机未能完成操作"
    status = 0


class ARIUnreachable(ARIError):
    """Asterisk does not answer at all."""

    code = "ari-unreachable"
    title = "电话交换机没有应答"


class ARIBadRequest(ARIError):
    """A parameter is wrong (400)."""

    code = "ari-bad-request"
    title = "电话交换机不接受该请求"
    status = 400


class ARINotFound(ARIError):
    """The channel, bridge or playback is gone (404)."""

    code = "ari-not-found"
    title = "该通话线路已不存在"
    status = 404


class ARIConflict(ARIError):
    """The id is taken, or the thing is not in a state for this (409)."""

    code = "ari-conflict"
    title = "线路当前状态不能这样操作"
    status = 409


class ARIPreconditionFailed(ARIError):
    """The channel is not in the right state, e.g. not answered (412)."""

    code = "ari-precondition"
    title = "线路尚未准备好"
    status = 412


class ARIUnprocessable(ARIError):
    """The channel is not in our application, yet or any more (422)."""

    code = "ari-unprocessable"
    title = "线路不由热线系统控制"
    status = 422


_BY_STATUS: dict[int, type[ARIError]] = {
    kind.status: kind
    for kind in (ARIBadRequest, ARINotFound, ARIConflict, ARIPreconditionFailed, ARIUnprocessable)
}


def error_for(status: int, operation: str, message: str) -> ARIError:
    """The error for an HTTP status; Asterisk's own words are kept."""
    kind = _BY_STATUS.get(status, ARIError)
    return kind(f"{kind.title}（{message or status}）", status=status, operation=operation)
