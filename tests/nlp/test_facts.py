"""Facts that citizens tell: phones, times, places, names, demands, titles."""

from __future__ import annotations

import pytest

from models.understanding import Fact
from models.vocabulary import RequestType
from nlp.text.alike import SoundAlikes
from nlp.text.clauses import split_clauses
from nlp.text.demand import find_demand
from nlp.text.numbers import parse_number
from nlp.text.people import find_person
from nlp.text.phones import find_phones
from nlp.text.resources import Resources
from nlp.text.sounds import sound_table
from nlp.text.times import find_times
from nlp.text.understander import Understander
from tests.nlp.conftest import NOW, ZONE

pytestmark = pytest.mark.unit


def spans_hold(text: str, facts: list[Fact]) -> bool:
    return all(text[fact.span.start : fact.span.end] == fact.text for fact in facts)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("12", 12), ("十二", 12), ("二十三", 23), ("两", 2), ("一百零五", 105), ("一百二", 120),
        ("二〇二四", 2024), ("三千", 3000), ("很多", None), ("", None),
    ],
)  # fmt: skip
def test_numbers(said: str, number: int | None) -> None:
    assert parse_number(said) == number


class TestPhones:
    @pytest.mark.parametrize(
        ("text", "numbers"),
        [
            ("电话是13800000156，急用", ["13800000156"]),
            ("138-0000-0156", ["13800000156"]),
            ("我的号码是幺三八零零零零零幺五六", ["13800000156"]),
            ("幺三八 零零零零 嗯零幺五六你记一下", ["13800000156"]),
            ("一三八〇〇〇〇〇一五六", ["13800000156"]),
            ("家里座机0734-8812345", ["07348812345"]),
            ("13800000127，13900000128", ["13800000127", "13900000128"]),
            ("身份证430408199001011234", []),
            ("户号4300112233", []),
            ("一百三十八块钱", []),
        ],
    )
    def test_written_and_spoken(self, text: str, numbers: list[str]) -> None:
        facts = find_phones(text)
        assert [fact.value for fact in facts] == numbers
        assert spans_hold(text, facts)


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("昨天晚上八点半开始停水", "2026-11-21T20:30"),
            ("前天晚上", "2026-11-20T20:00"),
            ("昨晚十一点多", "2026-11-21T23:00"),
            ("今天早上七点四十左右", "2026-11-22T07:40"),
            ("三天前就没人来", "2026-11-19"),
            ("停电是十二个小时前", "2026-11-21T22:30"),
            ("一个半月前", "2026-10"),
            ("半年之前", "2026-05"),
            ("上个星期二", "2026-11-10"),
            ("星期五下午三点", "2026-11-20T15:00"),
            ("上个月十五号", "2026-10-15"),
            ("去年九月份", "2025-09"),
            ("2023年6月30日交房", "2023-06-30"),
            ("八月十二号买的", "2026-08-12"),
            ("三月一号", "2026-03-01"),
            ("二月二十八日", "2026-02-28"),
            ("刚刚有人掉下去了", "2026-11-22T10:30"),
        ],
    )
    def test_resolved_against_the_call(self, text: str, value: str) -> None:
        facts = find_times(text, NOW, ZONE)
        assert [fact.value for fact in facts] == [value]
        assert spans_hold(text, facts)

    @pytest.mark.parametrize(
        ("text", "value", "began"),
        [
            ("路灯坏了一个星期了", "持续一个星期", "2026-11-15"),
            ("已经三天了还没人来", "持续三天", "2026-11-19"),
            ("快三个月了", "持续近三个月", "2026-08-01"),
            ("连续两天停水", "持续两天", "2026-11-20"),
            ("停电十二个小时了", "持续十二个小时", "2026-11-21"),
        ],
    )
    def test_how_long_it_has_gone_on_reads_as_such(self, text: str, value: str, began: str) -> None:
        facts = find_times(text, NOW, ZONE)
        assert [fact.value for fact in facts] == [value]
        assert spans_hold(text, facts)
        assert facts[0].resolved is not None
        assert facts[0].resolved.astimezone(ZONE).date().isoformat() == began

    def test_the_instant_is_utc(self) -> None:
        (fact,) = find_times("昨天晚上八点半", NOW, ZONE)
        assert fact.resolved is not None
        assert fact.resolved.isoformat() == "2026-11-21T12:30:00+00:00"

    @pytest.mark.parametrize(
        "text",
        [
            "每天凌晨四点多就吵",
            "星期六上不上班",
            "2月30号",
            "三年级的学生",
            "每周二上午",
            "一天到晚",
        ],
    )
    def test_what_is_no_event_gives_none(self, text: str) -> None:
        assert find_times(text, NOW, ZONE) == []

    def test_a_day_of_december_said_in_january_is_last_years(self) -> None:
        january = NOW.replace(year=2027, month=1, day=5)
        (fact,) = find_times("十二月二十号那天", january, ZONE)
        assert fact.value == "2026-12-20"


