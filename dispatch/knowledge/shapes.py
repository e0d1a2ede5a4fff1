"""What is read of the knowledge base, and what is sent to it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from config.knowledge import LONGEST_SPOKEN, Audience
from models.vocabulary import ArticleAction, ArticleState

_Line = Annotated[str, Field(min_length=1, max_length=200)]


class ArticleCard(BaseModel):
    """An article as it is offered to one who talks with a citizen."""

    number: str
    version: int
    title: str
    spoken: str
    unit: str
    unit_name: str
    valid_from: date
    valid_to: date | None
    #: The instant from which it must not be used; None: until further notice.
    ends_at: datetime | None
    #: Came with the program, and nobody here has checked it.
    example: bool
    #: The line that names it as the source of an answer.
    source: str


class ArticleRow(ArticleCard):
    """One line of a list, with its state today."""

    state: ArticleState
    state_label: str
    #: Holds from a later day on.
    waits: bool
    made_by_name: str
    made_at: datetime


class ArticlePage(BaseModel):
    """``total``: how many there are."""

    items: list[ArticleRow]
    total: int


class VersionView(BaseModel):
    """One version, word by word."""

    version: int
    revision: int
    state: ArticleState
    state_label: str
    title: str
    questions: list[str]
    spoken: str
    text: str
    basis: list[str]
    unit: str
    unit_name: str
    categories: list[str]
    category_names: list[str]
    audience: list[Audience]
    audience_names: list[str]
    valid_from: date
    valid_to: date | None
    example: bool
    note: str
    made_by_name: str
    made_at: datetime
    submitted_at: datetime | None
    reviewed_by_name: str
    reviewed_at: datetime | None
    review_note: str
    published_at: datetime | None
    ended_at: datetime | None


class ArticleEventView(BaseModel):
    """What was done, by whom."""

    at: datetime
    action: ArticleAction
    action_label: str
    version: int | None
    actor_name: str
    note: str


class ReportView(BaseModel):
    """Somebody found an article wrong."""

    id: str
    number: str
    title: str
    version: int
    unit: str
    unit_name: str
    problem: str
    made_by_name: str
    made_at: datetime
    due_at: datetime
    late: bool
    upheld: bool | None
    answer: str
    answered_by_name: str
    answered_at: datetime | None
    may_answer: bool


class ArticleUse(BaseModel):
    """How often it helped."""

    orders: int
    helpful: int
    open_reports: int


class MayDo(BaseModel):
    """What the reader may do with it now."""

    write: bool
    review: bool
    withdraw: bool
    #: Why the reader may not review what waits; empty: may, or nothing waits.
    review_hint: str = ""


class ArticleDetail(BaseModel):
    """An article with everything the reader may know of it."""

    card: ArticleRow
    #: The version that may be given as an answer, or was last.
    shown: VersionView
    #: The text that is being written or reviewed; for those who keep it only.
    open: VersionView | None
    use: ArticleUse
    may: MayDo
    reports: list[ReportView]


class ArticleHistory(BaseModel):
    """All versions, the newest first, and all that was done."""

    versions: list[VersionView]
    events: list[ArticleEventView]


class Draft(BaseModel):
    """The text of an article as it is written."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: str = Field(min_length=1, max_length=100, title="标题")
    questions: list[_Line] = Field(min_length=1, max_length=30, title="常见问法")
    spoken: str = Field(min_length=1, max_length=LONGEST_SPOKEN, title="口头答复")
    text: str = Field(min_length=1, max_length=8000, title="正文")
    basis: list[_Line] = Field(default_factory=list, max_length=30, title="依据")
    unit: str = Field(min_length=1, max_length=32, title="责任单位")
    categories: list[str] = Field(min_length=1, max_length=20, title="诉求分类")
    audience: list[Audience] = Field(min_length=1, title="适用对象")
    valid_from: date = Field(title="生效日期")
    valid_to: date | None = Field(None, title="失效日期")
    note: str = Field("", max_length=500, title="修改说明")

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("失效日期不能早于生效日期")
        return self
