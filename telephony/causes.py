"""Why a line ended (Q.850 causes), in words for the record."""

from __future__ import annotations

#: An ordinary hang-up of the party itself.
NORMAL = frozenset({0, 16, 31})
#: The phone said no.
DECLINED = frozenset({17, 21})

_WORDS = {
    1: "空号",
    3: "号码无法接通",
    17: "对方忙",
    18: "无人接听",
    19: "无人接听",
    20: "对方已关机或不在服务区",
    21: "对方拒接",
    22: "号码已变更",
    27: "线路故障",
    28: "号码格式有误",
    34: "线路忙",
    38: "网络故障",
    41: "网络临时故障",
    42: "线路忙",
    44: "话机没有声音",
    58: "线路不支持通话",
    127: "网络故障",
}


def in_words(cause: int) -> str:
    """The cause for a person to read."""
    return _WORDS.get(cause, f"未接通（原因代码 {cause}）")
