"""What must not wait is heard; what only sounds alike is not."""

from __future__ import annotations

import pytest

from config.urgency import load_urgency
from models.vocabulary import RequestType, Urgency
from nlp.text.understander import Understander
from nlp.text.urgency import judge_urgency, never_lower
from tests.nlp.conftest import NOW, candidate

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("我家对面三楼着火了，快来人", Urgency.CRITICAL),
        ("楼道里一股煤气味，好像在漏气", Urgency.CRITICAL),
        ("有个小孩被困在电梯里了", Urgency.CRITICAL),
        ("再不解决我就从楼上跳下去，我不想活了", Urgency.CRITICAL),
        ("隔壁拿刀砍人了", Urgency.CRITICAL),
        ("后山滑坡了泥巴冲到屋里来了", Urgency.CRITICAL),
        ("家里老人用呼吸机，突然停电了", Urgency.CRITICAL),
        ("路中间井盖不见了，好大一个窟窿", Urgency.URGENT),
        ("我们小区从昨天到现在都没水", Urgency.URGENT),
        ("红绿灯坏了，四个方向都乱套了", Urgency.URGENT),
        ("昨晚吃了烧烤，一家人上吐下泻", Urgency.URGENT),
        ("请问明天停电吗", Urgency.NORMAL),
        ("表扬消防队，上次着火了怎么办他们讲得很清楚", Urgency.NORMAL),
        ("这是我的救命钱，请把会员费退给我", Urgency.NORMAL),
        ("请问居民医保多少钱一年", Urgency.NORMAL),
    ],
)
def test_levels(text: str, level: Urgency) -> None:
    found, reason = judge_urgency(text, load_urgency())
    assert found is level
    assert bool(reason) == (level is not Urgency.NORMAL)


def test_more_words_never_lower_it() -> None:
    rules = load_urgency()
    said = ""
    highest = Urgency.NORMAL
    for part in (
        "你好我住在红湘花园",
        "楼下一股煤气味",
        "请问你们几点下班",
        "我想问下医保怎么交" * 20,
    ):
        said += part
        level, _ = judge_urgency(said, rules)
        assert level.rank >= highest.rank
        highest = level
    assert highest is Urgency.CRITICAL


def test_words_of_different_matters_do_not_join() -> None:
    far_apart = (
        "电梯年检贴个标签就好。" + "另外说说绿化的事情，树该剪了。" * 20 + "手被门夹了一下。"
    )
    level, _ = judge_urgency(far_apart, load_urgency())
    assert level is Urgency.NORMAL


def test_thanks_for_a_fire_put_out_are_no_fire() -> None:
    text = "感谢消防队，上个月我家厨房着火，五分钟就到了，特地表扬"
    praise = (candidate(RequestType.PRAISE, 0.9),)
    assert judge_urgency(text, load_urgency(), praise)[0] is Urgency.NORMAL
    unsure = (candidate(RequestType.PRAISE, 0.4),)
    assert judge_urgency(text, load_urgency(), unsure)[0] is Urgency.CRITICAL


def test_a_question_is_raised_by_danger_to_life_alone() -> None:
    asks = (candidate(RequestType.CONSULTATION, 0.9),)
    rules = load_urgency()
    assert judge_urgency("请问我们小区今天停水到几点", rules, asks)[0] is Urgency.NORMAL
    assert judge_urgency("请问楼道有煤气味怎么办", rules, asks)[0] is Urgency.CRITICAL


def test_a_call_stays_as_urgent_as_it_once_was(understander: Understander) -> None:
    before = understander.understand("楼道里好大的煤气味快来人", now=NOW)
    after = understander.understand("请问你们几点下班", now=NOW)
    kept = never_lower(after, before)
    assert kept.urgency is Urgency.CRITICAL
    assert kept.urgency_reason == before.urgency_reason
    assert kept.title == after.title
    assert never_lower(before, after) == before
