"""What the caller is called."""

from __future__ import annotations

import re

from models.understanding import Fact, Span

#: The hundred commonest family names or so; a rarer one is left to the agent.
_FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔"
    "钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤欧阳易阳屈匡祝成"
)
_NAMED = re.compile(
    rf"我姓(?P<family>[{_FAMILY}])"
    rf"|(?:我叫|我的名字叫|本人)(?P<full>[{_FAMILY}][一-龥某]{{1,2}})"
    r"(?=[，。,. 、；是住家在的]|$|今年)"
    rf"|我是(?P<polite>[{_FAMILY}](?:女士|先生|某|大姐|师傅))"
)


def find_person(text: str) -> Fact | None:
    """The caller's name as the caller gives it: 我姓蒋, 我叫谢某."""
    match = _NAMED.search(text)
    if match is None:
        return None
    group = next(name for name in ("family", "full", "polite") if match.group(name))
    return Fact(
        kind="person",
        text=match.group(group),
        value=match.group(group),
        span=Span(start=match.start(group), end=match.end(group)),
    )
