"""The knowledge base of this installation: filled at the first start, searched, looked after."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import date

import structlog

from config.knowledge import load_knowledge
from dispatch.floor.duties import FloorDuties
from dispatch.knowledge.seeding import is_empty, seed
from dispatch.knowledge.watch import KnowledgeWatch
from hotline.ground import Ground
from models.errors import ConfigurationError
from nlp.knowledge.index import KnowledgeIndex
from nlp.knowledge.live import LiveKnowledge
from nlp.knowledge.meaning import meaning_of
from nlp.knowledge.shelf import ArticleShelf
from nlp.text.model import TextModel
from nlp.transcripts import TranscriptStore

log = structlog.get_logger(__name__)


async def start_knowledge(
    ground: Ground, model: TextModel, transcripts: TranscriptStore, stack: AsyncExitStack
) -> LiveKnowledge:
    """Before the bus runs. The index is made in the background: nobody waits for it."""
    await fill(ground)

    def today() -> date:
        return ground.clock.now().astimezone(ground.rules.zone).date()

    index = KnowledgeIndex(meaning_of(model), model.space.sounds)
    shelf = ArticleShelf(ground.store, ground.bus, index, today)
    rules = ground.rules.knowledge
    live = LiveKnowledge(
        shelf, transcripts, ground.bus, shown=rules.shown, least=rules.suggest_from
    )
    watch = KnowledgeWatch(ground.store, ground.clock, ground.rules)
    duties = FloorDuties([live.refresh, watch.look])
    await duties.start()
    stack.push_async_callback(duties.stop)
    return live


async def fill(ground: Ground) -> int:
    """Enter the starter set into an empty knowledge base; how many articles were entered.

    Wrong files are told in the log and by ``hotline knowledge check``: calls go on without them.
    """
    rules = ground.rules
    if not await is_empty(ground.store):
        return 0
    try:
        starter = load_knowledge(rules.taxonomy, rules.departments, ground.settings.rules)
    except ConfigurationError as error:
        log.error("knowledge.starter_set_unusable", reason=str(error))
        return 0
    return await seed(ground.store, ground.clock, rules, starter)
