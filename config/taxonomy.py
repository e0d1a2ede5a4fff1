"""What citizens call about: the three-level taxonomy, read from ``taxonomy.yaml``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from config.rules import RowReader, read_yaml, rule_file
from models.errors import ConfigurationError, NotFound

FILE = "taxonomy.yaml"
LEVELS = 3


@dataclass(frozen=True, kw_only=True)
class Category:
    """One node. ``level`` is 1 to 3; ``path`` holds the names from level 1 down to this one."""

    code: str
    name: str
    level: int
    parent: str | None
    path: tuple[str, ...]
    #: Leaves only: what people say when they mean it.
    words: tuple[str, ...] = ()

    @property
    def is_leaf(self) -> bool:
        """Whether orders may carry it."""
        return self.level == LEVELS


@dataclass(frozen=True, kw_only=True)
class Taxonomy:
    """All categories, each followed by those below it. An order pins ``version``."""

    version: str
    categories: tuple[Category, ...]
    _by_code: dict[str, Category] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_code.update({category.code: category for category in self.categories})

    def __iter__(self) -> Iterator[Category]:
        return iter(self.categories)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    @property
    def leaves(self) -> tuple[Category, ...]:
        """The third level."""
        return tuple(category for category in self.categories if category.is_leaf)

    def get(self, code: str) -> Category:
        """The category with this code.

        :raises NotFound: when there is none.
        """
        if code not in self._by_code:
            raise NotFound(f"没有编码为 {code} 的诉求分类", category=code)
        return self._by_code[code]

    def children(self, code: str | None = None) -> tuple[Category, ...]:
        """Categories directly below ``code``; the first level for None."""
        return tuple(category for category in self.categories if category.parent == code)

    def ancestor(self, code: str, level: int) -> Category:
        """The category at ``level`` above (or at) ``code``."""
        category = self.get(code)
        while category.level > level and category.parent is not None:
            category = self.get(category.parent)
        return category


def load_taxonomy(rules: Path | None = None) -> Taxonomy:
    """Read the taxonomy. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming the row that is wrong.
    """
    path = rule_file(FILE, rules)
    top = RowReader(path.name, "顶层", read_yaml(path))
    top.only("version", "categories")
    categories: list[Category] = []
    _collect(path.name, top.rows("categories"), None, categories)
    _check(path.name, categories)
    return Taxonomy(version=top.text("version"), categories=tuple(categories))


def _collect(file: str, rows: list[object], above: Category | None, into: list[Category]) -> None:
    level = above.level + 1 if above else 1
    for number, row in enumerate(rows, 1):
        under = "/".join(above.path) if above else "顶层"
        reader = RowReader(file, f"“{under}” 下第 {number} 个分类", row)
        reader.only("code", "name", "children", "words")
        name = reader.text("name")
        category = Category(
            code=reader.text("code"),
            name=name,
            level=level,
            parent=above.code if above else None,
            path=(*(above.path if above else ()), name),
            words=reader.texts("words"),
        )
        into.append(category)
        below = reader.rows("children")
        if bool(below) == category.is_leaf:
            raise reader.error(
                f"“{name}” 应{'没有' if category.is_leaf else '有'}下级分类（共三级）"
            )
        _collect(file, below, category, into)


def _check(file: str, categories: list[Category]) -> None:
    if not categories:
        raise ConfigurationError(f"{file}：没有任何分类")
    codes: dict[str, Category] = {}
    paths: set[tuple[str, ...]] = set()
    for category in categories:
        where = "/".join(category.path)
        if category.code in codes:
            first = "/".join(codes[category.code].path)
            raise ConfigurationError(f"{file}：编码 {category.code} 用了两次（{first}、{where}）")
        if category.path in paths:
            raise ConfigurationError(f"{file}：分类 {where} 出现了两次")
        codes[category.code] = category
        paths.add(category.path)
