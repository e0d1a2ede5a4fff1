"""Reasons not to accept a demand are found where they are, and ordinary demands left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.refusal_words import load_refusal_words
from models.errors import ConfigurationError
from models.vocabulary import RequestType
from nlp.text.corpus import LabelledText
from nlp.text.refusals import refusal_hints
from tests.nlp.conftest import candidate

pytestmark = pytest.mark.unit

RULES = load_refusal_words()
#: Of the rules' own making.
SAID = {
    "R01": ["楼下正在打架，快派人来", "我爸刚刚晕倒了，要救护车"],
    "R02": ["法院执行局拖了两年，执行不到位", "那个法官收了对方的钱，判决不公"],
    "R03": ["我这个事法院已经立案了，还没开庭", "我们申请了劳动仲裁，已经受理，还没裁决"],
    "R04": ["我去信访局登记了，一直没有答复"],
    "R05": ["你帮我查一下那个车主是谁", "我手里有份涉密文件，念给你听内容"],
    "R06": ["我在东莞那边的工厂，厂里欠我两个月钱"],
    "R07": ["还是上次那个事，你们已经答复了，我就是不服"],
    "R08": ["没什么事，就是想找你聊聊天", "你声音真好听，加个微信吧"],
    "R09": ["他打牌输的钱不还我，你们帮我要回来", "给我开假证明行不行，我给点钱"],
    "R10": ["朋友借了我的钱，打了借条，现在不还", "房东不退押金，找各种理由", "离婚了他不给抚养费"],
}
#: Written after the rules, which were not changed for them: 23 of these 25 are found.
AFTERWARDS = {
    "R01": ["有人正在我家门口抢东西你们快来", "隔壁老太太刚刚突然昏迷了喊不醒快派车"],
    "R02": [
        "我的案子判了三年法院就是不给我执行",
        "检察院的人包庇他，冤案没人管",
        "我举报武装部的首长",
    ],
    "R03": [
        "我跟开发商的官司还在打，法院说下个月开庭",
        "这个事我已经起诉到法院去了",
        "复议机关已经受理了我的行政复议申请",
        "我要举报我们局长收受贿赂",
        "我要求你们公开那个征地的批文，依申请公开",
    ],
    "R04": ["信访那边说受理了，六十天内答复，我等不及先打这个电话"],
    "R05": ["给我查查我老公的开房记录", "我把我们公司的商业机密告诉你们"],
    "R06": ["我是衡阳人，我在广州的房东不退我押金", "外省的一家店买了东西不给退"],
    "R07": ["我上个月反映的噪声你们说处理过了，同样的事我再说一遍，我不服"],
    "R08": ["我一个人睡不着，陪我聊会天吧", "打着玩的，再见"],
    "R09": ["我赌博输的钱能不能帮我追回", "你们通融一下给我办个假证明"],
    "R10": [
        "我表弟借了我的钱三年没还，把我拉黑了",
        "前夫不给孩子抚养费",
        "租客欠房租两个月还不肯搬",
        "跟人合伙开店他把账上的钱私吞了",
        "兄弟几个为了老人的遗产争起来了",
    ],
}
#: What people also say: words of the rules in ordinary demands.
ORDINARY = [
    "小区门口的报警器一直响，吵得睡不着",
    "昨天那里有人打架，已经报警了，我想问派出所电话",
    "请问法院在哪里，怎么去",
    "请问劳动仲裁怎么申请，要带什么材料",
    "我退伍回来两年了，部队的优抚金还没发",
    "公司拖欠工资三个月，打了欠条也不给",
    "村干部贪污低保款",
    "请问去民政局离婚要什么手续",
    "我父亲的遗产房子过户要交多少税，继承要什么材料",
    "中介和房东都不退押金",
    "我在深圳的社保怎么转回来",
    "有辆车堵了我家门，请帮忙查一下车主电话让他挪车",
    "举报这家店给人办假证",
    "那个司机骂我王八蛋",
]


@pytest.mark.parametrize(("code", "text"), [(code, one) for code in SAID for one in SAID[code]])
def test_each_reason_is_found(code: str, text: str) -> None:
    hints = refusal_hints(text, RULES)
    assert code in {hint.code for hint in hints}
    hint = next(hint for hint in hints if hint.code == code)
    assert text[hint.span.start : hint.span.end] in hint.reason
    assert hint.name and hint.route


def test_every_reason_has_rules() -> None:
    assert {rule.code for rule in RULES.rules} == set(SAID)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_demands_are_left_alone(text: str) -> None:
    assert refusal_hints(text, RULES) == ()


def test_most_of_what_was_written_afterwards_is_found() -> None:
    said = [(code, text) for code, texts in AFTERWARDS.items() for text in texts]
    found = [code in {hint.code for hint in refusal_hints(text, RULES)} for code, text in said]
    assert sum(found) >= 22


def test_the_word_shown_is_the_one_that_spoke_for_it() -> None:
    """Not the same word earlier in the letter, where it meant nothing."""
    text = "我有个借条的问题先放一边" + "，这里说说别的事情" * 30 + "。朋友打了借条，一直不还。"
    (hint,) = refusal_hints(text, RULES)
    assert hint.span.start == text.rindex("借条")


def test_words_of_different_matters_do_not_join() -> None:
    far = "我打了借条" + "，这里说说别的事情" * 30 + "，那家店不还我押金"
    assert refusal_hints(far, RULES) == ()


def test_praise_and_proposals_are_never_declined() -> None:
    praise = [candidate(RequestType.PRAISE, 0.9)]
    text = "感谢你们，朋友借了我的钱不还，是你们劝他还的"
    assert refusal_hints(text, RULES)
    assert refusal_hints(text, RULES, praise) == ()


def test_few_of_the_seed_corpus_are_hinted_at(seed_rows: list[LabelledText]) -> None:
    """Nearly all of its demands are to be accepted."""
    texts = [row.text for row in seed_rows]
    hinted = [text for text in texts if refusal_hints(text, RULES)]
    assert len(hinted) < 0.02 * len(texts)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("{code: R77, reason: 某事, words: [某]}", "R77"),
        ("{code: R10, reason: 某事, words: []}", "缺少 words"),
        ("{code: R10, words: [某]}", "reason"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, fault: str) -> None:
    (tmp_path / "refusal_words.yaml").write_text(f"version: t\nrules:\n  - {row}\n")
    with pytest.raises(ConfigurationError, match=fault):
        load_refusal_words(tmp_path)
