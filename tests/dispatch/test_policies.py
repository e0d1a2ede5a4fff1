"""Which policy counts: law, then other systems, then what says most, then the rest."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from config.level_shelf import LevelShelf
from config.limits import Begin, DayOff, End
from config.policies import Demand
from config.rules import SHIPPED
from config.service_levels import FILE, ServiceLevels, load_service_levels, read_service_levels
from models.errors import ConfigurationError
from models.vocabulary import Channel, RequestType, Urgency
from tests.dispatch.desk import FRIDAY

pytestmark = pytest.mark.unit

SHIPPED_CONTENT = yaml.safe_load((SHIPPED / FILE).read_text(encoding="utf-8"))


def five(unit: str = "WD", amount: int = 5, **counting: str) -> dict[str, Any]:
    return {"amount": amount, "unit": unit, **counting}


def policy(code: str, match: dict[str, Any], days: int, **more: Any) -> dict[str, Any]:
    clocks = {"handle": {"amount": days, "unit": "WD"}}
    return {"code": code, "name": code, "match": match, "clocks": clocks, **more}


def levels(*first: dict[str, Any], **changed: Any) -> ServiceLevels:
    """The shipped policies behind these."""
    policies = [*first, *SHIPPED_CONTENT["policies"]]
    return read_service_levels(FILE, {**SHIPPED_CONTENT, "policies": policies, **changed})


def demand(**changed: Any) -> Demand:
    usual = {
        "request_type": RequestType.HELP,
        "urgency": Urgency.NORMAL,
        "channel": Channel.PHONE,
        "category": "C010102",
        "access_number": "12345",
        "area": "S-ZX01",
    }
    return Demand(**{**usual, **changed})


def chosen(found: ServiceLevels, clock: str = "handle", **changed: Any) -> str:
    return found.terms_for(demand(**changed)).policy(clock).code


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"categories": ["C0101"]}, True),
        ({"categories": ["C02", "C010102"]}, True),
        ({"categories": ["C02"]}, False),
        ({"access_numbers": ["12345"]}, True),
        ({"access_numbers": ["0734-8888"]}, False),
        ({"areas": ["S-ZX01"]}, True),
        ({"areas": ["S-ZX"]}, True),
        ({"areas": ["S-HY"]}, False),
        ({"channels": ["WEB"]}, False),
        ({"request_types": ["HELP"], "channels": ["PHONE", "WEB"]}, True),
        ({"request_types": ["HELP"], "channels": ["WEB"]}, False),
    ],
)
def test_each_condition_must_hold(match: dict[str, Any], fits: bool) -> None:
    found = levels(policy("mine", match, 3))
    assert (chosen(found) == "mine") is fits


def test_an_order_without_area_or_number_falls_under_no_policy_for_one() -> None:
    found = levels(policy("mine", {"areas": ["S"], "access_numbers": ["12345"]}, 3))
    assert chosen(found, area="", access_number="") == "help"


def test_what_says_more_goes_first_wherever_it_stands() -> None:
    wide = policy("wide", {"categories": ["C01"]}, 8)
    narrow = policy("narrow", {"categories": ["C0101"]}, 6)
    both = policy("both", {"categories": ["C01"], "channels": ["PHONE"]}, 4)
    assert chosen(levels(wide, narrow)) == chosen(levels(narrow, wide)) == "narrow"
    assert chosen(levels(wide, narrow, both)) == "both"


def test_of_equals_the_first_in_the_file() -> None:
    one, two = (policy(code, {"categories": ["C0101"]}, 4) for code in ("one", "two"))
    assert chosen(levels(one, two)) == "one"
    assert chosen(levels(two, one)) == "two"


def test_what_cannot_wait_does_not_wait_for_a_narrower_policy() -> None:
    narrow = policy("narrow", {"categories": ["C0101"], "channels": ["PHONE"]}, 6)
    found = levels(narrow)
    assert chosen(found, urgency=Urgency.CRITICAL) == "critical"
    assert chosen(found, urgency=Urgency.NORMAL) == "narrow"


def test_law_goes_before_everything_and_for_its_own_clocks_only() -> None:
    law = policy("law", {"request_types": ["REPORT"]}, 15, statutory="《办法》第十四条")
    found = levels(law)
    urgent = {"request_type": RequestType.REPORT, "urgency": Urgency.URGENT}
    assert chosen(found, **urgent) == "law"
    assert chosen(found, "sign", **urgent) == "urgent"
    assert chosen(found, "shelve_review", **urgent) == "general"


def test_another_systems_deadline_counts_unless_the_law_sets_one() -> None:
    law = policy("law", {"request_types": ["REPORT"]}, 15, statutory="《办法》第十四条")
    found, deadline = levels(law), FRIDAY + timedelta(days=3)
    assert found.terms_for(demand(external_due=deadline)).external_counts
    by_law = demand(request_type=RequestType.REPORT, external_due=deadline)
    assert not found.terms_for(by_law).external_counts
    assert not found.terms_for(demand()).external_counts


def test_every_demand_finds_every_limit() -> None:
    found = load_service_levels()
    for request_type in RequestType:
        for urgency in Urgency:
            terms = found.terms_for(demand(request_type=request_type, urgency=urgency))
            for clock in found.policies[-1].clocks:
                assert terms.limit(clock).amount > 0
            assert terms.extension.most >= 0


def test_extensions_by_urgency() -> None:
    found = load_service_levels()

    def rule(urgency: Urgency) -> tuple[int, str | None]:
        extension = found.terms_for(demand(urgency=urgency)).extension
        return extension.most, extension.total.text if extension.total else None

    assert rule(Urgency.CRITICAL) == (0, None)
    assert rule(Urgency.URGENT) == (1, "24小时")
    assert rule(Urgency.NORMAL) == (2, "15个工作日")


def test_counting_of_the_file_holds_where_a_limit_says_nothing() -> None:
    special = policy("special", {"categories": ["C0101"]}, 5)
    special["clocks"] = {
        "handle": five(),
        "audit": five(begin="at_once", end="midnight"),
        "archive": five("ND"),
        "sign": five("WH"),
    }
    usual = {"begin": "office_hours", "end": "office_close", "day_off": "moves"}
    terms = levels(special, counting=usual).terms_for(demand())
    handle, audit, archive, sign = (
        terms.limit(name) for name in ("handle", "audit", "archive", "sign")
    )
    assert (handle.begin, handle.end) == (Begin.OFFICE_HOURS, End.OFFICE_CLOSE)
    assert (audit.begin, audit.end) == (Begin.AT_ONCE, End.MIDNIGHT)
    assert (archive.day_off, handle.day_off) == (DayOff.MOVES, DayOff.STAYS)
    assert (sign.begin, sign.end) == (Begin.AT_ONCE, End.MIDNIGHT)


@pytest.mark.parametrize(
    ("clocks", "message"),
    [
        ({"lunch": five()}, "没有“lunch”这种时限"),
        ({"handle": five("NH", end="office_close")}, "mine 的 handle：.*只用于以日计的时限"),
        ({"handle": five("WD", day_off="moves")}, "day_off 只用于自然日"),
        ({"handle": five(amount=0)}, "amount"),
    ],
)
def test_a_wrong_limit_is_named(clocks: dict[str, Any], message: str) -> None:
    wrong = {**policy("mine", {}, 1), "clocks": clocks}
    with pytest.raises(ConfigurationError, match=message):
        levels(wrong)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda last: last["clocks"].pop("audit"), "缺少 audit"),
        (lambda last: last.pop("extension"), "缺少 extension"),
        (lambda last: last.update(statutory="《某法》"), "兜住其余情形"),
        (lambda last: last.update(code="help"), "策略编码重复"),
    ],
)
def test_the_last_policy_must_leave_nothing_open(change: Any, message: str) -> None:
    content = yaml.safe_load((SHIPPED / FILE).read_text(encoding="utf-8"))
    change(content["policies"][-1])
    with pytest.raises(ConfigurationError, match=message):
        read_service_levels(FILE, content)


# --- versions -------------------------------------------------------------------------------------


def test_an_order_stays_under_its_version() -> None:
    old, new = levels(version="1"), levels(version="2")
    shelf = LevelShelf(new)
    day = FRIDAY.date()
    assert shelf.of("", day).version == "2"
    assert shelf.of("1", day).version == "2"  # nobody knows it
    shelf.put([old, new])
    assert shelf.of("1", day) is old
    assert shelf.of("", day).version == "2"


def test_a_version_takes_effect_on_its_day() -> None:
    old = levels(version="1")
    shelf = LevelShelf(levels(version="2", valid_from="2027-01-01"))
    assert shelf.on(FRIDAY.date()).version == "2"  # there is no other
    shelf.put([old])
    assert shelf.on(FRIDAY.date()).version == "1"
    assert shelf.on(datetime(2027, 1, 1).date()).version == "2"


def test_a_version_is_what_it_was_when_it_was_first_used() -> None:
    first, edited = (
        levels(version="1"),
        levels(policy("new", {"channels": ["WEB"]}, 1), version="1"),
    )
    shelf = LevelShelf(edited)
    shelf.put([first])
    assert shelf.of("1", FRIDAY.date()) is first
    assert shelf.on(FRIDAY.date()) is first
