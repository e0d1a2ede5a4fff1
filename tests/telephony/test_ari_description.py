"""Our ARI client against Asterisk's own description of ARI, as installed."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from config.settings import PROJECT_ROOT
from telephony.ari import objects, resources
from telephony.ari.events import EVENTS
from telephony.ari.resources import Resource
from telephony.stasis import WANTED

pytestmark = pytest.mark.asterisk


@cache
def description(name: str) -> dict[str, Any]:
    """One of Asterisk's files."""
    folder = PROJECT_ROOT / "var/asterisk-root/usr/share/asterisk/rest-api"
    content: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return content


@cache
def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """(method, path) → operation."""
    names = ("channels", "bridges", "playbacks", "applications", "endpoints", "asterisk")
    return {
        (operation["httpMethod"], api["path"]): operation
        for name in names
        for api in description(name)["apis"]
        for operation in api["operations"]
    }


@cache
def models() -> dict[str, dict[str, Any]]:
    """Name → model, of all files."""
    names = ("events", "channels", "bridges", "playbacks", "endpoints", "applications", "asterisk")
    return {
        key: model for name in names for key, model in description(name).get("models", {}).items()
    }


class Recorder:
    """Stands where requests are sent, and keeps what would be."""

    def __init__(self) -> None:
        self.sent: dict[str, Any] = {}

    async def request(
        self,
        method: str,
        path: str,
        *,
        ids: Mapping[str, str] | None = None,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        self.sent = {
            "key": (method, path),
            "path": set(ids or {}),
            "query": set(query or {}),
            "body": set(body or {}),
        }
        return []


def all_methods() -> Iterator[tuple[type[Resource], str]]:
    for kind in Resource.__subclasses__():
        for name, _ in inspect.getmembers(kind, inspect.iscoroutinefunction):
            if not name.startswith("_") and name != "ensure":
                yield kind, name


def arguments(method: Any) -> dict[str, Any]:
    """Something for every parameter."""
    values: dict[str, Any] = {}
    for name, parameter in inspect.signature(method).parameters.items():
        kinds = (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if parameter.kind not in kinds:
            annotation = str(parameter.annotation)
            values[name] = (
                {"x": "y"} if "Mapping" in annotation else 1 if "int" in annotation else "x"
            )
    return values


@pytest.mark.parametrize(("kind", "name"), list(all_methods()))
async def test_each_operation_is_as_described(kind: type[Resource], name: str) -> None:
    recorder = Recorder()
    method = getattr(kind(recorder), name)
    try:
        await method(**arguments(method))
    except Exception as error:  # the recorder's answer is no channel; what was sent counts
        assert recorder.sent, error
    sent = recorder.sent
    operation = operations()[sent["key"]]
    described = {place: set() for place in ("path", "query", "body")}
    required: set[str] = set()
    for parameter in operation.get("parameters", []):
        described[parameter["paramType"]].add(parameter["name"])
        if parameter.get("required"):
            required.add(parameter["name"])
    assert sent["path"] == set(re.findall(r"\{(\w+)\}", sent["key"][1]))
    assert sent["path"] <= described["path"]
    assert sent["query"] <= described["query"]
    assert sent["body"] <= described["body"] or "filter" in described["body"]
    assert required <= sent["path"] | sent["query"] | sent["body"]
    wanted = re.sub(r"_(\w)", lambda found: found.group(1).upper(), name)
    same = {
        operation["nickname"],
        operation["nickname"].removesuffix("WithId"),
        operation["nickname"].removesuffix("ChannelWithId"),
        operation["nickname"].replace("ChannelVar", "Variable"),
    }
    assert wanted.lower() in {one.lower() for one in same}, f"{name} is {operation['nickname']}"


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_each_event_is_as_described(name: str) -> None:
    assert name in models()["Event"]["subTypes"]
    check_fields(name, EVENTS[name])


def test_wanted_events_are_those_we_can_read() -> None:
    assert set(WANTED) <= set(EVENTS)


KINDS = [
    kind
    for _, kind in inspect.getmembers(objects, inspect.isclass)
    if issubclass(kind, objects.ARIObject) and kind is not objects.ARIObject
]


@pytest.mark.parametrize("kind", KINDS)
def test_each_object_is_as_described(kind: type[objects.ARIObject]) -> None:
    check_fields(kind.__name__, kind)


def check_fields(name: str, kind: type[objects.ARIObject]) -> None:
    described = dict(models()[name]["properties"])
    for parent in ("Event", "Message"):
        if name in EVENTS:
            described |= models()[parent]["properties"]
    for field, info in kind.model_fields.items():
        assert field in described, f"{name} has no {field}"
        if info.is_required():
            assert described[field].get("required"), f"{name}.{field} may be missing"


def test_every_resource_was_checked() -> None:
    public = {kind.__name__ for kind in vars(resources).values() if inspect.isclass(kind)}
    assert {kind.__name__ for kind in Resource.__subclasses__()} <= public
    assert len(list(all_methods())) > 25
