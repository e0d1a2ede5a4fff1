"""What must show that a thing is so: read from ``evidence.yaml``."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError
from models.vocabulary import Action

FILE = "evidence.yaml"
#: Of a result that is said to be untrue, whoever says so in whatever step.
UNTRUE_RESULT = "untrue_result"


class Proof(StrEnum):
    """A kind of proof."""

    CALL = "call"
    FILE = "file"
    GIVEN = "given"
    TELEPHONE = "telephone"
    DOCUMENT = "document"
    CLAUSE = "clause"
    DATED = "dated"


#: Those that are words, not rows that can be looked up.
WORDS = frozenset({Proof.TELEPHONE, Proof.DOCUMENT, Proof.CLAUSE, Proof.DATED})
_ASK = {Proof.CALL: "选择平台通话", Proof.FILE: "上传材料"}
#: Steps whose proof somebody must name.
_STEPS = frozenset(
    {
        *(Action.FIRST_CONTACT, Action.RECORD_FOLLOW_UP, Action.SUBMIT_RESULT, UNTRUE_RESULT),
        *(Action.REQUEST_RETURN, Action.OPEN_DISPUTE, Action.REQUEST_EXTENSION),
        *(Action.REQUEST_SUSPENSION, Action.ASK_WITHDRAWAL, Action.ASK_REOPENING),
        *(Action.ASK_EXCLUSION, Action.MOVE_DEADLINE, Action.ANSWER_TRANSFER),
    }
)


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WordsRule(_Rule):
    """Words that somebody else could follow up."""

    least: int = Field(ge=1)
    all: tuple[re.Pattern[str], ...] = Field(min_length=1)
    ask: str = Field(min_length=1)

    def fits(self, words: str) -> bool:
        """Whether they name what is wanted."""
        long_enough = len("".join(words.split())) >= self.least
        return long_enough and all(pattern.search(words) for pattern in self.all)


class EvidenceRules(_Rule):
    """The whole file."""

    version: str
    proof: dict[str, tuple[Proof, ...]]
    words: dict[Proof, WordsRule]

    @field_validator("proof")
    @classmethod
    def _every_step(cls, proof: dict[str, tuple[Proof, ...]]) -> dict[str, tuple[Proof, ...]]:
        if missing := sorted(_STEPS - proof.keys()):
            raise ValueError(f"缺少 {'、'.join(missing)}")
        if unknown := sorted(proof.keys() - _STEPS):
            raise ValueError(f"没有 {'、'.join(unknown)} 这一步")
        if bare := [name for name, kinds in proof.items() if not kinds]:
            raise ValueError(f"{'、'.join(bare)} 至少要有一种佐证")
        return proof

    @model_validator(mode="after")
    def _every_word(self) -> Self:
        if odd := sorted(WORDS ^ self.words.keys()):
            raise ValueError(f"words 多了或缺少 {'、'.join(odd)}")
        return self

    def shown_by(self, step: str, words: str) -> bool:
        """Whether the words alone are proof of the step."""
        kinds = (kind for kind in self.proof[step] if kind in WORDS)
        return any(self.words[kind].fits(words) for kind in kinds)

    def ask(self, step: str) -> str:
        """What a person reads who has shown nothing."""
        ways = [_ASK[kind] for kind in self.proof[step] if kind in _ASK]
        ways += [self.words[kind].ask for kind in self.proof[step] if kind in WORDS]
        return f"请{'，或'.join(ways)}"


def load_evidence(rules: Path | None = None) -> EvidenceRules:
    """Read the file. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming what is wrong.
    """
    path = rule_file(FILE, rules)
    try:
        return EvidenceRules.model_validate(read_yaml(path))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigurationError(f"{path.name}：" + "；".join(lines)) from error
