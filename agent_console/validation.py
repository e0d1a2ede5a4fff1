"""Reading a request's JSON and query into pydantic models; what is wrong is said in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from pydantic_core import ErrorDetails

from agent_console.errors import MalformedRequest
from dispatch.wording import field_label, problem_text
from models.errors import InvalidInput

M = TypeVar("M", bound=BaseModel)

#: Beginnings of pydantic's error types that only the web meets; the rest is dispatch's wording.
FAMILIES = {
    "string_pattern": "格式不正确",
    "too_short": "项数太少",
    "too_long": "项数太多",
    "datetime": "应是带时区的时间，如 2026-11-02T08:30:00Z",
    "timezone": "应是带时区的时间，如 2026-11-02T08:30:00Z",
    "date": "应是日期，如 2026-11-02",
}


def readable(value: Any) -> Any:
    """A field as it is; NUL is refused: PostgreSQL cannot keep it and nobody can read it."""
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("含有无法显示的字符")
    return value


class Body(BaseModel):
    """Base of what people send: unknown fields are refused, texts are trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    _readable = field_validator("*")(readable)


def read_json(model: type[M], raw: bytes) -> M:
    """Parse a body.

    :raises MalformedRequest: when it is no JSON.
    :raises InvalidInput: naming each wrong field.
    """
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        raise _told(error, model) from None


def read_query(model: type[M], query: Mapping[str, str]) -> M:
    """Parse a query string; empty values count as absent."""
    try:
        return model.model_validate({key: value for key, value in query.items() if value != ""})
    except ValidationError as error:
        raise _told(error, model) from None


def _told(error: ValidationError, model: type[BaseModel]) -> MalformedRequest | InvalidInput:
    found = error.errors(include_url=False)
    if found[0]["type"] == "json_invalid":
        return MalformedRequest(f"请求内容不是有效的 JSON：{found[0]['ctx']['error']}")
    errors = [{"field": _path(item), "message": _message(item)} for item in found]
    sentences = [
        f"{_label(model, item)}：{told['message']}"
        for item, told in zip(found, errors, strict=True)
    ]
    return InvalidInput("；".join(sentences), errors)


def _path(item: ErrorDetails) -> str:
    return ".".join(str(part) for part in item["loc"])


def _label(model: type[BaseModel], item: ErrorDetails) -> str:
    """The field as a person calls it."""
    field = model.model_fields.get(_path(item))
    return field.title if field and field.title else field_label(_path(item))


def _message(item: ErrorDetails) -> str:
    kind = item["type"]
    if kind == "value_error":
        return str(item["ctx"]["error"])
    own = next((text for start, text in FAMILIES.items() if kind.startswith(start)), None)
    return own or problem_text(item)
