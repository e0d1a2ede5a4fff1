"""Service-level policies: which limits hold for which demands, and which policy goes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from config.limits import CLOCK_LABELS, OPTIONAL_CLOCKS, Counting, Limit, LimitRow
from models.vocabulary import Channel, Difficulty, RequestType, Urgency


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What the limits of an order depend on."""

    request_type: RequestType
    urgency: Urgency
    channel: Channel
    category: str
    difficulty: Difficulty = Difficulty.ORDINARY
    #: The number that was dialled; empty where nobody dialled.
    access_number: str = ""
    #: Code of the unit of the street or township; empty when not known.
    area: str = ""
    #: The deadline that another system has set.
    external_due: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ExtensionRule:
    """How often and how long a handling limit may be extended."""

    #: Times; 0 for never.
    most: int
    #: All extensions together.
    total: Limit | None = None
    #: One extension against the limit itself: 1 for no longer than that.
    share: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Limits for what matches. An empty list of the match matches everything.

    It may name some clocks only: for the others the next policy in rank is asked.
    """

    code: str
    name: str
    clocks: Mapping[str, Limit]
    #: The law and article that sets the limits; empty for the house's own.
    statutory: str = ""
    extension: ExtensionRule | None = None
    urgencies: tuple[Urgency, ...] = ()
    request_types: tuple[RequestType, ...] = ()
    difficulties: tuple[Difficulty, ...] = ()
    channels: tuple[Channel, ...] = ()
    #: Codes or starts of codes.
    categories: tuple[str, ...] = ()
    access_numbers: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()

    @property
    def conditions(self) -> int:
        """How many things it asks for; none for the one that catches the rest."""
        asked = (
            self.urgencies,
            self.request_types,
            self.difficulties,
            self.channels,
            self.categories,
            self.access_numbers,
            self.areas,
        )
        return sum(bool(one) for one in asked)

    def matches(self, demand: Demand) -> bool:
        """Whether the demand falls under it."""
        return (
            _among(demand.urgency, self.urgencies)
            and _among(demand.request_type, self.request_types)
            and _among(demand.difficulty, self.difficulties)
            and _among(demand.channel, self.channels)
            and _among(demand.access_number, self.access_numbers)
            and (not self.categories or demand.category.startswith(self.categories))
            and (not self.areas or demand.area.startswith(self.areas))
        )

    def rank(self, demand: Demand) -> tuple[bool, bool, int, int]:
        """The higher goes first: law; what cannot wait; then what says most about the demand."""
        cannot_wait = bool(self.urgencies) and Urgency.NORMAL not in self.urgencies
        depth = _depth(demand.category, self.categories) + _depth(demand.area, self.areas)
        return bool(self.statutory), cannot_wait, self.conditions, depth


def _among(value: object, wanted: tuple[object, ...]) -> bool:
    return not wanted or value in wanted


def _depth(code: str, starts: tuple[str, ...]) -> int:
    """How much of the code is named."""
    return max((len(start) for start in starts if code.startswith(start)), default=0)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What one demand is promised: the policies that match it, the one that goes first first."""

    version: str
    policies: tuple[Policy, ...]
    external_due: datetime | None = None

    def policy(self, clock: str) -> Policy:
        """Whose limit of this clock counts.

        :raises KeyError: for a clock that none of them names.
        """
        for policy in self.policies:
            if clock in policy.clocks:
                return policy
        raise KeyError(clock)

    def limit(self, clock: str) -> Limit:
        """The limit of this clock."""
        return self.policy(clock).clocks[clock]

    def has(self, clock: str) -> bool:
        """Whether any policy names it: an optional one may be missing."""
        return any(clock in policy.clocks for policy in self.policies)

    @property
    def extension(self) -> ExtensionRule:
        """How the handling limit may be extended."""
        return next(p.extension for p in self.policies if p.extension is not None)

    @property
    def external_counts(self) -> bool:
        """Whether the other system's deadline is the one for handling: only law goes before it."""
        return self.external_due is not None and not self.policy("handle").statutory


def terms_for(version: str, policies: tuple[Policy, ...], demand: Demand) -> Terms:
    """The policies that match, in rank; of equal rank as the file has them."""
    fit = [policy for policy in policies if policy.matches(demand)]
    fit.sort(key=lambda policy: policy.rank(demand), reverse=True)
    return Terms(version=version, policies=tuple(fit), external_due=demand.external_due)


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _MatchRow(_Row):
    urgencies: list[Urgency] = []
    request_types: list[RequestType] = []
    difficulties: list[Difficulty] = []
    channels: list[Channel] = []
    categories: list[str] = []
    access_numbers: list[str] = []
    areas: list[str] = []


class _ExtensionRow(_Row):
    most: int = Field(ge=0, le=20)
    total: LimitRow | None = None
    share: float = Field(default=1.0, gt=0)


class PolicyRow(_Row):
    """One policy of the file."""

    code: str = Field(min_length=1, max_length=32)
    name: str = Field(min_length=1)
    statutory: str = ""
    match: _MatchRow
    clocks: dict[str, LimitRow] = Field(min_length=1)
    extension: _ExtensionRow | None = None

    def policy(self, usual: Counting) -> Policy:
        """The policy it describes.

        :raises ValueError: naming policy and clock that are wrong.
        """
        match: dict[str, Any] = {
            key: tuple(value) for key, value in self.match.model_dump().items()
        }
        return Policy(
            code=self.code,
            name=self.name,
            statutory=self.statutory,
            clocks={name: self._limit(name, row, usual) for name, row in self.clocks.items()},
            extension=self._extension(usual),
            **match,
        )

    def _limit(self, name: str, row: LimitRow, usual: Counting) -> Limit:
        if name not in CLOCK_LABELS:
            known = "、".join(CLOCK_LABELS)
            raise ValueError(f"策略 {self.code} 的 clocks 没有“{name}”这种时限，可用：{known}")
        try:
            return row.limit(usual)
        except ValueError as error:
            raise ValueError(f"策略 {self.code} 的 {name}：{error}") from error

    def _extension(self, usual: Counting) -> ExtensionRule | None:
        row = self.extension
        if row is None:
            return None
        total = row.total.limit(usual) if row.total else None
        return ExtensionRule(most=row.most, total=total, share=row.share)


def check_policies(policies: tuple[Policy, ...]) -> None:
    """Every demand must find every limit.

    :raises ValueError: saying what is missing.
    """
    codes = [policy.code for policy in policies]
    if len(set(codes)) < len(codes):
        raise ValueError("策略编码重复")
    last = policies[-1]
    if last.conditions or last.statutory:
        raise ValueError("最后一条策略应当不设条件，兜住其余情形")
    if missing := [n for n in CLOCK_LABELS if n not in last.clocks and n not in OPTIONAL_CLOCKS]:
        raise ValueError(f"最后一条策略 {last.code} 的 clocks 缺少 {'、'.join(missing)}")
    if last.extension is None:
        raise ValueError(f"最后一条策略 {last.code} 缺少 extension（延期规则）")
