"""What is said: sentences with pauses, by turns, as raw µ-law; and sentences without an edge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hotline.simulation.sound import ULAW_BYTES_PER_SECOND, spoken_ulaw

#: For one-at-a-time measuring: each is said without a pause in it.
SENTENCES = (
    "蒸湘北路的路灯坏了一个星期了",
    "小区的电梯已经三天没有人修",
    "工地晚上十一点还在施工",
    "楼上一直漏水物业也不管",
    "请问社保卡丢了在哪里补办",
    "菜市场门口占道经营很严重",
    "我们小区已经停水两天了",
    "公司拖欠了我三个月的工资",
    "学校门口需要增加一个红绿灯",
    "垃圾没有人清理气味很臭",
    "请问医保报销的比例是多少",
    "立新大道有一个井盖丢了",
    "消防通道上停了很多车",
    "我想咨询怎么办理居住证",
    "河里的水很臭请派人来查",
    "退休金这个月还没有收到",
)
_ANSWERS = (
    "您好，请讲。",
    "好的，请问具体是在什么位置？",
    "我帮您登记，请您稍等一下。",
    "请问这种情况有多久了？",
)
_PAUSE_SECONDS = 0.7
_SILENT_BYTE = b"\xff"
_FRAME_BYTES = 160


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """Two files of the same length: while one speaks, the other is silent."""

    caller: Path
    agent: Path
    #: What each of them says.
    caller_words: str
    agent_words: str


def conversations(folder: Path, count: int, seconds: float) -> list[Conversation]:
    """``count`` different ones of at least so many seconds."""
    return [_conversation(folder, number, seconds) for number in range(count)]


def _conversation(folder: Path, number: int, seconds: float) -> Conversation:
    caller, agent = bytearray(), bytearray()
    words_of: dict[int, list[str]] = {id(caller): [], id(agent): []}
    turn = number
    while len(caller) < seconds * ULAW_BYTES_PER_SECOND:
        for speaking, words in (
            (agent, _ANSWERS[turn % len(_ANSWERS)]),
            (caller, SENTENCES[turn % len(SENTENCES)]),
            (caller, SENTENCES[(turn + 5) % len(SENTENCES)]),
        ):
            silent = caller if speaking is agent else agent
            said = spoken_ulaw(words).read_bytes() + _silence(_PAUSE_SECONDS)
            words_of[id(speaking)].append(words)
            speaking += said
            silent += _SILENT_BYTE * len(said)
        turn += 1
    talk = Conversation(
        caller=folder / f"{number}c.ulaw",
        agent=folder / f"{number}a.ulaw",
        caller_words="".join(words_of[id(caller)]),
        agent_words="".join(words_of[id(agent)]),
    )
    talk.caller.write_bytes(caller)
    talk.agent.write_bytes(agent)
    return talk


def without_edges(sound: bytes) -> bytes:
    """µ-law from the first frame of 20 ms with speech in it to the last."""
    frames = [sound[at : at + _FRAME_BYTES] for at in range(0, len(sound), _FRAME_BYTES)]
    loud = [number for number, frame in enumerate(frames) if _is_loud(frame)]
    return b"".join(frames[loud[0] : loud[-1] + 1])


def _is_loud(frame: bytes) -> bool:
    """Codes of the lowest two of G.711's eight segments are below 1 % of full scale."""
    segments = ~np.frombuffer(frame, dtype=np.uint8) >> 4 & 0x07
    return bool((segments >= 2).mean() > 0.1)


def _silence(seconds: float) -> bytes:
    return _SILENT_BYTE * round(seconds * ULAW_BYTES_PER_SECOND)
