"""What each post may open: read from ``permissions.yaml``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from config.rules import RowReader, read_yaml, rule_file
from models.vocabulary import Role

FILE = "permissions.yaml"


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """All permissions with their Chinese labels, and who holds them."""

    version: str
    labels: dict[str, str]
    by_role: dict[Role, frozenset[str]]

    def of(self, roles: Iterable[Role]) -> frozenset[str]:
        """Everything that any of the posts may."""
        return frozenset().union(*(self.by_role[role] for role in roles))

    def holders(self, permission: str) -> tuple[Role, ...]:
        """Posts that hold it, to tell a person whom to ask."""
        return tuple(role for role in Role if permission in self.by_role[role])


def load_permissions(rules: Path | None = None) -> Permissions:
    """Read the permissions. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming the post or permission that is wrong.
    """
    path = rule_file(FILE, rules)
    data = read_yaml(path)
    top = RowReader(path.name, "顶层", data)
    top.only("version", "permissions", "roles")
    named = RowReader(path.name, "permissions", data.get("permissions"))
    labels = {str(code): named.text(str(code)) for code in data["permissions"]}
    granted = RowReader(path.name, "roles", data.get("roles"))
    granted.only(*(role.value for role in Role))
    by_role = {role: frozenset(granted.texts(role.value)) for role in Role}
    for role, codes in by_role.items():
        if unknown := sorted(codes - set(labels)):
            raise granted.error(f"{role.label}（{role.value}）有未定义的权限 {'、'.join(unknown)}")
    return Permissions(version=top.text("version"), labels=labels, by_role=by_role)
