"""One root error, and what can go wrong in the words of the one who reads it.

Each class carries a stable ``code`` (part of the API) and a Chinese ``title``; the message of an
instance says what happened this time. The web maps classes to HTTP status in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class HotlineError(Exception):
    """Something the hotline cannot do, said so that a person understands it."""

    code = "error"
    title = "操作未完成"

    def __init__(self, message: str = "", **details: Any) -> None:
        super().__init__(message or self.title)
        #: Facts for the caller, JSON-serialisable; shown as extension members of problem+json.
        self.details: dict[str, Any] = details


class ConfigurationError(HotlineError):
    """A setting or rule file is wrong."""

    code = "configuration"
    title = "配置有误"


class NotFound(HotlineError):
    """The thing named does not exist, or is not visible to the one who asks."""

    code = "not-found"
    title = "没有找到"


class InvalidInput(HotlineError):
    """A field's content cannot be accepted.

    ``errors`` is a list of ``{"field": "a.b", "message": "…"}``.
    """

    code = "invalid-input"
    title = "填写的内容有误"

    def __init__(
        self, message: str = "", errors: Sequence[dict[str, str]] = (), **details: Any
    ) -> None:
        super().__init__(message, errors=list(errors), **details)


class NotSignedIn(HotlineError):
    """No valid session."""

    code = "not-signed-in"
    title = "请先登录"


class Forbidden(HotlineError):
    """The person's role does not allow this."""

    code = "forbidden"
    title = "没有权限"


class TransitionRefused(HotlineError):
    """An action that the present state, or the actor's role, does not allow.

    Details: ``action``, ``state``, ``allowed_roles``, ``allowed_actions``.
    """

    code = "transition-refused"
    title = "当前状态不能这样操作"


class RoleRefused(TransitionRefused):
    """An action that the state allows, but not to the actor's post."""

    title = "您的岗位不能这样操作"


class Conflict(HotlineError):
    """Someone else changed the record in between. Details: ``current_version``."""

    code = "conflict"
    title = "数据已被他人修改"


class DraftChanged(HotlineError):
    """Somebody else saved the draft since it was read.

    Details: ``content`` and ``updated_at``, as it is stored now.
    """

    code = "draft-changed"
    title = "草稿已由他人更新"


class AlreadyGiven(HotlineError):
    """Another system sends an id again, with other content. Details: ``different_fields``."""

    code = "already-given"
    title = "该编号已经转来过"


class TelephonyUnavailable(HotlineError):
    """The telephone exchange does not answer, or the phone wanted is not there."""

    code = "telephony-unavailable"
    title = "电话系统暂不可用"


class SpeechUnavailable(HotlineError):
    """No speech model, or no worker for it."""

    code = "speech-unavailable"
    title = "语音识别暂不可用"
