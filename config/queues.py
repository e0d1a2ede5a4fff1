"""Who waits where, and who serves whom: skill groups, queues, access numbers, priorities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from config.rules import RowReader, read_yaml, rule_file
from models.vocabulary import AgentState, PriorityReason, QueueStrategy, Urgency

FILE = "queues.yaml"
#: Levels of skill: 1 is the best.
BEST_LEVEL, WORST_LEVEL = 1, 9
#: Where a caller goes who has waited too long, when no other queue is named.
VOICEMAIL = "voicemail"
#: States with a time limit.
BREAKS = (AgentState.REST, AgentState.MEAL, AgentState.TRAINING, AgentState.MEETING)


@dataclass(frozen=True, kw_only=True)
class SkillGroup:
    """Agents who can do the same."""

    code: str
    name: str


@dataclass(frozen=True, kw_only=True)
class GroupStep:
    """A group that serves a queue once a caller has waited ``after`` seconds."""

    code: str
    after: float


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Points of a queue's callers."""

    base: float
    per_minute: float
    share: float


@dataclass(frozen=True, kw_only=True)
class WaitingRules:
    """What happens to one who waits. Seconds."""

    max_wait: float
    #: ``voicemail`` or a queue's code.
    overflow: str
    announce_every: float
    #: From when on a call-back is offered.
    callback_from: float


@dataclass(frozen=True, kw_only=True)
class Queue:
    """One line of waiting callers. ``groups`` in the order in which they open."""

    code: str
    name: str
    strategy: QueueStrategy
    greeting: str
    groups: tuple[GroupStep, ...]
    weights: Weights
    waiting: WaitingRules


@dataclass(frozen=True, kw_only=True)
class AccessNumber:
    """A number that citizens dial."""

    number: str
    name: str
    queue: str
    greeting: str


@dataclass(frozen=True, kw_only=True)
class CallerQueues:
    """Where callers go of whom something is known; empty: where they dialled."""

    elderly: str = ""
    enterprise: str = ""
    dialect: str = ""


@dataclass(frozen=True, kw_only=True)
class RepeatCaller:
    """Who counts as one."""

    calls: int
    within: timedelta


@dataclass(frozen=True, kw_only=True)
class SameAgent:
    """Whether the agent of the last time is preferred. ``patience`` in seconds."""

    within: timedelta
    patience: float


@dataclass(frozen=True, kw_only=True)
class WaitingEar:
    """When we listen to waiting callers, and what words count."""

    after: float
    level: Urgency
    #: Callers heard at the same time: listening takes a share of the machine.
    most: int


@dataclass(frozen=True, kw_only=True)
class StateRules:
    """What the agents' states last."""

    wrap_up_extension: timedelta = timedelta(seconds=60)
    phone_away: timedelta = timedelta(seconds=60)
    limits: Mapping[AgentState, timedelta]


@dataclass(frozen=True, kw_only=True)
class QueueRules:
    """All of the file. The first queue and the first access number are those of everybody else."""

    version: str
    groups: Mapping[str, SkillGroup]
    default_skills: Mapping[str, int]
    queues: Mapping[str, Queue]
    access_numbers: tuple[AccessNumber, ...]
    callers: CallerQueues
    #: Key that a waiting caller may press → queue.
    keys: Mapping[str, str]
    priorities: Mapping[PriorityReason, float]
    repeat_caller: RepeatCaller
    same_agent: SameAgent
    listen_while_waiting: WaitingEar | None
    agents: StateRules

    @property
    def first_queue(self) -> Queue:
        """Where everybody goes for whom nothing else is said."""
        return next(iter(self.queues.values()))

    def queue(self, code: str) -> Queue:
        """The queue; the first one for a code of an older file."""
        return self.queues.get(code, self.first_queue)

    def dialled(self, number: str) -> AccessNumber:
        """The access number behind what was dialled, in whatever dress it came."""
        digits = re.sub(r"\D", "", number)
        found = [row for row in self.access_numbers if digits.endswith(row.number)]
        return max(found, key=lambda row: len(row.number), default=self.access_numbers[0])

    def points(self, reasons: tuple[PriorityReason, ...]) -> int:
        """Points for all reasons together, each of them once."""
        return round(sum(self.priorities.get(reason, 0) for reason in set(reasons)))


def load_queues(rules: Path | None = None) -> QueueRules:
    """Read the file. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming the row that is wrong.
    """
    path = rule_file(FILE, rules)
    return _Reader(RowReader(path.name, "顶层", read_yaml(path)), path.name).read()


