"""How urgent a text sounds. Only ever raises."""

from __future__ import annotations

from config.urgency import UrgencyRules
from models.vocabulary import Urgency

_RANK = {level: level.rank for level in Urgency}


def judge_urgency(text: str, rules: UrgencyRules) -> tuple[Urgency, str]:
    """The highest level whose rule holds, and why in words for the agent.

    Rules look at one sentence's neighbourhood only: in a long letter a word of the beginning and
    one of the end do not belong together.
    """
    best, reason = Urgency.NORMAL, ""
    for part in _parts(text):
        for rule in rules.rules:
            if _RANK[rule.level] > _RANK[best] and (word := rule.spoken_by(part)):
                best, reason = rule.level, f"{rule.reason}（“{word}”）"
        if best is Urgency.CRITICAL:
            break
    return best, reason


#: Characters looked at together, and how far each window moves on.
_WINDOW, _STEP = 120, 60


def _parts(text: str) -> list[str]:
    if len(text) <= _WINDOW:
        return [text]
    return [text[i : i + _WINDOW] for i in range(0, len(text) - _STEP, _STEP)]
