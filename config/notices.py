"""Who is told of what, when, and how often it is tried: read from ``notices.yaml``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError
from models.vocabulary import Action, Light, NoticeKind, Urgency

FILE = "notices.yaml"

#: Units of an order as the file explains them.
Whom = (
    Literal["new", "task", "lead", "active", "all", "parent", "decider"]
    | Literal["holder", "intake", "hotline", "office"]
)
#: Who hears of a light; ``leader``: the unit's own.
Watcher = Literal["unit", "leader", "above", "hotline"]


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ActionNotice(_Rule):
    """A notice that an action causes."""

    kind: NoticeKind
    to: Whom
    #: ``asked``: only when the action has put a request before somebody.
    when: Literal["always", "asked"] = "always"


class DigestRules(_Rule):
    """When messages go out. Hours of the local day, the last one included."""

    first_hour: int = Field(ge=0, le=23)
    last_hour: int = Field(ge=0, le=23)
    at_once: tuple[Urgency, ...]
    listed: int = Field(ge=1, le=50)

    @model_validator(mode="after")
    def _in_order(self) -> DigestRules:
        if self.last_hour < self.first_hour:
            raise ValueError("last_hour 不能早于 first_hour")
        return self


class Contacts(_Rule):
    """Where a unit's messages go, and those for its leader."""

    sms: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    leader_sms: tuple[str, ...] = ()
    leader_email: tuple[str, ...] = ()


class SendingRules(_Rule):
    """How long it is tried."""

    retry_seconds: tuple[float, ...]
    timeout_seconds: float = Field(gt=0, le=120)
    keep_days: int = Field(ge=1)

    def pause(self, attempts: int) -> timedelta | None:
        """How long to wait after that many failures; None: give up."""
        if attempts > len(self.retry_seconds):
            return None
        return timedelta(seconds=self.retry_seconds[attempts - 1])


class NoticeRules(_Rule):
    """Everything about notices."""

    version: str
    actions: dict[Action, tuple[ActionNotice, ...]]
    lights: dict[Light, tuple[Watcher, ...]]
    digest: DigestRules
    contacts: dict[str, Contacts]
    sending: SendingRules


def load_notices(rules: Path | None = None) -> NoticeRules:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming each wrong field.
    """
    path = rule_file(FILE, rules)
    try:
        return NoticeRules.model_validate(read_yaml(path))
    except ValidationError as error:
        wrong = "；".join(
            f"{'.'.join(map(str, item['loc']))}：{item['msg']}" for item in error.errors()
        )
        raise ConfigurationError(f"规则文件 {path.name} 有误：{wrong}") from error
