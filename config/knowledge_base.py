"""How the knowledge base is kept: read from ``knowledge_base.yaml``."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError

FILE = "knowledge_base.yaml"


class KnowledgeRules(BaseModel):
    """Limits of the knowledge base."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    #: An owner is reminded so many days before the last one.
    remind_days: int = Field(ge=1, le=365)
    report_working_days: int = Field(ge=1, le=30)
    #: Keys Alt+1 … insert them.
    shown: int = Field(ge=1, le=9)
    suggest_from: float = Field(ge=0, le=3)


def load_knowledge_rules(rules: Path | None = None) -> KnowledgeRules:
    """Read the rules. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming each wrong field.
    """
    path = rule_file(FILE, rules)
    try:
        return KnowledgeRules.model_validate(read_yaml(path))
    except ValidationError as error:
        wrong = "；".join(
            f"{'.'.join(map(str, item['loc']))}：{item['msg']}" for item in error.errors()
        )
        raise ConfigurationError(f"规则文件 {path.name} 有误：{wrong}") from error
