"""Answers to what citizens ask most: the files of the folder ``knowledge``, one per subject.

The city's own folder of that name replaces the shipped one as a whole: the shipped articles are
examples, and an example must not slip in between answers that a city has checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.departments import Departments
from config.rules import SHIPPED, read_yaml
from config.taxonomy import Taxonomy
from models.errors import ConfigurationError, NotFound
from models.vocabulary import Labelled

FOLDER = "knowledge"
#: Characters of an answer that is read out: more cannot be listened to in one go.
LONGEST_SPOKEN = 120

_Text = Annotated[str, Field(min_length=1)]
_Texts = Annotated[tuple[_Text, ...], Field(min_length=1)]


class Audience(Labelled):
    """For whom an answer is meant."""

    PERSON = "person", "自然人"
    ENTERPRISE = "enterprise", "企业"


@dataclass(frozen=True, kw_only=True)
class Article:
    """One answer. ``spoken`` is read out; ``text`` is for the eye, one subject a line."""

    id: str
    title: str
    #: As people ask it.
    questions: tuple[str, ...]
    spoken: str
    text: str
    #: Laws and regulations by name.
    basis: tuple[str, ...]
    #: Code of the unit that answers for it.
    unit: str
    #: Codes of the taxonomy, leaves or level 2.
    categories: tuple[str, ...]
    audience: tuple[Audience, ...]
    valid_from: date
    #: The last day; None: until further notice.
    valid_to: date | None
    #: Shipped as an example and not yet checked by the city.
    example: bool
    #: Name of the file it came from, without ending.
    subject: str

    def holds_on(self, day: date) -> bool:
        """Whether it may be given as an answer on ``day``, a day of the city's own calendar."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """All articles, file by file. ``versions``: subject → version of its file."""

    articles: tuple[Article, ...]
    versions: dict[str, str]
    _by_id: dict[str, Article] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_id.update({article.id: article for article in self.articles})

    def __iter__(self) -> Iterator[Article]:
        return iter(self.articles)

    def __len__(self) -> int:
        return len(self.articles)

    def get(self, article_id: str) -> Article:
        """The article.

        :raises NotFound: when there is none.
        """
        if article_id not in self._by_id:
            raise NotFound(f"没有编号为 {article_id} 的知识条目", id=article_id)
        return self._by_id[article_id]

    def on(self, day: date) -> tuple[Article, ...]:
        """The articles that hold on ``day``."""
        return tuple(article for article in self.articles if article.holds_on(day))


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: Annotated[str, Field(pattern=r"^K\d{4,}$")]
    title: _Text
    questions: _Texts
    spoken: Annotated[str, Field(min_length=1, max_length=LONGEST_SPOKEN)]
    text: _Text
    basis: _Texts
    unit: _Text
    categories: _Texts
    audience: Annotated[tuple[Audience, ...], Field(min_length=1)]
    valid_from: date
    valid_to: date | None
    example: bool = False

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("valid_to 早于 valid_from")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: _Text
    #: Rows are read one by one, so that an error can name the row.
    articles: Annotated[list[dict[str, Any]], Field(min_length=1)]


def same_question(text: str) -> str:
    """What makes two questions the same: the words, whatever stands between them."""
    return re.sub(r"\W", "", text).lower()


def load_knowledge(
    taxonomy: Taxonomy, departments: Departments, rules: Path | None = None
) -> Knowledge:
    """Read all articles and check them against the taxonomy and the units.

    ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming file and row.
    """
    folder = _folder(rules)
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ConfigurationError(f"知识库文件夹 {folder.name} 中没有任何 .yaml 文件")
    articles: list[Article] = []
    versions: dict[str, str] = {}
    for path in files:
        versions[path.stem] = _read(path, articles)
    for article in articles:
        _check_codes(article, taxonomy, departments)
    _check_unique(articles)
    return Knowledge(articles=tuple(articles), versions=versions)


def _folder(rules: Path | None) -> Path:
    if rules is not None and (rules / FOLDER).is_dir():
        return rules / FOLDER
    return SHIPPED / FOLDER


def _read(path: Path, into: list[Article]) -> str:
    where = f"{FOLDER}/{path.name}"
    try:
        file = _File.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ConfigurationError(f"{where} 有误：{_wrong(error)}") from error
    for number, row in enumerate(file.articles, 1):
        try:
            read = _Row.model_validate(row)
        except ValidationError as error:
            place = f"{where} 第 {number} 条（{row.get('id') or '无 id'}）"
            raise ConfigurationError(f"{place}：{_wrong(error)}", row=place) from error
        fields = {name: getattr(read, name) for name in _Row.model_fields}
        into.append(Article(**fields, subject=path.stem))
    return file.version


def _wrong(error: ValidationError) -> str:
    return "；".join(
        f"{'.'.join(map(str, item['loc'])) or '整条'} {item['msg']}" for item in error.errors()
    )


def _place(article: Article) -> str:
    return f"{FOLDER}/{article.subject}.yaml {article.id}（{article.title}）"


def _check_codes(article: Article, taxonomy: Taxonomy, departments: Departments) -> None:
    if article.unit not in departments:
        raise ConfigurationError(
            f"{_place(article)}：单位 {article.unit} 不在 departments.yaml 中", row=article.id
        )
    for code in article.categories:
        if code not in taxonomy:
            raise ConfigurationError(
                f"{_place(article)}：分类 {code} 不在 taxonomy.yaml 中", row=article.id
            )
        if taxonomy.get(code).level == 1:
            raise ConfigurationError(
                f"{_place(article)}：分类 {code} 是一级分类，应填二级或三级", row=article.id
            )


def _check_unique(articles: list[Article]) -> None:
    ids: dict[str, Article] = {}
    asked: dict[str, Article] = {}
    for article in articles:
        if (first := ids.setdefault(article.id, article)) is not article:
            raise ConfigurationError(
                f"{_place(article)}：编号与 {_place(first)} 重复", row=article.id
            )
        for question in article.questions:
            key = same_question(question)
            if key in asked:
                raise ConfigurationError(
                    f"{_place(article)}：问法“{question}”已在 {_place(asked[key])} 中",
                    row=article.id,
                )
            asked[key] = article
