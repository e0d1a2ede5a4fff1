"""Signing in, signing out, one's own password."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from agent_console.identity import COOKIE, person_of, set_session_cookie, token_of
from agent_console.people import Person
from agent_console.routing import Ask, Routes
from agent_console.services import Console
from agent_console.validation import Body
from models.errors import NotSignedIn
from models.vocabulary import Role

routes = Routes("登录")


class SignIn(Body):
    """Name and password. A password is taken as typed, blanks included."""

    model_config = ConfigDict(str_strip_whitespace=False)

    username: str = Field(min_length=1, max_length=64, title="用户名")
    password: str = Field(min_length=1, max_length=128, title="密码")


class ChangePassword(Body):
    """The old password proves that it is still the same person."""

    model_config = ConfigDict(str_strip_whitespace=False)

    old: str = Field(min_length=1, max_length=128, title="原密码")
    new: str = Field(min_length=1, max_length=128, title="新密码")


class StaffView(BaseModel):
    """The one who is signed in."""

    id: str
    username: str
    name: str
    roles: list[Role]
    department: str
    department_name: str
    extension: str | None


class Me(BaseModel):
    """Who I am and what I may."""

    staff: StaffView
    permissions: list[str]
    demo: bool


@routes.route("POST", "/api/session", summary="登录", public=True)
async def sign_in(ask: Ask, body: SignIn) -> Me:
    """Sets the session cookie. Five wrong passwords lock the account here for a while."""
    signed_in = await ask.console.sessions.sign_in(
        body.username.strip(), body.password, ask.address
    )
    if old := token_of(ask.request):
        await ask.console.sessions.sign_out(old)
    person = await person_of(ask.console, signed_in.token, ask.address)
    if person is None:
        raise NotSignedIn
    ask.on_response(lambda answer: set_session_cookie(ask.request, answer, signed_in.token))
    return _me(ask.console, person)


@routes.route("GET", "/api/session", summary="当前登录人")
async def get_session(ask: Ask) -> Me:
    """401 when nobody is signed in."""
    return _me(ask.console, ask.person)


@routes.route("DELETE", "/api/session", summary="退出登录", public=True)
async def sign_out(ask: Ask) -> None:
    """Ends the session and its live streams. Safe to repeat."""
    token = token_of(ask.request)
    await ask.console.sessions.sign_out(token)
    ask.console.live.close_of(token)
    ask.on_response(lambda answer: answer.del_cookie(COOKIE, path="/"))


@routes.route("POST", "/api/session/password", summary="修改本人密码")
async def change_password(ask: Ask, body: ChangePassword) -> None:
    """All other sessions of the person end."""
    await ask.console.sessions.change_password(
        ask.person.staff_id,
        body.old,
        body.new,
        token=token_of(ask.request),
        address=ask.address,
    )


def _me(console: Console, person: Person) -> Me:
    department = console.services.departments.get(person.department)
    return Me(
        staff=StaffView(
            id=person.staff_id,
            username=person.username,
            name=person.name,
            roles=list(person.roles),
            department=person.department,
            department_name=department.name,
            extension=person.extension,
        ),
        permissions=sorted(person.permissions),
        demo=console.services.demo,
    )
