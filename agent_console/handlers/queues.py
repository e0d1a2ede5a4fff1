"""Queues, skill groups, and who has which skills."""

from __future__ import annotations

from pydantic import BaseModel, Field

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.floor.skills import FloorPerson
from models.vocabulary import QueueStrategy

routes = Routes("排队和技能")


class GroupStepView(BaseModel):
    """A group that serves a queue after so many seconds of waiting."""

    code: str
    name: str
    after_s: float


class WeightsView(BaseModel):
    """Points of a queue's callers."""

    base: float
    per_minute: float
    share: float


class QueueView(BaseModel):
    """One queue of the rule file."""

    code: str
    name: str
    strategy: QueueStrategy
    weights: WeightsView
    groups: list[GroupStepView]
    access_numbers: list[str]
    greeting: str


class GroupView(BaseModel):
    """One skill group."""

    code: str
    name: str


class AccessNumberView(BaseModel):
    """A number that citizens dial."""

    number: str
    name: str
    queue: str


class QueueBook(BaseModel):
    """All of the rule file that people ask for."""

    version: str
    queues: list[QueueView]
    groups: list[GroupView]
    access_numbers: list[AccessNumberView]


class StaffQuery(Body):
    """Which people. ``floor``: only those who may use a seat."""

    floor: bool = False


class SetSkills(Body):
    """Skill group → level, 1 is the best."""

    skills: dict[str, int] = Field(title="技能")


@routes.route("GET", "/api/queues", summary="队列、技能组和接入号码")
async def get_queues(ask: Ask) -> QueueBook:
    """As written in config/queues.yaml."""
    rules = ask.console.services.rules.queues
    return QueueBook(
        version=rules.version,
        queues=[
            QueueView(
                code=queue.code,
                name=queue.name,
                strategy=queue.strategy,
                weights=WeightsView(
                    base=queue.weights.base,
                    per_minute=queue.weights.per_minute,
                    share=queue.weights.share,
                ),
                groups=[
                    GroupStepView(
                        code=step.code, name=rules.groups[step.code].name, after_s=step.after
                    )
                    for step in queue.groups
                ],
                access_numbers=[
                    row.number for row in rules.access_numbers if row.queue == queue.code
                ],
                greeting=queue.greeting,
            )
            for queue in rules.queues.values()
        ],
        groups=[GroupView(code=one.code, name=one.name) for one in rules.groups.values()],
        access_numbers=[
            AccessNumberView(number=row.number, name=row.name, queue=row.queue)
            for row in rules.access_numbers
        ],
    )


@routes.route(
    "GET",
    "/api/staff",
    summary="人员和技能",
    permission=("staff.manage", "floor.schedule", "floor.supervise", "floor.figures"),
)
async def list_staff(ask: Ask, query: StaffQuery) -> list[FloorPerson]:
    """For those who give skills, plan shifts, read figures, or look after accounts."""
    people = ask.console.people
    return await (people.seated() if query.floor else people.all())


@routes.route(
    "PUT",
    "/api/staff/{staff_id}/skills",
    summary="设置人员技能",
    permission=("staff.manage", "floor.supervise"),
)
async def set_skills(ask: Ask, staff_id: str, body: SetSkills) -> FloorPerson:
    """Counts for the next call on; who is signed in need not sign in again."""
    person = await ask.console.people.set_skills(ask.person.actor(), staff_id, body.skills)
    if ask.console.services.call_control is not None:
        ask.console.calls.give_skills(staff_id, person.skills)
    return person
