"""Signing in, signing out, one's own password."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from agent_console.identity import COOKIE, person_of, set_session_cookie, token_of
from agent_console.people import Person
from agent_console.routing import Ask, Routes
from agent_console.services import Console
from agent_console.validation import Body
from models.errors import InvalidInput, NotSignedIn
from models.tables import Staff
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


class PostChoice(BaseModel):
    """A post that the person may act in. ``for_name``: whom one stands in for."""

    key: str
    department_name: str
    roles: list[Role]
    for_name: str


class Me(BaseModel):
    """Who I am and what I may, in the post ``post``."""

    staff: StaffView
    permissions: list[str]
    demo: bool
    post: str
    for_name: str
    #: Every post to choose from; the own first.
    posts: list[PostChoice]


class ChoosePost(Body):
    """Act in another post."""

    post: str = Field(min_length=1, max_length=80, title="岗位")


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
    return await _me(ask.console, person, signed_in.staff)


@routes.route("GET", "/api/session", summary="当前登录人")
async def get_session(ask: Ask) -> Me:
    """401 when nobody is signed in."""
    return await _told(ask)


@routes.route("POST", "/api/session/post", summary="切换岗位")
async def choose_post(ask: Ask, body: ChoosePost) -> Me:
    """One acts in one post at a time; the live streams of the former one end."""
    signed_on = await ask.console.sessions.who(token_of(ask.request))
    if signed_on is None:
        raise NotSignedIn
    if await ask.console.directory.posts.chosen(signed_on.staff, body.post) is None:
        message = "您没有这个岗位，或代理期已结束"
        raise InvalidInput(message, [{"field": "post", "message": message}])
    token = token_of(ask.request)
    await ask.console.sessions.choose_post(token, body.post)
    ask.console.live.close_of(token)
    return await _told(ask)


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


async def _told(ask: Ask) -> Me:
    """As the session now is."""
    token = token_of(ask.request)
    signed_on = await ask.console.sessions.who(token)
    person = await person_of(ask.console, token, ask.address)
    if signed_on is None or person is None:
        raise NotSignedIn
    return await _me(ask.console, person, signed_on.staff)


async def _me(console: Console, person: Person, staff: Staff) -> Me:
    posts = await console.directory.posts.of(staff)
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
        post=person.post,
        for_name=person.for_name,
        posts=[
            PostChoice(
                key=post.key,
                department_name=console.services.departments.get(post.department).short_name,
                roles=list(post.roles),
                for_name=post.for_name,
            )
            for post in posts
        ],
    )
