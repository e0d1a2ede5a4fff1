"""Whom an agent may ring, and where: colleagues, experts, emergency services, outside numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import func, select

from config.phone_book import PhoneBook
from config.phones import may_be_rung, practice_phone_numbers
from config.settings import Settings
from models.clock import Clock
from models.errors import InvalidInput, NotFound, TelephonyUnavailable, TransitionRefused
from models.phone_numbers import normal_number, spellings
from models.ports import PartyChoice
from models.store import Store
from models.tables import Call, CallParty
from models.vocabulary import CallDirection, PartyKind
from telephony.party import Target
from telephony.presence import PresenceBoard
from telephony.trunks import Trunks

log = structlog.get_logger(__name__)


class Directory:
    """Finds the way to people, and refuses what may not be dialled."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        board: PresenceBoard,
        store: Store,
        book: PhoneBook,
        trunks: Trunks | None = None,
    ) -> None:
        self._settings = settings.telephony
        self._trunks = trunks or Trunks(settings.telephony)
        self._zone = ZoneInfo(settings.timezone)
        self._clock = clock
        self._board = board
        self._store = store
        self.book = book

    # --- into a call ----------------------------------------------------------------------------

    def target(self, choice: PartyChoice) -> Target:
        """Whom the agent has chosen.

        :raises NotFound: not in the phone book. :raises InvalidInput: a number that is not allowed.
        """
        if choice.agent_id:
            return self._colleague(choice.agent_id)
        if choice.expert:
            expert = self.book.expert(choice.expert)
            if expert is None:
                raise NotFound("电话簿中没有这位部门专家", expert=choice.expert)
            return self._outside(PartyKind.EXPERT, expert.name, expert.number)
        if choice.emergency:
            service = self.book.service(choice.emergency)
            if service is None:
                raise NotFound("电话簿中没有这个紧急号码", emergency=choice.emergency)
            name = f"{service.code} {service.name}"
            return self._outside(PartyKind.EMERGENCY, name, service.number)
        number = choice.number or ""
        return Target(
            kind=PartyKind.OUTSIDE, name=number, number=number, endpoint=self.way_to(number)
        )

    async def allowed_target(self, choice: PartyChoice, agent_id: str) -> Target:
        """The same for this agent, within the limits of calling out.

        Experts and emergency services are never counted: their telephones are there to be rung,
        and nobody in danger waits for a counter. The limits are for the citizens' sake.

        :raises TransitionRefused: when the agent, or this number, has had enough calls today.
        """
        target = replace(self.target(choice), rung_by=agent_id)
        if target.kind is PartyKind.OUTSIDE:
            await self.need_allowance(agent_id, target.number)
        return target

    def _colleague(self, agent_id: str) -> Target:
        agent = self._board.get(agent_id)
        if agent is None:
            raise TransitionRefused("对方没有签入", agent_id=agent_id)
        return Target(
            kind=PartyKind.AGENT,
            name=agent.agent_name,
            number=agent.extension,
            endpoint=f"PJSIP/{agent.extension}",
            agent_id=agent_id,
        )

    def _outside(self, kind: PartyKind, name: str, number: str) -> Target:
        stand_in = self._settings.practice_party
        if stand_in:
            account = self.practice_account(stand_in)
            way = f"PJSIP/{account}" if account else f"PJSIP/trunk/sip:{number}@{stand_in}"
        else:
            way = self._through_trunk(number)
        return Target(kind=kind, name=name, number=number, endpoint=way)

    # --- calling out ----------------------------------------------------------------------------

    def way_to(self, number: str) -> str:
        """Where a citizen's number is rung: a practice phone, or through the carrier."""
        number = normal_number(number)
        account = self.practice_account(number)
        if account is not None:
            return f"PJSIP/{account}"
        if not may_be_rung(self._settings, number):
            message = f"号码“{number}”不在允许外呼的范围内"
            raise InvalidInput(message, [{"field": "number", "message": message}])
        return self._through_trunk(number)

    def _through_trunk(self, number: str) -> str:
        way = self._trunks.way(number)
        if way is None:
            log.warning("call_out.no_trunk", setting="telephony.trunk_outbound, telephony.trunks")
            raise TelephonyUnavailable("没有外呼线路，请联系系统管理员")
        return way

    def practice_account(self, number: str) -> str | None:
        """Account of the practice phone with this number."""
        phones = practice_phone_numbers(self._settings)
        return next((name for name, known in phones.items() if known == number), None)

    async def need_allowance(self, agent_id: str, number: str) -> None:
        """:raises TransitionRefused: when the agent, or this number, has had enough calls today."""
        limits = self.book.limits
        of_number, of_agent = await self._dialled_today(agent_id, number)
        if of_number >= limits.per_number_a_day:
            raise TransitionRefused(
                f"今天已呼叫该号码 {of_number} 次，达到上限，请明天再拨或改用其他方式联系",
                limit=limits.per_number_a_day,
            )
        if of_agent >= limits.per_agent_a_day:
            raise TransitionRefused(
                f"您今天已外呼 {of_agent} 次，达到上限，请联系班长", limit=limits.per_agent_a_day
            )

    async def _dialled_today(self, agent_id: str, number: str) -> tuple[int, int]:
        """What was dialled on this local day, by click and into calls: to this number, by this
        agent.
        """
        today = self._clock.now().astimezone(self._zone).date()
        midnight = datetime.combine(today, time(), self._zone)
        ours = select(func.count()).where(
            Call.direction == CallDirection.OUTBOUND, Call.started_at >= midnight
        )
        fetched = select(func.count()).where(
            CallParty.kind == PartyKind.OUTSIDE, CallParty.rung_at >= midnight
        )
        same = spellings(normal_number(number))  # in whatever dress
        async with self._store.read() as session:
            of_number = (
                await session.scalar(ours.where(Call.citizen_number.in_(same))),
                await session.scalar(fetched.where(CallParty.number.in_(same))),
            )
            of_agent = (
                await session.scalar(ours.where(Call.agent_id == agent_id)),
                await session.scalar(fetched.where(CallParty.rung_by == agent_id)),
            )
        return sum(one or 0 for one in of_number), sum(one or 0 for one in of_agent)
