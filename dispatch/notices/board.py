"""Putting up a notice for a unit; the urgent ones go out as a message at once."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.notices import Contacts
from dispatch.rules import Rules
from models.ids import new_id
from models.tables import DutyOfficer, WorkOrder
from models.tables.notices import Notice, OutgoingMessage
from models.vocabulary import MessageChannel, NoticeAudience

NO_CONTACTS = Contacts()
#: A fixed line hears no SMS.
_MOBILE = re.compile(r"1[3-9]\d{9}")


async def addresses(
    session: AsyncSession, rules: Rules, department: str, now: datetime, audience: NoticeAudience
) -> list[tuple[MessageChannel, str]]:
    """Where messages for these people of a unit go."""
    found: list[tuple[MessageChannel, str]] = []
    if audience is not NoticeAudience.LEADER:
        found += await _of_unit(session, rules, department, now)
    if audience in (NoticeAudience.LEADER, NoticeAudience.BOTH):
        found += _of_leader(rules, department)
    return list(dict.fromkeys(found))


def _of_leader(rules: Rules, department: str) -> list[tuple[MessageChannel, str]]:
    known = rules.notices.contacts.get(department, NO_CONTACTS)
    return [(MessageChannel.SMS, number) for number in known.leader_sms] + [
        (MessageChannel.EMAIL, address) for address in known.leader_email
    ]


async def _of_unit(
    session: AsyncSession, rules: Rules, department: str, now: datetime
) -> list[tuple[MessageChannel, str]]:
    """What the rules say, and the mobile phones now on duty."""
    known = rules.notices.contacts.get(department, NO_CONTACTS)
    on_duty = select(DutyOfficer.phone).where(
        DutyOfficer.department == department,
        DutyOfficer.starts_at <= now,
        DutyOfficer.ends_at > now,
        DutyOfficer.cancelled_at.is_(None),
    )
    phones = await session.scalars(on_duty.order_by(DutyOfficer.starts_at, DutyOfficer.id))
    mobile = [phone for phone in phones if _MOBILE.fullmatch(phone)]
    return [(MessageChannel.SMS, number) for number in dict.fromkeys([*known.sms, *mobile])] + [
        (MessageChannel.EMAIL, address) for address in known.email
    ]


class NoticeBoard:
    """Writes notices in the caller's transaction. ``sender``: who signs messages."""

    def __init__(self, rules: Rules, sender: str) -> None:
        self._rules = rules
        self._sender = sender

    async def post(self, session: AsyncSession, notice: Notice, order: WorkOrder) -> None:
        """Put it up. Of an urgent order the unit hears now, not with the next digest."""
        session.add(notice)
        if order.urgency not in self._rules.notices.digest.at_once:
            return
        notice.told_at = notice.at
        text = self._urgent_text(notice, order)
        audience = notice.audience or NoticeAudience.UNIT
        to = await addresses(session, self._rules, notice.department, notice.at, audience)
        for channel, address in to:
            key = f"notice:{notice.key}:{channel.value}:{address}"
            session.add(message_row(key, channel, address, notice.department, text, notice.at))

    def _urgent_text(self, notice: Notice, order: WorkOrder) -> str:
        due = ""
        if notice.due_at is not None:
            local = notice.due_at.astimezone(self._rules.zone)
            due = f"，时限{local:%m月%d日%H:%M}"
        return (
            f"【{self._sender}】{order.urgency.label}工单{order.order_no}：{notice.kind.label}{due}。"
            "请立即登录平台办理。"
        )


def message_row(
    key: str, channel: MessageChannel, address: str, department: str, text: str, now: datetime
) -> OutgoingMessage:
    """A message to be sent from now on."""
    return OutgoingMessage(
        id=new_id(),
        key=key,
        channel=channel,
        department=department,
        address=address,
        subject="12345热线工单提醒" if channel is MessageChannel.EMAIL else "",
        text=text,
        created_at=now,
        next_at=now,
        attempts=0,
        last_error="",
    )
