"""``hotline platform`` and ``hotline webhooks``, as an administrator runs them."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from config.settings import load_settings
from dispatch.notices.file_gateway import FileGateway
from hotline.cli import main
from hotline.ground import lay_ground
from hotline.telling import duties_of, signature
from models.tables import ExternalRef, PartnerSystem, Staff, WorkOrder
from models.vocabulary import Direction

pytestmark = pytest.mark.store


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of one's own."""
    monkeypatch.setenv("HOTLINE_VAR", str(tmp_path))
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


def done(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_key_is_shown_once_and_can_be_taken_back() -> None:
    made = done("platform", "add", "hengyang", "--name", "衡阳市12345平台")
    key = re.search(r"hlk_[\w-]{43}", made)
    assert key is not None
    listed = done("platform", "list")
    assert key[0] not in listed and "有效" in listed and "转来工单" in listed
    key_id = re.search(r"[0-9a-hjkmnp-tv-z]{26}", listed)
    assert key_id is not None
    done("platform", "revoke", key_id[0])
    assert "已吊销" in done("platform", "list")
    assert "hlk_" in done("platform", "key", "hengyang", "--note", "新机房")
    done("platform", "disable", "hengyang")
    assert "已停用" in done("platform", "list")
    done("platform", "enable", "hengyang")


@pytest.mark.parametrize(
    "words",
    [
        ("platform", "add", "hengyang", "--name", "再来一次"),
        ("platform", "add", "衡阳", "--name", "衡阳"),
        ("platform", "add", "other", "--name", "某系统", "--department", "D-NOWHERE"),
        ("platform", "add", "other", "--name", "某系统", "--no-orders"),
        ("platform", "key", "nobody"),
        ("platform", "reconcile", "nobody"),
        ("platform", "reconcile", "hengyang", "--day", "昨天"),
        ("webhooks", "add", "there", "--system", "hengyang"),
        ("webhooks", "replay", "01nosuchaddress"),
        ("webhooks", "replay", "01nosuchaddress", "--since", "昨天"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(words: tuple[str, ...]) -> None:
    done("platform", "add", "hengyang", "--name", "衡阳市12345平台")
    result = run(*words)
    assert result.exit_code == 1
    assert "Traceback" not in result.output and re.search(r"[\u4e00-\u9fff]{4}", result.output)


def test_an_address_is_entered_renewed_closed_and_opened() -> None:
    made = done("webhooks", "add", "http://10.0.0.9/hook", "--department", "D-CG")
    assert "whsec_" in made and "不加密" in made
    endpoint = re.search(r"[0-9a-hjkmnp-tv-z]{26}", made)
    assert endpoint is not None
    secret = done("webhooks", "secret", endpoint[0])
    assert secret in made
    assert done("webhooks", "renew", endpoint[0]) != secret
    done("webhooks", "disable", endpoint[0])
    assert "人工停用" in done("webhooks", "list")
    assert run("webhooks", "replay", endpoint[0]).exit_code == 1
    done("webhooks", "enable", endpoint[0])
    assert "0 条" in done("webhooks", "replay", endpoint[0], "--all")
    assert done("webhooks", "deliveries", endpoint[0]) == ""


async def _one_given_order(number: str) -> None:
    """An order that the city gave us yesterday."""
    ground = lay_ground(load_settings())
    yesterday = datetime.now(UTC) - timedelta(days=1)
    async with ground.store.transaction() as work:
        system = (await work.session.scalars(select(PartnerSystem))).one()
        staff = (await work.session.scalars(select(Staff))).one()
        order = WorkOrder(
            order_no="4304082611220001",
            query_code="123456",
            state="TO_DISPATCH",
            channel="IMPORT",
            request_type="COMPLAINT",
            category="C010102",
            taxonomy_version="",
            urgency="NORMAL",
            title="路灯不亮",
            content="路灯不亮",
            accepted_at=yesterday,
            accepted_by=staff.id,
        )
        work.session.add(order)
        await work.session.flush()
        work.session.add(
            ExternalRef(
                system=system.code,
                external_id=number,
                direction=Direction.IN,
                order_id=order.id,
                at=yesterday,
            )
        )
    await ground.store.close()


def test_yesterday_is_compared_with_a_list_of_the_other_side(tmp_path: Path) -> None:
    done("platform", "add", "hengyang", "--name", "衡阳市12345平台")
    asyncio.run(_one_given_order("HY-1"))
    theirs = tmp_path / "city.csv"
    theirs.write_text("\ufeffid,closed,deadline\nHY-1,否,\nHY-2,是,2026-11-30T18:00\n", "utf-8")
    result = run("platform", "reconcile", "hengyang", "--list", str(theirs))
    assert result.exit_code == 1
    assert "HY-2" in result.output and "HY-1" not in result.output
    assert "差异 1 处" in result.output
    theirs.write_text("id\nHY-1\n", "utf-8")
    assert "差异 0 处" in done("platform", "reconcile", "hengyang", "--list", str(theirs))
    assert "未提供清单" in done("platform", "reconcile", "hengyang")
    theirs.write_text("number\nHY-1\n", "utf-8")
    assert "须有 id" in run("platform", "reconcile", "hengyang", "--list", str(theirs)).output


async def test_a_house_that_runs_does_all_of_it_by_itself(var: Path) -> None:
    ground = lay_ground(load_settings(area_name="蒸湘区"))
    await ground.store.migrate()
    assert signature(ground) == "蒸湘区12345"
    for _seconds, duties in duties_of(ground, FileGateway(var / "messages")):
        for duty in duties:
            assert await duty() == 0  # nothing to do, and nothing in the way
    await ground.store.close()
