"""Units, whom to ring there, who works there, who stands in, and leaving."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.directory.open_work import OpenWork
from dispatch.directory.units import UnitRow, UnitView
from models.tables import Staff
from models.vocabulary import Role

routes = Routes("单位与人员")


class PersonRow(BaseModel):
    """Someone to choose: as deputy, as successor, for the duty list."""

    id: str
    name: str
    department: str
    department_name: str


class NewDuty(Body):
    """An entry of the duty list."""

    name: str = Field(min_length=1, max_length=64, title="值班人")
    phone: str = Field(min_length=1, max_length=32, title="值班电话")
    starts_at: AwareDatetime = Field(title="开始时间")
    ends_at: AwareDatetime = Field(title="结束时间")
    staff_id: str | None = Field(None, max_length=26)
    note: str = Field("", max_length=200, title="说明")


class NewAbsence(Body):
    """Somebody is away."""

    staff_id: str = Field(max_length=26)
    deputy_id: str = Field(max_length=26, title="代理人")
    starts_at: AwareDatetime = Field(title="开始时间")
    ends_at: AwareDatetime = Field(title="结束时间")
    reason: str = Field("", max_length=200, title="事由")


class NewPost(Body):
    """A further post of a person."""

    department: str = Field(max_length=32, title="单位")
    roles: list[Role] = Field(min_length=1, max_length=10, title="岗位")
    since: date = Field(title="起始日期")
    until: date | None = Field(None, title="截止日期")


class OpenTask(BaseModel):
    """A task in somebody's hands."""

    order_id: str
    order_no: str


class OpenWorkView(BaseModel):
    """What a person would have to hand over."""

    name: str
    department: str
    to_hand_over: int
    tasks: list[OpenTask]
    drafts: int
    callbacks: int
    duties: int
    shifts: int
    standing_in: int
    at_seat: bool
    #: Those who may take it over.
    colleagues: list[PersonRow]


class Leave(Body):
    """Close an account; what it holds goes to the successor."""

    successor_id: str | None = Field(None, max_length=26, title="接办人")
    reason: str = Field(min_length=1, max_length=500, title="原因")


@routes.route(
    "GET", "/api/directory/units", summary="单位层级和值班概况", permission="directory.view"
)
async def list_units(ask: Ask) -> list[UnitRow]:
    """In the order of the rule file, with levels from the hotline down."""
    return await ask.console.directory.units.all()


@routes.route("GET", "/api/directory/units/{code}", summary="一个单位", permission="directory.view")
async def get_unit(ask: Ask, code: str) -> UnitView:
    """Hours, whom to ring, the duty list, and the people with posts and absences."""
    return await ask.console.directory.units.one(code)


@routes.route("GET", "/api/directory/people", summary="人员名册", permission="directory.view")
async def list_people(ask: Ask) -> list[PersonRow]:
    """Everybody with an account in use."""
    async with ask.console.store.read() as session:
        query = select(Staff).where(Staff.active).order_by(Staff.department, Staff.name)
        return [_person(ask, staff) for staff in await session.scalars(query)]


@routes.route(
    "POST", "/api/directory/units/{code}/duty", summary="安排值班", permission="duty.manage"
)
async def add_duty(ask: Ask, code: str, body: NewDuty) -> UnitView:
    """For the own unit and those below; the hotline for all."""
    await ask.console.directory.duty.put(ask.person.actor(), code, **body.model_dump())
    return await ask.console.directory.units.one(code)


@routes.route(
    "POST", "/api/directory/duty/{duty_id}/cancel", summary="取消值班", permission="duty.manage"
)
async def cancel_duty(ask: Ask, duty_id: str) -> None:
    """Safe to repeat."""
    await ask.console.directory.duty.cancel(ask.person.actor(), duty_id)


@routes.route(
    "POST", "/api/directory/absences", summary="登记请假和代理", permission="directory.view"
)
async def note_absence(ask: Ask, body: NewAbsence) -> None:
    """One's own; those who look after accounts also anybody else's."""
    await ask.console.directory.absences.note(ask.person.actor(), **body.model_dump())


@routes.route(
    "POST",
    "/api/directory/absences/{absence_id}/end",
    summary="提前销假",
    permission="directory.view",
)
async def end_absence(ask: Ask, absence_id: str) -> None:
    """The deputy's power ends at once. Safe to repeat."""
    await ask.console.directory.absences.end(ask.person.actor(), absence_id)


@routes.route(
    "POST",
    "/api/directory/people/{staff_id}/posts",
    summary="增加岗位",
    permission="staff.manage",
)
async def give_post(ask: Ask, staff_id: str, body: NewPost) -> None:
    """Besides the one of the account; the person chooses in which to act."""
    fields = body.model_dump() | {"roles": tuple(body.roles)}
    await ask.console.directory.posts.give(ask.person.actor(), staff_id, **fields)


@routes.route(
    "POST", "/api/directory/posts/{post_id}/end", summary="结束岗位", permission="staff.manage"
)
async def end_post(ask: Ask, post_id: str) -> None:
    """At once. Safe to repeat."""
    await ask.console.directory.posts.end(ask.person.actor(), post_id)


@routes.route(
    "GET",
    "/api/directory/people/{staff_id}/work",
    summary="人员的未了事项",
    permission="staff.manage",
)
async def get_open_work(ask: Ask, staff_id: str) -> OpenWorkView:
    """What leaving would hand over, and to whom it may go."""
    staff, held = await ask.console.directory.leaving.look(ask.person.actor(), staff_id)
    return _work(ask, staff, held)


@routes.route(
    "POST",
    "/api/directory/people/{staff_id}/leave",
    summary="离岗交接",
    permission="staff.manage",
)
async def leave(ask: Ask, staff_id: str, body: Leave) -> None:
    """Everything in hand goes to the successor and the account is closed, all at once."""
    await ask.console.directory.leaving.leave(
        ask.person.actor(), staff_id, successor_id=body.successor_id, reason=body.reason
    )


def _person(ask: Ask, staff: Staff) -> PersonRow:
    return PersonRow(
        id=staff.id,
        name=staff.name,
        department=staff.department,
        department_name=ask.console.services.rules.unit_name(staff.department),
    )


def _work(ask: Ask, staff: Staff, held: OpenWork) -> OpenWorkView:
    return OpenWorkView(
        name=staff.name,
        department=staff.department,
        to_hand_over=held.to_hand_over,
        tasks=[OpenTask(order_id=task.order_id, order_no=no) for task, no in held.tasks],
        drafts=len(held.drafts),
        callbacks=len(held.callbacks),
        duties=len(held.duties),
        shifts=len(held.shifts),
        standing_in=len(held.standing_in),
        at_seat=held.at_seat,
        colleagues=[_person(ask, each) for each in held.colleagues],
    )