class TestPlaces:
    @pytest.mark.parametrize(
        ("text", "value", "unit"),
        [
            ("我住在幸福里小区停水了", "幸福里小区", "D-J-LH"),
            ("幸福里这里停水了", "幸福里小区", "D-J-LH"),
            ("大立新村8栋加盖", "大立新村8栋", "D-J-LH"),
            ("曙光家属院2栋302漏水", "曙光家属院2栋302", "D-J-ZX"),
            ("雨母山镇灵官庙村三组", "雨母山镇灵官庙村三组", "D-Z-YMS"),
            ("红湘北路和杨柳路交界那里爆管", "红湘北路和杨柳路交界", "D-J-HX"),
            ("我们在茶山路128号旁边", "茶山路128号旁边", None),
        ],
    )
    def test_the_most_exact_place_comes_first(
        self, resources: Resources, text: str, value: str, unit: str | None
    ) -> None:
        first = resources.places.find(text)[0]
        assert (first.value, first.unit) == (value, unit)

    def test_the_longest_name_wins(self, resources: Resources) -> None:
        found = resources.places.find("南华大学附属第一医院停车难")
        assert [place.value for place in found] == ["南华大学附属第一医院"]

    @pytest.mark.parametrize(
        "text", ["我们小区没水", "学校门口很堵", "马路上有个坑", "走路摔了一跤"]
    )
    def test_a_common_noun_is_no_place(self, resources: Resources, text: str) -> None:
        assert resources.places.find(text) == []

    @pytest.mark.parametrize(
        ("text", "value", "said"),
        [
            ("我住在征香北路128号附近，路灯不亮", "蒸湘北路128号附近", "征香北路128号附近"),
            ("红香南路有个大坑", "红湘南路", "红香南路"),
            ("船山溪路和杨柳路交叉口堵车", "船山西路和杨柳路交叉口", "船山溪路和杨柳路交叉口"),
            ("解放大道的路灯不亮", "解放大道", "解放大道"),
            ("我们在茶山路128号旁边", "茶山路128号旁边", "茶山路128号旁边"),
        ],
    )
    def test_what_sounds_like_a_name_is_taken_for_it(
        self, understander: Understander, text: str, value: str, said: str
    ) -> None:
        fact = understander.understand(text, now=NOW).first("place")
        assert fact is not None
        assert (fact.value, fact.text) == (value, said)
        assert text[fact.span.start : fact.span.end] == said


def test_names_of_one_sound_are_told_apart_by_nobody() -> None:
    alike = SoundAlikes(["红湘北路", "洪乡北路", "茶山路"], sound_table())
    assert alike.ending("在红香北路") == ""
    assert alike.ending("在查山路") == "茶山路"
    assert alike.ending("山路") == ""


class TestPeople:
    @pytest.mark.parametrize(
        ("text", "name"),
        [("我姓蒋，电话", "蒋"), ("我叫谢某，是村民", "谢某"), ("我是李女士", "李女士")],
    )
    def test_the_caller_says_the_name(self, text: str, name: str) -> None:
        fact = find_person(text)
        assert fact is not None and fact.value == name and spans_hold(text, [fact])

    def test_nobody_is_named(self) -> None:
        assert find_person("我叫他不要停在这里") is None


