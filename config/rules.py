"""Where rule files lie, and reading them: the city's own folder first, then the shipped ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from models.errors import ConfigurationError

try:  # ten times as fast; not every build of the library has it
    from yaml import CSafeLoader as _Loader
except ImportError:
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]  # reads the same

#: Rule files shipped with the program.
SHIPPED = Path(__file__).resolve().parent


def rule_file(name: str, rules: Path | None = None) -> Path:
    """The file ``name`` (e.g. ``taxonomy.yaml``) of the folder ``rules``, else the shipped one."""
    if rules is not None and (rules / name).is_file():
        return rules / name
    return SHIPPED / name


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a rule file.

    :raises ConfigurationError: when it cannot be read, is no YAML, or is not a mapping.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"规则文件 {path.name} 无法读取：{error}") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"规则文件 {path.name} 不是有效的 YAML：{error}") from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"规则文件 {path.name} 的顶层应是键值对")
    return data


class RowReader:
    """Reads fields of one row and names file and row when one is wrong."""

    def __init__(self, file: str, where: str, row: Any) -> None:
        self._file = file
        self._where = where
        if not isinstance(row, dict):
            raise self.error("应是键值对")
        self._row: dict[str, Any] = row

    def error(self, message: str) -> ConfigurationError:
        """A configuration error about this row."""
        return ConfigurationError(f"{self._file} {self._where}：{message}", row=self._where)

    def only(self, *known: str) -> None:
        """Refuse keys that nobody reads: most likely a slip of the pen."""
        unknown = sorted(str(key) for key in self._row if key not in known)
        if unknown:
            raise self.error(f"不认识的字段 {'、'.join(unknown)}")

    def text(self, key: str, default: str | None = None) -> str:
        """A non-empty text; ``default`` where the key is absent."""
        value = self._row.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise self.error(f"缺少 {key}，或不是文字")
        return value.strip()

    def number(
        self, key: str, default: float | None = None, *, least: float = 0, most: float = 1e9
    ) -> float:
        """A number between ``least`` and ``most``; ``default`` where the key is absent."""
        value = self._row.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(f"缺少 {key}，或不是数字")
        if not least <= value <= most:
            raise self.error(f"{key} 应在 {least:g} 到 {most:g} 之间")
        return value

    def yes(self, key: str) -> bool:
        """A switch; off where the key is absent."""
        value = self._row.get(key, False)
        if not isinstance(value, bool):
            raise self.error(f"{key} 应是 true 或 false")
        return value

    def row(self, key: str, where: str) -> RowReader:
        """A sub-row, called ``where`` in errors; empty where the key is absent."""
        return RowReader(self._file, where, self._row.get(key, {}))

    @property
    def names(self) -> list[str]:
        """The names of the row's fields."""
        return [str(key) for key in self._row]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty where the key is absent."""
        value = self._row.get(key, [])
        if not isinstance(value, list):
            raise self.error(f"{key} 应是列表")
        items = tuple(str(item).strip() for item in value)
        if not all(items):
            raise self.error(f"{key} 中有空项")
        return items

    def rows(self, key: str) -> list[Any]:
        """A list of sub-rows; empty where the key is absent."""
        value = self._row.get(key, [])
        if not isinstance(value, list):
            raise self.error(f"{key} 应是列表")
        return value
