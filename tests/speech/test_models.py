"""Which model is used, and what a person reads when there is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.settings import Settings, load_settings
from models.errors import SpeechUnavailable
from nlp.speech.models import PRACTICE_MODEL, find_model, installed, missing_parts

pytestmark = pytest.mark.unit


def settings(var: Path, model: str = "") -> Settings:
    return load_settings(var=var, speech={"model": model})


def add_model(folder: Path) -> Path:
    """A folder with the files of a model, all empty but for the features' settings."""
    for part in ("am/final.mdl", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst"):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (folder / part).touch()
    (folder / "conf/mfcc.conf").write_text("--use-energy=false # no\n--sample-frequency=16000\n")
    return folder


def test_the_practice_model_is_there_from_the_start(tmp_path: Path) -> None:
    model = find_model(settings(tmp_path))
    assert model.practice
    assert model.name == "practice"
    assert model.label == "练习模型"
    assert model.sample_rate == 8000
    assert model.megabytes <= 12


def test_an_installed_model_is_better_and_the_large_one_best(tmp_path: Path) -> None:
    add_model(tmp_path / "speech-models" / "small")
    assert find_model(settings(tmp_path)).name == "small"
    add_model(tmp_path / "speech-models" / "large")
    model = find_model(settings(tmp_path))
    assert (model.name, model.practice, model.sample_rate) == ("large", False, 16000)
    assert [each.name for each in installed(settings(tmp_path))] == ["large", "small", "practice"]


def test_a_wish_by_name_or_by_path(tmp_path: Path) -> None:
    add_model(tmp_path / "speech-models" / "small")
    elsewhere = add_model(tmp_path / "elsewhere" / "city-model")
    assert find_model(settings(tmp_path, "practice")).practice
    assert find_model(settings(tmp_path, "small")).name == "small"
    assert find_model(settings(tmp_path, str(elsewhere))).name == "city-model"


def test_a_copy_of_the_practice_model_still_says_that_it_is_one(tmp_path: Path) -> None:
    shutil.copytree(PRACTICE_MODEL, tmp_path / "copy")
    assert find_model(settings(tmp_path, str(tmp_path / "copy"))).practice


def test_speech_can_be_switched_off(tmp_path: Path) -> None:
    with pytest.raises(SpeechUnavailable, match="已在配置中关闭"):
        find_model(settings(tmp_path, "none"))


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SpeechUnavailable, match=r"没有找到语音模型“big”（已安装：practice）"):
        find_model(settings(tmp_path, "big"))


def test_a_broken_folder_is_named_with_what_it_lacks_and_never_chosen(tmp_path: Path) -> None:
    broken = add_model(tmp_path / "speech-models" / "small")
    (broken / "graph/HCLr.fst").unlink()
    assert missing_parts(broken) == ["graph/HCLG.fst 或 graph/HCLr.fst"]
    assert find_model(settings(tmp_path)).practice
    with pytest.raises(SpeechUnavailable, match="缺少：graph/HCLG"):
        find_model(settings(tmp_path, str(broken)))
