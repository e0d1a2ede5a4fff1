"""``hotline due``: when something is due, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from config.limits import CLOCK_LABELS, Limit, LimitRow
from config.policies import Policy
from config.settings import load_settings
from dispatch.clocks import END_OF_DAY, Counter
from dispatch.due_words import explain_due
from dispatch.rules import Rules, load_rules
from models.errors import InvalidInput
from models.vocabulary import LimitUnit

_UNITS = "NM 分钟，NH 小时，WH 工作小时，ND 自然日，WD 工作日"


@click.command()
@click.option(
    "--from", "start", required=True, metavar="时间", help="起算时间，如 2026-09-18T10:00"
)
@click.option("--amount", type=click.IntRange(1, 10_000), metavar="N", help="时限的数量")
@click.option(
    "--unit",
    type=click.Choice([unit.value for unit in LimitUnit], case_sensitive=False),
    help=_UNITS,
)
@click.option(
    "--policy",
    "code",
    metavar="编码",
    help="时限政策：单独给出时列出每个时限；与 --amount、--unit 同时给出时，按它的起止规则计算",
)
def due(start: str, amount: int | None, unit: str | None, code: str | None) -> None:
    """计算办理时限的截止时间，并说明是怎样算出来的。

    \b
    hotline due --from 2026-09-18T10:00 --amount 7 --unit WD
    hotline due --from 2026-09-18T10:00 --amount 7 --unit WD --policy complaint
    hotline due --from 2026-09-18T10:00 --policy complaint
    """
    settings = load_settings()
    begins = _begin(start, ZoneInfo(settings.timezone))
    rules = load_rules(settings)
    policy = _policy(rules, code) if code is not None else None
    if amount is not None and unit is not None:
        _show(rules.counter, begins, _limit(rules, policy, amount, LimitUnit(unit.upper())))
    elif policy is not None and amount is None and unit is None:
        _show_policy(rules, begins, policy)
    else:
        raise InvalidInput("请同时给出 --amount 和 --unit，或者只给出 --policy")


def _begin(text: str, zone: ZoneInfo) -> datetime:
    """A time without zone is the city's."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"“{text}”不是时间，请写成 2026-09-18T10:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _policy(rules: Rules, code: str) -> Policy:
    policies = rules.service_levels.policies
    for policy in policies:
        if policy.code == code:
            return policy
    known = "、".join(each.code for each in policies)
    raise InvalidInput(f"没有时限政策“{code}”，现有：{known}")


def _limit(rules: Rules, policy: Policy | None, amount: int, unit: LimitUnit) -> Limit:
    """As the policy counts its handling limit; else as the file counts limits of this unit."""
    row = LimitRow(amount=amount, unit=unit)
    clock = policy.clocks.get("handle") if policy else None
    if clock is None or clock.unit is not unit:
        return row.limit(rules.service_levels.counting)
    return clock.of(amount)


def _show_policy(rules: Rules, begins: datetime, policy: Policy) -> None:
    click.secho(f"{policy.name}（{policy.code}，{rules.service_levels.version} 版）", bold=True)
    if policy.statutory:
        click.echo(f"法定时限，依据：{policy.statutory}")
    general = rules.service_levels.policies[-1]
    for name, label in CLOCK_LABELS.items():
        limit = policy.clocks.get(name) or general.clocks.get(name)
        if limit is not None:
            by = "" if name in policy.clocks else f"（按“{general.name}”）"
            click.secho(f"{label}　{limit.text}{by}", bold=True)
            _show(rules.counter, begins, limit)


def _show(counter: Counter, begins: datetime, limit: Limit) -> None:
    found = counter.due(begins, limit)
    click.echo(f"  {_moment(counter.local(found.at))}")
    click.echo(f"  {explain_due(found, counter)}")


def _moment(local: datetime) -> str:
    """The last instant of a day is its 24:00."""
    if local.time() == END_OF_DAY:
        return f"{local:%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M:%S}"
