"""What must not wait is heard; what only sounds alike is not."""

from __future__ import annotations

import pytest

from config.urgency import load_urgency
from models.vocabulary import Urgency
from nlp.text.urgency import judge_urgency

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
