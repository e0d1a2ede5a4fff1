"""What was heard, as a Chinese reader wants to see it.

Vosk gives words with blanks between them, no punctuation and every number spelled out. Here they
are joined, numbers that are surely numbers become digits (:mod:`nlp.speech.numbers`), and pauses
and question words give light punctuation. When in doubt the words stay as they were said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.speech.numbers import with_digits

#: A pause as long as this inside an utterance is written as a comma.
COMMA_SECONDS = 0.28
#: Pauses between the groups of a telephone number are no commas.
_NUMERAL = re.compile(r"^[零幺一二三四五六七八九十百千万]+$")
_QUESTION_END = re.compile(
    r"(吗|么|呢|怎么办|怎么样|怎么走|怎么办理|怎么申请|怎么查询|怎么处理|怎么回事|为什么|是什么|什么材料|什么手续|什么条件"
    r"|多少钱?|多久|多长时间|哪里办?理?|哪个部门|几点上班|几点下班|行不行|能不能|可不可以|对不对|是不是|好不好)$"
)
_QUESTION_START = re.compile(r"^(请问|为什么|什么时候|怎么|哪里|能不能|可不可以|是不是|有没有)")
#: A sentence may begin like a question and be none.
_STATEMENT_END = re.compile(r"(谢谢|再见|好的|知道了|明白了)$")


def for_reading(words: Sequence[str], pauses: Sequence[float] = (), *, final: bool = True) -> str:
    """Display text of ``words``.

    :param pauses: seconds of silence after each word but the last; may be left out.
    :param final: whether the utterance is over and gets its closing mark.
    """
    words = [word for word in words if word not in ("[unk]", "<UNK>")]
    if not words:
        return ""
    text = with_digits(_with_commas(words, pauses))
    return text + _closing(text) if final else text


def _with_commas(words: Sequence[str], pauses: Sequence[float]) -> str:
    joined = words[0]
    for number, word in enumerate(words[1:]):
        pause = pauses[number] if number < len(pauses) else 0.0
        inside_number = bool(_NUMERAL.match(words[number]) and _NUMERAL.match(word))
        joined += "，" + word if pause >= COMMA_SECONDS and not inside_number else word
    return joined


def _closing(text: str) -> str:
    last = text.rsplit("，", 1)[-1]
    if _QUESTION_END.search(last):
        return "？"
    if _QUESTION_START.search(last) and not _STATEMENT_END.search(last):
        return "？"
    return "。"