class _Reader:
    """Reads the file part by part; what is read first is known to what follows."""

    def __init__(self, top: RowReader, file: str) -> None:
        self._top = top
        self._file = file
        self._groups: dict[str, SkillGroup] = {}
        self._queues: dict[str, Queue] = {}

    def read(self) -> QueueRules:
        top = self._top
        top.only(
            "version", "groups", "default_skills", "queues", "access_numbers", "callers",
            "priorities", "repeat_caller", "same_agent", "listen_while_waiting", "waiting",
            "agents", "keys",
        )  # fmt: skip
        for number, row in enumerate(top.rows("groups"), 1):
            self._add_group(RowReader(self._file, f"第 {number} 个技能组", row))
        self._read_queues()
        return QueueRules(
            version=top.text("version"),
            groups=self._groups,
            default_skills=self.skills(top.row("default_skills", "默认技能")),
            queues=self._queues,
            access_numbers=self._access_numbers(),
            callers=self._callers(),
            keys=self._keys(),
            priorities=self._priorities(),
            repeat_caller=self._repeat_caller(),
            same_agent=self._same_agent(),
            listen_while_waiting=self._ear(),
            agents=self._states(),
        )

    # --- groups and queues ----------------------------------------------------------------------

    def _add_group(self, row: RowReader) -> None:
        row.only("code", "name")
        code = row.text("code")
        if code in self._groups:
            raise row.error(f"编码 {code} 出现了两次")
        self._groups[code] = SkillGroup(code=code, name=row.text("name"))

    def skills(self, row: RowReader) -> dict[str, int]:
        """Group → level."""
        for code in row.names:
            self._known_group(row, code)
        return {
            code: int(row.number(code, least=BEST_LEVEL, most=WORST_LEVEL)) for code in row.names
        }

    def _known_group(self, row: RowReader, code: str) -> str:
        if code not in self._groups:
            raise row.error(f"没有技能组 {code}")
        return code

    def _read_queues(self) -> None:
        default = self._top.row("waiting", "waiting")
        rows = [
            RowReader(self._file, f"第 {number} 个队列", row)
            for number, row in enumerate(self._top.rows("queues"), 1)
        ]
        if not rows:
            raise self._top.error("至少要有一个队列")
        for row in rows:
            queue = self._queue(row, _waiting(default, None))
            if queue.code in self._queues:
                raise row.error(f"编码 {queue.code} 出现了两次")
            self._queues[queue.code] = queue
        for row, queue in zip(rows, self._queues.values(), strict=True):
            self._check_overflow(row, queue)

    def _check_overflow(self, row: RowReader, queue: Queue) -> None:
        target = queue.waiting.overflow
        if target != VOICEMAIL and (target not in self._queues or target == queue.code):
            raise row.error(f"overflow 应是 {VOICEMAIL} 或另一个队列的编码，现为 {target}")

    def _queue(self, row: RowReader, waiting: WaitingRules) -> Queue:
        row.only("code", "name", "strategy", "greeting", "groups", "weights", "waiting")
        strategy = row.text("strategy")
        if strategy not in set(QueueStrategy):
            raise row.error(f"strategy “{strategy}” 不在 {'、'.join(QueueStrategy)} 之中")
        code = row.text("code")
        return Queue(
            code=code,
            name=row.text("name"),
            strategy=QueueStrategy(strategy),
            greeting=row.text("greeting", "greeting"),
            groups=self._steps(row, code),
            weights=_weights(row.row("weights", f"队列 {code} 的 weights")),
            waiting=_waiting(row.row("waiting", f"队列 {code} 的 waiting"), waiting),
        )

    def _steps(self, queue: RowReader, code: str) -> tuple[GroupStep, ...]:
        steps = []
        for number, entry in enumerate(queue.rows("groups"), 1):
            row = RowReader(self._file, f"队列 {code} 的第 {number} 个技能组", entry)
            row.only("code", "after")
            group = self._known_group(row, row.text("code"))
            steps.append(GroupStep(code=group, after=row.number("after", 0)))
        if not steps:
            raise queue.error("groups 至少要有一个技能组")
        if len({step.code for step in steps}) < len(steps):
            raise queue.error("groups 中有重复的技能组")
        return tuple(sorted(steps, key=lambda step: step.after))

    def _known_queue(self, row: RowReader, code: str) -> str:
        if code and code not in self._queues:
            raise row.error(f"没有队列 {code}")
        return code

    # --- numbers and callers --------------------------------------------------------------------

    def _access_numbers(self) -> tuple[AccessNumber, ...]:
        found: dict[str, AccessNumber] = {}
        for index, entry in enumerate(self._top.rows("access_numbers"), 1):
            row = RowReader(self._file, f"第 {index} 个接入号码", entry)
            row.only("number", "name", "queue", "greeting")
            number = row.text("number")
            if not re.fullmatch(r"\d{3,20}", number):
                raise row.error(f"number “{number}” 应是 3 到 20 位数字")
            if number in found:
                raise row.error(f"号码 {number} 出现了两次")
            queue = self._known_queue(row, row.text("queue"))
            found[number] = AccessNumber(
                number=number,
                name=row.text("name"),
                queue=queue,
                greeting=row.text("greeting", self._queues[queue].greeting),
            )
        if not found:
            raise self._top.error("至少要有一个接入号码")
        return tuple(found.values())

    def _callers(self) -> CallerQueues:
        row = self._top.row("callers", "callers")
        row.only("elderly", "enterprise", "dialect")
        return CallerQueues(**{code: self._known_queue(row, row.text(code)) for code in row.names})

    def _keys(self) -> dict[str, str]:
        row = self._top.row("keys", "keys")
        if wrong := [key for key in row.names if not re.fullmatch(r"\d", key)]:
            raise row.error(f"按键应是一位数字，现为 {wrong[0]}")
        return {key: self._known_queue(row, row.text(key)) for key in row.names}

    def _priorities(self) -> dict[PriorityReason, float]:
        row = self._top.row("priorities", "priorities")
        row.only(*PriorityReason)
        return {
            PriorityReason(code): row.number(code, least=-10000, most=10000) for code in row.names
        }

    def _repeat_caller(self) -> RepeatCaller:
        row = self._top.row("repeat_caller", "repeat_caller")
        row.only("calls", "hours")
        return RepeatCaller(
            calls=int(row.number("calls", 2, least=1)),
            within=timedelta(hours=row.number("hours", 24, most=8760)),
        )

    def _same_agent(self) -> SameAgent:
        row = self._top.row("same_agent", "same_agent")
        row.only("hours", "patience")
        return SameAgent(
            within=timedelta(hours=row.number("hours", 0, most=8760)),
            patience=row.number("patience", 0, most=60),
        )

    def _ear(self) -> WaitingEar | None:
        if "listen_while_waiting" not in self._top.names:
            return None
        row = self._top.row("listen_while_waiting", "listen_while_waiting")
        row.only("after", "level", "most")
        level = row.text("level", Urgency.CRITICAL)
        if level not in set(Urgency):
            raise row.error(f"level “{level}” 不在 {'、'.join(Urgency)} 之中")
        return WaitingEar(
            after=row.number("after", 0),
            level=Urgency(level),
            most=int(row.number("most", 30, least=1)),
        )

    def _states(self) -> StateRules:
        row = self._top.row("agents", "agents")
        row.only("wrap_up_extension", "phone_away", "limits")
        limits = row.row("limits", "agents.limits")
        limits.only(*BREAKS)
        return StateRules(
            wrap_up_extension=timedelta(seconds=row.number("wrap_up_extension", 60, most=600)),
            phone_away=timedelta(seconds=row.number("phone_away", 60, least=1, most=3600)),
            limits={
                AgentState(code): timedelta(seconds=limits.number(code, least=1, most=86400))
                for code in limits.names
            },
        )


def _weights(row: RowReader) -> Weights:
    row.only("base", "per_minute", "share")
    return Weights(
        base=row.number("base", 0, most=10000),
        per_minute=row.number("per_minute", 5, least=0.01, most=1000),
        share=row.number("share", 1, least=0.01, most=100),
    )


def _waiting(row: RowReader, default: WaitingRules | None) -> WaitingRules:
    row.only("max_wait", "overflow", "announce_every", "callback_from")
    known = default or WaitingRules(
        max_wait=600, overflow=VOICEMAIL, announce_every=30, callback_from=60
    )
    return WaitingRules(
        max_wait=row.number("max_wait", known.max_wait, least=1),
        overflow=row.text("overflow", known.overflow),
        announce_every=row.number("announce_every", known.announce_every, least=1),
        callback_from=row.number("callback_from", known.callback_from),
    )
