"""Whom an agent may ring, and where: the phone book and the numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from structlog.testing import capture_logs

from config.departments import load_departments
from config.phone_book import PhoneBook, load_phone_book
from config.settings import load_settings
from config.survey import load_survey
from models.clock import SystemClock
from models.errors import (
    ConfigurationError,
    InvalidInput,
    NotFound,
    TelephonyUnavailable,
    TransitionRefused,
)
from models.ports import PartyChoice
from models.store import Store
from models.vocabulary import PartyKind
from telephony.directory import Directory
from telephony.presence import PresenceBoard

pytestmark = pytest.mark.unit

TRUNK = "10.0.0.1:5060"


def directory(tmp_path: Path, **telephony: object) -> Directory:
    settings = load_settings(var=tmp_path, telephony={"trunk_outbound": TRUNK} | telephony)
    board = PresenceBoard(SystemClock(), lambda before, after: None)
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'unused.db'}")
    return Directory(settings, SystemClock(), board, store, load_phone_book())


def test_experts_and_emergency_services_go_through_the_carrier(tmp_path: Path) -> None:
    book = directory(tmp_path)
    police = book.target(PartyChoice(emergency="110"))
    assert (police.kind, police.endpoint) == (PartyKind.EMERGENCY, "PJSIP/110@trunk")
    expert = book.target(PartyChoice(expert="yb-bx"))
    assert (expert.kind, expert.name) == (PartyKind.EXPERT, "医保报销咨询")
    assert expert.endpoint == f"PJSIP/{expert.number}@trunk"


def test_without_a_carrier_only_the_practice_phones_are_rung(tmp_path: Path) -> None:
    """A first try works; who needs more reads whom to ask, and the log names the setting."""
    book = directory(tmp_path, trunk_outbound="")
    assert book.way_to("13800000001") == "PJSIP/citizen1"
    assert book.target(PartyChoice(number="13800000002")).endpoint == "PJSIP/citizen2"
    with capture_logs() as logs:
        for choice in (PartyChoice(emergency="110"), PartyChoice(number="13907341234")):
            with pytest.raises(TelephonyUnavailable, match="没有外呼线路，请联系系统管理员"):
                book.target(choice)
    assert {"telephony.trunk_outbound, telephony.trunks"} == {one["setting"] for one in logs}


@pytest.mark.parametrize("dress", ["+8613812345678", "008613812345678", "8613812345678"])
def test_a_citizen_is_called_back_at_the_number_as_it_came(tmp_path: Path, dress: str) -> None:
    """An order keeps the number of its call; a follow-up rings it as the carrier wants it."""
    book = directory(tmp_path)
    assert book.way_to(dress) == book.way_to("13812345678") == "PJSIP/13812345678@trunk"


def test_in_practice_a_scripted_phone_answers_for_all_of_them(tmp_path: Path) -> None:
    """Nobody who practises rings the police."""
    police = PartyChoice(emergency="110")
    scripted = directory(tmp_path, practice_party="127.0.0.1:5090").target(police)
    assert scripted.endpoint == "PJSIP/trunk/sip:110@127.0.0.1:5090"
    phone = directory(tmp_path, practice_party="13800000002").target(police)
    assert phone.endpoint == "PJSIP/citizen2"


def test_who_is_in_no_book_is_not_rung(tmp_path: Path) -> None:
    book = directory(tmp_path)
    for choice in (PartyChoice(expert="nobody"), PartyChoice(emergency="999")):
        with pytest.raises(NotFound, match="电话簿中没有"):
            book.target(choice)
    with pytest.raises(TransitionRefused, match="没有签入"):
        book.target(PartyChoice(agent_id="nobody"))
    for number in ("110", "00852123456", ""):
        with pytest.raises(InvalidInput, match="不在允许外呼的范围内"):
            book.target(PartyChoice(number=number))
    assert book.target(PartyChoice(number="13812345678")).kind is PartyKind.OUTSIDE


def test_the_shipped_book_names_units_that_there_are() -> None:
    units = load_departments()
    book = load_phone_book()
    assert {one.code for one in book.emergency} == {"110", "119", "120", "122"}
    for expert in book.experts:
        assert expert.department in units, expert.code


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"experts": [{"code": "110", "name": "甲", "number": "1100", "department": "D"}]}, "重复"),
        ({"emergency": [{"code": "110", "name": "公安", "number": "11O"}]}, "emergency.0.number"),
        ({"limits": {"per_number_a_day": 0, "per_agent_a_day": 1}}, "limits.per_number_a_day"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_book_is_named_at_the_start(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    content: PhoneBook = load_phone_book()
    text = yaml.safe_dump(content.model_dump(mode="json") | change, allow_unicode=True)
    (tmp_path / "phone_book.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=words):
        load_phone_book(tmp_path)


def test_a_wrong_survey_is_named_at_the_start(tmp_path: Path) -> None:
    assert list(load_survey().grades) == ["1", "2", "3", "4", "5"]
    content = load_survey().model_dump(mode="json") | {"grades": {"1": "SATISFIED", "2": "SUPERB"}}
    (tmp_path / "survey.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"grades\.2"):
        load_survey(tmp_path)
