"""Words, units, categories, and how the parts of the system are."""

from __future__ import annotations

from ipaddress import ip_address

from pydantic import BaseModel

from agent_console.accounts import demo_accounts
from agent_console.routing import Ask, Routes
from config.departments import DepartmentKind
from config.reasons import Reasons
from config.taxonomy import Taxonomy
from models.speech import SpeechStatus
from models.vocabulary import ALL, Role

routes = Routes("基础数据")


class Word(BaseModel):
    """A code and its label."""

    code: str
    label: str


class DepartmentView(BaseModel):
    """One unit."""

    code: str
    name: str
    short_name: str
    kind: DepartmentKind
    parent: str | None


class CategoryNode(BaseModel):
    """A category and those below it; the third level has none."""

    code: str
    name: str
    children: list[CategoryNode]


class TaxonomyView(BaseModel):
    """The whole tree."""

    version: str
    nodes: list[CategoryNode]


class ExchangeStatus(BaseModel):
    """Whether telephoning works; if not, why."""

    online: bool
    reason: str


class TextModelStatus(BaseModel):
    """The text model in use."""

    version: str


class DemoAccount(BaseModel):
    """An account of the demonstration."""

    username: str
    name: str
    roles: list[Role]
    department_name: str
    password: str


class Status(BaseModel):
    """How the parts are, for everybody's status bar."""

    version: str
    exchange: ExchangeStatus
    speech: SpeechStatus
    text_model: TextModelStatus | None
    area_name: str
    hotline_number: str
    #: There is a phone to practise with at /phone.
    practice_phones: bool
    demo: bool
    #: For a first try on one's own machine; empty elsewhere.
    demo_accounts: list[DemoAccount]


@routes.route("GET", "/api/vocabulary", summary="各类代码及其中文名称", public=True)
async def get_vocabulary(ask: Ask) -> dict[str, list[Word]]:
    """Closed sets by name. Public: the sign-in page needs labels too."""
    return {
        name: [Word(code=item.value, label=item.label) for item in kind]
        for name, kind in ALL.items()
    }


@routes.route("GET", "/api/departments", summary="承办单位")
async def get_departments(ask: Ask) -> list[DepartmentView]:
    """In the order of the rule file."""
    return [
        DepartmentView(
            code=unit.code,
            name=unit.name,
            short_name=unit.short_name,
            kind=unit.kind,
            parent=unit.parent,
        )
        for unit in ask.console.services.departments
    ]


@routes.route("GET", "/api/taxonomy", summary="诉求分类")
async def get_taxonomy(ask: Ask) -> TaxonomyView:
    """Three levels; orders carry codes of the third."""
    taxonomy = ask.console.services.taxonomy
    return TaxonomyView(version=taxonomy.version, nodes=_nodes(taxonomy, None))


@routes.route("GET", "/api/reasons", summary="常用理由")
async def get_reasons(ask: Ask) -> Reasons:
    """Words that are clicked instead of typed; any other words are as good."""
    return ask.console.services.rules.reasons


@routes.route("GET", "/api/status", summary="系统各部分的状态", public=True)
async def get_status(ask: Ask) -> Status:
    """Public: the sign-in page and the practice phone show it."""
    services = ask.console.services
    model = services.text_model()
    return Status(
        version=services.version,
        exchange=_exchange(ask),
        speech=services.speech_status(),
        text_model=TextModelStatus(version=model) if model else None,
        area_name=services.settings.area_name,
        hotline_number=services.settings.telephony.hotline_number,
        practice_phones=bool(services.settings.telephony.practice_phones),
        demo=services.demo,
        demo_accounts=_demo_accounts(ask) if services.demo and _same_machine(ask) else [],
    )


def _demo_accounts(ask: Ask) -> list[DemoAccount]:
    services = ask.console.services
    return [
        DemoAccount(
            username=account.username,
            name=account.name,
            roles=list(account.roles),
            department_name=services.departments.get(account.department).short_name,
            password=services.secrets.demo_password,
        )
        for account in demo_accounts(services.settings)
    ]


def _same_machine(ask: Ask) -> bool:
    """Whether the browser runs where the server runs, and not behind a proxy there."""
    request = ask.request
    if {"Forwarded", "X-Forwarded-For"} & set(request.headers):
        return False
    try:
        return ip_address(ask.address).is_loopback
    except ValueError:
        return False


def _exchange(ask: Ask) -> ExchangeStatus:
    services = ask.console.services
    if services.call_control is None:
        return ExchangeStatus(online=False, reason="本服务没有启用电话功能")
    if services.call_control.floor().exchange_online:
        return ExchangeStatus(online=True, reason="")
    reason = services.exchange_reason() or "与电话交换机的连接已断开，正在重新连接"
    return ExchangeStatus(online=False, reason=reason)


def _nodes(taxonomy: Taxonomy, parent: str | None) -> list[CategoryNode]:
    return [
        CategoryNode(code=item.code, name=item.name, children=_nodes(taxonomy, item.code))
        for item in taxonomy.children(parent)
    ]
