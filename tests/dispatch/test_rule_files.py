"""Rule files: wrong ones are named, and the documents say what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from config.demo_staff import load_demo_staff
from config.departments import load_departments
from config.permissions import load_permissions
from config.reasons import load_reasons
from config.rules import SHIPPED
from config.scoring import ClosureParts, load_scoring
from dispatch.wording import FIELD_LABELS, field_label
from models.errors import ConfigurationError
from models.vocabulary import Role, TaskState
from models.workflow import TRANSITIONS

pytestmark = pytest.mark.unit

DOCS = Path(__file__).resolve().parents[2] / "docs"


def changed(folder: Path, name: str, *path: str, to: Any) -> Path:
    """A copy of a shipped rule file with one thing changed; a None takes it out."""
    data = yaml.safe_load((SHIPPED / name).read_text(encoding="utf-8"))
    place = data
    for key in path[:-1]:
        place = place[key]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    (folder / name).write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return folder


def test_a_floor_has_its_own_words_for_reasons(tmp_path: Path) -> None:
    own = load_reasons(changed(tmp_path, "reasons.yaml", "busy", to=["换岗"]))
    assert own.busy == ("换岗",)
    with pytest.raises(ConfigurationError, match=r"reasons\.yaml supervision\.SING"):
        load_reasons(changed(tmp_path, "reasons.yaml", "supervision", "SING", to=["开心"]))
    with pytest.raises(ConfigurationError, match=r"reasons\.yaml nuisance\.0"):
        load_reasons(changed(tmp_path, "reasons.yaml", "nuisance", to=["骂人"]))


@pytest.mark.parametrize(
    ("path", "to", "message"),
    [
        (("closure", "parts", "sign", "points"), 6, "各部分分值之和应为 100，现为 101"),
        (("closure", "parts", "solved", "by", "PARTLY"), None, "解决情况缺少 部分解决 的分值"),
        (("satisfaction_values", "NEUTRAL"), None, "满意度缺少 一般 的取值"),
        (("satisfaction_values", "FAIRLY"), 1.2, "应在 0 与 1 之间"),
        (("satisfaction_values", "NEUTRAL"), 0.95, "满意度越高，取值不能越低"),
        (("period", "response"), 20, "三率权重之和应为 100"),
        (("closure", "bonus"), 5, "bonus"),
    ],
)
def test_wrong_scoring_rules_are_named(
    tmp_path: Path, path: tuple[str, ...], to: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_scoring(changed(tmp_path, "scoring.yaml", *path, to=to))


def test_unknown_permission_of_a_post_is_named(tmp_path: Path) -> None:
    folder = changed(tmp_path, "permissions.yaml", "roles", "AGENT", to=["order.fly"])
    with pytest.raises(ConfigurationError, match=r"话务员（AGENT）有未定义的权限 order\.fly"):
        load_permissions(folder)


def test_administrators_see_nobodys_demands() -> None:
    granted = load_permissions().of([Role.ADMIN])
    assert granted
    assert not any(code.startswith(("order.", "call.", "caller.", "queue.")) for code in granted)


def test_every_post_that_acts_on_orders_can_see_orders() -> None:
    permissions = load_permissions()
    # The system and other systems are nobody's post: they open no page.
    posts = {role for row in TRANSITIONS for role in row.roles} - {Role.SYSTEM, Role.PARTNER}
    for role in posts:
        assert permissions.of([role]) & {"order.view_all", "order.view_unit"}, role


def test_every_unit_above_the_communities_has_a_clerk() -> None:
    departments = load_departments()
    clerks = {p.department for p in load_demo_staff() if Role.UNIT_CLERK in p.roles}
    units = {
        unit.code
        for unit in departments
        if unit.kind != "community" and unit.code != departments.hotline
    }
    assert units <= clerks
    posts = {role for person in load_demo_staff() for role in person.roles}
    assert posts == set(Role) - {Role.SYSTEM, Role.PARTNER}


def test_fields_are_named_by_their_last_known_part() -> None:
    assert field_label("task.due_at") == "办结时限"
    assert field_label("quality_items.tone") == "答复质量评分"
    assert field_label("never_heard_of") == "never_heard_of"
    assert FIELD_LABELS["title"] == "标题"
    assert TaskState.TO_SIGN.label == "待签收"


def test_assessment_document_gives_the_shipped_points() -> None:
    text = (DOCS / "assessment.md").read_text(encoding="utf-8")
    scoring = load_scoring()
    for name in ClosureParts.model_fields:
        part = getattr(scoring.closure.parts, name)
        assert f"| {part.label} | {part.points:g} |" in text
    weights = scoring.period
    formula = f"{weights.response:g} R + {weights.resolution:g} S + {weights.satisfaction:g} M"
    assert formula in text
