"""What callers hear while waiting, and call-back tasks: read from ``waiting.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from config.rules import RowReader, read_yaml, rule_file
from models.vocabulary import CallbackReason

FILE = "waiting.yaml"


@dataclass(frozen=True, kw_only=True)
class ExpectedWaitRules:
    """When an expected wait is told."""

    #: How far back calls count.
    window: timedelta
    least_calls: int
    #: Nothing beyond this is told.
    longest: timedelta


@dataclass(frozen=True, kw_only=True)
class MessageRules:
    """When a caller is asked for a message. Seconds."""

    nobody_seconds: float
    message_seconds: int
    silence_seconds: int


@dataclass(frozen=True, kw_only=True)
class CallbackRules:
    """What call-back tasks are held to."""

    limits: Mapping[CallbackReason, timedelta]
    short_abandon: timedelta
    attempts: int
    pause: timedelta
    #: A task taken and not called for so long goes back to all.
    taken: timedelta
    auto: bool


@dataclass(frozen=True, kw_only=True)
class CallerRules:
    """All of the file."""

    version: str
    expected_wait: ExpectedWaitRules
    #: Books a call-back; empty: none is offered.
    callback_key: str
    confirm_seconds: float
    message: MessageRules
    callbacks: CallbackRules


def load_waiting(rules: Path | None = None) -> CallerRules:
    """Read the file. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming what is wrong.
    """
    path = rule_file(FILE, rules)
    top = RowReader(path.name, "顶层", read_yaml(path))
    top.only(
        "version", "expected_wait", "callback_key", "confirm_seconds", "message", "callbacks"
    )  # fmt: skip
    return CallerRules(
        version=top.text("version"),
        expected_wait=_expected_wait(top.row("expected_wait", "expected_wait")),
        callback_key=_key(top),
        confirm_seconds=top.number("confirm_seconds", 6, least=1, most=30),
        message=_message(top.row("message", "message")),
        callbacks=_callbacks(top.row("callbacks", "callbacks")),
    )


def _key(top: RowReader) -> str:
    key = top.text("callback_key", "")
    if key and (len(key) != 1 or key not in "0123456789"):
        raise top.error("callback_key 应是一个数字键（0-9），或留空")
    return key


def _expected_wait(row: RowReader) -> ExpectedWaitRules:
    row.only("minutes", "least_calls", "longest_minutes")
    return ExpectedWaitRules(
        window=timedelta(minutes=row.number("minutes", 120, least=1, most=1440)),
        least_calls=int(row.number("least_calls", 5, least=1, most=1000)),
        longest=timedelta(minutes=row.number("longest_minutes", 30, least=1, most=240)),
    )


def _message(row: RowReader) -> MessageRules:
    row.only("nobody_seconds", "message_seconds", "silence_seconds")
    return MessageRules(
        nobody_seconds=row.number("nobody_seconds", 20, most=3600),
        message_seconds=int(row.number("message_seconds", 180, least=10, most=900)),
        silence_seconds=int(row.number("silence_seconds", 5, least=1, most=60)),
    )


def _callbacks(row: RowReader) -> CallbackRules:
    row.only(
        "limits", "short_abandon_seconds", "attempts", "pause_minutes", "taken_minutes", "auto"
    )  # fmt: skip
    limits = row.row("limits", "callbacks.limits")
    limits.only(*CallbackReason)
    return CallbackRules(
        limits={
            reason: timedelta(minutes=limits.number(reason.value, 30, least=1, most=10080))
            for reason in CallbackReason
        },
        short_abandon=timedelta(seconds=row.number("short_abandon_seconds", 5, most=300)),
        attempts=int(row.number("attempts", 3, least=1, most=20)),
        pause=timedelta(minutes=row.number("pause_minutes", 10, least=0, most=1440)),
        taken=timedelta(minutes=row.number("taken_minutes", 10, least=1, most=1440)),
        auto=row.yes("auto"),
    )
