"""The person behind a request: who, with which roles and permissions, from which address."""

from __future__ import annotations

from dataclasses import dataclass

from config.departments import Departments
from config.permissions import Permissions
from dispatch.directory.posts import OWN, Post
from models.errors import Forbidden
from models.guards import Actor
from models.tables import Staff
from models.vocabulary import Role


@dataclass(frozen=True, kw_only=True)
class Person:
    """A signed-in member of staff."""

    staff_id: str
    username: str
    name: str
    roles: tuple[Role, ...]
    department: str
    #: Own unit and all below it.
    units: frozenset[str]
    extension: str | None
    permissions: frozenset[str]
    #: IP address the request came from.
    address: str = ""
    #: Key of the post acted in, and whom one stands in for in it.
    post: str = OWN
    for_id: str = ""
    for_name: str = ""

    def may(self, permission: str) -> bool:
        """Whether one of the person's roles allows it."""
        return permission in self.permissions

    def require(self, *permissions: str) -> None:
        """Refuse when none of these is held.

        :raises Forbidden: naming the last of them.
        """
        if not any(self.may(one) for one in permissions):
            raise Forbidden("您的岗位没有此项权限", permission=permissions[-1])

    @property
    def on_floor(self) -> bool:
        """Whether the call floor (who is doing what, who waits) is this person's business."""
        return self.may("call.seat") or self.may("call.floor")

    def sees_number_of(self, agent_id: str | None) -> bool:
        """Whether the citizen's number is clear at a glance in a call of this agent.

        Opening someone else's call shows it to more people, and is written down.
        """
        own = agent_id == self.staff_id
        return self.may("caller.clear") and (own or self.may("call.floor"))

    def actor(self) -> Actor:
        """The person as the rules of handling know one."""
        return Actor(
            id=self.staff_id,
            name=f"{self.name}（代{self.for_name}）" if self.for_name else self.name,
            roles=frozenset(self.roles),
            department=self.department,
            address=self.address,
            for_id=self.for_id,
        )


def person_from(
    staff: Staff,
    permissions: Permissions,
    departments: Departments,
    address: str,
    post: Post | None = None,
) -> Person:
    """Build a person from the staff record, acting in ``post``; None: in the own one."""
    roles = post.roles if post else tuple(Role(code) for code in staff.roles)
    department = post.department if post else staff.department
    return Person(
        staff_id=staff.id,
        username=staff.username,
        name=staff.name,
        roles=roles,
        department=department,
        units=units_below(department, departments),
        extension=staff.extension,
        permissions=permissions.of(roles),
        address=address,
        post=post.key if post else OWN,
        for_id=post.for_id if post else "",
        for_name=post.for_name if post else "",
    )


def units_below(code: str, departments: Departments) -> frozenset[str]:
    """The unit itself and all below it."""
    below = [units_below(child.code, departments) for child in departments.children(code)]
    return frozenset({code}).union(*below)
