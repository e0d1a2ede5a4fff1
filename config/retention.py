"""How long recordings and the files of orders are kept: read from ``retention.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError

FILE = "retention.yaml"
#: Two years: shorter is refused, for a recording that is gone cannot be brought back.
SHORTEST_DAYS = 730


class RetentionRules(BaseModel):
    """Days from the beginning of a recording."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    call_days: int = Field(ge=SHORTEST_DAYS)
    voicemail_days: int = Field(ge=SHORTEST_DAYS)
    with_order_days: int = Field(ge=SHORTEST_DAYS)
    #: Files of an order, from the order's end.
    order_days: int = Field(3650, ge=SHORTEST_DAYS)
    run_at_hour: int = Field(ge=0, le=23)

    @model_validator(mode="after")
    def _orders_longest(self) -> Self:
        if self.with_order_days < self.call_days:
            raise ValueError("with_order_days 不能短于 call_days")
        return self


def load_retention(rules: Path | None = None) -> RetentionRules:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming each wrong field.
    """
    path = rule_file(FILE, rules)
    try:
        return RetentionRules.model_validate(read_yaml(path))
    except ValidationError as error:
        wrong = "；".join(
            f"{'.'.join(map(str, item['loc']))}：{item['msg']}" for item in error.errors()
        )
        raise ConfigurationError(f"规则文件 {path.name} 有误：{wrong}") from error
