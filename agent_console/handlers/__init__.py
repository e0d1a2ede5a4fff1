"""The addresses of the API, one module per subject."""

from __future__ import annotations

from agent_console.handlers import (
    agent,
    alerts,
    assessment,
    callbacks,
    callers,
    calls,
    health,
    live,
    nuisance,
    order_commands,
    orders,
    parties,
    practice,
    queues,
    recordings,
    reference,
    reports,
    session,
    supervision,
    surge,
)

ALL_ROUTES = [
    *health.routes.all,
    *session.routes.all,
    *reference.routes.all,
    *live.routes.all,
    *agent.routes.all,
    *calls.routes.all,
    *parties.routes.all,
    *recordings.routes.all,
    *orders.routes.all,
    *order_commands.routes.all,
    *assessment.routes.all,
    *reports.routes.all,
    *practice.routes.all,
    *queues.routes.all,
    *nuisance.routes.all,
    *surge.routes.all,
    *callers.routes.all,
    *supervision.routes.all,
    *alerts.routes.all,
    *callbacks.routes.all,
]
