"""How orders are handled over several levels: read from ``handling.yaml``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError
from models.vocabulary import RequestKind, RequestType, Urgency

FILE = "handling.yaml"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContactRule(_Row):
    """When a citizen was tried often enough."""

    tries: int = Field(ge=1)
    minutes_apart: dict[Urgency, int]


class AutoDispatchRule(_Row):
    """Whether orders may go to their unit without the dispatcher."""

    enabled: bool
    minutes: int = Field(ge=0)

    @property
    def pause(self) -> timedelta:
        """Time for the dispatcher to step in."""
        return timedelta(minutes=self.minutes)


class FollowUpRules(_Row):
    """Who is asked about the result, and how."""

    sample: dict[RequestType, Annotated[float, Field(ge=0, le=1)]]
    confidential: bool
    link: str
    message: str
    link_days: int = Field(ge=1, le=30)
    #: Failed tries that lie nearer to each other count as one.
    minutes_apart: int = Field(60, ge=0)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.link and "{code}" not in self.link:
            raise ValueError("link 应含 {code}")
        if "{link}" not in self.message:
            raise ValueError("message 应含 {link}")
        return self

    @property
    def link_lives(self) -> timedelta:
        """How long a link may be answered by."""
        return timedelta(days=self.link_days)


class OnTheSpotRules(_Row):
    """What may be answered without a unit, and how much an answer says at least."""

    least: int = Field(10, ge=1)
    never_types: tuple[RequestType, ...] = (RequestType.REPORT,)
    never_urgencies: tuple[Urgency, ...] = (Urgency.CRITICAL,)


class HandlingRules(_Row):
    """The whole file."""

    version: str
    depth: int = Field(ge=1, le=10)
    child_share: float = Field(ge=0, lt=1)
    joint_share: float = Field(ge=0, lt=1)
    contact: ContactRule
    auto_dispatch: AutoDispatchRule
    follow_up: FollowUpRules
    on_the_spot: OnTheSpotRules = OnTheSpotRules()
    #: What it means that nobody decides; kinds without a word wait.
    silence: dict[RequestKind, Literal["waits", "refused", "citizen"]]

    def reached_at(self, address: str) -> Self:
        """With the citizens' page at the house's own ``address``, where the file names none."""
        if not address or self.follow_up.link:
            return self
        link = f"{address.rstrip('/')}/opinion/{{code}}"
        rule = self.follow_up.model_copy(update={"link": link})
        return self.model_copy(update={"follow_up": rule})


def load_handling(rules: Path | None = None) -> HandlingRules:
    """Read the file. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming what is wrong.
    """
    path = rule_file(FILE, rules)
    try:
        found = HandlingRules.model_validate(read_yaml(path))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigurationError(f"{path.name}：" + "；".join(lines)) from error
    if missing := set(Urgency) - found.contact.minutes_apart.keys():
        names = "、".join(sorted(item.value for item in missing))
        raise ConfigurationError(f"{path.name}：contact.minutes_apart 缺少 {names}")
    return found
