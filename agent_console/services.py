"""What the console is given by the one who wires the house, and what it builds of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from agent_console.access import AccessLedger
from agent_console.live import LiveHub
from agent_console.seats import Seats
from agent_console.sessions import Sessions
from config.departments import Departments
from config.own_numbers import own_numbers
from config.permissions import Permissions
from config.secrets import Secrets
from config.settings import Settings
from config.taxonomy import Taxonomy
from dispatch.attachments import AttachmentStore
from dispatch.directory.desk import Directory
from dispatch.drafts import Drafts
from dispatch.floor.alerts import AlertBook
from dispatch.floor.call_mix import CallMixes
from dispatch.floor.callbacks import CallbackBook
from dispatch.floor.callers import Callers
from dispatch.floor.figures import FloorFigures
from dispatch.floor.incident_order import IncidentOrders
from dispatch.floor.now import FloorWall
from dispatch.floor.nuisance import NuisanceList
from dispatch.floor.queue_counts import QueueCounts
from dispatch.floor.recordings import RecordingRegister
from dispatch.floor.retention import LegalHolds
from dispatch.floor.schedule import Schedule
from dispatch.floor.seat_time import SeatTimes
from dispatch.floor.skills import FloorPeople
from dispatch.floor.staffing import Staffing
from dispatch.floor.surge import SurgeDesk
from dispatch.follow_up_answers import FollowUpAnswers
from dispatch.hot.views import HotEvents
from dispatch.knowledge.desk import KnowledgeDesk
from dispatch.notices.book import NoticeBook
from dispatch.platform.comparing import ComparingDesk
from dispatch.platform.intake import OrderIntake
from dispatch.platform.systems import PartnerRegister
from dispatch.platform.transfers import TransferDesk
from dispatch.platform.work import WorkDesk
from dispatch.reports.report import Reports
from dispatch.rules import Rules
from dispatch.service import OrderService
from dispatch.similar import Repeats
from dispatch.views.detail import OrderDetails
from dispatch.views.lists import OrderLists
from dispatch.views.office_lists import OfficeLists
from dispatch.views.queues import Queues
from models.bus import Bus
from models.clock import Clock, SystemClock
from models.errors import TelephonyUnavailable
from models.knowledge import KnowledgePort, NoKnowledge
from models.ports import AlertPort, AlikePort, CallControl, NoAlerts, NothingAlike
from models.speech import SpeechStatus
from models.store import Store
from models.understanding import Understanding
from models.vocabulary import Leg, SpeechMode

#: The built browser app.
WEB_DIST = Path(__file__).parent / "web" / "dist"


async def no_proposal(_call_id: str) -> Understanding | None:
    """Where nothing understands texts."""
    return None


@dataclass(frozen=True, kw_only=True)
class ConsoleServices:
    """Everything from outside. ``call_control`` None: no telephony in this process."""

    settings: Settings
    secrets: Secrets
    store: Store
    bus: Bus
    rules: Rules
    call_control: CallControl | None = None
    alerts: AlertPort = field(default_factory=NoAlerts)
    #: Compares orders by what they say.
    alike: AlikePort = field(default_factory=NothingAlike)
    #: Finds articles.
    knowledge: KnowledgePort = field(default_factory=NoKnowledge)
    clock: Clock = field(default_factory=SystemClock)
    speech_status: Callable[[], SpeechStatus] = lambda: SpeechStatus(
        available=False, reason="语音识别未启动"
    )
    #: How each side of a running call is recognised.
    speech_modes: Callable[[str], Mapping[Leg, SpeechMode]] = lambda _call_id: {}
    #: Version of the text model in use; None: none is loaded.
    text_model: Callable[[], str | None] = lambda: None
    #: Share (0–1) of the words of some texts that the text model has learned from.
    known_words: Callable[[Sequence[str]], float] = lambda _texts: 1.0
    #: The newest proposal for a call that this process has not heard itself (after a restart).
    proposal: Callable[[str], Awaitable[Understanding | None]] = no_proposal
    #: Why the exchange is not there; empty when it is.
    exchange_reason: Callable[[], str] = lambda: ""
    #: Demo accounts exist: the sign-in page says so.
    demo: bool = False
    version: str = "0.1.0"
    web_dist: Path = WEB_DIST
    #: Seconds of silence on a live stream before a sign of life.
    heartbeat_seconds: float = 15.0

    @property
    def departments(self) -> Departments:
        """The units."""
        return self.rules.departments

    @property
    def taxonomy(self) -> Taxonomy:
        """The categories."""
        return self.rules.taxonomy

    @property
    def permissions(self) -> Permissions:
        """Who may open what."""
        return self.rules.permissions


class Console:
    """The services, and the console's own parts built on them."""

    def __init__(self, services: ConsoleServices) -> None:
        self.services = services
        self.sessions = Sessions(
            services.store, services.clock, services.settings.web.session_hours
        )
        self.access = AccessLedger(services.store, services.clock)
        self.live = LiveHub(services)
        self.seats = Seats(services.bus)
        parts = (services.store, services.clock, services.rules)
        self.orders = OrderService(*parts)
        self.directory = Directory(*parts, self.orders)
        self.notices = NoticeBook(services.store, services.clock)
        self.partners = PartnerRegister(*parts)
        self.intake = OrderIntake(*parts, self.orders)
        self.work = WorkDesk(*parts, self.orders)
        self.transfers = TransferDesk(*parts, self.orders)
        self.comparing = ComparingDesk(*parts)
        self.details = OrderDetails(*parts)
        self.follow_up_answers = FollowUpAnswers(*parts, self.orders)
        self.attachments = AttachmentStore(*parts, services.settings.attachments_dir)
        self.lists = OrderLists(*parts)
        self.queues = Queues(*parts)
        self.reports = Reports(*parts)
        self.repeats = Repeats(*parts, services.alike)
        self.knowledge = KnowledgeDesk(*parts, services.knowledge)
        self.hot_events = HotEvents(*parts)
        self.office_lists = OfficeLists(*parts)
        self.floor_figures = FloorFigures(*parts)
        self.floor_wall = FloorWall(*parts)
        self.seat_times = SeatTimes(*parts)
        self.staffing = Staffing(*parts)
        self.schedule = Schedule(*parts, self.staffing)
        self.drafts = Drafts(services.store, services.clock)
        own = own_numbers(services.settings)
        self.nuisance = NuisanceList(services.store, services.clock, own)
        self.alert_book = AlertBook(services.store, services.clock)
        self.callbacks = CallbackBook(
            services.store,
            services.clock,
            services.rules.callers.callbacks,
            services.settings.telephony,
        )
        self.callers = Callers(services.store, services.clock)
        self.people = FloorPeople(services.store, services.permissions, services.rules.queues)
        self.queue_counts = QueueCounts(
            services.store,
            services.clock,
            services.rules.zone,
            services.rules.figures.service_seconds,
        )
        folder = services.settings.recordings_dir
        self.recordings = RecordingRegister(
            services.store, services.clock, folder, services.rules.retention
        )
        self.holds = LegalHolds(services.store, services.clock)
        self.mixes = CallMixes(services.settings.mixes_dir)
        self.surge = SurgeDesk(*parts, services.alerts)
        self.incident_orders = IncidentOrders(services.store, self.orders)

    @property
    def store(self) -> Store:
        """The database."""
        return self.services.store

    @property
    def calls(self) -> CallControl:
        """Telephony.

        :raises TelephonyUnavailable: when this process has none.
        """
        if self.services.call_control is None:
            raise TelephonyUnavailable("本服务没有启用电话功能")
        return self.services.call_control


CONSOLE: web.AppKey[Console] = web.AppKey("console", Console)
