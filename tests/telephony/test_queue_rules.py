"""The file of queues: what it says, and what it says when it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from config.demo_staff import load_demo_staff
from config.queues import FILE, load_queues
from config.rules import SHIPPED
from config.settings import load_settings
from models.errors import ConfigurationError
from models.vocabulary import AgentState, PriorityReason
from telephony.asterisk.prompts import load_prompt_book

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("dialled", "number"),
    [
        ("12345", "12345"),
        ("073412345", "12345"),
        ("+8673412315", "12315"),
        ("0734 12328", "12328"),
        ("12333", "12333"),
        ("12348", "12348"),
        ("073412317", "12317"),
        ("", "12345"),
        ("99999", "12345"),
    ],
)
def test_a_number_is_known_in_any_dress(dialled: str, number: str) -> None:
    assert load_queues().dialled(dialled).number == number


def test_merged_lines_that_keep_their_number_say_it_and_have_their_people() -> None:
    """The others, whose number was given up, are greeted as 12345."""
    rules, texts = load_queues(), load_prompt_book(load_settings()).prompts
    kept = {
        "12313",
        "12315",
        "12328",
        "12329",
        "12333",
        "12338",
        "12348",
        "12351",
        "12355",
        "12393",
    }
    for number in kept:
        row = rules.dialled(number)
        assert (row.number, row.greeting) == (number, f"greeting_{number}")
        spoken = number.translate(str.maketrans("123456789", "幺二三四五六七八九"))
        assert texts[row.greeting].startswith(f"您好，{spoken}"), number
        assert texts[row.greeting].endswith("本次通话将被录音。"), number
        assert row.queue != rules.first_queue.code
    others = [row for row in rules.access_numbers if row.number not in kept]
    assert {row.greeting for row in others} == {"greeting"}


def test_the_longest_number_that_fits_counts(tmp_path: Path) -> None:
    write(tmp_path, access_numbers=[
        {"number": "345", "name": "短", "queue": "general"},
        {"number": "12345", "name": "长", "queue": "market"},
    ])  # fmt: skip
    assert load_queues(tmp_path).dialled("073412345").name == "长"
    assert load_queues(tmp_path).dialled("0734345").name == "短"


def test_points_of_all_reasons_are_added() -> None:
    rules = load_queues()
    both = (PriorityReason.ELDERLY, PriorityReason.REPEAT_CALLER)
    assert rules.points(both) == rules.points(both[:1]) + rules.points(both[1:])
    assert rules.points((PriorityReason.INTERRUPTED,)) > rules.points(
        (PriorityReason.EMERGENCY_WORDS,)
    )


def test_every_break_of_the_shipped_file_has_its_limit() -> None:
    limits = load_queues().agents.limits
    assert set(limits) == {
        AgentState.REST, AgentState.MEAL, AgentState.TRAINING, AgentState.MEETING,
    }  # fmt: skip


def test_the_people_of_the_demonstration_have_skills_that_exist() -> None:
    groups = load_queues().groups
    skilled = [person for person in load_demo_staff() if person.skills]
    assert skilled
    assert all(code in groups for person in skilled for code in person.skills)


def test_a_file_without_the_ear_never_listens_to_the_waiting(tmp_path: Path) -> None:
    write(tmp_path, listen_while_waiting=None)
    assert load_queues(tmp_path).listen_while_waiting is None


QUEUE = {"code": "one", "name": "一", "strategy": "LONGEST_IDLE", "groups": [{"code": "general"}]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"queues": [{**QUEUE, "strategy": "FASTEST"}]}, "第 1 个队列：strategy “FASTEST”"),
        ({"queues": [{**QUEUE, "groups": [{"code": "nobody"}]}]}, "没有技能组 nobody"),
        ({"queues": [{**QUEUE, "groups": []}]}, "groups 至少要有一个技能组"),
        ({"queues": [QUEUE, QUEUE]}, "编码 one 出现了两次"),
        ({"queues": []}, "至少要有一个队列"),
        ({"queues": [{**QUEUE, "colour": "red"}]}, "不认识的字段 colour"),
        ({"access_numbers": [{"number": "12", "name": "短", "queue": "general"}]}, "3 到 20 位"),
        ({"access_numbers": [{"number": "12345", "name": "x", "queue": "no"}]}, "没有队列 no"),
        ({"access_numbers": []}, "至少要有一个接入号码"),
        ({"default_skills": {"general": 12}}, "general 应在 1 到 9 之间"),
        ({"default_skills": {"nobody": 1}}, "没有技能组 nobody"),
        ({"callers": {"elderly": "nowhere"}}, "没有队列 nowhere"),
        ({"priorities": {"HANDSOME": 3}}, "不认识的字段 HANDSOME"),
        ({"priorities": {"ELDERLY": "viel"}}, "缺少 ELDERLY，或不是数字"),
        ({"listen_while_waiting": {"level": "AWFUL"}}, "level “AWFUL”"),
        ({"agents": {"limits": {"READY": 5}}}, "不认识的字段 READY"),
        ({"waiting": {"overflow": "nowhere"}}, "overflow 应是 voicemail 或另一个队列的编码"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    write(tmp_path, **change)
    with pytest.raises(ConfigurationError, match=said):
        load_queues(tmp_path)


def write(folder: Path, **changes: Any) -> None:
    """The shipped file with other rows; None: without that row."""
    content = yaml.safe_load((SHIPPED / FILE).read_text(encoding="utf-8"))
    content = {key: value for key, value in (content | changes).items() if value is not None}
    (folder / FILE).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
