"""What the closure assessment looks at: facts of one order, nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from dispatch.assessment.contact import NoContact
from dispatch.chain import canonical_json
from models.vocabulary import Satisfaction, SolvedByCaller


@dataclass(frozen=True, kw_only=True)
class ClosureFacts:
    """Times are aware UTC. A fact that does not apply is None; see each comment."""

    dispatched_at: datetime
    sign_due: datetime
    #: End of twice the limit.
    sign_due_twice: datetime
    #: None: never signed.
    signed_at: datetime | None
    #: Nobody to contact: the citizen left no number, or is hidden from the unit.
    contact_applies: bool = True
    #: Why it does not apply. None: it does, or the score is older than this was told.
    why_no_contact: NoContact | None = None
    first_contact_due: datetime
    #: None: never reached.
    first_contacted_at: datetime | None
    #: When it had been tried as often as the rules want, if that was after the limit. None: it was
    #: in time, or never, or the score is older than this was looked at.
    contact_tried_at: datetime | None = None
    due_at: datetime
    #: Last submission of the first round; a redo costs points of its own.
    submitted_at: datetime
    #: Lateness counts in hours instead of working days.
    by_hour: bool = False
    #: Started working days or hours after the due time, 0 in time.
    late_units: int = 0
    #: Auditor's marks: process 0–10, answer quality 0–100. None: not marked.
    process: float | None
    quality: float | None
    #: What the citizen says. None: not reached or not asked.
    solved: SolvedByCaller | None
    satisfaction: Satisfaction | None
    #: How often each deduction of the rule set happened.
    counts: Mapping[str, int] = field(default_factory=dict)
    #: Proven offences of the rule set's ``zero`` list.
    offences: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As stored with the score."""
        facts = {name: _plain(value) for name, value in asdict(self).items()}
        for name in _LATER:  # what was stored before it was told keeps its digest
            if facts[name] is None:
                del facts[name]
        return facts

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ClosureFacts:
        """Read what :meth:`to_json` wrote."""
        values: dict[str, Any] = dict(data)
        for name in _LATER:
            values.setdefault(name, None)
        for name in _TIMES:
            values[name] = datetime.fromisoformat(values[name]) if values[name] else None
        values["solved"] = SolvedByCaller(values["solved"]) if values["solved"] else None
        grade = values["satisfaction"]
        values["satisfaction"] = Satisfaction(grade) if grade else None
        values["offences"] = tuple(values["offences"])
        why = values["why_no_contact"]
        values["why_no_contact"] = NoContact(why) if why else None
        return cls(**values)

    def digest(self, rule_version: str) -> str:
        """SHA-256 of facts and rule version: the same digest, the same score."""
        body = canonical_json({"facts": self.to_json(), "rules": rule_version})
        return hashlib.sha256(body.encode()).hexdigest()


_TIMES = (
    "dispatched_at",
    "sign_due",
    "sign_due_twice",
    "signed_at",
    "first_contact_due",
    "first_contacted_at",
    "contact_tried_at",
    "due_at",
    "submitted_at",
)
#: Facts that were not told of at first.
_LATER = ("why_no_contact", "contact_tried_at")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value
