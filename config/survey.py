"""How a citizen grades the service by key after the talk: read from ``survey.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError
from models.vocabulary import Satisfaction

FILE = "survey.yaml"


class SurveyRules(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    wait_seconds: float = Field(gt=0, le=30)
    #: How often the question is asked again when no key was pressed.
    repeats: int = Field(ge=0, le=3)
    #: Key → grade.
    grades: dict[Annotated[str, Field(pattern="^[0-9]$")], Satisfaction] = Field(min_length=2)


def load_survey(rules: Path | None = None) -> SurveyRules:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming each wrong field.
    """
    path = rule_file(FILE, rules)
    try:
        return SurveyRules.model_validate(read_yaml(path))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or '整体'}：{e['msg']}" for e in error.errors()]
        raise ConfigurationError(f"{path.name} " + "；".join(lines)) from error
