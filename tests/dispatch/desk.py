"""People at their desks: one line per act, for tests that read as stories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.commands import (
    ApproveResult,
    AskWithdrawal,
    CommandResult,
    DecideRedo,
    DecideWithdrawal,
    Dispatch,
    FirstContact,
    OpenOrder,
    OrderCommand,
    RecordFollowUp,
    SendBack,
    SignFor,
    SubmitResult,
)
from dispatch.service import OrderService
from models.clock import ManualClock
from models.guards import Actor

ZONE = ZoneInfo("Asia/Shanghai")
#: A Friday before an ordinary weekend.
FRIDAY = datetime(2026, 11, 20, 10, 0, tzinfo=ZONE)

LAMP = {
    "title": "蒸湘北路路灯不亮",
    "content": "市民反映蒸湘北路与解放大道交叉口的路灯已经三天不亮，晚上出行不安全。",
    "demand": "尽快修好路灯",
    "request_type": "HELP",
    "category": "C010102",
    "place": "蒸湘北路与解放大道交叉口",
    "caller_name": "张晓明",
    "caller_phone": "13800001234",
    "department": "D-CG",
}
RESULT = {
    "fact_finding": "TRUE",
    "demand_finding": "REASONABLE",
    "outcome": "SOLVED",
    "public_answer": "您好，经现场查看，路灯因线路故障熄灭，已于当日更换线路并恢复照明。",
    "internal_note": "线路老化，建议列入明年改造。",
    "evidence": "维修记录〔2026〕12号，存市政股",
    "head": "严建新",
}
#: From where a unit called.
CALLED = "座机8812345，20日10时拨打"
QUALITY = {
    "demand_answered": 30,
    "facts_clear": 20,
    "basis_cited": None,
    "tone": 15,
    "evidence": 10,
    "next_step": 5,
}
PROCESS = {"findings": 3, "evidence": 2, "contact_record": 2, "legal_basis": 1}
#: From where the follow-up desk rang.
RANG = "热线座机8812399，20日10时拨打"
HAPPY = {
    "reached": True,
    "contacted": True,
    "solved": "SOLVED",
    "satisfaction": "SATISFIED",
    "evidence": RANG,
}
UNHAPPY = {
    "reached": True,
    "contacted": True,
    "solved": "UNSOLVED",
    "satisfaction": "DISSATISFIED",
    "evidence": RANG,
}


def back(reason: str, fault: str = "NOT_ANSWERED", **more: Any) -> SendBack:
    """A result that does not stand up, sent back."""
    return SendBack.model_validate({"faults": [fault], "reason": reason, **more})


def called(reached: bool = True, **more: Any) -> FirstContact:
    """The unit has telephoned, or tried to."""
    said = {"person": "张先生", "reached": reached, "evidence": CALLED, **more}
    return FirstContact.model_validate(said)


@dataclass
class Desk:
    """Does things as people of the demonstration, one line per act."""

    service: OrderService
    clock: ManualClock
    people: dict[str, Actor]

    def later(self, **delta: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**delta))

    async def open(self, who: str = "huawu1", **changes: Any) -> CommandResult:
        """Take in the broken street lamp, or what ``changes`` make of it."""
        command = OpenOrder.model_validate({**LAMP, **changes})
        return await self.service.open_order(self.people[who], command)

    async def act(self, who: str, order_id: str, command: OrderCommand) -> CommandResult:
        """Anything else."""
        return await self.service.act(self.people[who], order_id, command)

    async def dispatched(self, department: str = "D-CG", **changes: Any) -> str:
        """An order that lies in a unit's inbox."""
        order_id = (await self.open(**changes)).order_id
        await self.act("paidan", order_id, Dispatch(department=department))
        return order_id

    async def signed(self, **changes: Any) -> str:
        """An order that a unit has signed for."""
        order_id = await self.dispatched(**changes)
        await self.act("chengguan", order_id, SignFor())
        return order_id

    async def contact(self, order_id: str, who: str = "chengguan", reached: bool = True) -> None:
        """The unit telephones the citizen."""
        await self.act(who, order_id, called(reached, phone="13800001234"))

    async def submit(self, order_id: str, who: str = "chengguan", **changes: Any) -> None:
        """The unit's result."""
        await self.act(who, order_id, SubmitResult.model_validate({**RESULT, **changes}))

    async def submitted(self, **changes: Any) -> str:
        """An order that waits for the auditor."""
        order_id = await self.signed(**changes)
        await self.contact(order_id)
        await self.submit(order_id)
        return order_id

    async def approve(self, order_id: str, who: str = "shenhe") -> CommandResult:
        """The auditor passes it."""
        command = ApproveResult(quality_items=QUALITY, process_items=PROCESS)
        return await self.act(who, order_id, command)

    async def approved(self, **changes: Any) -> str:
        """An order that waits for the follow-up."""
        order_id = await self.submitted(**changes)
        await self.approve(order_id)
        return order_id

    async def follow_up(self, order_id: str, **answers: Any) -> CommandResult:
        """One attempt to ask the citizen."""
        command = RecordFollowUp.model_validate({"evidence": RANG, **answers})
        return await self.act("huifang", order_id, command)

    async def withdrawn(
        self, order_id: str, who: str = "paidan", by: str = "banzhang"
    ) -> CommandResult:
        """The citizen does not want it any more; a second person agrees."""
        asked = AskWithdrawal(reason="诉求人称已自行解决", consent="张晓明，11月20日来电同意")
        await self.act(who, order_id, asked)
        return await self.act(by, order_id, DecideWithdrawal(granted=True, reason="情况属实"))

    async def redo(self, order_id: str, reason: str = "灯还是不亮") -> CommandResult:
        """The citizen is not content, and the shift leader has it done again."""
        await self.follow_up(order_id, **UNHAPPY, redo=True, redo_reason=reason)
        return await self.act("banzhang", order_id, DecideRedo(granted=True, reason="同意重办"))
