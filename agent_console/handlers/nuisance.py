"""The nuisance list: proposing, and deciding by another."""

from __future__ import annotations

from pydantic import Field

from agent_console.people import Person
from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.floor.nuisance import LONGEST_DAYS, BlockView
from dispatch.views.privacy import mask_phone
from models.errors import Forbidden
from models.phone_numbers import WITHHELD
from models.vocabulary import BlockState

routes = Routes("骚扰号码")


class BlockQuery(Body):
    """Which lines."""

    state: BlockState | None = None


class Proposal(Body):
    """A number to be blocked."""

    number: str = Field(min_length=1, max_length=32, title="号码")
    reason: str = Field(min_length=5, max_length=500, title="事由")
    days: int = Field(30, ge=1, le=LONGEST_DAYS, title="期限（天）")


class Approval(Body):
    """Agreed."""

    note: str = Field("", max_length=500, title="说明")


class Rejection(Body):
    """Not agreed."""

    note: str = Field(min_length=1, max_length=500, title="驳回理由")


class Release(Body):
    """Ended before its date."""

    reason: str = Field(min_length=1, max_length=500, title="解除理由")


@routes.route("GET", "/api/nuisance", summary="骚扰号码名单")
async def list_blocks(ask: Ask, query: BlockQuery) -> list[BlockView]:
    """For those who propose and those who decide."""
    person = ask.person
    if not (person.may("nuisance.propose") or person.may("nuisance.decide")):
        raise Forbidden("您的岗位没有此项权限", permission="nuisance.propose")
    found = await ask.console.nuisance.blocks(person.actor(), query.state)
    return [_veiled(one, person) for one in found]


@routes.route(
    "POST", "/api/nuisance", summary="提请列入骚扰号码名单", permission="nuisance.propose"
)
async def propose_block(ask: Ask, body: Proposal) -> BlockView:
    """Nothing is blocked until another person agrees."""
    person = ask.person
    made = await ask.console.nuisance.propose(person.actor(), body.number, body.reason, body.days)
    return _veiled(made, person)


@routes.route(
    "POST", "/api/nuisance/{block_id}/approve", summary="批准", permission="nuisance.decide"
)
async def approve_block(ask: Ask, block_id: str, body: Approval) -> BlockView:
    """Refused to the one who proposed it."""
    done = await ask.console.nuisance.approve(ask.person.actor(), block_id, body.note)
    return _veiled(done, ask.person)


@routes.route(
    "POST", "/api/nuisance/{block_id}/reject", summary="驳回", permission="nuisance.decide"
)
async def reject_block(ask: Ask, block_id: str, body: Rejection) -> BlockView:
    """The number stays free."""
    done = await ask.console.nuisance.reject(ask.person.actor(), block_id, body.note)
    return _veiled(done, ask.person)


@routes.route("POST", "/api/nuisance/{block_id}/end", summary="解除", permission="nuisance.decide")
async def end_block(ask: Ask, block_id: str, body: Release) -> BlockView:
    """The number is free at once."""
    done = await ask.console.nuisance.end(ask.person.actor(), block_id, body.reason)
    return _veiled(done, ask.person)


def shown_number(number: str, person: Person) -> str:
    """As this reader may see it; that a caller hides the number is no secret."""
    open_to_all = number == WITHHELD or person.may("caller.clear")
    return number if open_to_all else mask_phone(number)


def _veiled(block: BlockView, person: Person) -> BlockView:
    return block.model_copy(update={"number": shown_number(block.number, person)})
