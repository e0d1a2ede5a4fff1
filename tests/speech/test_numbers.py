"""Numbers become digits where a reader writes digits, and nowhere else."""

from __future__ import annotations

import pytest

from nlp.speech.numbers import value, with_digits

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("我的电话是幺三八零零幺三八零零零", "我的电话是13800138000"),
        ("幺三八，零零幺三，八零零零", "13800138000"),
        ("座机是八八五六七二一", "座机是8856721"),
        ("工单号二零二六零五一二", "工单号20260512"),
        ("一二三四五热线", "12345热线"),
        ("幺二三四五政务服务便民热线", "12345政务服务便民热线"),
        ("我先打了幺幺零", "我先打了110"),
        ("十二号楼三单元五零二", "12号楼3单元502"),
        ("蒸湘北路二十八号", "蒸湘北路28号"),
        ("五栋二单元", "5栋2单元"),
        ("坐二十路公交车", "坐20路公交车"),
        ("下午三点半", "下午3点半"),
        ("十点零五分", "10点05分"),
        ("五月十二号", "5月12号"),
        ("二零二五年三月十五日", "2025年3月15日"),
        ("两万三千五百元", "23500元"),
        ("一千零二十块钱", "1020块钱"),
        ("三百万元", "300万元"),
        ("一点五元", "1.5元"),
        ("百分之十二点五", "12.5%"),
        ("三十五户居民", "35户居民"),
        ("我今年五十八岁了", "我今年58岁了"),
    ],
)
def test_numbers_that_are_written_in_digits(said: str, written: str) -> None:
    assert with_digits(said) == written


@pytest.mark.parametrize(
    "said",
    [
        *("一直没有水", "一点也不好", "三个月了", "打了三次电话", "等一下", "一起去", "两三天"),
        *("万一着火怎么办", "千万不要", "老百姓怎么办", "三户居民", "一个人在家", "第一人民医院"),
        *("住在立新一路", "西二环路", "五一路", "三四十人", "十几户", "三十多块", "十字路口"),
        *("一块地荒着", "乱七八糟", "五险一金", "二次供水", "一二", "五分钟", "十分满意", "一般"),
    ],
)
def test_words_that_stay_as_they_were_said(said: str) -> None:
    assert with_digits(said) == said


@pytest.mark.parametrize(
    ("said", "number"),
    [
        *(("十", 10), ("十二", 12), ("二十", 20), ("一百零五", 105), ("一百二", 120)),
        *(("两千三", 2300), ("一千零二", 1002), ("两万三", 23_000), ("一万零五", 10_005)),
        *(("一亿两千万", 120_000_000), ("三百万", 3_000_000)),
    ],
)
def test_the_value_of_a_quantity(said: str, number: int) -> None:
    assert value(said) == number


@pytest.mark.parametrize("said", ["三四十", "十十", "百", "一二三", "万"])
def test_what_is_no_quantity_has_no_value(said: str) -> None:
    assert value(said) is None
