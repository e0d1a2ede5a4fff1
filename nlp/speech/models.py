"""Finding speech models: the shipped practice model, installed ones, and any folder by path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from models.errors import InvalidInput, SpeechUnavailable

#: The model that the repository carries. It understands espeak-ng's voice only.
PRACTICE_MODEL = Path(__file__).parent / "practice_model"
PRACTICE_NAME = "practice"
PRACTICE_LABEL = "练习模型"
#: What a folder must hold to be a Vosk model; of each group one is enough.
_LAYOUT = (
    ("am/final.mdl",),
    ("conf/mfcc.conf", "conf/fbank.conf"),
    ("conf/model.conf",),
    ("graph/HCLG.fst", "graph/HCLr.fst"),
)
#: Holds the name that ``hotline speech use`` was given; beside the models' folders.
_CHOICE = ".in-use"
#: With nothing chosen, a later name in this tuple is better.
_BETTER = ("small", "large")


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """A model that can be loaded."""

    name: str
    path: Path
    practice: bool = False
    #: Samples per second that it was trained on; others are accepted and converted.
    sample_rate: int = 16000
    #: When it was put here, in seconds since 1970: installed anew, it is another model.
    installed_at: float = 0.0

    @property
    def label(self) -> str:
        """What a person sees."""
        return PRACTICE_LABEL if self.practice else self.name

    @property
    def megabytes(self) -> float:
        """Size on disk."""
        files = (file for file in self.path.rglob("*") if file.is_file())
        return sum(file.stat().st_size for file in files) / 1e6


def models_folder(settings: Settings) -> Path:
    """Where installed models lie, one folder each."""
    return settings.var / "speech-models"


def installed(settings: Settings) -> list[ModelInfo]:
    """Installed models by name, then the practice model. Broken folders are left out."""
    folder = models_folder(settings)
    paths = sorted(folder.glob("[!.]*")) if folder.is_dir() else []
    found = [read_model(path) for path in paths if not missing_parts(path)]
    if not missing_parts(PRACTICE_MODEL):
        found.append(practice_model())
    return found


def practice_model() -> ModelInfo:
    """The shipped model."""
    return read_model(PRACTICE_MODEL, name=PRACTICE_NAME)


def find_model(settings: Settings) -> ModelInfo:
    """The model that the settings ask for; else the one chosen by :func:`choose`; else the best.

    :raises SpeechUnavailable: saying in Chinese why there is none, and what to do.
    """
    wish = settings.speech.model.strip() or chosen(settings)
    if wish == "none":
        raise SpeechUnavailable("语音识别已在配置中关闭（speech.model 为 none）。")
    if not wish:
        return _best(settings)
    by_name = {model.name: model for model in installed(settings)}
    if wish in by_name:
        return by_name[wish]
    path = Path(wish).expanduser()
    if path.is_dir():
        require_layout(path)
        return read_model(path)
    known = "、".join(by_name) or "无"
    raise SpeechUnavailable(
        f"没有找到语音模型“{wish}”（已安装：{known}）。"
        "请运行 hotline speech install small，或在配置 speech.model 中写模型文件夹的路径。"
    )


def chosen(settings: Settings) -> str:
    """The name given to ``hotline speech use``; empty: the best installed one is to be taken."""
    file = models_folder(settings) / _CHOICE
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def choose(name: str, settings: Settings) -> ModelInfo:
    """Take ``name`` from now on; a running system follows within seconds. Empty: the best one.

    :raises InvalidInput: when the settings fix another model, or there is none of that name.
    """
    fixed = settings.speech.model.strip()
    if fixed and fixed != name:
        raise InvalidInput(
            f"配置 speech.model 已经指定了“{fixed}”，请先把它留空，再用本命令选择模型。"
        )
    names = [model.name for model in installed(settings)]
    if name and name not in names:
        raise InvalidInput(
            f"没有安装名为 {name} 的语音模型（已安装：{'、'.join(names) or '无'}）。"
        )
    folder = models_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{_CHOICE}.new"
    draft.write_text(name, encoding="utf-8")
    draft.replace(folder / _CHOICE)
    return find_model(settings)


def _best(settings: Settings) -> ModelInfo:
    found = installed(settings)
    if not found:
        raise SpeechUnavailable(
            "没有可用的语音模型，通话照常接听和录音，暂不转写。"
            "请运行 hotline speech install small 安装后再补转写。"
        )
    return max(found, key=lambda model: (not model.practice, _rank(model.name)))


def _rank(name: str) -> int:
    return _BETTER.index(name) if name in _BETTER else -1


def read_model(path: Path, name: str = "") -> ModelInfo:
    """Describe the model in ``path``."""
    return ModelInfo(
        name=name or path.name,
        path=path,
        practice=(path / "PRACTICE").is_file(),
        sample_rate=_sample_rate(path),
        installed_at=_installed_at(path),
    )


def _installed_at(path: Path) -> float:
    network = path / _LAYOUT[0][0]
    return network.stat().st_mtime if network.is_file() else 0.0


def missing_parts(path: Path) -> list[str]:
    """What ``path`` lacks to be a Vosk model; empty when it is whole."""
    return [
        " 或 ".join(group)
        for group in _LAYOUT
        if not any((path / part).is_file() for part in group)
    ]


def require_layout(path: Path) -> None:
    """Check that ``path`` is a Vosk model.

    :raises SpeechUnavailable: naming what is missing.
    """
    if lacking := missing_parts(path):
        raise SpeechUnavailable(f"{path} 不是完整的 Vosk 模型，缺少：{'、'.join(lacking)}。")


def _sample_rate(path: Path) -> int:
    for part in _LAYOUT[1]:
        file = path / part
        for line in file.read_text().splitlines() if file.is_file() else ():
            if line.strip().startswith("--sample-frequency="):
                return int(float(line.partition("=")[2].split("#")[0]))
    return 16000