class TestDemand:
    @pytest.mark.parametrize(
        ("text", "request_type", "demand"),
        [
            (
                "路灯坏了一个月，孩子不敢走。请尽快派人来修，谢谢。",
                RequestType.HELP,
                "请尽快派人来修",
            ),
            (
                "物业乱收费，我要求公示账目，退还多收的钱",
                RequestType.COMPLAINT,
                "要求公示账目，退还多收的钱",
            ),
            (
                "请问高龄补贴怎么申请，我妈八十了",
                RequestType.CONSULTATION,
                "高龄补贴怎么申请",
            ),
            (
                "你好，我想咨询一下，居住证怎么办理",
                RequestType.CONSULTATION,
                "居住证怎么办理",
            ),
            (
                "你好我要反映\n路灯坏了一个星期了晚上很黑希望尽快维修",
                RequestType.HELP,
                "希望尽快维修",
            ),
            (
                "你好我要反映幸福里小区停水了请你们帮忙联系自来水公司我姓蒋",
                RequestType.HELP,
                "请你们帮忙联系自来水公司",
            ),
            (
                "路灯坏了请派人来修，晚上很黑，谢谢",
                RequestType.HELP,
                "请派人来修",
            ),
        ],
    )
    def test_in_the_citizens_words(self, text: str, request_type: RequestType, demand: str) -> None:
        fact = find_demand(split_clauses(text), text, request_type)
        assert fact is not None and fact.value == demand and spans_hold(text, [fact])

    @pytest.mark.parametrize(
        "text",
        ["你好，我要反映，蒸湘北路的路灯坏了一个星期了，晚上很黑。", "楼上天天吵怎么都没人管呢"],
    )
    def test_who_only_tells_demands_nothing(self, text: str) -> None:
        assert find_demand(split_clauses(text), text, RequestType.HELP) is None

    def test_a_courtesy_is_no_demand(self) -> None:
        text = "楼上漏水，希望理解"
        assert find_demand(split_clauses(text), text, RequestType.COMPLAINT) is None


class TestTitle:
    def test_place_and_problem(self, understander: Understander) -> None:
        text = "你好，我想反映一下，我住在幸福里小区，从昨天晚上到现在都没有水，电话13800000127"
        found = understander.understand(text, now=NOW)
        assert found.title.startswith("幸福里小区")
        assert "没有水" in found.title

    @pytest.mark.parametrize(
        ("text", "title"),
        [
            (
                "你好，我要反映，蒸湘北路的路灯坏了一个星期了，晚上很黑。",
                "蒸湘北路的路灯坏了一个星期了",
            ),
            ("你好我要反映\n不听蒸湘北路的路灯坏了一个星期了", "蒸湘北路的路灯坏了一个星期了"),
            ("反一定蒸湘北路的路灯坏了\n晚上很黑", "蒸湘北路的路灯坏了"),
            ("井盖丢了在立新大道那边很危险", "立新大道井盖丢了"),
            ("你好我要反映路灯坏了好久了", "路灯坏了好久了"),
            ("你好我要反映一下幸福里小区停水了请你们帮忙联系自来水公司我姓蒋", "幸福里小区停水了"),
        ],
    )
    def test_it_starts_at_the_place_or_the_matter(
        self, understander: Understander, text: str, title: str
    ) -> None:
        assert understander.understand(text, now=NOW).title == title

    def test_a_span_of_time_is_not_cut_in_two(self, understander: Understander) -> None:
        text = "同志我们丽景园二栋又停电了一晚上没电小孩热得直哭电话幺三八零零零零零幺五六快点来修"
        found = understander.understand(text, now=NOW)
        assert found.title.startswith("丽景园二栋又停电了一晚上")
        assert found.urgency.value == "URGENT"
        demand = found.first("demand")
        assert demand is not None and demand.value == "快点来修"

    def test_never_longer_than_fifty(self, understander: Understander) -> None:
        text = "雨母山镇灵官庙村三组" + "那条通村公路塌方塌得一塌糊涂车子过不去" * 8
        assert 0 < len(understander.understand(text, now=NOW).title) <= 50

    def test_a_transcript_without_punctuation(self, understander: Understander) -> None:
        text = "喂你好我想反映一下我们红湘花园三栋这里下水道堵了粪水都流出来了能不能派人来通一下"
        found = understander.understand(text, now=NOW)
        assert "下水道堵了" in found.title
        assert not found.title.startswith("喂")
